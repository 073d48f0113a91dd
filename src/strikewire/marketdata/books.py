"""Book messages and order books in the shapes of the public API."""

from collections.abc import Iterable

from msgspec import UNSET

from strikewire.api.market_data import BookChange, BookUpdate, GroupedBook, Quote
from strikewire.depth import Level
from strikewire.marketdata.grouping import grouped
from strikewire.marketdata.market import Market
from strikewire.marketdata.streams import BookEdit, LevelEdit
from strikewire.model import Instrument, Lots, Ticks, lots_to_amount, ns_to_ms, ticks_to_price


def book_update(market: Market, edit: BookEdit) -> BookUpdate:
    """Return one message of a book channel's chain."""
    is_snapshot = edit.previous is None
    return BookUpdate(
        type="snapshot" if is_snapshot else "change",
        timestamp=ns_to_ms(market.book_ns),
        instrument_name=market.instrument.name,
        change_id=edit.change_id,
        prev_change_id=UNSET if edit.previous is None else edit.previous,
        bids=_changes(market.instrument, edit.bids),
        asks=_changes(market.instrument, edit.asks),
    )


def grouped_book(market: Market, group: int, depth: int) -> GroupedBook:
    """Return a complete view of the best levels.

    Args:
        market: Whose book.
        group: Ticks that are put together; 1 for none.
        depth: Levels per side.
    """
    bids, asks = grouped(market.book, group, depth)
    return GroupedBook(
        timestamp=ns_to_ms(market.book_ns),
        instrument_name=market.instrument.name,
        change_id=market.book.change_id,
        bids=levels(market.instrument, bids),
        asks=levels(market.instrument, asks),
    )


def quote(market: Market) -> Quote:
    """Return the best bid and ask; an empty side is 0.0."""
    bid_price, bid_amount = best(market.instrument, market.book.bids.best())
    ask_price, ask_amount = best(market.instrument, market.book.asks.best())
    return Quote(
        timestamp=ns_to_ms(market.book_ns),
        instrument_name=market.instrument.name,
        best_bid_price=bid_price,
        best_bid_amount=bid_amount,
        best_ask_price=ask_price,
        best_ask_amount=ask_amount,
    )


def best(instrument: Instrument, level: Level | None) -> tuple[float, float]:
    """Return a best level's price and amount; 0.0 and 0.0 for an empty side, never null."""
    if level is None:
        return 0.0, 0.0
    return (
        ticks_to_price(instrument, Ticks(level.price)),
        lots_to_amount(instrument, Lots(level.amount)),
    )


def levels(instrument: Instrument, side: Iterable[Level]) -> list[tuple[float, float]]:
    """Return levels as `(price, amount)` in the units of clients."""
    return [
        (ticks_to_price(instrument, Ticks(price)), lots_to_amount(instrument, Lots(amount)))
        for price, amount in side
    ]


def _changes(instrument: Instrument, edits: Iterable[LevelEdit]) -> list[BookChange]:
    return [
        (
            action,
            ticks_to_price(instrument, Ticks(price)),
            lots_to_amount(instrument, Lots(amount)),
        )
        for action, price, amount in edits
    ]
