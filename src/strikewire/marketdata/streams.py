"""The unbroken chain of one book channel: what its readers saw last, and what to tell them next.

Theory of operation. A channel's readers all see the same messages, so the channel remembers once
what they know: the change it told last, and for each price touched since, what they believe rests
there. The public book with those prices put back is the readers' book, so a late reader can join
at the channel's last change without a copy of the book being kept, and the next message's
`prev_change_id` is the `change_id` of the snapshot the reader got.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct

from strikewire.depth import DepthBook, DepthSide, Level
from strikewire.model import Side

Action = Literal["new", "change", "delete"]


class LevelEdit(NamedTuple):
    """One price of a book message: what happened there, and what rests there now."""

    action: Action
    price: int
    amount: int


class BookEdit(Struct, frozen=True):
    """One message of a chain.

    Attributes:
        previous: The change of the message before; None on a snapshot.
        change_id: The change this message leads to.
        bids: Edits of the bids, best price first.
        asks: Edits of the asks, best price first.
    """

    previous: int | None
    change_id: int
    bids: list[LevelEdit]
    asks: list[LevelEdit]


class BookStream:
    """One channel of one instrument's book.

    Args:
        book: The public book. The stream reads it and never writes it.
    """

    def __init__(self, book: DepthBook) -> None:
        self._book = book
        self._told = book.change_id
        self._believed: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}

    def touch(self, side: Side, price: int, before: int) -> None:
        """Note that a price changes; call it before or after the book moves, once per change.

        Args:
            side: The side of the book.
            price: The price, in ticks.
            before: What rested there before the change, in lots; 0 for nothing.
        """
        self._believed[side].setdefault(price, before)

    def take(self) -> BookEdit | None:
        """Return the next message of the chain, or None if the readers know the book already.

        Changes that undid each other are not told; the chain then goes on from where it was.
        """
        bids = self._edits(Side.BUY, self._book.bids)
        asks = self._edits(Side.SELL, self._book.asks)
        if not bids and not asks:
            return None
        edit = BookEdit(previous=self._told, change_id=self._book.change_id, bids=bids, asks=asks)
        assert edit.change_id > self._told
        self._told = edit.change_id
        return edit

    def snapshot(self) -> BookEdit:
        """Return what the readers know: the first message for a reader that joins now."""
        return BookEdit(
            previous=None,
            change_id=self._told,
            bids=_as_new(self._known(Side.BUY, self._book.bids)),
            asks=_as_new(self._known(Side.SELL, self._book.asks)),
        )

    def _edits(self, side: Side, now: DepthSide) -> list[LevelEdit]:
        believed = self._believed[side]
        if not believed:
            return []
        edits = [
            LevelEdit(_action(before, now.amount(price)), price, now.amount(price))
            for price, before in sorted(believed.items(), reverse=side is Side.BUY)
            if before != now.amount(price)
        ]
        believed.clear()
        return edits

    def _known(self, side: Side, now: DepthSide) -> Iterable[Level]:
        believed = self._believed[side]
        if not believed:
            return now
        levels = {level.price: level.amount for level in now} | believed
        return [
            Level(price, amount)
            for price, amount in sorted(levels.items(), reverse=side is Side.BUY)
            if amount
        ]


def _action(before: int, after: int) -> Action:
    if not before:
        return "new"
    return "change" if after else "delete"


def _as_new(levels: Iterable[Level]) -> list[LevelEdit]:
    return [LevelEdit("new", price, amount) for price, amount in levels]
