"""A bounded queue between the connection and one reader, with a declared policy for loss.

The connection never waits for a reader: it puts and goes on. What happens when the reader is
too slow is chosen when the stream is made, counted, and told.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Generic, Self, TypeVar

import msgspec
from msgspec import Raw, Struct

from strikewire.client.bell import Bell
from strikewire.client.errors import ClientError, SlowReaderError

T = TypeVar("T")


class Loss(Enum):
    """What a full stream does with one more item."""

    OLDEST = "oldest"
    """Drop the oldest; the reader sees a hole, `Stream.lost` counts it, `Lost` tells it."""

    LATEST = "latest"
    """Keep only the newest: for states (a ticker, a quote), where the last word is all."""

    FAIL = "fail"
    """Drop nothing: the reader gets what is queued, then `SlowReaderError`."""


class Note(Struct, frozen=True):
    """One notification of a channel.

    Attributes:
        channel: The channel, as subscribed.
        raw: Its data, as JSON.
        received_ns: When it arrived, by the client's clock.
        is_first: The first since the subscription began on this connection. Between the note
            before it and this one, anything may have been missed.
    """

    channel: str
    raw: Raw
    received_ns: int
    is_first: bool

    @property
    def data(self) -> object:
        """The data as plain lists, dictionaries, strings and numbers."""
        return msgspec.json.decode(self.raw)

    def read(self, kind: type[T]) -> T:
        """Return the data as `kind`, such as a struct of `strikewire.api`.

        Raises:
            msgspec.ValidationError: The data is of another shape.
        """
        return msgspec.json.decode(self.raw, type=kind)


class Stream(Generic[T]):
    """Items for one reader: `async for item in stream`.

    Leaving an `async with stream:` block, or dropping the last reference to a stream, ends it; a
    channel that no stream reads is unsubscribed.

    Args:
        channels: What it carries.
        capacity: Items that wait to be read, at most; with `Loss.LATEST` it is one a channel.
        loss: What happens when one more comes.
        on_lost: Is told how many were lost when the reader comes back after a loss.
        on_end: Is told when the reader has left.

    Attributes:
        lost: Items dropped so far.
    """

    def __init__(
        self,
        channels: Sequence[str],
        *,
        capacity: int,
        loss: Loss,
        on_lost: Callable[[str, int], None],
        on_end: Callable[[Sequence[str]], None],
    ) -> None:
        assert capacity >= 1
        self.channels = tuple(channels)
        self.lost = 0
        self._capacity = capacity
        self._loss = loss
        self._on_lost = on_lost
        self._on_end = on_end
        # By channel where only the latest is kept, else by number: the oldest comes first.
        self._items: OrderedDict[str | int, T] = OrderedDict()
        self._count = 0
        self._lost_told = 0
        self._end: BaseException | None = None
        self._bell = Bell()

    @property
    def is_open(self) -> bool:
        """Whether more items may come."""
        return self._end is None

    @property
    def name(self) -> str:
        """What it carries, for messages."""
        more = len(self.channels) - 1
        return f"{self.channels[0]} and {more} more" if more else self.channels[0]

    def put(self, channel: str, item: T) -> None:
        """Queue an item; what it costs when the stream is full is the loss policy's business."""
        if self._end is not None:
            return
        if self._loss is Loss.LATEST:
            # Of a state only the last word counts: overwriting it loses nothing, and the channel
            # keeps its turn.
            self._items[channel] = item
        elif len(self._items) < self._capacity:
            self._append(item)
        elif self._loss is Loss.FAIL:
            self._end = SlowReaderError(channel=self.name, capacity=self._capacity)
        else:
            self._items.popitem(last=False)
            self._append(item)
            self.lost += 1
        self._bell.ring()

    def end(self, error: ClientError | None = None) -> None:
        """Let the reader finish what is queued and then stop, or raise `error`."""
        if self._end is None:
            self._end = error or StopAsyncIteration()
            self._bell.ring()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._end is not None:
                # A reader may ask again after the end and must not grow one traceback.
                raise self._end.with_traceback(None)
            await self._bell.wait()
        if self.lost > self._lost_told:
            self._on_lost(self.name, self.lost - self._lost_told)
            self._lost_told = self.lost
        return self._items.popitem(last=False)[1]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._items.clear()
        self.end()
        self._on_end(self.channels)

    def _append(self, item: T) -> None:
        self._items[self._count] = item
        self._count += 1
