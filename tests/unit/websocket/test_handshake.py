from collections.abc import Mapping

import pytest

from strikewire.websocket.errors import HandshakeError, HandshakeStatusError, LocalProtocolError
from strikewire.websocket.extensions import Compression
from strikewire.websocket.handshake import (
    Accepted,
    Policy,
    Upgrade,
    accept,
    accept_key,
    amend,
    conclude_upgrade,
    encode_accepted,
    encode_upgrade,
    offered_subprotocols,
    wants_websocket,
)
from strikewire.websocket.http import HttpRequest, HttpResponse
from strikewire.websocket.uri import parse_uri

# 1.3: the handshake that the RFC itself shows.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
NONCE = b"the sample nonce"
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
HEADERS = {
    "host": "server.example.com",
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
}


def request(
    changed: Mapping[str, str | None] | None = None, *, method: str = "GET", version: str = "1.1"
) -> HttpRequest:
    headers = {**HEADERS, **(changed or {})}
    return HttpRequest(
        method=method,
        target="/chat",
        headers=tuple((name, value) for name, value in headers.items() if value is not None),
        version=version,
    )


def accepted(asked: HttpRequest, policy: Policy | None = None) -> Accepted:
    verdict = accept(asked, policy or Policy())
    assert isinstance(verdict, Accepted), verdict
    return verdict


def refused(asked: HttpRequest, policy: Policy | None = None) -> HttpResponse:
    verdict = accept(asked, policy or Policy())
    assert isinstance(verdict, HttpResponse)
    return verdict


def test_the_accept_key_of_the_rfc() -> None:
    assert accept_key(KEY) == ACCEPT


class TestServer:
    """4.2. Server-Side Requirements"""

    def test_the_handshake_of_the_rfc_is_accepted(self) -> None:
        verdict = accepted(request())

        assert verdict.response == HttpResponse(
            101,
            (
                ("upgrade", "websocket"),
                ("connection", "Upgrade"),
                ("sec-websocket-accept", ACCEPT),
            ),
        )
        assert (verdict.subprotocol, verdict.agreement) == (None, None)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("connection", "keep-alive, Upgrade"),  # as Firefox says it
            ("connection", "UPGRADE"),
            ("upgrade", "WebSocket"),
            ("upgrade", "h2c, websocket"),
        ],
    )
    def test_tokens_are_found_in_lists_and_in_any_case(self, name: str, value: str) -> None:
        assert accepted(request({name: value})).response is not None

    def test_a_method_other_than_get_is_answered_405(self) -> None:
        response = refused(request(method="POST"))

        assert response.status == 405
        assert ("allow", "GET") in response.headers

    def test_another_version_is_answered_426_with_ours(self) -> None:
        for version in ("8", "12", "14", "013", "", None):
            response = refused(request({"sec-websocket-version": version}))

            assert response.status == 426
            assert ("sec-websocket-version", "13") in response.headers

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"upgrade": None}, "upgrade header"),
            ({"upgrade": "websockets"}, "upgrade header"),
            ({"connection": None}, "connection header"),
            ({"connection": "keep-alive"}, "connection header"),
            ({"sec-websocket-key": None}, "sec-websocket-key"),
            ({"sec-websocket-key": "short"}, "sec-websocket-key"),
            ({"sec-websocket-key": "dGhlIHNhbXBsZSBub25j"}, "sec-websocket-key"),  # 15 bytes
            ({"sec-websocket-key": f"{KEY}!"}, "sec-websocket-key"),
            ({"sec-websocket-key": "é"}, "sec-websocket-key"),
            ({"content-length": "1"}, "no body"),
            ({"transfer-encoding": "chunked"}, "no body"),
            ({"sec-websocket-extensions": "a b"}, "sec-websocket-extensions"),
        ],
    )
    def test_anything_malformed_is_answered_400(
        self, changed: Mapping[str, str | None], reason: str
    ) -> None:
        response = refused(request(changed))

        assert response.status == 400
        assert reason in response.body.decode()

    def test_http_1_0_is_answered_400(self) -> None:
        assert refused(request(version="1.0")).status == 400

    def test_two_keys_are_answered_400(self) -> None:
        asked = request()
        twice = HttpRequest(
            method="GET", target="/", headers=(*asked.headers, ("sec-websocket-key", KEY))
        )

        assert refused(twice).status == 400

    def test_a_foreign_page_is_answered_403(self) -> None:
        policy = Policy(origins=frozenset({"https://example.org"}))

        assert refused(request({"origin": "https://evil.example"}), policy).status == 403
        assert refused(request({"origin": "null"}), policy).status == 403

    def test_a_known_page_or_no_page_is_let_in(self) -> None:
        policy = Policy(origins=frozenset({"https://example.org"}))

        assert accepted(request({"origin": "https://example.org"}), policy)
        assert accepted(request(), policy)

    def test_without_a_list_every_page_is_let_in(self) -> None:
        assert accepted(request({"origin": "https://example.org"}))

    def test_the_subprotocol_we_want_most_is_chosen(self) -> None:
        policy = Policy(subprotocols=("v2", "v1"))

        verdict = accepted(request({"sec-websocket-protocol": "v1, v2"}), policy)

        assert verdict.subprotocol == "v2"
        assert verdict.response is not None
        assert ("sec-websocket-protocol", "v2") in verdict.response.headers

    def test_without_a_common_subprotocol_there_is_none(self) -> None:
        policy = Policy(subprotocols=("v2",))

        assert accepted(request({"sec-websocket-protocol": "V2, v3"}), policy).subprotocol is None
        assert accepted(request(), policy).subprotocol is None

    def test_compression_is_agreed_on(self) -> None:
        policy = Policy(compression=Compression())

        verdict = accepted(request({"sec-websocket-extensions": "permessage-deflate"}), policy)

        assert verdict.agreement is not None
        assert verdict.response is not None
        assert (
            "sec-websocket-extensions",
            "permessage-deflate; server_max_window_bits=12",
        ) in verdict.response.headers

    def test_compression_is_not_agreed_on_where_one_side_does_not_want_it(self) -> None:
        offer = {"sec-websocket-extensions": "permessage-deflate"}

        assert accepted(request(offer)).agreement is None
        assert accepted(request(), Policy(compression=Compression())).agreement is None

    def test_lists_may_come_in_several_lines(self) -> None:
        asked = HttpRequest(
            method="GET",
            target="/",
            headers=(
                ("host", "h"),
                ("connection", "keep-alive"),
                ("connection", "Upgrade"),
                ("upgrade", "h2c"),
                ("upgrade", "websocket"),
                ("sec-websocket-key", KEY),
                ("sec-websocket-version", "13"),
                ("sec-websocket-protocol", "v1"),
                ("sec-websocket-protocol", "v2, v3"),
                ("sec-websocket-extensions", "x-unknown"),
                ("sec-websocket-extensions", "permessage-deflate"),
            ),
        )

        verdict = accepted(asked, Policy(subprotocols=("v3",), compression=Compression()))

        assert verdict.subprotocol == "v3"
        assert verdict.agreement is not None
        assert offered_subprotocols(asked) == ["v1", "v2", "v3"]

    def test_two_versions_in_two_lines_are_answered_426(self) -> None:
        asked = request()
        twice = HttpRequest(
            method="GET", target="/", headers=(*asked.headers, ("sec-websocket-version", "8"))
        )

        assert refused(twice).status == 426


