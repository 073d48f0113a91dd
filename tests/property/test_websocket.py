"""What holds for every stream of bytes, however it is cut, and whoever is at the other end."""

import importlib.machinery
import importlib.util
from itertools import pairwise
from pathlib import Path
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.protocol import Protocol as WebsocketsProtocol
from websockets.protocol import Side
from websockets.protocol import State as WebsocketsState
from wsproto import ConnectionType
from wsproto.connection import Connection as WsprotoConnection
from wsproto.events import BytesMessage, Message, TextMessage
from wsproto.events import Ping as WsprotoPing

from strikewire.websocket.deflate import Deflater, Inflater
from strikewire.websocket.errors import RemoteProtocolError
from strikewire.websocket.events import Binary, Close, Event, Ping, Pong, Text
from strikewire.websocket.extensions import Agreement, Compression
from strikewire.websocket.frames import Opcode, encode_frame
from strikewire.websocket.http import RequestReader
from strikewire.websocket.kernels import mask, utf8
from strikewire.websocket.limits import Limits
from strikewire.websocket.protocol import Protocol, Role

KEY = bytes.fromhex("37fa213d")
LIMITS = Limits(message_bytes_max=300, frame_bytes_max=200)
AGREEMENT = Agreement(
    server_window_bits=15,
    client_window_bits=15,
    server_keeps_context=True,
    client_keeps_context=True,
    compression=Compression(message_bytes_min=1),
)


def interpreted(kernel: ModuleType) -> ModuleType:
    name = kernel.__name__.rpartition(".")[2]
    source = Path(kernel.__file__ or "").parent / f"{name}.py"
    loader = importlib.machinery.SourceFileLoader(f"{name}_interpreted", str(source))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


MASK_TWIN = interpreted(mask)
UTF8_TWIN = interpreted(utf8)


def protocol(role: Role, agreement: Agreement | None = None) -> Protocol:
    key = (lambda: KEY) if role == "client" else None
    return Protocol(role, limits=LIMITS, agreement=agreement, mask_key=key)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    marks = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


def outcome(target: Protocol, pieces: list[bytes]) -> tuple[list[Event], int | None]:
    """Return what a stream came to: its events, and the code of its violation if it has one."""
    events: list[Event] = []
    try:
        for piece in pieces:
            target.receive_data(piece)
            events.extend(iter(target.next_event, None))
    except RemoteProtocolError as error:
        return events, int(error.close_code)
    return events, None


CUTS = st.lists(st.integers(0, 10_000), max_size=8)
PAYLOADS = st.one_of(st.binary(max_size=140), st.text(max_size=60).map(str.encode))
ROLES: st.SearchStrategy[Role] = st.sampled_from(("client", "server"))


@st.composite
def frames(draw: st.DrawFn, *, masked: bool) -> bytes:
    """Draw a frame, mostly one that fits somewhere, with anything in it."""
    return encode_frame(
        draw(st.sampled_from([Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY] * 3)),
        draw(PAYLOADS),
        fin=draw(st.booleans()),
        key=KEY if masked else b"",
    )


@st.composite
def control_frames(draw: st.DrawFn, *, masked: bool) -> bytes:
    return encode_frame(
        draw(st.sampled_from([Opcode.PING, Opcode.PONG] * 3 + [Opcode.CLOSE])),
        draw(st.one_of(st.binary(max_size=125), st.just(b""), st.just(b"\x03\xe8bye"))),
        key=KEY if masked else b"",
    )


@st.composite
def streams(draw: st.DrawFn) -> tuple[Role, bytes]:
    """Draw which end listens, and what it hears: sense, nonsense, or one after the other."""
    role: Role = draw(ROLES)
    masked = role == "server"
    frame = st.one_of(frames(masked=masked), control_frames(masked=masked))
    sense = draw(st.lists(frame, max_size=12))
    nonsense = draw(st.one_of(st.just(b""), st.binary(max_size=40)))
    return role, b"".join(sense) + nonsense


