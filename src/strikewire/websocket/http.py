"""HTTP/1.1 without I/O: bytes in, requests out; responses in, bytes out.

Theory of operation. A `RequestReader` is fed what the socket gives and returns what became whole:

- `HttpRequest`: a request with its body.
- `ContinueWanted`: the client waits for "100 Continue" before it sends the body.
- `BadRequest`: what came is not HTTP, or too much of it. It is the last thing a reader returns.

With `streams_bodies` a request that has a body comes as `RequestBegun` as soon as its head is
whole, and its body as every `BodyPart` after it up to the last.

Requests may come pipelined; the order of the events is the order of the answers. A request that
wants to leave HTTP behind ends the reading: what came after it is in `rest`, until somebody takes
it over or `resume` goes on as if nobody had asked.

There are two ways through the reader. A request that came in one piece is judged by the parser at
once, without a callback per header; its headers are not even taken apart before somebody asks. All
others (cut anywhere, chunked, waiting for "100 Continue") are followed callback by callback.

Source: RFC 9112. The grammar is llhttp's, strict, through httptools.
"""

import re
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from http import HTTPStatus
from typing import Final

import httptools
import msgspec

from strikewire.websocket.errors import LocalProtocolError
from strikewire.websocket.headers import Headers, encode_headers, parse_head, tokens, values

# A body sent in chunks of one byte travels as six; more overhead than that is no honest client.
_CHUNK_OVERHEAD: Final = 8

# What decides how a request is read. The parser lets no line break into a value and no blank
# between a name and its colon, so what looks like one of these lines is one.
_DECISIVE: Final = re.compile(
    rb"\r\n(host|content-length|transfer-encoding|upgrade|expect|sec-websocket-key):", re.IGNORECASE
)
_HOST_ALONE: Final = ([b"Host"], [b"host"], [b"HOST"])
_SIMPLE: Final = {b"host", b"upgrade", b"sec-websocket-key"}
_WITH_LENGTH: Final = {b"host", b"content-length"}
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)


