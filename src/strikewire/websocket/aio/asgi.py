"""Runs an ASGI 3 application on our server: HTTP, WebSockets and lifespan.

Theory of operation. An application is one coroutine per request or WebSocket, which awaits
`receive` and `send`. Each runs in the one task that the server starts for it, and nothing stands
between, no queue and no task of ours: `send` writes to the socket and waits while the client does
not read, `receive` waits for what the client sends.

Source: the ASGI specification 3.0: HTTP and WebSocket 2.4 (with the denial response extension),
lifespan 2.0.
"""

import asyncio
import logging
import socket
import ssl as tls
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

from strikewire.websocket.aio.admission import DirectAdmission
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.response_writer import DirectResponse, ResponseWriter
from strikewire.websocket.aio.server import Server, serve
from strikewire.websocket.aio.turns import EngineName
from strikewire.websocket.aio.upgrader import Upgrader
from strikewire.websocket.errors import ConnectionClosedError, LocalProtocolError
from strikewire.websocket.extensions import Compression
from strikewire.websocket.handshake import offered_subprotocols
from strikewire.websocket.headers import Headers
from strikewire.websocket.http import HttpRequest, HttpResponse, plain_text
from strikewire.websocket.http2_limits import Http2Limits
from strikewire.websocket.limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

logger = logging.getLogger("strikewire.websocket")

_ASGI: Final = {"version": "3.0", "spec_version": "2.4"}

# How a message travels is the server's to say, not the application's.
_FRAMING: Final = frozenset({b"transfer-encoding", b"connection"})

_DENIAL_BYTES_MAX: Final = 1 << 20


class StartupError(Exception):
    """The application said `lifespan.startup.failed`; the message is its own."""


class DisconnectedError(OSError):
    """The application sent something to a client that is gone."""


