"""WebSockets for programs without an event loop: `with connect(uri) as ws`.

The connection lives in an event loop in a thread of its own, and ends with it. It is one thread for
each connection, and none for the process: there is nothing global to start, to share or to get
stuck, and a program that wants hundreds of connections wants the asyncio side of this room rather
than hundreds of threads that wait. Messages are collected in the loop's thread, so that taking one
that is there costs a lock and no turn of two threads.
"""

import threading
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, Literal, ParamSpec, Self, TypeVar, overload

from strikewire.websocket import aio
from strikewire.websocket.backoff import Retry
from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import ConnectionClosedError
from strikewire.websocket.headers import Headers
from strikewire.websocket.portal import PATIENCE_S, Portal, PortalClosedError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Opener:
    """What `connect` returns: opens one WebSocket, or one after the other."""

    def __init__(self, opening: aio.connect) -> None:
        self._opening = opening

    @property
    def last_retry(self) -> Retry | None:
        """The latest wait before an attempt, with its reason; None before the first."""
        return self._opening.last_retry

    def open(self) -> "Connection":
        """Open, and leave closing to the caller.

        Raises:
            OSError | WebSocketError: As `strikewire.websocket.connect` does.
        """
        portal = Portal("strikewire websocket")
        try:
            connection, inbox = portal.call(self._take, lambda: self._opening, portal)
            portal.end_with(partial(connection.close, CloseCode.GOING_AWAY))
            return Connection(connection, inbox, portal, owns_portal=True)
        except BaseException:
            portal.close()
            raise

    def __enter__(self) -> "Connection":
        """Open; see `open`."""
        self._connection = self.open()
        return self._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close with 1000, unless it is closed already, and wait until the socket is gone."""
        self._connection.close()

    def __iter__(self) -> Iterator["Connection"]:
        """Open one connection after the other, with waits between them.

        When the body ends its connection is closed. What the body raises is its own: where a lost
        connection shall lead to the next one, catch `ConnectionClosedError` and `continue`.

        Raises:
            OSError | WebSocketError: One did not open, and `retry` says that it would not help.
        """
        portal = Portal("strikewire websocket")
        try:
            connections = aiter(self._opening)
            while True:
                connection, inbox = portal.call(self._take, connections.__anext__, portal)
                yield Connection(connection, inbox, portal, owns_portal=False)
        finally:
            portal.close()  # which closes the connection that is open

    async def _take(
        self, open_one: Callable[[], Awaitable[aio.Connection]], portal: Portal
    ) -> "tuple[aio.Connection, _Inbox]":
        connection = await open_one()
        # At once, before the loop looks at what came with the handshake.
        return connection, _Inbox(connection, portal, self._opening.limits.received_messages_max)


def _with_arguments_of(
    model: Callable[Arguments, object],
) -> Callable[[Callable[..., Result]], Callable[Arguments, Result]]:
    del model
    return lambda function: function


@_with_arguments_of(aio.connect)
def connect(*arguments: Any, **options: Any) -> Opener:  # noqa: ANN401 - those of another function
    """Return what opens a WebSocket: once, or again and again.

    - `with connect(uri) as ws` opens it, and closes it when the block is left.
    - `ws = connect(uri).open()` leaves closing to the caller.
    - `for ws in connect(uri)` opens it, closes it when the body ends, waits a while and opens the
      next one.

    The arguments are those of `strikewire.websocket.connect`. Functions among them are called in
    the thread of the connection's event loop.

    Raises:
        InvalidURIError: It is not an address, or not one for TLS where that is asked for.
        InvalidProxyError: `proxy` is not the address of one.
        ValueError: Two arguments exclude each other.
    """
    return Opener(aio.connect(*arguments, **options))


class Connection:
    """One open WebSocket, for any number of threads.

    Each message goes to one of the threads that wait for one; messages sent by one thread arrive in
    the order in which it sent them. A connection that nobody refers to any more is closed, and so
    is one that is open when the interpreter exits.

    Attributes:
        path: Of the request that opened it, such as "/ws/api/v2".
        query: Of that request, as sent; empty without one.
        headers: Of the server's answer. Names in lower case.
        subprotocol: The one agreed on, or None.
        peer: Address of the server, such as "127.0.0.1:8765".
    """

    def __init__(
        self, connection: aio.Connection, inbox: "_Inbox", portal: Portal, *, owns_portal: bool
    ) -> None:
        """Take over an open connection; `connect` does this.

        Args:
            connection: Lives in the portal's loop.
            inbox: Takes its messages.
            portal: The way into that loop.
            owns_portal: Whether the portal ends with the connection.
        """
        self.path: Final = connection.path
        self.query: Final = connection.query
        self.headers: Final[Headers] = connection.headers
        self.subprotocol: Final = connection.subprotocol
        self.peer: Final = connection.peer
        self._connection = connection
        self._portal = portal
        self._owns_portal = owns_portal
        self._inbox = inbox
        if owns_portal:
            weakref.finalize(self, portal.close_soon).atexit = False  # the portal sees to that

    @property
    def is_open(self) -> bool:
        """Whether a message may be sent."""
        return self._connection.is_open

    @property
    def close_code(self) -> int | None:
        """Code of the first Close, whoever sent it; 1006 if there was none; None while open."""
        return self._connection.close_code

    @property
    def close_reason(self) -> str:
        """The words beside the close code."""
        return self._connection.close_reason

    @property
    def closed_by_us(self) -> bool:
        """Whether the first Close was ours."""
        return self._connection.closed_by_us

    @property
    def latency_s(self) -> float | None:
        """Round trip of the last ping that was answered, in seconds; None before the first."""
        return self._connection.latency_s

    # ------------------------------------------------------------------------------- receiving

    @overload
    def receive(
        self, timeout_s: float | None = None, *, decode: Literal[True] = True
    ) -> str | bytes: ...
    @overload
    def receive(self, timeout_s: float | None = None, *, decode: Literal[False]) -> bytes: ...
    def receive(self, timeout_s: float | None = None, *, decode: bool = True) -> str | bytes:
        """Wait for the next message.

        Messages that were read before the connection closed are still returned after it did.

        Args:
            timeout_s: How long to wait, in seconds; 0 takes what is here, None waits for ever.
            decode: Whether a text becomes str; otherwise it is its UTF-8, which JSON parsers take.

        Raises:
            TimeoutError: There was none in time. None is lost by that: the next call gets it.
            ConnectionClosedError: There will be no other message.
        """
        payload, is_text = self._inbox.take(timeout_s)
        return payload.decode() if decode and is_text else payload

    def __iter__(self) -> Self:
        """Iterate over messages; end when the connection is closed with 1000 or 1001."""
        return self

    def __next__(self) -> str | bytes:
        """Wait for the next message.

        Raises:
            ConnectionClosedError: The connection was closed with another code than 1000 or 1001.
        """
        try:
            return self.receive()
        except ConnectionClosedError as error:
            if error.code in (CloseCode.NORMAL, CloseCode.GOING_AWAY):
                raise StopIteration from None
            raise

    # --------------------------------------------------------------------------------- sending

    def send(
        self, payload: str | bytes, *, text: bool | None = None, compress: bool = True
    ) -> None:
        """Send a message, and wait while the server does not read.

        Args:
            payload: A str travels as text, bytes as binary unless `text` says otherwise.
            text: Whether bytes travel as text; they must be valid UTF-8, which is not checked.
            compress: Whether the message may be compressed, where that was agreed on.

        Raises:
            ConnectionClosedError: The connection is closed or closing.
            LocalProtocolError: A str holds a lone surrogate.
        """
        self._call(partial(self._connection.send, payload, text=text, compress=compress))

    def ping(self) -> float:
        """Ask the server for a sign of life; return the seconds until it came.

        Raises:
            ConnectionClosedError: The connection is closed, or closed before.
        """
        return self._call(self._connection.ping)

    # --------------------------------------------------------------------------------- closing

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Close, and wait until the socket is gone; a second time changes nothing.

        What was sent leaves before. Threads that wait in `receive` get the messages that are here,
        then the error. A server that does not answer is hung up on after `close_timeout_s`.

        Raises:
            LocalProtocolError: The code may not be sent, or the reason exceeds 123 bytes.
        """
        with suppress(PortalClosedError):
            self._portal.call(self._connection.close, code, reason)
        if self._owns_portal:
            self._portal.close()

    def abort(self) -> None:
        """Hang up without a word. The server sees 1006; `close` is still to be called."""
        self._portal.call_soon(self._connection.abort)

    def _call(self, function: Callable[[], Awaitable[Result]]) -> Result:
        try:
            return self._portal.call(function)
        except PortalClosedError:
            self._portal.close()  # it may still be closing
            raise self._inbox.why_closed() from None


