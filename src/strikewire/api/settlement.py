"""Messages about settlements, deliveries and bankruptcies."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from strikewire.api.fields import (
    Continuation,
    Count,
    CurrencyName,
    InstrumentName,
    Milliseconds,
    RequestTime,
)

SETTLEMENTS_COUNT_DEFAULT = 20

SettlementType = Literal["settlement", "delivery", "bankruptcy"]


class GetLastSettlementsByCurrency(Struct, frozen=True, kw_only=True):
    """Read what settlements, deliveries and bankruptcies of a currency came to, newest first.

    `continuation` is what the page before said; `search_start_timestamp` passes over all
    that is newer.
    """

    currency: CurrencyName
    type: SettlementType | None = None
    count: Count = SETTLEMENTS_COUNT_DEFAULT
    continuation: Continuation | None = None
    search_start_timestamp: RequestTime | None = None


class GetLastSettlementsByInstrument(Struct, frozen=True, kw_only=True):
    """Read what settlements and the delivery of an instrument came to, newest first."""

    instrument_name: InstrumentName
    type: SettlementType | None = None
    count: Count = SETTLEMENTS_COUNT_DEFAULT
    continuation: Continuation | None = None
    search_start_timestamp: RequestTime | None = None


class GetSettlementHistoryByCurrency(Struct, frozen=True, kw_only=True):
    """Read the account's settlements and deliveries in a currency, newest first."""

    currency: CurrencyName
    type: SettlementType | None = None
    count: Count = SETTLEMENTS_COUNT_DEFAULT
    continuation: Continuation | None = None
    search_start_timestamp: RequestTime | None = None


class GetSettlementHistoryByInstrument(Struct, frozen=True, kw_only=True):
    """Read the account's settlements and delivery of an instrument, newest first."""

    instrument_name: InstrumentName
    type: SettlementType | None = None
    count: Count = SETTLEMENTS_COUNT_DEFAULT
    continuation: Continuation | None = None
    search_start_timestamp: RequestTime | None = None


class SettlementRow(Struct, frozen=True, kw_only=True):
    """What a settlement, a delivery or a bankruptcy came to, in the currency.

    For all accounts together `position` is the open interest, `session_profit_loss` what the
    winners gained, and `profit_loss` that less the losses. A bankruptcy says what the insurance
    fund paid (`funded`) and what was shared among the winners (`socialized`).
    """

    type: SettlementType
    timestamp: Milliseconds
    instrument_name: str = ""
    position: float = 0.0
    index_price: float = 0.0
    mark_price: float | UnsetType = UNSET
    session_profit_loss: float = 0.0
    profit_loss: float | UnsetType = UNSET
    funding: float | UnsetType = UNSET
    funded: float | UnsetType = UNSET
    session_bankruptcy: float | UnsetType = UNSET
    socialized: float | UnsetType = UNSET
    session_tax: float | UnsetType = UNSET
    session_tax_rate: float | UnsetType = UNSET


class Settlements(Struct, frozen=True, kw_only=True):
    """A page of settlements; `continuation` asks for the next, `none` on the last."""

    continuation: str
    settlements: list[SettlementRow]
