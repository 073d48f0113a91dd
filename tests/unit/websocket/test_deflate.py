import sys
import zlib
from typing import cast

import pytest
from zlib_ng import zlib_ng

from strikewire.websocket import deflate
from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.deflate import Deflater, Inflater, Zlib
from strikewire.websocket.errors import RemoteProtocolError

TICKER = b'{"channel":"ticker.BTC-PERPETUAL.raw","data":{"mark_price":61800.25}}'
ROOM = 1 << 20


LIBRARIES = {"zlib": cast("Zlib", zlib), "zlib-ng": cast("Zlib", zlib_ng)}


@pytest.fixture(autouse=True, params=list(LIBRARIES))
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deflate, "ZLIB", LIBRARIES[request.param])


def deflater(*, window_bits: int = 15, keeps_context: bool = True, level: int = 6) -> Deflater:
    return Deflater(window_bits=window_bits, keeps_context=keeps_context, level=level, memory=8)


def inflater(
    *,
    window_bits: int = 15,
    keeps_context: bool = True,
    ratio_max: int = 0,
    ratio_bytes_min: int = 0,
) -> Inflater:
    return Inflater(
        window_bits=window_bits,
        keeps_context=keeps_context,
        ratio_max=ratio_max,
        ratio_bytes_min=ratio_bytes_min,
    )


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


# Repeats at every distance up to 1100, so that windows of 256 to 1024 would be overrun.
REPEATS = [bytes(i * n % 251 for i in range(n)) * 3 for n in range(1, 1100, 37)]


def strictly_inflated(data: bytes, *, window_bits: int) -> bytes:
    """Inflate byte by byte: zlib forgives what is in the output that it has not yet given away."""
    context = zlib.decompressobj(-window_bits)
    out = bytearray()
    while piece := context.decompress(data, 1):
        out += piece
        data = context.unconsumed_tail
    return bytes(out)


