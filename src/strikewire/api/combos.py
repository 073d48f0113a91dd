"""Messages about combos: several instruments that trade together in a book of their own."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from strikewire.api.fields import (
    CurrencyName,
    Direction,
    InstrumentName,
    Milliseconds,
    OrderNumber,
    check_number,
    check_positive,
)
from strikewire.api.repeatable import Repeatable

LEGS_MAX = 4
"""Legs of a combo."""

ComboState = Literal["active", "inactive"]


class ComboTrade(Struct, frozen=True, kw_only=True):
    """One leg. Of the amounts only their ratio counts, and for leg prices their size."""

    instrument_name: InstrumentName
    amount: OrderNumber
    direction: Direction

    def __post_init__(self) -> None:
        check_positive(self.amount, "amount")


ComboTrades = Annotated[list[ComboTrade], Meta(min_length=2, max_length=LEGS_MAX)]


class CreateCombo(Repeatable, frozen=True, kw_only=True):
    """Open the book of a combo, or find the one that there is.

    A combo buys or sells each of its legs, all of them futures or all of them options of the
    same currency. The same legs the other way round are the same combo: see the signs in the
    answer.
    """

    trades: ComboTrades


class GetCombos(Struct, frozen=True, kw_only=True):
    """List the active combos of a currency; with `any` of all."""

    currency: CurrencyName


class GetComboIds(Struct, frozen=True, kw_only=True):
    """List the names of a currency's combos, of one state or of both."""

    currency: CurrencyName
    state: ComboState | None = None


class GetComboDetails(Struct, frozen=True, kw_only=True):
    """Read one combo, also after its end if anybody has used it."""

    combo_id: InstrumentName


class ComboLeg(Struct, frozen=True, kw_only=True):
    """What of an instrument is traded for each unit of a combo; negative where it is sold."""

    instrument_name: str
    amount: int


class Combo(Struct, frozen=True, kw_only=True):
    """A combo. Its `id` is the name of its instrument."""

    id: str
    instrument_id: int
    state: ComboState
    state_timestamp: Milliseconds
    creation_timestamp: Milliseconds
    legs: list[ComboLeg]


class GetLegPrices(Struct, frozen=True, kw_only=True):
    """Tell what each leg would cost if they traded together at a price.

    They need not be a combo yet. The price is that of one unit: what is left of the amounts
    when their common factor has been taken out, which the answer calls `amount`.
    """

    legs: ComboTrades
    price: OrderNumber

    def __post_init__(self) -> None:
        check_number(self.price, "price")


class LegPrice(Struct, frozen=True, kw_only=True):
    """A leg at its price."""

    ratio: int
    instrument_name: str
    direction: Direction
    price: float


class LegPrices(Struct, frozen=True, kw_only=True):
    """Legs at their prices; with their ratios they come to `price` exactly."""

    price: float
    legs: list[LegPrice]
    amount: float
