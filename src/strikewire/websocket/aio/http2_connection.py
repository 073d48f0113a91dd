"""One HTTP/2 connection over asyncio, either end of it: it moves bytes, and tells streams apart."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol, cast

from strikewire.websocket.aio.sockets import hang_up, prepare_socket
from strikewire.websocket.headers import Headers
from strikewire.websocket.http2 import (
    ConnectionFailed,
    DataReceived,
    GoingAway,
    Http2Event,
    Http2Protocol,
    StreamEnded,
    StreamReset,
)
from strikewire.websocket.http2_frames import ErrorCode
from strikewire.websocket.http2_limits import Http2Limits
from strikewire.websocket.limits import Limits

logger = logging.getLogger("strikewire.websocket")

Tell = Callable[[Exception | None], None]


class StreamOwner(Protocol):
    """Whom a stream belongs to: a request under way, an opening WebSocket, or its transport."""

    def on_data(self, data: bytes) -> None:
        """Take in data; say `Http2Connection.taken` when it is no longer held."""

    def on_end(self) -> None:
        """Take in that the peer closed its half."""

    def on_reset(self, code: int) -> None:
        """Take in that the stream was cut short."""

    def on_lost(self, error: Exception | None) -> None:
        """Take in that the connection is gone."""

    def on_sent(self) -> None:
        """Take in that some of what was queued is on its way."""


class Http2Connection(asyncio.Protocol):
    """The socket of an HTTP/2 connection, and the owners of its streams.

    What streams write in one turn of the event loop leaves in one write at its end. While the
    socket is full, what is queued stays with its stream.

    Attributes:
        protocol: What knows the rules.
        owners: By number of their stream.
        is_closing: Whether the socket is hung up, or about to be.
    """

    def __init__(
        self,
        protocol: Http2Protocol,
        *,
        limits: Limits,
        http2_limits: Http2Limits,
        on_made: Callable[[], None],
        on_event: Callable[[Http2Event], None],
        on_lost: Callable[[Exception | None], None],
        closes_with_last_stream: bool = False,
    ) -> None:
        """Begin a connection.

        Args:
            protocol: New.
            limits: Sizes and times.
            http2_limits: As `protocol` was given.
            on_made: Told when there is a socket.
            on_event: Takes what concerns no stream that has an owner here.
            on_lost: Told when the socket is gone, after the owners of streams.
            closes_with_last_stream: Whether the socket serves one stream, and ends with it: whoever
                waits for the stream to be gone then waits for the socket.
        """
        self.protocol: Final = protocol
        self.owners: dict[int, StreamOwner] = {}
        self.is_closing = False
        self._limits = limits
        self._unread_bytes_max = limits.queued_bytes_high + http2_limits.unread_bytes_max
        self._on_made = on_made
        self._on_event = on_event
        self._on_lost = on_lost
        self._closes_with_last_stream = closes_with_last_stream
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._is_lost = False
        self._corked = False
        self._flush_is_due = False
        self._writing_paused = False
        self._idle_timer: asyncio.TimerHandle | None = None
        self._close_timer: asyncio.TimerHandle | None = None
        self._untold: list[Tell] = []

    # ---------------------------------------------------------------------- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a socket, and send what an HTTP/2 connection begins with."""
        # Not an assertion: the transports of uvloop have no such base.
        self._transport = transport = cast("asyncio.Transport", transport)
        prepare_socket(transport, self._limits)
        high_bytes = self._limits.queued_bytes_high
        transport.set_write_buffer_limits(high=high_bytes, low=high_bytes // 4)
        if self.protocol.role == "server":
            self.wait_idle(self._limits.open_timeout_s)
        self._on_made()
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Take in what the socket gave; what it makes us say leaves in one write."""
        if self.is_closing:
            return
        self._corked = True
        try:
            for event in self.protocol.receive(data, self._loop.time()):
                self._take(event)
        finally:
            self._corked = False
            self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take in that the socket is gone, and tell everyone."""
        self._is_lost = self.is_closing = True
        for timer in (self._idle_timer, self._close_timer):
            if timer is not None:
                timer.cancel()
        self._lose_streams(exc)
        for tell in self._untold:
            tell(exc)
        self._untold.clear()
        self._on_lost(exc)

    def pause_writing(self) -> None:
        """Take in that the socket is full."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """Take in that the socket has room again."""
        self._writing_paused = False
        self.flush()

    # ----------------------------------------------------------------- what owners of streams do

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what the socket's transport knows."""
        assert self._transport is not None
        return self._transport.get_extra_info(name, default)

    def open_stream(self, lines: Headers, owner: StreamOwner) -> int:
        """Send the head of a request; return the number of its stream."""
        stream_id = self.protocol.open_stream(lines)
        self.owners[stream_id] = owner
        self._stop_idling()
        self._flush_soon()
        return stream_id

    def adopt(self, stream_id: int, owner: StreamOwner) -> None:
        """Say whom a stream belongs to from here on."""
        self.owners[stream_id] = owner
        self._stop_idling()

    def send_head(self, stream_id: int, lines: Headers) -> None:
        """Answer a request."""
        self.protocol.send_head(stream_id, lines)
        self._flush_soon()

    def send(self, stream_id: int, data: bytes) -> None:
        """Queue data."""
        self.protocol.send(stream_id, data)
        self._flush_soon()

    def end(self, stream_id: int, *, stop: bool = False) -> None:
        """Close our half of a stream after what is queued; see `Http2Protocol.end`."""
        self.protocol.end(stream_id, stop=stop)
        self._flush_soon()

    def reset(self, stream_id: int, code: ErrorCode) -> None:
        """Cut a stream short."""
        self.protocol.reset(stream_id, code)
        self._flush_soon()

    def taken(self, stream_id: int, size: int) -> None:
        """Say that data of a stream is no longer held."""
        self.protocol.taken(stream_id, size)
        self._flush_soon()

    def discard(self, stream_id: int) -> None:
        """Throw away what still comes on a stream."""
        self.protocol.discard(stream_id)

    def queued_bytes(self, stream_id: int) -> int:
        """Return how much waits to leave on a stream."""
        return self.protocol.queued_bytes(stream_id)

    def has_sent_all(self, stream_id: int) -> bool:
        """Return whether our half of a stream is closed and all of it left."""
        return self.protocol.has_sent_all(stream_id)

    def is_over(self, stream_id: int) -> bool:
        """Return whether both halves of a stream are closed, or it was cut short."""
        return self.protocol.is_over_stream(stream_id)

    def leave(self, stream_id: int, tell: Tell, error: Exception | None = None) -> None:
        """End an owner's time with a stream, and tell it so in a later turn of the loop."""
        self.owners.pop(stream_id, None)
        if self._closes_with_last_stream and not self._is_lost:
            self._untold.append(tell)
            self.close()
        else:
            self._loop.call_soon(tell, error)
        if not self.owners:
            self._flush_soon()  # which hangs up if this was the last, or waits for another
            self.wait_idle(self._limits.idle_timeout_s)

    # ---------------------------------------------------------------------------------- closing

    def close(self) -> None:
        """Take no new streams, and hang up after those that are open."""
        self.protocol.go_away()
        self._flush_soon()

    def abort(self) -> None:
        """Hang up now."""
        self.is_closing = True
        if self._transport is not None:
            self._transport.abort()

    def wait_idle(self, seconds: float) -> None:
        """Close if for so long no stream is opened; a client waits for its user instead."""
        self._stop_idling()
        if self.protocol.role == "server" and seconds > 0 and not self.is_closing:
            self._idle_timer = self._loop.call_later(seconds, self.close)

    # ------------------------------------------------------------------------------ the inside

    def _take(self, event: Http2Event) -> None:
        match event:
            case DataReceived(stream_id, data):
                if stream_id in self.owners:
                    self.owners[stream_id].on_data(data)
            case StreamEnded(stream_id):
                if stream_id in self.owners:
                    self.owners[stream_id].on_end()
            case StreamReset(stream_id, code):
                if stream_id in self.owners:
                    self.owners[stream_id].on_reset(code)
            case ConnectionFailed(code, reason):
                logger.debug("http/2 connection failed with code %d: %s", code, reason)
                self._on_event(event)
                self._lose_streams(ConnectionResetError(reason))
            case _:
                self._on_event(event)
                if isinstance(event, GoingAway) and self.protocol.role == "client":
                    self._lose_streams(
                        ConnectionResetError("the server did not look at it"),
                        above=event.last_stream_id,
                    )

    def _lose_streams(self, error: Exception | None, *, above: int = 0) -> None:
        for stream_id in [number for number in self.owners if number > above]:
            self.owners[stream_id].on_lost(error)

    def _flush_soon(self) -> None:
        if not (self._corked or self._flush_is_due or self.is_closing):
            self._flush_is_due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what there is room for, and hang up if nothing more will come."""
        self._flush_is_due = False
        transport = self._transport
        if transport is None or self.is_closing:
            return
        self._corked = True  # what streams write when they hear that they have room is taken below
        try:
            self._write(transport)
        finally:
            self._corked = False
        if transport.get_write_buffer_size() > self._unread_bytes_max:
            logger.warning("http/2 peer reads nothing of %d bytes", self._unread_bytes_max)
            self.abort()
        elif self.protocol.is_over or (self.protocol.is_going_away and not self.owners):
            self._hang_up(transport)

    def _write(self, transport: asyncio.Transport) -> None:
        while True:
            room_bytes = self._limits.queued_bytes_high - transport.get_write_buffer_size()
            # Until the transport says that it is full: only then will it say when it is not.
            data, moved = self.protocol.take(0 if self._writing_paused else max(1, room_bytes))
            if data:
                transport.write(data)
            for stream_id in moved:
                if stream_id in self.owners:
                    self.owners[stream_id].on_sent()
            if not data:
                return

    def _hang_up(self, transport: asyncio.Transport) -> None:
        self.is_closing = True
        self._stop_idling()
        seconds = self._limits.close_timeout_s
        if seconds > 0 and not self._is_lost:
            self._close_timer = self._loop.call_later(seconds, transport.abort)
        hang_up(transport)

    def _stop_idling(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
