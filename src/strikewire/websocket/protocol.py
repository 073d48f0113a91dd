"""An open WebSocket connection without I/O: bytes in, events out; messages in, bytes out.

Theory of operation. The handshake is over when a `Protocol` begins. Whoever owns the socket

- gives what it received to `receive_data` and takes the events from `next_event` until that is
  None; frames are looked at one event at a time, so a reader that stops asking stops the work;
- writes what the `send_*` methods return, all of it and in that order;
- says `receive_eof` when the peer's half of the stream ends.

Nothing is answered behind the owner's back: a `Ping` wants `send_pong`, a `Close` wants
`send_close`, a `RemoteProtocolError` wants `send_close` with the code it carries.

What may happen when is the table `TRANSITIONS`, and nothing else decides it: a step that is missing
from a state's row cannot be taken there. For a `SEND_*` step that is a `LocalProtocolError`; what
arrives in a state without `RECEIVE_FRAME` is thrown away unread, because the protocol says so:

- 1.4: after a Close, "the peer does not send any further data; after receiving it, any further
  data received is discarded";
- 7.1.7: once the connection has been failed, "an endpoint MUST NOT continue to attempt to process
  data (including a responding Close frame) from the remote endpoint".

The diagram in docs/reference/websocket.md is drawn from the table.

Source: RFC 6455; RFC 7692 for compressed messages.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, Literal

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import LocalProtocolError, RemoteProtocolError
from strikewire.websocket.events import Close, Event, Ping, Pong
from strikewire.websocket.extensions import Agreement
from strikewire.websocket.frames import (
    BINARY,
    CONTINUATION,
    CONTROL_BYTES_MAX,
    PING,
    TEXT,
    FrameHeader,
    Opcode,
    encode_close,
    encode_frame,
    parse_close,
    parse_header,
)
from strikewire.websocket.kernels import mask
from strikewire.websocket.limits import Limits
from strikewire.websocket.messages import Assembler, Saving, message_too_big, not_utf8
from strikewire.websocket.prepared import Prepared

Role = Literal["client", "server"]


class State(StrEnum):
    """How far a connection is from its end."""

    OPEN = "open"
    CLOSE_SENT = "close sent"  # we wait for the peer's Close
    CLOSE_RECEIVED = "close received"  # we owe a Close
    FAILED = "failed"  # the peer broke the protocol, and may be told so
    CLOSED = "closed"


class Step(StrEnum):
    """What can happen to a connection."""

    SEND_DATA = "send data"
    SEND_CONTROL = "send ping or pong"
    SEND_CLOSE = "send close"
    RECEIVE_FRAME = "receive data, ping or pong"
    RECEIVE_CLOSE = "receive close"
    RECEIVE_ERROR = "receive a violation"
    RECEIVE_EOF = "receive end of stream"


TRANSITIONS: Final[Mapping[State, Mapping[Step, State]]] = {
    State.OPEN: {
        Step.SEND_DATA: State.OPEN,
        Step.SEND_CONTROL: State.OPEN,
        Step.SEND_CLOSE: State.CLOSE_SENT,
        Step.RECEIVE_FRAME: State.OPEN,
        Step.RECEIVE_CLOSE: State.CLOSE_RECEIVED,
        Step.RECEIVE_ERROR: State.FAILED,
        Step.RECEIVE_EOF: State.CLOSED,
    },
    # 5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
    State.CLOSE_SENT: {
        Step.RECEIVE_FRAME: State.CLOSE_SENT,
        Step.RECEIVE_CLOSE: State.CLOSED,
        Step.RECEIVE_ERROR: State.CLOSED,
        Step.RECEIVE_EOF: State.CLOSED,
    },
    # 5.5.1: "An endpoint MAY delay sending a Close frame until its current message is sent".
    State.CLOSE_RECEIVED: {
        Step.SEND_DATA: State.CLOSE_RECEIVED,
        Step.SEND_CLOSE: State.CLOSED,
        Step.RECEIVE_EOF: State.CLOSED,
    },
    # 7.1.7: "SHOULD send a Close frame with an appropriate status code".
    State.FAILED: {
        Step.SEND_CLOSE: State.CLOSED,
        Step.RECEIVE_EOF: State.CLOSED,
    },
    State.CLOSED: {
        Step.RECEIVE_EOF: State.CLOSED,
    },
}


_NEVER: Final = 1 << 62  # longer than any message
_CONTROL: Final = 0x08


class Protocol:
    """One end of an open connection.

    Attributes:
        role: Which end.
        state: Where in `TRANSITIONS` it is.
        close_code: Of the first Close frame, whoever sent it; 1006 if the stream ended without
            one; None while there is neither.
        close_reason: The words beside it.
        closed_by_us: Whether that first Close was ours.
        discards: Whether what arrives is thrown away unread.
        compressed: What compressing our own messages saved; None before the first.
    """

    __slots__ = (
        "_agreement",
        "_assembler",
        "_buffer",
        "_compressed_before",
        "_compressed_bytes_min",
        "_control",
        "_deflater",
        "_fragment_deflated",
        "_fragmented",
        "_frame_bytes_max",
        "_header",
        "_mask_key",
        "_message_bytes_max",
        "_position",
        "_taken",
        "close_code",
        "close_reason",
        "closed_by_us",
        "compressed",
        "discards",
        "role",
        "state",
    )

    def __init__(
        self,
        role: Role,
        *,
        limits: Limits | None = None,
        agreement: Agreement | None = None,
        mask_key: Callable[[], bytes] | None = None,
    ) -> None:
        """Begin where the handshake ended.

        Args:
            role: Which end this is.
            limits: For frames and messages received; the default ones without.
            agreement: What the handshake agreed on about compression.
            mask_key: Returns four new unpredictable bytes; a client needs it, a server has none.
        """
        assert (role == "client") == (mask_key is not None)
        limits = limits or Limits()
        self.role = role
        self.state = State.OPEN
        self.discards = False
        self.compressed: Saving | None = None
        self._compressed_before: Saving | None = None
        self.close_code: int | None = None
        self.close_reason = ""
        self.closed_by_us = False

        self._mask_key = mask_key
        self._agreement = agreement
        self._frame_bytes_max = limits.frame_bytes_max
        self._message_bytes_max = limits.message_bytes_max
        self._buffer = b""
        self._position = 0
        self._header: FrameHeader | None = None
        self._taken = 0
        self._control = b""
        self._assembler = Assembler(
            message_bytes_max=limits.message_bytes_max,
            inflater=None if agreement is None else agreement.inflater(role),
        )
        self._deflater = None if agreement is None else agreement.deflater(role)
        self._compressed_bytes_min = (
            _NEVER if agreement is None else agreement.compression.message_bytes_min
        )
        self._fragmented = False
        self._fragment_deflated = False

    # ------------------------------------------------------------------------------- receiving

    def receive_data(self, data: bytes) -> None:
        """Take in what the socket gave. Ask `next_event` for what became of it."""
        if self._position == len(self._buffer):
            self._buffer = data
        else:
            self._buffer = self._buffer[self._position :] + data
        self._position = 0

    def receive_eof(self) -> None:
        """Take in that the peer will send no more."""
        self._take(Step.RECEIVE_EOF)
        if self.close_code is None:
            self.close_code = int(CloseCode.ABNORMAL)

    def next_event(self) -> Event | None:
        """Return what happened next, or None until more data comes.

        Raises:
            RemoteProtocolError: The peer broke the protocol. The events before were good. Send a
                Close with the code it carries, if `state` is FAILED, and hang up.
        """
        if self.discards:
            self._buffer = b""
            self._position = 0
            return None
        try:
            return self._next_event()
        except RemoteProtocolError as error:
            self._fail(error)
            raise

    def _fail(self, error: RemoteProtocolError) -> None:
        self._take(Step.RECEIVE_ERROR)
        if self.close_code is None:
            self.close_code = int(error.close_code)
            self.close_reason = error.reason
            self.closed_by_us = True

    @property
    def is_message_open(self) -> bool:
        """Whether a fragmented message has begun and has not ended."""
        return self._assembler.is_open

    # Whoever parses whole messages without this class (a `Link`) tells it of them by these.

    def inflate_message(self, opcode: int, payload: bytes) -> bytes:
        """Return what the payload of a compressed frame, a whole message, becomes.

        Raises:
            RemoteProtocolError: It is too big, not deflated data or not UTF-8.
        """
        try:
            return self._assembler.whole(opcode, payload, compressed=True).payload
        except RemoteProtocolError as error:
            self._fail(error)
            raise

    def forget_deflated(self) -> None:
        """Compress what comes next in a fresh context, which refers to nothing before."""
        if self._deflater is not None:
            self._deflater.forget()

    def rest(self) -> None:
        """Give the memory for compressing back, if nothing was compressed since the last call."""
        if self._deflater is None or self._fragmented:
            return
        if self.compressed is self._compressed_before:
            self._deflater.rest()
        self._compressed_before = self.compressed

    def refuse_text(self) -> RemoteProtocolError:
        """Fail the connection because a text is not UTF-8; return the verdict."""
        error = not_utf8()
        self._fail(error)
        return error

    def _next_event(self) -> Event | None:
        while True:
            header = self._header or self._next_header()
            if header is None:
                return None
            event = self._receive_piece(header, self._next_piece(header))
            if event is not None:
                return event
            if self._header is not None:
                return None

    def _next_header(self) -> FrameHeader | None:
        header = parse_header(self._buffer, self._position)
        if header is None:
            return None
        self._check(header)
        self._position += header.size
        self._taken = 0
        self._header = header
        if header.opcode in (TEXT, BINARY):
            is_here = len(self._buffer) - self._position >= header.length
            if not (header.fin and is_here):
                self._assembler.begin(header.opcode, compressed=header.rsv1)
        return header

    def _next_piece(self, header: FrameHeader) -> bytes:
        """Return what is here of the frame's payload; `_header` is None once that is all of it."""
        start = self._position
        piece = self._buffer[start : start + header.length - self._taken]
        self._position += len(piece)
        if header.key:
            turn = self._taken & 3
            piece = mask.apply(piece, header.key[turn:] + header.key[:turn])
        self._taken += len(piece)
        if self._taken == header.length:
            self._header = None
        return piece

    def check_start(self, first: int, second: int) -> None:
        """Judge a frame by its first two bytes, while the rest of its header is still to come.

        Raises:
            RemoteProtocolError: They break a rule; see `next_event`.
        """
        try:
            parse_header(bytes((first, second)), 0)
            self._check_kind(first & 0x0F, rsv1=bool(first & 0x40), masked=bool(second & 0x80))
        except RemoteProtocolError as error:
            self._fail(error)
            raise

    def _check_kind(self, opcode: int, *, rsv1: bool, masked: bool) -> None:
        # 5.1: "The server MUST close the connection upon receiving a frame that is not masked",
        # and a client "MUST close a connection if it detects a masked frame".
        if masked != (self.role == "server"):
            words = "frame from a client is not masked" if self.role == "server" else "masked frame"
            raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, words)
        if opcode & _CONTROL:
            if rsv1:
                raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, "compressed control frame")
            return
        continues = opcode == CONTINUATION
        if rsv1 and (continues or self._agreement is None):
            # RFC 7692 6: RSV1 is set on the first frame of a message, once it was agreed on.
            raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, "rsv1 set where it has no meaning")
        if continues != self._assembler.is_open:
            # 5.4: fragments of one message are not interleaved with another's.
            words = "continuation of no message" if continues else "message inside a message"
            raise RemoteProtocolError(CloseCode.PROTOCOL_ERROR, words)

    def _check(self, header: FrameHeader) -> None:
        self._check_kind(header.opcode, rsv1=header.rsv1, masked=header.key != b"")
        if header.is_control:
            return
        continues = header.opcode == CONTINUATION
        if header.length > self._frame_bytes_max:
            raise RemoteProtocolError(
                CloseCode.MESSAGE_TOO_BIG, f"frame is longer than {self._frame_bytes_max} bytes"
            )
        if continues:
            self._assembler.announce(header.length)
        elif not header.rsv1 and header.length > self._message_bytes_max:
            raise message_too_big(self._message_bytes_max)

    def _receive_piece(self, header: FrameHeader, piece: bytes) -> Event | None:
        if header.is_control:
            self._control += piece
            return self._receive_control(header) if self._header is None else None
        assembler = self._assembler
        if not assembler.is_open:
            return assembler.whole(header.opcode, piece, compressed=header.rsv1)
        assembler.add(piece)
        return assembler.end() if header.fin and self._header is None else None

    def _receive_control(self, header: FrameHeader) -> Event:
        payload = self._control
        self._control = b""
        if header.opcode == PING:
            return Ping(payload)
        if header.opcode == Opcode.PONG:
            return Pong(payload)
        code, reason = parse_close(payload)
        self._take(Step.RECEIVE_CLOSE)
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
        return Close(code, reason)

    # --------------------------------------------------------------------------------- sending

    def send_text(self, payload: str | bytes, *, compress: bool = True) -> bytes:
        """Return the frame of a text message.

        Args:
            payload: A str, or bytes of UTF-8 (which is not checked).
            compress: Whether it may be compressed, where that was agreed on.

        Raises:
            LocalProtocolError: Nothing may be sent any more, or a fragmented message has not ended,
                or the str holds a lone surrogate.
        """
        return self._send_message(TEXT, _encode(payload), compress=compress)

    def send_message(self, payload: bytes, *, text: bool) -> bytes:
        """Return the frame of a message, compressed if that was agreed on; see `send_text`."""
        return self._send_message(TEXT if text else BINARY, payload, compress=True)

    def send_binary(self, payload: bytes, *, compress: bool = True) -> bytes:
        """Return the frame of a binary message; see `send_text`."""
        return self._send_message(BINARY, payload, compress=compress)

    def send_prepared(self, message: Prepared) -> bytes:
        """Return the frame of a message that was prepared for many; only a server has such.

        Raises:
            LocalProtocolError: As `send_text`, or this is a client: its frames are masked, each
                with a key of its own.
        """
        if self.role == "client":
            raise LocalProtocolError("a client cannot send what was framed for many")
        self._permit_message()
        return message.frame(self._agreement)

    def send_fragment(
        self, opcode: Literal[Opcode.TEXT, Opcode.BINARY], payload: bytes, *, fin: bool
    ) -> bytes:
        """Return one frame of a message sent in several.

        The first call begins a message, the one with `fin` ends it. Ping, pong and close may come
        in between, other messages may not.

        Args:
            opcode: What the message is, the same for all its fragments.
            payload: A text may be cut inside a character.
            fin: Whether this is the last fragment.

        Raises:
            LocalProtocolError: Nothing may be sent any more.
        """
        self._permit(Step.SEND_DATA)
        begins = not self._fragmented
        if begins:
            self._fragment_deflated = self._deflater is not None
        if self._fragment_deflated:
            assert self._deflater is not None
            payload = self._deflater.deflate(payload, last=fin)
        self._fragmented = not fin
        return encode_frame(
            opcode if begins else Opcode.CONTINUATION,
            payload,
            fin=fin,
            rsv1=begins and self._fragment_deflated,
            key=self._next_key(),
        )

    def send_ping(self, payload: bytes = b"") -> bytes:
        """Return a Ping frame.

        Raises:
            LocalProtocolError: Nothing may be sent any more, or the payload exceeds 125 bytes.
        """
        return self._send_control(Opcode.PING, payload)

    def send_pong(self, payload: bytes = b"") -> bytes:
        """Return a Pong frame: with a Ping's payload to answer it, or unasked.

        Raises:
            LocalProtocolError: Nothing may be sent any more, or the payload exceeds 125 bytes.
        """
        return self._send_control(Opcode.PONG, payload)

    def send_close(self, code: int = CloseCode.NORMAL, reason: str = "") -> bytes:
        """Return a Close frame.

        Args:
            code: One that may travel, or 1005 for a frame without code.
            reason: For people; at most 123 bytes of UTF-8.

        Raises:
            LocalProtocolError: Close was sent already, or code or reason may not be sent.
        """
        self._permit(Step.SEND_CLOSE)
        payload = encode_close(code, reason)
        self._take(Step.SEND_CLOSE)
        if self.close_code is None:
            self.close_code, self.close_reason, self.closed_by_us = int(code), reason, True
        return encode_frame(Opcode.CLOSE, payload, key=self._next_key())

    @property
    def inflated(self) -> Saving | None:
        """What the peer's compression saved; None before the first compressed message."""
        return self._assembler.inflated

    def _send_message(self, opcode: int, payload: bytes, *, compress: bool) -> bytes:
        self._permit_message()
        rsv1 = compress and len(payload) >= self._compressed_bytes_min
        if rsv1:
            assert self._deflater is not None
            deflated = self._deflater.deflate(payload, last=True)
            self.compressed = (self.compressed or Saving()).with_one(len(payload), len(deflated))
            rsv1 = self._deflater.keeps_context or len(deflated) < len(payload)
            payload = deflated if rsv1 else payload
        return encode_frame(opcode, payload, rsv1=rsv1, key=self._next_key())

    def _send_control(self, opcode: int, payload: bytes) -> bytes:
        self._permit(Step.SEND_CONTROL)
        if len(payload) > CONTROL_BYTES_MAX:
            raise LocalProtocolError(
                f"control frame of {len(payload)} bytes, at most {CONTROL_BYTES_MAX}"
            )
        return encode_frame(opcode, payload, key=self._next_key())

    def _next_key(self) -> bytes:
        if self._mask_key is None:
            return b""
        # 5.3: the key "MUST be derived from a strong source of entropy", a new one each frame.
        key = self._mask_key()
        assert len(key) == 4
        return key

    # ----------------------------------------------------------------------------------- state

    def may_take(self, step: Step) -> bool:
        """Return whether `step` is possible now."""
        return step in TRANSITIONS[self.state]

    def _permit(self, step: Step) -> None:
        if not self.may_take(step):
            raise LocalProtocolError(f"cannot {step}: the connection is {self.state}")

    def _permit_message(self) -> None:
        if self.state is not State.OPEN:  # where a message may be sent without a second look
            self._permit(Step.SEND_DATA)
        if self._fragmented:
            raise LocalProtocolError("a fragmented message has not ended")

    def _take(self, step: Step) -> None:
        self.state = TRANSITIONS[self.state][step]
        self.discards = Step.RECEIVE_FRAME not in TRANSITIONS[self.state]


def _encode(payload: str | bytes) -> bytes:
    if isinstance(payload, bytes):
        return payload
    try:
        return payload.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError("text holds a lone surrogate") from None
