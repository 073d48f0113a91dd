"""Every error of the room, by blame: ours, the peer's, or the world's.

- `WebSocketError`
    - `ProtocolError`
        - `LocalProtocolError`: you asked for something the protocol forbids; nothing was sent.
        - `RemoteProtocolError`: the peer broke the protocol; carries the close code to send.
    - `HandshakeError`: the connection never opened.
        - `HandshakeStatusError`: the server answered with something other than 101.
        - `HandshakeTimeoutError`: it did not answer in time.
    - `ConnectionClosedError`: it was open and is no longer; carries code, reason and who closed.
        - `PingTimeoutError`: because a keepalive ping stayed unanswered.
        - `SlowReaderError`: because the peer did not read what was queued for it.
    - `AddressInUseError`: the port is taken.
    - `InvalidURIError`: not a ws:// or wss:// address.
"""

from strikewire.websocket.close_codes import CloseCode


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
    """The handshake did not finish in time."""


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