class _Inbox:
    """The messages of one connection, on their way from its loop to whoever takes them."""

    def __init__(self, connection: aio.Connection, portal: Portal, messages_max: int) -> None:
        """Collect messages from here on, in the connection's loop.

        Args:
            connection: Nobody takes its messages yet.
            portal: The way into its loop.
            messages_max: Messages that may wait here before the server is slowed down.
        """
        self._connection = connection
        self._portal = portal
        self._messages_max = messages_max
        self._messages: deque[tuple[bytes, bool]] = deque()
        self._changed = threading.Condition()
        self._is_full = False
        self._end: ConnectionClosedError | None = None
        connection.on_message(self._put)
        connection.on_closed(self._close)

    def take(self, timeout_s: float | None) -> tuple[bytes, bool]:
        """Wait for a message and return it; raise `TimeoutError`, or why there will be none."""
        with self._changed:
            left_s = float("inf") if timeout_s is None else timeout_s
            while not self._changed.wait_for(self._has_news, min(left_s, PATIENCE_S)):
                left_s -= PATIENCE_S
                if left_s <= 0:
                    raise TimeoutError(f"no message came within {timeout_s} s")
            if not self._messages:
                raise self.why_closed()
            message = self._messages.popleft()
            reads_on = self._is_full and len(self._messages) <= self._messages_max // 2
            if reads_on:
                self._is_full = False
        if reads_on:
            self._portal.call_soon(self._connection.resume_reading)
        return message

    def _put(self, payload: bytes, is_text: bool) -> None:
        with self._changed:
            self._messages.append((payload, is_text))
            fills = not self._is_full and len(self._messages) >= self._messages_max
            if fills:
                self._is_full = True
            self._changed.notify()
        if fills:
            self._connection.pause_reading()

    def _close(self, connection: aio.Connection) -> None:
        try:
            connection.send_nowait(b"")  # asked for what cannot be, it says why
        except ConnectionClosedError as error:
            with self._changed:
                self._end = error.with_traceback(None)
                self._changed.notify_all()

    def _has_news(self) -> bool:
        return bool(self._messages) or self._end is not None

    def why_closed(self) -> ConnectionClosedError:
        """Return the error of a connection that is closed, for one thread to raise."""
        # Not the same for all: an error that is raised collects its traceback.
        end = self._end or ConnectionClosedError(CloseCode.ABNORMAL, by_us=True)
        return type(end)(end.code, end.reason, by_us=end.by_us)
