"""What a snapshot holds most of: orders, fills and payments, as they are written into it.

These are lists of what `msgspec` encodes. The compiled `writing` encodes them itself, to the same
bytes, without making objects of what is kept in a few words.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.book import Book
from strikewire.exchange.state.records import Fills, fill_of, transaction_of
from strikewire.model import InstrumentId

_encode = msgspec.msgpack.Encoder().encode


def orders(book: Book) -> msgspec.Raw:
    """Return the buyers in a book, then its sellers, each as they would trade."""
    halves = (book.bids, book.asks)
    return _written([order.view() for half in halves for order in half.orders()])


def closed(closed: Ring) -> msgspec.Raw:
    """Return orders that have ended, oldest first."""
    return _written(list(closed))


def fills(markets: Mapping[InstrumentId, Any], archives: Iterable[Fills]) -> msgspec.Raw:
    """Return the fills of all archives, each once, by their numbers.

    Args:
        markets: Those of the state.
        archives: Some of its archives.
    """
    kept = {fill.trade_id: fill for archive in archives for fill in archive}
    return _written([fill_of(markets, kept[trade_id]) for trade_id in sorted(kept)])


def trade_ids(fills: Fills) -> msgspec.Raw:
    """Return the numbers of fills, oldest first."""
    return _written([fill.trade_id for fill in fills])


def payments(markets: Mapping[InstrumentId, Any], payments: Ring) -> msgspec.Raw:
    """Return payments, oldest first.

    Args:
        markets: Those of the state.
        payments: An archive of the same.
    """
    return _written([transaction_of(markets, one) for one in payments])


def _written(things: list[Any]) -> msgspec.Raw:
    return msgspec.Raw(_encode(things))
