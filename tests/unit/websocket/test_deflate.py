import zlib

import pytest

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.deflate import Deflater, Inflater
from strikewire.websocket.errors import RemoteProtocolError

TICKER = b'{"channel":"ticker.BTC-PERPETUAL.raw","data":{"mark_price":61800.25}}'
ROOM = 1 << 20


def deflater(*, window_bits: int = 15, keeps_context: bool = True) -> Deflater:
    return Deflater(window_bits=window_bits, keeps_context=keeps_context, level=6, memory=8)


def inflater(*, window_bits: int = 15, keeps_context: bool = True) -> Inflater:
    return Inflater(window_bits=window_bits, keeps_context=keeps_context)


def restored(target: Inflater, data: bytes, room: int = ROOM) -> bytes:
    out = target.inflate(data, room=room)
    return out + target.finish(room=room - len(out))


class TestExamples:
    """RFC 7692 7.2.3. Examples"""

    def test_a_message_compressed_using_one_compressed_block(self) -> None:
        assert restored(inflater(), bytes.fromhex("f248cdc9c90700")) == b"Hello"
        assert deflater().deflate(b"Hello", last=True) == bytes.fromhex("f248cdc9c90700")

    def test_sharing_the_window_between_messages(self) -> None:
        ours, theirs = deflater(), inflater()

        first, second = ours.deflate(b"Hello", last=True), ours.deflate(b"Hello", last=True)

        assert (first, second) == (bytes.fromhex("f248cdc9c90700"), bytes.fromhex("f200110000"))
        assert (restored(theirs, first), restored(theirs, second)) == (b"Hello", b"Hello")

    def test_using_a_block_with_no_compression(self) -> None:
        assert restored(inflater(), bytes.fromhex("000500faff48656c6c6f00")) == b"Hello"

    def test_using_a_block_with_bfinal_set_to_1(self) -> None:
        assert restored(inflater(), bytes.fromhex("f348cdc9c9070000")) == b"Hello"

    def test_two_blocks_in_one_message(self) -> None:
        assert restored(inflater(), bytes.fromhex("f248050000 00ffffcac9c90700")) == b"Hello"

    def test_an_empty_message_is_one_empty_block(self) -> None:
        assert restored(inflater(), b"\x00") == b""
        assert restored(inflater(), deflater().deflate(b"", last=True)) == b""


def test_a_kept_context_makes_the_second_message_shorter() -> None:
    ours = deflater()

    first, second = ours.deflate(TICKER, last=True), ours.deflate(TICKER, last=True)

    assert len(second) < len(first) // 4


def test_without_context_every_message_stands_alone() -> None:
    ours = deflater(keeps_context=False)

    first, second = ours.deflate(TICKER, last=True), ours.deflate(TICKER, last=True)

    assert first == second
    assert restored(inflater(keeps_context=False), second) == TICKER


def test_without_context_a_reference_to_the_last_message_is_refused() -> None:
    ours, theirs = deflater(), inflater(keeps_context=False)
    restored(theirs, ours.deflate(TICKER, last=True))

    with pytest.raises(RemoteProtocolError) as caught:
        restored(theirs, ours.deflate(TICKER, last=True))

    assert caught.value.close_code == CloseCode.INVALID_PAYLOAD


def test_empty_messages_in_a_row_are_each_an_empty_block() -> None:
    ours, theirs = deflater(), inflater()

    sent = [ours.deflate(payload, last=True) for payload in (b"", b"", TICKER, b"", b"")]

    assert [restored(theirs, data) for data in sent] == [b"", b"", TICKER, b"", b""]


def test_a_message_may_be_deflated_in_fragments() -> None:
    ours, theirs = deflater(), inflater()

    pieces = [
        ours.deflate(TICKER[:10], last=False),
        ours.deflate(b"", last=False),
        ours.deflate(TICKER[10:], last=False),
        ours.deflate(b"", last=True),
    ]

    assert restored(theirs, b"".join(pieces)) == TICKER


@pytest.mark.parametrize("bits", range(8, 16))
def test_nothing_is_referred_to_beyond_the_window(bits: int) -> None:
    ours, theirs = deflater(window_bits=bits), inflater(window_bits=bits)
    # Repeats at every distance up to 600, so that a window of 256 would be overrun if it could be.
    messages = [bytes(i * n % 251 for i in range(n)) * 3 for n in range(1, 600, 7)]

    for message in messages:
        assert restored(theirs, ours.deflate(message, last=True)) == message


def test_a_message_that_fills_its_room_is_let_in() -> None:
    data = deflater().deflate(bytes(1000), last=True)

    assert restored(inflater(), data, room=1000) == bytes(1000)


@pytest.mark.parametrize("room", [0, 1, 999])
def test_a_message_that_outgrows_its_room_is_stopped(room: int) -> None:
    data = deflater().deflate(bytes(1000), last=True)

    with pytest.raises(RemoteProtocolError, match="beyond the limit") as caught:
        restored(inflater(), data, room=room)

    assert caught.value.close_code == CloseCode.MESSAGE_TOO_BIG


def test_a_bomb_is_stopped_before_it_goes_off() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = bomb.compress(bytes(100 << 20)) + bomb.flush(zlib.Z_SYNC_FLUSH)
    theirs = inflater()

    with pytest.raises(RemoteProtocolError, match="beyond the limit"):
        theirs.inflate(data[:-4], room=1 << 20)

    assert len(theirs._window) <= 1 << 15


def test_what_is_not_deflated_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="not deflated") as caught:
        restored(inflater(), b"\xff\xff\xff\xff")

    assert caught.value.close_code == CloseCode.INVALID_PAYLOAD


class TestFinalBlocks:
    """RFC 7692 7.2.3.4: a peer that ends its stream with every message."""

    @staticmethod
    def ended(payload: bytes, window: bytes = b"") -> bytes:
        stream = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=window)
        return stream.compress(payload) + stream.flush(zlib.Z_FINISH)

    def test_messages_that_stand_alone(self) -> None:
        theirs = inflater()
        for _ in range(3):
            assert restored(theirs, self.ended(TICKER) + b"\x00") == TICKER

    def test_messages_that_refer_to_the_ones_before(self) -> None:
        theirs = inflater()
        second = self.ended(TICKER, TICKER) + b"\x00"
        assert len(second) < 10

        assert restored(theirs, self.ended(TICKER) + b"\x00") == TICKER
        assert restored(theirs, second) == TICKER
        assert restored(theirs, second) == TICKER

    def test_streams_within_one_message(self) -> None:
        theirs = inflater()

        data = self.ended(TICKER) + self.ended(TICKER, TICKER) + b"\x00"

        assert restored(theirs, data) == TICKER + TICKER

    def test_the_room_counts_all_streams(self) -> None:
        data = self.ended(TICKER) + self.ended(TICKER) + b"\x00"

        with pytest.raises(RemoteProtocolError, match="beyond the limit"):
            restored(inflater(), data, room=2 * len(TICKER) - 1)

    def test_without_context_the_window_ends_with_the_message(self) -> None:
        theirs = inflater(keeps_context=False)
        assert restored(theirs, self.ended(TICKER) + b"\x00") == TICKER

        with pytest.raises(RemoteProtocolError, match="not deflated"):
            restored(theirs, self.ended(TICKER, TICKER) + b"\x00")
