"""Messages about the market: books, tickers, summaries, quotes and public trades.

An empty side of a book is 0.0 with amount 0.0, and its implied volatility 0.0: never null,
although Deribit's documents allow null. Recorded data has 0.0 and clients depend on it.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from strikewire.api.errors import invalid_params
from strikewire.api.fields import (
    BOOK_DEPTH_MAX,
    Count,
    CurrencyName,
    Direction,
    InstrumentName,
    InstrumentState,
    KindFilter,
    Milliseconds,
    RequestTime,
    Sequence,
    Sorting,
)

TRADES_COUNT_DEFAULT = 10

Percent = Annotated[float, Meta(description="Percent: 65.4 is an implied volatility of 0.654.")]


class Ticker24h(Struct, frozen=True, kw_only=True):
    """The last 24 hours. `low`, `high` and `price_change` (percent) are null without a trade."""

    volume: float
    low: float | None = None
    high: float | None = None
    price_change: float | None = None
    volume_usd: float | UnsetType = UNSET
    volume_notional: float | UnsetType = UNSET


class Greeks(Struct, frozen=True, kw_only=True):
    """Black-76 greeks of the mark: vega per volatility point, theta per day, both in USD."""

    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float


class GetTicker(Struct, frozen=True, kw_only=True):
    """Read an instrument's ticker."""

    instrument_name: InstrumentName


class Ticker(Struct, frozen=True, kw_only=True):
    """Best prices, mark, index, 24 h statistics; on options implied volatilities and greeks.

    Prices of an inverse option are in its coin, everything else in the quote currency. The
    greeks are those of `mark_iv`, `underlying_price` and `timestamp`. `last_price` is null
    until the first trade.
    """

    instrument_name: str
    timestamp: Milliseconds
    state: InstrumentState = "open"
    stats: Ticker24h
    open_interest: float
    best_bid_price: float = 0.0
    best_bid_amount: float = 0.0
    best_ask_price: float = 0.0
    best_ask_amount: float = 0.0
    index_price: float
    mark_price: float
    min_price: float
    max_price: float
    last_price: float | None = None
    estimated_delivery_price: float
    settlement_price: float | UnsetType = UNSET
    delivery_price: float | UnsetType = UNSET
    current_funding: float | UnsetType = UNSET
    funding_8h: float | UnsetType = UNSET
    interest_value: float | UnsetType = UNSET
    underlying_price: float | UnsetType = UNSET
    underlying_index: str | UnsetType = UNSET
    interest_rate: float | UnsetType = UNSET
    mark_iv: Percent | UnsetType = UNSET
    bid_iv: Percent | UnsetType = UNSET
    ask_iv: Percent | UnsetType = UNSET
    greeks: Greeks | UnsetType = UNSET


class GetOrderBook(Struct, frozen=True, kw_only=True):
    """Read an instrument's book, best prices first; without `depth` the whole book."""

    instrument_name: InstrumentName
    depth: Annotated[int, Meta(ge=1, le=BOOK_DEPTH_MAX, description="Levels per side.")] = (
        BOOK_DEPTH_MAX
    )


class OrderBook(Ticker, frozen=True, kw_only=True):
    """A ticker together with levels `[price, amount]`, best first, as of `change_id`."""

    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]
    change_id: int


class GetBookSummaryByCurrency(Struct, frozen=True, kw_only=True):
    """Read one summary line for each instrument of a currency."""

    currency: CurrencyName
    kind: KindFilter | None = None


class GetBookSummaryByInstrument(Struct, frozen=True, kw_only=True):
    """Read the summary line of one instrument."""

    instrument_name: InstrumentName


class BookSummary(Struct, frozen=True, kw_only=True):
    """One line of the market. Prices are null where there is none: no bid, no ask, no trade."""

    instrument_name: str
    base_currency: str
    quote_currency: str
    creation_timestamp: Milliseconds
    high: float | None = None
    low: float | None = None
    last: float | None = None
    price_change: float | None = None
    bid_price: float | None = None
    ask_price: float | None = None
    mid_price: float | None = None
    mark_price: float
    volume: float
    volume_usd: float | UnsetType = UNSET
    volume_notional: float | UnsetType = UNSET
    open_interest: float | UnsetType = UNSET
    estimated_delivery_price: float | UnsetType | None = UNSET
    current_funding: float | UnsetType = UNSET
    funding_8h: float | UnsetType = UNSET
    mark_iv: Percent | UnsetType = UNSET
    interest_rate: float | UnsetType = UNSET
    underlying_index: str | UnsetType = UNSET
    underlying_price: float | UnsetType = UNSET


class GetLastTradesByInstrument(Struct, frozen=True, kw_only=True):
    """Read an instrument's latest trades, newest first unless `sorting` is asc."""

    instrument_name: InstrumentName
    start_seq: Sequence | None = None
    end_seq: Sequence | None = None
    start_timestamp: RequestTime | None = None
    end_timestamp: RequestTime | None = None
    count: Count = TRADES_COUNT_DEFAULT
    sorting: Sorting | None = None


class GetLastTradesByInstrumentAndTime(Struct, frozen=True, kw_only=True):
    """Read an instrument's trades of a span of time; the span ends now by default."""

    instrument_name: InstrumentName
    start_timestamp: RequestTime
    end_timestamp: RequestTime | None = None
    count: Count = TRADES_COUNT_DEFAULT
    sorting: Sorting | None = None

    def __post_init__(self) -> None:
        check_span(self.start_timestamp, self.end_timestamp)


