"""One stream, many readers: each of ours hears the same, and so do other people's, but for a table.

The readers and the table are those of `fuzz/`, which a fuzzer runs for longer.
"""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.differential import (
    PEERS,
    SHAPES,
    Heard,
    Peer,
    Shape,
    disagreement,
    disagreement_with,
    heard_by_connection,
    heard_by_protocol,
    pieces_of,
)
from strikewire.testing.streams import Stream, draw_stream
from tests.property.drawn import Drawn


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    return draw_stream(Drawn(draw))


CUTS = st.lists(st.integers(0, 10_000), max_size=8)
BYTE_BY_BYTE_MAX = 2_000
EVERY_CUT_MAX = 150


def heard(stream: Stream, pieces: list[bytes], shape: Shape) -> Heard:
    return asyncio.run(heard_by_connection(stream, pieces, shape))


def name(shape: Shape) -> str:
    return f"{'compiled' if shape.is_compiled else 'interpreted'}-{shape.sockets}-{shape.takes}"


@pytest.mark.parametrize("shape", SHAPES, ids=name)
@given(stream=streams(), cuts=CUTS)
def test_a_connection_hears_what_the_protocol_hears_however_the_stream_is_cut(
    shape: Shape, stream: Stream, cuts: list[int]
) -> None:
    data = stream.data
    expected = heard_by_protocol(stream, [data], echoes=shape.takes != "inbox")

    assert disagreement(stream, expected, heard(stream, [data], shape)) == ""
    assert disagreement(stream, expected, heard(stream, pieces_of(data, cuts), shape)) == ""
    if len(data) <= BYTE_BY_BYTE_MAX:
        pieces = [data[i : i + 1] for i in range(len(data))]
        assert disagreement(stream, expected, heard(stream, pieces, shape)) == ""


@pytest.mark.parametrize("shape", SHAPES, ids=name)
@given(stream=streams().filter(lambda stream: len(stream.data) <= EVERY_CUT_MAX))
def test_no_single_cut_changes_what_is_heard(shape: Shape, stream: Stream) -> None:
    data = stream.data
    expected = heard_by_protocol(stream, [data], echoes=shape.takes != "inbox")

    async def hear_all() -> list[Heard]:
        return [
            await heard_by_connection(stream, [data[:at], data[at:]], shape)
            for at in range(len(data) + 1)
        ]

    found = [disagreement(stream, expected, one) for one in asyncio.run(hear_all())]
    assert found == [""] * len(found)


@given(streams(), CUTS)
def test_the_protocol_hears_the_same_however_the_stream_is_cut(
    stream: Stream, cuts: list[int]
) -> None:
    expected = heard_by_protocol(stream, [stream.data], echoes=False)

    cut = heard_by_protocol(stream, pieces_of(stream.data, cuts), echoes=False)

    assert disagreement(stream, expected, cut) == ""


@given(streams())
def test_nothing_that_a_good_peer_says_is_refused_but_for_its_length(stream: Stream) -> None:
    found = heard_by_protocol(stream, [stream.data], echoes=False)

    assert not (stream.is_sense and found.is_refused) or found.code == 1009


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
@given(stream=streams(), cuts=CUTS)
def test_other_peoples_readers_agree_with_us(peer: Peer, stream: Stream, cuts: list[int]) -> None:
    ours = heard_by_protocol(stream, [stream.data], echoes=False)

    for pieces in ([stream.data], pieces_of(stream.data, cuts)):
        assert disagreement_with(peer, stream, ours, peer.hear(stream, pieces)) == ""
