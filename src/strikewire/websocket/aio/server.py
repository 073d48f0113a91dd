"""A WebSocket and HTTP server on one port."""

import asyncio
import errno
import logging
import socket
import ssl as tls
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from email.utils import formatdate
from types import TracebackType
from typing import Any, Final, Self
from typing import Protocol as Interface

from strikewire.websocket.aio.addresses import Addresses
from strikewire.websocket.aio.admission import Admit
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.http_connection import HttpConnection
from strikewire.websocket.aio.keepalive import Pulse
from strikewire.websocket.aio.kernels.engine import Engine, Listener, SocketTransport
from strikewire.websocket.aio.kernels.tls import TlsTransport
from strikewire.websocket.aio.response_writer import HttpHandler
from strikewire.websocket.aio.statistics import ServerStatistics, Totals
from strikewire.websocket.aio.turns import EngineName, engine_of, turn_of
from strikewire.websocket.aio.watch import Watch
from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import AddressInUseError, ConnectionClosedError
from strikewire.websocket.extensions import Compression
from strikewire.websocket.extras import extra
from strikewire.websocket.handshake import Accepted, Policy
from strikewire.websocket.http import (
    HttpRequest,
    HttpResponse,
    ResponseEncoder,
    plain_text,
)
from strikewire.websocket.http2_limits import Http2Limits
from strikewire.websocket.limits import Limits

Handler = Callable[[Connection], Awaitable[None] | None]
"""Serves one open WebSocket.

An `async def` runs in a task of its own: returning closes the connection with 1000, raising with
1011. A plain function sets callbacks and returns; the connection stays, without a task.
"""

logger = logging.getLogger("strikewire.websocket")

_BACKLOG: Final = 1024

# Deadlines are looked at in steps of an eighth of the shortest, and at least four times a second.
_GRAIN_S_MAX: Final = 0.25

_TOO_MANY: Final = plain_text(503, "too many connections", ("retry-after", "1"))
_TOO_MANY_OF_YOU: Final = plain_text(
    429, "too many connections from this address", ("retry-after", "1")
)


class Newcomer(Interface):
    """What is no WebSocket, or not yet: a socket, or one request on a socket of many.

    Attributes:
        address: Of the client, where the socket is to be counted for it; else empty.
    """

    @property
    def address(self) -> str:
        """See above."""

    def close(self) -> None:
        """Hang up when what is under way is done."""

    def abort(self) -> None:
        """Hang up now."""