class HttpRequest:
    """One request. It is not changed once it is made: equal requests may be one object.

    Attributes:
        method: As sent, such as "GET".
        target: The request target as sent, such as "/api/v2/public/test?id=1".
        root: The part of the path that a `Router` took off the target's front; usually empty.
        body: Whole, chunks joined; empty where it comes as `stream`.
        stream: The body as it comes, for handlers that take it so; else None.
        version: "1.0" or "1.1".
        keep_alive: Whether the client wants to send another request on this connection.
        upgrade: Whether the client asks to leave HTTP behind.
    """

    __slots__ = (
        "_head",
        "_headers",
        "_is_plain",
        "_peer",
        "body",
        "keep_alive",
        "method",
        "root",
        "stream",
        "target",
        "upgrade",
        "version",
    )

    def __init__(
        self,
        *,
        method: str,
        target: str,
        headers: Headers = (),
        body: bytes = b"",
        version: str = "1.1",
        keep_alive: bool = True,
        upgrade: bool = False,
        peer: str | tuple[str, int] = "",
        root: str = "",
        stream: AsyncIterator[bytes] | None = None,
    ) -> None:
        """Make a request, as a test or a proxy does."""
        self.method = method
        self.target = target
        self.root = root
        self.body = body
        self.stream = stream
        self.version = version
        self.keep_alive = keep_alive
        self.upgrade = upgrade
        self._peer = peer
        self._head = b""
        self._headers: Headers | None = headers
        self._is_plain = False

    @property
    def headers(self) -> Headers:
        """Names (lower case) and values, in the order sent; a name may repeat."""
        if self._headers is None:
            self._headers = parse_head(self._head)
        return self._headers

    @property
    def head(self) -> bytes | Headers:
        """The head in the least memory: as it came, where it came in one piece."""
        return self._head or self.headers

    @property
    def peer(self) -> str:
        """Address of the client's end of the socket, such as "127.0.0.1:50123"."""
        if isinstance(self._peer, str):
            return self._peer
        host, port = self._peer
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def address(self) -> str:
        """The client's IP address, such as "127.0.0.1"; empty where it has none."""
        if isinstance(self._peer, str):
            return self._peer.rpartition(":")[0].strip("[]")
        return self._peer[0]

    @property
    def path(self) -> str:
        """The target before "?", as sent: percent-encoding is untouched."""
        path = self.target.partition("?")[0]
        if path.startswith("/") or "://" not in path:
            return path
        # RFC 9112 3.2.2: a server takes "http://host/path" as well.
        return "/" + path.partition("://")[2].partition("/")[2]

    @property
    def query(self) -> str:
        """The target after "?", as sent; empty without one."""
        return self.target.partition("?")[2]

    @property
    def wants_websocket(self) -> bool:
        """Whether this is meant as an opening handshake, well made or not."""
        if self._is_plain:
            return False
        headers = self.headers
        return "websocket" in tokens(headers, "upgrade") or bool(
            values(headers, "sec-websocket-key")
        )

    def header(self, name: str) -> str | None:
        """Return the first value of `name` (lower case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def changed(
        self,
        *,
        target: str | None = None,
        root: str | None = None,
        body: bytes | None = None,
        method: str | None = None,
    ) -> "HttpRequest":
        """Return this request with something else in it; a given `body` replaces the stream."""
        made: HttpRequest = HttpRequest.__new__(HttpRequest)
        for name in HttpRequest.__slots__:
            setattr(made, name, getattr(self, name))
        made.target = self.target if target is None else target
        made.root = self.root if root is None else root
        made.method = self.method if method is None else method
        if body is not None:
            made.body = body
            made.stream = None
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HttpRequest):
            return NotImplemented
        return self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash((self.method, self.target, self.body))

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {self.target} from {self.peer or 'nowhere'}>"

    def _facts(self) -> tuple[object, ...]:
        return (
            self.method,
            self.target,
            self.root,
            self.headers,
            self.body,
            self.version,
            self.keep_alive,
            self.upgrade,
            self.peer,
        )


class ContinueWanted(msgspec.Struct, frozen=True):
    """The client sent `Expect: 100-continue` and waits with the body."""


class RequestBegun(msgspec.Struct, frozen=True):
    """A request whose body comes in parts."""

    request: HttpRequest


class BodyPart(msgspec.Struct, frozen=True):
    """A piece of the body of the request that has begun.

    Attributes:
        data: May be empty in the last part.
        is_last: Whether the request is whole now.
    """

    data: bytes
    is_last: bool = False


class BadRequest(msgspec.Struct, frozen=True):
    """What came cannot be answered with anything but an error.

    Attributes:
        status: Of the response: 400, 413, 431, 501 or 505.
        reason: One lower-case sentence for its body.
    """

    status: int
    reason: str


HttpEvent = HttpRequest | ContinueWanted | RequestBegun | BodyPart | BadRequest


class HttpResponse(msgspec.Struct, frozen=True):
    """One response. Its length and whether the connection stays are said when encoding.

    Attributes:
        status: 200 to 599 (or 101 where an upgrade is accepted).
        headers: Names and values, in the order to send.
        body: Whole; empty where it comes as `stream`.
        stream: The body in pieces, as they become ready. They travel in chunks, unless the headers
            hold the content-length that they will have together.
    """

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    stream: AsyncIterable[bytes] | None = None


CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


def plain_text(status: int, words: str, *headers: tuple[str, str]) -> HttpResponse:
    """Return a response for people to read."""
    content_type = ("content-type", "text/plain; charset=utf-8")
    return HttpResponse(status, (content_type, *headers), f"{words}\n".encode())


class ResponseEncoder:
    """Writes responses, and remembers the heads that it wrote before.

    A server answers with few different heads; checking and encoding one costs more than all the
    rest of a small answer. What is remembered is bounded.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, tuple[tuple[str, str], ...]], _Front] = {}

    def encode(
        self,
        response: HttpResponse,
        *,
        keep_alive: bool,
        head_only: bool = False,
        date: bytes = b"",
    ) -> bytes:
        """Return the bytes of a response whose body is whole; as `encode_head`, and its body."""
        head = self.encode_head(response, keep_alive=keep_alive, date=date)
        return head if head_only or not has_body(response) else head + response.body

    def encode_head(self, response: HttpResponse, *, keep_alive: bool, date: bytes = b"") -> bytes:
        """Return the head of a response whose body is whole.

        Args:
            response: What to say.
            keep_alive: Whether another request may follow; else `connection: close` is added.
            date: A `Date` line to say, with its line end; empty says none.

        Raises:
            LocalProtocolError: A header would break the message apart, or tells a wrong length.
        """
        front = self._front(response)
        body = response.body
        assert response.stream is None
        connection = _CONNECTION[front.says_connection, keep_alive]
        if front.length is None and front.has_body:
            length = b"content-length: %d\r\n" % len(body)
            return b"%b%b%b%b\r\n" % (front.head, date, length, connection)
        if body and front.length not in (None, len(body)):
            raise LocalProtocolError(f"content-length {front.length} of a {len(body)} byte body")
        return b"%b%b%b\r\n" % (front.head, date, connection)

    def encode_stream_head(
        self, response: HttpResponse, *, keep_alive: bool, chunked: bool, date: bytes = b""
    ) -> tuple[bytes, int | None]:
        """Return the head of a response whose body comes in pieces, and the length it declares.

        Args:
            response: What to say.
            keep_alive: Whether another request may follow.
            chunked: Whether the client understands chunks. One that does not is told the end of
                the body by hanging up.
            date: As for `encode`.

        Raises:
            LocalProtocolError: A header would break the message apart.
        """
        front = self._front(response)
        if not front.has_body:
            return self.encode(
                HttpResponse(response.status, response.headers), keep_alive=keep_alive, date=date
            ), 0
        framing = b"transfer-encoding: chunked\r\n" if chunked and front.length is None else b""
        head = b"%b%b%b%b\r\n" % (front.head, date, framing, _CONNECTION[True, keep_alive])
        return head, front.length

    def _front(self, response: HttpResponse) -> "_Front":
        headers = response.headers
        key = (response.status, headers if type(headers) is tuple else tuple(headers))
        front = self._known.get(key)
        if front is None:
            front = _make_front(*key)
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            if len(front.head) <= _KNOWN_BYTES_MAX:
                self._known[key] = front
        return front


