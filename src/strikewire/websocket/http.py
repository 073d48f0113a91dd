"""HTTP/1.1 without I/O: bytes in, requests out; responses in, bytes out.

Theory of operation. A `RequestReader` is fed what the socket gives and returns what became whole:

- `HttpRequest`: a request with its body.
- `ContinueWanted`: the client waits for "100 Continue" before it sends the body.
- `BadRequest`: what came is not HTTP, or too much of it. It is the last thing a reader returns.

Requests may come pipelined; the order of the events is the order of the answers. A request that
wants to leave HTTP behind ends the reading: what came after it is in `rest`, until somebody takes
it over or `resume` goes on as if nobody had asked.

Source: RFC 9112. The grammar is llhttp's, strict, through httptools.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import httptools
import msgspec

from strikewire.websocket.headers import Headers, encode_headers, tokens, values

# A body sent in chunks of one byte travels as six; more overhead than that is no honest client.
_CHUNK_OVERHEAD: Final = 8


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request, whole.

    Attributes:
        method: As sent, such as "GET".
        target: The request target as sent, such as "/api/v2/public/test?id=1".
        headers: Names (lower case) and values, in the order sent; a name may repeat.
        body: Whole, chunks joined.
        version: "1.0" or "1.1".
        keep_alive: Whether the client wants to send another request on this connection.
        upgrade: Whether the client asks to leave HTTP behind.
        peer: Address of the client's end of the socket, such as "127.0.0.1:50123".
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    version: str = "1.1"
    keep_alive: bool = True
    upgrade: bool = False
    peer: str = ""

    @property
    def path(self) -> str:
        """The target before "?", as sent: percent-encoding is untouched."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The target after "?", as sent; empty without one."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """Return the first value of `name` (lower case), or None."""
        return next(iter(values(self.headers, name)), None)


class ContinueWanted(msgspec.Struct, frozen=True):
    """The client sent `Expect: 100-continue` and waits with the body."""


class BadRequest(msgspec.Struct, frozen=True):
    """What came cannot be answered with anything but an error.

    Attributes:
        status: Of the response: 400, 413, 431 or 501.
        reason: One lower-case sentence for its body.
    """

    status: int
    reason: str


HttpEvent = HttpRequest | ContinueWanted | BadRequest


class HttpResponse(msgspec.Struct, frozen=True):
    """One response, whole. Its length and whether the connection stays are said when encoding.

    Attributes:
        status: 200 to 599 (or 101 where an upgrade is accepted).
        headers: Names and values, in the order to send.
        body: Whole.
    """

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


def plain_text(status: int, words: str, *headers: tuple[str, str]) -> HttpResponse:
    """Return a response for people to read."""
    content_type = ("content-type", "text/plain; charset=utf-8")
    return HttpResponse(status, (content_type, *headers), f"{words}\n".encode())


def encode_response(response: HttpResponse, *, keep_alive: bool, head_only: bool = False) -> bytes:
    """Return the bytes of a response.

    Args:
        response: What to say.
        keep_alive: Whether another request may follow; else `connection: close` is added.
        head_only: Whether it answers a HEAD request: the length is said, the body left out.

    Raises:
        LocalProtocolError: A header would break the message apart.
    """
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    lines = list(response.headers)
    # RFC 9110 8.6: no Content-Length with 1xx and 204.
    has_body = response.status >= 200 and response.status not in (204, 304)
    if has_body:
        lines.append(("content-length", str(len(response.body))))
    if response.status != HTTPStatus.SWITCHING_PROTOCOLS:
        lines.append(("connection", "keep-alive" if keep_alive else "close"))
    head = f"HTTP/1.1 {response.status} {phrase}\r\n".encode() + encode_headers(lines) + b"\r\n"
    return head + response.body if has_body and not head_only else head


