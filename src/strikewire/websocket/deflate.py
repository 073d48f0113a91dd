"""Compressed payloads: one direction of permessage-deflate, either end of it.

Theory of operation. A context that deflates takes 30 KiB with zlib and 160 KiB with zlib-ng, one
that inflates 15 KiB, and most connections say little. But a context is worth no more than what it
remembers, and that can be given to a new one as a dictionary. So a side that keeps its context is

- *cold* at first: between two messages it holds the end of what was said as plain bytes, and every
  message gets a context that begins with them. That costs 1 to 3 us a message, and loses nothing to
  the receiver and a twentieth of the ratio to the sender, who remembers 1 KiB;
- *warm* from message 32 on: the context stays. `Deflater.rest` makes a sender cold again.

The peer notices nothing of it: RFC 7692 says what a sender may refer to, not what it must.

Where "no context takeover" was agreed on, everything is given up after every message.

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

_WARM_MESSAGES: Final = 32
_FOREVER: Final = 1 << 62
_DEFLATER_TAIL_BYTES_MAX: Final = 1 << 10
_INFLATER_TAIL_BYTES_MAX: Final = 1 << 12

# Streams that a peer may end within one message: each costs us a context.
_STREAMS_MAX: Final = 256


class Compress(Protocol):
    """What is used of a compressor."""

    def compress(self, data: bytes, /) -> bytes:
        """Take in `data` and return what is ready."""
        ...

    def flush(self, mode: int, /) -> bytes:
        """Return the rest."""
        ...


class Decompress(Protocol):
    """What is used of a decompressor."""

    @property
    def eof(self) -> bool:
        """Whether its stream has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after that."""
        ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return what `data` becomes, `max_length` bytes of it at most."""
        ...


class Zlib(Protocol):
    """What is used of zlib, whoever offers it."""

    @property
    def error(self) -> type[Exception]:
        """What it raises."""
        ...

    def compressobj(  # noqa: PLR0917 # zlib's own arguments
        self, level: int, method: int, wbits: int, memory: int, strategy: int, zdict: bytes, /
    ) -> Compress:
        """Return a compressor."""
        ...

    def decompressobj(self, wbits: int, zdict: bytes, /) -> Decompress:
        """Return a decompressor."""
        ...


def _fastest() -> Zlib:
    try:
        # Deflates small messages in a third of the time, and inflates them in half of it.
        from zlib_ng import zlib_ng
    except ImportError:
        return zlib
    return zlib_ng  # type: ignore[return-value] # its stub has an instance for the class `error`


# The one place where it is chosen.
ZLIB: Final[Zlib] = _fastest()


def open_compress(
    zlib_: Zlib, *, window_bits: int, level: int, memory: int, tail: bytes
) -> Compress:
    """Return a compressor of raw deflate.

    Args:
        zlib_: Whose.
        window_bits: 8 to 15; how far back, in powers of two, it may refer.
        level: zlib's, 1 (fast) to 9 (small).
        memory: zlib's memLevel, 1 to 9.
        tail: The end of what the receiver's window holds; empty for a stream of its own.
    """
    # zlib cannot deflate with a window of 2**8. Its 2**9 refers back at most 512 - 262 bytes
    # (MAX_DIST in deflate.h, the same in zlib-ng), which a window of 256 holds.
    return zlib_.compressobj(level, zlib.DEFLATED, -max(window_bits, 9), memory, 0, tail)


def flush_message(context: Compress, payload: bytes) -> bytes:
    """Return `payload` deflated as the end of a message."""
    out = context.compress(payload) + context.flush(zlib.Z_SYNC_FLUSH)
    # With some versions of zlib, a flush right after a flush writes nothing.
    assert not out or out.endswith(_TAIL)
    return out[:-4] if out else _EMPTY_BLOCK


