"""WebSockets over HTTP/2, the client's end: one on a connection of its own, or many on one."""

import asyncio
import os
import socket
import ssl as tls
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from strikewire.websocket import http2_heads
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.dialing import Address
from strikewire.websocket.aio.http2_connection import Http2Connection
from strikewire.websocket.aio.http2_stream import Http2StreamTransport
from strikewire.websocket.aio.keepalive import Pulse
from strikewire.websocket.aio.opening import H2_ALPN
from strikewire.websocket.aio.phases import PhaseClock
from strikewire.websocket.aio.reaching import Way
from strikewire.websocket.aio.sockets import peer_name
from strikewire.websocket.aio.turns import EngineName, turn_of
from strikewire.websocket.errors import HandshakeError, HandshakeLostError, InvalidURIError
from strikewire.websocket.extensions import Compression
from strikewire.websocket.handshake import Upgrade
from strikewire.websocket.headers import Headers
from strikewire.websocket.http2 import (
    ConnectionFailed,
    Http2Event,
    Http2Protocol,
    ResponseReceived,
    SettingsReceived,
)
from strikewire.websocket.http2_frames import ErrorCode
from strikewire.websocket.http2_limits import Http2Limits
from strikewire.websocket.limits import Limits
from strikewire.websocket.timeouts import Phase, Timeouts
from strikewire.websocket.uri import WebSocketURI, parse_uri


class Http2Client:
    """The client's end of an HTTP/2 connection, on a socket that somebody else opened.

    Attributes:
        connection: The protocol to give to the transport.
    """

    def __init__(
        self,
        *,
        secure: bool,
        limits: Limits,
        http2_limits: Http2Limits,
        closes_with_last_stream: bool,
    ) -> None:
        """Begin; `connection` is to be given to a transport, or to `create_connection`.

        Args:
            secure: Whether it is over TLS with the server, which has to choose "h2" then. A proxy's
                TLS is none of it.
            limits: For every WebSocket.
            http2_limits: For the connection below them.
            closes_with_last_stream: Whether the socket is there for one WebSocket only.
        """
        self._secure = secure
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._pulse = Pulse(
            self._loop, interval_s=limits.ping_interval_s, timeout_s=limits.ping_timeout_s
        )
        self._openings: dict[int, _Opening] = {}
        self._settings: asyncio.Future[bool] = self._loop.create_future()
        self._lost = asyncio.Event()
        self._protocol = Http2Protocol(
            "client", limits=http2_limits, head_bytes_max=limits.head_bytes_max
        )
        self.connection: Final = Http2Connection(
            self._protocol,
            limits=limits,
            http2_limits=http2_limits,
            on_event=self._take,
            on_lost=self._on_lost,
            on_made=self._on_made,
            closes_with_last_stream=closes_with_last_stream,
        )

    async def open(self, upgrade: Upgrade) -> Connection:
        """Open a WebSocket on a stream of its own.

        Raises:
            HandshakeStatusError: The server refused; it carries the status.
            HandshakeLostError: The server hung up, goes away, or did not look at it.
            HandshakeError: The server does not speak HTTP/2, takes no WebSockets over it, takes no
                more of them now, or broke the handshake off.
            LocalProtocolError: A header is malformed, or one the handshake sets itself.
        """
        lines = http2_heads.connect_lines(upgrade)
        # RFC 8441 3: only after SETTINGS_ENABLE_CONNECT_PROTOCOL of 1 may a client ask.
        if not await asyncio.shield(self._settings):
            raise HandshakeError("the server takes no websockets over http/2 (RFC 8441)")
        if self.connection.is_closing or not self._protocol.may_open:
            words = "the server takes no more streams on this connection"
            is_leaving = self.connection.is_closing or self._protocol.is_going_away
            raise HandshakeLostError(words) if is_leaving else HandshakeError(words)
        opening = _Opening(self, upgrade)
        stream_id = self.connection.open_stream(lines, opening)
        self._openings[stream_id] = opening
        try:
            connection = await opening.opened
        except BaseException:
            if self.connection.owners.get(stream_id) is opening:
                self.connection.reset(stream_id, ErrorCode.CANCEL)
                self.connection.owners.pop(stream_id)
            elif opening.connection is not None:
                opening.connection.abort()  # it opened while the caller gave up
            raise
        finally:
            del self._openings[stream_id]
        # Runs when the caller waits for the next time.
        self._loop.call_soon(connection.begin)
        return connection

    async def close(self) -> None:
        """Hang up once the open WebSockets have ended, and wait for it."""
        self.connection.close()
        await self._lost.wait()

    def abort(self) -> None:
        """Hang up now."""
        self.connection.abort()

    def conclude(
        self, upgrade: Upgrade, stream_id: int, status: int, headers: Headers
    ) -> Connection:
        """Return the WebSocket that the server's answer opened."""
        accepted = http2_heads.conclude(upgrade, status, headers)
        transport = Http2StreamTransport(
            self.connection, stream_id, linger_s=self._limits.close_timeout_s
        )
        connection = Connection(
            turn_of(self._loop),
            "client",
            limits=self._limits,
            agreement=accepted.agreement,
            pulse=self._pulse,
            target=upgrade.uri.target,
            headers=headers,
            subprotocol=accepted.subprotocol,
            peer=peer_name(transport),
        )
        self.connection.adopt(stream_id, transport)
        transport.set_protocol(connection)
        connection.connection_made(transport)
        return connection

    def _on_made(self) -> None:
        encryption = self.connection.get_extra_info("ssl_object")
        if self._secure and isinstance(encryption, tls.SSLObject | tls.SSLSocket):
            chosen = encryption.selected_alpn_protocol()
            if chosen != "h2":
                words = f"the server speaks {chosen or 'something else'} over TLS, not h2"
                self._fail(HandshakeError(words))
                self.abort()

    def _take(self, event: Http2Event) -> None:
        match event:
            case SettingsReceived(websockets):
                if not self._settings.done():
                    self._settings.set_result(websockets)
            case ResponseReceived(stream_id, status, headers):
                opening = self._openings.get(stream_id)
                if opening is not None:
                    opening.on_answer(stream_id, status, headers)
            case ConnectionFailed(reason=reason):
                self._fail(HandshakeError(f"http/2 failed: {reason}"))
            case _:  # the server goes away: streams that it did not look at are told
                pass

    def _on_lost(self, error: Exception | None) -> None:
        words = f"connection was lost before it opened: {error or 'no reason'}"
        self._fail(HandshakeLostError(words))
        self._lost.set()

    def _fail(self, error: HandshakeError) -> None:
        if not self._settings.done():
            self._settings.set_exception(error)
            # Nobody may be waiting any more; that is no mistake of theirs.
            self._settings.exception()


