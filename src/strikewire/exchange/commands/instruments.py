"""Commands of instruments: listed, valued, stopped and settled."""

from enum import StrEnum

import msgspec

from strikewire.model import AccountId, Instrument, InstrumentId, PriceE8


class InstrumentState(StrEnum):
    """What may be done in an instrument's book, in Deribit's words.

    Source: Deribit API v2, `instrument.state.{kind}.{currency}`: states of a book.
    """

    OPEN = "open"
    LOCKED = "locked"
    """The venue stopped it: orders can be cancelled, but neither placed nor edited."""

    HALTED = "halted"
    """As locked, and it cannot be settled either, because something is wrong with it."""

    INACTIVE = "inactive"
    """Not traded, yet or any more: all its orders are cancelled when it becomes so."""

    DELIVERED = "delivered"
    """Settled, for good."""


class ListInstrument(msgspec.Struct, frozen=True, array_like=True, tag="list"):
    """Open a book for an instrument. Rejected if its id or its name is taken."""

    instrument: Instrument
    state: InstrumentState = InstrumentState.OPEN
    """In which it begins; not delivered."""


class CreateCombo(msgspec.Struct, frozen=True, array_like=True, tag="combo"):
    """Open a book for a combination of instruments, or find the one that there is.

    The same legs the other way round are the same combo, which is then to be sold. The exchange
    chooses its id. Rejected where the legs make no combo, or one of them does not trade.

    Source: Deribit API v2, `private/create_combo`.
    """

    account_id: AccountId
    """Who asks."""

    legs: tuple[tuple[InstrumentId, int], ...]
    """Instrument and ratio: positive bought, negative sold; a common factor is taken out."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The prices one instrument is valued at."""

    instrument_id: InstrumentId

    price: PriceE8
    """Mark price in 1e-8 of the quote currency; may be 0 for an option only."""

    iv_e4: int
    """Annualised volatility in 1e-4 of one percent (500 000 is 50 %); 0 if not an option."""

    underlying: PriceE8
    """Forward of its expiry, in 1e-8 of the counter currency; the index where there is none."""

    funding_rate: int = 0
    """Of a perpetual, in 1e-12 of the value per eight hours, from longs to shorts; elsewhere 0."""

    delta_e5: int = 0
    """Of an option, in 1e-5: what the ticker shows. A future has one of 1, and says 0 here."""

    vega_e5: int = 0
    """Of an option, in 1e-5 of the counter currency for a volatility point; elsewhere 0."""


class SetMarks(msgspec.Struct, frozen=True, array_like=True, tag="marks"):
    """Tell the exchange what the world is worth. Names and marks that it lacks stay as they are.

    Each is judged for itself: a senseless one stays as it was and is told in `MarksRefused`, the
    others are taken over. Marks of instruments that are not open are ignored: they may have expired
    on the way here.
    """

    indices: tuple[tuple[str, PriceE8], ...] = ()
    """Index name ("btc_usd") and positive price in 1e-8 of its counter currency."""

    marks: tuple[Mark, ...] = ()


class SetInstrumentState(msgspec.Struct, frozen=True, array_like=True, tag="instrument_state"):
    """Stop an instrument's trading, or let it go on. One that was settled stays so."""

    instrument_id: InstrumentId
    state: InstrumentState
    """Not delivered: that is what `SettleInstrument` is for."""


class SetPlatformLock(msgspec.Struct, frozen=True, array_like=True, tag="platform_lock"):
    """Lock or unlock all instruments of an index, or of every index.

    The two are kept apart: unlocking everything leaves locked what was locked by its index.
    """

    is_locked: bool
    index: str = ""
    """Name of a price index; empty for the whole venue."""


class SettleInstrument(msgspec.Struct, frozen=True, array_like=True, tag="settle"):
    """End an expired instrument: cancel its orders, pay its positions in cash, close its book."""

    instrument_id: InstrumentId
    delivery_price: PriceE8
    """Positive, in 1e-8 of the counter currency."""


class SettleSession(msgspec.Struct, frozen=True, array_like=True, tag="settle_session"):
    """End the session of a currency: the profit of its futures becomes cash. Daily at 08:00 UTC."""

    currency: str
