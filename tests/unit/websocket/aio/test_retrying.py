import socket
import ssl

import pytest

from strikewire.websocket import errors
from strikewire.websocket.aio.retrying import chance, may_pass
from strikewire.websocket.timeouts import Phase


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "refused"),
        ConnectionResetError(104, "reset"),
        TimeoutError(110, "timed out"),
        OSError(113, "no route"),
        socket.gaierror(socket.EAI_NONAME, "no such name"),
        ssl.SSLError(1, "alert internal error"),
        ssl.SSLEOFError(8, "eof"),
        errors.HandshakeTimeoutError("late", Phase.TLS),
        errors.HandshakeLostError("hung up"),
        errors.ProxyError("proxy", "host unreachable", code=4),
        *(errors.HandshakeStatusError(status) for status in (408, 425, 429, 500, 502, 503, 504)),
        errors.HandshakeStatusError(599),
    ],
    ids=repr,
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        ssl.SSLCertVerificationError(1, "self-signed certificate"),
        *(errors.HandshakeStatusError(status) for status in (200, 302, 400, 401, 403, 404, 426)),
        errors.HandshakeError("sec-websocket-accept does not answer our key"),
        errors.ProxyError("proxy", "not allowed", code=2, is_final=True),
        errors.RedirectError("ws://a", "out of tls into plain text"),
        errors.InvalidURIError("x", "y"),
        errors.InvalidProxyError("x"),
        errors.LocalProtocolError("x"),
        ValueError("x"),
    ],
    ids=repr,
)
def test_what_will_not_pass_is_final(error: Exception) -> None:
    assert not may_pass(error)


def test_chance_is_from_nothing_to_less_than_one() -> None:
    drawn = {chance() for _ in range(1000)}

    assert len(drawn) == 1000
    assert 0 <= min(drawn) < 0.1
    assert 0.9 < max(drawn) < 1
