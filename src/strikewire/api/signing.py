"""Signatures with which clients prove that they hold a secret without sending it.

Pure functions of bytes: the time arrives as an argument, entropy (the nonce) too.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from strikewire.api.errors import ApiError, ErrorCode

TIMESTAMP_WINDOW_MS: Final = 60_000
SCHEME: Final = "deri-hmac-sha256"


class SignedRequest(Struct, frozen=True, kw_only=True):
    """The `Authorization` header of one signed HTTP request."""

    client_id: str
    timestamp: str
    nonce: str
    signature: str


class Bearer(Struct, frozen=True):
    """An access token."""

    access_token: str

    def __repr__(self) -> str:
        return "Bearer(...)"  # what a log or a traceback shows holds no secret


class Basic(Struct, frozen=True):
    """A client id and its secret in the clear."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Basic({self.client_id!r}, ...)"


Authorization = SignedRequest | Bearer | Basic


def sign_client_data(secret: str, *, timestamp: str, nonce: str, data: str) -> str:
    """Sign for `public/auth` with `grant_type=client_signature`.

    Args:
        secret: The client's secret.
        timestamp: Milliseconds since the Unix epoch, the very text that is sent.
        nonce: Any text; empty when none is sent.
        data: Any text; empty when none is sent.

    Returns:
        HMAC-SHA256 in lower-case hexadecimal digits.

    Source: Deribit API v2, authentication, "client signature (WebSocket)".
    """
    return _hmac(secret, f"{timestamp}\n{nonce}\n{data}".encode())


def sign_request(
    secret: str, *, timestamp: str, nonce: str, verb: str, uri: str, body: bytes
) -> str:
    """Sign one HTTP request.

    Args:
        secret: The client's secret.
        timestamp: Milliseconds since the Unix epoch, the very text that is sent.
        nonce: Any text.
        verb: GET or POST.
        uri: Path and query exactly as sent, such as `/api/v2/private/get_positions?currency=BTC`.
        body: The body exactly as sent; empty on GET.

    Returns:
        HMAC-SHA256 in lower-case hexadecimal digits.

    Source: Deribit API v2, authentication, "signature credentials (HTTP)".
    """
    head = f"{timestamp}\n{nonce}\n{verb.upper()}\n{uri}\n".encode()
    return _hmac(secret, head + body + b"\n")


def is_same(signature: str, expected: str) -> bool:
    """Compare two signatures in a time that does not tell where they differ."""
    # Bytes, because compare_digest refuses text with characters outside ASCII.
    return hmac.compare_digest(signature.lower().encode(), expected.encode())


def is_fresh(timestamp: str, now_ms: int, *, window_ms: int = TIMESTAMP_WINDOW_MS) -> bool:
    """Tell whether a signed timestamp is no more than `window_ms` away from now, either way."""
    if not re.fullmatch(r"[0-9]{1,18}", timestamp):
        return False
    return abs(int(timestamp) - now_ms) <= window_ms


def build_authorization(request: SignedRequest) -> str:
    """Write the `Authorization` header of a signed request."""
    return (
        f"{SCHEME} id={request.client_id},ts={request.timestamp},"
        f"nonce={request.nonce},sig={request.signature}"
    )


def parse_authorization(header: str) -> Authorization:
    """Read an `Authorization` header: signed, bearer or basic; field order does not matter.

    Raises:
        ApiError: 13009 for an unknown scheme or a header that lacks a field.
    """
    scheme, _, rest = header.strip().partition(" ")
    parse = _PARSERS.get(scheme.lower())
    if parse is None:
        raise ApiError(ErrorCode.UNAUTHORIZED, reason="unknown authorization scheme")
    return parse(rest.strip())


def _parse_signed(text: str) -> SignedRequest:
    fields: dict[str, str] = {}
    for part in text.split(","):
        name, found, value = part.strip().partition("=")
        if not found or name in fields:
            raise _malformed()
        fields[name] = value
    try:
        return SignedRequest(
            client_id=fields["id"],
            timestamp=fields["ts"],
            nonce=fields["nonce"],
            signature=fields["sig"],
        )
    except KeyError:
        raise _malformed() from None


def _parse_bearer(text: str) -> Bearer:
    if not text:
        raise _malformed()
    return Bearer(text)


def _parse_basic(text: str) -> Basic:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _malformed() from None
    client_id, found, client_secret = decoded.partition(":")
    if not found:
        raise _malformed()
    return Basic(client_id, client_secret)


_PARSERS: Final[Mapping[str, Callable[[str], Authorization]]] = {
    SCHEME: _parse_signed,
    "bearer": _parse_bearer,
    "basic": _parse_basic,
}


def _malformed() -> ApiError:
    # The header itself may hold secrets: the reason never quotes it.
    return ApiError(ErrorCode.UNAUTHORIZED, reason="malformed authorization header")


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