@given(streams(), CUTS)
def test_a_stream_means_the_same_however_it_is_cut(
    stream: tuple[Role, bytes], cuts: list[int]
) -> None:
    role, data = stream

    whole = outcome(protocol(role), [data])

    assert outcome(protocol(role), pieces_of(data, cuts)) == whole
    assert outcome(protocol(role), [data[i : i + 1] for i in range(len(data))]) == whole


@given(st.binary(max_size=200), ROLES)
def test_any_bytes_are_events_or_one_violation_and_never_a_mistake_of_ours(
    data: bytes, role: Role
) -> None:
    for agreement in (None, AGREEMENT):
        outcome(protocol(role, agreement), [data])


MESSAGES = st.lists(
    st.one_of(
        st.text(max_size=60).map(lambda text: Text(text.encode())),
        st.binary(max_size=200).map(Binary),
        st.binary(max_size=125).map(Ping),
        st.binary(max_size=125).map(Pong),
    ),
    max_size=10,
)


def sent(source: Protocol, event: Event) -> bytes:
    match event:
        case Text(payload):
            return source.send_text(payload)
        case Binary(payload):
            return source.send_binary(payload)
        case Ping(payload):
            return source.send_ping(payload)
        case Pong(payload):
            return source.send_pong(payload)
        case Close(code, reason):
            return source.send_close(code, reason)


@given(ROLES, MESSAGES, CUTS, st.sampled_from((None, AGREEMENT)))
def test_what_one_end_sends_the_other_receives(
    role: Role, messages: list[Event], cuts: list[int], agreement: Agreement | None
) -> None:
    source = protocol(role, agreement)
    data = b"".join(sent(source, event) for event in [*messages, Close(1000, "bye")])

    target = protocol("server" if role == "client" else "client", agreement)

    assert outcome(target, pieces_of(data, cuts)) == ([*messages, Close(1000, "bye")], None)


@given(st.binary(max_size=200), CUTS, st.sampled_from((None, AGREEMENT)))
def test_a_message_may_be_sent_in_any_fragments(
    payload: bytes, cuts: list[int], agreement: Agreement | None
) -> None:
    source, target = protocol("server", agreement), protocol("client", agreement)
    *first, last = pieces_of(payload, cuts)

    data = b"".join(source.send_fragment(Opcode.BINARY, piece, fin=False) for piece in first)
    data += source.send_fragment(Opcode.BINARY, last, fin=True)

    assert outcome(target, [data]) == ([Binary(payload)], None)


# -------------------------------------------------------------------------------------- kernels


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_the_mask_kernel_is_its_twin_and_undoes_itself(data: bytes, key: bytes) -> None:
    masked = mask.apply(data, key)

    assert masked == MASK_TWIN.apply(data, key)
    assert mask.apply(masked, key) == data


