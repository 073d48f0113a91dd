import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from strikewire.testing.proxies import ProxyServer
from strikewire.websocket import Limits, ProxyError
from strikewire.websocket.aio.tunnels import (
    enter_tunnel,
    find_proxy,
    open_tls_tunnel,
    open_tunnel,
)
from strikewire.websocket.errors import HandshakeLostError, InvalidProxyError
from strikewire.websocket.proxy import ProxyAddress
from strikewire.websocket.uri import parse_uri

SCHEMES = ["http", "socks4", "socks4a", "socks5", "socks5h"]
NAMES = {"shouter.test": "127.0.0.1"}

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.readline()).upper())


@asynccontextmanager
async def scripted(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def proxy_at(port: int, scheme: str, user: str = "", password: str = "") -> ProxyAddress:
    return ProxyAddress(scheme=scheme, host="127.0.0.1", port=port, user=user, password=password)


def dialled(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setblocking(False)
    return sock


async def hear(sock: socket.socket, words: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, words)
    return await loop.sock_recv(sock, 100)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_socket_to_a_proxy_becomes_one_to_the_server(scheme: str) -> None:
    async with scripted(shout) as port, ProxyServer(byte_by_byte=True) as server:
        proxy = proxy_at(server.port, scheme)
        with dialled(server.port) as sock:
            await open_tunnel(sock, proxy, "127.0.0.1", port, limits=Limits())

            assert await hear(sock, b"hello\n") == b"HELLO\n"
        assert server.asked == [(scheme.rstrip("ah"), "127.0.0.1", port)]


@pytest.mark.parametrize(
    ("scheme", "host"),
    [("http", "shouter.test"), ("socks4a", "shouter.test"), ("socks5h", "shouter.test")],
)
async def test_a_name_may_be_the_proxys_to_look_up(scheme: str, host: str) -> None:
    async with scripted(shout) as port, ProxyServer(names=NAMES) as server:
        with dialled(server.port) as sock:
            await open_tunnel(sock, proxy_at(server.port, scheme), host, port, limits=Limits())

            assert await hear(sock, b"hello\n") == b"HELLO\n"
        assert server.asked[0][1] == "shouter.test"


@pytest.mark.parametrize("scheme", ["socks4", "socks5"])
async def test_or_ours(scheme: str) -> None:
    async with scripted(shout) as port, ProxyServer() as server:
        with dialled(server.port) as sock:
            proxy = proxy_at(server.port, scheme)
            await open_tunnel(sock, proxy, "localhost", port, limits=Limits())

        assert server.asked[0][1] == "127.0.0.1"


@pytest.mark.parametrize(
    ("scheme", "password"), [("http", "secret"), ("socks4", ""), ("socks5", "secret")]
)
async def test_a_proxy_may_want_to_know_who_we_are(scheme: str, password: str) -> None:
    async with scripted(shout) as port, ProxyServer(user="alice", password=password) as server:
        with dialled(server.port) as sock:
            proxy = proxy_at(server.port, scheme, "alice", password)
            await open_tunnel(sock, proxy, "127.0.0.1", port, limits=Limits())

            assert await hear(sock, b"hello\n") == b"HELLO\n"


async def refused(server: ProxyServer, proxy: ProxyAddress, host: str = "127.0.0.1") -> ProxyError:
    with dialled(server.port) as sock, pytest.raises(ProxyError) as caught:
        await open_tunnel(sock, proxy, host, 9, limits=Limits())
    assert caught.value.proxy == str(proxy)
    return caught.value


@pytest.mark.parametrize(
    ("scheme", "reason", "code"),
    [
        ("http", "answered 407 Proxy Authentication Required", 407),
        ("socks4", "client program and identd report different user-ids", 0x5D),
        ("socks5", "username and password authentication failure", None),
    ],
)
async def test_a_stranger_is_told_so_for_good(scheme: str, reason: str, code: int | None) -> None:
    async with ProxyServer(user="alice", password="secret") as server:
        password = "" if scheme == "socks4" else "guess"
        error = await refused(server, proxy_at(server.port, scheme, "bob", password))

    assert error.reason.endswith(reason)
    assert (error.code, error.is_final) == (code, True)


async def test_a_socks5_proxy_that_wants_a_user_is_final_for_who_has_none() -> None:
    async with ProxyServer(user="alice", password="secret") as server:
        error = await refused(server, proxy_at(server.port, "socks5"))

    assert "no acceptable authentication methods" in error.reason
    assert error.is_final


@pytest.mark.parametrize(
    ("scheme", "refusal", "reason", "is_final"),
    [
        ("http", b"HTTP/1.1 403 No\r\n\r\n", "answered 403 No", True),
        ("http", b"HTTP/1.1 503 Later\r\n\r\n", "answered 503 Later", False),
        ("socks5", b"\x02", "connection not allowed by ruleset", True),
        ("socks5", b"\x01", "general socks server failure", False),
        ("socks5", b"\x03", "network unreachable", False),
        ("socks5", b"\x04", "host unreachable", False),
        ("socks5", b"\x05", "connection refused by destination host", False),
        ("socks4", b"\x5b", "request rejected or failed", False),
    ],
)
async def test_a_refusal_says_why_and_whether_it_may_pass(
    scheme: str, refusal: bytes, reason: str, is_final: bool
) -> None:
    async with ProxyServer(refusal=refusal) as server:
        error = await refused(server, proxy_at(server.port, scheme))

    assert (error.reason, error.is_final) == (reason, is_final)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_that_hangs_up_may_be_there_again_later(scheme: str) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)

    async with scripted(hang_up) as port:
        with dialled(port) as sock, pytest.raises(ProxyError) as caught:
            await open_tunnel(sock, proxy_at(port, scheme), "127.0.0.1", 9, limits=Limits())

    assert not caught.value.is_final


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_what_speaks_another_protocol_is_no_proxy(scheme: str) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test ESMTP\r\n")
        await reader.read(1000)

    async with scripted(greet) as port:
        with dialled(port) as sock, pytest.raises(ProxyError) as caught:
            await open_tunnel(sock, proxy_at(port, scheme), "127.0.0.1", 9, limits=Limits())

    assert caught.value.is_final


async def test_a_name_that_socks_cannot_say_is_final() -> None:
    async with ProxyServer() as server:
        error = await refused(server, proxy_at(server.port, "socks5h"), f"{'a' * 64}.test")

    assert error.is_final


# -------------------------------------------------------------------------------- https proxies


class Collector(asyncio.Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.is_lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost.set()


@pytest.mark.parametrize("inner", [False, True], ids=["plain inside", "tls inside"])
async def test_a_proxy_may_be_spoken_to_in_tls(
    inner: bool, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    async with (
        scripted(shout, server_tls if inner else None) as port,
        ProxyServer(ssl=server_tls, user="alice", password="secret") as server,
    ):
        tunnel = await open_tls_tunnel(
            dialled(server.port),
            proxy_at(server.port, "https", "alice", "secret"),
            "127.0.0.1",
            port,
            ssl=client_tls,
            limits=Limits(),
        )
        transport, protocol = await enter_tunnel(
            tunnel, Collector, client_tls if inner else None, "127.0.0.1"
        )
        transport.write(b"hello\n")
        await protocol.is_lost.wait()

    assert protocol.received == b"HELLO\n"
    assert server.asked == [("http", "127.0.0.1", port)]


async def test_an_https_proxy_may_refuse_too(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    async with ProxyServer(ssl=server_tls, refusal=b"HTTP/1.1 403 No\r\n\r\n") as server:
        with pytest.raises(ProxyError, match="answered 403 No"):
            await open_tls_tunnel(
                dialled(server.port),
                proxy_at(server.port, "https"),
                "127.0.0.1",
                9,
                ssl=client_tls,
                limits=Limits(),
            )


async def test_an_https_proxy_may_hang_up(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)

    async with scripted(hang_up, server_tls) as port:
        with pytest.raises(ProxyError, match="hung up before it answered"):
            await open_tls_tunnel(
                dialled(port),
                proxy_at(port, "https"),
                "127.0.0.1",
                9,
                ssl=client_tls,
                limits=Limits(),
            )


async def test_a_tunnel_that_has_collapsed_is_not_entered() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(Collector, sock=ours)
        transport.abort()

        with pytest.raises(HandshakeLostError):
            await enter_tunnel(transport, Collector, None, None)
        await protocol.is_lost.wait()


# ----------------------------------------------------------------------------- the environment


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http", "https", "all", "ws", "wss", "socks", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    return monkeypatch


def test_the_environment_is_asked_when_it_is_to_be(
    clean_environment: pytest.MonkeyPatch,
) -> None:
    clean_environment.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    clean_environment.setenv("NO_PROXY", "inside.test")

    assert find_proxy(True, parse_uri("wss://out.test")) == ProxyAddress(
        scheme="http", host="proxy.test", port=3128
    )
    assert find_proxy(True, parse_uri("wss://a.inside.test")) is None
    assert find_proxy(None, parse_uri("wss://out.test")) is None
    assert find_proxy(False, parse_uri("wss://out.test")) is None


def test_nonsense_in_the_environment_is_an_error(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("ALL_PROXY", "gopher://proxy.test")

    with pytest.raises(InvalidProxyError):
        find_proxy(True, parse_uri("wss://out.test"))


def test_one_that_is_given_is_used_even_to_this_machine() -> None:
    assert find_proxy("http://proxy.test", parse_uri("ws://127.0.0.1")) is not None
