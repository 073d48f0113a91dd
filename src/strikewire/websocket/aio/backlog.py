"""What waits because the kernel takes no more, and what becomes of it when too much does.

Theory of operation. As long as a peer reads, nothing is here. Once it does not, every frame waits
as an entry of its own, so that a message that is out of date can still be taken back:

- what was sent to this connection alone is never taken back; too much of it is a slow reader;
- what a topic published follows the topic's `SlowReader` policy: the newest message of a key takes
  the place of the one before it, the oldest are dropped, or the connection is given up;
- of pings and pongs only the newest of each waits, and it leaves before everything else: RFC 6455
  5.5.3 lets an endpoint answer the latest of several pings only.
"""

from collections import deque
from typing import Final, Literal, Protocol

import msgspec

from strikewire.websocket.published import Published
from strikewire.websocket.shared_deflate import Follower

_WRITE_BYTES: Final = 64 << 10


class SlowReader(msgspec.Struct, frozen=True, kw_only=True):
    """What a topic does with a subscriber that does not read as fast as it publishes.

    While the subscriber does read, none of this matters.
    """

    policy: Literal["close", "drop_oldest", "conflate"] = "close"
    """close: give the connection up at a limit. drop_oldest: at a limit, drop this topic's oldest
    waiting messages. conflate: at once, let a message take the place of the waiting one of the same
    key; then close at a limit."""

    messages_max: int = 1024
    """Messages of the topic that may wait for one subscriber."""

    bytes_max: int = 1 << 20
    """Bytes of the topic's frames that may wait for one subscriber."""

    close_code: Literal[1008, 1013] = 1008
    """1008 (policy violation), or 1013 (try again later) for clients that reconnect on it."""


