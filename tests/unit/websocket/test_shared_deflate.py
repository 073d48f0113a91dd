import zlib

import pytest

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.deflate import Deflater, Inflater
from strikewire.websocket.errors import RemoteProtocolError
from strikewire.websocket.extensions import Agreement, Compression
from strikewire.websocket.shared_deflate import SharedDeflater, can_follow
from tests.property.followers import Follower

TICKERS = [
    b'{"channel":"ticker.BTC-PERPETUAL.raw","data":{"mark_price":%d.25,"index_price":%d.5}}'
    % (61800 + i * 7 % 11, 61790 + i * 5 % 13)
    for i in range(12)
]


def inflater(*, window_bits: int = 12) -> Inflater:
    return Inflater(window_bits=window_bits, keeps_context=True)


def agreement(*, server_window_bits: int = 12, server_keeps_context: bool = True) -> Agreement:
    return Agreement(
        server_window_bits=server_window_bits,
        client_window_bits=15,
        server_keeps_context=server_keeps_context,
        client_keeps_context=True,
        compression=Compression(),
    )


class TestStream:
    """The messages of one stream."""

    def test_whoever_follows_from_the_start_can_read_all_of_it(self) -> None:
        stream, theirs = SharedDeflater(), inflater()

        messages = [stream.add(ticker) for ticker in TICKERS]

        assert [theirs.inflate_message(m.deflated, room=200) for m in messages] == TICKERS
        assert [m.sequence for m in messages] == list(range(12))
        assert [m.is_keyframe for m in messages] == [True] + [False] * 11
        assert all(len(m.deflated) * 3 < len(TICKERS[0]) for m in messages[1:])

    def test_whoever_is_late_can_read_from_a_keyframe_on(self) -> None:
        stream, theirs = SharedDeflater(keyframe_messages=1), inflater()
        stream.add(TICKERS[0])
        stream.ask_for_keyframe()

        messages = [stream.add(ticker) for ticker in TICKERS[1:]]

        assert [m.is_keyframe for m in messages] == [True] + [False] * 10
        assert [theirs.inflate_message(m.deflated, room=200) for m in messages] == TICKERS[1:]

    def test_whoever_is_late_cannot_read_from_anywhere_else_on(self) -> None:
        stream, theirs = SharedDeflater(), inflater()
        stream.add(TICKERS[0])

        with pytest.raises(RemoteProtocolError) as caught:
            theirs.inflate_message(stream.add(TICKERS[1]).deflated, room=200)

        assert caught.value.close_code == CloseCode.INVALID_PAYLOAD

    def test_keyframes_keep_their_distance_in_messages(self) -> None:
        stream = SharedDeflater(keyframe_messages=4)

        asked = []
        for ticker in TICKERS[:9]:
            stream.ask_for_keyframe()
            asked.append(stream.add(ticker).is_keyframe)

        assert asked == [True, False, False, False] * 2 + [True]

    def test_keyframes_keep_their_distance_in_bytes(self) -> None:
        stream = SharedDeflater(keyframe_messages=100, keyframe_bytes=2 * len(TICKERS[0]))

        asked = []
        for ticker in TICKERS[:5]:
            stream.ask_for_keyframe()
            asked.append(stream.add(ticker).is_keyframe)

        assert asked == [True, False, True, False, True]

    def test_a_request_that_is_too_early_is_remembered(self) -> None:
        stream = SharedDeflater(keyframe_messages=3)
        stream.add(TICKERS[0])
        stream.ask_for_keyframe()

        assert [stream.add(ticker).is_keyframe for ticker in TICKERS[1:6]] == [
            False, False, True, False, False,
        ]  # fmt: skip

    def test_a_stream_that_rested_goes_on_with_a_keyframe(self) -> None:
        stream = SharedDeflater()
        stream.add(TICKERS[0])

        stream.rest()
        message = stream.add(TICKERS[1])

        assert (message.sequence, message.is_keyframe) == (1, True)

    def test_empty_messages_keep_their_place(self) -> None:
        stream, theirs = SharedDeflater(), inflater()

        messages = [stream.add(payload) for payload in (b"", b"", TICKERS[0], b"", TICKERS[1])]

        assert [theirs.inflate_message(m.deflated, room=200) for m in messages] == [
            b"", b"", TICKERS[0], b"", TICKERS[1],
        ]  # fmt: skip


class TestRule:
    """What one connection may take."""

    def test_it_may_begin_with_a_keyframe_only(self) -> None:
        stream, context = SharedDeflater(), Follower()
        first, second = stream.add(TICKERS[0]), stream.add(TICKERS[1])

        assert context.may_take(first)
        assert not context.may_take(second)

    def test_it_may_go_on_with_the_next_message_only(self) -> None:
        stream, context = SharedDeflater(), Follower()
        messages = [stream.add(ticker) for ticker in TICKERS[:4]]

        context.take(messages[0])

        assert [context.may_take(m) for m in messages] == [True, True, False, False]

    def test_one_that_missed_a_message_waits_for_a_keyframe(self) -> None:
        stream, context = SharedDeflater(keyframe_messages=1), Follower()
        context.take(stream.add(TICKERS[0]))
        stream.add(TICKERS[1])

        assert not context.may_take(stream.add(TICKERS[2]))

        stream.ask_for_keyframe()
        keyframe = stream.add(TICKERS[3])
        assert context.may_take(keyframe)
        context.take(keyframe)
        assert context.may_take(stream.add(TICKERS[4]))

    def test_one_that_left_waits_for_a_keyframe(self) -> None:
        stream, context = SharedDeflater(), Follower()
        context.take(stream.add(TICKERS[0]))
        assert context.follows

        context.leave()

        assert not context.follows
        assert not context.may_take(stream.add(TICKERS[1]))

    def test_the_same_number_in_another_stream_is_another_message(self) -> None:
        one, other, context = SharedDeflater(), SharedDeflater(), Follower()
        other.add(TICKERS[0])

        context.take(one.add(TICKERS[0]))

        assert not context.may_take(other.add(TICKERS[1]))

    def test_joining_makes_the_connections_own_deflater_begin_afresh(self) -> None:
        private = Deflater(window_bits=12, keeps_context=True, level=6, memory=5)
        stream, context, theirs = SharedDeflater(), Follower(private), inflater()
        fresh = private.deflate(TICKERS[0], last=True)
        assert theirs.inflate_message(fresh, room=200) == TICKERS[0]

        message = stream.add(TICKERS[1])
        context.take(message)
        theirs.inflate_message(message.deflated, room=200)
        context.leave()

        again = private.deflate(TICKERS[0], last=True)
        assert again == fresh
        assert theirs.inflate_message(again, room=200) == TICKERS[0]


@pytest.mark.parametrize(
    ("agreed", "window_bits", "follows"),
    [
        (agreement(), 12, True),
        (agreement(), 9, True),
        (agreement(), 13, False),
        (agreement(server_window_bits=15), 15, True),
        (agreement(server_keeps_context=False), 12, False),
        (None, 12, False),
    ],
)
def test_who_can_follow(agreed: Agreement | None, window_bits: int, follows: bool) -> None:
    assert can_follow(agreed, window_bits) is follows


def test_frames_are_plain_deflated_blocks() -> None:
    stream = SharedDeflater()
    messages = [stream.add(ticker) for ticker in TICKERS]

    whole = zlib.decompressobj(-12).decompress(
        b"".join(m.deflated + b"\x00\x00\xff\xff" for m in messages)
    )

    assert whole == b"".join(TICKERS)
