import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from math import inf

import pytest

from strikewire.testing.transport import MemoryTransport
from strikewire.websocket import Connection, HttpRequest, HttpResponse, Limits, Server, serve
from strikewire.websocket.aio.http_connection import HttpConnection

GET = b"GET /a?b=1 HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HELLO = bytes.fromhex("818537fa213d7f9f4d5158")


async def echo(connection: Connection) -> None:
    async for message in connection:
        await connection.send(message)


async def describe(request: HttpRequest) -> HttpResponse:
    words = f"{request.method} {request.path} {request.query} {request.body.decode()}"
    return HttpResponse(200, [("content-type", "text/plain")], words.strip().encode())


class Client:
    """A client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> tuple[int, bytes]:
        """Return status and body of the next response that has a length."""
        head = (await self.head()).decode()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split(" ")[1]), await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        return await self.reader.read()


@asynccontextmanager
async def client_of(server: Server) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Client(reader, writer)
    finally:
        await leave(writer)


async def leave(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def venue(
    http: Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]] | None = describe,
    limits: Limits | None = None,
) -> AsyncIterator[Client]:
    async with serve(echo, http=http, limits=limits) as server, client_of(server) as client:
        yield client


def in_memory(server: Server) -> tuple[HttpConnection, MemoryTransport]:
    """Return a socket of the server whose client is the test."""
    transport = MemoryTransport()
    made = HttpConnection(server)
    transport.set_protocol(made)
    made.connection_made(transport)
    return made, transport


class TestRequests:
    async def test_a_request_is_answered(self) -> None:
        async with venue() as client:
            client.say(GET)

            assert await client.head() == (
                b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n"
                b"connection: keep-alive\r\n\r\n"
            )

    async def test_one_connection_serves_many_requests(self) -> None:
        async with venue() as client:
            for _ in range(3):
                client.say(GET)
                assert await client.answer() == (200, b"GET /a b=1")

    async def test_pipelined_requests_are_answered_in_order(self) -> None:
        async def in_order(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, (), request.path.encode())

        async with venue(in_order) as client:
            client.say(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(40)))
            answers = [await client.answer() for _ in range(40)]

        assert answers == [(200, b"/%d" % n) for n in range(40)]

    async def test_a_client_that_says_close_is_hung_up_on(self) -> None:
        async with venue() as client:
            client.say(GET + LAST + GET)

            assert await client.answer() == (200, b"GET /a b=1")
            assert await client.answer() == (200, b"GET /last")
            assert await client.rest() == b""

    async def test_a_client_that_closes_its_half_is_still_answered(self) -> None:
        async with venue() as client:
            client.say(GET)
            client.writer.write_eof()

            assert await client.answer() == (200, b"GET /a b=1")
            assert await client.rest() == b""

    async def test_head_is_answered_without_body(self) -> None:
        async with venue() as client:
            client.say(b"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + LAST)

            assert b"content-length: 7\r\n" in await client.head()
            assert await client.answer() == (200, b"GET /last")

    async def test_bodies_come_with_a_length_or_in_chunks(self) -> None:
        async with venue() as client:
            client.say(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
            client.say(b"POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.say(b"3\r\nxyz\r\n0\r\n\r\n")

            assert await client.answer() == (200, b"POST /a  abc")
            assert await client.answer() == (200, b"POST /b  xyz")

    async def test_a_client_that_waits_with_its_body_is_told_to_go_on(self) -> None:
        async with venue() as client:
            client.say(
                b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
            )
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.say(b"abc")

            assert await client.answer() == (200, b"POST /a  abc")

    async def test_http_1_0_is_answered_once(self) -> None:
        async with venue() as client:
            client.say(b"GET /a HTTP/1.0\r\n\r\n")

            assert await client.answer() == (200, b"GET /a")
            assert await client.rest() == b""

    async def test_the_client_is_named(self) -> None:
        async def name(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, (), request.peer.encode())

        async with venue(name) as client:
            client.say(GET)
            host, port = client.writer.get_extra_info("sockname")

            assert await client.answer() == (200, f"{host}:{port}".encode())

    async def test_without_a_handler_a_websocket_is_asked_for(self) -> None:
        async with venue(http=None) as client:
            client.say(GET)
            head = await client.head()

        assert head.startswith(b"HTTP/1.1 426 Upgrade Required\r\n")
        assert b"upgrade: websocket\r\n" in head

    async def test_an_upgrade_nobody_speaks_is_answered_as_a_plain_request(self) -> None:
        async with venue() as client:
            client.say(
                b"POST /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
                b"Content-Length: 3\r\n\r\nabc" + GET
            )

            assert await client.answer() == (200, b"POST /a  abc")
            assert await client.answer() == (200, b"GET /a b=1")


class TestPlainFunctions:
    async def test_a_handler_may_be_a_plain_function(self) -> None:
        def hello(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, (), request.path.encode())

        async with venue(hello) as client:
            client.say(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(40)))

            assert [await client.answer() for _ in range(40)] == [
                (200, b"/%d" % n) for n in range(40)
            ]

    async def test_pipelined_answers_leave_together(self) -> None:
        def hello(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, (), b"x" * 1000)

        async with serve(echo, http=hello) as server:
            _, transport = in_memory(server)
            transport.give(GET * 10)
            transport.give(GET)
            await asyncio.sleep(0)
            assert len(transport.written) == 1
            transport.give(GET * 99)
            await asyncio.sleep(0)
            transport.abort()

        assert len(transport.written) == 1 + 2  # of 99 in pieces of 64 KiB
        assert transport.all_written.count(b"HTTP/1.1 200 OK") == 110

    async def test_a_client_that_does_not_read_is_not_answered_further(self) -> None:
        answered: list[str] = []

        def hello(request: HttpRequest) -> HttpResponse:
            answered.append(request.path)
            return HttpResponse(200, (), b"x" * 100_000)

        async with serve(echo, http=hello) as server:
            _, transport = in_memory(server)
            transport.stall()
            transport.give(GET * 10)
            assert 1 <= len(answered) < 10

            while len(answered) < 10:
                transport.flow()
                transport.stall()
            transport.abort()

    async def test_a_long_body_is_not_copied(self) -> None:
        body = b"x" * 100_000

        async with venue(lambda request: HttpResponse(200, (), body)) as client:
            client.say(GET + GET)

            assert [await client.answer() for _ in range(2)] == [(200, body)] * 2

    async def test_one_that_fails_is_answered_500_and_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(request: HttpRequest) -> HttpResponse:
            raise KeyError("secret")

        async with venue(fail) as client:
            client.say(GET)

            assert await client.answer() == (500, b"internal error\n")
        assert [record.message for record in caplog.records] == ["handler of GET /a failed"]

    async def test_one_that_splits_its_response_is_answered_500(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.CRITICAL)
        async with venue(lambda request: HttpResponse(200, [("x", "a\r\nb: c")])) as client:
            client.say(GET)

            assert (await client.answer())[0] == 500


class TestDates:
    async def test_with_a_clock_every_answer_has_a_date(self) -> None:
        async with (
            serve(echo, http=describe, clock=lambda: 784111777.5) as server,
            client_of(server) as client,
        ):
            for _ in range(2):
                client.say(GET)
                assert b"\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in await client.head()
                await client.reader.readexactly(10)


async def count(pieces: int = 3) -> AsyncIterator[bytes]:
    for number in range(pieces):
        yield b"%d;" % number


class Listed:
    """Pieces of a body without a generator behind them."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class TestStreams:
    async def test_pieces_travel_in_chunks_and_the_connection_stays(self) -> None:
        async with venue(lambda request: HttpResponse(200, stream=count())) as client:
            for _ in range(2):
                client.say(GET)
                assert b"transfer-encoding: chunked\r\nconnection: keep-alive\r\n" in (
                    await client.head()
                )
                body = await client.reader.readuntil(b"\r\n0\r\n\r\n")
                assert body == b"2\r\n0;\r\n2\r\n1;\r\n2\r\n2;\r\n0\r\n\r\n"

    async def test_a_task_may_answer_with_a_stream(self) -> None:
        async def later(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, [("content-length", "4")], stream=Listed(b"ab", b"cd"))

        async with venue(later) as client:
            client.say(GET + GET)

            assert [await client.answer() for _ in range(2)] == [(200, b"abcd")] * 2

    async def test_without_chunks_the_end_of_the_connection_ends_the_body(self) -> None:
        async with venue(lambda request: HttpResponse(200, stream=count())) as client:
            client.say(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

            assert (await client.rest()).endswith(b"\r\n\r\n0;1;2;")

    async def test_head_and_304_have_none(self) -> None:
        begun: list[str] = []

        async def tell() -> AsyncIterator[bytes]:
            begun.append("begun")
            yield b""

        def hello(request: HttpRequest) -> HttpResponse:
            return HttpResponse(304 if request.path == "/304" else 200, stream=tell())

        async with venue(hello) as client:
            client.say(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert b"transfer-encoding: chunked" in await client.head()
            client.say(b"GET /304 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert b"chunked" not in await client.rest()

        assert begun == []

    async def test_a_stream_waits_while_its_client_does_not_read(self) -> None:
        produced: list[int] = []

        async def flood() -> AsyncIterator[bytes]:
            for number in range(100):
                produced.append(number)
                yield bytes(10_000)

        async with serve(echo, http=lambda request: HttpResponse(200, stream=flood())) as server:
            _, transport = in_memory(server)
            transport.stall()
            transport.give(GET)
            for _ in range(200):
                await asyncio.sleep(0)
            assert len(produced) < 20

            while len(produced) < 100:
                transport.flow()
                transport.stall()
                for _ in range(20):
                    await asyncio.sleep(0)
            transport.abort()

    async def test_a_stream_that_fails_is_no_whole_answer(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail() -> AsyncIterator[bytes]:
            yield b"abc"
            raise KeyError("secret")

        async with venue(lambda request: HttpResponse(200, stream=fail())) as client:
            client.say(GET)
            with suppress(ConnectionError):
                assert not (await client.rest()).endswith(b"0\r\n\r\n")

        assert "handler of GET /a failed" in caplog.text

    async def test_a_stream_ends_when_its_client_leaves(self) -> None:
        has_begun, has_ended = asyncio.Event(), asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            try:
                yield b"abc"
                has_begun.set()
                await asyncio.Event().wait()
            finally:
                has_ended.set()

        async with serve(echo, http=lambda request: HttpResponse(200, stream=endless())) as server:
            _, transport = in_memory(server)
            transport.give(GET)
            await has_begun.wait()
            transport.abort()
            await has_ended.wait()

    async def test_a_long_piece_is_sent_as_it_is(self) -> None:
        piece = b"x" * 100_000

        async with venue(
            lambda request: HttpResponse(200, stream=Listed(piece, b"", b"y"))
        ) as client:
            client.say(GET)
            await client.head()

            expected = b"186a0\r\n" + piece + b"\r\n1\r\ny\r\n0\r\n\r\n"
            assert await client.reader.readexactly(len(expected)) == expected


class Upload:
    """A handler that takes bodies as they come."""

    streams_bodies = True

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        await self.may_go_on.wait()
        if request.stream is not None:
            async for piece in request.stream:
                self.sizes.append(len(piece))
        return HttpResponse(200, (), b"%d" % sum(self.sizes))


class TestUploads:
    async def test_a_body_waits_on_the_clients_side_until_it_is_taken(self) -> None:
        upload = Upload()
        size = 40 << 20
        limits = Limits(body_bytes_max=size)
        async with serve(echo, http=upload, limits=limits) as server, client_of(server) as client:
            client.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
            client.say(bytes(size))
            await asyncio.sleep(0.05)
            assert client.writer.transport.get_write_buffer_size() > 0

            upload.may_go_on.set()

            assert await client.answer() == (200, b"%d" % size)
        assert max(upload.sizes) < 1 << 20

    async def test_a_client_that_stops_amid_its_body_is_answered_408(self) -> None:
        upload = Upload()
        upload.may_go_on.set()
        limits = Limits(body_timeout_s=0.05)
        async with serve(echo, http=upload, limits=limits) as server, client_of(server) as client:
            client.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\na")

            assert (await client.answer())[0] == 408

    async def test_no_time_is_won_by_sending_a_byte_now_and_then(self) -> None:
        upload = Upload()
        upload.may_go_on.set()
        limits = Limits(body_timeout_s=0.05)
        async with serve(echo, http=upload, limits=limits) as server:
            _, transport = in_memory(server)
            transport.give(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n")
            while not transport.has_ended:
                transport.give(b"a")
                await asyncio.sleep(0.005)
            transport.abort()

        assert transport.all_written.startswith(b"HTTP/1.1 408 ")

    async def test_a_client_that_leaves_amid_its_body_is_no_failure(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        upload = Upload()
        upload.may_go_on.set()
        async with serve(echo, http=upload) as server, client_of(server) as client:
            client.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\na")
            client.writer.write_eof()

            assert (await client.answer())[0] == 400
        assert caplog.records == []


class TestMistakes:
    async def test_a_handler_that_fails_is_answered_500_and_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail(request: HttpRequest) -> HttpResponse:
            raise KeyError("secret")

        async with venue(fail) as client:
            client.say(GET)
            answer = await client.answer()

        assert answer == (500, b"internal error\n")
        assert [record.message for record in caplog.records] == ["handler of GET /a failed"]

    async def test_a_response_that_would_split_is_answered_500(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def split(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, [("x", "a\r\nb: c")])

        caplog.set_level(logging.CRITICAL)
        async with venue(split) as client:
            client.say(GET)

            assert (await client.answer())[0] == 500

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"nonsense\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n\r\n", 400),
            (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 431),
            (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n", 413),
            (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
        ],
    )
    async def test_a_bad_request_is_answered_and_hung_up_on(self, data: bytes, status: int) -> None:
        async with venue() as client:
            client.say(GET + data + GET)

            assert await client.answer() == (200, b"GET /a b=1")
            assert (await client.answer())[0] == status
            assert await client.rest() == b""


class TestTimes:
    async def test_a_client_that_says_nothing_is_hung_up_on(self) -> None:
        async with serve(echo, limits=Limits(open_timeout_s=0.01)) as server:
            _, transport = in_memory(server)
            await transport.wait_ended()
            transport.abort()

        assert transport.written == []

    async def test_a_head_that_does_not_end_is_answered_408(self) -> None:
        async with serve(echo, limits=Limits(open_timeout_s=0.01)) as server:
            _, transport = in_memory(server)
            transport.give(b"GET / HTT")
            await transport.wait_ended()
            transport.abort()

        assert transport.all_written.startswith(b"HTTP/1.1 408 ")

    async def test_a_body_that_does_not_end_is_answered_408(self) -> None:
        async with venue(limits=Limits(body_timeout_s=0.01)) as client:
            client.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na")

            assert (await client.answer())[0] == 408

    async def test_an_idle_client_is_hung_up_on(self) -> None:
        async with venue(limits=Limits(idle_timeout_s=0.01)) as client:
            client.say(GET)

            assert await client.answer() == (200, b"GET /a b=1")
            assert await client.rest() == b""

    async def test_a_client_that_does_not_read_is_hung_up_on(self) -> None:
        async with serve(echo, limits=Limits(body_timeout_s=0.01)) as server:
            _, transport = in_memory(server)
            transport.set_write_buffer_limits(high=10)
            transport.stall()
            transport.give(GET)

            await transport.wait_ended()

    async def test_no_clock_runs_while_a_handler_works(self) -> None:
        may_go_on = asyncio.Event()

        async def wait(request: HttpRequest) -> HttpResponse:
            await may_go_on.wait()
            return HttpResponse(200)

        async with serve(echo, http=wait) as server:
            socket, transport = in_memory(server)
            assert socket.deadline < inf

            transport.give(GET)
            assert socket.deadline == inf
            transport.abort()
            may_go_on.set()


class TestLeaving:
    async def test_a_client_may_leave_while_it_is_answered(self) -> None:
        has_begun, may_go_on, is_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def wait(request: HttpRequest) -> HttpResponse:
            has_begun.set()
            await may_go_on.wait()
            is_done.set()
            return HttpResponse(200)

        async with serve(echo, http=wait) as server:
            async with client_of(server) as client:
                client.say(GET)
                await has_begun.wait()
                transport = client.writer.transport
                transport.abort()
            may_go_on.set()
            await is_done.wait()

    async def test_a_socket_that_arrives_while_the_server_closes_is_not_let_in(self) -> None:
        async with serve(echo, http=describe) as server:
            server.close()
            _, transport = in_memory(server)

            assert transport.is_closing()

    async def test_a_socket_stalled_for_a_moment_is_not_lost(self) -> None:
        async with serve(echo, http=None) as server:
            _, transport = in_memory(server)
            transport.set_write_buffer_limits(high=10)
            transport.stall()

            transport.give(GET)
            await asyncio.sleep(0)
            assert transport.is_paused
            transport.flow()
            assert not transport.is_paused
            transport.abort()

    async def test_a_socket_in_use_for_too_long_is_aborted_with_the_server(self) -> None:
        has_begun = asyncio.Event()

        async def stay(request: HttpRequest) -> HttpResponse:
            has_begun.set()
            await asyncio.Event().wait()
            raise AssertionError

        async with serve(echo, http=stay, limits=Limits(shutdown_timeout_s=0.01)) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(GET)
            await has_begun.wait()

        assert await reader.read() == b""
        await leave(writer)

    async def test_no_client_is_told_to_go_on_before_its_turn(self) -> None:
        async with venue() as client:
            client.say(
                GET + b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                b"Expect: 100-continue\r\n\r\nx"
            )

            assert await client.answer() == (200, b"GET /a b=1")
            assert await client.answer() == (200, b"POST /a  x")


class TestBackpressure:
    async def test_a_flood_of_requests_waits_on_the_clients_side(self) -> None:
        has_begun, may_go_on = asyncio.Event(), asyncio.Event()

        async def wait(request: HttpRequest) -> HttpResponse:
            has_begun.set()
            await may_go_on.wait()
            return HttpResponse(200)

        async with venue(wait, Limits(pipelined_requests_max=4)) as client:
            client.say(GET * 10)
            await has_begun.wait()
            may_go_on.set()

            assert [await client.answer() for _ in range(10)] == [(200, b"")] * 10

    async def test_too_many_connections_are_answered_503(self) -> None:
        async with (
            serve(echo, http=describe, limits=Limits(connections_max=1)) as server,
            client_of(server) as first,
        ):
            first.say(GET)
            await first.answer()
            async with client_of(server) as second:
                assert (await second.answer())[0] == 503
                assert await second.rest() == b""
            first.say(GET)
            assert (await first.answer())[0] == 200

    async def test_too_many_connections_of_one_address_are_answered_429(self) -> None:
        limits = Limits(connections_per_address_max=2)
        async with serve(echo, http=describe, limits=limits) as server:
            async with client_of(server) as first, client_of(server) as second:
                first.say(UPGRADE)
                await first.head()
                second.say(GET)
                await second.answer()
                async with client_of(server) as third:
                    head = await third.head()
                    assert head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
                    assert b"retry-after: 1\r\n" in head
            while server.connections or server._sockets:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            async with client_of(server) as fourth:
                fourth.say(GET)
                assert (await fourth.answer())[0] == 200

    @pytest.mark.parametrize("request_", [GET, UPGRADE])
    async def test_too_many_requests_of_one_address_are_answered_429(self, request_: bytes) -> None:
        limits = Limits(requests_per_address_per_s=2)
        async with (
            serve(echo, http=describe, limits=limits) as server,
            client_of(server) as first,
        ):
            first.say(GET + GET)
            assert [(await first.answer())[0] for _ in range(2)] == [200, 200]
            first.say(request_)
            head = await first.head()

        assert head.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 1\r\n" in head


class TestUpgrades:
    async def test_http_first_then_a_websocket_on_the_same_socket(self) -> None:
        async with venue() as client:
            client.say(GET + UPGRADE + HELLO)

            assert await client.answer() == (200, b"GET /a b=1")
            assert (await client.head()).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert await client.reader.readexactly(7) == b"\x81\x05Hello"

    async def test_frames_wait_while_a_request_before_the_upgrade_is_answered(self) -> None:
        may_go_on = asyncio.Event()

        async def wait(request: HttpRequest) -> HttpResponse:
            await may_go_on.wait()
            return HttpResponse(200)

        async with venue(wait) as client:
            client.say(GET + UPGRADE)
            client.say(HELLO)
            asyncio.get_running_loop().call_later(0.01, may_go_on.set)

            assert await client.answer() == (200, b"")
            assert (await client.head()).startswith(b"HTTP/1.1 101")
            assert await client.reader.readexactly(7) == b"\x81\x05Hello"

    @pytest.mark.parametrize(
        ("old", "new", "status", "says"),
        [
            (b"GET", b"POST", 405, b"allow: GET\r\n"),
            (b"Version: 13", b"Version: 8", 426, b"sec-websocket-version: 13\r\n"),
            (b"Sec-WebSocket-Version: 13\r\n", b"", 426, b"sec-websocket-version: 13\r\n"),
            (b"Version: 13", b"Version: 13\r\nSec-WebSocket-Version: 8", 426, b"version: 13\r\n"),
            (b"keep-alive, Upgrade", b"keep-alive", 400, b""),
            (b"Connection: keep-alive, Upgrade\r\n", b"", 400, b""),
            (b"Upgrade: websocket\r\n", b"", 400, b""),
            (b"Upgrade: websocket", b"Upgrade: websockets", 400, b""),
            (b"dGhlIHNhbXBsZSBub25jZQ==", b"short", 400, b""),
            (b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZSBub25jZQ=", 400, b""),
            (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"", 400, b""),
            (b"HTTP/1.1", b"HTTP/1.0", 400, b""),
            (b"Host: h\r\n", b"", 400, b""),
            (b"Host: h", b"Host: h\r\nContent-Length: 5", 400, b""),
            (b"Host: h", b"Host: h\r\nTransfer-Encoding: chunked", 400, b""),
            (b"Host: h", b"Host: h\r\nSec-WebSocket-Extensions: a;;", 400, b""),
            (b"Host: h", b"Host: h\r\nOrigin: https://evil.example", 403, b""),
            (b"Host: h", b"Host: h\r\nCookie: " + b"a" * 20_000, 431, b""),
            (b"/ws", b"/" + b"a" * 20_000, 431, b""),
            (b"Host: h", b"Host: h\r\n" + b"X: 1\r\n" * 4000 + b"Y: 1", 431, b""),
        ],
    )
    @pytest.mark.parametrize("in_pieces", [False, True])
    async def test_a_wrong_handshake_is_answered_by_status(
        self, old: bytes, new: bytes, status: int, says: bytes, in_pieces: bool
    ) -> None:
        data = UPGRADE.replace(old, new)
        assert data != UPGRADE
        async with (
            serve(echo, http=describe, origins=["https://example.org"]) as server,
            client_of(server) as client,
        ):
            client.say(data[:-3] if in_pieces else data)
            if in_pieces:
                await asyncio.sleep(0.01)
                client.say(data[-3:])
            head = await client.head()

            assert int(head.split(b" ")[1]) == status
            assert says in head
            assert b"connection: close\r\n" in head
            with suppress(ConnectionError):  # what came behind the head may reset it
                await client.rest()

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"Connection: keep-alive, Upgrade", b"Connection: Upgrade"),
            (b"Connection: keep-alive, Upgrade", b"connection:UPGRADE,keep-alive"),
            (b"Connection: keep-alive, Upgrade", b"Connection: keep-alive\r\nCONNECTION: upgrade"),
            (b"Connection: keep-alive, Upgrade", b"Connection: ,\t, Upgrade ,"),
            (b"Upgrade: websocket", b"UPGRADE: WebSocket"),
            (b"Upgrade: websocket", b"upgrade: h2c, WEBSOCKET"),
            (b"Upgrade: websocket", b"Upgrade: h2c\r\nUpgrade: websocket"),
            (b"Sec-WebSocket-Key", b"SEC-WEBSOCKET-KEY"),
            (b"Sec-WebSocket-Version: 13", b"sec-websocket-version:13 "),
            (b"Host: h", b"Host: h\r\nContent-Length: 0"),
            (b"Host: h", b"Host: h\r\nOrigin: https://example.org"),
            (b"/ws", b"http://h/ws"),
        ],
    )
    async def test_a_handshake_may_be_worded_in_many_ways(self, old: bytes, new: bytes) -> None:
        data = UPGRADE.replace(old, new)
        assert data != UPGRADE
        async with (
            serve(echo, http=describe, origins=["https://example.org"]) as server,
            client_of(server) as client,
        ):
            client.say(data + HELLO)

            assert (await client.head()).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert await client.reader.readexactly(7) == b"\x81\x05Hello"

    async def test_a_handshake_keeps_no_more_than_its_head(self) -> None:
        async with serve(echo) as server, client_of(server) as client:
            client.say(UPGRADE)
            await client.head()
            (connection,) = server.connections

            assert connection._request == UPGRADE
            assert dict(connection.headers)["connection"] == "keep-alive, Upgrade"
