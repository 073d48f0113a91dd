"""Redirects of an opening handshake: where to go, and what not to take along."""

from typing import Final
from urllib.parse import urljoin

from strikewire.websocket.errors import HandshakeStatusError, InvalidURIError, RedirectError
from strikewire.websocket.headers import Headers, values
from strikewire.websocket.uri import WebSocketURI, parse_uri

_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_SCHEMES: Final = {"http": "ws", "https": "wss"}

# Headers that cannot hold a secret. Any other may: APIs keep their keys in headers of all names.
_HARMLESS: Final = frozenset({"accept-language", "origin", "user-agent"})


def redirect_of(uri: WebSocketURI, refusal: HandshakeStatusError) -> WebSocketURI | None:
    """Return where a server sends us, or None if its refusal is no redirect.

    Raises:
        RedirectError: It is no place to go: not a WebSocket, or out of TLS into plain text.

    Source: RFC 6455 section 4.1 lets a client follow; RFC 9110 section 15.4.
    """
    locations = values(refusal.headers, "location")
    if refusal.status not in _STATUSES or len(locations) != 1:
        return None
    location = locations[0]
    try:
        before, colon, after = urljoin(location_of(uri), location).partition("#")[0].partition(":")
        target = parse_uri(_SCHEMES.get(before, before) + colon + after)
    except InvalidURIError as error:
        raise RedirectError(location, error.reason) from None
    except ValueError as error:
        raise RedirectError(location, str(error).lower()) from None
    if uri.secure and not target.secure:
        raise RedirectError(location, "out of tls into plain text")
    return target


def location_of(uri: WebSocketURI) -> str:
    """Return the address as it is written."""
    return f"{'wss' if uri.secure else 'ws'}://{uri.host_header}{uri.target}"


def is_same_origin(left: WebSocketURI, right: WebSocketURI) -> bool:
    """Return whether scheme, host and port are the same (RFC 6454 section 5)."""
    return (left.secure, left.host, left.port) == (right.secure, right.host, right.port)


def headers_for_others(headers: Headers) -> Headers:
    """Return those headers that may be shown to another server than the one they were meant for."""
    return tuple((name, value) for name, value in headers if name.lower() in _HARMLESS)
