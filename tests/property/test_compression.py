"""permessage-deflate against the other implementations: what is agreed on, and every window."""

import zlib
from typing import Final, Literal, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)
from zlib_ng import zlib_ng

from strikewire.websocket import extensions
from strikewire.websocket.deflate import Deflater, Inflater, Zlib
from strikewire.websocket.errors import HandshakeError
from strikewire.websocket.extensions import Agreement, Compression, conclude, parse_extensions

LIBRARIES: Final = {"zlib": cast("Zlib", zlib), "zlib-ng": cast("Zlib", zlib_ng)}

BITS = st.integers(8, 15)
THEIR_BITS = st.integers(9, 15)  # websockets refuses to deflate or to inflate with 8


def compressions(bits: st.SearchStrategy[int]) -> st.SearchStrategy[Compression]:
    return st.builds(
        Compression,
        server_window_bits_max=bits,
        client_window_bits_max=bits,
        server_keeps_context=st.booleans(),
        client_keeps_context=st.booleans(),
    )


def said(agreement: Agreement) -> tuple[int, int, bool, bool]:
    return (
        agreement.server_window_bits,
        agreement.client_window_bits,
        agreement.server_keeps_context,
        agreement.client_keeps_context,
    )


def parameters(header: str) -> list[tuple[str, str | None]]:
    parsed = parse_extensions([header])
    assert parsed is not None
    [(name, found)] = parsed
    assert name == "permessage-deflate"
    return list(found)


@given(compressions(BITS), compressions(BITS))
def test_our_two_ends_come_to_the_same_agreement(client: Compression, server: Compression) -> None:
    offered = parse_extensions([extensions.offer(client)])
    assert offered is not None
    answered = extensions.answer(offered, server)
    assert answered is not None
    theirs, header = answered

    parsed = parse_extensions([header])
    assert parsed is not None
    ours = conclude(parsed, client)

    assert ours is not None
    assert said(ours)[:3] == said(theirs)[:3]
    # A client may forget its context without having said so, never the other way round.
    assert theirs.client_keeps_context or not ours.client_keeps_context


@given(
    st.builds(
        ClientPerMessageDeflateFactory,
        server_no_context_takeover=st.booleans(),
        client_no_context_takeover=st.booleans(),
        server_max_window_bits=st.none() | THEIR_BITS,
        client_max_window_bits=st.none() | st.just(True) | THEIR_BITS,
    ),
    compressions(THEIR_BITS),
)
def test_a_client_of_websockets_agrees_to_what_we_answer(
    client: ClientPerMessageDeflateFactory, server: Compression
) -> None:
    offer = "; ".join(
        ["permessage-deflate"]
        + [key if value is None else f"{key}={value}" for key, value in client.get_request_params()]
    )
    offered = parse_extensions([offer])
    assert offered is not None

    answered = extensions.answer(offered, server)

    assert answered is not None
    ours, header = answered
    theirs = client.process_response_params(parameters(header), [])
    assert said(ours) == (
        theirs.remote_max_window_bits,
        theirs.local_max_window_bits,
        not theirs.remote_no_context_takeover,
        not theirs.local_no_context_takeover,
    )


@given(
    compressions(THEIR_BITS),
    st.builds(
        ServerPerMessageDeflateFactory,
        server_no_context_takeover=st.booleans(),
        client_no_context_takeover=st.booleans(),
        server_max_window_bits=st.none() | THEIR_BITS,
        client_max_window_bits=st.none() | THEIR_BITS,
    ),
)
def test_we_agree_to_what_a_server_of_websockets_answers(
    client: Compression, server: ServerPerMessageDeflateFactory
) -> None:
    answered, theirs = server.process_request_params(parameters(extensions.offer(client)), [])

    ours = conclude([("permessage-deflate", tuple(answered))], client)

    assert ours is not None
    assert said(ours)[0] == theirs.local_max_window_bits
    assert said(ours)[1] <= theirs.remote_max_window_bits
    assert ours.server_keeps_context is not theirs.local_no_context_takeover
    assert not (ours.client_keeps_context and theirs.remote_no_context_takeover)


PARAMETERS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "server_no_context_takeover",
                "client_no_context_takeover",
                "server_max_window_bits",
                "client_max_window_bits",
                "x-other",
            )
        ),
        st.sampled_from((None, None, "7", "9", "12", "15", "16", "08", "x")),
    ),
    max_size=4,
).map(tuple)


@given(PARAMETERS)
def test_an_answer_is_taken_or_refused_as_websockets_does(
    answer: tuple[tuple[str, str | None], ...],
) -> None:
    ours = Compression(server_window_bits_max=12, client_window_bits_max=12)
    theirs = ClientPerMessageDeflateFactory(server_max_window_bits=12, client_max_window_bits=12)

    try:
        expected = theirs.process_response_params(list(answer), [])
    except NegotiationError as error:
        # They refuse leave for a wider window of the client than was offered; we keep to ours.
        assume("unsupported client_max_window_bits" not in str(error))
        with pytest.raises(HandshakeError):
            conclude([("permessage-deflate", answer)], ours)
        return

    agreed = conclude([("permessage-deflate", answer)], ours)
    assert agreed is not None
    assert said(agreed) == (
        expected.remote_max_window_bits,
        expected.local_max_window_bits,
        not expected.remote_no_context_takeover,
        not expected.local_no_context_takeover,
    )


Act = bytes | Literal["rest", "forget"]

ACTS: st.SearchStrategy[list[Act]] = st.lists(
    st.one_of(
        st.binary(max_size=300),
        st.integers(0, 50).map(lambda n: b'{"mark_price":%d.5,"index_price":%d}' % (n, n * 7)),
        st.integers(1, 40).map(lambda n: b"%d," % (n * n) * 100),
        st.sampled_from(("rest", "forget")),
    ),
    max_size=80,
)


@pytest.mark.parametrize("receiver", LIBRARIES.values(), ids=LIBRARIES.keys())
@pytest.mark.parametrize("sender", LIBRARIES.values(), ids=LIBRARIES.keys())
@given(ACTS, BITS, st.booleans(), st.sampled_from((1, 2, 3, 6, 9)), st.booleans())
def test_cold_or_warm_every_message_is_restored(  # noqa: PLR0917 # drawn, not passed
    sender: Zlib,
    receiver: Zlib,
    acts: list[Act],
    bits: int,
    keeps_context: bool,
    level: int,
    in_pieces: bool,
) -> None:
    ours = Deflater(
        window_bits=bits, keeps_context=keeps_context, level=level, memory=5, zlib=sender
    )
    theirs = Inflater(window_bits=bits, keeps_context=keeps_context, zlib=receiver)

    for act in acts:
        match act:
            case "rest":
                ours.rest()
            case "forget":
                ours.forget()
            case payload:
                data = ours.deflate(payload, last=True)
                if in_pieces:
                    half = len(data) // 2
                    out = theirs.inflate(data[:half], room=5000)
                    out += theirs.inflate(data[half:], room=5000) + theirs.finish(room=5000)
                else:
                    out = theirs.inflate_message(data, room=5000)
                assert out == payload