class Deflater:
    """Compresses the messages we send.

    Attributes:
        keeps_context: As agreed. While it is false, a message that compression made no shorter may
            be sent as it is; while it is true that would tear a hole into what the peer knows.
    """

    __slots__ = (
        "_context",
        "_level",
        "_memory",
        "_messages",
        "_tail",
        "_tail_bytes_max",
        "_window_bits",
        "_zlib",
        "keeps_context",
    )

    def __init__(
        self,
        *,
        window_bits: int,
        keeps_context: bool,
        level: int,
        memory: int,
        zlib: Zlib | None = None,
    ) -> None:
        """Agree on how to compress; nothing is allocated yet.

        Args:
            window_bits: 8 to 15, as agreed; how far back, in powers of two, we may refer.
            keeps_context: Whether a message may refer to the ones before it.
            level: zlib's, 1 (fast) to 9 (small).
            memory: zlib's memLevel, 1 to 9.
            zlib: Whose; that of `ZLIB` without.
        """
        self.keeps_context = keeps_context
        self._window_bits = window_bits
        self._level = level
        self._memory = memory
        self._zlib = zlib or ZLIB
        self._context: Compress | None = None
        self._messages = 0
        self._tail = b""
        self._tail_bytes_max = min(_DEFLATER_TAIL_BYTES_MAX, 1 << window_bits)

    def deflate(self, payload: bytes, *, last: bool) -> bytes:
        """Return the payload of one frame.

        Args:
            payload: What the frame carries of its message.
            last: Whether the message ends with it.
        """
        context = self._context
        if context is None:
            context = self._context = open_compress(
                self._zlib,
                window_bits=self._window_bits,
                level=self._level,
                memory=self._memory,
                tail=self._tail,
            )
        self._remember(payload)
        if not last:
            return context.compress(payload) + context.flush(zlib.Z_SYNC_FLUSH)
        out = flush_message(context, payload)
        if self._messages < _WARM_MESSAGES:
            self._messages += self.keeps_context
            self._context = None
        return out

    def forget(self) -> None:
        """Refer to nothing that was sent so far: the peer's window holds something else by now.

        Must not be called inside a fragmented message.
        """
        self._context = None
        self._tail = b""
        self._messages = 0

    def rest(self) -> None:
        """Give the memory of the context back, as is right when nothing was sent for long.

        Must not be called inside a fragmented message.
        """
        self._context = None
        self._messages = 0

    def _remember(self, payload: bytes) -> None:
        if not self.keeps_context:
            return
        count = self._tail_bytes_max
        if self._messages < _WARM_MESSAGES and len(payload) < count:
            payload = self._tail + payload
        self._tail = payload[-count:]


