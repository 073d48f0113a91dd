"""Keep one book equal to a stream of changes, or say plainly that it is not.

Theory of operation. A venue sends a snapshot (pushed, or answered to a request) and numbered
changes, in that order or the other. The machine has two states:

| state   | a change arrives                | a snapshot arrives                             |
|---------|---------------------------------|------------------------------------------------|
| waiting | keep it: BUFFERED               | take it and the kept changes that continue it: |
|         |                                 | SYNCED; a kept change has a gap: LOST          |
| synced  | already in the book: STALE      | older than the book: STALE                     |
|         | continues the book: APPLIED     | anything else: SYNCED                          |
|         | anything else: LOST, waiting    |                                                |

A change continues a snapshot when its span `(previous, change_id]` covers the snapshot's number:
amounts are absolute, so a change that began before the snapshot and ends after it leads to the
right book. After that first one each change must continue exactly where the book is.

While waiting the old levels are gone: a stale book cannot be read by mistake.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum, StrEnum

from msgspec import Struct

from strikewire.depth.book import DepthBook, GapError, NegativeAmountError

BUFFERED_UPDATES_MAX = 10_000
"""Changes kept while waiting for a snapshot; the oldest is dropped when one more arrives."""


class DepthUpdate(Struct, frozen=True):
    """One numbered change of a venue's book.

    Attributes:
        previous: The change before it; for a venue that sends a range `U..u` without naming the
            previous one, `U - 1`.
        change_id: The change it leads to.
        bids: `(price, amount)` pairs; an amount of 0 removes the level.
        asks: The same for the other side.
    """

    previous: int
    change_id: int
    bids: Sequence[tuple[int, int]]
    asks: Sequence[tuple[int, int]]


class DepthSnapshot(Struct, frozen=True):
    """The whole book at one change; `(price, amount)` pairs in any order."""

    change_id: int
    bids: Sequence[tuple[int, int]]
    asks: Sequence[tuple[int, int]]


class SyncOutcome(Enum):
    """What the machine did with an input."""

    APPLIED = "applied"
    SYNCED = "synced"
    BUFFERED = "buffered"
    STALE = "stale"
    LOST = "lost"
    """The book was dropped: ask the venue for a snapshot; `DepthSync.loss` says why."""


class SyncLoss(StrEnum):
    """Why there is no book; the text is for people."""

    STARTING = "no snapshot has arrived yet"
    RECONNECTED = "the connection began anew"
    GAP = "a change is missing"
    CROSSED = "the best bid is at or above the best ask"
    NEGATIVE_AMOUNT = "an amount is below zero"
    BAD_MESSAGE = "a message could not be read"


class DepthSync:
    """The machine of the table above; it holds no clock and asks for nothing itself.

    Attributes:
        book: The levels; empty while not synced.
        loss: Why the book is missing, None while synced.
        gaps: Times a synced book, or a snapshot, was lost since construction.
        stale: Inputs dropped because the book was already past them.
    """

    def __init__(self) -> None:
        self.book = DepthBook()
        self.loss: SyncLoss | None = SyncLoss.STARTING
        self.gaps = 0
        self.stale = 0
        self._buffer: deque[DepthUpdate] = deque(maxlen=BUFFERED_UPDATES_MAX)
        self._fresh = False  # the book is a snapshot that no change has continued yet

    @property
    def is_synced(self) -> bool:
        """Tell whether `book` equals the venue's book at `book.change_id`."""
        return self.loss is None

    def reset(self, loss: SyncLoss = SyncLoss.RECONNECTED) -> None:
        """Forget everything, as when a connection begins: numbers may start anew."""
        self._buffer.clear()
        self._drop(loss)

    def update(self, update: DepthUpdate) -> SyncOutcome:
        """Take one change from the stream.

        Returns:
            APPLIED, STALE, BUFFERED (while waiting) or LOST (ask for a snapshot). Never raises on
            what a venue may send.
        """
        if not self.is_synced:
            self._buffer.append(update)
            return SyncOutcome.BUFFERED
        outcome = self._continue(update)
        if outcome is SyncOutcome.LOST:
            self._buffer.append(update)
        return outcome

    def snapshot(self, snapshot: DepthSnapshot) -> SyncOutcome:
        """Take a whole book, pushed by the venue or answered to a request.

        Returns:
            SYNCED; STALE when the synced book is already past it; LOST when the changes kept while
            waiting do not continue it (it is too old, or one of them is missing).
        """
        if self.is_synced and snapshot.change_id < self.book.change_id:
            self.stale += 1
            return SyncOutcome.STALE
        try:
            self.book.replace(snapshot.change_id, snapshot.bids, snapshot.asks)
        except NegativeAmountError:
            return self._lose(SyncLoss.NEGATIVE_AMOUNT)
        if self.book.is_crossed():
            return self._lose(SyncLoss.CROSSED)
        self.loss = None
        self._fresh = True
        return self._catch_up()

    def _catch_up(self) -> SyncOutcome:
        """Apply what was kept while waiting, in the order of the venue's numbers."""
        kept = sorted(self._buffer, key=lambda update: update.change_id)
        self._buffer.clear()
        for index, update in enumerate(kept):
            if self._continue(update) is SyncOutcome.LOST:
                # A newer snapshot may still join these.
                self._buffer.extend(kept[index:])
                return SyncOutcome.LOST
        return SyncOutcome.SYNCED

    def _continue(self, update: DepthUpdate) -> SyncOutcome:
        at = self.book.change_id
        if update.change_id <= at:
            self.stale += 1
            return SyncOutcome.STALE
        previous = at if self._fresh and update.previous <= at else update.previous
        try:
            self.book.apply(previous, update.change_id, update.bids, update.asks)
        except GapError:
            return self._lose(SyncLoss.GAP)
        except NegativeAmountError:
            return self._lose(SyncLoss.NEGATIVE_AMOUNT)
        self._fresh = False
        if self.book.is_crossed():
            return self._lose(SyncLoss.CROSSED)
        return SyncOutcome.APPLIED

    def _lose(self, loss: SyncLoss) -> SyncOutcome:
        self.gaps += 1
        self._drop(loss)
        return SyncOutcome.LOST

    def _drop(self, loss: SyncLoss) -> None:
        self.book.replace(0, (), ())
        self.loss = loss
        self._fresh = False
