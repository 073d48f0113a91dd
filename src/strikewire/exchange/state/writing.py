"""What a snapshot holds most of: orders, fills and payments, as they are written into it.

These are lists of what `msgspec` encodes. The compiled `writing` encodes them itself, to the same
bytes, without making objects of what is kept in a few words; so it returns `msgspec.Raw`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from strikewire.exchange.events import Fill, OrderView
from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.book import Book
from strikewire.exchange.state.records import Fills, fill_of, transaction_of
from strikewire.exchange.state.transactions import Transaction
from strikewire.model import InstrumentId, TradeId


def orders(book: Book) -> list[OrderView]:
    """Return the buyers in a book, then its sellers, each as they would trade."""
    return [order.view() for half in (book.bids, book.asks) for order in half.orders()]


def closed(closed: Ring) -> list[OrderView]:
    """Return orders that have ended, oldest first."""
    return list(closed)


def fills(markets: Mapping[InstrumentId, Any], archives: Iterable[Fills]) -> list[Fill]:
    """Return the fills of all archives, each once, by their numbers.

    Args:
        markets: Those of the state.
        archives: Some of its archives.
    """
    kept = {fill.trade_id: fill for archive in archives for fill in archive}
    return [fill_of(markets, kept[trade_id]) for trade_id in sorted(kept)]


def trade_ids(fills: Fills) -> list[TradeId]:
    """Return the numbers of fills, oldest first."""
    return [fill.trade_id for fill in fills]


def payments(markets: Mapping[InstrumentId, Any], payments: Ring) -> list[Transaction]:
    """Return payments, oldest first.

    Args:
        markets: Those of the state.
        payments: An archive of the same.
    """
    return [transaction_of(markets, one) for one in payments]
