import pytest

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import LocalProtocolError, RemoteProtocolError
from strikewire.websocket.frames import (
    FrameHeader,
    Opcode,
    encode_close,
    encode_frame,
    parse_close,
    parse_header,
)

KEY = bytes.fromhex("37fa213d")


def header(
    opcode: Opcode,
    length: int,
    *,
    size: int,
    fin: bool = True,
    rsv1: bool = False,
    key: bytes = b"",
) -> FrameHeader:
    return FrameHeader(fin=fin, rsv1=rsv1, opcode=opcode, length=length, key=key, size=size)


class TestExamples:
    """5.7. Examples"""

    def test_a_single_frame_unmasked_text_message(self) -> None:
        frame = bytes.fromhex("810548656c6c6f")

        assert parse_header(frame, 0) == header(Opcode.TEXT, 5, size=2)
        assert encode_frame(Opcode.TEXT, b"Hello") == frame

    def test_a_single_frame_masked_text_message(self) -> None:
        frame = bytes.fromhex("818537fa213d7f9f4d5158")

        assert parse_header(frame, 0) == header(Opcode.TEXT, 5, size=6, key=KEY)
        assert encode_frame(Opcode.TEXT, b"Hello", key=KEY) == frame

    def test_a_fragmented_unmasked_text_message(self) -> None:
        first, last = bytes.fromhex("010348656c"), bytes.fromhex("80026c6f")

        assert parse_header(first, 0) == header(Opcode.TEXT, 3, size=2, fin=False)
        assert parse_header(last, 0) == header(Opcode.CONTINUATION, 2, size=2)
        assert encode_frame(Opcode.TEXT, b"Hel", fin=False) == first
        assert encode_frame(Opcode.CONTINUATION, b"lo") == last

    def test_an_unmasked_ping_and_a_masked_pong(self) -> None:
        ping, pong = bytes.fromhex("890548656c6c6f"), bytes.fromhex("8a8537fa213d7f9f4d5158")

        assert parse_header(ping, 0) == header(Opcode.PING, 5, size=2)
        assert parse_header(pong, 0) == header(Opcode.PONG, 5, size=6, key=KEY)
        assert encode_frame(Opcode.PING, b"Hello") == ping
        assert encode_frame(Opcode.PONG, b"Hello", key=KEY) == pong

    def test_256_bytes_of_binary_data(self) -> None:
        frame = bytes.fromhex("827e0100") + bytes(256)

        assert parse_header(frame, 0) == header(Opcode.BINARY, 256, size=4)
        assert encode_frame(Opcode.BINARY, bytes(256)) == frame

    def test_64_kib_of_binary_data(self) -> None:
        frame = bytes.fromhex("827f0000000000010000") + bytes(65536)

        assert parse_header(frame, 0) == header(Opcode.BINARY, 65536, size=10)
        assert encode_frame(Opcode.BINARY, bytes(65536)) == frame


class TestLengths:
    """5.2. Base Framing Protocol: Payload length"""

    @pytest.mark.parametrize(
        ("length", "size"), [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10), (100_000, 10)]
    )
    def test_the_shortest_form_is_written_and_read(self, length: int, size: int) -> None:
        frame = encode_frame(Opcode.BINARY, bytes(length))

        assert parse_header(frame, 0) == header(Opcode.BINARY, length, size=size)
        assert len(frame) == size + length

    @pytest.mark.parametrize(
        "longer", ["827e0000", "827e007d", "827f0000000000000000", "827f000000000000ffff"]
    )
    def test_a_longer_form_than_needed_is_refused(self, longer: str) -> None:
        with pytest.raises(RemoteProtocolError, match="in too many bytes") as caught:
            parse_header(bytes.fromhex(longer), 0)

        assert caught.value.close_code == CloseCode.PROTOCOL_ERROR

    def test_the_highest_bit_of_a_length_must_be_0(self) -> None:
        with pytest.raises(RemoteProtocolError, match="highest bit"):
            parse_header(bytes.fromhex("827f8000000000000000"), 0)


