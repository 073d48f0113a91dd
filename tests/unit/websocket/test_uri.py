import pytest

from strikewire.websocket.errors import InvalidURIError
from strikewire.websocket.uri import WebSocketURI, parse_uri


def test_an_address_is_taken_apart() -> None:
    uri = parse_uri("ws://127.0.0.1:8080/ws/api/v2?a=1&b=2")

    assert uri == WebSocketURI(
        secure=False, host="127.0.0.1", port=8080, target="/ws/api/v2?a=1&b=2"
    )
    assert uri.host_header == "127.0.0.1:8080"


@pytest.mark.parametrize(
    ("text", "port", "header"),
    [
        ("ws://example.org", 80, "example.org"),
        ("wss://example.org", 443, "example.org"),
        ("ws://example.org:443", 443, "example.org:443"),
        ("wss://example.org:80/", 80, "example.org:80"),
    ],
)
def test_a_scheme_has_its_port(text: str, port: int, header: str) -> None:
    uri = parse_uri(text)

    assert (uri.port, uri.host_header, uri.target) == (port, header, "/")


def test_an_ipv6_address_loses_its_brackets_and_gets_them_back() -> None:
    uri = parse_uri("wss://[::1]:8443/")

    assert (uri.host, uri.host_header) == ("::1", "[::1]:8443")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://example.org", "neither ws nor wss"),
        ("example.org", "neither ws nor wss"),
        ("ws:///path", "there is no host"),
        ("ws://example.org/#top", "fragment"),
        ("ws://example.org/#", "fragment"),
        ("ws://me:secret@example.org/", "credentials"),
        ("ws://example.org/a b", "must be escaped"),
        ("ws://example.org/é", "must be escaped"),
        ("ws://example.org:99999/", "port"),
        ("ws://[::1/", "ipv6"),
    ],
)
def test_what_is_no_address_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidURIError, match=reason):
        parse_uri(text)


def test_a_line_break_cannot_be_smuggled_into_the_request() -> None:
    with pytest.raises(InvalidURIError, match="must be escaped"):
        parse_uri("ws://example.org/a\r\nHost:b")
