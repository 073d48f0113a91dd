import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any, Self

import pytest

from strikewire.testing.proxies import ProxyServer
from strikewire.websocket import (
    InvalidProxyError,
    InvalidURIError,
    Limits,
    Phase,
    ProxyError,
)
from strikewire.websocket.aio.phases import PhaseClock
from strikewire.websocket.aio.reaching import Way
from strikewire.websocket.aio.turns import EngineName

ENGINES: tuple[EngineName, ...] = ("asyncio", "auto")


class Greeted(asyncio.Protocol):
    """Hears one byte.

    Attributes:
        heard: Becomes it.
    """

    def __init__(self) -> None:
        self.heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.heard.set_result(data)


class Greeter:
    """A server that says "a" to everyone, and hangs up when they do.

    Attributes:
        port: Where.
        protocol: What ALPN chose last.
        peer: Host and port of whoever came last.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.protocol: str | None = None
        self.peer: tuple[str, int] = ("", 0)
        self._context = context
        self._gone = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._greet, "127.0.0.1", 0, ssl=self._context)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._gone.wait()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tls = writer.get_extra_info("ssl_object")
        self.protocol = tls.selected_alpn_protocol() if tls is not None else None
        self.peer = writer.get_extra_info("peername")[:2]
        writer.write(b"a")
        await reader.read()
        writer.close()
        self._gone.set()


async def go(way: Way) -> None:
    """Go it, hear the greeting, and hang up."""
    transport, greeted = await way.go(way.uri, Greeted, PhaseClock("h"))
    assert await greeted.heard == b"a"
    transport.close()


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_way_leads_over_tcp(engine: EngineName) -> None:
    async with Greeter() as server:
        await go(Way(f"ws://127.0.0.1:{server.port}", limits=Limits(), engine=engine))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scheme", ["http", "https", "socks5h"])
async def test_a_way_leads_through_a_proxy_into_tls_and_asks_for_a_protocol(
    scheme: str, engine: EngineName, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    server_tls.set_alpn_protocols(["h2", "http/1.1"])
    mine = ssl.create_default_context(cafile=str(certificate))
    proxy_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proxy_tls.load_cert_chain(certificate)
    async with (
        Greeter(server_tls) as server,
        ProxyServer(ssl=proxy_tls if scheme == "https" else None) as proxy,
    ):
        way = Way(
            f"wss://127.0.0.1:{server.port}",
            limits=Limits(),
            ssl=mine,
            alpn=("h2",),
            proxy=f"{scheme}://127.0.0.1:{proxy.port}",
            proxy_ssl=ssl.create_default_context(cafile=str(certificate)),
            engine=engine,
        )
        await go(way)

        assert proxy.asked[0][1:] == ("127.0.0.1", server.port)
    assert server.protocol == "h2"


async def test_without_a_wish_http_1_1_is_asked_for(
    certificate: Path, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server_tls.set_alpn_protocols(["h2", "http/1.1"])
    async with Greeter(server_tls) as server:
        await go(Way(f"wss://127.0.0.1:{server.port}", limits=Limits()))

    assert server.protocol == "http/1.1"


async def test_addresses_and_sockets_that_are_given_are_used() -> None:
    async with Greeter() as server:
        way = Way("ws://a.test", limits=Limits(), addresses=[("127.0.0.1", server.port)])
        assert (way.has_addresses, way.has_socket) == (True, False)
        await go(way)
    async with Greeter() as server:
        sock = socket.create_connection(("127.0.0.1", server.port))
        way = Way("ws://a.test", limits=Limits(), sock=sock)
        assert (way.has_addresses, way.has_socket) == (False, True)
        own = sock.getsockname()
        await go(way)
        assert server.peer == own


async def test_what_fails_names_its_phase() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        clock = PhaseClock("h:1")
        way = Way(f"ws://127.0.0.1:{port}", limits=Limits())
        with pytest.raises(ConnectionRefusedError) as caught:
            await way.go(way.uri, Greeted, clock)
    assert caught.value.__notes__ == ["tcp connect, h:1"]

    async with ProxyServer(user="alice", password="secret") as proxy:
        way = Way("ws://a.test", limits=Limits(), proxy=f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(ProxyError):
            await way.go(way.uri, Greeted, clock)
    assert clock.phase == Phase.PROXY


def test_a_way_is_one_way() -> None:
    with socket.socket() as sock:
        given: list[tuple[dict[str, Any], type[Exception]]] = [
            ({"proxy": "ftp://a.test"}, InvalidProxyError),
            ({"proxy": "http://a.test", "sock": sock}, ValueError),
            ({"proxy": "http://a.test", "addresses": [("127.0.0.1", 1)]}, ValueError),
            ({"sock": sock, "addresses": [("127.0.0.1", 1)]}, ValueError),
            ({"server_hostname": "a.test"}, InvalidURIError),
        ]
        for arguments, error in given:
            with pytest.raises(error):
                Way("ws://a.test", limits=Limits(), **arguments)
