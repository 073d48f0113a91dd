"""Commands of quotes, and of the protection that they and other orders are under."""

import msgspec

from strikewire.exchange.commands.margin import Verdict
from strikewire.exchange.mmp import MmpConfig
from strikewire.model import AccountId, InstrumentId, Kind, Lots, Ticks


class QuoteSide(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One side of a quote; None leaves what the quote before said."""

    price: Ticks | None = None
    amount: Lots | None = None
    """What is to wait from now on, whatever was filled before; 0 takes the quote back."""

    post_only: bool = False
    reject_post_only: bool = False
    """As of `PlaceOrder`."""


class Quote(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is quoted in one instrument; a side that is None stays as it is."""

    instrument_id: InstrumentId
    quote_set_id: str = ""
    """The owner's own word for quotes that he takes back together."""

    bid: QuoteSide | None = None
    ask: QuoteSide | None = None


class MassQuote(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="mass_quote"):
    """Quote in many instruments: limit orders that wait, at most one a side, instrument and group.

    A quote that is there already is changed as by `EditOrder`, and keeps its place by that rule.
    Each side is judged for itself: one that is refused stays as it was, and the others go on.

    Source: Deribit API v2, `private/mass_quote`; "Mass quotes specifications".
    """

    account_id: AccountId
    mmp_group: str
    """Whose protection they are under, together with the instrument's index."""

    quotes: tuple[Quote, ...]
    """At most `QUOTES_MAX`."""

    quote_id: str = ""
    valid_until_ns: int | None = None
    """As of `PlaceOrder`."""

    verdicts: tuple[tuple[str, Verdict], ...] = ()
    """For accounts with portfolio margin, by currency: what they need with all of it in place."""


class CancelQuotes(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="cancel_quotes"):
    """Take back quotes of an account. Each filter that is set narrows."""

    account_id: AccountId
    quote_set_id: str | None = None
    instrument_id: InstrumentId | None = None
    kind: Kind | None = None
    currency: str | None = None
    """Settlement currency of the instruments."""

    index: str | None = None
    deltas_e5: tuple[int, int] | None = None
    """The lowest and the highest delta of the instruments, in 1e-5; a future has 100 000."""

    is_freezing: bool = False
    """Whether no mass quote is taken for `QUOTES_FROZEN_NS` from now on."""


class SetMmp(msgspec.Struct, frozen=True, array_like=True, tag="mmp"):
    """Put an account's orders in an index, or one group of quotes in it, under protection.

    Source: Deribit API v2, `private/set_mmp_config`.
    """

    account_id: AccountId
    index: str
    group: str = ""
    """Of quotes; empty for the orders that are none."""

    config: MmpConfig | None = None
    """None takes the protection away, and cancels what is under it."""


class ResetMmp(msgspec.Struct, frozen=True, array_like=True, tag="reset_mmp"):
    """Let orders come in again after a protection has acted, and count from zero."""

    account_id: AccountId
    index: str
    group: str = ""
