"""Frames of HTTP/2, mostly wrong: whatever comes, it is an event or the end of the connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from strikewire.testing.streams import Choices
from strikewire.websocket.http2 import (
    ConnectionFailed,
    DataReceived,
    Http2Event,
    Http2Protocol,
    RequestReceived,
)
from strikewire.websocket.http2_frames import PREFACE, ErrorCode
from strikewire.websocket.http2_limits import Http2Limits

_LIMITS: Final = Http2Limits(streams_max=3, resets_max=5, control_frames_max=20)
_FLAGS: Final = (0, 1, 4, 5, 8, 0x20, 0x2D)
_SETTINGS: Final = bytes.fromhex("000000 04 00 00000000")
_PAYLOADS: Final = (
    bytes.fromhex("82 86 84 41 01 68"),  # GET http / h
    bytes.fromhex("88"),  # 200
    bytes.fromhex("0000000a"),
    bytes.fromhex("7fffffff"),
    bytes.fromhex("0004 00000000"),  # an initial window of nothing
    bytes.fromhex("0008 00000001"),
    bytes.fromhex("0001 ffffffff"),
    bytes(8),
)


def draw_frames(choices: Choices) -> bytes:
    """Return frames with true lengths, and anything else."""
    data = b""
    for _ in range(choices.number(0, 20)):
        kind = choices.number(0, 11)
        flags = choices.number(0, 2 * len(_FLAGS))
        flags = _FLAGS[flags] if flags < len(_FLAGS) else choices.number(0, 255)
        stream_id = choices.number(0, 9)
        picked = choices.number(0, 2 * len(_PAYLOADS) - 1)
        payload = _PAYLOADS[picked] if picked < len(_PAYLOADS) else choices.octets(40)
        head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
        data += head + stream_id.to_bytes(4, "big") + payload
    return data


def serve(pieces: Sequence[bytes]) -> None:
    """Let a server read what a client sends behind its preface, and answer."""
    server = Http2Protocol("server", limits=_LIMITS, head_bytes_max=200)
    failures = _read(server, [PREFACE + _SETTINGS, *pieces])
    assert failures == server.is_over
    assert server.open_streams <= _LIMITS.streams_max


def ask(pieces: Sequence[bytes]) -> None:
    """Let a client with two requests read what a server sends behind its settings."""
    client = Http2Protocol("client", limits=_LIMITS, head_bytes_max=200)
    client.receive(bytes.fromhex("000006 04 00 00000000 0008 00000001"), 0.0)
    for _ in range(2):
        client.open_stream(((":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "h")))
    client.send(1, b"x" * 70_000)
    assert _read(client, pieces) == client.is_over


def _read(end: Http2Protocol, pieces: Sequence[bytes]) -> int:
    failures = 0
    for piece in pieces:
        for event in end.receive(piece, 0.0):
            failures += isinstance(event, ConnectionFailed)
            _reply(end, event)
        end.take(30_000)
    return failures


def _reply(end: Http2Protocol, event: Http2Event) -> None:
    match event:
        case RequestReceived(stream_id):
            end.send_head(stream_id, ((":status", "200"),))
            end.send(stream_id, b"x" * 70_000)
            if stream_id % 4 == 1:
                end.end(stream_id, stop=True)
        case DataReceived(stream_id, data):
            end.taken(stream_id, len(data))
            if len(data) % 3 == 1:
                end.reset(stream_id, ErrorCode.CANCEL)
        case _:
            pass
