"""What a WebSocket may hear from its peer: sense, and every kind of nonsense.

A stream is drawn from `Choices`, so that the same generator serves Hypothesis, which shrinks what
it chose, and a coverage-guided fuzzer, which breeds it. Sense comes first: messages as a good peer
sends them, whole, in fragments with control frames in between, compressed. Then a few things are
done to it, as no good peer would.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec

from strikewire.websocket.extensions import Agreement, Compression
from strikewire.websocket.frames import Opcode
from strikewire.websocket.kernels import mask
from strikewire.websocket.limits import Limits
from strikewire.websocket.protocol import Role

WIDE: Final = Limits(ping_interval_s=0, close_timeout_s=0, received_messages_max=64)
TIGHT: Final = Limits(
    ping_interval_s=0,
    close_timeout_s=0,
    received_messages_max=2,
    message_bytes_max=300,
    frame_bytes_max=200,
)

_CONTINUATION: Final = Opcode.CONTINUATION
_CHARACTERS: Final = ("a", "é", "€", "\U0001f680", "\x00", "\x7f", "\ud7ff", "\uffff")
_LONG: Final = (1, 1, 1, 2, 9, 130, 1_000)
_BAD_TEXT: Final = (
    b"\x80",
    b"\xc0\xaf",
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xff",
    b"\xe2\x82",
)
_CODES: Final = (1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999)
_BAD_CODES: Final = (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
_SPELLINGS: Final = ((None, 2), (None, 8), (125, 2), (126, 2), (65_535, 8), (65_536, 8))
_LENGTHS: Final = (0, 1, 125, 126, 127, 200, 65_535, 65_536, 1 << 20, 1 << 40, 1 << 62, 1 << 63)


class Choices(Protocol):
    """Where a generator's decisions come from."""

    def number(self, low: int, high: int) -> int:
        """Choose a number; both ends may be it."""
        ...

    def octets(self, most: int) -> bytes:
        """Choose up to `most` bytes."""
        ...


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What one end hears.

    Attributes:
        role: Which end listens.
        agreement: What its handshake agreed on about compression, or None.
        limits: Its limits.
        data: What it hears.
        is_sense: Whether a good peer could have sent it, to somebody without limits.
        is_own_deflate: Whether every compressed payload is what a compressor made of a message as
            one stream; otherwise its bits may mean anything, such as the end of the stream.
    """

    role: Role
    agreement: Agreement | None
    limits: Limits
    data: bytes
    is_sense: bool
    is_own_deflate: bool


@dataclass
class Frame:
    """One frame before it is encoded; nothing in it need be right.

    Attributes:
        opcode: 0 to 15.
        payload: Not masked yet.
        fin: Whether it says that it is the last of its message.
        rsv: Its three reserved bits, RSV1 is 4.
        key: Four bytes to mask with; empty for none.
        length: What it says its payload has, if that is not the truth.
        length_bytes: How many bytes say so, 0, 2 or 8; None for the fewest.
    """

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    key: bytes = b""
    length: int | None = None
    length_bytes: int | None = None

    def encode(self) -> bytes:
        """Return the frame as it travels."""
        length = len(self.payload) if self.length is None else self.length
        size = self.length_bytes
        if size is None:
            size = 0 if length < 126 else 2 if length < 1 << 16 else 8
        first = (0x80 if self.fin else 0) | self.rsv << 4 | self.opcode
        short = {0: length & 0x7F, 2: 126, 8: 127}[size]
        second = (0x80 if self.key else 0) | short
        told = (length & ((1 << 8 * size) - 1)).to_bytes(size, "big")
        payload = mask.apply(self.payload, self.key) if self.key else self.payload
        return bytes((first, second)) + told + self.key + payload


def draw_stream(choices: Choices) -> Stream:
    """Return a stream, sense or nonsense."""
    role: Role = "server" if choices.number(0, 1) else "client"
    agreement = _draw_agreement(choices)
    limits = TIGHT if choices.number(0, 3) == 3 else WIDE
    author = _Author(choices, role, agreement)
    for _ in range(choices.number(0, 6)):
        author.write_something()
    frames = author.frames
    is_sense, is_own_deflate = True, author.is_own_deflate
    if choices.number(0, 2):
        for _ in range(choices.number(1, 3)):
            is_sense = False
            touched = _FRAME_FAULTS[choices.number(0, len(_FRAME_FAULTS) - 1)](choices, frames)
            is_own_deflate = is_own_deflate and not touched
    data = b"".join(frame.encode() for frame in frames)
    if choices.number(0, 3) == 3:
        is_sense = False
        data = change_bytes(choices, data)
        is_own_deflate = is_own_deflate and agreement is None
    return Stream(
        role=role,
        agreement=agreement,
        limits=limits,
        data=data,
        is_sense=is_sense,
        is_own_deflate=is_own_deflate,
    )


def change_bytes(choices: Choices, data: bytes) -> bytes:
    """Return `data` with bits flipped, or bytes lost or added."""
    return _BYTE_FAULTS[choices.number(0, len(_BYTE_FAULTS) - 1)](choices, data)


def _draw_agreement(choices: Choices) -> Agreement | None:
    if choices.number(0, 2) == 0:
        return None
    return Agreement(
        server_window_bits=choices.number(8, 15),
        client_window_bits=choices.number(8, 15),
        server_keeps_context=bool(choices.number(0, 1)),
        client_keeps_context=bool(choices.number(0, 1)),
        compression=Compression(message_bytes_min=0),
    )


class _Author:
    """Writes what a good peer of `role` would send."""

    def __init__(self, choices: Choices, role: Role, agreement: Agreement | None) -> None:
        self.frames: list[Frame] = []
        self.is_own_deflate = True
        self._choices = choices
        self._is_masked = role == "server"
        self._agreement = agreement
        self._bits = 15
        self._keeps = False
        if agreement is not None:
            by_client = role == "server"
            self._bits = agreement.client_window_bits if by_client else agreement.server_window_bits
            self._keeps = (
                agreement.client_keeps_context if by_client else agreement.server_keeps_context
            )
        self._context: zlib._Compress | None = None

    def write_something(self) -> None:
        choice = self._choices.number(0, 9)
        if choice < 7:
            self._write_message(is_text=choice < 4)
        elif choice < 9:
            self._write_control()
        else:
            self._write_close()

    def _write_message(self, *, is_text: bool) -> None:
        payload = self._draw_text() if is_text else self._draw_binary()
        rsv = 0
        if self._agreement is not None and self._choices.number(0, 2):
            rsv = 4
            payload = self._deflate(payload)
        opcode = Opcode.TEXT if is_text else Opcode.BINARY
        pieces = self._cut(payload)
        for index, piece in enumerate(pieces):
            if index and self._choices.number(0, 3) == 3:
                self._write_control()
            self._write(
                Frame(
                    _CONTINUATION if index else opcode,
                    piece,
                    fin=index == len(pieces) - 1,
                    rsv=0 if index else rsv,
                )
            )

    def _write_control(self) -> None:
        opcode = Opcode.PING if self._choices.number(0, 1) else Opcode.PONG
        self._write(Frame(opcode, self._choices.octets(125)))

    def _write_close(self) -> None:
        payload = b""
        if self._choices.number(0, 3):
            code = _CODES[self._choices.number(0, len(_CODES) - 1)]
            reason = ("", "bye", "auf Wiedersehen €")[self._choices.number(0, 2)]
            payload = code.to_bytes(2, "big") + reason.encode()
        self._write(Frame(Opcode.CLOSE, payload))

    def _write(self, frame: Frame) -> None:
        if self._is_masked:
            keys = (b"\x37\xfa\x21\x3d", b"\x00\x00\x00\x00", b"\xff\x00\x80\x7f")
            frame.key = keys[self._choices.number(0, 2)]
        self.frames.append(frame)

    def _draw_text(self) -> bytes:
        number = self._choices.number
        text = (
            "".join(_CHARACTERS[number(0, len(_CHARACTERS) - 1)] for _ in range(number(0, 8)))
            * _LONG[number(0, len(_LONG) - 1)]
        )
        return text.encode()

    def _draw_binary(self) -> bytes:
        return self._choices.octets(40) * _LONG[self._choices.number(0, len(_LONG) - 1)]

    def _cut(self, payload: bytes) -> list[bytes]:
        pieces = []
        for _ in range(max(0, self._choices.number(0, 5) - 2)):
            at = self._choices.number(0, len(payload))
            pieces.append(payload[:at])
            payload = payload[at:]
        return [*pieces, payload]

    def _deflate(self, payload: bytes) -> bytes:
        number = self._choices.number
        context = self._context
        if context is None:
            level = number(0, 9)
            context = zlib.compressobj(level, zlib.DEFLATED, -max(self._bits, 9), number(1, 9))
        out = b""
        if number(0, 3) == 3:  # 7.2.3.5: any number of blocks
            half = len(payload) // 2
            out = context.compress(payload[:half])
            out += context.flush(zlib.Z_FULL_FLUSH if number(0, 1) else zlib.Z_SYNC_FLUSH)
            payload = payload[half:]
        out += context.compress(payload)
        if number(0, 15) == 15:  # 7.2.3.4: BFINAL
            self.is_own_deflate = False
            self._context = None
            return out + context.flush(zlib.Z_FINISH) + b"\x00"
        self._context = context if self._keeps else None
        return (out + context.flush(zlib.Z_SYNC_FLUSH))[:-4] or b"\x00"


# ------------------------------------------------------------------------------------ faults

# Each takes frames, changes one, and says whether it may have changed what a compressed payload
# means.
_FrameFault = Callable[[Choices, list[Frame]], bool]


def _one(choices: Choices, frames: list[Frame]) -> Frame:
    if not frames:
        frames.append(Frame(Opcode.TEXT, b"alone"))
    return frames[choices.number(0, len(frames) - 1)]


def _unmask(choices: Choices, frames: list[Frame]) -> bool:
    frame = _one(choices, frames)
    frame.key = b"" if frame.key else b"\x01\x02\x03\x04"
    return False


def _reserve(choices: Choices, frames: list[Frame]) -> bool:
    _one(choices, frames).rsv ^= (4, 4, 4, 2, 1, 7)[choices.number(0, 5)]
    return True


def _rename(choices: Choices, frames: list[Frame]) -> bool:
    _one(choices, frames).opcode = choices.number(0, 15)
    return True


def _unfinish(choices: Choices, frames: list[Frame]) -> bool:
    frame = _one(choices, frames)
    frame.fin = not frame.fin
    return True


def _spell_length_long(choices: Choices, frames: list[Frame]) -> bool:
    frame = _one(choices, frames)
    size, length_bytes = _SPELLINGS[choices.number(0, len(_SPELLINGS) - 1)]
    if size is not None:
        frame.payload = b"s" * size
    frame.length_bytes = length_bytes
    return True  # too few bytes for a long one: the rest of the payload is read as frames


def _lie_about_length(choices: Choices, frames: list[Frame]) -> bool:
    _one(choices, frames).length = _LENGTHS[choices.number(0, len(_LENGTHS) - 1)]
    return True


def _repeat(choices: Choices, frames: list[Frame]) -> bool:
    frame = _one(choices, frames)
    frames.insert(choices.number(0, len(frames)), replace(frame))
    return True


def _lose(choices: Choices, frames: list[Frame]) -> bool:
    frames.remove(_one(choices, frames))
    return True


def _swap(choices: Choices, frames: list[Frame]) -> bool:
    frame = _one(choices, frames)
    frames.remove(frame)
    frames.insert(choices.number(0, len(frames)), frame)
    return True


def _garble_text(choices: Choices, frames: list[Frame]) -> bool:
    frame = _one(choices, frames)
    at = choices.number(0, len(frame.payload))
    bad = _BAD_TEXT[choices.number(0, len(_BAD_TEXT) - 1)]
    frame.payload = frame.payload[:at] + bad + frame.payload[at:]
    return True


def _replace_payload(choices: Choices, frames: list[Frame]) -> bool:
    _one(choices, frames).payload = choices.octets(140)
    return True


def _close_badly(choices: Choices, frames: list[Frame]) -> bool:
    code = _BAD_CODES[choices.number(0, len(_BAD_CODES) - 1)].to_bytes(2, "big")
    payloads = (code, b"\x03", b"\x03\xe8\xff", b"\x03\xe8" + b"x" * 124, code + b"\xe2\x82")
    frame = Frame(Opcode.CLOSE, payloads[choices.number(0, len(payloads) - 1)])
    frame.key = _one(choices, frames).key
    frames.insert(choices.number(0, len(frames)), frame)
    return False


_FRAME_FAULTS: Final[tuple[_FrameFault, ...]] = (
    _unmask,
    _reserve,
    _rename,
    _unfinish,
    _spell_length_long,
    _lie_about_length,
    _repeat,
    _lose,
    _swap,
    _garble_text,
    _garble_text,
    _replace_payload,
    _close_badly,
)


def _flip_bits(choices: Choices, data: bytes) -> bytes:
    flipped = bytearray(data)
    for _ in range(choices.number(1, 4)):
        if flipped:
            flipped[choices.number(0, len(flipped) - 1)] ^= 1 << choices.number(0, 7)
    return bytes(flipped)


def _cut_off(choices: Choices, data: bytes) -> bytes:
    return data[: choices.number(0, len(data))]


def _cut_out(choices: Choices, data: bytes) -> bytes:
    at = choices.number(0, len(data))
    return data[:at] + data[at + choices.number(1, 8) :]


def _put_in(choices: Choices, data: bytes) -> bytes:
    at = choices.number(0, len(data))
    return data[:at] + choices.octets(16) + data[at:]


_BYTE_FAULTS: Final[tuple[Callable[[Choices, bytes], bytes], ...]] = (
    _flip_bits,
    _cut_off,
    _cut_out,
    _put_in,
)