# At most 256 KiB of heads are remembered, those of answers that carry more are not.
_KNOWN_MAX: Final = 512
_KNOWN_BYTES_MAX: Final = 512


class _Front(msgspec.Struct, frozen=True):
    """The part of a head that does not depend on the body: status line and the caller's headers."""

    head: bytes
    has_body: bool
    length: int | None
    says_connection: bool


# By whether the header is said at all and whether the connection stays.
_CONNECTION: Final = {
    (True, True): b"connection: keep-alive\r\n",
    (True, False): b"connection: close\r\n",
    (False, True): b"",
    (False, False): b"",
}


def _make_front(status: int, headers: tuple[tuple[str, str], ...]) -> _Front:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    if any(name.lower() == "transfer-encoding" for name, _ in headers):
        raise LocalProtocolError("how a body travels is not the handler's to say")
    return _Front(
        head=f"HTTP/1.1 {status} {phrase}\r\n".encode() + encode_headers(headers),
        # RFC 9110 8.6: no Content-Length of ours with 1xx, 204 and 304.
        has_body=has_body(HttpResponse(status)),
        length=declared_length(headers),
        says_connection=status != HTTPStatus.SWITCHING_PROTOCOLS,
    )


def declared_length(headers: Headers) -> int | None:
    """Return what the headers of a response say of the length of its body; None for nothing.

    Raises:
        LocalProtocolError: It is not one number.
    """
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    if not lengths:
        return None
    if len(lengths) > 1 or not lengths[0].isdecimal():
        raise LocalProtocolError(f"content-length {lengths[-1]!r} is not one number")
    return int(lengths[0])


def has_body(response: HttpResponse) -> bool:
    """Return whether a response of this status has a body.

    Source: RFC 9110 sections 15.2, 15.3.5 and 15.4.5.
    """
    return response.status >= 200 and response.status not in (204, 304)


def encode_response(response: HttpResponse, *, keep_alive: bool, head_only: bool = False) -> bytes:
    """Return the bytes of one response; see `ResponseEncoder.encode`."""
    return ResponseEncoder().encode(response, keep_alive=keep_alive, head_only=head_only)


def encode_chunk(data: bytes) -> bytes:
    """Return a piece of a chunked body; the empty piece ends it.

    Source: RFC 9112 section 7.1.
    """
    return b"%x\r\n%b\r\n" % (len(data), data)


