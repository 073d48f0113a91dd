"""Events of instruments: listed, valued, stopped and settled."""

import msgspec

from strikewire.exchange.commands import InstrumentState, Mark
from strikewire.model import Instrument, InstrumentId, Lots, PriceE8, Units


class InstrumentListed(msgspec.Struct, frozen=True, array_like=True, tag="listed"):
    """A book is there."""

    instrument: Instrument
    state: InstrumentState = InstrumentState.OPEN
    """In which it begins."""


class InstrumentStateChanged(msgspec.Struct, frozen=True, array_like=True, tag="instrument_state"):
    """An instrument's trading was stopped, or goes on; what was cancelled for it came before.

    A settlement is not told by this event but by `InstrumentSettled`.
    """

    instrument_id: InstrumentId
    state: InstrumentState


class PlatformLockChanged(msgspec.Struct, frozen=True, array_like=True, tag="platform_lock"):
    """Instruments were locked together, or unlocked."""

    is_locked: bool
    index: str
    """Name of their price index; empty for the whole venue."""


class ComboClosed(msgspec.Struct, frozen=True, array_like=True, tag="combo_closed"):
    """A combo is closed for good, because a leg of it was settled; it settles nothing itself."""

    instrument_id: InstrumentId

    is_forgotten: bool = False
    """Nobody had an order in it, and nothing of it can be looked up any more."""


class MarksChanged(msgspec.Struct, frozen=True, array_like=True, tag="marked"):
    """Indices and marks that are now in force, as far as the command named them."""

    indices: tuple[tuple[str, PriceE8], ...]
    marks: tuple[Mark, ...]


class MarksRefused(msgspec.Struct, frozen=True, array_like=True, tag="marks_refused"):
    """Indices and marks that a command named and that are not in force; the others of it are."""

    indices: tuple[tuple[str, str], ...]
    """Name, and what is wrong."""

    marks: tuple[tuple[InstrumentId, str], ...]
    """Instrument, and what is wrong, in the order of the command."""


class InstrumentSettled(msgspec.Struct, frozen=True, array_like=True, tag="settled"):
    """A book is closed for good; orders, positions and balances of it came before this event."""

    instrument_id: InstrumentId
    delivery_price: PriceE8


class Settlement(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a daily settlement or a delivery came to in one instrument, over all accounts."""

    instrument_id: InstrumentId
    is_delivery: bool
    time_ns: int
    price: PriceE8
    """Mark that it was settled at, or delivery price of the underlying."""

    index: PriceE8
    open_interest: Lots
    """Held long when it happened."""

    gains: Units
    """What those were paid together who gained in the session."""

    net: Units
    """What all were paid, losses taken off: nothing but what was rounded."""

    funding: Units
    """What those received together who were paid funding in the session."""


class SessionSettled(msgspec.Struct, frozen=True, array_like=True, tag="session_settled"):
    """A session has ended; positions and balances of it came before this event."""

    currency: str
    settlements: tuple[Settlement, ...]
    """Of every future that has a mark, by instrument."""
