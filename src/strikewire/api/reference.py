"""Messages about what can be traded: currencies, instruments, price indices."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from strikewire.api.fields import (
    CurrencyName,
    IndexName,
    InstrumentName,
    InstrumentState,
    Kind,
    KindFilter,
    Milliseconds,
)

NEVER_EXPIRES_MS = 32_503_708_800_000  # the year 3000: what perpetuals and spot show as expiry


class GetCurrencies(Struct, frozen=True):
    """List the currencies that accounts can hold."""


class Currency(Struct, frozen=True, kw_only=True):
    """One currency. Fees are in the currency itself."""

    currency: str
    currency_long: str
    coin_type: str
    decimals: Annotated[int, Meta(description="Decimals of one unit of account.")]
    min_confirmations: int = 0
    withdrawal_fee: float = 0.0
    min_withdrawal_fee: float = 0.0
    network_fee: float = 0.0
    network_currency: str | UnsetType = UNSET
    in_cross_collateral_pool: bool = False
    withdrawal_priorities: list[dict[str, str | float]] = []
    apr: float = 0.0


class GetInstruments(Struct, frozen=True, kw_only=True):
    """List instruments; without a currency, or with `any`, those of all currencies.

    A currency the venue knows nothing about has no instruments: the answer is an empty list.
    """

    currency: CurrencyName | None = None
    kind: KindFilter | None = None
    expired: bool | None = None


class GetInstrument(Struct, frozen=True, kw_only=True):
    """Read one instrument."""

    instrument_name: InstrumentName


class TickSizeStep(Struct, frozen=True, kw_only=True):
    """Above this price the tick is larger."""

    above_price: float
    tick_size: float


class Instrument(Struct, frozen=True, kw_only=True):
    """Everything a client must know to trade an instrument.

    `quote_currency` is BTC for an inverse BTC option and USD for an inverse future;
    `counter_currency` is what the strike or the index counts in. `settlement_period` is missing
    on spot, which is how some clients recognise spot. `expiration_timestamp` is always there:
    32503708800000 on perpetuals and spot. Commissions are fractions: of the underlying on
    options, of the notional on futures.
    """

    instrument_name: str
    instrument_id: int
    kind: Kind
    instrument_type: Literal["reversed", "linear"]
    base_currency: str
    quote_currency: str
    counter_currency: str
    settlement_currency: str | UnsetType = UNSET
    price_index: str
    settlement_period: Literal["month", "week", "day", "perpetual"] | UnsetType = UNSET
    future_type: Literal["reversed", "linear"] | UnsetType = UNSET
    strike: float | UnsetType = UNSET
    option_type: Literal["call", "put"] | UnsetType = UNSET
    creation_timestamp: Milliseconds
    expiration_timestamp: Milliseconds
    tick_size: float
    tick_size_steps: list[TickSizeStep] = []
    min_trade_amount: float
    contract_size: float
    maker_commission: float
    taker_commission: float
    max_leverage: int | UnsetType = UNSET
    block_trade_commission: float | UnsetType = UNSET
    block_trade_tick_size: float | UnsetType = UNSET
    block_trade_min_trade_amount: float | UnsetType = UNSET
    max_liquidation_commission: float | UnsetType = UNSET
    is_active: bool
    state: InstrumentState = "open"
    underlying_type: Literal["crypto"] = "crypto"
    rfq: bool = False


class GetIndexPrice(Struct, frozen=True, kw_only=True):
    """Read a price index and the delivery price it would give now."""

    index_name: IndexName


class IndexPrice(Struct, frozen=True, kw_only=True):
    """Both in the index's quote currency."""

    index_price: float
    estimated_delivery_price: float


class GetIndexPriceNames(Struct, frozen=True, kw_only=True):
    """List the price indices; `extended=true` lists objects instead of names."""

    extended: bool | None = None


class IndexPriceName(Struct, frozen=True, kw_only=True):
    """One price index, and whether combos of its futures and of its options can be created."""

    name: str
    future_combo_creation_enabled: bool = False
    option_combo_creation_enabled: bool = False


class PriceIndex(Struct, frozen=True, kw_only=True):
    """A new value of an index (`deribit_price_index`)."""

    index_name: str
    price: float
    timestamp: Milliseconds


class VolatilityIndex(Struct, frozen=True, kw_only=True):
    """The volatility index of a coin (`deribit_volatility_index`), in percent a year."""

    index_name: str
    volatility: float
    timestamp: Milliseconds


class EstimatedExpirationPrice(Struct, frozen=True, kw_only=True):
    """Where the next delivery price of an index is heading (`estimated_expiration_price`).

    `price` is the index itself until the last half hour begins; from then on `is_estimated` is
    true, `price` is what the average will be if the index stays where it is, and of `total_ticks`
    samples `left_ticks` are still to come. `seconds` are left until the next expiry.
    """

    seconds: int
    price: float
    is_estimated: bool
    left_ticks: int | UnsetType = UNSET
    total_ticks: int | UnsetType = UNSET
    timestamp: Milliseconds | UnsetType = UNSET


class InstrumentStateChange(Struct, frozen=True, kw_only=True):
    """An instrument is new, was stopped, goes on or was settled (`instrument.state`)."""

    timestamp: Milliseconds
    state: InstrumentState
    instrument_name: str


class PlatformState(Struct, frozen=True, kw_only=True):
    """The venue enters or leaves maintenance, or an index is locked (`platform_state`)."""

    price_index: str | UnsetType = UNSET
    locked: bool | UnsetType = UNSET
    maintenance: bool | UnsetType = UNSET
