import pytest

from strikewire.websocket import http2_heads
from strikewire.websocket.errors import HandshakeError, HandshakeStatusError, LocalProtocolError
from strikewire.websocket.extensions import Compression
from strikewire.websocket.handshake import Accepted, Policy, Upgrade
from strikewire.websocket.headers import Headers
from strikewire.websocket.http import HttpRequest, HttpResponse, plain_text
from strikewire.websocket.http2_heads import MalformedHead, RequestHead
from strikewire.websocket.uri import parse_uri

GET: Headers = (
    (":method", "GET"),
    (":scheme", "https"),
    (":path", "/a?b=1"),
    (":authority", "h:1"),
)
CONNECT: Headers = (
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":path", "/ws?x=1"),
    (":authority", "h"),
)
VERSION = ("sec-websocket-version", "13")


def with_line(lines: Headers, name: str, value: str) -> Headers:
    return tuple((key, value if key == name else old) for key, old in lines)


def without(lines: Headers, *names: str) -> Headers:
    return tuple(line for line in lines if line[0] not in names)


class TestRequests:
    def test_a_head_is_taken_apart_and_its_authority_becomes_the_host(self) -> None:
        head = http2_heads.read_request((*GET, ("x-a", "1"), ("content-length", "3")))

        assert head == RequestHead(
            method="GET",
            target="/a?b=1",
            protocol=None,
            headers=(("host", "h:1"), ("x-a", "1"), ("content-length", "3")),
        )
        assert head.content_length == 3
        assert head.request(body=b"abc", peer="p") == HttpRequest(
            method="GET",
            target="/a?b=1",
            headers=(("host", "h:1"), ("x-a", "1"), ("content-length", "3")),
            body=b"abc",
            version="2",
            peer="p",
        )

    def test_host_stands_in_for_the_authority(self) -> None:
        head = http2_heads.read_request((*without(GET, ":authority"), ("host", "h")))

        assert head.headers == (("host", "h"),)
        assert head.content_length is None

    def test_an_extended_connect_says_what_it_wants(self) -> None:
        head = http2_heads.read_request(with_line(CONNECT, ":protocol", "WebSocket"))

        assert (head.method, head.target, head.protocol) == ("CONNECT", "/ws?x=1", "websocket")

    def test_a_plain_connect_has_its_authority_for_target(self) -> None:
        head = http2_heads.read_request(((":method", "CONNECT"), (":authority", "h:443")))

        assert (head.target, head.protocol) == ("h:443", None)

    def test_the_whole_server_may_be_asked_for_its_options(self) -> None:
        lines = with_line(with_line(GET, ":method", "OPTIONS"), ":path", "*")

        assert http2_heads.read_request(lines).target == "*"

    @pytest.mark.parametrize(
        "lines",
        [
            without(GET, ":method"),
            with_line(GET, ":method", "G T"),
            without(GET, ":scheme"),
            without(GET, ":path"),
            with_line(GET, ":path", ""),
            with_line(GET, ":path", "a"),
            with_line(GET, ":path", "*"),
            with_line(GET, ":path", "/a b"),
            with_line(GET, ":path", "/\u00e9"),
            without(GET, ":authority"),
            with_line(GET, ":authority", ""),
            with_line(GET, ":authority", "user@h"),
            with_line(GET, ":authority", "a b"),
            (*GET, ("host", "other")),
            (*without(GET, ":authority"), ("host", "h"), ("host", "h")),
            (*GET, (":path", "/again")),
            (*GET, ("x-a", "1"), (":late", "1")),
            (*GET, (":status", "200")),
            (*GET, (":unknown", "1")),
            (*GET, (":protocol", "websocket")),
            (*GET, ("X-Upper", "1")),
            (*GET, ("", "1")),
            (*GET, ("a b", "1")),
            (*GET, ("x", "line\nbreak")),
            (*GET, ("x", "nul\0")),
            (*GET, ("x", " before")),
            (*GET, ("x", "after\t")),
            (*GET, ("connection", "close")),
            (*GET, ("upgrade", "websocket")),
            (*GET, ("transfer-encoding", "chunked")),
            (*GET, ("keep-alive", "1")),
            (*GET, ("proxy-connection", "close")),
            (*GET, ("te", "gzip")),
            without(CONNECT, ":scheme"),
            without(CONNECT, ":path"),
            without(CONNECT, ":protocol"),  # then a scheme and a path have no place
            ((":method", "CONNECT"),),
        ],
    )
    def test_a_malformed_head_is_told_apart(self, lines: Headers) -> None:
        with pytest.raises(MalformedHead):
            http2_heads.read_request(lines)

    @pytest.mark.parametrize(
        "line", [("te", "trailers"), ("x", ""), ("x", "a"), ("x", "a b"), ("cookie", "a=\u00e9")]
    )
    def test_what_is_unusual_and_allowed(self, line: tuple[str, str]) -> None:
        assert http2_heads.read_request((*GET, line)).headers[1] == line

    def test_a_line_counts_32_bytes_more_than_it_has(self) -> None:
        assert http2_heads.head_bytes((("ab", "c"), ("d", ""))) == 3 + 32 + 1 + 32


