import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import h2.errors
import h2.events
import pytest

from strikewire.websocket import (
    Admission,
    Connection,
    ConnectionClosedError,
    DirectAdmission,
    DirectResponse,
    Http2Limits,
    HttpRequest,
    HttpResponse,
    Limits,
    ResponseWriter,
    Server,
    Upgrader,
    serve,
    serve_asgi,
)

from .http2_peers import CONNECT, GET, HELLO, HELLO_BACK, POST, Peer, client_of, until

pytestmark = pytest.mark.usefixtures("each_engine")

CLOSE_1000 = bytes.fromhex("88820000000003e8")
CLOSE_1000_BACK = bytes.fromhex("880203e8")


async def echo(connection: Connection) -> None:
    async for message in connection:
        await connection.send(message)


def at(path: str, lines: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, path if name == ":path" else value) for name, value in lines)


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


class Pieces:
    """A body in pieces, each of which waits for its turn.

    Attributes:
        given: How many were taken.
        is_closed: Whether whoever took them is done with them.
    """

    def __init__(self, count: int, size: int = 4, *, waits: bool = False) -> None:
        self.given = 0
        self.is_closed = False
        self._count = count
        self._size = size
        self._waits = waits

    async def __call__(self) -> AsyncIterator[bytes]:
        try:
            for number in range(self._count):
                self.given += 1
                yield bytes([number % 256]) * self._size
            if self._waits:
                await asyncio.Event().wait()
        finally:
            self.is_closed = True


