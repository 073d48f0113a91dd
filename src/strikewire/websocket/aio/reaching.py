"""From an address to a transport: name, TCP, proxy and TLS, one after the other."""

import asyncio
import socket
import ssl as tls
from collections.abc import Callable, Sequence
from typing import Final

from strikewire.websocket.aio.dialing import Address, dial, resolve
from strikewire.websocket.aio.opening import AnyProtocol, default_tls, open_transport
from strikewire.websocket.aio.phases import PhaseClock
from strikewire.websocket.aio.tunnels import (
    enter_tunnel,
    find_proxy,
    open_tls_tunnel,
    open_tunnel,
)
from strikewire.websocket.aio.turns import EngineName
from strikewire.websocket.errors import InvalidURIError
from strikewire.websocket.limits import Limits
from strikewire.websocket.proxy import ProxyAddress, parse_proxy
from strikewire.websocket.redirect import is_same_origin
from strikewire.websocket.timeouts import Phase, Timeouts
from strikewire.websocket.uri import WebSocketURI, parse_uri


class Way:
    """How a client gets to its server, and to where that sends it on.

    Attributes:
        uri: As given, taken apart.
        timeouts: As given.
        has_socket: Whether there is the one socket that was given.
        has_addresses: Whether it leads to addresses that were given.
    """

    def __init__(
        self,
        uri: str,
        *,
        limits: Limits,
        ssl: tls.SSLContext | None = None,
        alpn: Sequence[str] = (),
        server_hostname: str | None = None,
        timeouts: Timeouts | None = None,
        proxy: str | bool | None = True,
        proxy_ssl: tls.SSLContext | None = None,
        addresses: Sequence[Address] = (),
        local_address: Address | None = None,
        family: int = 0,
        happy_eyeballs_delay_s: float = 0.25,
        sock: socket.socket | None = None,
        engine: EngineName = "auto",
    ) -> None:
        """Remember it; all that is not told here is as `connect` has it.

        Args:
            uri: The server's.
            limits: For what a proxy says.
            ssl: As `connect`.
            alpn: Protocols to ask for by ALPN, set on `ssl` too; without, HTTP/1.1 is asked for
                where there is no `ssl`.
            server_hostname: As `connect`.
            timeouts: As `connect`.
            proxy: As `connect`.
            proxy_ssl: As `connect`.
            addresses: As `connect`.
            local_address: As `connect`.
            family: As `connect`.
            happy_eyeballs_delay_s: As `connect`.
            sock: As `connect`.
            engine: As `connect`.

        Raises:
            InvalidURIError: It is not an address, or not one for TLS where that is asked for.
            InvalidProxyError: `proxy` is not the address of one.
            ValueError: Two arguments exclude each other.
        """
        self.uri: Final = parse_uri(uri)
        if (ssl is not None or server_hostname is not None) and not self.uri.secure:
            raise InvalidURIError(uri, "an ssl context needs wss")
        if isinstance(proxy, str):
            parse_proxy(proxy)
            if addresses or sock is not None:
                raise ValueError("the proxy connects, so addresses and sock have no use")
        if addresses and sock is not None:
            raise ValueError("a socket is connected, so addresses have no use")
        self.timeouts: Final = timeouts or Timeouts()
        self.has_socket: Final = sock is not None
        self.has_addresses: Final = bool(addresses)
        self._limits = limits
        self._ssl = ssl
        self._alpn = tuple(alpn)
        self._server_hostname = server_hostname
        self._proxy = None if addresses or sock is not None else proxy
        self._proxy_ssl = proxy_ssl
        self._addresses = tuple(addresses)
        self._local_address = local_address
        self._family = family
        self._happy_eyeballs_delay_s = happy_eyeballs_delay_s
        self._sock = sock
        self._engine: EngineName = engine

    async def go(
        self, uri: WebSocketURI, make_protocol: Callable[[], AnyProtocol], clock: PhaseClock
    ) -> tuple[asyncio.Transport, AnyProtocol]:
        """Return a transport to the server, through whatever is between, TLS included.

        Args:
            uri: Of the server, or of where it redirects to.
            make_protocol: Makes what the transport tells everything.
            clock: Limits every phase.

        Raises:
            HandshakeTimeoutError: A phase took too long.
            ProxyError: The proxy refused.
            InvalidProxyError: The environment names something that is no proxy.
            OSError: The address cannot be reached, or TLS failed.
        """
        proxy = find_proxy(self._proxy, uri)
        # These take a moment, which is no phase's.
        ssl = self._tls() if uri.secure else None
        proxy_ssl = self._proxy_tls() if proxy is not None and proxy.scheme == "https" else None
        # The name that was given belongs to the server that was given.
        given = self._server_hostname if is_same_origin(uri, self.uri) else None
        name = given or uri.host

        sock = self._sock or await self._dial(uri, proxy, clock)
        sock.setblocking(False)
        try:
            if proxy is not None and proxy_ssl is not None:
                async with clock.limit(Phase.PROXY, self.timeouts.proxy_s):
                    tunnel = await open_tls_tunnel(
                        sock,
                        proxy,
                        uri.host,
                        uri.port,
                        ssl=proxy_ssl,
                        limits=self._limits,
                    )
                try:
                    async with clock.limit(Phase.TLS, self.timeouts.tls_s):
                        return await enter_tunnel(tunnel, make_protocol, ssl, name)
                except BaseException:
                    tunnel.abort()
                    raise
            if proxy is not None:
                async with clock.limit(Phase.PROXY, self.timeouts.proxy_s):
                    await open_tunnel(sock, proxy, uri.host, uri.port, limits=self._limits)
            async with clock.limit(Phase.TLS, self.timeouts.tls_s):
                return await open_transport(
                    asyncio.get_running_loop(),
                    sock,
                    make_protocol,
                    ssl=ssl,
                    server_hostname=name,
                    engine=self._engine,
                )
        except BaseException:
            sock.close()
            raise

    async def _dial(
        self, uri: WebSocketURI, proxy: ProxyAddress | None, clock: PhaseClock
    ) -> socket.socket:
        """Return a socket to the server, or to the proxy before it."""
        first = (proxy.host, proxy.port) if proxy is not None else (uri.host, uri.port)
        async with clock.limit(Phase.RESOLVE, self.timeouts.resolve_s):
            found = await resolve(self._addresses or (first,), family=self._family)
        async with clock.limit(Phase.CONNECT, self.timeouts.connect_s):
            return await dial(
                found, local=self._local_address, delay_s=self._happy_eyeballs_delay_s
            )

    # Reading the system's authorities takes long, so a client that reconnects does it once.

    def _tls(self) -> tls.SSLContext:
        if self._ssl is None:
            self._ssl = default_tls()
        if self._alpn:
            self._ssl.set_alpn_protocols(self._alpn)
        return self._ssl

    def _proxy_tls(self) -> tls.SSLContext:
        if self._proxy_ssl is None:
            self._proxy_ssl = default_tls()
        return self._proxy_ssl