class _Opening:
    """A stream until the server has answered on it.

    Attributes:
        opened: Becomes the connection, or the error that kept it from opening.
        connection: The same; None without.
    """

    def __init__(self, client: Http2Client, upgrade: Upgrade) -> None:
        self._client = client
        self._upgrade = upgrade
        self._answer: tuple[int, Headers] | None = None
        self._body = bytearray()
        self._stream_id = 0
        self.connection: Connection | None = None
        self.opened: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

    def on_answer(self, stream_id: int, status: int, headers: Headers) -> None:
        """Take in the head of the answer: it opens the WebSocket, or a body says why not."""
        if self._answer is not None or self.opened.done():
            return
        self._answer = (status, headers)
        self._stream_id = stream_id
        if 200 <= status < 300:
            try:
                self.connection = self._client.conclude(self._upgrade, stream_id, status, headers)
            except HandshakeError as error:
                self.opened.set_exception(error)
            else:
                self.opened.set_result(self.connection)

    def on_data(self, data: bytes) -> None:
        """Take in some of a refusal's body, as much as one window holds."""
        self._body += data

    def on_end(self) -> None:
        """Take in that the refusal is whole."""
        self._fail(HandshakeError("the server ended the stream without an answer"))

    def on_reset(self, code: int) -> None:
        """Take in that the server broke the handshake off."""
        words = f"the server reset the stream with code {code}"
        # RFC 9113 8.7: "Requests that have not been processed have not failed".
        is_lost = code == ErrorCode.REFUSED_STREAM
        self._fail(HandshakeLostError(words) if is_lost else HandshakeError(words))

    def on_lost(self, error: Exception | None) -> None:
        """Take in that the connection is gone, or that the server looks at no new streams."""
        words = f"connection was lost before it opened: {error or 'no reason'}"
        self._fail(HandshakeLostError(words))

    def on_sent(self) -> None:
        """Nothing is queued before the answer."""

    def _fail(self, error: HandshakeError) -> None:
        if self.opened.done():
            return
        if self._answer is not None:
            try:
                http2_heads.conclude(self._upgrade, *self._answer, bytes(self._body))
            except HandshakeError as refusal:
                error = refusal
        self.opened.set_exception(error)
        self.opened.exception()  # whoever waited may have given up


