from strikewire.testing.streams import TIGHT, WIDE, Frame, draw_stream


class Script:
    """Choices that were made before; when they run out, the first there is."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = list(numbers)

    def number(self, low: int, high: int) -> int:
        return min(max(low, self._numbers.pop(0) if self._numbers else low), high)

    def octets(self, most: int) -> bytes:
        return b"octets"[:most]


def test_a_frame_is_encoded_as_it_says() -> None:
    assert Frame(1, b"hi").encode() == b"\x81\x02hi"
    assert Frame(2, b"hi", fin=False, rsv=4, key=b"\0\0\0\0").encode() == b"\x42\x82\0\0\0\0hi"
    assert Frame(9, b"", length=300).encode() == b"\x89\x7e\x01\x2c"
    assert Frame(9, b"x", length_bytes=8).encode() == b"\x89\x7f\0\0\0\0\0\0\0\x01x"
    assert Frame(1, b"x" * 65_536).encode()[:10] == b"\x81\x7f\0\0\0\0\0\x01\0\0"


def test_the_first_of_all_choices_is_silence() -> None:
    stream = draw_stream(Script())

    assert (stream.role, stream.agreement, stream.limits) == ("client", None, WIDE)
    assert (stream.data, stream.is_sense, stream.is_own_deflate) == (b"", True, True)


def test_a_text_to_a_server_is_masked() -> None:
    # A server, no compression, tight limits, one thing: a text of one character, once, uncut, with
    # the second key.
    stream = draw_stream(Script(1, 0, 3, 1, 0, 1, 1, 0, 0, 1, 0, 0))

    assert (stream.role, stream.limits) == ("server", TIGHT)
    assert stream.data == b"\x81\x82\0\0\0\0\xc3\xa9"
    assert stream.is_sense


def test_a_fault_is_no_sense() -> None:
    # A client, no compression, wide limits, nothing said; then one fault: a frame that is masked.
    stream = draw_stream(Script(0, 0, 0, 0, 1, 1, 0, 0, 0))

    assert stream.data == b"\x81\x85\x01\x02\x03\x04" + bytes(
        byte ^ key for byte, key in zip(b"alone", b"\x01\x02\x03\x04\x01", strict=True)
    )
    assert not stream.is_sense


def test_bytes_that_were_changed_are_no_compressors() -> None:
    # A client, compression with the smallest windows, wide limits, nothing said, no fault in a
    # frame; then bytes put in.
    stream = draw_stream(Script(0, 1, 8, 8, 0, 0, 0, 0, 0, 3, 3))

    assert stream.data == b"octets"
    assert not stream.is_sense
    assert not stream.is_own_deflate
