import pytest

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.deflate import Deflater, Inflater
from strikewire.websocket.errors import RemoteProtocolError
from strikewire.websocket.events import Binary, Text
from strikewire.websocket.frames import Opcode
from strikewire.websocket.messages import Assembler


def assembler(message_bytes_max: int = 100) -> Assembler:
    inflater = Inflater(window_bits=15, keeps_context=True)
    return Assembler(message_bytes_max=message_bytes_max, inflater=inflater)


def deflated(payload: bytes) -> bytes:
    deflater = Deflater(window_bits=15, keeps_context=False, level=6, memory=8)
    return deflater.deflate(payload, last=True)


def test_a_message_of_one_frame_is_there_at_once() -> None:
    target = assembler()

    assert target.whole(Opcode.TEXT, b"abc", compressed=False) == Text(b"abc")
    assert target.whole(Opcode.BINARY, b"\xff", compressed=False) == Binary(b"\xff")
    assert target.whole(Opcode.TEXT, deflated(b"abc"), compressed=True) == Text(b"abc")
    assert not target.is_open


def test_a_message_of_many_pieces_is_joined() -> None:
    target = assembler()

    target.begin(Opcode.BINARY, compressed=False)
    for piece in (b"ab", b"", b"c"):
        target.add(piece)

    assert target.is_open
    assert target.end() == Binary(b"abc")
    assert not target.is_open


def test_a_character_may_be_cut_but_not_left_unfinished() -> None:
    target = assembler()
    target.begin(Opcode.TEXT, compressed=False)
    target.add(b"\xe2\x82")

    target.add(b"\xac")
    assert target.end() == Text("€".encode())

    target.begin(Opcode.TEXT, compressed=False)
    target.add(b"\xe2\x82")
    with pytest.raises(RemoteProtocolError, match="not utf-8"):
        target.end()


def test_text_is_refused_at_its_first_wrong_byte() -> None:
    target = assembler()
    target.begin(Opcode.TEXT, compressed=False)
    target.add(b"good")

    with pytest.raises(RemoteProtocolError, match="not utf-8") as caught:
        target.add(b"\xff")

    assert caught.value.close_code == CloseCode.INVALID_PAYLOAD


def test_a_whole_text_is_refused_as_well() -> None:
    for payload in (b"\xff", b"\xe2\x82"):
        with pytest.raises(RemoteProtocolError, match="not utf-8"):
            assembler().whole(Opcode.TEXT, payload, compressed=False)


def test_binary_may_be_anything() -> None:
    target = assembler()
    target.begin(Opcode.BINARY, compressed=False)
    target.add(b"\xff\xfe")

    assert target.end() == Binary(b"\xff\xfe")


def test_a_frame_is_refused_before_it_arrives_if_it_would_be_too_much() -> None:
    target = assembler(message_bytes_max=10)
    target.begin(Opcode.BINARY, compressed=False)
    target.add(bytes(8))

    target.announce(2)
    with pytest.raises(RemoteProtocolError, match="longer than 10 bytes") as caught:
        target.announce(3)

    assert caught.value.close_code == CloseCode.MESSAGE_TOO_BIG


@pytest.mark.parametrize("size", [100, 101])
def test_a_compressed_message_is_measured_as_it_becomes(size: int) -> None:
    data = deflated(bytes(size))
    in_pieces = assembler()

    def whole() -> Text | Binary:
        return assembler().whole(Opcode.BINARY, data, compressed=True)

    def pieces() -> Text | Binary:
        in_pieces.begin(Opcode.BINARY, compressed=True)
        for i in range(len(data)):
            in_pieces.announce(1000)
            in_pieces.add(data[i : i + 1])
        return in_pieces.end()

    for receive in (whole, pieces):
        if size <= 100:
            assert receive() == Binary(bytes(size))
        else:
            with pytest.raises(RemoteProtocolError, match="beyond the limit"):
                receive()


def test_messages_follow_each_other_cleanly() -> None:
    target = assembler()
    target.begin(Opcode.TEXT, compressed=True)
    target.add(deflated(b"abc"))
    assert target.end() == Text(b"abc")

    target.begin(Opcode.BINARY, compressed=False)
    target.add(b"\xff")

    assert target.end() == Binary(b"\xff")