@pytest.mark.parametrize("level", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("bits", range(8, 16))
def test_nothing_is_referred_to_beyond_the_window(bits: int, level: int) -> None:
    ours, theirs = deflater(window_bits=bits, level=level), inflater(window_bits=bits)

    sent = [ours.deflate(message, last=True) for message in REPEATS]

    assert [restored(theirs, data) for data in sent] == REPEATS
    stream = b"".join(data + b"\x00\x00\xff\xff" for data in sent)
    assert strictly_inflated(stream, window_bits=bits) == b"".join(REPEATS)


def test_a_reference_beyond_the_window_would_have_been_seen() -> None:
    ours = deflater(window_bits=12)

    stream = b"".join(ours.deflate(m, last=True) + b"\x00\x00\xff\xff" for m in REPEATS)

    with pytest.raises(zlib.error, match="too far back"):
        strictly_inflated(stream, window_bits=8)


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


class TestContexts:
    """What a connection holds between two messages."""

    def test_whoever_says_little_holds_no_context(self) -> None:
        ours, theirs = deflater(), inflater()

        for _ in range(31):
            assert theirs.inflate_message(ours.deflate(TICKER, last=True), room=100) == TICKER

        assert (ours._context, theirs._context) == (None, None)
        assert len(ours._tail) <= 1 << 10
        assert len(theirs._window) <= 1 << 12

    def test_whoever_says_much_is_given_one(self) -> None:
        ours, theirs = deflater(), inflater()

        for _ in range(33):
            assert theirs.inflate_message(ours.deflate(TICKER, last=True), room=100) == TICKER

        assert ours._context is not None
        assert theirs._context is not None
        assert theirs._window == b""

    def test_whoever_is_told_much_is_given_one(self) -> None:
        ours, theirs = deflater(), inflater()
        payload = bytes(range(256)) * 20

        for _ in range(3):
            assert theirs.inflate_message(ours.deflate(payload, last=True), room=6000) == payload

        assert theirs._context is not None

    def test_without_context_nothing_is_held(self) -> None:
        ours, theirs = deflater(keeps_context=False), inflater(keeps_context=False)

        for _ in range(40):
            assert theirs.inflate_message(ours.deflate(TICKER, last=True), room=100) == TICKER

        assert (ours._context, ours._tail) == (None, b"")
        assert (theirs._context, theirs._window) == (None, b"")

    def test_whoever_rests_gives_the_context_back_and_goes_on(self) -> None:
        ours, theirs = deflater(), inflater()
        for _ in range(40):
            theirs.inflate_message(ours.deflate(TICKER, last=True), room=100)

        ours.rest()

        assert ours._context is None
        data = ours.deflate(TICKER, last=True)
        assert len(data) < 10
        assert theirs.inflate_message(data, room=100) == TICKER

    def test_whoever_forgets_begins_afresh(self) -> None:
        ours = deflater()
        first = ours.deflate(TICKER, last=True)

        ours.forget()

        assert ours.deflate(TICKER, last=True) == first

    def test_a_message_in_pieces_is_the_same_cold_and_warm(self) -> None:
        ours, theirs = deflater(), inflater()

        for _ in range(40):
            data = ours.deflate(TICKER, last=True)
            pieces = [theirs.inflate(data[i : i + 1], room=100) for i in range(len(data))]
            assert b"".join(pieces) + theirs.finish(room=100) == TICKER


class TestRatio:
    """Bombs that are within the limit of a message."""

    def test_one_that_inflates_beyond_the_ratio_is_stopped(self) -> None:
        data = deflater().deflate(bytes(100_000), last=True)
        theirs = inflater(ratio_max=20, ratio_bytes_min=10_000)

        with pytest.raises(RemoteProtocolError, match="more than 20 times") as caught:
            theirs.inflate_message(data, room=1 << 20)

        assert caught.value.close_code == CloseCode.MESSAGE_TOO_BIG

    def test_what_is_short_is_not_judged(self) -> None:
        data = deflater().deflate(bytes(10_000), last=True)
        theirs = inflater(ratio_max=20, ratio_bytes_min=10_000)

        assert theirs.inflate_message(data, room=1 << 20) == bytes(10_000)

    def test_what_is_within_the_ratio_may_be_long(self) -> None:
        payload = b"".join(b"%d," % (i * i) for i in range(30_000))
        theirs = inflater(ratio_max=20, ratio_bytes_min=0)

        for _ in range(3):
            data = deflater().deflate(payload, last=True)
            assert theirs.inflate_message(data, room=1 << 20) == payload

    @pytest.mark.parametrize("keeps_context", [True, False])
    def test_many_small_bombs_are_one_big_one(self, keeps_context: bool) -> None:
        ours = deflater(keeps_context=keeps_context)
        theirs = inflater(keeps_context=keeps_context, ratio_max=20, ratio_bytes_min=100_000)
        bombs = [ours.deflate(bytes(10_000), last=True) for _ in range(20)]
        went_off: list[bytes] = []

        with pytest.raises(RemoteProtocolError, match="more than 20 times"):
            went_off.extend(theirs.inflate_message(bomb, room=10_000) for bomb in bombs)

        assert 10 <= len(went_off) < 15

    def test_what_was_run_up_can_be_earned_back(self) -> None:
        ours, theirs = deflater(), inflater(ratio_max=20, ratio_bytes_min=10_000)

        for i in range(20):
            bomb = ours.deflate(bytes(10_000), last=True)
            assert theirs.inflate_message(bomb, room=1 << 20) == bytes(10_000)
            noise = bytes((i + j) * j * 40503 >> 7 & 0xFF for j in range(2_000))
            assert theirs.inflate_message(ours.deflate(noise, last=True), room=1 << 20) == noise

    def test_pieces_are_judged_as_they_come(self) -> None:
        data = deflater().deflate(bytes(1 << 20), last=True)
        theirs = inflater(ratio_max=20, ratio_bytes_min=10_000)
        pieces = [data[i : i + 1] for i in range(len(data))]
        out: list[bytes] = []

        with pytest.raises(RemoteProtocolError, match="more than 20 times"):
            out.extend(theirs.inflate(piece, room=1 << 20) for piece in pieces)

        assert len(b"".join(out)) < 10_000 + 20 * len(data)

    def test_the_limit_of_a_message_is_named_where_it_comes_first(self) -> None:
        data = deflater().deflate(bytes(100_000), last=True)
        theirs = inflater(ratio_max=20, ratio_bytes_min=10_000)

        with pytest.raises(RemoteProtocolError, match="beyond the limit"):
            theirs.inflate_message(data, room=500)


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

    def test_a_peer_that_begins_to_when_it_is_warm(self) -> None:
        ours, theirs = deflater(), inflater()
        for _ in range(40):
            assert theirs.inflate_message(ours.deflate(TICKER, last=True), room=100) == TICKER

        assert theirs.inflate_message(self.ended(TICKER) + b"\x00", room=100) == TICKER
        second = self.ended(TICKER, TICKER)
        assert theirs.inflate_message(second + second + b"\x00", room=200) == TICKER + TICKER
        assert theirs.inflate_message(second + b"\x00", room=100) == TICKER

    def test_streams_without_end_are_stopped(self) -> None:
        data = self.ended(b"") * 1000

        with pytest.raises(RemoteProtocolError, match="more than 256 streams") as caught:
            inflater().inflate_message(data, room=100)

        assert caught.value.close_code == CloseCode.MESSAGE_TOO_BIG

    def test_without_context_the_window_ends_with_the_message(self) -> None:
        theirs = inflater(keeps_context=False)
        assert restored(theirs, self.ended(TICKER) + b"\x00") == TICKER

        with pytest.raises(RemoteProtocolError, match="not deflated"):
            restored(theirs, self.ended(TICKER, TICKER) + b"\x00")


def test_zlib_ng_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deflate._fastest() is LIBRARIES["zlib-ng"]

    monkeypatch.setitem(sys.modules, "zlib_ng", None)
    assert deflate._fastest() is LIBRARIES["zlib"]
