"""One stream, many readers: each of ours hears the same, and so do other people's, but for a table.

The readers and the table are those of `fuzz/`, which a fuzzer runs for longer.
"""

import asyncio
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.differential import (
    DIFFERENCES,
    PEERS,
    TAKES,
    Heard,
    Peer,
    Shape,
    Sockets,
    Takes,
    disagreement,
    disagreement_with,
    excuse,
    heard_by_connection,
    heard_by_protocol,
    pieces_of,
)
from strikewire.testing.streams import TIGHT, WIDE, Stream, draw_stream
from strikewire.websocket.extensions import Agreement, Compression
from tests.property.drawn import Drawn


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    return draw_stream(Drawn(draw))


CUTS = st.lists(st.integers(0, 10_000), max_size=8)
BYTE_BY_BYTE_MAX = 2_000
EVERY_CUT_MAX = 150


def heard(stream: Stream, pieces: list[bytes], shape: Shape) -> Heard:
    return asyncio.run(heard_by_connection(stream, pieces, shape))


KERNELS = pytest.mark.parametrize("is_compiled", [True, False], ids=["compiled", "interpreted"])
SOCKETS = pytest.mark.parametrize("sockets", ["memory", "engine"])
OWNERS: st.SearchStrategy[Takes] = st.sampled_from(TAKES)


@KERNELS
@SOCKETS
@settings(max_examples=4 * settings().max_examples)
@given(stream=streams(), cuts=CUTS, takes=OWNERS)
def test_a_connection_hears_what_the_protocol_hears_however_the_stream_is_cut(
    is_compiled: bool, sockets: Sockets, stream: Stream, cuts: list[int], takes: Takes
) -> None:
    shape = Shape(is_compiled, sockets, takes)
    data = stream.data
    expected = heard_by_protocol(stream, [data], shape.takes)

    assert disagreement(stream, expected, heard(stream, [data], shape)) == ""
    assert disagreement(stream, expected, heard(stream, pieces_of(data, cuts), shape)) == ""
    if len(data) <= BYTE_BY_BYTE_MAX:
        pieces = [data[i : i + 1] for i in range(len(data))]
        assert disagreement(stream, expected, heard(stream, pieces, shape)) == ""


@KERNELS
@SOCKETS
@settings(max_examples=2 * settings().max_examples)
@given(
    stream=streams().filter(lambda stream: len(stream.data) <= EVERY_CUT_MAX),
    takes=OWNERS,
)
def test_no_single_cut_changes_what_is_heard(
    is_compiled: bool, sockets: Sockets, stream: Stream, takes: Takes
) -> None:
    shape = Shape(is_compiled, sockets, takes)
    data = stream.data
    expected = heard_by_protocol(stream, [data], shape.takes)

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
    expected = heard_by_protocol(stream, [stream.data])

    cut = heard_by_protocol(stream, pieces_of(stream.data, cuts))

    assert disagreement(stream, expected, cut) == ""


@given(streams())
def test_nothing_that_a_good_peer_says_is_refused_but_for_its_length(stream: Stream) -> None:
    found = heard_by_protocol(stream, [stream.data])

    assert not (stream.is_sense and found.is_refused) or found.code == 1009


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
@given(stream=streams(), cuts=CUTS)
def test_other_peoples_readers_agree_with_us(peer: Peer, stream: Stream, cuts: list[int]) -> None:
    ours = heard_by_protocol(stream, [stream.data])

    for pieces in ([stream.data], pieces_of(stream.data, cuts)):
        assert disagreement_with(peer, stream, ours, peer.hear(stream, pieces)) == ""


def deflated(payload: bytes, flush: int) -> bytes:
    context = zlib.compressobj(wbits=-15)
    return context.compress(payload) + context.flush(flush)


ENDS_ITS_STREAM = deflated(b"a", zlib.Z_FINISH) + deflated(b"b", zlib.Z_SYNC_FLUSH)[:-4]
TWO_BLOCKS = deflated(b"a", zlib.Z_SYNC_FLUSH), deflated(b"b", zlib.Z_SYNC_FLUSH)[:-4]


def server_frame(first: int, payload: bytes) -> bytes:
    return bytes((first, len(payload))) + payload


@pytest.mark.parametrize(
    ("row", "reader", "data"),
    [
        (0, "websockets", b"\x82\x7e\x01\x2d" + bytes(301)),
        (0, "wsproto", b"\x82\x7e\x01\x2d" + bytes(301)),
        (1, "websockets", b"\x81\x05\xff"),
        (1, "wsproto", b"\x88\x01"),
        (2, "wsproto", b"\x88\x05\x03\xf6\xe2\x82z"),
        (3, "websockets", server_frame(0xC2, ENDS_ITS_STREAM)),
        (3, "wsproto", server_frame(0xC2, ENDS_ITS_STREAM)),
        (4, "websockets", b"\x81\x7e\x00\x01a"),
        (5, "websockets", b"\x01\x01a\x88\x02\x03\xe8"),
        (6, "wsproto", server_frame(0x42, TWO_BLOCKS[0]) + b"\x89\x00"
         + server_frame(0x80, TWO_BLOCKS[1])),
        (7, "wsproto", b"\x88\x02\x03\xf6"),
    ],
)  # fmt: skip
def test_every_row_of_the_table_is_needed(row: int, reader: str, data: bytes) -> None:
    (peer,) = (peer for peer in PEERS if peer.name == reader)
    agreement = Agreement(
        server_window_bits=15,
        client_window_bits=15,
        server_keeps_context=True,
        client_keeps_context=True,
        compression=Compression(),
    )
    stream = Stream(
        role="client",
        agreement=agreement if row in {3, 6} else None,
        limits=TIGHT if row == 0 else WIDE,
        data=data,
        is_sense=False,
        is_own_deflate=False,
    )

    ours, theirs = heard_by_protocol(stream, [data]), peer.hear(stream, [data])

    assert (ours.messages, ours.code, ours.reason) != (theirs.messages, theirs.code, theirs.reason)
    assert excuse(peer, stream, ours, theirs) is DIFFERENCES[row]
