import pytest

from strikewire.websocket.http2_frames import (
    PREFACE,
    Allowance,
    ErrorCode,
    Frame,
    FrameError,
    FrameReader,
    encode_goaway,
)

SETTINGS = bytes.fromhex("000000 04 00 00000000")
SETTINGS_ACK = bytes.fromhex("000000 04 01 00000000")
PING = bytes.fromhex("000008 06 00 00000000") + b"12345678"
HEADERS_BEGIN = bytes.fromhex("000003 01 00 00000001") + b"abc"
CONTINUATION_END = bytes.fromhex("000002 09 04 00000001") + b"de"
DATA = bytes.fromhex("000002 00 00 00000001") + b"hi"
EMPTY_DATA = bytes.fromhex("000000 00 00 00000001")
LAST_DATA = bytes.fromhex("000000 00 01 00000001")


def reader(*, expects_preface: bool = False, block_bytes_max: int = 100) -> FrameReader:
    return FrameReader(expects_preface=expects_preface, block_bytes_max=block_bytes_max)


def all_of(target: FrameReader, data: bytes) -> list[Frame]:
    target.feed(data)
    frames = []
    while (frame := target.next_frame()) is not None:
        frames.append(frame)
    return frames


def refused(target: FrameReader, data: bytes) -> ErrorCode:
    with pytest.raises(FrameError) as caught:
        all_of(target, data)
    return caught.value.code


class TestFrames:
    def test_a_frame_is_handed_out_once_it_is_whole(self) -> None:
        target = reader()

        assert all_of(target, SETTINGS + PING[:10]) == [Frame(4, 0, 0, SETTINGS, in_block=False)]
        assert all_of(target, PING[10:]) == [Frame(6, 0, 0, PING, in_block=False)]

    @pytest.mark.parametrize("cut", range(len(PREFACE + SETTINGS + PING)))
    def test_wherever_the_stream_is_cut_the_frames_are_the_same(self, cut: int) -> None:
        data = PREFACE + SETTINGS + PING
        target = reader(expects_preface=True)

        frames = all_of(target, data[:cut]) + all_of(target, data[cut:])

        assert [frame.raw for frame in frames] == [SETTINGS, PING]

    def test_a_frame_that_is_too_long_is_refused_by_its_header(self) -> None:
        assert len(all_of(reader(), SETTINGS + bytes.fromhex("004000 00 00 00000001"))) == 1
        too_long = SETTINGS + bytes.fromhex("004001 00 00 00000001")
        assert refused(reader(), too_long) is ErrorCode.FRAME_SIZE_ERROR

    def test_the_highest_bit_of_a_stream_number_is_ignored(self) -> None:
        frames = all_of(reader(), SETTINGS + bytes.fromhex("000000 00 00 80000005"))

        assert frames[1].stream_id == 5


class TestTheBeginning:
    def test_another_preface_than_that_of_http2_is_refused(self) -> None:
        target = reader(expects_preface=True)

        assert refused(target, b"GET / HTTP/1.1\r\n") is ErrorCode.PROTOCOL_ERROR

    @pytest.mark.parametrize("first", [PING, SETTINGS_ACK, DATA])
    def test_the_first_frame_is_settings(self, first: bytes) -> None:
        assert refused(reader(), first) is ErrorCode.PROTOCOL_ERROR

    def test_an_answer_in_http1_is_recognised(self) -> None:
        answer = b"HTTP/1.1 400 Bad Request\r\n"

        assert refused(reader(), answer) is ErrorCode.HTTP_1_1_REQUIRED


class TestHeads:
    def test_what_comes_between_the_frames_of_a_head_is_marked(self) -> None:
        frames = all_of(reader(), SETTINGS + HEADERS_BEGIN + PING + CONTINUATION_END + PING)

        assert [frame.in_block for frame in frames] == [False, False, True, True, False]

    def test_a_head_is_limited_over_all_its_frames(self) -> None:
        assert len(all_of(reader(block_bytes_max=5), SETTINGS + HEADERS_BEGIN + CONTINUATION_END))
        too_long = SETTINGS + HEADERS_BEGIN + CONTINUATION_END
        assert refused(reader(block_bytes_max=4), too_long) is ErrorCode.ENHANCE_YOUR_CALM

    def test_the_next_head_is_counted_from_nothing(self) -> None:
        head = HEADERS_BEGIN + CONTINUATION_END

        assert len(all_of(reader(block_bytes_max=5), SETTINGS + head + head)) == 5


@pytest.mark.parametrize(
    ("raw", "is_overhead"),
    [
        (PING, True),
        (SETTINGS, True),
        (EMPTY_DATA, True),
        (bytes.fromhex("000000 09 00 00000001"), True),  # an empty continuation
        (bytes.fromhex("000005 02 00 00000001 0000000010"), True),  # priority
        (bytes.fromhex("000000 99 00 00000000"), True),  # unknown
        (LAST_DATA, False),
        (DATA, False),
        (HEADERS_BEGIN, False),
        (bytes.fromhex("000004 08 00 00000000 00000001"), False),  # window update
        (bytes.fromhex("000004 03 00 00000001 00000008"), False),  # reset: counted by itself
    ],
)
def test_what_floods_are_made_of(raw: bytes, is_overhead: bool) -> None:
    frame = all_of(reader(), SETTINGS + raw)[1]

    assert frame.is_overhead is is_overhead


class TestAllowance:
    def test_so_many_may_come_at_once_and_no_more(self) -> None:
        allowance = Allowance(3, window_s=10)

        assert [allowance.take(1.0) for _ in range(4)] == [True, True, True, False]

    def test_what_was_used_is_given_back_evenly(self) -> None:
        allowance = Allowance(10, window_s=10)
        for _ in range(10):
            allowance.take(0.0)

        assert not allowance.take(0.9)
        assert allowance.take(2.5)
        assert allowance.take(2.5)
        assert not allowance.take(2.75)

    def test_it_never_grows_beyond_its_size(self) -> None:
        allowance = Allowance(2, window_s=1)
        allowance.take(0.0)

        assert [allowance.take(1_000.0) for _ in range(3)] == [True, True, False]


def test_a_goaway_names_the_last_stream_and_the_reason() -> None:
    frame = encode_goaway(5, ErrorCode.ENHANCE_YOUR_CALM)

    assert frame == bytes.fromhex("000008 07 00 00000000 00000005 0000000b")