class Inflater:
    """Restores the messages we receive, and never makes more of them than it is allowed to.

    The ratio is judged over all messages: every received byte earns `ratio_max` bytes, what is
    earned is kept up to `ratio_bytes_min`, and what inflates beyond that is a bomb, be it one or a
    row of small ones.
    """

    __slots__ = (
        "_cold_messages",
        "_context",
        "_credit",
        "_keeps_context",
        "_ratio_bytes_min",
        "_ratio_max",
        "_window",
        "_window_bits",
        "_zlib",
    )

    def __init__(
        self,
        *,
        window_bits: int,
        keeps_context: bool,
        ratio_max: int = 0,
        ratio_bytes_min: int = 0,
        zlib: Zlib | None = None,
    ) -> None:
        """Agree on how the peer compresses; nothing is allocated yet.

        Args:
            window_bits: 8 to 15, as agreed; how far back the peer may refer.
            keeps_context: Whether a message of the peer may refer to the ones before it.
            ratio_max: Bytes that one received byte may become; 0 for any number.
            ratio_bytes_min: Bytes beyond that which are let in all the same.
            zlib: Whose; that of `ZLIB` without.
        """
        self._window_bits = window_bits
        self._keeps_context = keeps_context
        self._ratio_max = ratio_max
        self._ratio_bytes_min = ratio_bytes_min
        self._credit = ratio_bytes_min
        self._zlib = zlib or ZLIB
        self._context: Decompress | None = None
        # While this is not 0, `_window` is what the next block may refer to.
        self._cold_messages = _WARM_MESSAGES if keeps_context else _FOREVER
        self._window = b""

    def inflate_message(self, data: bytes, *, room: int) -> bytes:
        """Return what a whole message becomes.

        Args:
            data: As received, unmasked.
            room: The most bytes it may become.

        Raises:
            RemoteProtocolError: It is not deflated data (1007) or becomes too much (1009).
        """
        out = self.inflate(data + _TAIL, room=room)
        if self._cold_messages:
            self._end_cold_message()
        return out

    def inflate(self, data: bytes, *, room: int) -> bytes:
        """Return what the next piece of a message becomes.

        Args:
            data: As received, unmasked.
            room: The most bytes it may become.

        Raises:
            RemoteProtocolError: It is not deflated data (1007) or becomes too much (1009).
        """
        if self._ratio_max:
            return self._inflate_within_ratio(data, room)
        context = self._context
        if context is None or self._cold_messages:
            return self._inflate_streams(data, room)
        # Warm, the usual path: one call.
        try:
            # One byte more than there is room for shows that there was more.
            out = context.decompress(data, room + 1)
        except self._zlib.error:
            raise _not_deflated() from None
        if len(out) > room:
            raise _too_big()
        if context.eof:
            out += self._next_streams(context, out, room - len(out))
        return out

    def finish(self, *, room: int) -> bytes:
        """Return what the end of a message becomes, and make ready for the next message."""
        out = self.inflate(_TAIL, room=room)
        if self._cold_messages:
            self._end_cold_message()
        return out

    def _inflate_within_ratio(self, data: bytes, room: int) -> bytes:
        credit = self._credit + self._ratio_max * len(data)
        try:
            out = self._inflate_streams(data, min(room, credit))
        except RemoteProtocolError as error:
            if error.close_code == CloseCode.MESSAGE_TOO_BIG and credit < room:
                raise RemoteProtocolError(
                    CloseCode.MESSAGE_TOO_BIG,
                    f"message inflates to more than {self._ratio_max} times its size",
                ) from None
            raise
        self._credit = min(credit - len(out), self._ratio_bytes_min)
        return out

    def _inflate_streams(self, data: bytes, room: int) -> bytes:
        out = b""
        for _ in range(_STREAMS_MAX):
            context = self._context
            if context is None:
                context = self._zlib.decompressobj(-self._window_bits, self._window)
                self._context = context
            try:
                piece = context.decompress(data, room + 1 - len(out))
            except self._zlib.error:
                raise _not_deflated() from None
            out += piece
            if len(out) > room:
                raise _too_big()
            if self._cold_messages:
                self._window = (self._window + piece)[-(1 << self._window_bits) :]
            if not context.eof:
                return out
            data = self._end_stream(context, piece)
            if not data:
                return out
        raise RemoteProtocolError(
            CloseCode.MESSAGE_TOO_BIG, f"message is made of more than {_STREAMS_MAX} streams"
        )

    def _next_streams(self, context: Decompress, piece: bytes, room: int) -> bytes:
        data = self._end_stream(context, piece)
        return self._inflate_streams(data, room) if data else b""

    def _end_stream(self, context: Decompress, piece: bytes) -> bytes:
        # 7.2.3.4: a peer may set BFINAL, and the next block may still refer across it. A peer that
        # does so does it from its first messages on, and it stays cold. (Of one that begins when
        # it is warm, no more is known than the end of this piece.)
        if not self._cold_messages:
            self._window = piece[-(1 << self._window_bits) :]
        self._cold_messages = _FOREVER
        self._context = None
        return context.unused_data

    def _end_cold_message(self) -> None:
        if not self._keeps_context:
            self._context = None
            self._window = b""
            return
        if self._cold_messages <= _WARM_MESSAGES:
            self._cold_messages -= 1
            if not self._cold_messages or len(self._window) > _INFLATER_TAIL_BYTES_MAX:
                self._cold_messages = 0
                self._window = b""
                return
        self._context = None


def _not_deflated() -> RemoteProtocolError:
    return RemoteProtocolError(CloseCode.INVALID_PAYLOAD, "message is not deflated data")


def _too_big() -> RemoteProtocolError:
    return RemoteProtocolError(CloseCode.MESSAGE_TOO_BIG, "message inflates beyond the limit")
