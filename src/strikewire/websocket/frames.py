"""Frames: their headers read and written; nothing is remembered from one to the next.

Source: RFC 6455 section 5.2.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-------+-+-------------+-------------------------------+
    |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
    |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
    |N|V|V|V|       |S|             |   (if payload len==126/127)   |
    | |1|2|3|       |K|             |                               |
    +-+-+-+-+-------+-+-------------+ - - - - - - - - - - - - - - - +
    |     Extended payload length continued, if payload len == 127  |
    + - - - - - - - - - - - - - - - +-------------------------------+
    |                               |Masking-key, if MASK set to 1  |
    +-------------------------------+-------------------------------+
    | Masking-key (continued)       |          Payload Data         |
    +-------------------------------- - - - - - - - - - - - - - - - +
"""

from enum import IntEnum
from typing import Final

import msgspec

from strikewire.websocket.close_codes import CloseCode, may_travel
from strikewire.websocket.errors import LocalProtocolError, RemoteProtocolError
from strikewire.websocket.kernels import mask, utf8

CONTROL_BYTES_MAX: Final = 125
"""Longest payload of a control frame (5.5)."""

REASON_BYTES_MAX: Final = CONTROL_BYTES_MAX - 2
"""Longest reason of a Close frame, in bytes of UTF-8: what its code leaves (5.5.1)."""

_FIN: Final = 0x80
_RSV1: Final = 0x40
_RSV2_RSV3: Final = 0x30
_OPCODE: Final = 0x0F
_CONTROL: Final = 0x08
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_LENGTH_IN_2_BYTES: Final = 126
_LENGTH_IN_8_BYTES: Final = 127


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


# The same as plain numbers, for comparisons made once a frame: a member of an enum takes a look-up.
CONTINUATION: Final = int(Opcode.CONTINUATION)
TEXT: Final = int(Opcode.TEXT)
BINARY: Final = int(Opcode.BINARY)
CLOSE: Final = int(Opcode.CLOSE)
PING: Final = int(Opcode.PING)
PONG: Final = int(Opcode.PONG)

_KNOWN_OPCODES: Final = frozenset(int(opcode) for opcode in Opcode)


class FrameHeader(msgspec.Struct, frozen=True, gc=False):
    """The head of one frame.

    Attributes:
        fin: Whether this is the last frame of its message.
        rsv1: Whether the message is compressed, where that was agreed on.
        opcode: One of `Opcode`, as a plain integer.
        length: Of the payload, in bytes.
        key: Four bytes to unmask the payload with; empty when it is not masked.
        size: Of the header itself, in bytes.
    """

    fin: bool
    rsv1: bool
    opcode: int
    length: int
    key: bytes
    size: int

    @property
    def is_control(self) -> bool:
        """Whether the frame is a Close, Ping or Pong."""
        return self.opcode & _CONTROL != 0


def parse_header(buffer: bytes, start: int) -> FrameHeader | None:
    """Read the frame header that begins at `start`.

    Returns:
        The header, or None if `buffer` ends before it does.

    Raises:
        RemoteProtocolError: The header breaks a rule that holds for every endpoint. It is raised
            as soon as the two bytes that show it are there.
    """
    have = len(buffer) - start
    if have < 2:
        return None
    first = buffer[start]
    second = buffer[start + 1]
    opcode = first & _OPCODE
    length = second & _LENGTH
    if first & _RSV2_RSV3 or opcode not in _KNOWN_OPCODES:
        raise _reserved_bits(first)
    if opcode & _CONTROL:
        _check_control(opcode, length, fin=first & _FIN != 0)

    size = 2
    if length == _LENGTH_IN_2_BYTES:
        size = 4
    elif length == _LENGTH_IN_8_BYTES:
        size = 10
    masked = second & _MASKED
    if have < size + (4 if masked else 0):
        return None
    if size > 2:
        length = _extended_length(buffer[start + 2 : start + size])
    key = b""
    if masked:
        key = buffer[start + size : start + size + 4]
        size += 4
    return FrameHeader(first & _FIN != 0, first & _RSV1 != 0, opcode, length, key, size)


