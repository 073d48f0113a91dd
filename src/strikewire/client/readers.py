"""Who reads what: notes go to streams, books are kept, and channels without readers are left.

Streams are held weakly: one that its user has dropped is no reader, and the next note of its
channel finds that out.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from weakref import WeakSet

from msgspec import Raw

from strikewire.client.book import BookEvent, BookStep, BookStream, LocalBook
from strikewire.client.errors import ClientError, SubscriptionRefusedError
from strikewire.client.events import Disconnected, Event, Gap, Lost, Refused, Resynced, Stale
from strikewire.client.streams import Loss, Note, Stream

EVENTS_MAX: Final = 1_024
"""Events that wait for the reader of one event stream; the oldest is dropped for one more."""

# Channels whose every note says all there is to say, so that only the newest matters.
STATE_CHANNELS: Final = ("ticker.", "quote.", "user.portfolio.")


class Readers:
    """The streams of one client.

    Args:
        want: Subscribes channels.
        drop: Unsubscribes channels.
        renew: Subscribes a channel again, for a fresh snapshot.
    """

    def __init__(
        self,
        *,
        want: Callable[[Sequence[str]], None],
        drop: Callable[[Sequence[str]], None],
        renew: Callable[[str], None],
    ) -> None:
        self._want = want
        self._drop = drop
        self._renew = renew
        self._notes: dict[str, WeakSet[Stream[Note]]] = {}
        self._books: dict[str, tuple[LocalBook, WeakSet[BookStream]]] = {}
        self._listeners: WeakSet[Stream[Event]] = WeakSet()

    def add_notes(
        self, channels: Sequence[str], *, loss: Loss | None, capacity: int
    ) -> Stream[Note]:
        """Return a new stream of some channels; see `Client.subscribe`."""
        if loss is None:
            are_states = all(channel.startswith(STATE_CHANNELS) for channel in channels)
            loss = Loss.LATEST if are_states else Loss.FAIL
        stream: Stream[Note] = Stream(
            channels, capacity=capacity, loss=loss, on_lost=self._lost, on_end=self.tidy
        )
        for channel in channels:
            self._notes.setdefault(channel, WeakSet()).add(stream)
        self._want(channels)
        return stream

    def add_book(self, instrument_name: str, interval: str, levels: int | None) -> BookStream:
        """Return a new stream of a book; see `Client.book`."""
        channel = f"book.{instrument_name}.{interval}"
        if channel not in self._books:
            self._books[channel] = (LocalBook(instrument_name), WeakSet())
        book, streams = self._books[channel]
        stream = BookStream(book, channel, levels=levels, on_end=self.tidy)
        streams.add(stream)
        if book.is_stale and channel in self._notes:
            self._renew(channel)  # its snapshot went to a stream of notes, before this book was
        self._want([channel])
        return stream

    def add_listener(self) -> Stream[Event]:
        """Return a new stream of events; see `Client.events`."""
        stream: Stream[Event] = Stream(
            ["events"], capacity=EVENTS_MAX, loss=Loss.OLDEST, on_lost=_ignore, on_end=_ignore
        )
        self._listeners.add(stream)
        return stream

    def deliver(self, channel: str, data: Raw, *, now_ns: int, is_first: bool) -> None:
        """Hand one note of a channel to everyone who reads it."""
        if channel in self._books:
            self._update_book(channel, data)
        if channel in self._notes:
            note = Note(channel, data, now_ns, is_first)
            for stream in list(self._notes[channel]):
                stream.put(channel, note)
        self.tidy([channel])

    def tell(self, event: Event) -> None:
        """Hand an event to everyone who listens, and draw its consequences."""
        for listener in list(self._listeners):
            listener.put("events", event)
        if isinstance(event, Disconnected):
            self._distrust(event.reason)
        elif isinstance(event, Refused):
            error = SubscriptionRefusedError(channel=event.channel, reason=event.reason)
            for reader in self._readers(event.channel):
                reader.end(error)
            self.tidy([event.channel])

    def end(self, error: ClientError | None) -> None:
        """Let every stream stop, or raise `error`."""
        for channel in [*self._notes, *self._books]:
            for reader in self._readers(channel):
                reader.end(error)
        for listener in list(self._listeners):
            listener.end()

    def tidy(self, channels: Sequence[str]) -> None:
        """Leave those channels that nobody reads any more."""
        unread = [channel for channel in channels if not self._is_read(channel)]
        for channel in unread:
            self._books.pop(channel, None)
            self._notes.pop(channel, None)
        if unread:
            self._drop(unread)

    def _update_book(self, channel: str, data: Raw) -> None:
        book, streams = self._books[channel]
        match book.receive(data):
            case BookStep.CHANGED:
                for stream in list(streams):
                    stream.changed()
            case BookStep.RESYNCED:
                self._tell_book(channel, Resynced(book.instrument_name, book.change_id))
            case BookStep.BROKEN:
                self._tell_book(channel, Gap(book.instrument_name, book.reason))
                self._renew(channel)
            case BookStep.IGNORED:
                pass

    def _distrust(self, reason: str) -> None:
        for channel, (book, _) in list(self._books.items()):
            if book.distrust(reason):
                self._tell_book(channel, Stale(book.instrument_name, reason))

    def _tell_book(self, channel: str, event: BookEvent) -> None:
        for stream in list(self._books[channel][1]):
            stream.changed(event)
        self.tell(event)

    def _readers(self, channel: str) -> Iterator[Stream[Note] | BookStream]:
        yield from list(self._notes.get(channel, ()))
        if channel in self._books:
            yield from list(self._books[channel][1])

    def _is_read(self, channel: str) -> bool:
        return any(reader.is_open for reader in self._readers(channel))

    def _lost(self, channel: str, count: int) -> None:
        self.tell(Lost(channel, count))


def _ignore(*_: object) -> None:
    pass
