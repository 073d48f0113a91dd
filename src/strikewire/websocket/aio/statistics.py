"""The counters of a connection, as values."""

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