class TestAmendments:
    """A verdict of the server's owner."""

    def test_subprotocol_and_headers_are_said_instead_and_besides(self) -> None:
        asked = request({"sec-websocket-protocol": "v1, v2"})
        first = accepted(asked, Policy(subprotocols=("v1",)))

        verdict = amend(asked, first, subprotocol="v2", headers=(("Set-Cookie", "a=b"),))

        assert verdict.subprotocol == "v2"
        assert encode_accepted(verdict) == (
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"upgrade: websocket\r\n"
            b"connection: Upgrade\r\n"
            b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            b"sec-websocket-protocol: v2\r\n"
            b"Set-Cookie: a=b\r\n"
            b"\r\n"
        )

    def test_without_another_subprotocol_the_first_stays(self) -> None:
        asked = request({"sec-websocket-protocol": "v1, v2"})
        first = accepted(asked, Policy(subprotocols=("v1",)))

        assert amend(asked, first, subprotocol=None, headers=()) == first

    @pytest.mark.parametrize(
        ("subprotocol", "headers"),
        [
            ("v9", ()),
            (None, (("Sec-WebSocket-Accept", "x"),)),
            (None, (("Connection", "x"),)),
            (None, (("x", "a\r\nb: c"),)),
        ],
    )
    def test_what_the_handshake_forbids_is_refused(
        self, subprotocol: str | None, headers: tuple[tuple[str, str], ...]
    ) -> None:
        asked = request({"sec-websocket-protocol": "v1"})

        with pytest.raises(LocalProtocolError):
            amend(asked, accepted(asked), subprotocol=subprotocol, headers=headers)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"upgrade": "websocket"}, True),
        ({"upgrade": "WebSocket"}, True),
        ({"sec-websocket-key": KEY}, True),
        ({"upgrade": "h2c"}, False),
        ({}, False),
    ],
)
def test_an_attempt_at_a_handshake_is_recognised(headers: dict[str, str], expected: bool) -> None:
    asked = HttpRequest(method="GET", target="/", headers=tuple(headers.items()))

    assert wants_websocket(asked) is expected


