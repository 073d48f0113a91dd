"""The opening handshake, both ends of it, without I/O.

A refused handshake is normal business: `accept` returns the HTTP response that says why. A server
that breaks the handshake is not: `conclude_upgrade` raises.

Source: RFC 6455 sections 4.1 (client) and 4.2 (server).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
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

# 16 bytes in base64, whatever the bits are that its last letter has to spare.
_KEY: Final = re.compile(r"[A-Za-z0-9+/]{22}==")

# What `accept` looks at; each header once.
_DECISIVE: Final = frozenset(
    {
        "upgrade",
        "connection",
        "content-length",
        "transfer-encoding",
        "origin",
        "sec-websocket-version",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
    }
)

_SWITCHING: Final = "HTTP/1.1 101 Switching Protocols\r\n"

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
    return binascii.b2a_base64(digest, newline=False).decode()


# ---------------------------------------------------------------------------------- the server


def wants_websocket(request: HttpRequest) -> bool:
    """Return whether a request is meant as an opening handshake, well made or not."""
    return request.wants_websocket


def accept(request: HttpRequest, policy: Policy) -> Accepted | HttpResponse:
    """Judge an opening handshake.

    Returns:
        What was agreed on, or the response that refuses: 405 for another method than GET, 426
        for another version than 13 (which it names), 403 for a forbidden origin, 400 for the rest.
    """
    found: dict[str, list[str]] = {}
    for name, value in request.headers:
        if name in _DECISIVE:
            found.setdefault(name, []).append(value)
    refusal = _refusal(request, found, policy)
    if refusal is not None:
        return refusal

    agreement = None
    words = ""
    if "sec-websocket-extensions" in found:
        agreed = _agree(tuple(found["sec-websocket-extensions"]), policy.compression)
        if agreed is None:
            return plain_text(400, "malformed sec-websocket-extensions")
        agreement, words = agreed

    headers = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", accept_key(found["sec-websocket-key"][0])),
    ]
    subprotocol = None
    if policy.subprotocols and "sec-websocket-protocol" in found:
        offered = _subprotocols(found["sec-websocket-protocol"])
        subprotocol = next((name for name in policy.subprotocols if name in offered), None)
        if subprotocol is not None:
            headers.append(("sec-websocket-protocol", subprotocol))
    if words:
        headers.append(("sec-websocket-extensions", words))
    return Accepted(
        response=HttpResponse(101, tuple(headers)), subprotocol=subprotocol, agreement=agreement
    )


def amend(
    request: HttpRequest, accepted: Accepted, *, subprotocol: str | None, headers: Headers
) -> Accepted:
    """Return a handshake that says another subprotocol, and more headers.

    Args:
        request: What the client asked.
        accepted: What was to be answered.
        subprotocol: To choose instead of the policy's choice; None keeps that.
        headers: To add.

    Raises:
        LocalProtocolError: The client did not offer the subprotocol, or a header is malformed or
            one the handshake sets itself.
    """
    assert accepted.response is not None
    lines = list(accepted.response.headers)
    if subprotocol is not None:
        # 4.2.2: "The value chosen MUST be derived from the client's handshake".
        if subprotocol not in offered_subprotocols(request):
            raise LocalProtocolError(f"client did not offer subprotocol {subprotocol!r}")
        lines = [line for line in lines if line[0] != "sec-websocket-protocol"]
        lines.append(("sec-websocket-protocol", subprotocol))
    for name, value in headers:
        if name.lower() in _OURS or name.lower() == "sec-websocket-accept":
            raise LocalProtocolError(f"the handshake sets {name!r} itself")
        lines.append((name, value))
    encode_headers(lines)
    return Accepted(
        response=HttpResponse(101, tuple(lines)),
        subprotocol=subprotocol or accepted.subprotocol,
        agreement=accepted.agreement,
    )


def encode_accepted(accepted: Accepted) -> bytes:
    """Return the bytes of a 101. Its headers are ours, or were checked by `amend`."""
    assert accepted.response is not None
    lines = "".join([f"{name}: {value}\r\n" for name, value in accepted.response.headers])
    return f"{_SWITCHING}{lines}\r\n".encode("latin-1")


def offered_subprotocols(request: HttpRequest) -> list[str]:
    """Return the subprotocols that a client offers, in its order."""
    return _subprotocols(values(request.headers, "sec-websocket-protocol"))


def _refusal(
    request: HttpRequest, found: dict[str, list[str]], policy: Policy
) -> HttpResponse | None:
    if request.method != "GET":
        return plain_text(405, "a websocket is opened with GET", ("allow", "GET"))
    if request.version != "1.1":
        return plain_text(400, f"a websocket needs http/1.1, not {request.version}")
    # Most say just that; the list is taken apart only where it is one.
    upgrade = found.get("upgrade", [])
    if upgrade != ["websocket"] and not _holds(upgrade, "websocket"):
        return plain_text(400, "the upgrade header does not name websocket")
    connection = found.get("connection", [])
    if connection != ["Upgrade"] and not _holds(connection, "upgrade"):
        return plain_text(400, "the connection header does not name upgrade")
    # What follows the head is frames; a body would be mistaken for them.
    if found.get("content-length", ["0"]) != ["0"] or "transfer-encoding" in found:
        return plain_text(400, "an opening handshake has no body")
    # 4.4: "the server MUST respond with |Sec-WebSocket-Version| of all versions it supports".
    if found.get("sec-websocket-version") != [VERSION]:
        return plain_text(
            426,
            f"the websocket version spoken here is {VERSION}",
            ("upgrade", "websocket"),
            ("sec-websocket-version", VERSION),
        )
    keys = found.get("sec-websocket-key", [])
    if len(keys) != 1 or _KEY.fullmatch(keys[0]) is None:
        return plain_text(400, "sec-websocket-key is not 16 bytes in base64, once")
    if policy.origins is not None and not policy.origins.issuperset(found.get("origin", [])):
        return plain_text(403, "this origin is not let in")
    return None


def _holds(lines: list[str], token: str) -> bool:
    """Return whether a list header (RFC 9110 5.6.1), in as many lines as it came, has a member."""
    return token in [member.strip(" \t").lower() for member in ",".join(lines).split(",")]


@lru_cache(maxsize=32)
def _agree(
    lines: tuple[str, ...], compression: Compression | None
) -> tuple[Agreement | None, str] | None:
    """Return what is agreed on and the header that says so; None where the offer is malformed.

    Remembered, because all clients of one make offer the same.
    """
    offered = extensions.parse_extensions(lines)
    if offered is None:
        return None
    answer = None if compression is None else extensions.answer(offered, compression)
    return (None, "") if answer is None else answer


def _subprotocols(lines: Sequence[str]) -> list[str]:
    # Subprotocol names are compared as they are (4.1, item 10), so not by `tokens`.
    return [name.strip(" \t") for name in ",".join(lines).split(",") if name.strip(" \t")]


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
    if upgrade.subprotocols:
        lines.append(("Sec-WebSocket-Protocol", ", ".join(upgrade.subprotocols)))
    if upgrade.compression is not None:
        lines.append(("Sec-WebSocket-Extensions", extensions.offer(upgrade.compression)))
    for name, value in upgrade.headers:
        if name.lower() in _OURS:
            raise LocalProtocolError(f"the handshake sets {name!r} itself")
        lines.append((name, value))
    request_line = f"GET {upgrade.uri.target} HTTP/1.1\r\n".encode()
    return request_line + encode_headers(lines) + b"\r\n"


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
