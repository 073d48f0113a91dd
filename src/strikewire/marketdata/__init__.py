"""Turns events into books, trades and tickers: market data on its way out, before the gateway."""

from strikewire.marketdata.books import book_update, grouped_book, quote
from strikewire.marketdata.candles import DAY_S, Candles, CandlesError
from strikewire.marketdata.funding import (
    FUNDING_DECIMALS,
    current_funding,
    funding_chart,
    funding_hours,
    funding_over,
    interest_value,
)
from strikewire.marketdata.market import Market
from strikewire.marketdata.marketdata import Changes, MarketData
from strikewire.marketdata.outlook import implied_outlook, implied_outlooks, in_percent
from strikewire.marketdata.realized import historical_points
from strikewire.marketdata.restore import restore
from strikewire.marketdata.streams import BookEdit, BookStream, LevelEdit
from strikewire.marketdata.tape import (
    IV_E4_PER_ONE,
    IV_E4_PER_PERCENT,
    block_text_id,
    combo_trade_id,
    liquidated,
    public_trade,
)
from strikewire.marketdata.tickers import (
    book_summary,
    option_greeks,
    order_book,
    ticker,
)

__all__ = [
    "DAY_S",
    "FUNDING_DECIMALS",
    "IV_E4_PER_ONE",
    "IV_E4_PER_PERCENT",
    "BookEdit",
    "BookStream",
    "Candles",
    "CandlesError",
    "Changes",
    "LevelEdit",
    "Market",
    "MarketData",
    "block_text_id",
    "book_summary",
    "book_update",
    "combo_trade_id",
    "current_funding",
    "funding_chart",
    "funding_hours",
    "funding_over",
    "grouped_book",
    "historical_points",
    "implied_outlook",
    "implied_outlooks",
    "in_percent",
    "interest_value",
    "liquidated",
    "option_greeks",
    "order_book",
    "public_trade",
    "quote",
    "restore",
    "ticker",
]