def _reserved_bits(first: int) -> RemoteProtocolError:
    if first & _RSV2_RSV3:
        # 5.2: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero
        # values."
        return RemoteProtocolError(CloseCode.PROTOCOL_ERROR, "reserved bit set without extension")
    return RemoteProtocolError(CloseCode.PROTOCOL_ERROR, f"reserved opcode {first & _OPCODE}")


def _check_control(opcode: int, length: int, *, fin: bool) -> None:
    # 5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be
    # fragmented."
    if length > CONTROL_BYTES_MAX:
        raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, "control frame longer than 125 bytes")
    if not fin:
        raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, "fragmented control frame")
    # 5.5.1: a body, if there is one, begins with a two-byte code.
    if opcode == CLOSE and length == 1:
        raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, "close frame with half a code")


def _extended_length(octets: bytes) -> int:
    length = int.from_bytes(octets, "big")
    # 5.2: "the minimal number of bytes MUST be used to encode the length", and of the 64-bit form
    # "the most significant bit MUST be 0".
    shortest = 126 if len(octets) == 2 else 1 << 16
    if length < shortest:
        raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, f"length {length} in too many bytes")
    if length >> 63:
        raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, "length with its highest bit set")
    return length


def encode_frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False, key: bytes = b""
) -> bytes:
    """Return one frame.

    Args:
        opcode: One of `Opcode`.
        payload: Not masked yet; at most 125 bytes in a control frame.
        fin: Whether it is the last frame of its message.
        rsv1: Whether it begins a compressed message.
        key: Four unpredictable bytes to mask with; empty for none.
    """
    length = len(payload)
    assert opcode < _CONTROL or (fin and length <= CONTROL_BYTES_MAX)
    first = (_FIN if fin else 0) | (_RSV1 if rsv1 else 0) | opcode
    masked = _MASKED if key else 0
    if length < _LENGTH_IN_2_BYTES:
        header = bytes((first, masked | length))
    elif length < 1 << 16:
        header = bytes((first, masked | _LENGTH_IN_2_BYTES)) + length.to_bytes(2, "big")
    else:
        header = bytes((first, masked | _LENGTH_IN_8_BYTES)) + length.to_bytes(8, "big")
    if key:
        return header + key + mask.apply(payload, key)
    return header + payload


def parse_close(payload: bytes) -> tuple[int, str]:
    """Return code and reason of a Close frame's payload; 1005 and "" of an empty one.

    Raises:
        RemoteProtocolError: The code may not travel (1002) or the reason is not UTF-8 (1007).
    """
    if not payload:
        return int(CloseCode.NO_CODE), ""
    assert len(payload) >= 2
    code = int.from_bytes(payload[:2], "big")
    if not may_travel(code):
        raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, f"close code {code} may not be sent")
    if utf8.advance(utf8.COMPLETE, payload[2:]) != utf8.COMPLETE:
        raise RemoteProtocolError(CloseCode.INVALID_PAYLOAD, "close reason is not UTF-8")
    return code, payload[2:].decode()


def encode_close(code: int, reason: str) -> bytes:
    """Return the payload of a Close frame; empty for code 1005.

    Raises:
        LocalProtocolError: The code may not travel, or the reason is too long.
    """
    if code == CloseCode.NO_CODE:
        if reason:
            raise LocalProtocolError("a close reason needs a code")
        return b""
    if not may_travel(code):
        raise LocalProtocolError(f"close code {code} may not be sent")
    words = reason.encode()
    if len(words) > REASON_BYTES_MAX:
        raise LocalProtocolError(f"close reason of {len(words)} bytes, at most {REASON_BYTES_MAX}")
    return code.to_bytes(2, "big") + words
