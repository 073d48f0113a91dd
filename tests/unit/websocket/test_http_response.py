import pytest

from strikewire.websocket.errors import HandshakeError
from strikewire.websocket.http import HttpResponse
from strikewire.websocket.http_response import REFUSAL_BYTES_MAX, ResponseReader

ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: x\r\n\r\n"
)


def reader() -> ResponseReader:
    return ResponseReader(head_bytes_max=1000)


def test_an_acceptance_ends_with_its_head_and_leaves_the_frames() -> None:
    target = reader()

    response = target.receive(ACCEPTED + b"\x81\x00")

    assert response == HttpResponse(
        101,
        (("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", "x")),
    )
    assert target.rest == b"\x81\x00"


def test_a_response_cut_anywhere_is_the_same_response() -> None:
    for data in (ACCEPTED, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"):
        whole = reader().receive(data)
        for cut in range(1, len(data)):
            target = reader()

            assert target.receive(data[:cut]) is None
            assert target.receive(data[cut:]) == whole


def test_a_refusal_is_whole_with_its_body() -> None:
    response = reader().receive(
        b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nX: y\r\n\r\n"
    )

    assert response == HttpResponse(403, (("transfer-encoding", "chunked"),), b"no")


def test_the_end_of_the_stream_may_end_the_body() -> None:
    target = reader()

    assert target.receive(b"HTTP/1.1 500 Oops\r\n\r\nsor") is None
    assert target.receive(b"ry") is None
    assert target.receive_eof() == HttpResponse(500, (), b"sorry")


def test_only_the_beginning_of_a_long_refusal_is_kept() -> None:
    target = reader()
    target.receive(b"HTTP/1.1 500 Oops\r\n\r\n")
    for _ in range(40):
        target.receive(b"a" * 1000)

    assert len(target.receive_eof().body) == REFUSAL_BYTES_MAX


def test_a_stream_that_ends_within_the_head_is_an_error() -> None:
    target = reader()
    target.receive(b"HTTP/1.1 101 Switching")

    with pytest.raises(HandshakeError, match="hung up before it answered"):
        target.receive_eof()


def test_what_is_not_http_is_an_error() -> None:
    with pytest.raises(HandshakeError, match="did not answer in http"):
        reader().receive(b"SSH-2.0-OpenSSH\r\n")


def test_a_head_without_end_is_an_error() -> None:
    target = reader()
    target.receive(b"HTTP/1.1 101 Switching Protocols\r\nX: ")

    with pytest.raises(HandshakeError, match="longer than 1000 bytes"):
        target.receive(b"a" * 1000)


def test_a_head_may_be_as_long_as_its_limit() -> None:
    data = ACCEPTED + b"\x81\x00"
    for cut in range(len(data)):
        target = ResponseReader(head_bytes_max=len(ACCEPTED))
        response = target.receive(data[:cut]) or target.receive(data[cut:])

        assert response is not None
        assert response.status == 101
        assert target.rest == (data if cut < len(ACCEPTED) else data[:cut])[len(ACCEPTED) :]


def test_a_head_longer_than_its_limit_is_refused_however_it_comes() -> None:
    for cut in range(len(ACCEPTED)):
        target = ResponseReader(head_bytes_max=len(ACCEPTED) - 1)
        assert target.receive(ACCEPTED[:cut]) is None
        with pytest.raises(HandshakeError, match="longer than"):
            target.receive(ACCEPTED[cut:])


def test_informational_responses_before_it_are_passed_over() -> None:
    before = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    for data in (ACCEPTED, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"):
        expected = reader().receive(data)
        for cut in range(len(before + data)):
            target = reader()
            assert target.receive((before + data)[:cut]) is None
            assert target.receive((before + data)[cut:]) == expected


def test_what_follows_a_refusal_changes_nothing_of_it() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    for after in (b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 1\r\n\r\nz", b"nonsense"):
        assert reader().receive(refusal + after) == reader().receive(refusal)
