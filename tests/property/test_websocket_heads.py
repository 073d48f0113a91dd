"""What is read before a WebSocket opens: requests and answers cut anywhere, extension headers."""

from hypothesis import given
from hypothesis import strategies as st

from fuzz.answers import draw_answer, read_answer
from fuzz.differential import pieces_of
from fuzz.heads import agree, disagreement, extension_disagreement, judge_handshakes, read_requests
from strikewire.testing.requests import draw_extensions, draw_requests
from strikewire.websocket.extensions import Compression
from tests.property.drawn import Drawn


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    return draw_requests(Drawn(draw))


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    return draw_answer(Drawn(draw))


@st.composite
def extensions(draw: st.DrawFn) -> list[str]:
    return draw_extensions(Drawn(draw))


CUTS = st.lists(st.integers(0, 10_000), max_size=8)
BITS = st.integers(8, 15)


@given(requests(), CUTS, st.booleans())
def test_requests_are_the_same_however_they_are_cut(
    data: bytes, cuts: list[int], streams_bodies: bool
) -> None:
    whole = read_requests([data], streams_bodies=streams_bodies)

    for pieces in (pieces_of(data, cuts), [data[i : i + 1] for i in range(len(data))]):
        assert disagreement(whole, read_requests(pieces, streams_bodies=streams_bodies)) == ""


@given(requests())
def test_every_request_is_judged(data: bytes) -> None:
    judge_handshakes(read_requests([data]))


@given(answers() | st.binary(max_size=60), CUTS)
def test_an_answer_to_an_upgrade_is_the_same_however_it_is_cut(
    data: bytes, cuts: list[int]
) -> None:
    whole = read_answer([data])

    for pieces in (pieces_of(data, cuts), [data[i : i + 1] for i in range(len(data))]):
        assert read_answer(pieces) == whole


@given(extensions())
def test_websockets_reads_extension_headers_as_we_do(values: list[str]) -> None:
    assert extension_disagreement(values) == ""


@given(extensions(), BITS, BITS, st.booleans())
def test_whatever_is_offered_nobody_gets_more_than_it_wants(
    values: list[str], server_bits: int, client_bits: int, keeps_context: bool
) -> None:
    wanted = Compression(
        server_window_bits_max=server_bits,
        client_window_bits_max=client_bits,
        server_keeps_context=keeps_context,
    )

    agree(values, wanted)
