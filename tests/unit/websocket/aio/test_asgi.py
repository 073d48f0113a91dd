import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from strikewire.websocket import (
    Asgi,
    Connection,
    ConnectionClosedError,
    HandshakeStatusError,
    Limits,
    Router,
    Server,
    StartupError,
    connect,
    serve,
    serve_asgi,
)
from strikewire.websocket.aio.asgi import (
    AsgiApp,
    DisconnectedError,
    Message,
    Receive,
    Send,
    _refuse,
)

Scope = Any
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PLAIN = [(b"content-type", b"text/plain")]


async def say(send: Send, *pieces: bytes, status: int = 200, headers: Any = PLAIN) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for number, piece in enumerate(pieces, 1):
        more = number < len(pieces)
        await send({"type": "http.response.body", "body": piece, "more_body": more})


def only(kind: str, app: App) -> AsgiApp:
    """Return an application that knows one kind of scope."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == kind
        await app(scope, receive, send)

    return application


async def leave(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def client_of(
    server: Server,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        await leave(writer)


async def exchanged(app: App, request: bytes, limits: Limits | None = None) -> bytes:
    """Return all that an application answers to a request, which says that it is the last."""
    async with serve_asgi(only("http", app), limits=limits) as server, client_of(server) as client:
        reader, writer = client
        writer.write(request)
        return await reader.read()


LAST = b"GET /a%20b?c=%20d HTTP/1.1\r\nHost: h:80\r\nConnection: close\r\nX-A: 1\r\nX-A: 2\r\n\r\n"


class TestHttp:
    async def test_the_scope_describes_the_request(self) -> None:
        seen: list[Scope] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope)
            await say(send, b"")

        await exchanged(app, LAST)

        scope = seen[0]
        assert scope["asgi"] == {"version": "3.0", "spec_version": "2.4"}
        assert (scope["method"], scope["http_version"], scope["scheme"]) == ("GET", "1.1", "http")
        assert (scope["path"], scope["raw_path"]) == ("/a b", b"/a%20b")
        assert (scope["query_string"], scope["root_path"]) == (b"c=%20d", "")
        assert scope["client"][0] == "127.0.0.1"
        assert scope["server"] == ("h", 80)
        assert scope["headers"] == [
            (b"host", b"h:80"),
            (b"connection", b"close"),
            (b"x-a", b"1"),
            (b"x-a", b"2"),
        ]

    async def test_a_body_said_at_once_has_a_length(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, b"hello", status=201)

        assert await exchanged(app, LAST) == (
            b"HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n"
            b"connection: close\r\n\r\nhello"
        )

    async def test_a_body_said_in_pieces_travels_in_chunks(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, b"hel", b"", b"lo")

        answer = await exchanged(app, LAST)

        assert b"transfer-encoding: chunked\r\n" in answer
        assert answer.endswith(b"\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")

    async def test_the_applications_length_is_kept_and_its_framing_is_not(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [
                (b"Content-Length", b"5"),
                (b"Transfer-Encoding", b"chunked"),
                (b"Connection", b"keep-alive"),
            ]
            await say(send, b"hel", b"lo", headers=headers)

        assert await exchanged(app, LAST) == (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nconnection: close\r\n\r\nhello"
        )

    async def test_head_is_answered_without_body(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, b"hel", b"lo", headers=[(b"content-length", b"5")])

        answer = await exchanged(app, LAST.replace(b"GET", b"HEAD"))

        assert answer.endswith(b"content-length: 5\r\nconnection: close\r\n\r\n")

    async def test_a_body_is_received_as_it_comes(self) -> None:
        received: list[Message] = []
        first = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            while not received or received[-1].get("more_body"):
                received.append(await receive())
                first.set()
            await say(send, b"")

        async with serve_asgi(only("http", app)) as server, client_of(server) as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc")
            await first.wait()
            assert received == [{"type": "http.request", "body": b"abc", "more_body": True}]
            writer.write(b"def")
            await reader.readuntil(b"\r\n\r\n")

        assert b"".join(message["body"] for message in received) == b"abcdef"

    async def test_a_request_without_body_is_received_whole(self) -> None:
        received: list[Message] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            received.append(await receive())
            await say(send, b"")
            received.append(await receive())

        await exchanged(app, LAST)

        assert received == [
            {"type": "http.request", "body": b"", "more_body": False},
            {"type": "http.disconnect"},
        ]

    async def test_a_body_that_is_too_long_is_answered_413(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            while (await receive()).get("more_body"):
                pass
            if scope["method"] == "PUT":
                await say(send, b"")

        head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = await exchanged(app, head + b"5\r\nabcde\r\n" * 3, Limits(body_bytes_max=9))

        assert answer.startswith(b"HTTP/1.1 413 ")

    async def test_a_client_is_told_to_go_on_when_its_body_is_wanted(self) -> None:
        may_go_on = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await may_go_on.wait()
            message = await receive()
            await receive()
            await say(send, message["body"])

        async with serve_asgi(only("http", app)) as server, client_of(server) as (reader, writer):
            writer.write(
                b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
            )
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await reader.readuntil(b"\r\n\r\n")
            may_go_on.set()
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")

    async def test_a_body_nobody_wants_is_answered_and_hung_up_on(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, b"no", status=403)

        answer = await exchanged(app, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\na")

        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"connection: close\r\n" in answer

    async def test_many_requests_use_one_connection(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            body = b""
            while (message := await receive()).get("more_body"):
                body += message["body"]
            await say(send, scope["path"].encode(), b" ", body)

        requests = (
            b"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na"
            b"POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n"
        )
        answer = await exchanged(app, requests + LAST)

        assert answer.count(b"HTTP/1.1 200 OK") == 3
        assert b"2\r\n/1\r\n1\r\n \r\n1\r\na\r\n0\r\n\r\n" in answer
        assert b"2\r\n/2\r\n1\r\n \r\n1\r\nb\r\n0\r\n\r\n" in answer

    async def test_what_it_does_after_its_answer_keeps_nobody_waiting(self) -> None:
        may_go_on = asyncio.Event()
        done: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, b"hi")
            if scope["path"] == "/first":
                await may_go_on.wait()
                done.append("in the background")

        async with serve_asgi(only("http", app)) as server, client_of(server) as (reader, writer):
            writer.write(b"GET /first HTTP/1.1\r\nHost: h\r\n\r\n" + LAST)
            answer = await reader.read()
            may_go_on.set()

        assert answer.count(b"HTTP/1.1 200 OK") == 2
        assert done == ["in the background"]

    async def test_it_learns_that_its_client_left(self) -> None:
        outcome: asyncio.Queue[object] = asyncio.Queue()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            outcome.put_nowait("begun")
            outcome.put_nowait(await receive())
            with pytest.raises(DisconnectedError):
                await flood(send)
            outcome.put_nowait("done")

        async def flood(send: Send) -> None:
            for _ in range(1000):  # the first ones find out
                await send({"type": "http.response.body", "body": b"b", "more_body": True})
                await asyncio.sleep(0)

        async with serve_asgi(only("http", app)) as server:
            async with client_of(server) as (_, writer):
                writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                assert await outcome.get() == "begun"
                writer.transport.abort()
            assert await outcome.get() == {"type": "http.disconnect"}
            assert await outcome.get() == "done"

    async def test_a_client_that_leaves_its_body_unfinished_is_a_disconnect(self) -> None:
        received: list[Message] = []
        done = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            received.extend([await receive(), await receive()])
            done.set()

        async with serve_asgi(only("http", app)) as server:
            async with client_of(server) as (_, writer):
                writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
                await asyncio.sleep(0.01)
            await done.wait()

        assert [message["type"] for message in received] == ["http.request", "http.disconnect"]


class TestHttpMistakes:
    @pytest.mark.parametrize("chatty", [True, False])
    async def test_one_that_says_nothing_is_answered_500(
        self, chatty: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if chatty:
                raise KeyError("secret")

        answer = await exchanged(app, LAST)

        assert answer.startswith(b"HTTP/1.1 500 ")
        assert "handler of GET /a%20b failed" in caplog.text

    async def test_one_that_fails_amid_its_answer_is_hung_up_on(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"abc", "more_body": True})
            raise KeyError("secret")

        async with serve_asgi(only("http", app)) as server, client_of(server) as (reader, writer):
            writer.write(LAST)
            with suppress(ConnectionError):
                assert not (await reader.read()).endswith(b"0\r\n\r\n")

        assert "failed" in caplog.text

    @pytest.mark.parametrize(
        "kinds",
        [
            ["http.response.body"],
            ["http.response.start", "http.response.start"],
            ["websocket.accept"],
        ],
    )
    async def test_what_may_not_be_said_is_answered_500(
        self, kinds: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            for kind in kinds:
                await send({"type": kind, "status": 200})

        assert (await exchanged(app, LAST)).startswith(b"HTTP/1.1 500 ")
        assert "does not send" in caplog.text


class TestMounted:
    async def test_below_a_router_it_knows_its_root(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, f"{scope['root_path']} {scope['path']}".encode())

        async def never(connection: Connection) -> None:
            raise AssertionError(connection)

        router = Router()
        router.mount("/admin", Asgi(only("http", app)))
        async with serve(never, http=router) as server, client_of(server) as (reader, writer):
            writer.write(b"GET /admin/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

            assert (await reader.read()).endswith(b"\r\n\r\n/admin /admin/a")


class TestWebSockets:
    @staticmethod
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})

    async def test_messages_go_both_ways(self) -> None:
        async with serve_asgi(only("websocket", self.echo)) as server:
            async with connect(f"ws://127.0.0.1:{server.port}/a?b=c") as client:
                for message in ("text", b"bytes", "", b""):
                    await client.send(message)
                    assert await client.receive() == message
            assert client.close_code == 1000

    async def test_frames_that_come_with_the_handshake_wait_for_it(self) -> None:
        async with (
            serve_asgi(only("websocket", self.echo)) as server,
            client_of(server) as (reader, writer),
        ):
            writer.write(
                b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                + bytes.fromhex("818537fa213d7f9f4d5158")
            )
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            assert await reader.readexactly(7) == b"\x81\x05Hello"

    async def test_the_scope_describes_the_handshake(self) -> None:
        seen: list[Scope] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope)
            await receive()
            await send(
                {
                    "type": "websocket.accept",
                    "subprotocol": scope["subprotocols"][1],
                    "headers": [(b"x-hello", b"1")],
                }
            )

        async with (
            serve_asgi(only("websocket", app)) as server,
            connect(f"ws://127.0.0.1:{server.port}/a?b=c", subprotocols=["v1", "v2"]) as client,
        ):
            assert client.subprotocol == "v2"
            assert dict(client.headers)["x-hello"] == "1"

        scope = seen[0]
        assert (scope["scheme"], scope["path"], scope["query_string"]) == ("ws", "/a", b"b=c")
        assert scope["subprotocols"] == ["v1", "v2"]
        assert scope["server"] == ("127.0.0.1", server.port)

    async def test_closing_before_accepting_is_answered_403(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await send({"type": "websocket.close"})

        async with serve_asgi(only("websocket", app)) as server:
            with pytest.raises(HandshakeStatusError) as caught:
                await connect(f"ws://127.0.0.1:{server.port}")

        assert caught.value.status == 403

    async def test_it_may_be_refused_with_any_response(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            start = {"type": "websocket.http.response.start", "status": 401, "headers": PLAIN}
            await send(start)
            for piece in (b"who ", b"are you"):
                await send(
                    {
                        "type": "websocket.http.response.body",
                        "body": piece,
                        "more_body": piece == b"who ",
                    }
                )

        async with serve_asgi(only("websocket", app)) as server:
            with pytest.raises(HandshakeStatusError) as caught:
                await connect(f"ws://127.0.0.1:{server.port}")

        assert (caught.value.status, caught.value.body) == (401, b"who are you")

    async def test_it_may_close_with_a_code(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4000, "reason": "enough"})
            with pytest.raises(DisconnectedError):
                await send({"type": "websocket.send", "text": "late"})

        async with (
            serve_asgi(only("websocket", app)) as server,
            connect(f"ws://127.0.0.1:{server.port}") as client,
        ):
            with pytest.raises(ConnectionClosedError):
                await client.receive()

        assert (client.close_code, client.close_reason) == (4000, "enough")

    async def test_it_learns_how_the_client_closed(self) -> None:
        outcome: asyncio.Queue[Message] = asyncio.Queue()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            outcome.put_nowait(await receive())

        async with serve_asgi(only("websocket", app)) as server:
            client = await connect(f"ws://127.0.0.1:{server.port}")
            await client.close(4001, "bye")
            message = await outcome.get()

        assert message == {"type": "websocket.disconnect", "code": 4001, "reason": "bye"}

    async def test_a_client_that_leaves_before_it_is_let_in_is_a_disconnect(self) -> None:
        outcome: asyncio.Queue[Message] = asyncio.Queue()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            outcome.put_nowait(await receive())
            outcome.put_nowait(await receive())
            with pytest.raises(DisconnectedError):
                await send({"type": "websocket.accept"})
            outcome.put_nowait({"type": "done"})

        async with serve_asgi(
            only("websocket", app), limits=Limits(shutdown_timeout_s=0.5)
        ) as server:
            async with client_of(server) as (_, writer):
                writer.write(
                    b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    b"Sec-WebSocket-Version: 13\r\n\r\n"
                )
                assert (await outcome.get())["type"] == "websocket.connect"
            assert (await outcome.get())["type"] == "websocket.disconnect"
            assert (await outcome.get())["type"] == "done"

    @pytest.mark.parametrize("accepts", [True, False])
    async def test_failing_closes_1011_or_answers_500(
        self, accepts: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            if accepts:
                await send({"type": "websocket.accept"})
            raise KeyError("secret")

        caplog.set_level(logging.ERROR)
        async with serve_asgi(only("websocket", app)) as server:
            uri = f"ws://127.0.0.1:{server.port}"
            if accepts:
                async with connect(uri) as client:
                    with pytest.raises(ConnectionClosedError):
                        await client.receive()
                assert client.close_code == 1011
            else:
                with pytest.raises(HandshakeStatusError) as caught:
                    await connect(uri)
                assert caught.value.status == 500

        assert "secret" in caplog.text

    @pytest.mark.parametrize(
        "kinds",
        [
            [],
            ["websocket.send"],
            ["websocket.http.response.body"],
            ["websocket.http.response.start", "websocket.accept"],
            ["http.response.start"],
        ],
    )
    async def test_what_may_not_be_said_is_answered_500(
        self, kinds: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            for kind in kinds:
                await send({"type": kind, "status": 200, "text": ""})

        async with serve_asgi(only("websocket", app)) as server:
            with pytest.raises(HandshakeStatusError) as caught:
                await connect(f"ws://127.0.0.1:{server.port}")

        assert caught.value.status == 500
        assert caplog.records

    async def test_an_open_one_may_not_accept_again(self, caplog: pytest.LogCaptureFixture) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.accept"})

        async with (
            serve_asgi(only("websocket", app)) as server,
            connect(f"ws://127.0.0.1:{server.port}") as client,
        ):
            with pytest.raises(ConnectionClosedError):
                await client.receive()

        assert client.close_code == 1011


class TestLifespan:
    async def test_startup_comes_before_and_shutdown_after_everything(self) -> None:
        events: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                while True:
                    message = await receive()
                    events.append(message["type"])
                    scope["state"]["db"] = "open"
                    await send({"type": f"{message['type']}.complete"})
                    if message["type"] == "lifespan.shutdown":
                        return
            events.append(f"request with db {scope['state']['db']}")
            await say(send, b"")

        async with serve_asgi(app) as server, client_of(server) as (reader, writer):
            writer.write(LAST)
            await reader.read()

        assert events == ["lifespan.startup", "request with db open", "lifespan.shutdown"]

    async def test_an_application_without_one_is_left_alone(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await say(send, b"fine")

        assert (await exchanged(app, LAST)).endswith(b"fine")

    async def test_a_startup_that_fails_opens_no_port(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database"})
            await receive()

        with pytest.raises(StartupError, match="no database"):
            async with serve_asgi(app):
                pass

    @pytest.mark.parametrize("kind", ["lifespan.shutdown.failed", "nonsense", ""])
    async def test_a_shutdown_that_fails_is_logged(
        self, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            if not kind:
                raise KeyError("secret")
            await send({"type": kind, "message": "it is stuck"})

        async with serve_asgi(app):
            pass

        assert "of the application failed" in caplog.text


async def test_a_websocket_that_was_not_admitted_is_a_mistake() -> None:
    async with (
        serve_asgi(only("websocket", TestWebSockets.echo)) as server,
        connect(f"ws://127.0.0.1:{server.port}/x") as client,
    ):
        with pytest.raises(AssertionError, match="/x"):
            await _refuse(client)
