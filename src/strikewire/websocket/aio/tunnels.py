"""Through a proxy: a socket to the proxy becomes one to the server behind it."""

import asyncio
import re
import socket
import ssl as tls
from collections.abc import Callable
from typing import Final
from urllib.request import getproxies, proxy_bypass

import python_socks
from python_socks.async_.asyncio import Proxy as SocksProxy

from strikewire.websocket.aio.opening import AnyProtocol, open_transport
from strikewire.websocket.errors import HandshakeLostError, ProxyError
from strikewire.websocket.limits import Limits
from strikewire.websocket.proxy import (
    ProxyAddress,
    TunnelReader,
    choose_proxy,
    encode_connect,
    parse_proxy,
)
from strikewire.websocket.uri import WebSocketURI

# python-socks has a limit of its own. The phase has its own, so it is moved out of the way.
_NEVER_S: Final = 1e6

# Replies of SOCKS proxies that would be the same again: our user, or our wish, is not let in.
# RFC 1928 section 6: 2 not allowed, 7 command and 8 address type not supported. SOCKS4: 92 and 93
# speak of the user; its 91 says "rejected or failed", so it may pass.
_FINAL: Final = frozenset({2, 7, 8, 92, 93})

# What has no reply code: it does not know us, or speaks another protocol; but not that it hung up.
_STRANGER: Final = re.compile("authentication|version")


def find_proxy(proxy: str | bool | None, uri: WebSocketURI) -> ProxyAddress | None:
    """Return the proxy to go through, or None to go without.

    Args:
        proxy: An address; True for the one that the environment (on macOS and Windows: the system)
            names; None or False for none.
        uri: Where to.

    Raises:
        InvalidProxyError: The address is none.
    """
    address = choose_proxy(uri, getproxies(), bypass=proxy_bypass) if proxy is True else proxy
    return parse_proxy(address) if address else None


class _Dialled(SocksProxy):
    """The way to the proxy as python-socks sees it: a proxy before it, already passed.

    A subclass because that is what it asks for; of its parent it has nothing.
    """

    def __init__(self, sock: socket.socket) -> None:
        # Its other fields say where to connect to, which is done.
        self._sock = sock

    async def connect(self, *_: object, **__: object) -> socket.socket:
        return self._sock


async def open_tunnel(
    sock: socket.socket, proxy: ProxyAddress, host: str, port: int, *, limits: Limits
) -> None:
    """Make a socket to a proxy one to `host` and `port`; for an https:// proxy see below.

    Raises:
        ProxyError: The proxy refused, or did not speak as its scheme says.
        OSError: The socket was lost; or our resolver failed, where the name is ours to look up.
    """
    if proxy.scheme == "http":
        await _open_http_tunnel(sock, proxy, host, port, limits)
    else:
        await _open_socks_tunnel(sock, proxy, host, port)


async def _open_socks_tunnel(
    sock: socket.socket, proxy: ProxyAddress, host: str, port: int
) -> None:
    kind = python_socks.ProxyType.SOCKS5 if "5" in proxy.scheme else python_socks.ProxyType.SOCKS4
    socks = SocksProxy(
        kind,
        proxy.host,
        proxy.port,
        username=proxy.user or None,
        password=proxy.password or None,
        rdns=proxy.scheme in ("socks4a", "socks5h"),
        forward=_Dialled(sock),
    )
    try:
        await socks.connect(host, port, timeout=_NEVER_S)
    except python_socks.ProxyError as error:
        words, code = str(error).lower(), error.error_code
        is_final = code in _FINAL if code is not None else _STRANGER.search(words) is not None
        raise ProxyError(str(proxy), words, code=code, is_final=is_final) from None
    except UnicodeError:
        raise ProxyError(str(proxy), f"cannot be told of host {host!r}", is_final=True) from None


async def _open_http_tunnel(
    sock: socket.socket, proxy: ProxyAddress, host: str, port: int, limits: Limits
) -> None:
    # Not with python-socks: it takes the first piece of the proxy's answer for the whole of it.
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, encode_connect(proxy, host, port))
    reader = TunnelReader(proxy, head_bytes_max=limits.head_bytes_max)
    while not reader.receive(await loop.sock_recv(sock, 16 << 10)):
        pass


async def open_tls_tunnel(
    sock: socket.socket,
    proxy: ProxyAddress,
    host: str,
    port: int,
    *,
    ssl: tls.SSLContext,
    limits: Limits,
) -> asyncio.Transport:
    """Speak TLS with an https:// proxy, and return the transport of a tunnel to `host` and `port`.

    What is a tunnel inside TLS is no socket, so the transport is asyncio's, whatever the engine.
    `enter_tunnel` gives it its protocol.

    Raises:
        ProxyError: The proxy refused, or did not speak HTTP.
        OSError: TLS with the proxy failed, or the socket was lost.
    """
    loop = asyncio.get_running_loop()
    transport, protocol = await open_transport(
        loop,
        sock,
        lambda: _Tunnel(proxy, limits),
        ssl=ssl,
        server_hostname=proxy.host,
        engine="asyncio",
    )
    try:
        transport.write(encode_connect(proxy, host, port))
        await protocol.opened
    except BaseException:
        transport.abort()
        raise
    return transport


async def enter_tunnel(
    transport: asyncio.Transport,
    protocol_factory: Callable[[], AnyProtocol],
    ssl: tls.SSLContext | None,
    server_hostname: str | None,
) -> tuple[asyncio.Transport, AnyProtocol]:
    """Give an open tunnel its protocol, with TLS inside of it if there is a context for that.

    Raises:
        HandshakeLostError: The proxy has hung up meanwhile.
        OSError: TLS failed.
    """
    if transport.is_closing():
        raise HandshakeLostError("the proxy hung up before the server was asked")
    protocol = protocol_factory()
    if ssl is not None:
        inner = await asyncio.get_running_loop().start_tls(
            transport,
            protocol,
            ssl,
            server_hostname=server_hostname,
            ssl_handshake_timeout=_NEVER_S,
        )
        # Typeshed allows for a loop that lost the transport meanwhile; both of ours raise.
        assert inner is not None
        transport = inner
    else:
        transport.set_protocol(protocol)
    protocol.connection_made(transport)
    return transport, protocol


class _Tunnel(asyncio.Protocol):
    """The socket to an https:// proxy until the proxy has answered.

    Attributes:
        opened: Done once the tunnel is open, or has the error that kept it from opening.
    """

    def __init__(self, proxy: ProxyAddress, limits: Limits) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = TunnelReader(proxy, head_bytes_max=limits.head_bytes_max)

    def data_received(self, data: bytes) -> None:
        if self.opened.done():
            return
        try:
            if self._reader.receive(data):
                self.opened.set_result(None)
        except ProxyError as error:
            self.opened.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.opened.done():
            return
        if exc is not None:
            self.opened.set_exception(exc)
        else:
            self.data_received(b"")
