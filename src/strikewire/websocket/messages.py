"""One incoming message, put together from the pieces it arrives in.

A piece is what came of a frame's payload, unmasked: whole frames, or less when the socket gave
less. Every piece is inflated and validated as it comes, so that a message that cannot be right is
refused at its first wrong byte, however long the rest of it would be.
"""

from typing import Final

import msgspec

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.deflate import Inflater
from strikewire.websocket.errors import RemoteProtocolError
from strikewire.websocket.events import Binary, Text
from strikewire.websocket.frames import BINARY, TEXT
from strikewire.websocket.kernels import utf8

_NOTHING: Final = bytearray()  # of a message that has not begun; nothing is added to it


class Saving(msgspec.Struct, frozen=True):
    """What compression saved so far.

    Attributes:
        messages: Messages that were compressed.
        plain_bytes: Of their payloads.
        wire_bytes: Of their payloads as they travel.
    """

    messages: int = 0
    plain_bytes: int = 0
    wire_bytes: int = 0

    @property
    def ratio(self) -> float:
        """Bytes that travel for each byte of payload; 1.0 before the first message."""
        return self.wire_bytes / self.plain_bytes if self.plain_bytes else 1.0

    def with_all(self, others: "Saving | None") -> "Saving":
        """Return these and others, if there are others."""
        if others is None:
            return self
        return Saving(
            self.messages + others.messages,
            self.plain_bytes + others.plain_bytes,
            self.wire_bytes + others.wire_bytes,
        )

    def with_one(self, plain_bytes: int, wire_bytes: int) -> "Saving":
        """Return these with one message more."""
        return Saving(
            self.messages + 1, self.plain_bytes + plain_bytes, self.wire_bytes + wire_bytes
        )


class Assembler:
    """Puts messages together, one after the other.

    Attributes:
        is_open: Whether a message has begun and has not ended.
        inflated: What the peer's compression saved; None before the first compressed message.
    """

    __slots__ = (
        "_inflater",
        "_is_compressed",
        "_is_text",
        "_message_bytes_max",
        "_payload",
        "_utf8",
        "_wire_bytes",
        "inflated",
        "is_open",
    )

    def __init__(self, *, message_bytes_max: int, inflater: Inflater | None) -> None:
        self.is_open = False
        self.inflated: Saving | None = None
        self._wire_bytes = 0
        self._message_bytes_max = message_bytes_max
        self._inflater = inflater
        self._is_text = False
        self._is_compressed = False
        self._utf8 = utf8.COMPLETE
        self._payload = _NOTHING

    def whole(self, opcode: int, payload: bytes, *, compressed: bool) -> Text | Binary:
        """Return the message of one unfragmented frame.

        Raises:
            RemoteProtocolError: It is too big, not deflated data or not UTF-8.
        """
        assert not self.is_open
        if compressed:
            wire_bytes = len(payload)
            assert self._inflater is not None
            payload = self._inflater.inflate_message(payload, room=self._message_bytes_max)
            self._count(len(payload), wire_bytes)
        if opcode == BINARY:
            return Binary(payload)
        if utf8.advance(utf8.COMPLETE, payload) != utf8.COMPLETE:
            raise not_utf8()
        return Text(payload)

    def begin(self, opcode: int, *, compressed: bool) -> None:
        """Begin a message that arrives in more than one piece."""
        assert not self.is_open
        self.is_open = True
        # Not a list of pieces: a peer that sends a message byte by byte would fill it with them.
        self._payload = bytearray()
        self._is_text = opcode == TEXT
        self._is_compressed = compressed

    def announce(self, length: int) -> None:
        """Check a frame's length before its payload arrives.

        Raises:
            RemoteProtocolError: The message would be longer than is allowed.
        """
        # What a compressed frame becomes is known, and checked, when it is inflated.
        if not self._is_compressed and len(self._payload) + length > self._message_bytes_max:
            raise message_too_big(self._message_bytes_max)

    def add(self, piece: bytes) -> None:
        """Take in the next piece.

        Raises:
            RemoteProtocolError: The message is too big, not deflated data or not UTF-8.
        """
        if self._is_compressed:
            self._wire_bytes += len(piece)
            piece = self._inflate(piece, room=self._message_bytes_max - len(self._payload))
        self._keep(piece)

    def end(self) -> Text | Binary:
        """End the message and return it.

        Raises:
            RemoteProtocolError: It ends in the middle of a character, or is too big after all.
        """
        assert self.is_open
        if self._is_compressed:
            self._keep(self._finish(room=self._message_bytes_max - len(self._payload)))
            self._count(len(self._payload), self._wire_bytes)
            self._wire_bytes = 0
        if self._utf8 != utf8.COMPLETE:
            raise not_utf8()
        payload = bytes(self._payload)
        self._payload = _NOTHING
        self.is_open = False
        self._is_compressed = False
        return Text(payload) if self._is_text else Binary(payload)

    def _keep(self, piece: bytes) -> None:
        if self._is_text:
            self._utf8 = utf8.advance(self._utf8, piece)
            if self._utf8 == utf8.REJECT:
                raise not_utf8()
        self._payload += piece
        assert len(self._payload) <= self._message_bytes_max

    def _count(self, plain_bytes: int, wire_bytes: int) -> None:
        self.inflated = (self.inflated or Saving()).with_one(plain_bytes, wire_bytes)

    def _inflate(self, piece: bytes, *, room: int) -> bytes:
        assert self._inflater is not None
        return self._inflater.inflate(piece, room=room)

    def _finish(self, *, room: int) -> bytes:
        assert self._inflater is not None
        return self._inflater.finish(room=room)


def message_too_big(message_bytes_max: int) -> RemoteProtocolError:
    """Return the verdict on a message beyond the limit."""
    return RemoteProtocolError(
        CloseCode.MESSAGE_TOO_BIG, f"message is longer than {message_bytes_max} bytes"
    )


def not_utf8() -> RemoteProtocolError:
    """Return the verdict on a text that is not UTF-8."""
    # 8.1: on text that is not UTF-8 an endpoint "MUST _Fail the WebSocket Connection_".
    return RemoteProtocolError(CloseCode.INVALID_PAYLOAD, "text is not utf-8")
