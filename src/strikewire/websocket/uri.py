"""Addresses of WebSockets: ws://host:port/path?query, and wss:// for TLS."""

from urllib.parse import urlsplit

import msgspec

from strikewire.websocket.errors import InvalidURIError


class WebSocketURI(msgspec.Struct, frozen=True, kw_only=True):
    """An address, taken apart.

    Attributes:
        secure: Whether to speak TLS.
        host: Name or address, as a resolver takes it: an IPv6 address has no brackets.
        port: As given, else 80, or 443 with TLS.
        target: Path and query, as they stand in the request line.
    """

    secure: bool
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """The value of the Host header: the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse_uri(uri: str) -> WebSocketURI:
    """Take an address apart.

    Raises:
        InvalidURIError: It is not one a WebSocket can be opened to.

    Source: RFC 6455 section 3.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise InvalidURIError(uri, str(error).lower()) from None
    if parts.scheme not in ("ws", "wss"):
        raise InvalidURIError(uri, "the scheme is neither ws nor wss")
    if not parts.hostname:
        raise InvalidURIError(uri, "there is no host")
    # 3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be
    # used on these URIs."
    if "#" in uri:
        raise InvalidURIError(uri, "a fragment has no meaning here")
    if parts.username is not None:
        raise InvalidURIError(uri, "credentials belong into an authorization header")
    if not uri.isascii() or any(character <= " " or character == "\x7f" for character in uri):
        raise InvalidURIError(uri, "other characters than printable ascii must be escaped")
    secure = parts.scheme == "wss"
    return WebSocketURI(
        secure=secure,
        host=parts.hostname,
        port=port if port is not None else (443 if secure else 80),
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
