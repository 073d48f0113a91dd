"""The counters of connections and of servers, as values."""

from collections import Counter
from collections.abc import Iterable
from copy import copy
from typing import Protocol

import msgspec

from strikewire.websocket.aio.backlog import Queue
from strikewire.websocket.aio.keepalive import RoundTrips
from strikewire.websocket.messages import Saving


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection has done so far.

    Attributes:
        messages_received: Whole messages from the peer.
        bytes_received: Their payloads, inflated.
        wire_bytes_received: Everything from the peer, frame headers and control frames included;
            with TLS, after it was decrypted.
        messages_sent: Messages sent, those of topics included.
        bytes_sent: Their payloads, before they were compressed.
        wire_bytes_sent: Everything given to the kernel, or to TLS.
        sends: Times that the kernel, or TLS, was given something: the fewer, the better.
        compressed: What compressing our own messages saved; None before the first.
        inflated: What the peer's compression saved; None before the first.
        queue: What waits for the peer.
        round_trips: How long pings took; None before the first answer.
    """

    messages_received: int
    bytes_received: int
    wire_bytes_received: int
    messages_sent: int
    bytes_sent: int
    wire_bytes_sent: int
    sends: int
    compressed: Saving | None
    inflated: Saving | None
    queue: Queue
    round_trips: RoundTrips | None


class ServerStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What all WebSockets of a server have done so far, those that are gone included.

    Attributes:
        connections: WebSockets that are open.
        opened: WebSockets that ever were.
        closed: How many ended with which close code; 1006 without a Close.
        closed_by_us: How many of those we closed first.
        messages_received: Whole messages from peers.
        bytes_received: Their payloads, inflated.
        wire_bytes_received: Everything from peers.
        messages_sent: Messages sent, those of topics included.
        bytes_sent: Their payloads, before they were compressed.
        wire_bytes_sent: Everything given to the kernel, or to TLS.
        sends: Times that the kernel, or TLS, was given something.
        conflated: Messages whose place a newer one of the same key took.
        dropped: Messages dropped because they were the oldest of too many.
        queue_messages_high: The most messages that ever waited for one peer.
        queue_bytes_high: The most bytes of messages that ever waited for one peer.
        compressed: What compressing our own messages saved; topics' shared streams are not in it.
        inflated: What the peers' compression saved.
    """

    connections: int = 0
    opened: int = 0
    closed: dict[int, int] = {}
    closed_by_us: int = 0
    messages_received: int = 0
    bytes_received: int = 0
    wire_bytes_received: int = 0
    messages_sent: int = 0
    bytes_sent: int = 0
    wire_bytes_sent: int = 0
    sends: int = 0
    conflated: int = 0
    dropped: int = 0
    queue_messages_high: int = 0
    queue_bytes_high: int = 0
    compressed: Saving = Saving()
    inflated: Saving = Saving()


class Counted(Protocol):
    """A connection, as its server's counters see it; the counters are those of `Statistics`."""

    messages_received: int
    bytes_received: int
    wire_bytes_received: int
    messages_sent: int
    bytes_sent: int
    wire_bytes_sent: int
    sends: int

    @property
    def waited(self) -> Queue | None:
        """What waited for its peer; None if nothing ever did."""

    @property
    def savings(self) -> tuple[Saving | None, Saving | None]:
        """What compression saved, of what was sent and of what was received."""

    @property
    def close_code(self) -> int | None:
        """How it ended."""

    @property
    def closed_by_us(self) -> bool:
        """Whether we ended it."""


class Totals:
    """Adds up what connections did that are gone."""

    def __init__(self) -> None:
        self._past = _Sums()
        self._closed: Counter[int] = Counter()
        self._closed_by_us = 0

    def add(self, gone: Counted) -> None:
        """Count a connection that has ended."""
        assert gone.close_code is not None
        self._past.add(gone)
        self._closed[gone.close_code] += 1
        self._closed_by_us += gone.closed_by_us

    def with_open(self, connections: Iterable[Counted]) -> ServerStatistics:
        """Return what they did, and what these did that are open."""
        total, count = copy(self._past), 0
        for connection in connections:
            total.add(connection)
            count += 1
        return ServerStatistics(
            connections=count,
            opened=count + self._closed.total(),
            closed=dict(self._closed),
            closed_by_us=self._closed_by_us,
            **{name: getattr(total, name) for name in _Sums.__slots__},
        )


class _Sums:
    """Added to once for every connection that ends, so without a value in between."""

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "compressed",
        "conflated",
        "dropped",
        "inflated",
        "messages_received",
        "messages_sent",
        "queue_bytes_high",
        "queue_messages_high",
        "sends",
        "wire_bytes_received",
        "wire_bytes_sent",
    )

    def __init__(self) -> None:
        self.messages_received = self.bytes_received = self.wire_bytes_received = 0
        self.messages_sent = self.bytes_sent = self.wire_bytes_sent = self.sends = 0
        self.conflated = self.dropped = self.queue_messages_high = self.queue_bytes_high = 0
        self.compressed = self.inflated = Saving()

    def add(self, one: Counted) -> None:
        self.messages_received += one.messages_received
        self.bytes_received += one.bytes_received
        self.wire_bytes_received += one.wire_bytes_received
        self.messages_sent += one.messages_sent
        self.bytes_sent += one.bytes_sent
        self.wire_bytes_sent += one.wire_bytes_sent
        self.sends += one.sends
        waited = one.waited
        if waited is not None:
            self.conflated += waited.conflated
            self.dropped += waited.dropped
            self.queue_messages_high = max(self.queue_messages_high, waited.messages_high)
            self.queue_bytes_high = max(self.queue_bytes_high, waited.bytes_high)
        compressed, inflated = one.savings
        self.compressed = self.compressed.with_all(compressed)
        self.inflated = self.inflated.with_all(inflated)