def verdict_of_python(data: bytes) -> tuple[bool, int]:
    """Return whether the text may go on, and how far it is good."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data", error.start
    return True, len(data)


@given(st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode)), CUTS)
def test_the_utf8_kernel_is_its_twin_and_agrees_with_python(data: bytes, cuts: list[int]) -> None:
    may_go_on, good_bytes = verdict_of_python(data)
    state = twin = utf8.COMPLETE
    for piece in pieces_of(data, cuts):
        if state == utf8.REJECT:
            break
        state, twin = utf8.advance(state, piece), UTF8_TWIN.advance(twin, piece)
        assert state == twin

    assert (state != utf8.REJECT) == may_go_on
    assert (state == utf8.COMPLETE) == (good_bytes == len(data))


# ----------------------------------------------------------------------------------------- peers


@given(MESSAGES)
def test_wsproto_reads_what_we_send(messages: list[Event]) -> None:
    ours = protocol("client")
    peer = WsprotoConnection(ConnectionType.SERVER)
    for event in messages:
        peer.receive_data(sent(ours, event))

    got = [e for e in peer.events() if isinstance(e, Message)]

    assert [bytes(e.data) if isinstance(e, BytesMessage) else e.data.encode() for e in got] == [
        event.payload for event in messages if isinstance(event, Text | Binary)
    ]


@given(MESSAGES, CUTS)
def test_we_read_what_wsproto_sends(messages: list[Event], cuts: list[int]) -> None:
    peer = WsprotoConnection(ConnectionType.CLIENT)
    data = b""
    for event in messages:
        match event:
            case Text():
                data += peer.send(TextMessage(event.text))
            case Binary(payload):
                data += peer.send(BytesMessage(payload))
            case Ping(payload):
                data += peer.send(WsprotoPing(payload))

    expected = [event for event in messages if not isinstance(event, Pong)]
    assert outcome(protocol("server"), pieces_of(data, cuts)) == (expected, None)


def websockets_peer(side: Side) -> WebsocketsProtocol:
    extension = PerMessageDeflate(
        remote_no_context_takeover=False,
        local_no_context_takeover=False,
        remote_max_window_bits=15,
        local_max_window_bits=15,
    )
    peer = WebsocketsProtocol(side, state=WebsocketsState.OPEN)
    peer.extensions = [extension]
    return peer


@given(MESSAGES)
def test_websockets_inflates_what_we_deflate(messages: list[Event]) -> None:
    ours, peer = protocol("server", AGREEMENT), websockets_peer(Side.CLIENT)
    peer.receive_data(b"".join(sent(ours, event) for event in messages))

    got = [bytes(frame.data) for frame in peer.events_received() if isinstance(frame, Frame)]

    assert got == [event.payload for event in messages if not isinstance(event, Close)]


@given(MESSAGES, CUTS)
def test_we_inflate_what_websockets_deflates(messages: list[Event], cuts: list[int]) -> None:
    peer = websockets_peer(Side.CLIENT)
    for event in messages:
        match event:
            case Text(payload):
                peer.send_text(payload)
            case Binary(payload):
                peer.send_binary(payload)
            case Ping(payload):
                peer.send_ping(payload)
            case Pong(payload):
                peer.send_pong(payload)
    data = b"".join(peer.data_to_send())

    assert outcome(protocol("server", AGREEMENT), pieces_of(data, cuts)) == (messages, None)


@given(
    st.lists(st.one_of(st.binary(max_size=400), st.just(b"abc" * 50)), max_size=8),
    st.integers(8, 15),
    st.booleans(),
)
def test_any_window_and_any_context_restores_every_message(
    payloads: list[bytes], bits: int, keeps_context: bool
) -> None:
    deflater = Deflater(window_bits=bits, keeps_context=keeps_context, level=6, memory=5)
    inflater = Inflater(window_bits=bits, keeps_context=keeps_context)

    for payload in payloads:
        data = deflater.deflate(payload, last=True)
        out = inflater.inflate(data, room=400)
        assert out + inflater.finish(room=400 - len(out)) == payload


# ------------------------------------------------------------------------------------------ http

HTTP_LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"nonsense\r\n",
        b"\r\n",
    ]
)


@given(st.lists(HTTP_LINES, max_size=6).map(b"".join), CUTS)
def test_requests_are_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    def read(pieces: list[bytes]) -> tuple[object, ...]:
        reader = RequestReader(head_bytes_max=200, body_bytes_max=50)
        events = [event for piece in pieces for event in reader.receive(piece)]
        return events, reader.is_done, reader.rest

    assert read(pieces_of(data, cuts)) == read([data])


@given(st.binary(max_size=300), CUTS)
def test_any_bytes_are_requests_or_one_refusal(data: bytes, cuts: list[int]) -> None:
    reader = RequestReader(head_bytes_max=100, body_bytes_max=50)

    for piece in pieces_of(data, cuts):
        reader.receive(piece)