class _Refused(Exception):
    """Carries a verdict through the parser, which stops at any exception."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason


class RequestReader:
    """Reads the requests of one connection.

    Attributes:
        waits_for: "request" between two requests, then "head", then "body".
        is_done: Whether nothing more will come: after a `BadRequest`, an upgrade, or a request
            that the client called its last.
        keeps_rest: Whether that is because of an upgrade: what still comes is kept in `rest`.
        rest: What came after a request that asked for an upgrade.
    """

    def __init__(
        self,
        *,
        head_bytes_max: int,
        body_bytes_max: int,
        peer: str | tuple[str, int] = "",
        streams_bodies: bool = False,
    ) -> None:
        self.waits_for = "request"
        self.is_done = False
        self.keeps_rest = False
        self.rest = b""
        self._head_bytes_max = head_bytes_max
        self._body_bytes_max = body_bytes_max
        self._peer = peer
        self._streams_bodies = streams_bodies
        self._polled_data = b""
        self._polled: HttpRequest | None = None
        self._last: HttpRequest | None = None
        self._at_once: _AtOnce | None = None
        self._step_by_step: _StepByStep | None = None

    def receive(self, data: bytes) -> list[HttpEvent]:
        """Take in what the socket gave and return what it completed, in order."""
        if self._polled is not None and data == self._polled_data:
            return [self._polled]  # a client that polls: the same bytes are the same request
        if self.is_done:
            if self.keeps_rest:
                self.rest += data
            return []
        if self.waits_for != "request":
            return self._follow(data)

        start = 0
        events: list[HttpEvent] = []
        while True:
            request, end = self._read_at_once(data, start)
            if request is None:
                break
            events.append(request)
            if end == len(data):
                if start == 0 and not self.is_done:
                    self._polled_data, self._polled = data, request
                return events
            start = end
            if self.is_done:
                self.rest = data[start:] if self.keeps_rest else b""
                return events
        self._polled = None
        return [*events, *self._follow(data[start:] if start else data)]

    def resume(self) -> list[HttpEvent]:
        """Go on with HTTP after an upgrade that nobody here speaks.

        RFC 9110 7.8: a server may ignore the Upgrade header. The request is read again without
        it, and comes back first, this time with its body.
        """
        assert self.keeps_rest
        assert self._last is not None
        asked = self._last
        others = [line for line in asked.headers if line[0] != "upgrade"]
        head = f"{asked.method} {asked.target} HTTP/1.1\r\n".encode("latin-1")
        data = head + encode_headers(others) + b"\r\n" + self.rest
        self.rest = b""
        self.is_done = self.keeps_rest = False
        self.waits_for = "request"
        self._at_once = self._step_by_step = None
        return self.receive(data)

    def close(self) -> None:
        """Let go of the parsers, which know this reader as it knows them."""
        self.is_done = True
        self._last = self._polled = self._at_once = self._step_by_step = None

    def _read_at_once(self, data: bytes, start: int) -> tuple[HttpRequest | None, int]:
        """Return the request that begins at `start` and where it ends, if it is whole and simple.

        None leaves it to `_follow`, which judges from its first byte on: nothing was fed.
        """
        end = data.find(b"\r\n\r\n", start) + 4
        if end < start + 4 or end - start > self._head_bytes_max:
            return None, 0
        head = data if start == 0 and end == len(data) else data[start:end]
        names = _DECISIVE.findall(head)
        is_plain = names in _HOST_ALONE
        length = 0
        if not is_plain:
            names = [name.lower() for name in names]
            kinds = set(names)
            if names.count(b"host") != 1:
                return None, 0
            if kinds == _WITH_LENGTH and not self._streams_bodies:
                match = _LENGTH.search(head)
                if match is None or len(names) != 2:
                    return None, 0
                length = int(match[1])
                if length > self._body_bytes_max or end + length > len(data):
                    return None, 0
                is_plain = True
            elif kinds == {b"host"}:
                is_plain = True
            elif not kinds <= _SIMPLE:
                return None, 0
        words = head[: head.find(b"\r")].decode("latin-1").split(" ")
        # RFC 9112 2.2: there may be line ends before the request, which are none of its words.
        if len(words) != 3 or words[2] != "HTTP/1.1" or words[0] == "CONNECT" or head[0] <= 32:
            return None, 0

        stop = end + length
        judge = self._at_once
        if judge is None:
            judge = self._at_once = _AtOnce()
        judge.completed = 0
        upgrade = False
        try:
            judge.parser.feed_data(head if not length else data[start:stop])
        except httptools.HttpParserUpgrade:
            upgrade = True
        except httptools.HttpParserError:
            self._at_once = None
            return None, 0
        # Where the parser sees another end of the request than we do, it is not simple.
        if judge.completed != 1:
            self._at_once = None
            return None, 0

        request: HttpRequest = HttpRequest.__new__(HttpRequest)
        request.method = words[0]
        request.target = words[1]
        request.root = ""
        request.body = data[end:stop] if length else b""
        request.stream = None
        request.version = "1.1"
        request.keep_alive = judge.keep_alive
        request.upgrade = upgrade
        request._peer = self._peer  # noqa: SLF001 - made here, field by field: it is twice as fast
        request._head = head  # noqa: SLF001 - as above
        request._headers = None  # noqa: SLF001 - as above
        request._is_plain = is_plain  # noqa: SLF001 - as above
        if upgrade or not judge.keep_alive:
            self.is_done = True
            self.keeps_rest = upgrade
            self._last = request
            self._polled = None
        return request, stop

    def _follow(self, data: bytes) -> list[HttpEvent]:
        """Read callback by callback, until a request ends where what was fed ends."""
        steps = self._step_by_step
        if steps is None:
            steps = self._step_by_step = _StepByStep(
                head_bytes_max=self._head_bytes_max,
                body_bytes_max=self._body_bytes_max,
                peer=self._peer,
                streams_bodies=self._streams_bodies,
            )
        events = steps.receive(data)
        self.waits_for = steps.waits_for
        self.is_done = steps.is_done
        self.keeps_rest = steps.keeps_rest
        self.rest = steps.rest
        if steps.is_done:
            self._last = steps.request
            self._step_by_step = None
        return events


class _AtOnce:
    """A parser that is only fed whole requests, and what it says of the last one."""

    def __init__(self) -> None:
        self.completed = 0
        self.keep_alive = True
        self.parser = httptools.HttpRequestParser(self)

    def on_message_complete(self) -> None:
        self.completed += 1
        self.keep_alive = self.parser.should_keep_alive()


class _StepByStep:
    """A parser that is fed whatever comes."""

    def __init__(
        self,
        *,
        head_bytes_max: int,
        body_bytes_max: int,
        peer: str | tuple[str, int],
        streams_bodies: bool,
    ) -> None:
        self.waits_for = "request"
        self.is_done = False
        self.keeps_rest = False
        self.rest = b""
        self.request: HttpRequest | None = None
        self._head_bytes_max = head_bytes_max
        self._body_bytes_max = body_bytes_max
        self._peer = peer
        self._streams_bodies = streams_bodies
        self._events: list[HttpEvent] = []
        self._parser = httptools.HttpRequestParser(self)
        self._raw_bytes = 0

    def receive(self, data: bytes) -> list[HttpEvent]:
        self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.is_done = self.keeps_rest = True
            self.rest = data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError as error:
            verdict = error.__context__
            assert isinstance(verdict, _Refused)
            self._give_up(verdict.status, verdict.reason)
        except httptools.HttpParserError as error:
            # What comes after the client's last request is no mistake, but nobody reads it.
            if not self.is_done:
                self._give_up(400, f"malformed request: {error}".lower())
        else:
            if not self.is_done:
                self._check_unfinished()
        events = self._events
        self._events = []
        return events

    def _give_up(self, status: int, reason: str) -> None:
        self.is_done = True
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
        self._body_bytes = 0

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
        version = self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise _Refused(505, "only http/1.0 and http/1.1 are spoken here")
        if self._method == "CONNECT":
            raise _Refused(501, "this is no proxy")
        # RFC 9112 3.2: a request of HTTP/1.1 without Host, or with two, is answered 400.
        if version == "1.1" and len(values(headers, "host")) != 1:
            raise _Refused(400, "a request needs one host header")
        if int(next(iter(values(headers, "content-length")), "0")) > self._body_bytes_max:
            raise self._body_too_large()
        self._in_parts = (
            self._streams_bodies
            and not self._parser.should_upgrade()
            and any(name in ("content-length", "transfer-encoding") for name, _ in headers)
        )
        if self._in_parts:
            self._events.append(RequestBegun(self._make(version)))
        if version == "1.1" and "100-continue" in tokens(headers, "expect"):
            self._events.append(ContinueWanted())

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._body_bytes += len(piece)
        if self._body_bytes > self._body_bytes_max:
            raise self._body_too_large()
        if self._in_parts:
            self._events.append(BodyPart(piece))
        else:
            self._body += piece

    def on_message_complete(self) -> None:
        """End the request."""
        if self._in_parts:
            self._events.append(BodyPart(b"", is_last=True))
        else:
            self._events.append(self._make(self._parser.get_http_version()))
        self.waits_for = "request"
        self._raw_bytes = 0
        if not self._parser.should_keep_alive() and not self._parser.should_upgrade():
            self.is_done = True

    def _make(self, version: str) -> HttpRequest:
        self.request = HttpRequest(
            method=self._method,
            target=self._target.decode("latin-1"),
            headers=tuple(self._headers),
            body=bytes(self._body),
            version=version,
            keep_alive=self._parser.should_keep_alive(),
            upgrade=self._parser.should_upgrade(),
            peer=self._peer,
        )
        return self.request

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._head_bytes_max:
            raise _Refused(431, f"request head is longer than {self._head_bytes_max} bytes")

    def _body_too_large(self) -> _Refused:
        return _Refused(413, f"request body is longer than {self._body_bytes_max} bytes")
