"""The opening handshake, both ends of it, without I/O.

A refused handshake is normal business: `accept` returns the HTTP response that says why. A server
that breaks the handshake is not: `conclude_upgrade` raises.

Source: RFC 6455 sections 4.1 (client) and 4.2 (server).
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from strikewire.websocket import extensions
from strikewire.websocket.errors import HandshakeError, HandshakeStatusError, LocalProtocolError
from strikewire.websocket.extensions import Agreement, Compression
from strikewire.websocket.headers import Headers, encode_headers, tokens, values
from strikewire.websocket.http import HttpRequest, HttpResponse, plain_text
from strikewire.websocket.uri import WebSocketURI

VERSION: Final = "13"

# 4.2.2: what the server appends to the client's key to show that it understood.
_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_OURS: Final = frozenset(
    {
        "host",
        "upgrade",
        "connection",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
    }
)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a server accepts.

    Attributes:
        origins: Values of the Origin header that are let in; None lets everyone in. A request
            without Origin comes from no browser, and is let in either way.
        subprotocols: Names, the most wanted first.
        compression: How to compress, or None to offer no compression.
    """

    origins: frozenset[str] | None = None
    subprotocols: tuple[str, ...] = ()
    compression: Compression | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A handshake that succeeded.

    Attributes:
        response: The 101 to send; None on the client, which received it.
        subprotocol: The one agreed on, or None.
        agreement: What was agreed on about compression, or None.
    """

    response: HttpResponse | None = None
    subprotocol: str | None = None
    agreement: Agreement | None = None


def accept_key(key: str) -> str:
    """Return the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key."""
    digest = hashlib.sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


# ---------------------------------------------------------------------------------- the server


def wants_websocket(request: HttpRequest) -> bool:
    """Return whether a request is meant as an opening handshake, well made or not."""
    return "websocket" in tokens(request.headers, "upgrade") or bool(
        values(request.headers, "sec-websocket-key")
    )


def accept(request: HttpRequest, policy: Policy) -> Accepted | HttpResponse:
    """Judge an opening handshake.

    Returns:
        What was agreed on, or the response that refuses: 405 for another method than GET, 426
        for another version than 13 (which it names), 403 for a forbidden origin, 400 for the rest.
    """
    verdict = _refusal(request) or negotiate(request, policy)
    if isinstance(verdict, HttpResponse):
        return verdict
    assert verdict.response is not None
    headers = (
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", accept_key(values(request.headers, "sec-websocket-key")[0])),
        *verdict.response.headers,
    )
    return msgspec.structs.replace(verdict, response=HttpResponse(101, headers))


def negotiate(request: HttpRequest, policy: Policy) -> Accepted | HttpResponse:
    """Judge what every opening handshake holds, whatever version of HTTP it came over.

    Returns:
        What was agreed on, with a response of status 200 and the headers that say so; or the
        response that refuses: 403 for a forbidden origin, 400 for malformed extensions.
    """
    origins = values(request.headers, "origin")
    if policy.origins is not None and not policy.origins.issuperset(origins):
        return plain_text(403, "this origin is not let in")
    offered = extensions.parse_extensions(values(request.headers, "sec-websocket-extensions"))
    if offered is None:
        return plain_text(400, "malformed sec-websocket-extensions")

    headers = []
    subprotocol = _choose_subprotocol(request, policy)
    if subprotocol is not None:
        headers.append(("sec-websocket-protocol", subprotocol))
    agreement = None
    if policy.compression is not None:
        answer = extensions.answer(offered, policy.compression)
        if answer is not None:
            agreement, words = answer
            headers.append(("sec-websocket-extensions", words))
    return Accepted(
        response=HttpResponse(200, tuple(headers)), subprotocol=subprotocol, agreement=agreement
    )


def _refusal(request: HttpRequest) -> HttpResponse | None:
    headers = request.headers
    if request.method != "GET":
        return plain_text(405, "a websocket is opened with GET", ("allow", "GET"))
    if request.version != "1.1":
        return plain_text(400, f"a websocket needs http/1.1, not {request.version}")
    if "websocket" not in tokens(headers, "upgrade"):
        return plain_text(400, "the upgrade header does not name websocket")
    if "upgrade" not in tokens(headers, "connection"):
        return plain_text(400, "the connection header does not name upgrade")
    # What follows the head is frames; a body would be mistaken for them.
    if request.header("content-length") not in (None, "0") or request.header("transfer-encoding"):
        return plain_text(400, "an opening handshake has no body")
    # 4.4: "the server MUST respond with |Sec-WebSocket-Version| of all versions it supports".
    if values(headers, "sec-websocket-version") != [VERSION]:
        return plain_text(
            426,
            f"the websocket version spoken here is {VERSION}",
            ("upgrade", "websocket"),
            ("sec-websocket-version", VERSION),
        )
    if not _is_key(values(headers, "sec-websocket-key")):
        return plain_text(400, "sec-websocket-key is not 16 bytes in base64, once")
    return None


def _is_key(keys: Sequence[str]) -> bool:
    if len(keys) != 1:
        return False
    try:
        return len(base64.b64decode(keys[0], validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _choose_subprotocol(request: HttpRequest, policy: Policy) -> str | None:
    # Subprotocol names are compared as they are (4.1, item 10), so not by `tokens`.
    lines = ",".join(values(request.headers, "sec-websocket-protocol"))
    offered = {name.strip(" \t") for name in lines.split(",")}
    return next((name for name in policy.subprotocols if name in offered), None)


# ---------------------------------------------------------------------------------- the client


class Upgrade(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for.

    Attributes:
        uri: Where.
        nonce: 16 unpredictable bytes, new for every handshake.
        headers: To send besides those of the handshake.
        subprotocols: Names, the most wanted first.
        compression: How to compress, or None to offer no compression.
    """

    uri: WebSocketURI
    nonce: bytes
    headers: Headers = ()
    subprotocols: tuple[str, ...] = ()
    compression: Compression | None = None

    @property
    def key(self) -> str:
        """The Sec-WebSocket-Key."""
        return base64.b64encode(self.nonce).decode()


