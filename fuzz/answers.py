"""What a client reads before its WebSocket opens: answers to an upgrade, however they are cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from strikewire.testing.streams import Choices, change_bytes
from strikewire.websocket.errors import HandshakeError
from strikewire.websocket.extensions import Compression
from strikewire.websocket.handshake import Accepted, Upgrade, accept_key, conclude_upgrade
from strikewire.websocket.http import HttpResponse
from strikewire.websocket.http_response import ResponseReader
from strikewire.websocket.uri import WebSocketURI

HEAD_BYTES_MAX: Final = 400
_UPGRADE: Final = Upgrade(
    uri=WebSocketURI(secure=False, host="h", port=80, target="/"),
    nonce=bytes(16),
    subprotocols=("a", "b"),
    compression=Compression(),
)
_ACCEPT: Final = f"Sec-WebSocket-Accept: {accept_key(_UPGRADE.key)}".encode()
_STATUS_LINES: Final = (
    b"HTTP/1.1 101 Switching Protocols",
    b"HTTP/1.1 101 Switching Protocols",
    b"HTTP/1.1 101",
    b"HTTP/1.0 101 ",
    b"HTTP/1.1 100 Continue",
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 204 Nothing",
    b"HTTP/1.1 302 There",
    b"HTTP/1.1 503 \xff",
    b"HTTP/9.9 101 Future",
    b"HTTP/1.1 1101 Odd",
    b"SSH-2.0",
)
_GOOD_LINES: Final = (b"Upgrade: websocket", b"Connection: Upgrade", _ACCEPT)
_LINES: Final = (
    b"Connection: keep-alive",
    b"Connection: keep-alive, upgrade",
    b"Connection: close",
    b"Upgrade: h2c",
    b"Content-Length: 3",
    b"Content-Length: 0",
    b"Transfer-Encoding: chunked",
    b"Sec-WebSocket-Protocol: a",
    b"Sec-WebSocket-Protocol: c",
    b"Sec-WebSocket-Extensions: permessage-deflate",
    b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8",
    b"Sec-WebSocket-Extensions: x",
    b"Sec-WebSocket-Extensions: ;",
    b"X: " + b"y" * 300,
    b"X: \xff",
    b": nameless",
    b"no colon",
)
_BODIES: Final = (b"", b"\x81\x01a", b"abc", b"3\r\nabc\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")


def draw_answer(choices: Choices) -> bytes:
    """Return what a server answers, right or wrong."""
    usual = choices.number(0, 3)
    lines = [_STATUS_LINES[choices.number(0, 1 if usual else len(_STATUS_LINES) - 1)]]
    lines += [line for line in _GOOD_LINES if usual or choices.number(0, 3)]
    lines += [_LINES[choices.number(0, len(_LINES) - 1)] for _ in range(choices.number(0, 3))]
    end = (b"\r\n", b"\r\n", b"\r\n", b"\n")[choices.number(0, 3)]
    data = end.join([*lines, b"", b""]) + _BODIES[choices.number(0, len(_BODIES) - 1)]
    return change_bytes(choices, data) if choices.number(0, 3) == 3 else data


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an answer.

    Attributes:
        response: What was read; None if it is no HTTP, too long, or not all of it came.
        is_refused: Whether the reader refused to read it.
        left: What comes after it, if the upgrade was accepted: the first frames.
        accepted: What the client and the server agree on; None if they do not.
    """

    response: HttpResponse | None
    is_refused: bool = False
    left: bytes = b""
    accepted: Accepted | None = None


def read_answer(pieces: Sequence[bytes]) -> Answer:
    """Return what a client makes of a server's bytes; it reads no more once it has the answer."""
    reader = ResponseReader(head_bytes_max=HEAD_BYTES_MAX)
    response: HttpResponse | None = None
    try:
        for index, piece in enumerate(pieces):
            response = reader.receive(piece)
            if response is not None:
                left = reader.rest + b"".join(pieces[index + 1 :])
                break
        else:
            response, left = reader.receive_eof(), b""
    except HandshakeError:
        return Answer(response=None, is_refused=True)
    try:
        accepted = conclude_upgrade(_UPGRADE, response)
    except HandshakeError:
        return Answer(response=response)
    return Answer(response=response, left=left, accepted=accepted)
