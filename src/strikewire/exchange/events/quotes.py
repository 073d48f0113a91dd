"""Events of quotes that were refused, and of protections."""

import msgspec

from strikewire.exchange.events.rejects import Reject
from strikewire.exchange.mmp import MmpConfig
from strikewire.model import AccountId, InstrumentId, Side


class QuoteRejected(msgspec.Struct, frozen=True, array_like=True, tag="quote_rejected"):
    """One side of a quote of a mass quote was refused; what waited of it before still does."""

    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    code: Reject
    reason: str
    param: str


class MmpTriggered(msgspec.Struct, frozen=True, array_like=True, tag="mmp_triggered"):
    """A protection has acted: what was under it is cancelled next, and nothing comes in."""

    account_id: AccountId
    index: str
    group: str
    frozen_until_ns: int
    """Until when; 0 until it is reset."""


class MmpChanged(msgspec.Struct, frozen=True, array_like=True, tag="mmp"):
    """A protection is another one from now on; what it cancelled came before."""

    account_id: AccountId
    index: str
    group: str
    config: MmpConfig | None
    """None: there is none any more."""


class MmpReset(msgspec.Struct, frozen=True, array_like=True, tag="mmp_reset"):
    """Protected orders may come in again, and what they trade is counted from zero."""

    account_id: AccountId
    index: str
    group: str