class TestBodiesInPieces:
    async def answering(self, answer: HttpResponse | DirectResponse) -> Server:
        return serve(echo, http=lambda request: answer, http2=True)

    async def test_they_are_sent_one_after_the_other_without_a_length(self) -> None:
        pieces = Pieces(3)
        server = await self.answering(HttpResponse(200, (("x-a", "b"),), stream=pieces()))
        async with server, client_of(server.port) as client:
            stream_id = client.request(GET, end=True)

            body = b"\x00\x00\x00\x00\x01\x01\x01\x01\x02\x02\x02\x02"
            assert await client.answer(stream_id) == (200, body)
            assert client.headers(stream_id) == {":status": "200", "x-a": "b"}
        assert pieces.is_closed

    async def test_a_length_that_is_known_is_told(self) -> None:
        headers = (("content-length", "8"),)
        server = await self.answering(HttpResponse(200, headers, stream=Pieces(2)()))
        async with server, client_of(server.port) as client:
            stream_id = client.request(GET, end=True)

            assert (await client.answer(stream_id))[0] == 200
            assert client.headers(stream_id)["content-length"] == "8"

    async def test_no_more_are_made_than_the_client_reads(self) -> None:
        pieces = Pieces(100, 16_384)
        server = await self.answering(HttpResponse(200, stream=pieces()))
        async with server, client_of(server.port) as client:
            stream_id = client.request(GET, end=True)
            await client.until(lambda: len(client.body(stream_id)) == 65_535)
            for _ in range(10):
                await asyncio.sleep(0)
            # One window is on its way, and another 64 KiB wait.
            assert pieces.given <= 9

            client.h2.increment_flow_control_window(1 << 22, stream_id)
            client.h2.increment_flow_control_window(1 << 22)
            client.flush()
            _, body = await client.answer(stream_id)
            assert body == b"".join(bytes([number]) * 16_384 for number in range(100))

    async def test_a_client_that_does_not_read_is_given_up(self) -> None:
        pieces = Pieces(100, 16_384)
        answer = HttpResponse(200, stream=pieces())
        limits = Limits(body_timeout_s=0.02)
        server = serve(echo, http=lambda request: answer, http2=True, limits=limits)
        async with server, client_of(server.port) as client:
            reset = await client.one(h2.events.StreamReset, client.request(GET, end=True))

            assert reset.error_code == h2.errors.ErrorCodes.CANCEL
        assert pieces.is_closed

    async def test_head_takes_none_of_them(self) -> None:
        pieces = Pieces(3)
        server = await self.answering(HttpResponse(200, stream=pieces()))
        async with server, client_of(server.port) as client:
            stream_id = client.request(((":method", "HEAD"), *GET[1:]), end=True)

            assert await client.answer(stream_id) == (200, b"")
        assert pieces.given == 0

    async def test_a_client_that_leaves_ends_them(self) -> None:
        pieces = Pieces(1, waits=True)
        server = await self.answering(HttpResponse(200, stream=pieces()))
        async with server, client_of(server.port) as client:
            stream_id = client.request(GET, end=True)
            await client.one(h2.events.DataReceived)
            client.h2.reset_stream(stream_id)
            client.flush()

            await until(lambda: pieces.is_closed and not server._work)

    async def test_one_that_fails_resets_the_stream(self, caplog: pytest.LogCaptureFixture) -> None:
        async def fail() -> AsyncIterator[bytes]:
            yield b"some"
            raise RuntimeError("on purpose")

        server = await self.answering(HttpResponse(200, stream=fail()))
        async with server, client_of(server.port) as client:
            stream_id = client.request(GET, end=True)
            reset = await client.one(h2.events.StreamReset, stream_id)

            assert reset.error_code == h2.errors.ErrorCodes.INTERNAL_ERROR
            assert not client.all_of(h2.events.StreamEnded)
        assert "handler of GET /a failed" in caplog.text

    async def test_a_response_may_be_written(self) -> None:
        left = asyncio.Event()

        async def run(writer: ResponseWriter) -> None:
            writer.begin(HttpResponse(201))
            await writer.write(b"one")
            await writer.write(b"two")
            writer.end()
            await writer.wait_over()
            left.set()

        server = await self.answering(DirectResponse(run))
        async with server, client_of(server.port) as client:
            assert await client.answer(client.request(GET, end=True)) == (201, b"onetwo")
            await left.wait()

    async def test_one_that_is_written_and_not_ended_is_cut_short(self) -> None:
        async def run(writer: ResponseWriter) -> None:
            writer.begin(HttpResponse(200))

        server = await self.answering(DirectResponse(run))
        async with server, client_of(server.port) as client:
            reset = await client.one(h2.events.StreamReset, client.request(GET, end=True))
            assert reset.error_code == h2.errors.ErrorCodes.INTERNAL_ERROR

    async def test_the_date_is_said_where_there_is_a_clock(self) -> None:
        server = serve(echo, http=describe, http2=True, clock=lambda: 784_111_777.0)
        async with server, client_of(server.port) as client:
            stream_id = client.request(GET, end=True)
            await client.answer(stream_id)
            assert client.headers(stream_id)["date"] == "Sun, 06 Nov 1994 08:49:37 GMT"


class Taking:
    """A handler that takes bodies while they arrive."""

    streams_bodies = True

    def __init__(self) -> None:
        self.may_take = asyncio.Event()
        self.taken: list[bytes] = []
        self.error: Exception | None = None

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        await self.may_take.wait()
        if request.stream is None:
            return HttpResponse(200, (), b"none")
        try:
            async for piece in request.stream:
                self.taken.append(piece)
        except ConnectionClosedError as error:
            self.error = error
            raise
        return HttpResponse(200, (), str(sum(map(len, self.taken))).encode())


