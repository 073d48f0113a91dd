"""Every error of the room, by blame: ours, the peer's, or the world's.

- `WebSocketError`
    - `ProtocolError`
        - `LocalProtocolError`: you asked for something the protocol forbids; nothing was sent.
        - `RemoteProtocolError`: the peer broke the protocol; carries the close code to send.
    - `HandshakeError`: the connection never opened.
        - `HandshakeStatusError`: the server answered with something other than 101.
        - `HandshakeTimeoutError`: a phase of it took too long; carries the phase.
        - `HandshakeLostError`: the socket was lost before the server answered.
        - `ProxyError`: the proxy on the way refused, or broke its own rules.
        - `RedirectError`: the server sent us somewhere we do not go.
    - `ConnectionClosedError`: it was open and is no longer; carries code, reason and who closed.
        - `PingTimeoutError`: because a keepalive ping stayed unanswered.
        - `SlowReaderError`: because the peer did not read what was queued for it.
    - `AddressInUseError`: the port is taken.
    - `InvalidURIError`: not a ws:// or wss:// address.
    - `InvalidProxyError`: not the address of a proxy.
"""

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.timeouts import Phase


class WebSocketError(Exception):
    """Any failure of this room that a caller may want to handle."""


class ProtocolError(WebSocketError):
    """A rule of RFC 6455 or RFC 7692 was broken, by one side or the other."""


class LocalProtocolError(ProtocolError):
    """You asked for what the protocol forbids. Nothing was sent; the connection is unharmed."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol; the connection must be failed.

    Attributes:
        close_code: What to tell the peer.
        reason: One lower-case sentence, at most 123 bytes, without secrets.
    """

    def __init__(self, close_code: CloseCode, reason: str) -> None:
        super().__init__(f"{reason} (close {close_code})")
        self.close_code = close_code
        self.reason = reason


class HandshakeError(WebSocketError):
    """The opening handshake failed; the message says where the two sides disagree."""


class HandshakeStatusError(HandshakeError):
    """The server refused the upgrade with an ordinary HTTP response.

    Attributes:
        status: The HTTP status, such as 403.
        headers: Names (lower case) and values, in the order received.
        body: As much of the body as arrived with the head, for people to read.
    """

    def __init__(
        self, status: int, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> None:
        super().__init__(f"server answered {status} instead of 101")
        self.status = status
        self.headers = headers
        self.body = body


class HandshakeTimeoutError(HandshakeError):
    """The connection did not open in time.

    Attributes:
        phase: What took too long, or was under way when the time for all of it ran out.
    """

    def __init__(self, message: str, phase: Phase = Phase.HANDSHAKE) -> None:
        super().__init__(message)
        self.phase = phase


class HandshakeLostError(HandshakeError):
    """The connection was lost, or hung up, before the server had answered."""


class ProxyError(HandshakeError):
    """The proxy did not let us through; the message says which proxy, and why.

    Attributes:
        proxy: Its address, without user and password.
        reason: Its own words, or what was wrong with them.
        code: Of its answer: the status of an HTTP proxy, the reply of a SOCKS proxy; None if the
            answer was none.
        is_final: Whether the same request would be refused again: it does not know us, or does not
            want us there. A proxy that could not reach the server may do so later.
    """

    def __init__(
        self, proxy: str, reason: str, *, code: int | None = None, is_final: bool = False
    ) -> None:
        super().__init__(f"{proxy}: {reason}")
        self.proxy = proxy
        self.reason = reason
        self.code = code
        self.is_final = is_final


class RedirectError(HandshakeError):
    """The server redirects the handshake to where a client must not follow, or too often.

    Attributes:
        location: Where to, as the server wrote it.
    """

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(f"redirected to {location!r}: {reason}")
        self.location = location


class ConnectionClosedError(WebSocketError):
    """The connection is closed, or closing, so nothing more can be sent or received.

    Attributes:
        code: Of the first Close frame, whoever sent it; 1006 if there was none.
        reason: The words beside it, often empty.
        by_us: Whether that first Close was ours.
    """

    def __init__(self, code: int, reason: str = "", *, by_us: bool = False) -> None:
        words = f": {reason}" if reason else ""
        super().__init__(f"closed {code} by {'us' if by_us else 'the peer'}{words}")
        self.code = code
        self.reason = reason
        self.by_us = by_us


class PingTimeoutError(ConnectionClosedError):
    """A keepalive ping stayed unanswered, so the connection was given up."""


class SlowReaderError(ConnectionClosedError):
    """The peer did not read what was queued for it, so the connection was given up."""


class AddressInUseError(WebSocketError):
    """Another program listens on the address already.

    Attributes:
        host: As given.
        port: As given.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} is taken by another program")
        self.host = host
        self.port = port


class InvalidURIError(WebSocketError):
    """The address is not one a WebSocket can be opened to."""

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(f"{uri!r}: {reason}")
        self.uri = uri
        self.reason = reason


class InvalidProxyError(WebSocketError):
    """The address is not one of a proxy. The message leaves user and password out."""
