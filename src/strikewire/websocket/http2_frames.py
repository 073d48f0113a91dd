"""The outside of HTTP/2 frames: where they begin and end, and how many of them are too many.

The `h2` library reads what is inside. It is given one whole frame at a time, so that a limit holds
at the frame that breaks it and not at the end of what one read brought, and so that a frame is
refused for its length before it is kept.

Source: RFC 9113 sections 3.4, 4.1 and 6.
"""

from enum import IntEnum
from typing import Final

import msgspec

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client sends before anything else."""

FRAME_BYTES_MAX: Final = 1 << 14
"""Longest payload of a frame that travels either way: what every peer must take (4.2)."""

_HEADER_BYTES: Final = 9
_END_HEADERS: Final = 0x4
_END_STREAM: Final = 0x1
_ACK: Final = 0x1


class FrameType(IntEnum):
    """The types of RFC 9113 section 6."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class ErrorCode(IntEnum):
    """The codes of RFC 9113 section 7 that this room sends or looks at."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    ENHANCE_YOUR_CALM = 0xB
    HTTP_1_1_REQUIRED = 0xD


class FrameError(Exception):
    """What came are no frames, or one that is too long; the connection cannot go on.

    Attributes:
        code: To tell the peer.
        reason: One lower-case sentence.
    """

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Frame(msgspec.Struct, frozen=True):
    """One whole frame.

    Attributes:
        kind: A `FrameType`, or another number.
        flags: As sent.
        stream_id: 0 for the connection.
        raw: All of it, header included.
        in_block: Whether it came between the frames of one head, where only CONTINUATION may.
    """

    kind: int
    flags: int
    stream_id: int
    raw: bytes
    in_block: bool

    @property
    def payload(self) -> bytes:
        """What follows the header."""
        return self.raw[_HEADER_BYTES:]

    @property
    def is_overhead(self) -> bool:
        """Whether it carries nothing that anybody waits for: the stuff that floods are made of."""
        empty = len(self.raw) == _HEADER_BYTES
        match self.kind:
            case FrameType.DATA:
                return empty and not self.flags & _END_STREAM
            case FrameType.HEADERS | FrameType.RST_STREAM | FrameType.WINDOW_UPDATE:
                return False
            case FrameType.CONTINUATION:
                return empty
            case _:
                return True


class FrameReader:
    """Cuts what a socket gives into frames."""

    def __init__(self, *, expects_preface: bool, block_bytes_max: int) -> None:
        """Begin at the beginning of a connection.

        Args:
            expects_preface: Whether the peer is a client.
            block_bytes_max: Longest head, compressed as it travels, in all its frames.
        """
        self._data = bytearray()
        self._preface = PREFACE if expects_preface else b""
        self._block_bytes_max = block_bytes_max
        self._block_bytes = 0
        self._in_block = False
        self._is_first = True

    def feed(self, data: bytes) -> None:
        """Take in what the socket gave."""
        self._data += data

    def next_frame(self) -> Frame | None:
        """Return the next frame, or None until more was fed.

        Raises:
            FrameError: There is none.
        """
        data = self._data
        if self._preface and not self._skip_preface():
            return None
        if self._is_first and not self._preface and data.startswith(b"HTTP/1"):
            raise FrameError(ErrorCode.HTTP_1_1_REQUIRED, "the peer speaks http/1.1, not http/2")
        if len(data) < _HEADER_BYTES:
            return None
        size = int.from_bytes(data[:3], "big")
        kind, flags = data[3], data[4]
        # 3.4: "the server connection preface consists of a potentially empty SETTINGS frame that
        # MUST be the first frame the server sends"; so must the client's, after its magic.
        if self._is_first and (kind != FrameType.SETTINGS or flags & _ACK):
            raise FrameError(ErrorCode.PROTOCOL_ERROR, "the first frame is not settings")
        if size > FRAME_BYTES_MAX:
            raise FrameError(
                ErrorCode.FRAME_SIZE_ERROR,
                f"a frame of {size} bytes is longer than {FRAME_BYTES_MAX}",
            )
        if len(data) < _HEADER_BYTES + size:
            return None

        raw = bytes(data[: _HEADER_BYTES + size])
        del data[: _HEADER_BYTES + size]
        self._is_first = False
        in_block = self._in_block
        if kind in (FrameType.HEADERS, FrameType.PUSH_PROMISE, FrameType.CONTINUATION):
            self._count_block(size, ends=bool(flags & _END_HEADERS))
        stream_id = int.from_bytes(raw[5:9], "big") & 0x7FFF_FFFF
        return Frame(kind, flags, stream_id, raw, in_block)

    def _skip_preface(self) -> bool:
        data = self._data
        if not self._preface.startswith(data[: len(self._preface)]):
            raise FrameError(ErrorCode.PROTOCOL_ERROR, "the client's preface is not that of http/2")
        if len(data) < len(self._preface):
            return False
        del data[: len(self._preface)]
        self._preface = b""
        return True

    def _count_block(self, size: int, *, ends: bool) -> None:
        self._block_bytes = self._block_bytes + size if self._in_block else size
        if self._block_bytes > self._block_bytes_max:
            raise FrameError(
                ErrorCode.ENHANCE_YOUR_CALM, f"a head is longer than {self._block_bytes_max} bytes"
            )
        self._in_block = not ends


class Allowance:
    """So many of something in a while; what was used is given back evenly."""

    def __init__(self, most: int, *, window_s: float) -> None:
        self._most = most
        self._per_s = most / window_s
        self._left = float(most)
        self._at_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Use one up; false if there is none.

        Args:
            now_s: Seconds on a clock that does not go back.
        """
        if self._at_s is not None:
            self._left = min(self._most, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


def encode_goaway(last_stream_id: int, code: int) -> bytes:
    """Return a GOAWAY frame.

    Written here because the library takes the sending of one, and the receipt too, for the end
    of everything, while streams that are open may go on (6.8).
    """
    payload = last_stream_id.to_bytes(4, "big") + int(code).to_bytes(4, "big")
    return len(payload).to_bytes(3, "big") + bytes([FrameType.GOAWAY, 0, 0, 0, 0, 0]) + payload
