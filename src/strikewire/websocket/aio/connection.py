"""One open WebSocket over asyncio, either end of it."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Literal, Self, cast, overload

from strikewire.websocket.aio.keepalive import Keepalive
from strikewire.websocket.aio.outbox import Outbox, Turn
from strikewire.websocket.aio.sockets import hang_up as hang_up_politely
from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import (
    ConnectionClosedError,
    LocalProtocolError,
    PingTimeoutError,
    RemoteProtocolError,
    SlowReaderError,
)
from strikewire.websocket.events import Binary, Close, Event, Ping, Pong, Text
from strikewire.websocket.headers import Headers
from strikewire.websocket.limits import Limits
from strikewire.websocket.prepared import Prepared
from strikewire.websocket.protocol import Protocol, State, Step

OnMessage = Callable[[bytes, bool], None]
"""Takes a message: its payload (of a text: valid UTF-8, not decoded) and whether it is text."""


class Connection(asyncio.Protocol):
    """One open WebSocket.

    Messages are taken in one of two ways. `receive()` and `async for` wait for the next one in a
    task; `deliver_to(callback)` hands each over inside the callback that read it from the socket,
    without a task switch, and what the callback sends leaves in one write.

    Attributes:
        path: Of the request that opened it, such as "/ws/api/v2".
        query: Of that request, as sent; empty without one.
        headers: Of the peer's half of the handshake: the request on a server, the response on a
            client. Names in lower case.
        subprotocol: The one agreed on, or None.
        peer: Address of the other end, such as "127.0.0.1:50123".
    """

    def __init__(
        self,
        protocol: Protocol,
        *,
        turn: Turn,
        limits: Limits,
        target: str = "/",
        headers: Headers = (),
        subprotocol: str | None = None,
        peer: str = "",
        on_lost: Callable[["Connection"], None] | None = None,
    ) -> None:
        """Begin where the handshake ended; servers and `connect` do this."""
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.subprotocol = subprotocol
        self.peer = peer
        self._protocol = protocol
        self._limits = limits
        self._turn = turn
        self._loop = asyncio.get_running_loop()
        self._received: deque[Text | Binary] = deque()
        self._receiver: asyncio.Future[None] | None = None
        self._on_message: OnMessage | None = None
        self._callback_error: Exception | None = None
        self._has_begun = False
        self._is_handling = False
        self._error_kind: type[ConnectionClosedError] = ConnectionClosedError
        self._is_lost = False
        self._reading_paused = False
        self._paused_by_owner = False
        self._close_timer: asyncio.TimerHandle | None = None
        self._on_lost = on_lost
        self._closed = asyncio.Event()

    # ---------------------------------------------------------------------------------- status

    @property
    def is_open(self) -> bool:
        """Whether a message may be sent: while it is true, `send_nowait` raises nothing."""
        return self._protocol.state is State.OPEN

    @property
    def close_code(self) -> int | None:
        """Code of the first Close, whoever sent it; 1006 if there was none; None while open."""
        return self._protocol.close_code

    @property
    def close_reason(self) -> str:
        """The words beside the close code."""
        return self._protocol.close_reason

    @property
    def closed_by_us(self) -> bool:
        """Whether the first Close was ours."""
        return self._protocol.closed_by_us

    @property
    def queued_bytes(self) -> int:
        """Bytes sent that the kernel has not taken yet: what a slow reader still has to read."""
        return self._outbox.queued_bytes

    @property
    def latency_s(self) -> float | None:
        """Round trip of the last ping that was answered, in seconds; None before the first."""
        return self._keepalive.latency_s

    # ------------------------------------------------------------------------------- receiving

    @overload
    async def receive(self, *, decode: Literal[True] = True) -> str | bytes: ...
    @overload
    async def receive(self, *, decode: Literal[False]) -> bytes: ...
    async def receive(self, *, decode: bool = True) -> str | bytes:
        """Wait for the next message.

        Messages that were read before the connection closed are still returned after it did.

        Args:
            decode: Whether a text becomes str; otherwise it is its UTF-8, which JSON parsers take.

        Raises:
            ConnectionClosedError: There will be no other message.
            LocalProtocolError: Another task waits for one, or a callback takes them.
        """
        if self._receiver is not None or self._on_message is not None:
            raise LocalProtocolError("messages are taken by one task or one callback")
        while not self._received:
            self._check_open()
            self._receiver = self._loop.create_future()
            try:
                await self._receiver
            finally:
                self._receiver = None
        event = self._received.popleft()
        if self._reading_paused and len(self._received) <= self._limits.received_messages_max // 2:
            self._handle_events()  # which reads on, now that there is room
        if decode and isinstance(event, Text):
            return event.text
        return event.payload

    def __aiter__(self) -> Self:
        """Iterate over messages; end when the connection is closed with 1000 or 1001."""
        return self

    async def __anext__(self) -> str | bytes:
        """Wait for the next message.

        Raises:
            ConnectionClosedError: The connection was closed with another code than 1000 or 1001.
        """
        try:
            return await self.receive()
        except ConnectionClosedError as error:
            if error.code in (CloseCode.NORMAL, CloseCode.GOING_AWAY):
                raise StopAsyncIteration from None
            raise

    async def deliver_to(self, on_message: OnMessage) -> None:
        """Hand every message to `on_message` as it is read; return once the connection is closed.

        An exception of `on_message` closes the connection with 1011 and is raised here.
        """
        if self._receiver is not None or self._on_message is not None:
            raise LocalProtocolError("messages are taken by one task or one callback")
        self._on_message = on_message
        self.begin()
        await self._closed.wait()
        if self._callback_error is not None:
            raise self._callback_error

    def pause_reading(self) -> None:
        """Read nothing until `resume_reading`: the peer is slowed down by TCP.

        A callback may call this; messages that were read already wait as well.
        """
        self._paused_by_owner = True
        self._update_reading()

    def resume_reading(self) -> None:
        """Read again, beginning with what waits."""
        self._paused_by_owner = False
        self._update_reading()
        self._handle_events()

    # --------------------------------------------------------------------------------- sending

    async def send(
        self, payload: str | bytes, *, text: bool | None = None, compress: bool = True
    ) -> None:
        """Send a message, and wait while the peer does not read.

        Waiting here replaces `queued_bytes_max`, which this does not look at.

        Args:
            payload: A str travels as text, bytes as binary unless `text` says otherwise.
            text: Whether bytes travel as text; they must be valid UTF-8, which is not checked.
            compress: Whether the message may be compressed, where that was agreed on.

        Raises:
            ConnectionClosedError: The connection is closed or closing.
            LocalProtocolError: A str holds a lone surrogate.
        """
        await self._outbox.drain()
        self._check_open()
        self._outbox.write(self._frame(payload, text=text, compress=compress))
        await self._outbox.drain()

    def send_nowait(
        self, payload: str | bytes, *, text: bool | None = None, compress: bool = True
    ) -> None:
        """Queue a message; see `send`.

        A peer that lets more than `queued_bytes_max` wait is closed with 1008, and the message that
        would have been too much is dropped.
        """
        self._check_open()
        self._queue(self._frame(payload, text=text, compress=compress))

    def send_prepared(self, message: Prepared) -> None:
        """Queue a message that was framed once for many; as `send_nowait`."""
        self._check_open()
        self._queue(self._protocol.send_prepared(message))

    async def drain(self) -> None:
        """Wait while the peer does not read what was queued."""
        await self._outbox.drain()

    async def ping(self) -> float:
        """Ask the peer for a sign of life; return the seconds until it came.

        Raises:
            ConnectionClosedError: The connection is closed, or closed before.
        """
        self._check_open()
        return await self._keepalive.ping()

    # --------------------------------------------------------------------------------- closing

    def close_nowait(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Begin to close; of a connection that is closing or closed already, nothing is changed.

        What was queued leaves before. Messages that arrive from here on are dropped. A peer that
        does not answer is hung up on after `close_timeout_s`.

        Raises:
            LocalProtocolError: The code may not be sent, or the reason exceeds 123 bytes.
        """
        if not self._protocol.may_take(Step.SEND_CLOSE):
            return
        self._outbox.write(self._protocol.send_close(code, reason))
        self._begin_closing()

    async def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Close, and wait until the socket is gone; see `close_nowait`."""
        self.close_nowait(code, reason)
        await self._closed.wait()

    async def wait_closed(self) -> None:
        """Wait until the socket is gone, whoever closed it."""
        await self._closed.wait()

    def abort(self) -> None:
        """Hang up without a word. The peer sees 1006."""
        self._transport.abort()

    # ---------------------------------------------------------------------- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a socket whose handshake is done."""
        # Not an assertion: the transports of uvloop have no such base.
        self._transport = transport = cast("asyncio.Transport", transport)
        limits = self._limits
        self._outbox = Outbox(transport, self._turn, high_bytes=limits.queued_bytes_high)
        self._keepalive = Keepalive(
            self._loop,
            send_ping=self._send_ping,
            on_timeout=self._on_ping_timeout,
            interval_s=limits.ping_interval_s,
            timeout_s=limits.ping_timeout_s,
        )

    def begin(self) -> None:
        """Look at what arrives: called once the owner had a moment to say who takes messages.

        Without that moment, what comes in one packet with the handshake would be read before
        `deliver_to` could be called.
        """
        self._has_begun = True
        self._handle_events()

    def data_received(self, data: bytes) -> None:
        """Take in what the socket gave."""
        self._protocol.receive_data(data)
        self._handle_events()

    def eof_received(self) -> None:
        """Take in that the peer hung up; asyncio then closes our half too, once it is flushed."""
        self.begin()
        self._hang_up_at_the_latest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take in that the socket is gone, and tell everyone who waits."""
        del exc  # the reason of a lost socket is the same to us: no Close came
        self._is_lost = True
        self._outbox.abandon()
        self.begin()  # nobody has to be slowed down any more: what was read is handed out
        self._protocol.receive_eof()
        if self._close_timer is not None:
            self._close_timer.cancel()
        self._closed.set()
        self._keepalive.stop(self._closed_error())
        self._wake_receiver()
        if self._on_lost is not None:
            self._on_lost(self)

    def pause_writing(self) -> None:
        """Pass on that the transport is full."""
        self._outbox.pause()

    def resume_writing(self) -> None:
        """Pass on that the transport has room again."""
        self._outbox.resume()

    # ------------------------------------------------------------------------------ the inside

    def _handle_events(self) -> None:
        """Act on every event that is here, unless reading is paused; send the replies together."""
        if self._is_handling or not self._has_begun:
            return  # a callback resumed reading: the loop that called it goes on
        self._is_handling = True
        self._outbox.cork()
        try:
            while self._on_message is not None and self._received and not self._paused_by_owner:
                self._call_back(self._on_message, self._received.popleft())
            self._update_reading()
            while not self._reading_paused:
                event = self._protocol.next_event()
                if event is None:
                    break
                self._handle(event)
        except RemoteProtocolError as error:
            self._fail(error.close_code, error.reason)
        finally:
            self._is_handling = False
            self._outbox.uncork()

    def _handle(self, event: Event) -> None:
        match event:
            case Text() | Binary():
                if self.is_open:
                    self._deliver(event)
            case Ping(payload):
                # 5.5.2: "an endpoint MUST send a Pong frame in response, unless it already
                # received a Close frame"; nothing at all may follow our own Close.
                if self.is_open:
                    self._queue(self._protocol.send_pong(payload))
            case Pong(payload):
                self._keepalive.on_pong(payload)
            case Close(code):
                # 5.5.1: the answer "typically echos the status code it received".
                if self._protocol.may_take(Step.SEND_CLOSE):
                    self._outbox.write(self._protocol.send_close(code))
                self._begin_closing()

    def _deliver(self, event: Text | Binary) -> None:
        if self._on_message is not None:
            self._call_back(self._on_message, event)
            return
        self._received.append(event)
        self._update_reading()
        self._wake_receiver()

    def _call_back(self, on_message: OnMessage, event: Text | Binary) -> None:
        try:
            on_message(event.payload, isinstance(event, Text))
        except Exception as error:  # noqa: BLE001 - deliver_to raises it, in the owner's task
            if isinstance(error, ConnectionClosedError) and not self.is_open:
                return  # a reply to a message that was read before the peer broke the protocol
            self._callback_error = error
            self.close_nowait(CloseCode.INTERNAL_ERROR)

    def _update_reading(self) -> None:
        # While we close, messages are dropped and the peer's Close must be seen.
        pause = (self.is_open and not self._is_lost) and (
            self._paused_by_owner or len(self._received) >= self._limits.received_messages_max
        )
        if pause == self._reading_paused:
            return
        self._reading_paused = pause
        if not self._transport.is_closing():
            if pause:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _wake_receiver(self) -> None:
        if self._receiver is not None and not self._receiver.done():
            self._receiver.set_result(None)

    def _frame(self, payload: str | bytes, *, text: bool | None, compress: bool) -> bytes:
        as_text = isinstance(payload, str) if text is None else text
        if as_text:
            return self._protocol.send_text(payload, compress=compress)
        data = payload.encode() if isinstance(payload, str) else payload
        return self._protocol.send_binary(data, compress=compress)

    def _queue(self, frame: bytes) -> None:
        queued_bytes = self._outbox.queued_bytes
        # However long it is, a message on an empty queue is no sign of a slow reader.
        if queued_bytes and queued_bytes + len(frame) > self._limits.queued_bytes_max:
            self._error_kind = SlowReaderError
            self._fail(CloseCode.POLICY_VIOLATION, "reads too slowly")
            return
        self._outbox.write(frame)

    def _send_ping(self, payload: bytes) -> None:
        if self.is_open:
            self._queue(self._protocol.send_ping(payload))

    def _on_ping_timeout(self) -> None:
        if not self.is_open:
            return  # a peer that owes us its Close is waited for by another clock
        self._error_kind = PingTimeoutError
        self._fail(CloseCode.INTERNAL_ERROR, "ping was not answered")

    def _check_open(self) -> None:
        if self._protocol.state is not State.OPEN:
            raise self._closed_error()

    def _closed_error(self) -> ConnectionClosedError:
        code = self.close_code
        assert code is not None
        return self._error_kind(code, self.close_reason, by_us=self.closed_by_us)

    def _fail(self, code: int, reason: str) -> None:
        """Send Close, if that may be sent, and hang up without waiting for the peer's."""
        if self._protocol.may_take(Step.SEND_CLOSE):
            self._outbox.write(self._protocol.send_close(code, reason))
        self._begin_closing(hang_up=True)

    def _begin_closing(self, *, hang_up: bool = False) -> None:
        """Hang up when it is our turn to, and in `close_timeout_s` at the latest."""
        self._hang_up_at_the_latest()
        self._update_reading()
        self._wake_receiver()
        if hang_up:
            self._outbox.flush_all()
            hang_up_politely(self._transport)
        elif self._protocol.state is State.CLOSED and self._protocol.role == "server":
            # 7.1.1: the server closes first, so that no client is left in TIME_WAIT.
            self._outbox.flush_all()
            self._transport.close()

    def _hang_up_at_the_latest(self) -> None:
        if self._close_timer is None and self._limits.close_timeout_s > 0:
            self._close_timer = self._loop.call_later(
                self._limits.close_timeout_s, self._transport.abort
            )
