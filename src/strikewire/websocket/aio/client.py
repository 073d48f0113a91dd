"""Open a WebSocket to a server, once or again and again."""

import asyncio
import logging
import os
import socket
import ssl as tls
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from types import TracebackType
from typing import Final, cast

from strikewire.websocket import handshake
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.dialing import Address
from strikewire.websocket.aio.keepalive import Pulse
from strikewire.websocket.aio.opening import H2_ALPN
from strikewire.websocket.aio.phases import PhaseClock
from strikewire.websocket.aio.reaching import Way
from strikewire.websocket.aio.retrying import chance, may_pass
from strikewire.websocket.aio.sockets import peer_name, prepare_socket
from strikewire.websocket.aio.turns import EngineName, turn_of
from strikewire.websocket.backoff import Backoff, Retries, Retry
from strikewire.websocket.errors import (
    ConnectionClosedError,
    HandshakeError,
    HandshakeLostError,
    HandshakeStatusError,
    RedirectError,
    WebSocketError,
)
from strikewire.websocket.extensions import Compression
from strikewire.websocket.extras import extra
from strikewire.websocket.handshake import Upgrade
from strikewire.websocket.http import HttpResponse
from strikewire.websocket.http2_limits import Http2Limits
from strikewire.websocket.http_response import ResponseReader
from strikewire.websocket.limits import Limits
from strikewire.websocket.redirect import (
    headers_for_others,
    is_same_origin,
    location_of,
    redirect_of,
)
from strikewire.websocket.timeouts import Phase, Timeouts
from strikewire.websocket.uri import WebSocketURI

GivenHeaders = Sequence[tuple[str, str]] | Callable[[], Sequence[tuple[str, str]]]
"""Headers, or what returns them anew for every attempt."""

logger = logging.getLogger("strikewire.websocket")