class TestAccepting:
    def judge(
        self, *lines: tuple[str, str], policy: Policy | None = None, ended: bool = False
    ) -> Accepted | HttpResponse:
        request = http2_heads.read_request((*CONNECT, *lines)).request()
        return http2_heads.accept(request, policy or Policy(), ended=ended)

    def test_it_is_accepted_with_200_and_nothing_of_an_upgrade(self) -> None:
        verdict = self.judge(
            VERSION,
            ("sec-websocket-protocol", "a, b"),
            ("sec-websocket-extensions", "permessage-deflate"),
            policy=Policy(subprotocols=("b",), compression=Compression()),
        )

        assert isinstance(verdict, Accepted)
        assert verdict.subprotocol == "b"
        assert verdict.agreement is not None
        assert http2_heads.accept_lines(verdict) == (
            (":status", "200"),
            ("sec-websocket-protocol", "b"),
            (
                "sec-websocket-extensions",
                "permessage-deflate; server_max_window_bits=12",
            ),
        )

    def test_another_version_is_told_ours(self) -> None:
        for lines in ((), (("sec-websocket-version", "8"),), (VERSION, VERSION)):
            verdict = self.judge(*lines)

            assert isinstance(verdict, HttpResponse)
            assert verdict.status == 400
            assert ("sec-websocket-version", "13") in verdict.headers

    def test_a_stream_that_has_ended_or_has_a_length_is_no_websocket(self) -> None:
        for verdict in (
            self.judge(VERSION, ended=True),
            self.judge(VERSION, ("content-length", "0")),
        ):
            assert isinstance(verdict, HttpResponse)
            assert verdict.status == 400

    def test_a_page_of_another_origin_is_refused(self) -> None:
        policy = Policy(origins=frozenset({"https://good"}))

        refused = self.judge(VERSION, ("origin", "https://bad"), policy=policy)
        accepted = self.judge(VERSION, ("origin", "https://good"), policy=policy)

        assert isinstance(refused, HttpResponse)
        assert refused.status == 403
        assert isinstance(accepted, Accepted)

    def test_malformed_extensions_are_refused(self) -> None:
        verdict = self.judge(VERSION, ("sec-websocket-extensions", "a b"))

        assert isinstance(verdict, HttpResponse)
        assert verdict.status == 400


