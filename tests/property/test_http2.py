"""Whatever comes on an HTTP/2 connection, it is an event or the end, and never an exception."""

import h2.config
import h2.connection
from hypothesis import given
from hypothesis import strategies as st

from strikewire.websocket.http2 import (
    ConnectionFailed,
    DataReceived,
    Http2Event,
    Http2Protocol,
    RequestReceived,
)
from strikewire.websocket.http2_frames import PREFACE, ErrorCode
from strikewire.websocket.http2_limits import Http2Limits

SETTINGS = bytes.fromhex("000000 04 00 00000000")
LIMITS = Http2Limits(streams_max=3, resets_max=5, control_frames_max=20)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A frame with a true length, and anything else."""
    kind = draw(st.integers(0, 10) | st.integers(0, 255))
    flags = draw(st.sampled_from([0, 1, 4, 5, 8, 0x20, 0x2D]) | st.integers(0, 255))
    stream_id = draw(st.integers(0, 9))
    payload = draw(
        st.binary(max_size=40)
        | st.sampled_from(
            [
                bytes.fromhex("82 86 84 41 01 68"),  # GET http / h
                bytes.fromhex("0000000a"),
                bytes.fromhex("7fffffff"),
                bytes.fromhex("0004 00000000"),  # an initial window of nothing
                bytes.fromhex("0001 ffffffff"),
                bytes(8),
            ]
        )
    )
    header = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream_id.to_bytes(4, "big")
    return header + payload


def serve(server: Http2Protocol, events: list[Http2Event]) -> None:
    """Do to every stream what a server might."""
    for event in events:
        match event:
            case RequestReceived(stream_id):
                server.send_head(stream_id, ((":status", "200"),))
                server.send(stream_id, b"x" * 70_000)
                if stream_id % 4 == 1:
                    server.end(stream_id, stop=True)
            case DataReceived(stream_id, data):
                server.taken(stream_id, len(data))
                if len(data) % 3 == 1:
                    server.reset(stream_id, ErrorCode.CANCEL)
            case _:
                pass


@given(st.lists(frames(), max_size=30), st.integers(1, 50))
def test_a_server_survives_any_frames_in_any_pieces(given_frames: list[bytes], size: int) -> None:
    server = Http2Protocol("server", limits=LIMITS, head_bytes_max=200)
    data = PREFACE + SETTINGS + b"".join(given_frames)

    failures = 0
    for at in range(0, len(data), size):
        events = server.receive(data[at : at + size], at / 1000)
        serve(server, events)
        server.take(30_000)
        failures += sum(isinstance(event, ConnectionFailed) for event in events)

    assert failures == server.is_over
    assert server.open_streams <= LIMITS.streams_max


@given(st.lists(frames(), max_size=30))
def test_a_client_survives_any_frames(given_frames: list[bytes]) -> None:
    client = Http2Protocol("client", limits=LIMITS, head_bytes_max=200)
    client.receive(bytes.fromhex("000006 04 00 00000000 0008 00000001"), 0.0)
    for _ in range(2):
        client.open_stream(((":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "h")))
    client.send(1, b"x" * 70_000)

    for frame in given_frames:
        client.receive(frame, 0.0)
        client.take(30_000)


@given(
    st.lists(st.binary(min_size=1, max_size=30_000), min_size=1, max_size=8),
    st.integers(1, 100_000),
)
def test_what_is_sent_arrives_in_order_whatever_the_room(pieces: list[bytes], room: int) -> None:
    client = h2.connection.H2Connection(h2.config.H2Configuration())
    server = Http2Protocol("server", limits=Http2Limits(), head_bytes_max=1000)
    client.initiate_connection()
    client.send_headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "h")])
    server.receive(client.data_to_send(), 0.0)
    server.send_head(1, ((":status", "200"),))
    for piece in pieces:
        server.send(1, piece)
    server.end(1)

    got = b""
    while not server.has_sent_all(1):
        for event in client.receive_data(server.take(room)[0]):
            data = getattr(event, "data", b"")
            got += data
            if data:
                client.acknowledge_received_data(len(data), 1)
        server.receive(client.data_to_send(), 0.0)

    assert got == b"".join(pieces)
