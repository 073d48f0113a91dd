import asyncio
import logging
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h2.errors
import h2.events
import pytest

from strikewire.websocket import (
    Connection,
    Http2Limits,
    HttpRequest,
    HttpResponse,
    Limits,
    Server,
    serve,
)

from .http2_peers import CONNECT, GET, HELLO, HELLO_BACK, POST, Peer, client_of, until

CLOSE_1000 = bytes.fromhex("88820000000003e8")
CLOSE_1000_BACK = bytes.fromhex("880203e8")


async def echo(connection: Connection) -> None:
    async for message in connection:
        await connection.send(message)


async def describe(request: HttpRequest) -> HttpResponse:
    words = f"{request.method} {request.target} {request.version} {request.body.decode()}"
    return HttpResponse(200, [("content-type", "text/plain")], words.strip().encode())


@asynccontextmanager
async def venue(
    limits: Limits | None = None, http2: Http2Limits | None = None
) -> AsyncIterator[tuple[Server, Peer]]:
    server = serve(echo, http=describe, limits=limits, http2=http2 or True)
    async with server, client_of(server.port) as client:
        yield server, client


class TestWebSockets:
    async def test_a_stream_becomes_one_and_ends_in_good_order(self) -> None:
        async with venue() as (server, client):
            stream_id = client.request(CONNECT)
            client.send(stream_id, HELLO)
            await client.one(h2.events.DataReceived)
            assert client.headers(stream_id) == {":status": "200"}
            assert client.body(stream_id) == HELLO_BACK
            (connection,) = server.connections
            assert (connection.path, connection.query) == ("/ws", "a=b")
            assert connection.peer.startswith("127.0.0.1:")

            client.send(stream_id, CLOSE_1000, end=True)
            await client.one(h2.events.StreamEnded)
            assert client.body(stream_id) == HELLO_BACK + CLOSE_1000_BACK
            assert not server.connections
            assert not client.all_of(h2.events.StreamReset)

    async def test_messages_may_come_with_the_request(self) -> None:
        async with venue() as (_, client):
            stream_id = client.h2.get_next_available_stream_id()
            client.h2.send_headers(stream_id, CONNECT)
            client.h2.send_data(stream_id, HELLO)
            client.flush()

            await client.one(h2.events.DataReceived)
            assert client.body(stream_id) == HELLO_BACK

    async def test_pages_and_sockets_share_a_connection(self) -> None:
        async with venue() as (_, client):
            socket = client.request(CONNECT)
            page = client.request(GET, end=True)
            other = client.request(CONNECT)
            client.send(other, HELLO)
            client.send(socket, HELLO)

            assert await client.answer(page) == (200, b"GET /a 2")
            await client.one(h2.events.DataReceived, socket)
            await client.one(h2.events.DataReceived, other)

    async def test_a_reset_is_1006_and_costs_no_other_stream(self) -> None:
        codes = []

        async def note(connection: Connection) -> None:
            await connection.wait_closed()
            codes.append(connection.close_code)

        server = serve(note, http2=True)
        async with server, client_of(server.port) as client:
            first, second = client.request(CONNECT), client.request(CONNECT)
            await client.one(h2.events.ResponseReceived, second)
            client.h2.reset_stream(first, h2.errors.ErrorCodes.CANCEL)
            client.flush()
            await until(lambda: len(server.connections) == 1)

            client.send(second, CLOSE_1000, end=True)
            await client.one(h2.events.StreamEnded, second)
        assert codes == [1006, 1000]

    async def test_a_stream_that_ends_without_close_is_1006(self) -> None:
        async with venue() as (server, client):
            stream_id = client.request(CONNECT)
            await client.one(h2.events.ResponseReceived)
            (connection,) = server.connections
            client.h2.end_stream(stream_id)
            client.flush()

            await client.one(h2.events.StreamEnded)
            await connection.wait_closed()
            assert connection.close_code == 1006

    async def test_an_aborted_one_is_a_reset(self) -> None:
        async def abort(connection: Connection) -> None:
            connection.abort()

        server = serve(abort, http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(CONNECT)
            reset = await client.one(h2.events.StreamReset, stream_id)
            assert reset.error_code == h2.errors.ErrorCodes.CANCEL

    async def test_a_peer_that_breaks_the_protocol_is_told_and_its_stream_ends(self) -> None:
        async with venue() as (_, client):
            stream_id = client.request(CONNECT)
            client.send(stream_id, bytes.fromhex("8105") + b"hello")  # not masked

            await client.one(h2.events.StreamEnded)
            body = client.body(stream_id)
            assert (body[0], body[2:4]) == (0x88, bytes.fromhex("03ea"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (tuple(line for line in CONNECT if line[0] != "sec-websocket-version"), 400),
            ((*CONNECT, ("sec-websocket-extensions", "a b")), 400),
            ((*CONNECT, ("origin", "http://bad")), 403),
            (
                tuple((name, "/gone" if name == ":path" else value) for name, value in CONNECT),
                404,
            ),
            (
                tuple(
                    (name, "webtransport" if name == ":protocol" else value)
                    for name, value in CONNECT
                ),
                501,
            ),
            (((":method", "CONNECT"), (":authority", "h:1")), 501),
        ],
    )
    async def test_a_handshake_is_refused_with_its_status(
        self, lines: tuple[tuple[str, str], ...], status: int
    ) -> None:
        def admit(request: HttpRequest) -> HttpResponse | None:
            return HttpResponse(404) if request.path == "/gone" else None

        server = serve(echo, admit=admit, origins=["http://good"], http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(lines)

            assert (await client.answer(stream_id))[0] == status
            # The client's half would have been the socket: it is of no use any more.
            reset = await client.one(h2.events.StreamReset)
            assert reset.error_code == h2.errors.ErrorCodes.NO_ERROR

    async def test_where_there_are_no_pages_a_request_is_told_so(self) -> None:
        server = serve(echo, http2=True)
        async with server, client_of(server.port) as client:
            status, body = await client.answer(client.request(GET, end=True))

            assert (status, body) == (404, b"this address speaks websocket only\n")

    async def test_a_head_that_is_too_long_is_431(self) -> None:
        async with venue(Limits(head_bytes_max=1000)) as (_, client):
            stream_id = client.request((*GET, ("x", "y" * 1500)), end=True)

            assert (await client.answer(stream_id))[0] == 431

    async def test_streams_count_as_connections_do(self) -> None:
        async with venue(Limits(connections_max=2)) as (_, client):
            client.request(CONNECT)
            second = client.request(CONNECT)
            assert (await client.answer(second))[0] == 503

    async def test_a_server_that_is_full_says_so_before_it_knows_who_is_there(self) -> None:
        limits = Limits(connections_max=1)
        server = serve(echo, http2=True, limits=limits)
        async with server, client_of(server.port):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            writer.close()
            await writer.wait_closed()


class TestRequests:
    async def test_a_body_is_taken_in(self) -> None:
        async with venue() as (_, client):
            stream_id = client.request((*POST, ("content-length", "8")))
            client.send(stream_id, b"one ")
            client.send(stream_id, b"body", end=True)

            assert await client.answer(stream_id) == (200, b"POST /a 2 one body")

    async def test_a_body_longer_than_the_windows_is_too(self) -> None:
        async def measure(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, (), str(len(request.body)).encode())

        server = serve(echo, http=measure, http2=Http2Limits(stream_window_bytes=65_535))
        async with server, client_of(server.port) as client:
            stream_id = client.request(POST)
            for _ in range(60):
                await client.until(lambda: client.h2.local_flow_control_window(stream_id) >= 16_384)
                client.send(stream_id, b"x" * 16_384)
            client.send(stream_id, b"", end=True)

            assert await client.answer(stream_id) == (200, str(60 * 16_384).encode())

    @pytest.mark.parametrize("says_so", [True, False])
    async def test_a_body_that_is_too_long_is_413(self, says_so: bool) -> None:
        async with venue(Limits(body_bytes_max=10)) as (_, client):
            length = (("content-length", "11"),) if says_so else ()
            stream_id = client.request((*POST, *length))
            if not says_so:
                client.send(stream_id, b"x" * 11)

            assert (await client.answer(stream_id))[0] == 413
            assert (await client.one(h2.events.StreamReset)).stream_id == stream_id

    async def test_a_body_that_does_not_come_is_408(self) -> None:
        async with venue(Limits(body_timeout_s=0.01)) as (_, client):
            assert (await client.answer(client.request(POST)))[0] == 408

    async def test_a_client_that_waits_for_100_is_told_to_go_on(self) -> None:
        async with venue() as (_, client):
            stream_id = client.request((*POST, ("expect", "100-continue")))
            await client.one(h2.events.InformationalResponseReceived)
            client.send(stream_id, b"body", end=True)

            assert await client.answer(stream_id) == (200, b"POST /a 2 body")

    async def test_head_says_the_length_and_sends_nothing(self) -> None:
        async with venue() as (_, client):
            stream_id = client.request(((":method", "HEAD"), *GET[1:]), end=True)

            assert await client.answer(stream_id) == (200, b"")
            assert client.headers(stream_id)["content-length"] == "9"

    async def test_an_answer_that_nobody_reads_is_given_up(self) -> None:
        async def large(request: HttpRequest) -> HttpResponse:
            del request
            return HttpResponse(200, (), b"x" * 100_000)

        limits = Limits(body_timeout_s=0.02)
        server = serve(echo, http=large, limits=limits, http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(GET, end=True)
            reset = await client.one(h2.events.StreamReset, stream_id)

            assert reset.error_code == h2.errors.ErrorCodes.CANCEL
            assert len(client.body(stream_id)) == 65_535

    async def test_a_handler_that_fails_is_500_and_no_other_stream_suffers(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail(request: HttpRequest) -> HttpResponse:
            if request.path == "/a":
                raise RuntimeError("on purpose")
            return HttpResponse(200, (("x", "line\nbreak"),))

        server = serve(echo, http=fail, http2=True)
        async with server, client_of(server.port) as client:
            first = client.request(GET, end=True)
            lines = tuple((name, "/b" if name == ":path" else value) for name, value in GET)
            second = client.request(lines, end=True)

            assert await client.answer(first) == (500, b"internal error\n")
            assert await client.answer(second) == (500, b"internal error\n")
        assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == [
            "handler of GET /a failed",
            "handler of GET /b failed",
        ]

    async def test_a_client_that_resets_gets_no_more_handlers_than_streams(self) -> None:
        at_work = 0
        may_end = asyncio.Event()

        async def work(request: HttpRequest) -> HttpResponse:
            nonlocal at_work
            del request
            at_work += 1
            await may_end.wait()
            return HttpResponse(200)

        server = serve(echo, http=work, http2=Http2Limits(streams_max=3))
        async with server, client_of(server.port) as client:
            for _ in range(10):
                stream_id = client.request(GET, end=True)
                client.h2.reset_stream(stream_id)
                client.flush()
            last = client.request(GET, end=True)
            refused = await client.one(h2.events.StreamReset, last)

            assert refused.error_code == h2.errors.ErrorCodes.REFUSED_STREAM
            assert at_work == 3
            may_end.set()
            await until(lambda: not server._work)
            assert (await client.answer(client.request(GET, end=True)))[0] == 200


class TestTheDoor:
    async def test_both_versions_are_spoken_on_one_port(self) -> None:
        async with venue() as (server, client):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for byte in b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n":
                writer.write(bytes([byte]))
            writer.write(b"Connection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"POST /a 1.1")
            writer.close()
            await writer.wait_closed()

            assert await client.answer(client.request(GET, end=True)) == (200, b"GET /a 2")

    async def test_a_client_that_says_nothing_is_hung_up_on(self) -> None:
        async with serve(echo, http2=True, limits=Limits(open_timeout_s=0.01)) as server:
            for beginning in (b"", b"PRI * HT"):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(beginning)
                assert await reader.read() == b""
                writer.close()
                await writer.wait_closed()

    async def test_a_client_that_leaves_at_the_door_is_forgotten(self) -> None:
        async with serve(echo, http2=True, limits=Limits(shutdown_timeout_s=0)) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"PRI")
            writer.close()
            await writer.wait_closed()

    async def test_a_server_that_closes_sends_who_stands_at_the_door_away(self) -> None:
        async with serve(echo, http2=True) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"PRI")
            await until(lambda: bool(server._sockets))
            server.close()
            writer.write(b" * ")
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    @pytest.mark.parametrize("chosen", ["h2", "http/1.1"])
    async def test_over_tls_the_handshake_says_which(
        self, certificate: object, client_tls: ssl.SSLContext, chosen: str
    ) -> None:
        server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_tls.load_cert_chain(str(certificate))
        client_tls.set_alpn_protocols([chosen])
        async with serve(echo, http=describe, ssl=server_tls, http2=True) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=client_tls)
            if chosen == "h2":
                client = Peer(reader, writer, client_side=True)
                client.h2.initiate_connection()
                answer = await client.answer(client.request(GET, end=True))
                assert answer == (200, b"GET /a 2")
            else:
                writer.write(b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                assert (await reader.read()).endswith(b"GET /a 1.1")
            writer.close()
            await writer.wait_closed()
        client_tls.set_alpn_protocols([])


class TestShutdown:
    async def test_every_socket_is_told_and_every_answer_given_before_the_end(self) -> None:
        may_end = asyncio.Event()

        async def slow(request: HttpRequest) -> HttpResponse:
            del request
            await may_end.wait()
            return HttpResponse(200, (), b"late")

        server = serve(echo, http=slow, http2=True)
        async with server, client_of(server.port) as client:
            # h2 itself takes no more after a GOAWAY, so the test reads what comes by hand.
            client.request(CONNECT)
            page = client.request(GET, end=True)
            await client.one(h2.events.ResponseReceived)
            server.close()
            data = await client.reader.readuntil(b"server is closing")
            assert bytes.fromhex("000008 07 00 00000000") in data
            may_end.set()
            assert (await client.reader.readuntil(b"late"))[-13:-4] == bytes.fromhex(
                "000004 00 01"
            ) + page.to_bytes(4, "big")
            client.writer.close()


async def test_without_the_library_the_server_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if "http2" in name and "limits" not in name]:
        if name.startswith("strikewire."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "h2", None)
    monkeypatch.setitem(sys.modules, "h2.config", None)

    with pytest.raises(ImportError, match=r"pip install 'strikewire\[http2\]'"):
        await serve(echo, http2=True).__aenter__()