def encode_upgrade(upgrade: Upgrade) -> bytes:
    """Return the upgrade request.

    Raises:
        LocalProtocolError: A header is malformed, or one the handshake sets itself.
    """
    assert len(upgrade.nonce) == 16
    lines = [
        ("Host", upgrade.uri.host_header),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", upgrade.key),
        ("Sec-WebSocket-Version", VERSION),
    ]
    lines += offer(upgrade)
    request_line = f"GET {upgrade.uri.target} HTTP/1.1\r\n".encode()
    return request_line + encode_headers(lines) + b"\r\n"


def offer(upgrade: Upgrade) -> list[tuple[str, str]]:
    """Return the headers that offer what `upgrade` wants, and the caller's own.

    Raises:
        LocalProtocolError: A header is one the handshake sets itself.
    """
    lines = []
    if upgrade.subprotocols:
        lines.append(("Sec-WebSocket-Protocol", ", ".join(upgrade.subprotocols)))
    if upgrade.compression is not None:
        lines.append(("Sec-WebSocket-Extensions", extensions.offer(upgrade.compression)))
    for name, value in upgrade.headers:
        if name.lower() in _OURS:
            raise LocalProtocolError(f"the handshake sets {name!r} itself")
        lines.append((name, value))
    return lines


def conclude_upgrade(upgrade: Upgrade, response: HttpResponse) -> Accepted:
    """Check the server's answer.

    Raises:
        HandshakeStatusError: The server refused.
        HandshakeError: It accepted, but not as the protocol asks or not what was offered.
    """
    headers = tuple(response.headers)
    if response.status != 101:
        raise HandshakeStatusError(response.status, headers, response.body)
    if tokens(headers, "upgrade") != ["websocket"]:
        raise HandshakeError("the answer's upgrade header does not name websocket")
    if "upgrade" not in tokens(headers, "connection"):
        raise HandshakeError("the answer's connection header does not name upgrade")
    if values(headers, "sec-websocket-accept") != [accept_key(upgrade.key)]:
        raise HandshakeError("sec-websocket-accept does not answer our key")
    return conclude(upgrade, headers)


def conclude(upgrade: Upgrade, headers: Headers) -> Accepted:
    """Check what a server that accepted chose of what was offered.

    Raises:
        HandshakeError: It was not offered, or is malformed.
    """
    chosen = values(headers, "sec-websocket-protocol")
    if len(chosen) > 1 or not set(chosen) <= set(upgrade.subprotocols):
        raise HandshakeError(f"server chose subprotocol {chosen}, not one that was offered")
    parsed = extensions.parse_extensions(values(headers, "sec-websocket-extensions"))
    if parsed is None:
        raise HandshakeError("malformed sec-websocket-extensions")
    return Accepted(
        subprotocol=chosen[0] if chosen else None,
        agreement=extensions.conclude(parsed, upgrade.compression),
    )
