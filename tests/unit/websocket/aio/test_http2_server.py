import asyncio
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

from .http2_peers import CONNECT, GET, Peer, client_of, until

pytestmark = pytest.mark.usefixtures("each_engine")


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

    async def test_a_server_that_is_full_tells_a_client_of_http1_so(self) -> None:
        limits = Limits(connections_max=1)
        server = serve(echo, http2=True, limits=limits)
        async with server, client_of(server.port):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET / HTTP/1.1\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            writer.close()
            await writer.wait_closed()

    async def test_who_is_turned_away_and_says_nothing_is_told_so_in_http1(self) -> None:
        limits = Limits(connections_max=1, close_timeout_s=0.01)
        server = serve(echo, http2=True, limits=limits)
        async with server, client_of(server.port):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            writer.close()
            await writer.wait_closed()

    @pytest.mark.parametrize(
        ("limits", "status"),
        [(Limits(connections_max=1), 503), (Limits(connections_per_address_max=1), 429)],
    )
    async def test_a_client_that_is_turned_away_is_told_so_in_http2(
        self, limits: Limits, status: int
    ) -> None:
        server = serve(echo, http2=True, limits=limits)
        async with server, client_of(server.port), client_of(server.port) as second:
            assert (await second.answer(second.request(CONNECT)))[0] == status
            await second.one(h2.events.ConnectionTerminated)
            await second.rest()

    async def test_who_is_turned_away_and_asks_nothing_is_hung_up_on(self) -> None:
        limits = Limits(connections_max=1, close_timeout_s=0.01)
        server = serve(echo, http2=True, limits=limits)
        async with server, client_of(server.port), client_of(server.port) as second:
            await second.rest()
            assert second.all_of(h2.events.ConnectionTerminated)

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