class Http2Session:
    """Many WebSockets on one HTTP/2 connection: `async with multiplex(uri) as session`.

    Leaving the block closes every one of them with 1000, and then the connection.
    """

    def __init__(
        self,
        way: Way,
        *,
        limits: Limits,
        http2_limits: Http2Limits,
    ) -> None:
        """Remember what to do; `multiplex` is the way in."""
        self._way = way
        self._uri = way.uri
        self._limits = limits
        self._http2_limits = http2_limits
        self._connections: list[Connection] = []

    async def __aenter__(self) -> Self:
        """Open the connection.

        Raises:
            HandshakeTimeoutError: A phase took too long, or all of them did; it carries the phase.
            ProxyError: The proxy refused; it carries the reason.
            InvalidProxyError: The environment names something that is no proxy.
            OSError: The address cannot be reached, or TLS failed (`ssl.SSLError`); a note names the
                phase.
        """
        self._client = Http2Client(
            secure=self._uri.secure,
            limits=self._limits,
            http2_limits=self._http2_limits,
            closes_with_last_stream=False,
        )
        clock = PhaseClock(self._uri.host_header)
        async with clock.limit_all(self._limits.open_timeout_s):
            await self._way.go(self._uri, lambda: self._client.connection, clock)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every WebSocket with 1000, then the connection."""
        try:
            for connection in self._connections:
                connection.close_nowait()
            for connection in self._connections:
                await connection.wait_closed()
            await self._client.close()
        except BaseException:
            self._client.abort()
            raise

    async def connect(
        self,
        target: str = "",
        *,
        headers: Sequence[tuple[str, str]] = (),
        origin: str | None = None,
        subprotocols: Sequence[str] = (),
        compression: bool | Compression = True,
    ) -> Connection:
        """Open a WebSocket; closing it is up to the caller, or to the end of the session.

        Args:
            target: Path and query; without, those of the session's address.
            headers: To send besides those of the handshake.
            origin: Value of the Origin header; programs send none.
            subprotocols: Names, the most wanted first.
            compression: Whether to offer compression, or how.

        Raises:
            HandshakeStatusError: The server refused; it carries the status.
            HandshakeTimeoutError: The server took longer than `open_timeout_s`.
            HandshakeError: As `Http2Client.open`.
            InvalidURIError: The target is none.
        """
        upgrade = Upgrade(
            uri=self._resolve(target),
            nonce=os.urandom(16),
            headers=(*headers, *((("Origin", origin),) if origin is not None else ())),
            subprotocols=tuple(subprotocols),
            compression=Compression() if compression is True else compression or None,
        )
        clock = PhaseClock(self._uri.host_header)
        async with (
            clock.limit_all(self._limits.open_timeout_s),
            clock.limit(Phase.HANDSHAKE, self._way.timeouts.handshake_s),
        ):
            connection = await self._client.open(upgrade)
        self._connections = [other for other in self._connections if other.close_code is None]
        self._connections.append(connection)
        return connection

    def _resolve(self, target: str) -> WebSocketURI:
        if not target:
            return self._uri
        scheme = "wss" if self._uri.secure else "ws"
        uri = f"{scheme}://{self._uri.host_header}{target}"
        if not target.startswith("/"):
            raise InvalidURIError(uri, "the target does not begin with a slash")
        return parse_uri(uri)


def multiplex(
    uri: str,
    *,
    ssl: tls.SSLContext | None = None,
    server_hostname: str | None = None,
    limits: Limits | None = None,
    http2_limits: Http2Limits | None = None,
    timeouts: Timeouts | None = None,
    proxy: str | bool | None = True,
    proxy_ssl: tls.SSLContext | None = None,
    addresses: Sequence[Address] = (),
    local_address: Address | None = None,
    family: int = 0,
    happy_eyeballs_delay_s: float = 0.25,
    sock: socket.socket | None = None,
    engine: EngineName = "auto",
) -> Http2Session:
    """Return a session of many WebSockets on one HTTP/2 connection; `async with` opens it.

    Args:
        uri: "ws://..." (HTTP/2 is taken for granted) or "wss://..." (it is asked for by ALPN).
        ssl: For wss://, used for nothing else: its ALPN protocols are set. Without, the system's
            certificate authorities are trusted.
        server_hostname: As for `connect`, like everything below.
        limits: Sizes and times of every WebSocket; the default ones without.
        http2_limits: Those of the connection; the default ones without.
        timeouts: As for `connect`; `handshake_s` is for each WebSocket.
        proxy: As for `connect`.
        proxy_ssl: As for `connect`.
        addresses: As for `connect`.
        local_address: As for `connect`.
        family: As for `connect`.
        happy_eyeballs_delay_s: As for `connect`.
        sock: As for `connect`.
        engine: As for `connect`.

    Raises:
        InvalidURIError: It is not an address, or not one for TLS where `ssl` is given.
        InvalidProxyError: `proxy` is not the address of one.
        ValueError: Two arguments exclude each other.
    """
    limits = limits or Limits()
    way = Way(
        uri,
        limits=limits,
        ssl=ssl,
        alpn=H2_ALPN,
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
    return Http2Session(way, limits=limits, http2_limits=http2_limits or Http2Limits())