def upgrade(
    *, subprotocols: tuple[str, ...] = (), compression: Compression | None = None
) -> Upgrade:
    return Upgrade(
        uri=parse_uri("ws://server.example.com/chat?a=1"),
        nonce=NONCE,
        subprotocols=subprotocols,
        compression=compression,
    )


def response(changed: Mapping[str, str | None] | None = None, status: int = 101) -> HttpResponse:
    headers = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": ACCEPT}
    merged = {**headers, **(changed or {})}
    lines = tuple((name, value) for name, value in merged.items() if value is not None)
    return HttpResponse(status, lines, b"body")


class TestClient:
    """4.1. Client Requirements"""

    def test_the_request_says_what_the_rfc_asks(self) -> None:
        assert encode_upgrade(upgrade()) == (
            b"GET /chat?a=1 HTTP/1.1\r\n"
            b"Host: server.example.com\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Version: 13\r\n"
            b"\r\n"
        )

    def test_subprotocols_compression_and_headers_are_said_after(self) -> None:
        asked = Upgrade(
            uri=parse_uri("wss://[::1]:8443"),
            nonce=NONCE,
            headers=(("Authorization", "Bearer x"),),
            subprotocols=("v2", "v1"),
            compression=Compression(),
        )

        lines = encode_upgrade(asked).decode().split("\r\n")

        assert lines[:2] == ["GET / HTTP/1.1", "Host: [::1]:8443"]
        assert lines[6:9] == [
            "Sec-WebSocket-Protocol: v2, v1",
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12;"
            " client_max_window_bits=12",
            "Authorization: Bearer x",
        ]

    @pytest.mark.parametrize("name", ["Host", "Sec-WebSocket-Key", "CONNECTION"])
    def test_the_headers_of_the_handshake_are_its_own(self, name: str) -> None:
        asked = Upgrade(uri=parse_uri("ws://a"), nonce=NONCE, headers=((name, "x"),))

        with pytest.raises(LocalProtocolError, match="sets"):
            encode_upgrade(asked)

    def test_the_answer_of_the_rfc_is_good(self) -> None:
        assert conclude_upgrade(upgrade(), response()) == Accepted()

    def test_tokens_are_found_in_lists_and_in_any_case(self) -> None:
        changed = {"upgrade": "WEBSOCKET", "connection": "keep-alive, upgrade"}

        assert conclude_upgrade(upgrade(), response(changed)) == Accepted()

    @pytest.mark.parametrize("status", [200, 301, 401, 403, 426, 503])
    def test_another_status_is_raised_with_its_response(self, status: int) -> None:
        with pytest.raises(HandshakeStatusError) as caught:
            conclude_upgrade(upgrade(), response({"retry-after": "1"}, status))

        assert caught.value.status == status
        assert ("retry-after", "1") in caught.value.headers
        assert caught.value.body == b"body"

    @pytest.mark.parametrize(
        ("changed", "why"),
        [
            ({"upgrade": None}, "upgrade header"),
            ({"upgrade": "h2c"}, "upgrade header"),
            ({"connection": None}, "connection header"),
            ({"sec-websocket-accept": None}, "does not answer our key"),
            ({"sec-websocket-accept": "x3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, "does not answer our key"),
            ({"sec-websocket-protocol": "v1"}, "not one that was offered"),
            ({"sec-websocket-extensions": "permessage-deflate"}, "not offered"),
            ({"sec-websocket-extensions": "a b"}, "malformed"),
        ],
    )
    def test_an_answer_that_does_not_fit_is_refused(
        self, changed: Mapping[str, str | None], why: str
    ) -> None:
        with pytest.raises(HandshakeError, match=why):
            conclude_upgrade(upgrade(), response(changed))

    def test_what_was_offered_may_be_chosen(self) -> None:
        asked = upgrade(subprotocols=("v2", "v1"), compression=Compression())

        verdict = conclude_upgrade(
            asked,
            response(
                {
                    "sec-websocket-protocol": "v1",
                    "sec-websocket-extensions": "permessage-deflate; server_max_window_bits=12",
                }
            ),
        )

        assert verdict.subprotocol == "v1"
        assert verdict.agreement is not None
        assert verdict.agreement.server_window_bits == 12


def test_our_two_ends_understand_each_other() -> None:
    asked = upgrade(subprotocols=("v1",), compression=Compression())
    lines = encode_upgrade(asked).decode().split("\r\n")[1:-2]
    headers = tuple((name.lower(), value) for name, value in (line.split(": ") for line in lines))
    policy = Policy(subprotocols=("v1",), compression=Compression())

    server = accepted(HttpRequest(method="GET", target="/chat", headers=headers), policy)
    assert server.response is not None
    client = conclude_upgrade(asked, server.response)

    assert (client.subprotocol, client.agreement) == (server.subprotocol, server.agreement)