class Asgi:
    """An ASGI application as our handlers.

    Called with a request it is an HTTP handler, alone or mounted on a `Router`; `admit` answers
    handshakes; as a context it runs the application's lifespan. `serve_asgi` puts them together.

    Attributes:
        streams_bodies: Always true: the application receives a body while it arrives.
        state: What the application's startup left for its requests.
    """

    streams_bodies: Final = True

    def __init__(self, app: AsgiApp, *, scheme: str = "http") -> None:
        """Take on `app`.

        Args:
            app: An ASGI 3 application.
            scheme: "http" or "https": what clients speak.
        """
        self.state: dict[str, Any] = {}
        self._app = app
        self._scheme = scheme
        self._tasks: asyncio.TaskGroup | None = None
        self._lifespan: _Lifespan | None = None

    async def __aenter__(self) -> Self:
        """Start the application up; one without a lifespan is left alone.

        Raises:
            StartupError: It said that it failed.
        """
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._lifespan = _Lifespan(self._app, self.state)
        running = self._tasks.create_task(self._lifespan.run())
        try:
            await self._lifespan.start_up()
        except BaseException:
            running.cancel()
            await self._tasks.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Shut the application down."""
        assert self._tasks is not None
        assert self._lifespan is not None
        self._lifespan.shut_down()
        await self._tasks.__aexit__(None, None, None)

    def __call__(self, request: HttpRequest) -> DirectResponse:
        """Answer a request."""
        scope = self._scope(request, "http", self._scheme)
        scope["method"] = request.method

        async def run(writer: ResponseWriter) -> None:
            exchange = _Exchange(request, writer)
            await self._app(scope, exchange.receive, exchange.send)
            exchange.check()

        return DirectResponse(run)

    def admit(self, request: HttpRequest) -> DirectAdmission:
        """Have the application accept or refuse a handshake, and serve what it accepted."""
        scope = self._scope(request, "websocket", "wss" if self._scheme == "https" else "ws")
        scope["subprotocols"] = offered_subprotocols(request)
        scope["extensions"] = {"websocket.http.response": {}}

        async def run(upgrader: Upgrader) -> None:
            session = _Session(upgrader)
            await self._app(scope, session.receive, session.send)
            session.check()

        return DirectAdmission(run)

    def _scope(self, request: HttpRequest, kind: str, scheme: str) -> dict[str, Any]:
        path = request.root + request.path
        host, _, port = request.peer.rpartition(":")
        return {
            "type": kind,
            "asgi": _ASGI,
            "http_version": request.version,
            "scheme": scheme,
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": request.query.encode("latin-1"),
            "root_path": request.root,
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers
            ],
            "client": (host.strip("[]"), int(port)) if port.isdecimal() else None,
            "server": _server(request),
            "state": self.state.copy(),
        }


def serve_asgi(
    app: AsgiApp,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ssl: tls.SSLContext | None = None,
    origins: Sequence[str] | None = None,
    compression: bool | Compression = True,
    limits: Limits | None = None,
    sock: socket.socket | None = None,
    engine: EngineName = "auto",
    clock: Callable[[], float] | None = None,
    http2: bool | Http2Limits = False,
) -> Server:
    """Return a server of an ASGI application; `async with` starts the application up and opens it.

    Args:
        app: An ASGI 3 application: what Starlette, FastAPI, Django and others are.
        host: As for `serve`, like everything else.
        port: As for `serve`.
        ssl: As for `serve`.
        origins: As for `serve`.
        compression: As for `serve`.
        limits: As for `serve`.
        sock: As for `serve`.
        engine: As for `serve`.
        clock: As for `serve`.
        http2: As for `serve`.
    """
    adapter = Asgi(app, scheme="http" if ssl is None else "https")
    return serve(
        _refuse,
        host,
        port,
        ssl=ssl,
        http=adapter,
        admit=adapter.admit,
        origins=origins,
        compression=compression,
        limits=limits,
        sock=sock,
        engine=engine,
        clock=clock,
        lifespan=adapter,
        http2=http2,
    )


async def _refuse(connection: Connection) -> None:
    raise AssertionError(f"{connection.path} was admitted without its application")


def _server(request: HttpRequest) -> tuple[str, int | None] | None:
    """Return what the client calls this server."""
    host = request.header("host")
    if not host:
        return None
    name, colon, port = host.rpartition(":")
    return (name, int(port)) if colon and port.isdecimal() else (host, None)


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name.lower() not in _FRAMING
    )


class _Lifespan:
    """The one conversation about starting up and shutting down."""

    def __init__(self, app: AsgiApp, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._decided = asyncio.Event()
        self._has_started = False
        self._failure: str | None = None

    async def run(self) -> None:
        scope = {"type": "lifespan", "asgi": _ASGI, "state": self._state}
        self._events.put_nowait({"type": "lifespan.startup"})
        try:
            await self._app(scope, self._events.get, self._send)
        except Exception:  # the outermost edge of the application's task
            # "If an exception is raised when calling the application callable with a
            # lifespan.startup message or a scope of type lifespan, the server must continue but
            # not send any lifespan events."
            if self._has_started:
                logger.exception("lifespan of the application failed")
        finally:
            self._decided.set()

    async def start_up(self) -> None:
        await self._decided.wait()
        if self._failure is not None:
            raise StartupError(self._failure)

    def shut_down(self) -> None:
        """Ask the application to end; its task does when it has."""
        self._events.put_nowait({"type": "lifespan.shutdown"})

    async def _send(self, message: Message) -> None:
        match message["type"]:
            case "lifespan.startup.complete":
                self._has_started = True
            case "lifespan.startup.failed":
                self._failure = message.get("message") or "startup failed"
            case "lifespan.shutdown.failed":
                logger.error("shutdown of the application failed: %s", message.get("message", ""))
            case "lifespan.shutdown.complete":
                pass
            case kind:
                raise LocalProtocolError(f"a lifespan does not send {kind!r}")
        self._decided.set()


class _Exchange:
    """One request, and what the application answers."""

    def __init__(self, request: HttpRequest, writer: ResponseWriter) -> None:
        self._request = request
        self._writer = writer
        self._head: HttpResponse | None = None
        self._has_body = True
        self._lost: ConnectionClosedError | None = None

    async def receive(self) -> Message:
        stream = self._request.stream
        if self._has_body and stream is None:
            self._has_body = False
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        if self._has_body and stream is not None:
            try:
                piece = await anext(stream)
            except StopAsyncIteration:
                self._has_body = False
                return {"type": "http.request", "body": b"", "more_body": False}
            except ConnectionClosedError as error:
                self._has_body = False
                self._lost = error
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": piece, "more_body": True}
        await self._writer.wait_over()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        writer = self._writer
        kind = message["type"]
        if kind == "http.response.start" and self._head is None:
            self._head = HttpResponse(message["status"], _decoded(message.get("headers", ())))
            return
        if kind != "http.response.body" or self._head is None or writer.is_whole:
            raise LocalProtocolError(f"an application does not send {kind!r} at this point")
        if writer.is_gone:
            raise DisconnectedError("the client is gone")
        body = bytes(message.get("body", b""))
        more = message.get("more_body", False)
        if not more and not writer.has_begun:
            writer.answer(HttpResponse(self._head.status, self._head.headers, body))
            return
        if not writer.has_begun:
            writer.begin(self._head)
        await writer.write(body)
        if not more:
            writer.end()

    def check(self) -> None:
        if not self._writer.is_whole and not self._writer.is_gone:
            if self._lost is not None and not self._writer.has_begun:
                raise self._lost
            raise LocalProtocolError("the application returned before its response was whole")


class _Session:
    """One handshake, and the WebSocket that comes of it."""

    def __init__(self, upgrader: Upgrader) -> None:
        self._upgrader = upgrader
        self._connection: Connection | None = None
        self._has_connected = False
        self._denial: HttpResponse | None = None
        self._denial_body = b""

    async def receive(self) -> Message:
        if not self._has_connected:
            self._has_connected = True
            return {"type": "websocket.connect"}
        connection = self._connection
        if connection is None:
            await self._upgrader.wait_over()
            return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
        try:
            payload = await connection.receive()
        except ConnectionClosedError as error:
            return {"type": "websocket.disconnect", "code": error.code, "reason": error.reason}
        if isinstance(payload, str):
            return {"type": "websocket.receive", "text": payload}
        return {"type": "websocket.receive", "bytes": payload}

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if self._connection is not None:
            await self._send_open(self._connection, kind, message)
        elif self._upgrader.is_over:
            raise DisconnectedError("the client is gone, or was refused")
        else:
            self._send_opening(kind, message)

    async def _send_open(self, connection: Connection, kind: str, message: Message) -> None:
        match kind:
            case "websocket.send":
                text = message.get("text")
                try:
                    await connection.send(bytes(message["bytes"]) if text is None else text)
                except ConnectionClosedError as error:
                    raise DisconnectedError(str(error)) from error
            case "websocket.close":
                reason = message.get("reason") or ""
                connection.close_nowait(message.get("code", 1000), reason)
            case _:
                raise LocalProtocolError(f"an open websocket does not send {kind!r}")

    def _send_opening(self, kind: str, message: Message) -> None:
        match kind:
            case "websocket.accept" if self._denial is None:
                self._connection = self._upgrader.accept(
                    subprotocol=message.get("subprotocol"),
                    headers=_decoded(message.get("headers") or ()),
                )
            case "websocket.close" if self._denial is None:
                self._upgrader.refuse(plain_text(403, "forbidden"))
            case "websocket.http.response.start" if self._denial is None:
                self._denial = HttpResponse(message["status"], _decoded(message.get("headers", ())))
            case "websocket.http.response.body" if self._denial is not None:
                self._denial_body += message.get("body", b"")
                if len(self._denial_body) > _DENIAL_BYTES_MAX:
                    raise LocalProtocolError(f"a denial is longer than {_DENIAL_BYTES_MAX} bytes")
                if not message.get("more_body", False):
                    self._upgrader.refuse(
                        HttpResponse(self._denial.status, self._denial.headers, self._denial_body)
                    )
            case _:
                raise LocalProtocolError(f"an opening websocket does not send {kind!r}")

    def check(self) -> None:
        if self._connection is None and not self._upgrader.is_over:
            raise LocalProtocolError("the application neither accepted nor refused a websocket")