class connect:  # noqa: N801 - it is called like a function
    """Open a WebSocket: once, or again and again.

    - `async with connect(uri) as ws` opens it, and closes it when the block is left.
    - `ws = await connect(uri)` leaves closing to the caller.
    - `async for ws in connect(uri)` opens it, closes it when the body ends, waits a while and opens
      the next one. An attempt that fails is repeated if its error may pass, and raised if not. What
      the body raises is the body's own: where a lost connection shall lead to the next one, catch
      `ConnectionClosedError` and `continue`. After `break` the connection is closed by the loop,
      without anybody waiting for it.

    Attributes:
        limits: As given.
        last_retry: The latest wait before an attempt, with its reason; None before the first.
    """

    def __init__(
        self,
        uri: str,
        *,
        ssl: tls.SSLContext | None = None,
        server_hostname: str | None = None,
        headers: GivenHeaders = (),
        origin: str | None = None,
        subprotocols: Sequence[str] = (),
        compression: bool | Compression = True,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        proxy: str | bool | None = True,
        proxy_ssl: tls.SSLContext | None = None,
        addresses: Sequence[Address] = (),
        local_address: Address | None = None,
        family: int = 0,
        happy_eyeballs_delay_s: float = 0.25,
        sock: socket.socket | None = None,
        redirects_max: int = 10,
        engine: EngineName = "auto",
        backoff: Backoff | None = None,
        retry: Callable[[Exception], bool] = may_pass,
        on_retry: Callable[[Retry], None] | None = None,
        chance: Callable[[], float] = chance,
        http2: bool | Http2Limits = False,
    ) -> None:
        """Remember what to do.

        Args:
            uri: "ws://..." or "wss://...".
            ssl: For wss://; without, the system's certificate authorities are trusted. Whoever
                wants less makes a context that says so.
            server_hostname: Name to ask for and to check in TLS, where it is not the uri's.
            headers: To send besides those of the handshake; or a function that returns them, called
                for every attempt, such as one that signs the time.
            origin: Value of the Origin header; programs send none.
            subprotocols: Names, the most wanted first.
            compression: Whether to offer compression, or how.
            limits: Sizes and times; the default ones without.
            timeouts: Times of single phases; without, `limits.open_timeout_s` for all of them.
            proxy: True goes through the proxy that the environment names (`WSS_PROXY`, `WS_PROXY`,
                `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`; not to this machine nor what `NO_PROXY`
                names), an address through that proxy, None or False through none. Schemes are http,
                https, socks4, socks4a, socks5 and socks5h; with the last of each pair the proxy
                looks the server's name up.
            proxy_ssl: For an https:// proxy; as `ssl`.
            addresses: Hosts and ports to connect to instead of the uri's, the best first; several
                race. What is said and checked there stays the uri's. Not through a proxy.
            local_address: Host and port to connect from; port 0 takes a free one.
            family: `socket.AF_INET` or `AF_INET6` to use addresses of that kind alone; 0 for both.
            happy_eyeballs_delay_s: How long one address may keep us waiting before the next is
                tried beside it; 0 waits for each to fail.
            sock: A connected stream socket to use instead of connecting; ours from then on, and
                good for one opening.
            redirects_max: How many redirects are followed; 0 raises the first as a refusal. Another
                origin gets none of `headers` that could hold a secret, and wss never leads to ws.
            engine: "native" for the engine's own sockets (Linux, macOS), "asyncio" for those of the
                running loop, "auto" for the former where they can be had.
            backoff: How long `async for` waits between two attempts.
            retry: Whether `async for` tries again after this error; `may_pass` by default.
            on_retry: Told before each wait of `async for` what went wrong and how long it waits.
            chance: Returns a number from 0 to below 1, for the jitter of the waits.
            http2: Whether, or within which limits, to open it over HTTP/2 (RFC 8441): asked for by
                ALPN over TLS (the protocols of `ssl` are set), else taken for granted. The extra
                `strikewire[http2]` is needed.

        Raises:
            InvalidURIError: It is not an address, or not one for TLS where that is asked for.
            InvalidProxyError: `proxy` is not the address of one.
            ValueError: Two arguments exclude each other.
        """
        self._http2 = Http2Limits() if http2 is True else http2 or None
        self.limits: Final = limits or Limits()
        self._way = Way(
            uri,
            limits=self.limits,
            ssl=ssl,
            alpn=() if self._http2 is None else H2_ALPN,
            server_hostname=server_hostname,
            timeouts=timeouts,
            proxy=proxy,
            proxy_ssl=proxy_ssl,
            addresses=addresses,
            local_address=local_address,
            family=family,
            happy_eyeballs_delay_s=happy_eyeballs_delay_s,
            sock=sock,
            engine=engine,
        )
        self._uri = self._way.uri
        self._headers = headers
        self._origin = (("Origin", origin),) if origin is not None else ()
        self._subprotocols = tuple(subprotocols)
        self._compression = Compression() if compression is True else compression or None
        self._redirects_max = redirects_max
        self._retries = Retries(backoff or Backoff(), retry=retry, chance=chance)
        self._on_retry = on_retry

    @property
    def last_retry(self) -> Retry | None:
        """The latest wait before an attempt, with its reason; None before the first."""
        return self._retries.last

    def __await__(self) -> Generator[None, None, Connection]:
        """Open.

        Raises:
            HandshakeStatusError: The server refused; it carries the status.
            HandshakeTimeoutError: A phase took too long, or all of them did; it carries the phase.
            HandshakeLostError: The server hung up before it answered.
            HandshakeError: The server broke the rules of the handshake.
            ProxyError: The proxy refused; it carries the reason.
            InvalidProxyError: The environment names something that is no proxy.
            RedirectError: The server sent us where we do not go, or on and on.
            OSError: The address cannot be reached, or TLS failed (`ssl.SSLError`); a note names the
                phase.
        """
        return self._open().__await__()

    async def __aenter__(self) -> Connection:
        """Open; see `__await__`."""
        self._connection = await self
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close with 1000, unless it is closed already, and wait until the socket is gone."""
        await self._connection.close()

    async def __aiter__(self) -> AsyncGenerator[Connection, None]:
        """Open one connection after the other.

        Raises:
            OSError | WebSocketError: One did not open, and `retry` says that it would not help.
            ValueError: There is only the one socket that was given.
        """
        if self._way.has_socket:
            raise ValueError("a socket is good for one connection")
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection = await self._open()
            except (OSError, WebSocketError) as error:
                retry = self._retries.failed(error)
            else:
                opened_s = loop.time()
                try:
                    yield connection
                finally:
                    lasted_s = loop.time() - opened_s
                    await connection.close()
                retry = self._retries.ended(_why_it_ended(connection), lasted_s=lasted_s)
            logger.info(
                "opening %s again in %.1f s, attempt %d: %s",
                self._uri.host_header,
                retry.delay_s,
                retry.attempt,
                str(retry.error) or type(retry.error).__name__,
            )
            if self._on_retry is not None:
                self._on_retry(retry)
            await asyncio.sleep(retry.delay_s)

    # ------------------------------------------------------------------------------ the inside

    async def _open(self) -> Connection:
        """Open, following redirects."""
        clock = PhaseClock(self._uri.host_header)
        async with clock.limit_all(self.limits.open_timeout_s):
            uri = self._uri
            for _ in range(self._redirects_max + 1):
                try:
                    return await self._shake_hands(self._upgrade(uri), clock)
                except HandshakeStatusError as refusal:
                    target = redirect_of(uri, refusal) if self._redirects_max else None
                    if target is None:
                        raise
                    location = location_of(target)
                    if self._way.has_socket:
                        raise RedirectError(location, "there was one socket") from refusal
                    if self._way.has_addresses and not is_same_origin(target, self._uri):
                        raise RedirectError(location, "not where addresses lead") from refusal
                    uri, clock.who = target, target.host_header
            raise RedirectError(location, f"more than {self._redirects_max} redirects")

    def _upgrade(self, uri: WebSocketURI) -> Upgrade:
        headers = (*(self._headers() if callable(self._headers) else self._headers), *self._origin)
        return Upgrade(
            uri=uri,
            nonce=os.urandom(16),
            headers=headers if is_same_origin(uri, self._uri) else headers_for_others(headers),
            subprotocols=self._subprotocols,
            compression=self._compression,
        )

    async def _shake_hands(self, upgrade: Upgrade, clock: PhaseClock) -> Connection:
        if self._http2 is not None:
            return await self._shake_hands_over_http2(upgrade, clock, self._http2)
        request = handshake.encode_upgrade(upgrade)
        transport, opening = await self._way.go(
            upgrade.uri, lambda: _Opening(upgrade, self.limits), clock
        )
        try:
            async with clock.limit(Phase.HANDSHAKE, self._way.timeouts.handshake_s):
                transport.write(request)
                connection = await opening.opened
            # Runs when the caller waits for the next time.
            asyncio.get_running_loop().call_soon(connection.begin)
            return connection
        except BaseException:
            transport.abort()
            raise

    async def _shake_hands_over_http2(
        self, upgrade: Upgrade, clock: PhaseClock, http2_limits: Http2Limits
    ) -> Connection:
        with extra("http2"):
            from strikewire.websocket.aio.http2_client import Http2Client
        client = Http2Client(
            secure=upgrade.uri.secure,
            limits=self.limits,
            http2_limits=http2_limits,
            closes_with_last_stream=True,
        )
        await self._way.go(upgrade.uri, lambda: client.connection, clock)
        try:
            async with clock.limit(Phase.HANDSHAKE, self._way.timeouts.handshake_s):
                return await client.open(upgrade)
        except BaseException:
            client.abort()
            raise


def _why_it_ended(connection: Connection) -> ConnectionClosedError:
    code = connection.close_code
    assert code is not None
    return ConnectionClosedError(code, connection.close_reason, by_us=connection.closed_by_us)


class _Opening(asyncio.Protocol):
    """The socket until the server has answered.

    Attributes:
        opened: Becomes the connection, or the error that kept it from opening.
    """

    def __init__(self, upgrade: Upgrade, limits: Limits) -> None:
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[Connection] = self._loop.create_future()
        self._upgrade = upgrade
        self._limits = limits
        self._reader = ResponseReader(head_bytes_max=limits.head_bytes_max)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an assertion: the transports of uvloop have no such base.
        self._transport = transport = cast("asyncio.Transport", transport)
        prepare_socket(transport, self._limits)

    def data_received(self, data: bytes) -> None:
        if self.opened.done():
            return
        try:
            response = self._reader.receive(data)
            if response is not None:
                self._conclude(response)
        except HandshakeError as error:
            self._fail(error)

    def eof_received(self) -> None:
        if self.opened.done():
            return
        try:
            self._conclude(self._reader.receive_eof())
        except HandshakeError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            words = f"connection was lost before it opened: {exc or 'no reason'}"
            self._fail(HandshakeLostError(words))

    def _conclude(self, response: HttpResponse) -> None:
        accepted = handshake.conclude_upgrade(self._upgrade, response)
        limits = self._limits
        connection = Connection(
            turn_of(self._loop),
            "client",
            limits=limits,
            agreement=accepted.agreement,
            pulse=Pulse(
                self._loop, interval_s=limits.ping_interval_s, timeout_s=limits.ping_timeout_s
            ),
            target=self._upgrade.uri.target,
            headers=tuple(response.headers),
            subprotocol=accepted.subprotocol,
            peer=peer_name(self._transport),
        )
        self._transport.set_protocol(connection)
        connection.connection_made(self._transport)
        self.opened.set_result(connection)
        if self._reader.rest:
            connection.data_received(self._reader.rest)

    def _fail(self, error: HandshakeError) -> None:
        self.opened.set_exception(error)
        self.opened.exception()  # whoever waited may have given up
