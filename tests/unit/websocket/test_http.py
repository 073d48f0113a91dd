import pytest

from strikewire.websocket.errors import LocalProtocolError
from strikewire.websocket.http import (
    BadRequest,
    BodyPart,
    ContinueWanted,
    HttpEvent,
    HttpRequest,
    HttpResponse,
    RequestBegun,
    RequestReader,
    ResponseEncoder,
    encode_chunk,
    encode_response,
    plain_text,
)

UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"


def reader(*, head_bytes_max: int = 1000, body_bytes_max: int = 100) -> RequestReader:
    return RequestReader(
        head_bytes_max=head_bytes_max, body_bytes_max=body_bytes_max, peer="127.0.0.1:5"
    )


def only(events: list[HttpEvent]) -> HttpEvent:
    assert len(events) == 1, events
    return events[0]


def refused(data: bytes, target: RequestReader | None = None) -> int:
    event = only((target or reader()).receive(data))
    assert isinstance(event, BadRequest)
    return event.status


class TestRequests:
    def test_a_request_is_taken_apart(self) -> None:
        event = only(
            reader().receive(b"GET /api/v2/x?a=1&b=%20 HTTP/1.1\r\nHost: h\r\nX-A:  b \r\n\r\n")
        )

        assert event == HttpRequest(
            method="GET",
            target="/api/v2/x?a=1&b=%20",
            headers=(("host", "h"), ("x-a", "b")),
            peer="127.0.0.1:5",
        )
        assert isinstance(event, HttpRequest)
        assert (event.path, event.query) == ("/api/v2/x", "a=1&b=%20")
        assert (event.header("x-a"), event.header("x-b")) == ("b", None)

    def test_a_body_of_declared_length(self) -> None:
        event = only(
            reader().receive(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
        )

        assert isinstance(event, HttpRequest)
        assert (event.method, event.body) == ("POST", b"abc")

    def test_a_body_in_chunks_is_joined_and_its_trailer_dropped(self) -> None:
        data = (
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Late: 1\r\n\r\n"
        )

        event = only(reader().receive(data))

        assert isinstance(event, HttpRequest)
        assert event.body == b"abcde"
        assert event.header("x-late") is None

    def test_pipelined_requests_come_in_order(self) -> None:
        data = (
            b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
            b"POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
            b"GET /3 HTTP/1.1\r\nHost: h\r\n\r\nGE"
        )

        events = reader().receive(data)

        assert [event.target for event in events if isinstance(event, HttpRequest)] == [
            "/1",
            "/2",
            "/3",
        ]

    def test_a_request_cut_anywhere_is_the_same_request(self) -> None:
        head = b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        data = head + b"3\r\nabc\r\n0\r\n\r\n"
        whole = reader().receive(data)
        for cut in range(1, len(data)):
            target = reader()

            assert target.receive(data[:cut]) + target.receive(data[cut:]) == whole

    @pytest.mark.parametrize(
        ("head", "keep_alive"),
        [
            (b"GET / HTTP/1.1\r\nHost: h\r\n", True),
            (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", False),
            (b"GET / HTTP/1.0\r\n", False),
            (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", True),
        ],
    )
    def test_whether_another_request_may_follow(self, head: bytes, keep_alive: bool) -> None:
        event = only(reader().receive(head + b"\r\n"))

        assert isinstance(event, HttpRequest)
        assert event.keep_alive is keep_alive

    def test_what_the_reader_waits_for_is_told(self) -> None:
        target = reader()
        seen = [target.waits_for]
        for piece in (b"POST / HT", b"TP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n", b"x", b"y"):
            target.receive(piece)
            seen.append(target.waits_for)

        assert seen == ["request", "head", "body", "body", "request"]

    def test_a_client_that_waits_with_its_body_is_told_to_go_on(self) -> None:
        target = reader()
        head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n"

        assert target.receive(head) == [ContinueWanted()]
        assert isinstance(only(target.receive(b"xy")), HttpRequest)


HEAD = b"POST / HTTP/1.1\r\nHost: h\r\n"
MESSAGES = [
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost:h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHOST:\th \r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: Host: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: \r\nY:\r\n\r\n",
    b"GET  /  HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /\tHTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
    b"GET / http/1.1\r\nHost: h\r\n\r\n",
    b"get / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"M-SEARCH * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
    b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
    b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\nHost: h\n\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Keep-Alive, x-close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n" + UPGRADE + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nUpgrade: h2c\r\nConnection: upgrade\r\n"
    b"\r\n",
    HEAD + b"Content-Length: 3\r\n\r\nabc",
    HEAD + b"content-length:3 \r\n\r\nabc",
    HEAD + b"Content-Length: 0\r\n\r\n",
    HEAD + b"Content-Length: 003\r\n\r\nabc",
    HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
    HEAD + b"Content-Length: +3\r\n\r\nabc",
    HEAD + b"Content-Length: 3x\r\n\r\nabc",
    HEAD + b"Content-Length:\r\n\r\nabc",
    HEAD + b"Content-Length: 101\r\n\r\nabc",
    HEAD + b"Content-Length: 99999999999999999999\r\n\r\nabc",
    HEAD + b"Content-Length : 3\r\n\r\nabc",
    HEAD + b"X: Content-Length: 3\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: identity\r\n\r\n",
    HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\na",
    HEAD + b"Expect: 100-continue\r\n\r\n",
    HEAD + b"Connection: close\r\nContent-Length: 1\r\n\r\na",
    HEAD + UPGRADE + b"Content-Length: 1\r\n\r\na",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 960 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 2000 + b"\r\n\r\n",
]


class TestBothWays:
    """A request in one piece and one in many are read in different ways, to the same end."""

    @pytest.mark.parametrize("message", MESSAGES)
    def test_the_way_does_not_matter(self, message: bytes) -> None:
        data = message + b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
        at_once, step_by_step = reader(), reader()

        events = at_once.receive(data)
        stepped = [
            event
            for start in range(len(data))
            for event in step_by_step.receive(data[start : start + 1])
        ]

        assert _told(events) == _told(stepped)
        assert at_once.is_done is step_by_step.is_done
        assert at_once.rest == step_by_step.rest

    @pytest.mark.parametrize("message", MESSAGES)
    def test_nor_does_what_came_before(self, message: bytes) -> None:
        fresh, used = reader(), reader()
        used.receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        used.receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\nPOST / HT")
        used.receive(b"TP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na")

        assert _told(used.receive(message)) == _told(fresh.receive(message))


def _told(events: list[HttpEvent]) -> list[object]:
    """Return events in a form that says everything; the words of a refusal may differ."""
    return [event.status if isinstance(event, BadRequest) else event for event in events]


class TestPolling:
    def test_the_same_bytes_are_the_same_request(self) -> None:
        target = reader()
        data = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"

        first, second = only(target.receive(data)), only(target.receive(data))
        other = only(target.receive(data.replace(b"/", b"/a", 1)))

        assert first is second
        assert isinstance(other, HttpRequest)
        assert other.target == "/a"

    def test_bytes_inside_of_a_body_are_not(self) -> None:
        target = reader()
        data = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        target.receive(data)

        events = target.receive(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 27\r\n\r\n")
        events += target.receive(data)

        assert len(data) == 27
        assert [event.body for event in events if isinstance(event, HttpRequest)] == [data]


class TestHttpRequests:
    def test_equal_ones_are_equal_however_they_were_made(self) -> None:
        read = only(reader().receive(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"))
        made = HttpRequest(
            method="GET", target="/a", headers=(("host", "h"),), peer=("127.0.0.1", 5)
        )

        assert isinstance(read, HttpRequest)
        assert made == HttpRequest(
            method="GET", target="/a", headers=(("host", "h"),), peer="127.0.0.1:5"
        )
        assert read == made
        assert hash(read) == hash(made)
        assert made != HttpRequest(method="GET", target="/b")
        assert made != "GET /a"
        assert repr(made) == "<HttpRequest GET /a from 127.0.0.1:5>"

    @pytest.mark.parametrize(
        ("peer", "name", "address"),
        [
            (("192.0.2.1", 5), "192.0.2.1:5", "192.0.2.1"),
            (("2001:db8::1", 5), "[2001:db8::1]:5", "2001:db8::1"),
            ("[2001:db8::1]:5", "[2001:db8::1]:5", "2001:db8::1"),
            ("192.0.2.1:5", "192.0.2.1:5", "192.0.2.1"),
            ("", "", ""),
        ],
    )
    def test_the_client_has_a_name_and_an_address(
        self, peer: str | tuple[str, int], name: str, address: str
    ) -> None:
        made = HttpRequest(method="GET", target="/", peer=peer)

        assert (made.peer, made.address) == (name, address)

    @pytest.mark.parametrize(
        ("target", "path", "query"),
        [
            ("/a?b?c", "/a", "b?c"),
            ("http://h:1/a/b?c", "/a/b", "c"),
            ("http://h", "/", ""),
            ("*", "*", ""),
            ("/a://b", "/a://b", ""),
        ],
    )
    def test_the_target_has_a_path_and_a_query(self, target: str, path: str, query: str) -> None:
        made = HttpRequest(method="GET", target=target)

        assert (made.path, made.query) == (path, query)

    def test_a_changed_one_leaves_the_first_as_it_was(self) -> None:
        read = only(reader().receive(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"))
        assert isinstance(read, HttpRequest)

        changed = read.changed(target="/b", root="/r", body=b"x", method="PUT")

        assert (changed.target, changed.root, changed.body) == ("/b", "/r", b"x")
        assert (changed.method, changed.headers) == ("PUT", (("host", "h"),))
        assert (read.target, read.root, read.body, read.method) == ("/a", "", b"", "GET")
        assert read.changed() == read

    def test_a_head_that_came_in_one_piece_is_kept_as_it_came(self) -> None:
        data = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
        read = only(reader().receive(data))
        assert isinstance(read, HttpRequest)

        assert read.head == data
        assert HttpRequest(method="GET", target="/", headers=(("a", "b"),)).head == (("a", "b"),)


class TestStreamedBodies:
    def reader(self) -> RequestReader:
        return RequestReader(head_bytes_max=1000, body_bytes_max=10, streams_bodies=True)

    def test_a_body_comes_in_parts_after_its_head(self) -> None:
        target = self.reader()
        head = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n"

        events = [*target.receive(head + b"a"), *target.receive(b"bc")]

        assert isinstance(events[0], RequestBegun)
        assert (events[0].request.target, events[0].request.body) == ("/a", b"")
        assert events[1:] == [BodyPart(b"a"), BodyPart(b"bc"), BodyPart(b"", is_last=True)]

    def test_a_client_that_waits_is_told_of_after_its_request(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"

        events = self.reader().receive(head)

        assert [type(event) for event in events] == [RequestBegun, ContinueWanted]

    def test_a_request_without_body_comes_as_ever(self) -> None:
        for data in (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"):
            assert isinstance(only(self.reader().receive(data)), HttpRequest)

    def test_its_limit_is_kept(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

        events = self.reader().receive(head + b"6\r\nabcdef\r\n6\r\nabcdef\r\n")

        assert [type(event) for event in events] == [RequestBegun, BodyPart, BadRequest]

    def test_an_upgrade_is_no_stream(self) -> None:
        data = b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n" + UPGRADE + b"\r\n\x81"
        target = self.reader()

        event = only(target.receive(data))

        assert isinstance(event, HttpRequest)
        assert target.rest == b"\x81"


class TestUpgrades:
    def test_what_follows_an_upgrade_is_kept(self) -> None:
        target = reader()

        event = only(target.receive(b"GET / HTTP/1.1\r\nHost: h\r\n" + UPGRADE + b"\r\n\x81\x00"))
        later = target.receive(b"\x82")

        assert isinstance(event, HttpRequest)
        assert event.upgrade
        assert (target.is_done, target.rest, later) == (True, b"\x81\x00\x82", [])

    def test_an_unwanted_upgrade_is_read_again_as_a_plain_request_with_its_body(self) -> None:
        target = reader()
        data = (
            b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n" + UPGRADE + b"\r\n"
            b"abcGET /b HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        assert isinstance(only(target.receive(data)), HttpRequest)

        events = target.resume()

        requests = [event for event in events if isinstance(event, HttpRequest)]
        assert [(r.target, r.body, r.upgrade) for r in requests] == [
            ("/a", b"abc", False),
            ("/b", b"", False),
        ]


class TestRefusals:
    @pytest.mark.parametrize(
        "data",
        [
            b"hello\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",  # no host
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.1\nHost: h\n\n",
            b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n",
            b"GET / HTTP/9.9\r\nHost: h\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"\x16\x03\x01\x02\x00",  # TLS on a plain port
        ],
    )
    def test_what_is_not_http_is_answered_400(self, data: bytes) -> None:
        assert refused(data) == 400

    def test_two_ways_to_tell_a_length_are_no_way(self) -> None:
        # RFC 9112 6.3: the classic of request smuggling.
        data = (
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

        assert refused(data) == 400

    @pytest.mark.parametrize("version", [b"2.0", b"0.9"])
    def test_another_version_of_http_is_answered_505(self, version: bytes) -> None:
        assert refused(b"GET / HTTP/" + version + b"\r\nHost: h\r\n\r\n") == 505

    def test_what_follows_the_last_request_is_dropped(self) -> None:
        for data in (
            b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
        ):
            target = reader()

            assert len(target.receive(data + b"GET / HT")) == 1
            assert target.receive(data) == []
            assert (target.is_done, target.keeps_rest, target.rest) == (True, False, b"")

    def test_a_closed_reader_reads_nothing(self) -> None:
        target = reader()
        target.close()

        assert target.receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == []

    def test_this_is_no_proxy(self) -> None:
        assert refused(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n") == 501

    def test_good_requests_before_a_bad_one_are_kept(self) -> None:
        events = reader().receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n")

        assert [type(event) for event in events] == [HttpRequest, BadRequest]

    def test_nothing_is_read_after_a_bad_request(self) -> None:
        target = reader()
        target.receive(b"nonsense\r\n\r\n")

        assert target.receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == []
        assert (target.is_done, target.rest) == (True, b"")


class TestLimits:
    def test_a_long_target_is_answered_431(self) -> None:
        assert refused(b"GET /" + b"a" * 1000 + b" HTTP/1.1\r\nHost: h\r\n\r\n") == 431

    def test_many_headers_are_answered_431(self) -> None:
        data = b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: 1\r\n" * 200 + b"\r\n"

        assert refused(data) == 431

    def test_a_header_without_end_is_answered_431_before_its_end(self) -> None:
        target = reader()
        events = target.receive(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")
        for _ in range(10):
            events += target.receive(b"a" * 100)

        assert [type(event) for event in events] == [BadRequest]
        assert events[0] == BadRequest(431, "request head is longer than 1000 bytes")

    def test_trailers_without_end_are_answered_431(self) -> None:
        data = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"

        assert refused(data + b"X: 1\r\n" * 200) == 431

    def test_a_declared_length_is_refused_before_the_body_comes(self) -> None:
        assert refused(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n") == 413

    def test_chunks_are_counted_as_they_come(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

        assert refused(head + b"40\r\n" + b"a" * 64 + b"\r\n40\r\n" + b"a" * 64 + b"\r\n") == 413

    def test_chunk_extensions_without_end_are_answered_413(self) -> None:
        target = reader()
        events = target.receive(
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;"
        )
        for _ in range(20):
            events += target.receive(b"a" * 100)

        assert [getattr(event, "status", 0) for event in events] == [413]

    def test_limits_are_for_each_request(self) -> None:
        target = reader(head_bytes_max=60, body_bytes_max=4)
        request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd"

        events = [event for _ in range(20) for event in target.receive(request)]

        assert [type(event) for event in events] == [HttpRequest] * 20


class TestResponses:
    def test_length_and_connection_are_said(self) -> None:
        response = HttpResponse(200, [("content-type", "application/json")], b"{}")

        assert encode_response(response, keep_alive=True) == (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
            b"connection: keep-alive\r\n\r\n{}"
        )

    def test_the_last_response_says_close(self) -> None:
        assert encode_response(HttpResponse(404), keep_alive=False) == (
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )

    def test_a_head_request_is_answered_without_the_body_but_with_its_length(self) -> None:
        response = HttpResponse(200, (), b"hello")

        assert encode_response(response, keep_alive=True, head_only=True).endswith(
            b"content-length: 5\r\nconnection: keep-alive\r\n\r\n"
        )

    @pytest.mark.parametrize("status", [204, 304])
    def test_a_response_without_body_has_no_length(self, status: int) -> None:
        assert b"content-length" not in encode_response(HttpResponse(status), keep_alive=True)

    def test_an_upgrade_says_only_what_the_handshake_says(self) -> None:
        response = HttpResponse(101, [("connection", "Upgrade")])

        assert encode_response(response, keep_alive=True) == (
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n\r\n"
        )

    def test_an_unknown_status_has_no_phrase(self) -> None:
        assert encode_response(HttpResponse(299), keep_alive=True).startswith(b"HTTP/1.1 299 \r\n")

    def test_a_header_cannot_split_the_response(self) -> None:
        with pytest.raises(LocalProtocolError):
            encode_response(HttpResponse(200, [("x", "a\r\n\r\nb")]), keep_alive=True)

    def test_a_length_of_the_callers_is_said_once(self) -> None:
        response = HttpResponse(200, [("Content-Length", "2")], b"ok")

        assert encode_response(response, keep_alive=True).count(b"ength: 2\r\n") == 1

    def test_a_304_may_tell_the_length_of_the_200(self) -> None:
        response = HttpResponse(304, [("content-length", "99")])

        assert b"content-length: 99\r\n" in encode_response(response, keep_alive=True)

    @pytest.mark.parametrize(
        "headers",
        [
            [("content-length", "3")],
            [("content-length", "x")],
            [("content-length", "2"), ("Content-Length", "2")],
            [("Transfer-Encoding", "chunked")],
        ],
    )
    def test_a_wrong_length_is_refused(self, headers: list[tuple[str, str]]) -> None:
        with pytest.raises(LocalProtocolError):
            encode_response(HttpResponse(200, headers, b"ok"), keep_alive=True)

    def test_a_date_is_said_where_there_is_one(self) -> None:
        encoder = ResponseEncoder()

        data = encoder.encode(HttpResponse(200), keep_alive=True, date=b"date: now\r\n")

        assert data.startswith(b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 0\r\n")

    def test_heads_are_remembered_within_bounds(self) -> None:
        encoder = ResponseEncoder()

        for number in range(2000):
            response = HttpResponse(200, (("x", str(number)),), b"ok")
            assert f"x: {number}\r\n".encode() in encoder.encode(response, keep_alive=True)
        encoder.encode(HttpResponse(200, (("x", "a" * 1000),)), keep_alive=True)

        assert len(encoder._known) <= 512

    def test_a_stream_travels_in_chunks_or_with_its_length(self) -> None:
        encoder = ResponseEncoder()
        known = HttpResponse(200, (("content-length", "5"),))

        heads = [
            encoder.encode_stream_head(HttpResponse(200), keep_alive=True, chunked=True),
            encoder.encode_stream_head(HttpResponse(200), keep_alive=False, chunked=False),
            encoder.encode_stream_head(known, keep_alive=True, chunked=True),
            encoder.encode_stream_head(HttpResponse(204), keep_alive=True, chunked=True),
        ]

        assert heads == [
            (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n",
                None,
            ),
            (b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", None),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\n",
                5,
            ),
            (b"HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n", 0),
        ]

    def test_chunks(self) -> None:
        assert encode_chunk(b"a" * 17) == b"11\r\n" + b"a" * 17 + b"\r\n"
        assert encode_chunk(b"") == b"0\r\n\r\n"

    def test_words_for_people_are_plain_text(self) -> None:
        assert plain_text(404, "no such path", ("x", "1")) == HttpResponse(
            404, (("content-type", "text/plain; charset=utf-8"), ("x", "1")), b"no such path\n"
        )