class TestResponses:
    def test_the_length_is_added_and_what_http2_does_not_know_left_out(self) -> None:
        response = HttpResponse(200, (("Content-Type", "a/b"), ("Connection", "close")), b"abc")

        assert http2_heads.response_lines(response) == (
            (":status", "200"),
            ("content-type", "a/b"),
            ("content-length", "3"),
        )

    def test_a_length_that_is_told_is_not_told_again(self) -> None:
        response = HttpResponse(200, (("Content-Length", "3"),))

        assert http2_heads.response_lines(response) == ((":status", "200"), ("content-length", "3"))

    def test_a_length_that_is_wrong_is_an_error(self) -> None:
        with pytest.raises(LocalProtocolError, match="content-length 4 of a 3 byte body"):
            http2_heads.response_lines(HttpResponse(200, (("content-length", "4"),), b"abc"))

    def test_of_a_body_in_pieces_no_length_is_told(self) -> None:
        lines = http2_heads.response_lines(HttpResponse(200), in_pieces=True, date="today")

        assert lines == ((":status", "200"), ("date", "today"))

    @pytest.mark.parametrize("status", [204, 304])
    def test_an_answer_without_a_body_has_no_length(self, status: int) -> None:
        lines = http2_heads.response_lines(HttpResponse(status, (), b"abc"))

        assert lines == ((":status", str(status)),)

    @pytest.mark.parametrize("line", [("x", "a\r\nb: c"), ("a b", "c"), ("x", "\u20ac")])
    def test_a_header_that_would_break_the_message_apart_is_an_error(
        self, line: tuple[str, str]
    ) -> None:
        with pytest.raises(LocalProtocolError):
            http2_heads.response_lines(HttpResponse(200, (line,)))


class TestTheClient:
    def upgrade(self, **options: object) -> Upgrade:
        return Upgrade(uri=parse_uri("wss://h:444/a?b"), nonce=bytes(16), **options)  # type: ignore[arg-type]  # as the tests give them

    def test_it_asks_with_an_extended_connect(self) -> None:
        upgrade = self.upgrade(headers=(("X-A", "1"),), subprotocols=("p", "q"))

        assert http2_heads.connect_lines(upgrade) == (
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "https"),
            (":path", "/a?b"),
            (":authority", "h:444"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "p, q"),
            ("x-a", "1"),
        )
        assert http2_heads.read_request(http2_heads.connect_lines(upgrade)).protocol == "websocket"

    def test_a_header_of_the_handshake_cannot_be_given(self) -> None:
        with pytest.raises(LocalProtocolError, match="sets 'Sec-WebSocket-Key' itself"):
            http2_heads.connect_lines(self.upgrade(headers=(("Sec-WebSocket-Key", "x"),)))

    @pytest.mark.parametrize("status", [200, 201, 299])
    def test_any_status_of_success_accepts(self, status: int) -> None:
        accepted = http2_heads.conclude(self.upgrade(), status, ())

        assert accepted == Accepted()

    @pytest.mark.parametrize("status", [199, 300, 403, 500])
    def test_any_other_refuses(self, status: int) -> None:
        with pytest.raises(HandshakeStatusError) as caught:
            http2_heads.conclude(self.upgrade(), status, (("a", "b"),), b"why")

        error = caught.value
        assert (error.status, error.headers, error.body) == (status, (("a", "b"),), b"why")

    @pytest.mark.parametrize(
        "line",
        [
            ("sec-websocket-protocol", "not-offered"),
            ("sec-websocket-extensions", "permessage-deflate"),
            ("sec-websocket-accept", "x"),
        ],
    )
    def test_what_was_not_offered_cannot_be_chosen(self, line: tuple[str, str]) -> None:
        with pytest.raises(HandshakeError):
            http2_heads.conclude(self.upgrade(), 200, (line,))

    def test_a_status_is_read(self) -> None:
        assert http2_heads.read_status(((":status", "200"), ("a", "b"))) == (200, (("a", "b"),))

    @pytest.mark.parametrize(
        "lines", [(), ((":status", "abc"),), ((":status", "099"),), ((":path", "/"),)]
    )
    def test_a_response_without_one_is_malformed(self, lines: Headers) -> None:
        with pytest.raises(MalformedHead):
            http2_heads.read_status(lines)


def test_a_refusal_is_for_people_to_read() -> None:
    lines = http2_heads.response_lines(plain_text(431, "too long"))

    assert lines[1] == ("content-type", "text/plain; charset=utf-8")