class _Refused(Exception):
    """Carries a verdict through the parser, which stops at any exception."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason


class RequestReader:
    """Reads the requests of one connection.

    Attributes:
        waits_for: "request" between two requests, then "head", then "body".
        is_done: Whether nothing more will come: after a `BadRequest` or an upgrade.
        rest: What came after a request that asked for an upgrade.
    """

    def __init__(self, *, head_bytes_max: int, body_bytes_max: int, peer: str = "") -> None:
        self.waits_for = "request"
        self.is_done = False
        self.rest = b""
        self._head_bytes_max = head_bytes_max
        self._body_bytes_max = body_bytes_max
        self._peer = peer
        self._gave_up = False
        self._events: list[HttpEvent] = []
        self._open_parser()

    def receive(self, data: bytes) -> list[HttpEvent]:
        """Take in what the socket gave and return what it completed, in order."""
        if self.is_done:
            if not self._gave_up:
                self.rest += data
            return []
        self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.is_done = True
            self.rest = data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError as error:
            verdict = error.__context__
            assert isinstance(verdict, _Refused)
            self._give_up(verdict.status, verdict.reason)
        except httptools.HttpParserError as error:
            self._give_up(400, f"malformed request: {error}".lower())
        else:
            self._check_unfinished()
        events = self._events
        self._events = []
        return events

    def resume(self) -> list[HttpEvent]:
        """Go on with HTTP after an upgrade that nobody here speaks.

        RFC 9110 7.8: a server may ignore the Upgrade header. The request is read again without
        it, and comes back first, this time with its body.
        """
        assert self.is_done
        assert not self._gave_up
        self.is_done = False
        others = [line for line in self._headers if line[0] != "upgrade"]
        head = f"{self._method} {self._target.decode('latin-1')} HTTP/1.1\r\n".encode("latin-1")
        data = head + encode_headers(others) + b"\r\n" + self.rest
        self.rest = b""
        self._open_parser()
        return self.receive(data)

    def _open_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._raw_bytes = 0

    def _give_up(self, status: int, reason: str) -> None:
        self.is_done = True
        self._gave_up = True
        self._events.append(BadRequest(status, reason))

    def _check_unfinished(self) -> None:
        # The parser reports a header when it is whole, however long that takes, so what came of
        # an unfinished message is counted here as well.
        if self.waits_for == "head" and self._raw_bytes > self._head_bytes_max:
            self._give_up(431, f"request head is longer than {self._head_bytes_max} bytes")
        elif self.waits_for == "body":
            most = self._head_bytes_max + _CHUNK_OVERHEAD * self._body_bytes_max
            if self._raw_bytes > most:
                self._give_up(413, f"request is longer than {most} bytes")

    # What httptools calls, in the order of a message.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.waits_for = "head"
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._head_bytes = 0
        self._body = bytearray()

    def on_url(self, piece: bytes) -> None:
        """Take a piece of the request target."""
        self._count_head(len(piece))
        self._target += piece

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Take one header line; those after a chunked body are counted and dropped."""
        value = value or b""
        self._count_head(len(name) + len(value) + len(": \r\n"))
        if self.waits_for == "head":
            line = (name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t"))
            self._headers.append(line)

    def on_headers_complete(self) -> None:
        """End the head."""
        self.waits_for = "body"
        # What was fed before this head belongs to earlier requests.
        self._raw_bytes = 0
        self._method = self._parser.get_method().decode("latin-1")
        headers = tuple(self._headers)
        if self._method == "CONNECT":
            raise _Refused(501, "this is no proxy")
        if self._parser.get_http_version() == "1.1":
            # RFC 9112 3.2: a request without Host, or with two, is answered 400.
            if len(values(headers, "host")) != 1:
                raise _Refused(400, "a request needs one host header")
            if "100-continue" in tokens(headers, "expect"):
                self._events.append(ContinueWanted())
        if int(next(iter(values(headers, "content-length")), "0")) > self._body_bytes_max:
            raise self._body_too_large()

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        if len(self._body) + len(piece) > self._body_bytes_max:
            raise self._body_too_large()
        self._body += piece

    def on_message_complete(self) -> None:
        """End the request."""
        request = HttpRequest(
            method=self._method,
            target=self._target.decode("latin-1"),
            headers=tuple(self._headers),
            body=bytes(self._body),
            version=self._parser.get_http_version(),
            keep_alive=self._parser.should_keep_alive(),
            upgrade=self._parser.should_upgrade(),
            peer=self._peer,
        )
        self._events.append(request)
        self.waits_for = "request"
        self._raw_bytes = 0

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._head_bytes_max:
            raise _Refused(431, f"request head is longer than {self._head_bytes_max} bytes")

    def _body_too_large(self) -> _Refused:
        return _Refused(413, f"request body is longer than {self._body_bytes_max} bytes")
