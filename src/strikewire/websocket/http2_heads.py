"""The heads of requests and responses over HTTP/2, and the handshake in them, without I/O.

A WebSocket over HTTP/2 is opened by an extended CONNECT: the pseudo-header `:protocol` says
"websocket" and a status 2xx accepts. Nothing is upgraded, so there is no key to answer, and what
origins, subprotocols and extensions mean is as in `handshake`.

Source: RFC 9113 sections 8.2 and 8.3; RFC 8441 sections 4 and 5.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from strikewire.websocket import handshake
from strikewire.websocket.errors import (
    HandshakeError,
    HandshakeStatusError,
    LocalProtocolError,
)
from strikewire.websocket.handshake import VERSION, Accepted, Policy, Upgrade
from strikewire.websocket.headers import Headers, encode_headers, values
from strikewire.websocket.http import (
    HttpRequest,
    HttpResponse,
    declared_length,
    has_body,
    plain_text,
)

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")
_VALUE: Final = re.compile(r"(?:[^\x00\r\n \t](?:[^\x00\r\n]*[^\x00\r\n \t])?)?")
_TARGET: Final = re.compile(r"/[!-~]*|\*")
_AUTHORITY: Final = re.compile(r"[!-?A-~]+")  # no "@": 8.3.1 allows no user information
_STATUS: Final = re.compile(r"[1-9][0-9]{2}")

_REQUEST_PSEUDO: Final = frozenset({":method", ":scheme", ":path", ":authority", ":protocol"})
# 8.2.2: "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header
# fields", and one that holds some is malformed.
_CONNECTION_SPECIFIC: Final = frozenset(
    {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"}
)


class MalformedHead(Exception):
    """A head breaks a rule of HTTP/2: its stream must be reset, and nobody sees it.

    The message is one lower-case sentence.
    """


class RequestHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a request, taken apart.

    Attributes:
        method: As sent.
        target: Path and query as sent; of a plain CONNECT, the authority.
        protocol: What an extended CONNECT asks for, in lower case; None for everything else.
        headers: The others; `host` comes first, whether it was sent so or as `:authority`.
    """

    method: str
    target: str
    protocol: str | None
    headers: Headers

    @property
    def content_length(self) -> int | None:
        """What the request says of the length of its body; None if it says nothing.

        h2 has checked before that it is a number.
        """
        return next((int(value) for value in values(self.headers, "content-length")), None)

    def request(self, *, body: bytes = b"", peer: str = "") -> HttpRequest:
        """Return the request, whole."""
        return HttpRequest(
            method=self.method,
            target=self.target,
            headers=self.headers,
            body=body,
            version="2",
            peer=peer,
        )


def head_bytes(headers: Headers) -> int:
    """Return the length of a head as RFC 9113 6.5.2 counts it: 32 bytes extra for each line."""
    return sum(len(name) + len(value) + 32 for name, value in headers)


# ---------------------------------------------------------------------------------- the server


def read_request(lines: Headers) -> RequestHead:
    """Take the head of a request apart.

    Raises:
        MalformedHead: It is none.
    """
    pseudo, headers = _split(lines, _REQUEST_PSEUDO)
    method = pseudo.get(":method", "")
    if _NAME.fullmatch(method.lower()) is None:
        raise MalformedHead("a request needs a method")
    protocol = pseudo.get(":protocol")
    if protocol is not None and method != "CONNECT":
        raise MalformedHead("only connect has a :protocol")
    target = _read_target(pseudo, method)
    headers = _with_host(pseudo.get(":authority"), headers)
    return RequestHead(
        method=method,
        target=target,
        protocol=protocol.lower() if protocol is not None else None,
        headers=headers,
    )


def _read_target(pseudo: dict[str, str], method: str) -> str:
    if method == "CONNECT" and ":protocol" not in pseudo:
        # 8.5: "The :scheme and :path pseudo-header fields MUST be omitted."
        if ":scheme" in pseudo or ":path" in pseudo or not pseudo.get(":authority"):
            raise MalformedHead("a plain connect has an authority, and no scheme or path")
        return pseudo[":authority"]
    # RFC 8441 4: with :protocol, ":scheme and :path pseudo-header fields [...] MUST also be
    # included".
    if not pseudo.get(":scheme"):
        raise MalformedHead("a request needs a scheme")
    path = pseudo.get(":path", "")
    if _TARGET.fullmatch(path) is None or (path == "*" and method != "OPTIONS"):
        raise MalformedHead("a request needs a path")
    return path


def _with_host(authority: str | None, headers: Headers) -> Headers:
    hosts = values(headers, "host")
    if authority is None and len(hosts) != 1:
        raise MalformedHead("a request needs one authority")
    if authority is not None and any(host != authority for host in hosts):
        raise MalformedHead("host and :authority differ")
    host = hosts[0] if authority is None else authority
    if _AUTHORITY.fullmatch(host) is None:
        raise MalformedHead("the authority is not one")
    return (("host", host), *(line for line in headers if line[0] != "host"))


