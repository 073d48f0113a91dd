"""One book of the venue, kept equal to its channel, or plainly marked as not.

Source: Deribit API v2, `book.{instrument_name}.{interval}`: a snapshot first, then changes whose
`prev_change_id` is the `change_id` of the message before.
"""

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Final, Literal, Self

import msgspec
from msgspec import Raw, Struct

from strikewire.client.bell import Bell
from strikewire.client.events import Gap, Resynced, Stale
from strikewire.depth import DepthBook, DepthSide, GapError, NegativeAmountError

PRICE_SCALE: Final = 100_000_000
"""Prices are kept as integers of 1e-8 of the quote currency."""

AMOUNT_SCALE: Final = 1_000_000
"""Amounts are kept as integers of 1e-6 of the instrument's unit."""

EVENTS_MAX: Final = 64
"""Book events that wait for the reader of one stream; the oldest is dropped for one more."""

BookEvent = Gap | Stale | Resynced
Levels = tuple[tuple[float, float], ...]


class BookView(Struct, frozen=True):
    """A book at one moment, best levels first.

    Attributes:
        instrument_name: Whose book it is.
        change_id: The venue's number of its last change; 0 before the first snapshot.
        timestamp_ms: When the venue sent that, in milliseconds since the Unix epoch.
        bids: (price, amount) pairs, highest price first.
        asks: (price, amount) pairs, lowest price first.
        is_stale: The venue's book may be another one by now: do not trade on this.
        event: What has just happened to the book; None for a plain change.
    """

    instrument_name: str
    change_id: int
    timestamp_ms: int
    bids: Levels
    asks: Levels
    is_stale: bool
    event: BookEvent | None = None


class _BookData(Struct, frozen=True):
    type: Literal["snapshot", "change"]
    timestamp: int
    change_id: int
    bids: list[tuple[str, float, float]]
    asks: list[tuple[str, float, float]]
    prev_change_id: int | None = None


class BookStep(Enum):
    """What a note did to a book."""

    CHANGED = auto()
    RESYNCED = auto()
    IGNORED = auto()
    BROKEN = auto()
    """The chain broke: a fresh snapshot must be asked for."""


_decode: Final = msgspec.json.Decoder(_BookData).decode


class LocalBook:
    """The levels of one instrument and whether they can be trusted.

    Attributes:
        is_stale: No snapshot has come yet, the chain broke, or the connection is down.
        reason: Why it is stale.
        links: Changes that continued the chain exactly, so far.
        gaps: Times the chain broke, so far.
    """

    def __init__(self, instrument_name: str) -> None:
        self.instrument_name = instrument_name
        self.is_stale = True
        self.reason = "no snapshot has arrived yet"
        self.links = 0
        self.gaps = 0
        self._depth = DepthBook()
        self._timestamp_ms = 0

    @property
    def change_id(self) -> int:
        """The venue's number of the last change; 0 before the first snapshot."""
        return self._depth.change_id

    def receive(self, data: Raw) -> BookStep:
        """Take one note of the channel; never raises on what it holds."""
        try:
            note = _decode(data)
        except msgspec.DecodeError as error:
            return self._break(f"unreadable: {error}")
        bids, asks = _deltas(note.bids), _deltas(note.asks)
        try:
            if note.type == "snapshot":
                self._depth.replace(note.change_id, bids, asks)
            elif self.is_stale:
                return BookStep.IGNORED
            else:
                previous = note.prev_change_id if note.prev_change_id is not None else -1
                self._depth.apply(previous, note.change_id, bids, asks)
                self.links += 1
        except (GapError, NegativeAmountError) as error:
            return self._break(str(error))
        if self._depth.is_crossed():
            return self._break("the best bid is at or above the best ask")
        self._timestamp_ms = note.timestamp
        was_stale, self.is_stale = self.is_stale, False
        return BookStep.RESYNCED if was_stale else BookStep.CHANGED

    def distrust(self, reason: str) -> bool:
        """Mark the book stale and return whether that is news."""
        if self.is_stale:
            return False
        self.is_stale = True
        self.reason = reason
        return True

    def view(self, event: BookEvent | None = None, levels: int | None = None) -> BookView:
        """Return the book as it is now, at most `levels` deep."""
        return BookView(
            instrument_name=self.instrument_name,
            change_id=self._depth.change_id,
            timestamp_ms=self._timestamp_ms,
            bids=_levels(self._depth.bids, levels),
            asks=_levels(self._depth.asks, levels),
            is_stale=self.is_stale,
            event=event,
        )

    def _break(self, reason: str) -> BookStep:
        self.is_stale = True
        self.reason = reason
        self.gaps += 1
        return BookStep.BROKEN


class BookStream:
    """A book for one reader: `async for view in stream`.

    Every change is applied when it arrives; the reader gets the newest state whenever it asks, so
    a slow one skips states but never sees an old one. A gap, a lost connection and the
    recovery from either are yielded as views with their `event`, in order.

    Args:
        book: The book, kept by the client.
        channel: The channel it follows.
        levels: How deep the views are; None for all levels.
        on_end: Is told when the reader has left.
    """

    def __init__(
        self,
        book: LocalBook,
        channel: str,
        *,
        levels: int | None,
        on_end: Callable[[Sequence[str]], None],
    ) -> None:
        self.book = book
        self.channel = channel
        self._on_end = on_end
        self._levels = levels
        self._events: deque[BookEvent] = deque(maxlen=EVENTS_MAX)
        self._has_changed = not book.is_stale
        self._end: BaseException | None = None
        self._bell = Bell()

    @property
    def is_open(self) -> bool:
        """Whether more views may come."""
        return self._end is None

    def changed(self, event: BookEvent | None = None) -> None:
        """Take note that the book has changed, or that something happened to it."""
        if event is None:
            self._has_changed = True
        else:
            self._events.append(event)
        self._bell.ring()

    def end(self, error: BaseException | None = None) -> None:
        """Stop the reader, or raise `error` to it."""
        if self._end is None:
            self._end = error or StopAsyncIteration()
            self._bell.ring()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BookView:
        while True:
            if self._end is not None:
                raise self._end.with_traceback(None)
            if self._events:
                # A view with an event shows the newest levels too.
                self._has_changed = False
                return self.book.view(self._events.popleft(), self._levels)
            if self._has_changed:
                self._has_changed = False
                return self.book.view(None, self._levels)
            await self._bell.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()
        self._on_end([self.channel])


def _deltas(levels: list[tuple[str, float, float]]) -> list[tuple[int, int]]:
    return [
        (round(price * PRICE_SCALE), 0 if action == "delete" else round(amount * AMOUNT_SCALE))
        for action, price, amount in levels
    ]


def _levels(side: DepthSide, count: int | None) -> Levels:
    levels = side if count is None else side.top(count)
    return tuple((price / PRICE_SCALE, amount / AMOUNT_SCALE) for price, amount in levels)