class Taker(Follower, Protocol):
    """A connection, as its backlog sees it."""

    messages_sent: int
    bytes_sent: int


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of what waits for a peer, and of what did.

    Attributes:
        messages: Messages that wait.
        bytes: Bytes that wait, in the transport too.
        age_s: How long the oldest of them has waited, in seconds.
        messages_high: The most messages that ever waited.
        bytes_high: The most bytes of messages that ever waited.
        conflated: Messages whose place a newer one of the same key took.
        dropped: Messages dropped because they were the oldest of too many.
    """

    messages: int = 0
    bytes: int = 0
    age_s: float = 0.0
    messages_high: int = 0
    bytes_high: int = 0
    conflated: int = 0
    dropped: int = 0


class _Entry:
    """One waiting frame; its place stays when a newer message takes it."""

    __slots__ = ("at_s", "frame", "is_live", "key", "message", "messages", "topic")

    def __init__(
        self,
        frame: bytes,
        messages: int,
        at_s: float,
        *,
        topic: "_Topic | None" = None,
        message: Published | None = None,
        key: str | None = None,
    ) -> None:
        self.frame = frame
        self.messages = messages
        self.at_s = at_s
        self.topic = topic
        self.message = message
        self.key = key
        self.is_live = True


class _Topic:
    """What waits of one topic."""

    __slots__ = ("by_key", "bytes", "entries", "messages")

    def __init__(self) -> None:
        self.entries: deque[_Entry] = deque()
        self.by_key: dict[str, _Entry] = {}
        self.messages = 0
        self.bytes = 0


class Backlog:
    """The frames that wait for one peer, in order.

    Attributes:
        messages: Messages that wait.
        bytes: Bytes of frames that wait.
        messages_high: The most messages that ever waited.
        bytes_high: The most bytes that ever waited.
        conflated: Messages whose place a newer one took.
        dropped: Messages dropped.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0
        self.messages_high = 0
        self.bytes_high = 0
        self.conflated = 0
        self.dropped = 0
        self._entries: deque[_Entry] = deque()
        self._dead = 0
        self._topics: dict[object, _Topic] = {}
        self._controls: dict[int, bytes] = {}

    def __bool__(self) -> bool:
        return bool(self._entries or self._controls)

    def age_s(self, now_s: float) -> float:
        """Return how long the oldest message has waited, in seconds."""
        for entry in self._entries:
            if entry.is_live:
                return now_s - entry.at_s
        return 0.0

    def add(self, frame: bytes, messages: int, now_s: float) -> None:
        """Keep what is never taken back."""
        self._entries.append(_Entry(frame, messages, now_s))
        self._count(messages, len(frame))

    def add_control(self, frame: bytes) -> None:
        """Keep a ping or a pong in place of the one before it."""
        self._controls[frame[0]] = frame

    def add_published(
        self, topic: object, message: Published, key: str | None, policy: SlowReader, now_s: float
    ) -> bool:
        """Keep a topic's message as its policy says; return False if the peer is too slow."""
        waiting = self._topics.get(topic)
        if waiting is None:
            waiting = self._topics[topic] = _Topic()
        frame = message.plain
        if policy.policy == "conflate" and key is not None and key in waiting.by_key:
            self._replace(waiting.by_key[key], waiting, message, frame)
            return waiting.bytes <= policy.bytes_max
        if policy.policy == "drop_oldest":
            while waiting.entries and (
                waiting.messages >= policy.messages_max
                or waiting.bytes + len(frame) > policy.bytes_max
            ):
                self._drop_oldest(waiting)
        entry = _Entry(frame, 1, now_s, topic=waiting, message=message, key=key)
        self._entries.append(entry)
        waiting.entries.append(entry)
        if key is not None:
            waiting.by_key[key] = entry
        waiting.messages += 1
        waiting.bytes += len(frame)
        self._count(1, len(frame))
        return policy.policy == "drop_oldest" or (
            waiting.messages <= policy.messages_max and waiting.bytes <= policy.bytes_max
        )

    def take(self, connection: "Taker") -> bytes:
        """Return what is to leave next, up to some 64 KiB of it."""
        pieces = list(self._controls.values())
        self._controls.clear()
        size = 0
        while self._entries and size < _WRITE_BYTES:
            entry = self._entries.popleft()
            if not entry.is_live:
                self._dead -= 1
                continue
            self._forget(entry)
            if entry.topic is not None:
                entry.topic.entries.popleft()
            frame = entry.frame
            if entry.message is not None:
                frame = entry.message.frame_for(connection)
                connection.messages_sent += 1
                connection.bytes_sent += entry.message.size
            pieces.append(frame)
            size += len(frame)
        if not self._entries:
            self._topics.clear()
        return b"".join(pieces)

    def clear(self) -> None:
        """Forget everything that waits; the counters stay."""
        self._entries.clear()
        self._topics.clear()
        self._controls.clear()
        self.messages = self.bytes = self._dead = 0

    def _count(self, messages: int, size: int) -> None:
        self.messages += messages
        self.bytes += size
        self.messages_high = max(self.messages_high, self.messages)
        self.bytes_high = max(self.bytes_high, self.bytes)

    def _replace(self, entry: _Entry, waiting: _Topic, message: Published, frame: bytes) -> None:
        growth = len(frame) - len(entry.frame)
        entry.frame = frame
        entry.message = message
        waiting.bytes += growth
        self.conflated += 1
        self._count(0, growth)

    def _drop_oldest(self, waiting: _Topic) -> None:
        entry = waiting.entries.popleft()
        self._forget(entry)
        entry.is_live = False
        entry.frame = b""
        entry.message = None
        self.dropped += 1
        self._dead += 1
        # A peer that never reads again must not make a graveyard of its queue.
        if self._dead > 64 and 2 * self._dead > len(self._entries):
            self._entries = deque(entry for entry in self._entries if entry.is_live)
            self._dead = 0

    def _forget(self, entry: _Entry) -> None:
        self.messages -= entry.messages
        self.bytes -= len(entry.frame)
        topic = entry.topic
        if topic is not None:
            topic.messages -= 1
            topic.bytes -= len(entry.frame)
            if entry.key is not None and topic.by_key.get(entry.key) is entry:
                del topic.by_key[entry.key]
