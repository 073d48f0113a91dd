"""Open a WebSocket to a server."""

import asyncio
import os
import ssl as tls
from collections.abc import Generator, Sequence
from types import TracebackType
from typing import cast

from strikewire.websocket import handshake
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.keepalive import Pulse
from strikewire.websocket.aio.sockets import peer_name, prepare_socket
from strikewire.websocket.aio.turns import turn_of
from strikewire.websocket.errors import HandshakeError, HandshakeTimeoutError, InvalidURIError
from strikewire.websocket.extensions import Compression
from strikewire.websocket.extras import extra
from strikewire.websocket.handshake import Upgrade
from strikewire.websocket.http import HttpResponse
from strikewire.websocket.http2_limits import Http2Limits
from strikewire.websocket.http_response import ResponseReader
from strikewire.websocket.limits import Limits
from strikewire.websocket.uri import parse_uri


class connect:  # noqa: N801 - it is called like a function
    """Open a WebSocket: `async with connect(uri) as ws`, or `ws = await connect(uri)`.

    Leaving the block closes the connection; awaiting leaves that to the caller.
    """

    def __init__(
        self,
        uri: str,
        *,
        ssl: tls.SSLContext | None = None,
        headers: Sequence[tuple[str, str]] = (),
        origin: str | None = None,
        subprotocols: Sequence[str] = (),
        compression: bool | Compression = True,
        limits: Limits | None = None,
        http2: bool | Http2Limits = False,
    ) -> None:
        """Remember what to do.

        Args:
            uri: "ws://..." or "wss://...".
            ssl: For wss://; without, the system's certificate authorities are trusted.
            headers: To send besides those of the handshake.
            origin: Value of the Origin header; programs send none.
            subprotocols: Names, the most wanted first.
            compression: Whether to offer compression, or how.
            limits: Sizes and times; the default ones without.
            http2: Whether, or within which limits, to open it over HTTP/2 (RFC 8441): asked for by
                ALPN over TLS (the protocols of `ssl` are set), else taken for granted. The extra
                `strikewire[http2]` is needed.

        Raises:
            InvalidURIError: It is not an address, or not one for TLS where `ssl` is given.
        """
        self._uri = parse_uri(uri)
        if ssl is not None and not self._uri.secure:
            raise InvalidURIError(uri, "an ssl context needs wss")
        self._ssl = ssl
        self._headers = (*headers, *((("Origin", origin),) if origin is not None else ()))
        self._subprotocols = tuple(subprotocols)
        self._compression = Compression() if compression is True else compression or None
        self._limits = limits or Limits()
        self._http2 = Http2Limits() if http2 is True else http2 or None

    def __await__(self) -> Generator[None, None, Connection]:
        """Open.

        Raises:
            HandshakeStatusError: The server refused; it carries the status.
            HandshakeTimeoutError: The server took longer than `open_timeout_s`.
            HandshakeError: The server broke the handshake off, or broke its rules.
            OSError: The address cannot be reached, or TLS failed (`ssl.SSLError`).
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

    async def _open(self) -> Connection:
        seconds = self._limits.open_timeout_s
        try:
            async with asyncio.timeout(seconds if seconds > 0 else None) as time_limit:
                return await self._shake_hands()
        except TimeoutError:
            if not time_limit.expired():
                raise  # the kernel gave up first
            raise HandshakeTimeoutError(
                f"{self._uri.host_header} did not answer within {seconds} s"
            ) from None

    async def _shake_hands(self) -> Connection:
        upgrade = Upgrade(
            uri=self._uri,
            nonce=os.urandom(16),
            headers=self._headers,
            subprotocols=self._subprotocols,
            compression=self._compression,
        )
        if self._http2 is not None:
            return await self._shake_hands_over_http2(upgrade, self._http2)
        request = handshake.encode_upgrade(upgrade)
        ssl = (self._ssl or tls.create_default_context()) if self._uri.secure else None
        transport, opening = await asyncio.get_running_loop().create_connection(
            lambda: _Opening(upgrade, self._limits),
            self._uri.host,
            self._uri.port,
            ssl=ssl,
        )
        try:
            transport.write(request)
            connection = await opening.opened
            # Runs when the caller waits for the next time.
            asyncio.get_running_loop().call_soon(connection.begin)
            return connection
        except BaseException:
            transport.abort()
            raise

    async def _shake_hands_over_http2(
        self, upgrade: Upgrade, http2_limits: Http2Limits
    ) -> Connection:
        with extra("http2"):
            from strikewire.websocket.aio.http2_client import Http2Client, client_tls
        client = Http2Client(
            limits=self._limits, http2_limits=http2_limits, closes_with_last_stream=True
        )
        await asyncio.get_running_loop().create_connection(
            lambda: client.connection,
            self._uri.host,
            self._uri.port,
            ssl=client_tls(self._ssl) if self._uri.secure else None,
        )
        try:
            return await client.open(upgrade)
        except BaseException:
            client.abort()
            raise


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
            self._fail(
                HandshakeError(f"connection was lost before it opened: {exc or 'no reason'}")
            )

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
