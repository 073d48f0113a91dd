import pytest

from strikewire.websocket.errors import HandshakeStatusError, RedirectError
from strikewire.websocket.redirect import (
    headers_for_others,
    is_same_origin,
    location_of,
    redirect_of,
)
from strikewire.websocket.uri import parse_uri


def led(uri: str, location: str, status: int = 302) -> str | None:
    refusal = HandshakeStatusError(status, (("location", location),))
    target = redirect_of(parse_uri(uri), refusal)
    return None if target is None else location_of(target)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_elsewhere(status: int) -> None:
    assert led("ws://a.test/x", "ws://b.test:81/y?z", status) == "ws://b.test:81/y?z"


@pytest.mark.parametrize("status", [200, 300, 304, 305, 404])
def test_another_status_does_not(status: int) -> None:
    assert led("ws://a.test/x", "ws://b.test/", status) is None


def test_a_redirect_to_nowhere_or_to_two_places_is_a_refusal() -> None:
    uri = parse_uri("ws://a.test")

    assert redirect_of(uri, HandshakeStatusError(302)) is None
    assert redirect_of(uri, HandshakeStatusError(302, (("location", "/"),) * 2)) is None


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/y", "wss://a.test:444/y"),
        ("y", "wss://a.test:444/b/y"),
        ("?y", "wss://a.test:444/b/c?y"),
        ("//b.test/y", "wss://b.test/y"),
        ("https://b.test/y#part", "wss://b.test/y"),
    ],
)
def test_a_location_is_read_as_a_browser_would(location: str, target: str) -> None:
    assert led("wss://a.test:444/b/c?d", location) == target


def test_http_means_plain_text_and_https_means_tls() -> None:
    assert led("ws://a.test", "http://b.test/") == "ws://b.test/"
    assert led("ws://a.test", "https://b.test/") == "wss://b.test/"


@pytest.mark.parametrize("location", ["ws://a.test/", "http://a.test/"])
def test_tls_is_not_left(location: str) -> None:
    with pytest.raises(RedirectError, match="out of tls into plain text") as caught:
        led("wss://a.test", location)

    assert caught.value.location == location


@pytest.mark.parametrize("location", ["ftp://a.test/", "https://u:p@a.test/", "http://[::1/"])
def test_a_place_that_is_none_is_not_gone_to(location: str) -> None:
    with pytest.raises(RedirectError):
        led("ws://a.test", location)


def test_an_origin_is_scheme_host_and_port() -> None:
    one = parse_uri("wss://a.test/x")

    assert is_same_origin(one, parse_uri("wss://A.test:443/y"))
    assert not is_same_origin(one, parse_uri("wss://a.test:444/x"))
    assert not is_same_origin(one, parse_uri("wss://b.test/x"))
    assert not is_same_origin(one, parse_uri("ws://a.test:443/x"))


def test_another_server_is_shown_nothing_that_may_be_secret() -> None:
    headers = (
        ("Authorization", "Bearer x"),
        ("Cookie", "x"),
        ("X-API-Key", "x"),
        ("User-Agent", "robot"),
        ("Origin", "https://a.test"),
    )

    assert headers_for_others(headers) == headers[3:]
