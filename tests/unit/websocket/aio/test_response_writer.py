from collections.abc import AsyncIterator

import pytest

from strikewire.testing.transport import MemoryTransport
from strikewire.websocket import Connection, HttpRequest, HttpResponse, serve
from strikewire.websocket.aio.http_connection import HttpConnection
from strikewire.websocket.aio.response_writer import ResponseWriter
from strikewire.websocket.errors import LocalProtocolError

GET = HttpRequest(method="GET", target="/")
HEAD = HttpRequest(method="HEAD", target="/")
OLD = HttpRequest(method="GET", target="/", version="1.0", keep_alive=False)
PLAIN = (("content-type", "text/plain"),)


async def never(connection: Connection) -> None:
    raise AssertionError(connection)


@pytest.fixture
async def socket() -> AsyncIterator[HttpConnection]:
    async with serve(never) as server:
        made = HttpConnection(server)
        transport = MemoryTransport(made)
        made.connection_made(transport)
        yield made
        transport.abort()


def written(socket: HttpConnection) -> bytes:
    socket.flush()
    transport = socket._transport
    assert isinstance(transport, MemoryTransport)
    return transport.all_written


async def test_a_whole_answer_tells_its_length(socket: HttpConnection) -> None:
    writer = ResponseWriter(socket, GET)

    writer.answer(HttpResponse(200, PLAIN, b"hi"))

    assert writer.is_whole
    assert written(socket) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n"
        b"connection: keep-alive\r\n\r\nhi"
    )


async def test_pieces_travel_in_chunks(socket: HttpConnection) -> None:
    writer = ResponseWriter(socket, GET)

    writer.begin(HttpResponse(200, PLAIN))
    await writer.write(b"hello ")
    await writer.write(b"")
    await writer.write(b"world, again and again")
    writer.end()

    assert written(socket) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n"
        b"connection: keep-alive\r\n\r\n"
        b"6\r\nhello \r\n16\r\nworld, again and again\r\n0\r\n\r\n"
    )


async def test_a_long_piece_is_not_copied_into_its_chunk(socket: HttpConnection) -> None:
    writer = ResponseWriter(socket, GET)

    writer.begin(HttpResponse(200))
    await writer.write(bytes(20_000))
    writer.end()

    assert written(socket).endswith(b"\r\n\r\n4e20\r\n" + bytes(20_000) + b"\r\n0\r\n\r\n")


async def test_pieces_of_a_known_length_travel_as_they_are(socket: HttpConnection) -> None:
    writer = ResponseWriter(socket, GET)

    writer.begin(HttpResponse(200, [("Content-Length", "4")]))
    await writer.write(b"ab")
    await writer.write(b"cd")
    writer.end()

    assert written(socket) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nconnection: keep-alive\r\n\r\nabcd"
    )


async def test_a_length_is_kept(socket: HttpConnection) -> None:
    writer = ResponseWriter(socket, GET)
    writer.begin(HttpResponse(200, [("content-length", "3")]))

    await writer.write(b"ab")

    with pytest.raises(LocalProtocolError, match="1 bytes short"):
        writer.end()
    with pytest.raises(LocalProtocolError, match="longer"):
        await writer.write(b"cd")


async def test_a_client_without_chunks_sees_the_end_by_our_hanging_up(
    socket: HttpConnection,
) -> None:
    writer = ResponseWriter(socket, OLD)

    writer.begin(HttpResponse(200))
    await writer.write(b"ab")
    writer.end()

    assert written(socket) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab"
    assert socket.is_over


async def test_a_head_request_is_answered_without_body(socket: HttpConnection) -> None:
    writer = ResponseWriter(socket, HEAD)

    writer.begin(HttpResponse(200, [("content-length", "4")]))
    assert not writer.wants_body
    await writer.write(b"abcd")
    writer.end()

    assert written(socket).endswith(b"content-length: 4\r\nconnection: keep-alive\r\n\r\n")


async def test_nothing_is_written_to_a_client_that_left(socket: HttpConnection) -> None:
    writer = ResponseWriter(socket, GET)
    socket.connection_lost(None)

    writer.begin(HttpResponse(200))
    await writer.write(b"ab")
    writer.end()
    await writer.wait_over()

    assert writer.is_gone
    assert written(socket) == b""