class GetLastTradesByCurrency(Struct, frozen=True, kw_only=True):
    """Read the latest trades of a currency's instruments."""

    currency: CurrencyName
    kind: KindFilter | None = None
    start_id: str | None = None
    end_id: str | None = None
    start_timestamp: RequestTime | None = None
    end_timestamp: RequestTime | None = None
    count: Count = TRADES_COUNT_DEFAULT
    sorting: Sorting | None = None


class PublicTrade(Struct, frozen=True, kw_only=True):
    """One match as everybody sees it. `direction` is the taker's; `iv` only on options.

    `tick_direction`: 0 plus, 1 zero-plus, 2 minus, 3 zero-minus. `block_trade_id` is there only
    on legs of a block trade, which is no trade of the book and leaves the last price as it is.
    """

    trade_id: str
    trade_seq: int
    instrument_name: str
    timestamp: Milliseconds
    direction: Direction
    price: float
    amount: float
    tick_direction: Literal[0, 1, 2, 3]
    index_price: float
    mark_price: float
    contracts: float | UnsetType = UNSET
    iv: Percent | UnsetType = UNSET
    liquidation: Literal["M", "T", "MT"] | UnsetType = UNSET
    block_trade_id: str | UnsetType = UNSET
    block_trade_leg_count: int | UnsetType = UNSET


class PublicTrades(Struct, frozen=True, kw_only=True):
    """A page of trades; `has_more` when the venue holds further ones that match."""

    trades: list[PublicTrade]
    has_more: bool


BookChangeAction = Literal["new", "change", "delete"]
BookChange = tuple[BookChangeAction, float, float]


class BookUpdate(Struct, frozen=True, kw_only=True):
    """A book's snapshot or change; levels are `[action, price, amount]`.

    The first message of a subscription is a snapshot and has no `prev_change_id`. In each
    later one `prev_change_id` is the `change_id` of the message before it on this channel.
    """

    type: Literal["snapshot", "change"]
    timestamp: Milliseconds
    instrument_name: str
    change_id: int
    prev_change_id: int | UnsetType = UNSET
    bids: list[BookChange]
    asks: list[BookChange]


class GroupedBook(Struct, frozen=True, kw_only=True):
    """The best levels of a book with prices grouped: a complete view each time, no chain."""

    timestamp: Milliseconds
    instrument_name: str
    change_id: int
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]


class Quote(Struct, frozen=True, kw_only=True):
    """The best bid and ask; an empty side is 0.0."""

    timestamp: Milliseconds
    instrument_name: str
    best_bid_price: float = 0.0
    best_bid_amount: float = 0.0
    best_ask_price: float = 0.0
    best_ask_amount: float = 0.0


class OptionMarkPrice(Struct, frozen=True, kw_only=True):
    """The mark of one option (`markprice.options`); `iv` is a fraction here, not percent."""

    instrument_name: str
    mark_price: float
    iv: float
    timestamp: Milliseconds


class PerpetualInterest(Struct, frozen=True, kw_only=True):
    """The funding rate of a perpetual now (`perpetual`), as a fraction per eight hours."""

    interest: float
    index_price: float
    timestamp: Milliseconds


class GetFundingRateValue(Struct, frozen=True, kw_only=True):
    """Read what longs of a perpetual paid over a span of time, as a fraction of their value."""

    instrument_name: InstrumentName
    start_timestamp: RequestTime
    end_timestamp: RequestTime

    def __post_init__(self) -> None:
        check_span(self.start_timestamp, self.end_timestamp)


class GetFundingRateHistory(Struct, frozen=True, kw_only=True):
    """Read the funding of a perpetual hour by hour, oldest first, a month back at most."""

    instrument_name: InstrumentName
    start_timestamp: RequestTime
    end_timestamp: RequestTime

    def __post_init__(self) -> None:
        check_span(self.start_timestamp, self.end_timestamp)


class FundingHour(Struct, frozen=True, kw_only=True):
    """What longs paid over the hour, and over the eight hours, that ended at `timestamp`.

    Both are fractions of a position's value; negative where longs were paid.
    """

    timestamp: Milliseconds
    index_price: float
    prev_index_price: float
    interest_8h: float
    interest_1h: float


class GetFundingChartData(Struct, frozen=True, kw_only=True):
    """Read the points of a chart of a perpetual's funding."""

    instrument_name: InstrumentName
    length: Literal["8h", "24h", "1m"]


class FundingChartPoint(Struct, frozen=True, kw_only=True):
    """What longs paid over the eight hours that ended at `timestamp`, as a fraction."""

    timestamp: Milliseconds
    index_price: float
    interest_8h: float


class FundingChart(Struct, frozen=True, kw_only=True):
    """The funding of a perpetual now, and the points of its chart, oldest first."""

    current_interest: float
    interest_8h: float
    data: list[FundingChartPoint]


def check_span(start_ms: int | None, end_ms: int | None) -> None:
    """Refuse a span of time that ends before it starts.

    Raises:
        ApiError: -32602 naming `end_timestamp`.
    """
    if start_ms is not None and end_ms is not None and end_ms < start_ms:
        raise invalid_params("end_timestamp", "is before start_timestamp")