def accept(request: HttpRequest, policy: Policy, *, ended: bool) -> Accepted | HttpResponse:
    """Judge an extended CONNECT with `:protocol` "websocket".

    Args:
        request: As `RequestHead.request` returns it.
        policy: What is accepted.
        ended: Whether the client has closed its half of the stream already.

    Returns:
        What was agreed on, with the response of status 200; or the one that refuses: 400 for
        another version than 13 (which it names), the rest as `handshake.negotiate`. A status of
        426 would need the Upgrade header, which HTTP/2 does not have.
    """
    if ended or request.header("content-length") is not None:
        return plain_text(400, "an opening handshake has no body, and does not end")
    if values(request.headers, "sec-websocket-version") != [VERSION]:
        return plain_text(
            400,
            f"the websocket version spoken here is {VERSION}",
            ("sec-websocket-version", VERSION),
        )
    return handshake.negotiate(request, policy)


def response_lines(response: HttpResponse, *, in_pieces: bool = False, date: str = "") -> Headers:
    """Return the head of a response as it travels.

    Args:
        response: Whose connection-specific headers, if any, are left out.
        in_pieces: Whether the body follows in pieces: its length is not known then.
        date: Value of a `Date` to say; empty says none.

    Raises:
        LocalProtocolError: A header would break the message apart, or tells a wrong length.
    """
    headers = list(response.headers)
    length = declared_length(tuple(headers))
    body = response.body
    if not in_pieces and body and length not in (None, len(body)):
        raise LocalProtocolError(f"content-length {length} of a {len(body)} byte body")
    # RFC 9110 8.6: no Content-Length of ours with 204 and 304.
    if not in_pieces and length is None and has_body(response):
        headers.append(("content-length", str(len(body))))
    if date:
        headers.append(("date", date))
    return ((":status", str(response.status)), *_to_send(headers))


def accept_lines(accepted: Accepted) -> Headers:
    """Return the head that opens a WebSocket: without a length, since it has none."""
    assert accepted.response is not None
    status = (":status", str(accepted.response.status))
    return (status, *_to_send(accepted.response.headers))


# ---------------------------------------------------------------------------------- the client


def connect_lines(upgrade: Upgrade) -> Headers:
    """Return the head of the extended CONNECT that opens a WebSocket.

    Raises:
        LocalProtocolError: A header is malformed, or one the handshake sets itself.
    """
    pseudo = (
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https" if upgrade.uri.secure else "http"),
        (":path", upgrade.uri.target),
        (":authority", upgrade.uri.host_header),
    )
    headers = [("sec-websocket-version", VERSION), *handshake.offer(upgrade)]
    return (*pseudo, *_to_send(headers))


def read_status(lines: Headers) -> tuple[int, Headers]:
    """Take the head of a response apart: its status, and its headers.

    Raises:
        MalformedHead: It is none.
    """
    pseudo, headers = _split(lines, frozenset({":status"}))
    status = pseudo.get(":status", "")
    if _STATUS.fullmatch(status) is None:
        raise MalformedHead("a response needs a status")
    return int(status), headers


def conclude(upgrade: Upgrade, status: int, headers: Headers, body: bytes = b"") -> Accepted:
    """Check the server's answer.

    Raises:
        HandshakeStatusError: The server refused.
        HandshakeError: It accepted, but what was not offered.
    """
    # RFC 8441 5: "a 2XX status code in the response" accepts.
    if not 200 <= status < 300:
        raise HandshakeStatusError(status, headers, body)
    if values(headers, "sec-websocket-accept"):
        raise HandshakeError("sec-websocket-accept has no place in http/2")
    return handshake.conclude(upgrade, headers)


# ------------------------------------------------------------------------------------ both ends


def _split(lines: Headers, known: frozenset[str]) -> tuple[dict[str, str], Headers]:
    """Part the pseudo-headers from the others, and check every line by itself."""
    pseudo: dict[str, str] = {}
    headers: list[tuple[str, str]] = []
    for name, value in lines:
        if _VALUE.fullmatch(value) is None:
            raise MalformedHead(f"the value of {name[:40]!r} holds what none may")
        if not name.startswith(":"):
            _check(name, value)
            headers.append((name, value))
        elif headers or name in pseudo or name not in known:
            # 8.3: once each, and all of them before the others.
            raise MalformedHead(f"pseudo-header {name[:40]!r} has no place there")
        else:
            pseudo[name] = value
    return pseudo, tuple(headers)


def _check(name: str, value: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise MalformedHead(f"{name[:40]!r} is not a header name")
    if name in _CONNECTION_SPECIFIC or (name == "te" and value.lower() != "trailers"):
        raise MalformedHead(f"{name!r} has no meaning in http/2")


def _to_send(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    headers = list(headers)
    encode_headers(headers)  # raises for what would break the message apart; h2 would send it
    lowered = [(name.lower(), value.strip(" \t")) for name, value in headers]
    return [line for line in lowered if line[0] not in _CONNECTION_SPECIFIC]