class TestHeaders:
    """5.2. Base Framing Protocol"""

    def test_a_header_may_begin_anywhere_in_a_buffer(self) -> None:
        assert parse_header(b"xyz\x81\x05Hello", 3) == header(Opcode.TEXT, 5, size=2)

    @pytest.mark.parametrize(
        "whole",
        ["8105", "818537fa213d", "827e0100", "82fe010037fa213d", "82ff000000000001000037fa213d"],
    )
    def test_until_a_header_is_whole_there_is_none(self, whole: str) -> None:
        data = bytes.fromhex(whole)

        assert [parse_header(data[:cut], 0) for cut in range(len(data))] == [None] * len(data)
        assert parse_header(data, 0) is not None

    def test_rsv1_is_told(self) -> None:
        assert parse_header(b"\xc1\x00", 0) == header(Opcode.TEXT, 0, size=2, rsv1=True)
        assert encode_frame(Opcode.TEXT, b"", rsv1=True) == b"\xc1\x00"

    @pytest.mark.parametrize("first", [0xA1, 0x91, 0xB1, 0xF1])
    def test_rsv2_and_rsv3_have_no_meaning(self, first: int) -> None:
        with pytest.raises(RemoteProtocolError, match="reserved bit"):
            parse_header(bytes([first, 0]), 0)

    @pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
    def test_reserved_opcodes_are_refused(self, opcode: int) -> None:
        with pytest.raises(RemoteProtocolError, match=f"reserved opcode {opcode}"):
            parse_header(bytes([0x80 | opcode, 0]), 0)


class TestControlFrames:
    """5.5. Control Frames"""

    @pytest.mark.parametrize("opcode", [0x8, 0x9, 0xA])
    def test_125_bytes_are_the_most_they_carry(self, opcode: int) -> None:
        assert parse_header(bytes([0x80 | opcode, 125]), 0) is not None
        with pytest.raises(RemoteProtocolError, match="longer than 125 bytes"):
            parse_header(bytes([0x80 | opcode, 126]), 0)

    @pytest.mark.parametrize("opcode", [0x8, 0x9, 0xA])
    def test_they_are_not_fragmented(self, opcode: int) -> None:
        with pytest.raises(RemoteProtocolError, match="fragmented control frame"):
            parse_header(bytes([opcode, 0]), 0)

    def test_a_close_frame_has_a_whole_code_or_none(self) -> None:
        with pytest.raises(RemoteProtocolError, match="half a code"):
            parse_header(b"\x88\x01", 0)


class TestClose:
    """5.5.1. Close"""

    def test_code_and_reason_travel_together(self) -> None:
        payload = b"\x03\xe9\xc3\xa0 bient\xc3\xb4t"

        assert encode_close(1001, "à bientôt") == payload
        assert parse_close(payload) == (1001, "à bientôt")

    def test_an_empty_close_frame_has_code_1005(self) -> None:
        assert encode_close(1005, "") == b""
        assert parse_close(b"") == (1005, "")

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2000, 5000])
    def test_a_code_that_may_not_travel_is_the_peers_fault(self, code: int) -> None:
        with pytest.raises(RemoteProtocolError, match=f"close code {code}") as caught:
            parse_close(code.to_bytes(2, "big"))

        assert caught.value.close_code == CloseCode.PROTOCOL_ERROR

    def test_a_reason_that_is_no_text_is_the_peers_fault(self) -> None:
        with pytest.raises(RemoteProtocolError, match="not UTF-8") as caught:
            parse_close(b"\x03\xe8\xff")

        assert caught.value.close_code == CloseCode.INVALID_PAYLOAD

    @pytest.mark.parametrize("code", [0, 1004, 1006, 1015, 70_000])
    def test_a_code_that_may_not_travel_is_ours_to_avoid(self, code: int) -> None:
        with pytest.raises(LocalProtocolError, match=f"close code {code}"):
            encode_close(code, "")

    def test_a_reason_needs_a_code(self) -> None:
        with pytest.raises(LocalProtocolError, match="needs a code"):
            encode_close(1005, "why")

    def test_a_reason_has_at_most_123_bytes(self) -> None:
        assert len(encode_close(1000, "é" * 61)) == 124
        with pytest.raises(LocalProtocolError, match="124 bytes, at most 123"):
            encode_close(1000, "é" * 62)
