from strikewire.websocket import errors
from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.timeouts import Phase


def test_a_remote_error_says_what_to_tell_the_peer() -> None:
    error = errors.RemoteProtocolError(CloseCode.INVALID_PAYLOAD, "text is not utf-8")

    assert (error.close_code, error.reason) == (1007, "text is not utf-8")
    assert str(error) == "text is not utf-8 (close 1007)"


def test_a_closed_connection_says_who_closed_it_and_why() -> None:
    error = errors.ConnectionClosedError(1001, "server is closing", by_us=True)

    assert str(error) == "closed 1001 by us: server is closing"


def test_a_close_without_reason_is_a_shorter_sentence() -> None:
    assert str(errors.ConnectionClosedError(1006)) == "closed 1006 by the peer"


def test_a_refusal_carries_its_response() -> None:
    error = errors.HandshakeStatusError(403, (("server", "x"),), b"no")

    assert (error.status, error.headers, error.body) == (403, (("server", "x"),), b"no")
    assert str(error) == "server answered 403 instead of 101"


def test_a_timeout_names_the_phase() -> None:
    assert errors.HandshakeTimeoutError("late", Phase.TLS).phase is Phase.TLS
    assert errors.HandshakeTimeoutError("late").phase is Phase.HANDSHAKE


def test_a_proxys_refusal_says_which_and_why_and_whether_for_good() -> None:
    error = errors.ProxyError("proxy socks5://a:1080", "host unreachable", code=4)

    assert (error.proxy, error.reason, error.code) == (
        "proxy socks5://a:1080",
        "host unreachable",
        4,
    )
    assert not error.is_final
    assert str(error) == "proxy socks5://a:1080: host unreachable"


def test_a_redirect_that_is_not_followed_says_where_it_led() -> None:
    error = errors.RedirectError("ws://b/", "out of tls into plain text")

    assert error.location == "ws://b/"
    assert str(error) == "redirected to 'ws://b/': out of tls into plain text"


def test_a_taken_port_names_itself() -> None:
    error = errors.AddressInUseError("127.0.0.1", 8080)

    assert str(error) == "127.0.0.1:8080 is taken by another program"


def test_every_error_of_the_room_is_caught_by_one_name() -> None:
    for error in (
        errors.LocalProtocolError("x"),
        errors.RemoteProtocolError(CloseCode.PROTOCOL_ERROR, "x"),
        errors.HandshakeTimeoutError("x"),
        errors.HandshakeLostError("x"),
        errors.ProxyError("x", "y"),
        errors.RedirectError("x", "y"),
        errors.InvalidProxyError("x"),
        errors.PingTimeoutError(1011),
        errors.SlowReaderError(1008),
        errors.AddressInUseError("x", 1),
        errors.InvalidURIError("x", "y"),
    ):
        assert isinstance(error, errors.WebSocketError)


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    drawn = [
        (line.index("-") // 4, line.split("`")[1])
        for line in (errors.__doc__ or "").splitlines()
        if "- `" in line
    ]

    parents: list[str] = []
    for depth, name in drawn:
        del parents[depth:]
        assert getattr(errors, name).__base__.__name__ == (parents[-1] if parents else "Exception")
        parents.append(name)
