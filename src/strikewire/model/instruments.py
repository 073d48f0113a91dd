"""An instrument: what is traded, in which steps, and what it pays in."""

from decimal import Decimal
from enum import StrEnum
from functools import cached_property

import msgspec

from strikewire.model.names import InstrumentType, Kind, OptionType
from strikewire.model.units import Ticks

NO_EXPIRY_MS = 32_503_708_800_000
"""The expiry that clients are shown for what never expires: 1 January 3000, 08:00 UTC.

Source: recorded `public/get_instruments` answers, `expiration_timestamp` of perpetuals.
"""


class SettlementPeriod(StrEnum):
    """Which schedule an expiry belongs to, in Deribit's words."""

    PERPETUAL = "perpetual"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class TickStep(msgspec.Struct, frozen=True, array_like=True):
    """From a price upwards, a coarser tick."""

    above_price: Ticks
    """The price, in base ticks, above which `tick` holds; itself a multiple of both ticks."""

    tick: Ticks
    """The coarser tick, in base ticks; greater than 1."""


class ComboLeg(msgspec.Struct, frozen=True, array_like=True):
    """One instrument of a combo, and how much of it goes into one lot of the combo."""

    instrument_id: int
    name: str
    ratio: int
    """Lots of it for each lot of the combo; negative where buying the combo sells it."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything fixed about an instrument. It never changes after it is listed.

    `instrument()` makes one from its name, with the venue's specification.
    """

    instrument_id: int
    """Counted up from 1 by the venue; unique."""

    name: str
    kind: Kind
    instrument_type: InstrumentType

    base_currency: str
    """The coin whose price it follows: "BTC"."""

    quote_currency: str
    """The currency of its prices: USD for inverse futures, the coin itself for inverse options."""

    counter_currency: str
    """The currency of strikes and of the index: "USD" or "USDC"."""

    settlement_currency: str
    """The currency of profits, losses and fees: a key of `CURRENCIES`."""

    price_index: str
    """The index it settles against: "btc_usd"."""

    settlement_period: SettlementPeriod | None
    """None on spot, which is how clients recognise it."""

    strike: Decimal | None
    """In the counter currency; None unless an option."""

    option_type: OptionType | None
    """None unless an option."""

    creation_ns: int
    """Nanoseconds since the Unix epoch."""

    expiry_ns: int | None
    """Nanoseconds since the Unix epoch; None for a perpetual and for spot."""

    tick_size: Decimal
    """The base tick, in the quote currency; positive."""

    tick_steps: tuple[TickStep, ...]
    """Coarser ticks for higher prices, ascending; often none."""

    lot_size: Decimal
    """The least amount and the step of amounts: USD for inverse futures, the coin for the rest."""

    contract_size: Decimal
    """One contract, in the unit of amounts."""

    maker_fee_ppm: int
    """Parts per million of the value (of the underlying, for an option) paid by the maker."""

    taker_fee_ppm: int
    """Parts per million of the value (of the underlying, for an option) paid by the taker."""

    legs: tuple[ComboLeg, ...] = ()
    """What a combo is made of; empty for everything else."""

    @property
    def is_combo(self) -> bool:
        """Whether it trades other instruments, several at once, and is never held itself."""
        return self.kind in (Kind.FUTURE_COMBO, Kind.OPTION_COMBO)

    @property
    def is_option(self) -> bool:
        """Whether it is an option."""
        return self.kind is Kind.OPTION

    @property
    def is_future(self) -> bool:
        """Whether it is a future, dated or perpetual."""
        return self.kind is Kind.FUTURE

    @property
    def is_spot(self) -> bool:
        """Whether it exchanges one currency for another at once."""
        return self.kind is Kind.SPOT

    @property
    def is_perpetual(self) -> bool:
        """Whether it is a future without an expiry."""
        return self.settlement_period is SettlementPeriod.PERPETUAL

    @property
    def is_inverse(self) -> bool:
        """Whether it settles in the coin whose price it follows."""
        return self.instrument_type is InstrumentType.REVERSED

    # Exact fractions of the two sizes, in lowest terms. Each is worked out once: the orders'
    # path asks for them all the time.

    @cached_property
    def tick_numerator(self) -> int:
        """Numerator of the base tick."""
        return self.tick_size.as_integer_ratio()[0]

    @cached_property
    def tick_denominator(self) -> int:
        """Denominator of the base tick."""
        return self.tick_size.as_integer_ratio()[1]

    @cached_property
    def lot_numerator(self) -> int:
        """Numerator of the lot."""
        return self.lot_size.as_integer_ratio()[0]

    @cached_property
    def lot_denominator(self) -> int:
        """Denominator of the lot."""
        return self.lot_size.as_integer_ratio()[1]
