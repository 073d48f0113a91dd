"""One open WebSocket, either end of it, on any transport."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, NoReturn, Self, cast, overload
from typing import Protocol as Interface

from strikewire.websocket.aio.backlog import Backlog, Queue, SlowReader
from strikewire.websocket.aio.keepalive import Pings, Pulse, RoundTrips, first_round_trip
from strikewire.websocket.aio.kernels.link import Link, Turn
from strikewire.websocket.aio.sockets import close_transport
from strikewire.websocket.aio.sockets import hang_up as hang_up_politely
from strikewire.websocket.aio.statistics import Statistics
from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import (
    ConnectionClosedError,
    LocalProtocolError,
    PingTimeoutError,
    RemoteProtocolError,
    SlowReaderError,
)
from strikewire.websocket.events import Binary, Close, Event, Ping, Pong, Text
from strikewire.websocket.extensions import Agreement
from strikewire.websocket.headers import Headers, parse_head
from strikewire.websocket.limits import Limits
from strikewire.websocket.messages import Saving
from strikewire.websocket.prepared import Prepared
from strikewire.websocket.protocol import Protocol, Role, State, Step
from strikewire.websocket.published import Published
from strikewire.websocket.shared_deflate import SharedDeflater, can_follow

OnMessage = Callable[[bytes, bool], None]
"""Takes a message: its payload (of a text: valid UTF-8, not decoded) and whether it is text."""

OnDecoded = Callable[[str | bytes], None]
"""Takes a message: a text as str, a binary message as bytes."""


class Subscription(Interface):
    """A topic, as its subscribers see it."""

    def unsubscribe(self, connection: "Connection") -> None:
        """Send nothing more to `connection`."""


_PONG = 0x8A
_PING = 0x89


class Connection(Link, asyncio.Protocol):
    """One open WebSocket.

    Messages are taken in one of three ways. `receive()` and `async for` wait for the next one in a
    task; `batches()` gives all that are here at once; `on_message` and `deliver_to` hand each over
    inside the callback that read it from the socket, without a task switch, and what the callback
    sends leaves in one write.

    Attributes:
        path: Of the request that opened it, such as "/ws/api/v2".
        query: Of that request, as sent; empty without one.
        subprotocol: The one agreed on, or None.
        peer: Address of the other end, such as "127.0.0.1:50123".
        agreement: What was agreed on about compression, or None.
        round_trips: How long pings took; None before the first answer.
    """

    __slots__ = (
        "_backlog",
        "_callback_error",
        "_close_timer",
        "_closing_waiters",
        "_drain_waiters",
        "_error_kind",
        "_heard_at_s",
        "_is_lost",
        "_limits",
        "_on_closed",
        "_on_lost",
        "_paused_by_owner",
        "_pings",
        "_protocol",
        "_pulse",
        "_request",
        "_topics",
        "agreement",
        "path",
        "peer",
        "query",
        "round_trips",
        "subprotocol",
    )

    def __init__(
        self,
        turn: Turn,
        role: Role,
        *,
        limits: Limits,
        agreement: Agreement | None = None,
        target: str = "/",
        headers: Headers | bytes = (),
        subprotocol: str | None = None,
        peer: str = "",
        pulse: Pulse | None = None,
        on_lost: Callable[["Connection"], None] | None = None,
    ) -> None:
        """Begin where the handshake ended; servers and `connect` do this."""
        super().__init__(
            turn,
            role,
            frame_bytes_max=limits.frame_bytes_max,
            message_bytes_max=limits.message_bytes_max,
            inbox_max=limits.received_messages_max,
        )
        self.path, _, self.query = target.partition("?")
        self.subprotocol = subprotocol
        self.peer = peer
        self.agreement = agreement
        self.round_trips: RoundTrips | None = None
        self.inflates = self.deflates = agreement is not None
        self._request = headers
        self._limits = limits
        self._protocol: Protocol | None = None
        self._backlog: Backlog | None = None
        self._callback_error: Exception | None = None
        self._error_kind: type[ConnectionClosedError] = ConnectionClosedError
        self._is_lost = False
        self._paused_by_owner = False
        self._close_timer: asyncio.TimerHandle | None = None
        self._closing_waiters: list[asyncio.Future[None]] | None = None
        self._drain_waiters: list[asyncio.Future[None]] | None = None
        self._pulse = pulse
        self._pings: Pings | None = None
        self._heard_at_s = 0.0
        self._on_closed: Callable[[Connection], None] | None = None
        self._on_lost = on_lost
        self._topics: set[Subscription] | None = None

    # ---------------------------------------------------------------------------------- status

    @property
    def headers(self) -> Headers:
        """The peer's half of the handshake: the request on a server, the response on a client.

        Names in lower case. Of a head that is kept as it came, this takes it apart.
        """
        return parse_head(self._request) if isinstance(self._request, bytes) else self._request

    @property
    def is_open(self) -> bool:
        """Whether a message may be sent: while it is true, `send_nowait` raises nothing."""
        return self.can_send

    @property
    def close_code(self) -> int | None:
        """Code of the first Close, whoever sent it; 1006 if there was none; None while open."""
        return None if self._protocol is None else self._protocol.close_code

    @property
    def close_reason(self) -> str:
        """The words beside the close code."""
        return "" if self._protocol is None else self._protocol.close_reason

    @property
    def closed_by_us(self) -> bool:
        """Whether the first Close was ours."""
        return self._protocol is not None and self._protocol.closed_by_us

    @property
    def queued_bytes(self) -> int:
        """Bytes sent that the kernel has not taken yet: what a slow reader still has to read."""
        if self._is_lost:
            return 0
        waiting = 0 if self._backlog is None else self._backlog.bytes
        in_transport: int = self.transport.get_write_buffer_size()
        return waiting + self.collected_bytes + in_transport

    @property
    def queue(self) -> Queue:
        """What waits for the peer, how long the oldest of it has, and what was conflated."""
        backlog = self._backlog
        if backlog is None:
            return Queue(bytes=self.queued_bytes)
        return Queue(
            messages=backlog.messages,
            bytes=self.queued_bytes,
            age_s=backlog.age_s(self.turn.loop.time()),
            messages_high=backlog.messages_high,
            bytes_high=backlog.bytes_high,
            conflated=backlog.conflated,
            dropped=backlog.dropped,
        )

    @property
    def waited(self) -> Queue | None:
        """What waits and waited for the peer; None if it always read."""
        return None if self._backlog is None else self.queue

    @property
    def savings(self) -> tuple[Saving | None, Saving | None]:
        """What compression saved, of what was sent and of what was received."""
        protocol = self._protocol
        return (None, None) if protocol is None else (protocol.compressed, protocol.inflated)

    @property
    def latency_s(self) -> float | None:
        """Round trip of the last ping that was answered, in seconds; None before the first."""
        return None if self.round_trips is None else self.round_trips.last_s

    @property
    def statistics(self) -> Statistics:
        """A snapshot of every counter."""
        compressed, inflated = self.savings
        return Statistics(
            messages_received=self.messages_received,
            bytes_received=self.bytes_received,
            wire_bytes_received=self.wire_bytes_received,
            messages_sent=self.messages_sent,
            bytes_sent=self.bytes_sent,
            wire_bytes_sent=self.wire_bytes_sent,
            sends=self.sends,
            compressed=compressed,
            inflated=inflated,
            queue=self.queue,
            round_trips=self.round_trips,
        )

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
        return cast("str | bytes", await self.next_message(decode))

    def __aiter__(self) -> Self:
        """Iterate over messages; end when the connection is closed with 1000 or 1001.

        Any other code raises `ConnectionClosedError`.
        """
        return self

    async def messages(self, *, decode: bool = True) -> AsyncIterator[Any]:
        """Iterate over messages as `async for` over the connection does.

        Args:
            decode: Whether a text becomes str; otherwise every message is bytes.
        """
        while True:
            try:
                yield await self.next_message(decode, iterates=True)
            except StopAsyncIteration:
                return

    async def batches(self, *, decode: bool = True) -> AsyncIterator[list[Any]]:
        """Iterate over lists of messages: all that are here, at least one.

        For a reader that falls behind, this is one task switch for many messages.

        Args:
            decode: As for `messages`.
        """
        while True:
            try:
                yield await self.next_batch(decode)
            except StopAsyncIteration:
                return

    @overload
    def on_message(self, callback: OnMessage, *, decode: Literal[False] = False) -> None: ...
    @overload
    def on_message(self, callback: OnDecoded, *, decode: Literal[True]) -> None: ...
    def on_message(self, callback: OnMessage | OnDecoded, *, decode: bool = False) -> None:
        """Hand every message to `callback` as it is read.

        What the callback sends leaves in one write. An exception it raises closes the connection
        with 1011.

        Args:
            callback: Called with payload and whether it is text, or with the message.
            decode: Whether it wants one argument, texts as str.

        Raises:
            LocalProtocolError: Another callback or a task takes them.
        """
        if self.has_reader:
            raise LocalProtocolError("messages are taken by one task or one callback")
        self.set_reader(callback, decode)
        self._update_reading()  # messages that wait are no reason to read nothing any more
        self.go_on_delivering()

    def on_closed(self, callback: Callable[["Connection"], None]) -> None:
        """Call `callback` once the socket is gone; at once if it is."""
        if self._is_lost:
            callback(self)
        else:
            self._on_closed = callback

    async def deliver_to(self, on_message: OnMessage) -> None:
        """Hand every message to `on_message` as it is read; return once the connection is closed.

        An exception of `on_message` closes the connection with 1011 and is raised here.
        """
        self.on_message(on_message)
        self.begin()
        await self.wait_closed()
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

    # --------------------------------------------------------------------------------- sending

    async def _send_in_turn(self, payload: str | bytes, text: bool | None, compress: bool) -> None:
        await self.drain()
        self.send_nowait(payload, text=text, compress=compress)
        await self.drain()

    async def _give_way(self) -> None:
        await asyncio.sleep(0)

    def send_prepared(self, message: Prepared) -> None:
        """Queue a message that was framed once for many; as `send_nowait`.

        Raises:
            LocalProtocolError: This is a client: its frames are masked, each with its own key.
        """
        if not self.can_send:
            self._cannot_send()
        if self.role == "client":
            raise LocalProtocolError("a client cannot send what was framed for many")
        self.bytes_sent += len(message.payload)
        self.send_frame_bytes(message.frame(self.agreement), 1)

    def send_published(
        self, topic: object, message: Published, key: str | None, policy: SlowReader
    ) -> None:
        """Queue what a topic published while the peer does not read; topics do this."""
        backlog = self._backlog_now()
        now_s = self.turn.loop.time()
        if not backlog.add_published(topic, message, key, policy, now_s):
            self._give_up(policy.close_code)

    def join(self, topic: "Subscription") -> None:
        """Leave `topic` when the connection is lost; topics do this."""
        if self._topics is None:
            self._topics = set()
        self._topics.add(topic)

    def leave(self, topic: "Subscription") -> None:
        """Take back `join`."""
        if self._topics is not None:
            self._topics.discard(topic)

    def follow(self, group: SharedDeflater) -> None:
        """Let the peer inflate the stream of `group`, if it can and follows no other; topics do.

        What is sent to it alone travels uncompressed from here on: it must not enter the window
        that the stream refers back to.
        """
        if self.shared_group is None and can_follow(self.agreement, group.window_bits):
            self.shared_group = group
            self.next_shared = -1
            self.deflates = False

    def unfollow(self, group: SharedDeflater) -> None:
        """Take back `follow`; what is sent to the peer alone is compressed in a fresh context."""
        if self.shared_group is group:
            self.shared_group = None
            self.next_shared = -1
            self.deflates = self.agreement is not None
            self._protocol_now().forget_deflated()

    async def drain(self) -> None:
        """Wait while more than `queued_bytes_high` wait for the peer to read."""
        while self.is_full and self.queued_bytes > self._limits.queued_bytes_high:
            if self._drain_waiters is None:
                self._drain_waiters = []
            waiter = self.turn.loop.create_future()
            self._drain_waiters.append(waiter)
            try:
                await waiter
            finally:
                if self._drain_waiters is not None and waiter in self._drain_waiters:
                    self._drain_waiters.remove(waiter)

    async def ping(self) -> float:
        """Ask the peer for a sign of life; return the seconds until it came.

        Raises:
            ConnectionClosedError: The connection is closed, or closed before.
        """
        if not self.can_send:
            self._cannot_send()
        answered: asyncio.Future[float] = self.turn.loop.create_future()
        self._ping(answered)
        return await answered

    # --------------------------------------------------------------------------------- closing

    def close_nowait(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Begin to close; of a connection that is closing or closed already, nothing is changed.

        What was queued leaves before. Messages that arrive from here on are dropped. A peer that
        does not answer is hung up on after `close_timeout_s`.

        Raises:
            LocalProtocolError: The code may not be sent, or the reason exceeds 123 bytes.
        """
        protocol = self._protocol_now()
        if not protocol.may_take(Step.SEND_CLOSE):
            return
        self._send_last(protocol.send_close(code, reason))
        self._begin_closing()

    async def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Close, and wait until the socket is gone; see `close_nowait`."""
        self.close_nowait(code, reason)
        await self.wait_closed()

    async def wait_closed(self) -> None:
        """Wait until the socket is gone, whoever closed it."""
        if self._is_lost:
            return
        waiter = self.turn.loop.create_future()
        if self._closing_waiters is None:
            self._closing_waiters = []
        self._closing_waiters.append(waiter)
        await waiter

    def abort(self) -> None:
        """Hang up without a word. The peer sees 1006."""
        self.transport.abort()

    # -------------------------------------------------------------------- what a transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a socket whose handshake is done."""
        # Every byte that the kernel does not take is our business: see `Backlog`. Not zero: TLS
        # of asyncio is full when it holds as much as its limit.
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=1, low=0)
        self.attach(transport)
        if self._pulse is not None:
            self._heard_at_s = self.turn.loop.time()
            self._pulse.enter(self)

    def eof_received(self) -> None:
        """Take in that the peer hung up; the transport then closes our half, once it is flushed."""
        self.begin()
        self._flush_all()
        self._hang_up_at_the_latest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take in that the socket is gone, and tell everyone who waits."""
        del exc  # the reason of a lost socket is the same to us: no Close came
        self._is_lost = True
        self.abandon()
        if self._backlog is not None:
            self._backlog.clear()
        self._paused_by_owner = False
        self.paused = False  # nobody has to be slowed down any more: what was read is handed out
        self.begin()
        self._protocol_now().receive_eof()
        self._sync()
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None
        if self._pulse is not None:
            self._pulse.leave(self)
        if self._pings is not None:
            self._pings.end(self._closed_error())
        for topic in tuple(self._topics or ()):
            topic.unsubscribe(self)
        self.wake_reader()
        self._wake(self._drain_waiters)
        self._wake(self._closing_waiters)
        if self._on_closed is not None:
            self._on_closed(self)
        if self._on_lost is not None:
            self._on_lost(self)

    # -------------------------------------------------------------------- what the link asks for

    def _on_frame(self, data: bytes) -> None:
        protocol = self._protocol_now()
        try:
            protocol.receive_data(data)
            while (event := protocol.next_event()) is not None:
                self._handle(event)
        except RemoteProtocolError as error:
            self._fail(error)
        self._sync()

    def _on_head(self, first: int, second: int) -> None:
        try:
            self._protocol_now().check_start(first, second)
        except RemoteProtocolError as error:
            self._fail(error)

    def _on_bad_text(self) -> None:
        self._fail(self._protocol_now().refuse_text())

    def _inflated(self, opcode: int, payload: bytes) -> bytes | None:
        try:
            return self._protocol_now().inflate_message(opcode, payload)
        except RemoteProtocolError as error:
            self._fail(error)
            return None

    def _deflated(self, payload: bytes, is_text: bool) -> bytes:
        return self._protocol_now().send_message(payload, text=is_text)

    def _handle(self, event: Event) -> None:
        match event:
            case Text(payload):
                self.deliver_message(payload, True)
            case Binary(payload):
                self.deliver_message(payload, False)
            case Ping(payload):
                if self.can_send:
                    self.send_frame_bytes(self._protocol_now().send_pong(payload))
            case Pong(payload):
                self._on_pong(payload)
            case Close(code):
                self._sync()
                # 5.5.1: the answer "typically echos the status code it received".
                protocol = self._protocol_now()
                if protocol.may_take(Step.SEND_CLOSE):
                    self._send_last(protocol.send_close(code))
                self._begin_closing()

    def _callback_failed(self, error: Exception) -> None:
        if isinstance(error, ConnectionClosedError) and not self.is_open:
            return  # a reply to a message that was read before the peer broke the protocol
        self._callback_error = error
        if self._on_lost is not None and self._closing_waiters is None:
            self.turn.loop.call_exception_handler(
                {"message": "callback of a connection failed", "exception": error}
            )
        self.close_nowait(CloseCode.INTERNAL_ERROR)

    def _inbox_full(self) -> None:
        self._update_reading()

    def _inbox_low(self) -> None:
        if self.waiting_messages <= self._limits.received_messages_max // 2:
            self._update_reading()

    def _no_message(self, iterates: bool) -> None:
        if self.has_reader:
            raise LocalProtocolError("messages are taken by one task or one callback")
        if self.can_send:
            return
        error = self._closed_error()
        if iterates and error.code in (CloseCode.NORMAL, CloseCode.GOING_AWAY):
            raise StopAsyncIteration
        raise error

    def _cannot_send(self) -> NoReturn:
        raise self._closed_error()

    def _lone_surrogate(self) -> NoReturn:
        raise LocalProtocolError("text holds a lone surrogate")

    def _keep(self, frame: bytes, messages: int) -> None:
        """Let a frame wait until the peer reads."""
        backlog = self._backlog_now()
        if frame[0] in (_PING, _PONG) and not messages:
            backlog.add_control(frame)
            return
        queued_bytes = self.queued_bytes
        # However long it is, a message on an empty queue is no sign of a slow reader.
        if queued_bytes and queued_bytes + len(frame) > self._limits.queued_bytes_max:
            self._give_up(CloseCode.POLICY_VIOLATION)
            return
        backlog.add(frame, messages, self.turn.loop.time())

    def _on_drained(self) -> None:
        backlog = self._backlog
        while backlog and not self.is_full:
            self.put_bytes(backlog.take(self))
        if not self.is_full or self.queued_bytes <= self._limits.queued_bytes_high:
            self._wake(self._drain_waiters)

    # ------------------------------------------------------------------------------- keepalive

    def beat(self, now_s: float) -> None:
        """Ping if it is time to, give up if it is time to; the `Pulse` calls this."""
        if not self.can_send:
            return  # a peer that owes us its Close is waited for by another clock
        if self._protocol is not None:
            self._protocol.rest()
        limits = self._limits
        pings = self._pings
        if pings is not None and pings.own_at_s is not None:
            if 0 < limits.ping_timeout_s <= now_s - pings.own_at_s:
                self._error_kind = PingTimeoutError
                self._end(CloseCode.INTERNAL_ERROR, "ping was not answered")
        elif now_s - self._heard_at_s >= limits.ping_interval_s:
            self._ping(None)

    def _ping(self, answered: asyncio.Future[float] | None) -> None:
        if self._pings is None:
            self._pings = Pings()
        payload = self._pings.sent(self.turn.loop.time(), answered)
        self.send_frame_bytes(self._protocol_now().send_ping(payload))

    def _on_pong(self, payload: bytes) -> None:
        if self._pings is None:
            return
        now_s = self.turn.loop.time()
        seconds = self._pings.answered(payload, now_s)
        if seconds is None:
            return
        self._heard_at_s = now_s
        if self.round_trips is None:
            self.round_trips = first_round_trip(seconds)
        else:
            self.round_trips = self.round_trips.after(seconds)

    # ------------------------------------------------------------------------------ the inside

    def _protocol_now(self) -> Protocol:
        """Return the protocol, which exists from the first frame on that is not a plain message."""
        if self._protocol is None:
            self._protocol = Protocol(
                self.role,
                limits=self._limits,
                agreement=self.agreement,
                mask_key=self.turn.mask_key if self.role == "client" else None,
            )
        return self._protocol

    def _backlog_now(self) -> Backlog:
        if self._backlog is None:
            self._backlog = Backlog()
        return self._backlog

    def _sync(self) -> None:
        """Tell the link what the protocol's state allows."""
        protocol = self._protocol_now()
        self.can_send = protocol.state is State.OPEN
        self.discards = protocol.discards
        self.message_open = protocol.is_message_open

    def _update_reading(self) -> None:
        # While we close, messages are dropped and the peer's Close must be seen.
        too_many = self.waiting_messages >= self._limits.received_messages_max
        pause = (self.can_send and not self._is_lost) and (
            self._paused_by_owner or (too_many and not self.has_callback)
        )
        if pause == self.paused:
            return
        self.paused = pause
        if not self._is_lost and not self.transport.is_closing():
            if pause:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()
        if not pause:
            self.go_on_delivering()

    def _closed_error(self) -> ConnectionClosedError:
        code = self.close_code
        assert code is not None
        return self._error_kind(code, self.close_reason, by_us=self.closed_by_us)

    def _fail(self, error: RemoteProtocolError) -> None:
        """Tell the peer that it broke the protocol, and hang up."""
        self._end(error.close_code, error.reason)

    def _give_up(self, code: int) -> None:
        """End a connection whose peer does not read: what waits for it would be stale."""
        if self.can_send:
            self._error_kind = SlowReaderError
            self._backlog_now().clear()
            self._end(code, "reads too slowly")

    def _end(self, code: int, reason: str) -> None:
        """Send Close, if that may be sent, and hang up without waiting for the peer's."""
        protocol = self._protocol_now()
        if protocol.may_take(Step.SEND_CLOSE):
            self._send_last(protocol.send_close(code, reason))
        self._begin_closing(hang_up=True)

    def _send_last(self, frame: bytes) -> None:
        """Send Close, after everything that waits; nothing follows it."""
        if self.is_full:
            self._backlog_now().add(frame, 0, self.turn.loop.time())
        else:
            self.put_bytes(frame)
        self._sync()

    def _begin_closing(self, *, hang_up: bool = False) -> None:
        """Hang up when it is our turn to, and in `close_timeout_s` at the latest."""
        self._sync()
        self._hang_up_at_the_latest()
        self._update_reading()
        self.wake_reader()
        if self._is_lost:
            return
        protocol = self._protocol_now()
        if hang_up:
            self._flush_all()
            hang_up_politely(self.transport)
        elif protocol.state is State.CLOSED and self.role == "server":
            # 7.1.1: the server closes first, so that no client is left in TIME_WAIT.
            self._flush_all()
            close_transport(self.transport)

    def _flush_all(self) -> None:
        """Give the transport everything, room or not: nothing more will come."""
        while self._backlog:
            self.put_bytes(self._backlog.take(self))
        self.flush()

    def _hang_up_at_the_latest(self) -> None:
        if self._close_timer is None and self._limits.close_timeout_s > 0 and not self._is_lost:
            self._close_timer = self.turn.loop.call_later(
                self._limits.close_timeout_s, self.transport.abort
            )

    def _wake(self, waiters: list[asyncio.Future[None]] | None) -> None:
        for waiter in list(waiters or ()):
            if not waiter.done():
                waiter.set_result(None)
