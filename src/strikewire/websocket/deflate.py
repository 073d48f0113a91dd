"""Compressed payloads: one direction of permessage-deflate, either end of it.

Contexts cost 10 to 100 KiB each, so they are made when the first compressed message needs them,
and given up after every message where "no context takeover" was agreed on.

Source: RFC 7692 section 7.2; RFC 1951 for the blocks inside.
"""

import zlib
from typing import Final, Protocol

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import RemoteProtocolError

# 7.2.1: the sender removes these octets from the tail end of a message, the receiver puts them
# back: an empty block without compression, as a flush writes it.
_TAIL: Final = b"\x00\x00\xff\xff"

# 7.2.3.6: with the tail put back, this is one whole empty block.
_EMPTY_BLOCK: Final = b"\x00"

_WINDOW_BYTES_MAX: Final = 1 << 15


class _Compress(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int, /) -> bytes: ...


class _Decompress(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Deflater:
    """Compresses the messages we send.

    Attributes:
        keeps_context: As agreed. While it is false, a message that compression made no shorter may
            be sent as it is; while it is true that would tear a hole into what the peer knows.
    """

    def __init__(self, *, window_bits: int, keeps_context: bool, level: int, memory: int) -> None:
        """Agree on how to compress; nothing is allocated yet.

        Args:
            window_bits: 8 to 15, as agreed; how far back, in powers of two, we may refer.
            keeps_context: Whether a message may refer to the ones before it.
            level: zlib's, 1 (fast) to 9 (small).
            memory: zlib's memLevel, 1 to 9.
        """
        # zlib cannot deflate with a window of 2**8. Its 2**9 refers back at most 512 - 262 bytes
        # (MAX_DIST in deflate.h), which a window of 256 holds.
        self._window_bits = max(window_bits, 9)
        self.keeps_context = keeps_context
        self._level = level
        self._memory = memory
        self._context: _Compress | None = None

    def deflate(self, payload: bytes, *, last: bool) -> bytes:
        """Return the payload of one frame.

        Args:
            payload: What the frame carries of its message.
            last: Whether the message ends with it.
        """
        context = self._context
        if context is None:
            context = zlib.compressobj(self._level, zlib.DEFLATED, -self._window_bits, self._memory)
            self._context = context
        out = context.compress(payload) + context.flush(zlib.Z_SYNC_FLUSH)
        if not last:
            return out
        if not self.keeps_context:
            self._context = None
        # With some versions of zlib, a flush right after a flush writes nothing.
        assert not out or out.endswith(_TAIL)
        return out[:-4] if out else _EMPTY_BLOCK


class Inflater:
    """Restores the messages we receive, and never makes more of them than it is allowed to."""

    def __init__(self, *, window_bits: int, keeps_context: bool) -> None:
        """Agree on how the peer compresses; nothing is allocated yet.

        Args:
            window_bits: 8 to 15, as agreed; how far back the peer may refer.
            keeps_context: Whether a message of the peer may refer to the ones before it.
        """
        self._window_bits = window_bits
        self._keeps_context = keeps_context
        self._context: _Decompress | None = None
        # The end of what the current message has become: what zlib must be told if the peer ends
        # its deflate stream inside a message and begins another.
        self._window = b""
        self._ends_streams = False

    def inflate(self, data: bytes, *, room: int) -> bytes:
        """Return what `data`, the next piece of a message, becomes.

        Args:
            data: As received, unmasked.
            room: The most bytes it may become.

        Raises:
            RemoteProtocolError: It is not deflated data (1007) or becomes too much (1009).
        """
        out = b""
        while data:
            context = self._context
            if context is None:
                context = self._context = self._open_context()
            try:
                # One byte more than there is room for shows that there was more.
                piece = context.decompress(data, room + 1 - len(out))
            except zlib.error:
                raise RemoteProtocolError(
                    CloseCode.INVALID_PAYLOAD, "message is not deflated data"
                ) from None
            out += piece
            if len(out) > room:
                raise RemoteProtocolError(
                    CloseCode.MESSAGE_TOO_BIG, "message inflates beyond the limit"
                )
            self._window = (self._window + piece)[-_WINDOW_BYTES_MAX:]
            data = b""
            if context.eof:
                data = context.unused_data
                self._context = None
                self._ends_streams = True
        return out

    def finish(self, *, room: int) -> bytes:
        """Return what the end of a message becomes, and make ready for the next message."""
        out = self.inflate(_TAIL, room=room)
        if not self._keeps_context:
            self._context = None
        if not (self._keeps_context and self._ends_streams):
            self._window = b""
        return out

    def _open_context(self) -> _Decompress:
        # 7.2.3.4: a peer may set BFINAL, and the next block may still refer across it. A peer
        # that does so does it from its first message on, so from then on the window is kept.
        if self._window:
            return zlib.decompressobj(-self._window_bits, zdict=self._window)
        return zlib.decompressobj(-self._window_bits)
