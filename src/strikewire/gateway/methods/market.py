"""Methods about books, tickers and public trades."""

from collections.abc import Iterable
from heapq import merge

from strikewire.api import market_data as api
from strikewire.api.market_data import PublicTrade
from strikewire.gateway.catalogue import is_of
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.gateway.paging import page, since_id
from strikewire.marketdata import Market, book_summary, order_book, ticker
from strikewire.model import parse_trade_id


def get_ticker(desk: Desk, call: Call, params: api.GetTicker) -> Reply:
    """Return the ticker of an instrument."""
    return Reply(ticker(desk.market, desk.market_of(params.instrument_name)))


def get_order_book(desk: Desk, call: Call, params: api.GetOrderBook) -> Reply:
    """Return the book of an instrument together with its ticker."""
    market = desk.market_of(params.instrument_name)
    return Reply(order_book(desk.market, market, params.depth))


def get_book_summary_by_currency(
    desk: Desk, call: Call, params: api.GetBookSummaryByCurrency
) -> Reply:
    """Return a line for each instrument of a currency that trades."""
    markets = _markets(desk, params.currency, params.kind)
    return Reply([book_summary(desk.market, one, call.now_ns) for one in markets if one.is_open])


def get_book_summary_by_instrument(
    desk: Desk, call: Call, params: api.GetBookSummaryByInstrument
) -> Reply:
    """Return the line of one instrument, in a list."""
    market = desk.market_of(params.instrument_name)
    return Reply([book_summary(desk.market, market, call.now_ns)])


def get_last_trades_by_instrument(
    desk: Desk, call: Call, params: api.GetLastTradesByInstrument
) -> Reply:
    """Return a page of an instrument's trades."""
    trades, has_more = page(
        desk.market_of(params.instrument_name).tape,
        count=params.count,
        sorting=params.sorting,
        start_seq=params.start_seq,
        end_seq=params.end_seq,
        start_ms=params.start_timestamp,
        end_ms=params.end_timestamp,
    )
    return Reply(api.PublicTrades(trades=trades, has_more=has_more))


def get_last_trades_by_instrument_and_time(
    desk: Desk, call: Call, params: api.GetLastTradesByInstrumentAndTime
) -> Reply:
    """Return a page of an instrument's trades of a span of time."""
    trades, has_more = page(
        desk.market_of(params.instrument_name).tape,
        count=params.count,
        sorting=params.sorting,
        start_ms=params.start_timestamp,
        end_ms=params.end_timestamp,
    )
    return Reply(api.PublicTrades(trades=trades, has_more=has_more))


def get_last_trades_by_currency(
    desk: Desk, call: Call, params: api.GetLastTradesByCurrency
) -> Reply:
    """Return a page of the trades of all instruments of a currency."""
    tapes = [market.tape for market in _markets(desk, params.currency, params.kind)]
    trades, has_more = page(
        since_id(_in_order(tapes), params.start_id, params.end_id),
        count=params.count,
        sorting=params.sorting,
        start_ms=params.start_timestamp,
        end_ms=params.end_timestamp,
    )
    return Reply(api.PublicTrades(trades=trades, has_more=has_more))


def _markets(desk: Desk, currency: str, kind: str | None) -> list[Market]:
    return [market for market in desk.market if is_of(market.instrument, currency, kind)]


def _in_order(tapes: Iterable[Iterable[PublicTrade]]) -> Iterable[PublicTrade]:
    return merge(*tapes, key=lambda trade: parse_trade_id(trade.trade_id))
