import pytest

from strikewire.websocket.errors import InvalidProxyError, ProxyError
from strikewire.websocket.proxy import (
    ProxyAddress,
    TunnelReader,
    choose_proxy,
    encode_connect,
    parse_proxy,
)
from strikewire.websocket.uri import parse_uri

PROXY = ProxyAddress(scheme="http", host="proxy.test", port=3128)


class TestAnAddress:
    @pytest.mark.parametrize(
        ("address", "scheme", "host", "port"),
        [
            ("http://proxy.test", "http", "proxy.test", 80),
            ("proxy.test:3128", "http", "proxy.test", 3128),
            ("https://proxy.test/", "https", "proxy.test", 443),
            ("socks4://10.0.0.1", "socks4", "10.0.0.1", 1080),
            ("socks4a://10.0.0.1", "socks4a", "10.0.0.1", 1080),
            ("socks5://[::1]:9", "socks5", "::1", 9),
            ("SOCKS5H://Proxy.Test", "socks5h", "proxy.test", 1080),
        ],
    )
    def test_it_is_taken_apart(self, address: str, scheme: str, host: str, port: int) -> None:
        assert parse_proxy(address) == ProxyAddress(scheme=scheme, host=host, port=port)

    def test_user_and_password_are_decoded(self) -> None:
        proxy = parse_proxy("socks5h://al%40ice:s%3Acret@proxy.test")

        assert (proxy.user, proxy.password) == ("al@ice", "s:cret")

    def test_it_is_shown_without_them(self) -> None:
        proxy = parse_proxy("http://alice:secret@[::1]:3128")

        assert str(proxy) == repr(proxy) == "proxy http://[::1]:3128"

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("ftp://proxy.test", "one of http, https, socks4"),
            ("http://", "no host"),
            ("http://proxy.test/path", "nothing may stand behind"),
            ("http://proxy.test?a", "nothing may stand behind"),
            ("http://proxy.test:99999", "not an address"),
            ("http://[::1", "not an address"),
            ("http://pröxy.test", "in ascii"),
            ("http://a%3Ab:c@proxy.test", "no colon"),
            ("socks5://alice@proxy.test", "come together"),
            ("socks5://:secret@proxy.test", "come together"),
            ("socks4://alice:secret@proxy.test", "no password"),
            ("socks5://alice:sécret@proxy.test", "in ascii"),
            (f"socks5://alice:{'x' * 256}@proxy.test", "255 characters"),
        ],
    )
    def test_what_is_none_says_why_and_no_secret(self, address: str, why: str) -> None:
        with pytest.raises(InvalidProxyError, match=why) as caught:
            parse_proxy(address)

        assert "cret" not in str(caught.value)
        assert "alice" not in str(caught.value)


class TestTheChoice:
    def choose(self, uri: str, proxies: dict[str, str], no_proxy: str = "") -> str | None:
        return choose_proxy(parse_uri(uri), proxies, bypass=lambda host: host in no_proxy.split())

    def test_none_is_named(self) -> None:
        assert self.choose("wss://example.org", {}) is None
        assert self.choose("wss://example.org", {"https": ""}) is None

    def test_one_for_websockets_goes_first_and_one_for_all_last(self) -> None:
        proxies = {name: f"http://{name}" for name in ("wss", "socks", "https", "all")}
        chosen = []
        while proxies:
            chosen.append(self.choose("wss://example.org", proxies))
            proxies.pop(next(iter(proxies)))

        assert chosen == ["http://wss", "socks5h://socks", "http://https", "http://all"]

    def test_plain_text_may_use_the_one_for_http(self) -> None:
        proxies = {"http": "http://http", "wss": "http://wss"}

        assert self.choose("ws://example.org", proxies) == "http://http"
        assert self.choose("ws://example.org", proxies | {"https": "a"}) == "a"
        assert self.choose("ws://example.org", proxies | {"ws": "b"}) == "b"

    def test_what_is_to_be_reached_without_is(self) -> None:
        assert self.choose("wss://a.test", {"https": "p"}, no_proxy="a.test:443") is None
        assert self.choose("wss://b.test", {"https": "p"}, no_proxy="a.test:443") == "p"

    @pytest.mark.parametrize(
        "host", ["localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "[::1]"]
    )
    def test_this_machine_is_reached_without(self, host: str) -> None:
        assert self.choose(f"ws://{host}:8080", {"all": "p"}) is None


class TestATunnel:
    def test_the_request_names_host_and_port(self) -> None:
        assert encode_connect(PROXY, "example.org", 443) == (
            b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"
        )

    def test_an_ipv6_address_has_brackets(self) -> None:
        assert encode_connect(PROXY, "::1", 80).startswith(b"CONNECT [::1]:80 HTTP/1.1\r\n")

    def test_credentials_go_along(self) -> None:
        request = encode_connect(parse_proxy("http://Aladdin:open%20sesame@p"), "a", 1)

        # The example of RFC 7617 section 2.
        assert b"\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" in request

    def reader(self) -> TunnelReader:
        return TunnelReader(PROXY, head_bytes_max=100)

    def test_an_answer_may_come_in_any_pieces(self) -> None:
        answer = b"HTTP/1.0 200 OK\r\nVia: x\r\n\r\n"
        reader = self.reader()

        opened = [reader.receive(bytes([byte])) for byte in answer]

        assert opened == [False] * (len(answer) - 1) + [True]

    @pytest.mark.parametrize(
        ("answer", "why", "code", "is_final"),
        [
            (b"HTTP/1.1 407 Who are you\r\n\r\n", "answered 407 Who are you", 407, True),
            (b"HTTP/1.1 403\r\n\r\n", "answered 403", 403, True),
            (b"HTTP/1.1 302 Go\r\n\r\n", "answered 302 Go", 302, True),
            (b"HTTP/1.1 429 Late\r\n\r\n", "answered 429 Late", 429, False),
            (b"HTTP/1.1 502 Bad Gateway\r\n\r\nwords", "answered 502 Bad Gateway", 502, False),
            (b"", "hung up before it answered", None, False),
            (b"SSH-2.0\r\n", "did not answer in http", None, True),
            (b"HTTP/1.1 20 OK\r\n\r\n", "did not answer in http", None, True),
            (b"HTTP/1.1 200 OK\r\n\r\nmore", "sent more than its answer", 200, False),
            (
                b"HTTP/1.1 200 OK\r\n" + b"x" * 100,
                "answers with a head of more than 100 bytes",
                None,
                False,
            ),
            (
                b"HTTP/1.1 200 OK\r\n" + b"x" * 100 + b"\r\n\r\n",
                "answers with a head of more than 100 bytes",
                None,
                False,
            ),
        ],
    )
    def test_a_refusal_says_who_and_why(
        self, answer: bytes, why: str, code: int | None, is_final: bool
    ) -> None:
        with pytest.raises(ProxyError) as caught:
            self.reader().receive(answer)

        error = caught.value
        assert (error.reason, error.code, error.is_final) == (why, code, is_final)
        assert str(error) == f"proxy http://proxy.test:3128: {why}"