class TestBodiesThatAreStreamed:
    async def test_they_are_taken_while_they_arrive(self) -> None:
        taking = Taking()
        taking.may_take.set()
        server = serve(echo, http=taking, http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(POST)
            client.send(stream_id, b"one")
            await until(lambda: taking.taken == [b"one"])
            client.send(stream_id, b"two", end=True)

            assert await client.answer(stream_id) == (200, b"6")
            assert await client.answer(client.request(GET, end=True)) == (200, b"none")

    async def test_a_handler_that_takes_nothing_closes_the_window(self) -> None:
        taking = Taking()
        server = serve(echo, http=taking, http2=Http2Limits(stream_window_bytes=131_072))
        async with server, client_of(server.port) as client:
            stream_id = client.request(POST)
            # 64 KiB are given back as they come; of what follows, nothing is.
            for _ in range(12):
                await client.until(lambda: client.h2.local_flow_control_window(stream_id) >= 16_384)
                client.send(stream_id, b"x" * 16_384)
            for _ in range(10):
                await asyncio.sleep(0)
            assert client.h2.local_flow_control_window(stream_id) < 16_384

            taking.may_take.set()
            for _ in range(20):
                await client.until(lambda: client.h2.local_flow_control_window(stream_id) >= 16_384)
                client.send(stream_id, b"x" * 16_384)
            client.send(stream_id, b"", end=True)
            assert await client.answer(stream_id) == (200, str(32 * 16_384).encode())

    async def test_a_client_that_waits_is_invited_when_somebody_wants_the_body(self) -> None:
        taking = Taking()
        server = serve(echo, http=taking, http2=True, limits=Limits(body_timeout_s=5.0))
        async with server, client_of(server.port) as client:
            stream_id = client.request((*POST, ("expect", "100-continue")))
            await until(lambda: bool(server._work))
            assert not client.all_of(h2.events.InformationalResponseReceived)
            taking.may_take.set()
            await client.one(h2.events.InformationalResponseReceived)
            client.send(stream_id, b"body", end=True)

            assert await client.answer(stream_id) == (200, b"4")

    async def test_one_that_does_not_come_is_408(self) -> None:
        taking = Taking()
        taking.may_take.set()
        server = serve(echo, http=taking, http2=True, limits=Limits(body_timeout_s=0.01))
        async with server, client_of(server.port) as client:
            assert (await client.answer(client.request(POST)))[0] == 408
            await until(lambda: taking.error is not None)

    async def test_one_that_is_too_long_is_413(self) -> None:
        taking = Taking()
        taking.may_take.set()
        server = serve(echo, http=taking, http2=True, limits=Limits(body_bytes_max=10))
        async with server, client_of(server.port) as client:
            stream_id = client.request(POST)
            client.send(stream_id, b"x" * 11)

            assert (await client.answer(stream_id))[0] == 413
            await until(lambda: taking.error is not None)

    async def test_a_client_that_leaves_is_told_to_whoever_reads(self) -> None:
        taking = Taking()
        taking.may_take.set()
        server = serve(echo, http=taking, http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(POST)
            client.send(stream_id, b"some")
            await until(lambda: bool(taking.taken))
            client.h2.reset_stream(stream_id)
            client.flush()
            await until(lambda: taking.error is not None)


class TestAdmission:
    async def test_terms_and_handler_may_be_chosen(self) -> None:
        async def greet(connection: Connection) -> None:
            await connection.send("Hello")

        def admit(request: HttpRequest) -> Admission:
            return Admission(subprotocol="b", headers=(("x-a", "1"),), handler=greet)

        server = serve(echo, admit=admit, http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request((*CONNECT, ("sec-websocket-protocol", "a, b")))
            await client.one(h2.events.DataReceived)

            assert client.headers(stream_id) == {
                ":status": "200",
                "sec-websocket-protocol": "b",
                "x-a": "1",
            }
            assert client.body(stream_id)[:7] == HELLO_BACK

    @pytest.mark.parametrize("accepts", [False, True])
    async def test_who_decides_and_serves_in_one_fails_as_a_handler_does(
        self, accepts: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def run(upgrader: Upgrader) -> None:
            if accepts:
                await upgrader.accept().receive()
            raise KeyError("secret")

        server = serve(echo, admit=lambda request: DirectAdmission(run), http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(CONNECT)
            client.send(stream_id, HELLO)
            if accepts:
                await client.one(h2.events.DataReceived)
                assert client.body(stream_id)[:4] == bytes.fromhex("880203f3")
            else:
                assert (await client.answer(stream_id))[0] == 500
        assert "admission of /ws failed" in caplog.text

    async def test_who_decides_and_serves_in_one_closes_by_returning(self) -> None:
        async def run(upgrader: Upgrader) -> None:
            connection = upgrader.accept()
            await connection.send(await connection.receive())

        server = serve(echo, admit=lambda request: DirectAdmission(run), http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(CONNECT)
            client.send(stream_id, HELLO)
            await client.until(lambda: client.body(stream_id) == HELLO_BACK + CLOSE_1000_BACK)

    @pytest.mark.parametrize("how", ["reset", "end"])
    async def test_a_client_that_leaves_meanwhile_is_noticed(self, how: str) -> None:
        asked, left = asyncio.Event(), asyncio.Event()

        async def run(upgrader: Upgrader) -> None:
            asked.set()
            await upgrader.wait_over()
            with pytest.raises(ConnectionClosedError):
                upgrader.accept()
            left.set()

        server = serve(echo, admit=lambda request: DirectAdmission(run), http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(CONNECT)
            await asked.wait()
            if how == "reset":
                client.h2.reset_stream(stream_id)
            else:
                client.h2.end_stream(stream_id)
            client.flush()
            await left.wait()
            if how == "end":
                assert (await client.answer(stream_id))[0] == 400

    async def test_frames_wait_for_the_decision(self) -> None:
        may_pass = asyncio.Event()

        async def admit(request: HttpRequest) -> None:
            await may_pass.wait()

        server = serve(echo, admit=admit, http2=True)
        async with server, client_of(server.port) as client:
            stream_id = client.request(CONNECT)
            client.send(stream_id, HELLO)
            may_pass.set()
            await client.one(h2.events.DataReceived)
            assert client.body(stream_id) == HELLO_BACK

    async def test_admission_that_fails_is_500(self, caplog: pytest.LogCaptureFixture) -> None:
        def admit(request: HttpRequest) -> None:
            raise KeyError("secret")

        server = serve(echo, admit=admit, http2=True)
        async with server, client_of(server.port) as client:
            assert (await client.answer(client.request(CONNECT)))[0] == 500
        assert "admission of /ws failed" in caplog.text


class TestTheLimitsOfAnAddress:
    async def test_too_many_requests_are_429(self) -> None:
        async with venue(Limits(requests_per_address_per_s=1)) as (_, client):
            assert (await client.answer(client.request(GET, end=True)))[0] == 200
            stream_id = client.request(CONNECT)
            assert (await client.answer(stream_id))[0] == 429
            assert client.headers(stream_id)["retry-after"] == "1"

    async def test_the_first_websocket_of_a_socket_is_counted_with_it(self) -> None:
        async with venue(Limits(connections_per_address_max=2)) as (server, client):
            first, second = client.request(CONNECT), client.request(CONNECT)
            assert (await client.answer(client.request(CONNECT)))[0] == 429
            assert (await client.answer(client.request(GET, end=True)))[0] == 200
            assert len(server.connections) == 2

            for stream_id in (first, second):
                client.send(stream_id, CLOSE_1000, end=True)
                await client.one(h2.events.StreamEnded, stream_id)
            third, fourth = client.request(CONNECT), client.request(CONNECT)
            await client.one(h2.events.ResponseReceived, third)
            await client.one(h2.events.ResponseReceived, fourth)
            assert client.headers(fourth) == {":status": "200"}


async def test_an_application_of_asgi_is_served_its_pages_and_its_websockets() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["http_version"] == "2"
        if scope["type"] == "http":
            body = (await receive())["body"]
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"!"})
        else:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": (await receive())["text"]})

    server = serve_asgi(app, http2=True)
    async with server, client_of(server.port) as client:
        page = client.request(POST)
        client.send(page, b"body", end=True)
        assert await client.answer(page) == (200, b"body!")

        stream_id = client.request(CONNECT)
        client.send(stream_id, HELLO)
        await client.until(lambda: client.body(stream_id)[:7] == HELLO_BACK)