class Server:
    """A server: `async with serve(...) as server` opens it, and leaving the block closes it.

    Closing is graceful: no new sockets, HTTP requests under way are answered, every WebSocket is
    closed with 1001 and its handler may finish. What is left after `shutdown_timeout_s` is
    cancelled and hung up on.

    Attributes:
        limits: As given.
        policy: What handshakes are accepted.
        http: As given.
        admit: As given.
        clock: As given.
        streams_bodies: Whether the HTTP handler takes bodies as they come.
        loop: The event loop it runs on.
        encoder: Writes its HTTP responses.
        watch: Looks at the deadlines of its HTTP sockets.
        is_closing: Whether `close` was called.
        connections: The open WebSockets.
        addresses: Host and port of every listening socket; one name may stand for several.
    """

    def __init__(
        self,
        handler: Handler,
        host: str,
        port: int,
        *,
        ssl: tls.SSLContext | None,
        http: HttpHandler | None,
        admit: Admit | None,
        policy: Policy,
        limits: Limits,
        sock: socket.socket | None,
        reuse_port: bool,
        engine: EngineName,
        clock: Callable[[], float] | None = None,
        lifespan: AbstractAsyncContextManager[object] | None = None,
        http2: Http2Limits | None,
    ) -> None:
        """Remember what to do; `serve` is the way in."""
        self.limits: Final = limits
        self.policy: Final = policy
        self.http: Final = http
        self.admit: Final = admit
        self.clock: Final = clock
        self.streams_bodies: Final = bool(getattr(http, "streams_bodies", False))
        self.encoder: Final = ResponseEncoder()
        self.is_closing = False
        self.connections: set[Connection] = set()
        self.addresses: tuple[tuple[str, int], ...] = ()
        self._handler = handler
        self._host = host
        self._port = port
        self._ssl = ssl
        self._sock = sock
        self._reuse_port = reuse_port
        self._engine: EngineName = engine
        self._lifespan = nullcontext() if lifespan is None else lifespan
        self._per_address = Addresses(limits)
        self._date = b""
        self._date_until_s = 0.0
        self._sockets: set[Newcomer] = set()
        self._turned_away: set[Newcomer] = set()
        self._unflushed: list[HttpConnection] = []
        self._addresses: dict[Connection, str] = {}
        self._totals = Totals()
        self._http2 = http2
        self._tasks = asyncio.TaskGroup()
        self._work: set[asyncio.Task[None]] = set()
        self._at_rest = asyncio.Event()

    @property
    def statistics(self) -> ServerStatistics:
        """A snapshot of what all its WebSockets have done, those that are gone included."""
        return self._totals.with_open(self.connections)

    @property
    def port(self) -> int:
        """The port it listens on: the one given, or the one that was free."""
        return self.addresses[0][1]

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            AddressInUseError: Another program does.
            OSError: The address cannot be listened on for another reason.
        """
        self.loop = loop = asyncio.get_running_loop()
        self.watch = Watch(loop, self._watched, grain_s=_grain_s(self.limits))
        self._turn = turn_of(loop)
        self._pulse = Pulse(
            loop,
            interval_s=self.limits.ping_interval_s,
            timeout_s=self.limits.ping_timeout_s,
        )
        await self._lifespan.__aenter__()
        self._newcomer = self._socket_maker()
        try:
            await self._tasks.__aenter__()
            try:
                sockets = await self._bind()
                # Kept here because a listener that is closed no longer knows.
                self.addresses = tuple(sock.getsockname()[:2] for sock in sockets)
                self._listeners = [await self._listen(sock) for sock in sockets]
            except BaseException:
                await self._tasks.__aexit__(None, None, None)
                raise
        except BaseException as error:
            await self._lifespan.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close gracefully, then by force. An error of the block goes its way untouched."""
        self.close()
        try:
            async with asyncio.timeout(self.limits.shutdown_timeout_s or None):
                await self._rest()
        except TimeoutError:
            logger.warning(
                "stopping by force: %d websockets, %d http sockets and %d handlers did not end",
                len(self.connections),
                len(self._sockets),
                len(self._work),
            )
        finally:
            for connection in list(self.connections):
                connection.abort()
            for waiting in [*self._sockets, *self._turned_away]:
                waiting.abort()
            for task in self._work:
                task.cancel()
            self.watch.stop()
            try:
                await self._tasks.__aexit__(None, None, None)
            finally:
                await self._lifespan.__aexit__(kind, error, traceback)

    def close(self) -> None:
        """Begin to close; the end of the `async with` block waits for it."""
        if self.is_closing:
            return
        self.is_closing = True
        for listener in self._listeners:
            listener.close()
        for waiting in list(self._sockets):
            waiting.close()
        for connection in list(self.connections):
            connection.close_nowait(CloseCode.GOING_AWAY, "server is closing")

    # ------------------------------------------------------------- what its own sockets call

    def enter(self, newcomer: Newcomer) -> HttpResponse | None:
        """Count a socket in, or return the response that turns it away."""
        if len(self._sockets) + len(self.connections) >= self.limits.connections_max:
            self._turned_away.add(newcomer)
            return _TOO_MANY
        if not self._per_address.enter(newcomer.address):
            self._turned_away.add(newcomer)
            return _TOO_MANY_OF_YOU
        self._sockets.add(newcomer)
        return None

    def leave(self, gone: Newcomer) -> None:
        """Count a socket out."""
        if gone in self._sockets:
            self._sockets.discard(gone)
            self._per_address.leave(gone.address)
        self._turned_away.discard(gone)
        self._look_around()

    def flush_later(self, socket: HttpConnection) -> None:
        """Have a socket flushed at the end of this turn of the loop."""
        if not self._unflushed:
            self.loop.call_soon(self._flush)
        self._unflushed.append(socket)

    def wait_s(self, address: str) -> float:
        """Count a request; return the seconds to wait if its address makes too many of them."""
        return self._per_address.wait_s(address, self.loop.time())

    def date_line(self) -> bytes:
        """Return a `Date` header with its line end, made once a second."""
        assert self.clock is not None
        now_s = self.loop.time()
        if now_s >= self._date_until_s:
            date_s = self.clock()
            self._date = f"date: {formatdate(date_s, usegmt=True)}\r\n".encode()
            self._date_until_s = now_s + 1.0 - date_s % 1.0
        return self._date

    def open(self, request: HttpRequest, accepted: Accepted) -> Connection:
        """Return the WebSocket that a handshake opened."""
        return Connection(
            self._turn,
            "server",
            limits=self.limits,
            agreement=accepted.agreement,
            pulse=self._pulse,
            target=request.target,
            headers=request.head,
            subprotocol=accepted.subprotocol,
            peer=request.peer,
            on_lost=self._on_lost,
        )

    def replace(self, gone: Newcomer, connection: Connection) -> None:
        """Count a socket as WebSocket from here on."""
        self._sockets.discard(gone)
        self.connections.add(connection)
        if self.limits.connections_per_address_max and gone.address:
            self._addresses[connection] = gone.address

    def start_handler(self, connection: Connection, handler: Handler | None) -> None:
        """Start the handler of a WebSocket: the server's own where it has none."""
        try:
            work = (handler or self._handler)(connection)
        except Exception:  # the outermost edge of the handler
            logger.exception("handler of %s failed", connection.path)
            connection.close_nowait(CloseCode.INTERNAL_ERROR)
            work = None
        if work is None:
            connection.begin()
        else:
            self.start(self._handle(connection, work))

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in a task that ends with the server."""
        task = self._tasks.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._on_done)
        return task

    # ------------------------------------------------------------------------------ the inside

    def _flush(self) -> None:
        unflushed, self._unflushed = self._unflushed, []
        for socket_ in unflushed:
            socket_.flush()

    def _watched(self) -> list[HttpConnection]:
        everyone = (*self._sockets, *self._turned_away)
        return [one for one in everyone if isinstance(one, HttpConnection)]

    async def _bind(self) -> list[socket.socket]:
        """Return bound sockets, one for each address of the host."""
        if self._sock is not None:
            return [self._sock]
        infos = await asyncio.get_running_loop().getaddrinfo(
            self._host or None, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        bound: list[socket.socket] = []
        try:
            for family, _, _, _, address in dict.fromkeys(infos):
                bound.append(self._bind_one(family, address))
        except BaseException as error:
            for sock in bound:
                sock.close()
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                raise AddressInUseError(self._host, self._port) from None
            raise
        return bound

    def _bind_one(self, family: int, address: tuple[object, ...]) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._reuse_port:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                # One socket an address family: a name may stand for both.
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
        except OSError as error:
            sock.close()
            words = f"cannot listen on {address[0]}, port {address[1]}: {error.strerror}"
            raise OSError(error.errno, words) from None
        return sock

    async def _listen(self, sock: socket.socket) -> Listener | asyncio.Server:
        loop = asyncio.get_running_loop()
        engine = engine_of(loop, self._engine)
        try:
            if engine is not None:
                sock.listen(_BACKLOG)
                transport = SocketTransport if self._ssl is None else self._secure
                return Listener(engine, sock, self._newcomer, transport)
            return await loop.create_server(
                self._newcomer,
                sock=sock,
                ssl=self._ssl,
                ssl_handshake_timeout=(self.limits.open_timeout_s or None) if self._ssl else None,
                backlog=_BACKLOG,
            )
        except OSError as error:
            sock.close()
            if error.errno == errno.EADDRINUSE:
                raise AddressInUseError(self._host, self._port) from None
            raise

    def _secure(self, engine: Engine, fd: int) -> TlsTransport:
        assert self._ssl is not None
        seconds = self.limits.open_timeout_s
        return TlsTransport(
            engine, fd, self._ssl, server_side=True, handshake_timeout_s=seconds or None
        )

    def _socket_maker(self) -> Callable[[], asyncio.Protocol]:
        """Return what makes a protocol for every new socket."""
        if self._http2 is None:
            return lambda: HttpConnection(self)
        with extra("http2"):
            from strikewire.websocket.aio.http2_server import ALPN, door_of
        if self._ssl is not None:
            self._ssl.set_alpn_protocols(ALPN)
        return door_of(self, self._http2)

    async def _handle(self, connection: Connection, work: Awaitable[None]) -> None:
        # Runs when the handler waits for the first time, or is done.
        asyncio.get_running_loop().call_soon(connection.begin)
        try:
            await work
        except ConnectionClosedError as error:
            # Peers come and go; but it may have been another connection that the handler lost.
            if connection.is_open:
                logger.warning("handler of %s lost a connection: %s", connection.path, error)
            connection.close_nowait(CloseCode.INTERNAL_ERROR)
        except Exception:  # the outermost edge of the handler's task
            logger.exception("handler of %s failed", connection.path)
            connection.close_nowait(CloseCode.INTERNAL_ERROR)
        else:
            connection.close_nowait()

    def _on_lost(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.discard(connection)
            self._totals.add(connection)
            address = self._addresses.pop(connection, "")
            if address:
                self._per_address.leave(address)
        self._look_around()

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        self._look_around()

    def _look_around(self) -> None:
        if not (self._sockets or self._turned_away or self.connections or self._work):
            self._at_rest.set()

    async def _rest(self) -> None:
        """Wait until no socket is open and no handler runs."""
        self._look_around()
        while self._sockets or self._turned_away or self.connections or self._work:
            self._at_rest.clear()
            await self._at_rest.wait()


def _grain_s(limits: Limits) -> float:
    times = (
        limits.open_timeout_s,
        limits.idle_timeout_s,
        limits.body_timeout_s,
        limits.close_timeout_s,
    )
    return min([_GRAIN_S_MAX, *(seconds / 8 for seconds in times if seconds > 0)])


def serve(
    handler: Handler,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ssl: tls.SSLContext | None = None,
    http: HttpHandler | None = None,
    admit: Admit | None = None,
    origins: Sequence[str] | None = None,
    subprotocols: Sequence[str] = (),
    compression: bool | Compression = True,
    limits: Limits | None = None,
    sock: socket.socket | None = None,
    reuse_port: bool = False,
    engine: EngineName = "auto",
    clock: Callable[[], float] | None = None,
    lifespan: AbstractAsyncContextManager[object] | None = None,
    http2: bool | Http2Limits = False,
) -> Server:
    """Return a server; `async with` opens it.

    Args:
        handler: Called with every WebSocket, in a task of its own.
        host: Address or name to listen on.
        port: Zero takes one that is free; `Server.port` says which.
        ssl: For wss:// and https://; without, the port speaks plain text.
        http: Answers every request that is no WebSocket handshake; without, they get 426.
        admit: Has the last word on a handshake: an answer (such as 404 for the path) refuses it,
            an `Admission` chooses subprotocol, headers or handler. It may return an awaitable.
        origins: Values of the Origin header that are let in; None lets every page in.
        subprotocols: Names, the most wanted first; the first that the client offers is chosen.
        compression: Whether, or how, to compress for clients that offer it.
        limits: Sizes and times; the default ones without.
        sock: A bound socket to listen on, instead of `host` and `port`.
        reuse_port: Whether other processes may listen on the port too (SO_REUSEPORT).
        engine: "native" for the engine's own sockets (Linux, macOS), "asyncio" for those of the
            running loop, "auto" for the former where they can be had.
        clock: Returns seconds since the Unix epoch, as `time.time` does; with it, HTTP responses
            have a `Date`, as RFC 9110 6.6.1 asks of servers that have a clock.
        lifespan: Entered before the server listens, left when its last connection is gone.
        http2: Whether, or within which limits, HTTP/2 is spoken on the port beside HTTP/1.1: by
            ALPN where there is TLS (the protocols of `ssl` are set), else to clients that begin
            with it. The extra `strikewire[http2]` is needed.
    """
    policy = Policy(
        origins=None if origins is None else frozenset(origins),
        subprotocols=tuple(subprotocols),
        compression=Compression() if compression is True else compression or None,
    )
    return Server(
        handler,
        host,
        port,
        ssl=ssl,
        http=http,
        admit=admit,
        policy=policy,
        limits=limits or Limits(),
        sock=sock,
        reuse_port=reuse_port,
        engine=engine,
        clock=clock,
        lifespan=lifespan,
        http2=Http2Limits() if http2 is True else http2 or None,
    )
