"""The hot half of a WebSocket, where nothing is compiled; `link.pyx` says how it works.

Both are held to each other by the tests. This one never sees the engine's sockets, which only exist
compiled: its transport is always asyncio's, or another one with that interface.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, Literal, NoReturn

from strikewire.websocket.frames import BINARY, PONG, TEXT, encode_frame
from strikewire.websocket.kernels import mask, utf8

Role = Literal["client", "server"]

_CORK_BYTES: Final = 65536
_WHOLE_BYTES: Final = 16384
_RSV1: Final = 0x40
_FIN_TEXT: Final = 0x81
_FIN_BINARY: Final = 0x82
_FIN_PING: Final = 0x89
_FIN_PONG: Final = 0x8A
_RANDOM_BYTES: Final = 4096
_UNBROKEN_SENDS: Final = 128


class Turn:
    """What the links of one event loop share: the masking keys, the end of a turn.

    Attributes:
        loop: The loop.
        corked: Whose replies are being collected, or None.
        number: Of the turn.
        collects: Whether topics add to what links send, rather than send themselves.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.corked: Link | None = None
        self.number = 1
        self.collects = False
        self._scheduled = False
        self._dirty: list[Link] = []
        self._flushers: list[Any] = []
        self._random = b""
        self._random_at = 0

    def mask_key(self) -> bytes:
        """Return four bytes that nobody can predict (RFC 6455 section 10.3)."""
        if self._random_at == len(self._random):
            self._random = os.urandom(_RANDOM_BYTES)
            self._random_at = 0
        self._random_at += 4
        return self._random[self._random_at - 4 : self._random_at]

    def schedule(self) -> None:
        """End the turn once the callbacks that are ready now have run."""
        if not self._scheduled:
            self._scheduled = True
            self.loop.call_soon(self.end)

    def soil(self, link: Link) -> None:
        """Let `link` send what it collected at the end of this turn."""
        if not link.is_dirty:
            link.is_dirty = True
            self._dirty.append(link)
            self.schedule()

    def flush_before_end(self, flusher: Any) -> None:  # noqa: ANN401 - anything with send_pending
        """Let `flusher` add to what the links send at the end of this turn."""
        self._flushers.append(flusher)
        self.schedule()

    def end(self) -> None:
        """Send everything that was collected in this turn."""
        self._scheduled = False
        self.flush_all()

    def flush_all(self) -> None:
        """Send everything that was collected so far; what comes then is of the next turn."""
        self.number += 1
        flushers, self._flushers = self._flushers, []
        self.collects = len(flushers) > 1
        for flusher in flushers:
            flusher.send_pending()
        self.collects = False
        dirty, self._dirty = self._dirty, []
        for link in dirty:
            link.end_turn()


class Link:
    """One connection: bytes to messages and back; see `link.pyx`, also for its subclass."""

    __slots__ = (
        "__weakref__",
        "_decodes",
        "_frame",
        "_frame_bytes",
        "_frame_bytes_max",
        "_frame_first",
        "_frame_key",
        "_frame_utf8",
        "_gone",
        "_head",
        "_held",
        "_inbox",
        "_inbox_max",
        "_is_server",
        "_message_bytes_max",
        "_on_message_callback",
        "_out",
        "_out_bytes",
        "_owed",
        "_parsing",
        "_replying",
        "_sent_unbroken",
        "_waiter",
        "_wrote_in",
        "bytes_received",
        "bytes_sent",
        "can_send",
        "deflates",
        "discards",
        "has_begun",
        "inflates",
        "is_dirty",
        "is_full",
        "message_open",
        "messages_received",
        "messages_sent",
        "next_shared",
        "paused",
        "role",
        "sends",
        "shared_group",
        "transport",
        "turn",
        "wire_bytes_received",
        "wire_bytes_sent",
    )

    # What a subclass gives; link.pyx lists them.
    _on_frame: Callable[[bytes], None]
    _on_head: Callable[[int, int], None]
    _on_bad_text: Callable[[], None]
    _on_pong: Callable[[bytes], None]
    _inflated: Callable[[int, bytes], bytes | None]
    _deflated: Callable[[bytes, bool], bytes]
    _callback_failed: Callable[[Exception], None]
    _inbox_full: Callable[[], None]
    _inbox_low: Callable[[], None]
    _keep: Callable[[bytes, int], None]
    _on_drained: Callable[[], None]
    _no_message: Callable[[bool], None]
    _cannot_send: Callable[[], NoReturn]
    _lone_surrogate: Callable[[], NoReturn]
    _send_in_turn: Callable[[str | bytes, bool | None, bool], Coroutine[Any, Any, None]]
    drain: Callable[[], Coroutine[Any, Any, None]]
    _give_way: Callable[[], Coroutine[Any, Any, None]]

    def __init__(
        self,
        turn: Turn,
        role: Role,
        *,
        frame_bytes_max: int,
        message_bytes_max: int,
        inbox_max: int,
    ) -> None:
        self.turn = turn
        self.role: Role = role
        self.transport: Any = None
        self.can_send = True
        self.discards = False
        self.message_open = False
        self.inflates = False
        self.deflates = False
        self.has_begun = False
        self.paused = False
        self.is_full = False
        self.is_dirty = False
        self.shared_group: object = None
        self.next_shared = -1
        self.messages_received = self.bytes_received = self.wire_bytes_received = 0
        self.messages_sent = self.bytes_sent = self.wire_bytes_sent = self.sends = 0
        self._is_server = role == "server"
        self._frame_bytes_max = frame_bytes_max
        self._message_bytes_max = message_bytes_max
        self._inbox_max = inbox_max
        self._decodes = True
        self._on_message_callback: Callable[..., None] | None = None
        self._inbox: deque[tuple[bytes, bool] | tuple[str, bool]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._parsing = False
        self._head = b""
        self._owed = 0
        self._held = b""
        self._frame: bytearray | None = None
        self._frame_bytes = 0
        self._frame_first = 0
        self._frame_key = b""
        self._frame_utf8 = utf8.COMPLETE
        self._gone = False
        self._replying = False
        self._sent_unbroken = 0
        self._wrote_in = 0
        self._out: list[bytes] = []
        self._out_bytes = 0

    def attach(self, transport: Any) -> None:  # noqa: ANN401 - what looks like one of asyncio's
        """Send to `transport` from here on."""
        self.transport = transport

    # ------------------------------------------------------------------------------- receiving

    def begin(self) -> None:
        """Deliver from here on, beginning with what waits."""
        self.has_begun = True
        self.go_on_delivering()

    def data_received(self, data: bytes) -> None:
        """Take in what the transport gave."""
        data = bytes(data)
        self.wire_bytes_received += len(data)
        self._held += data
        self._parse_held()

    def go_on_delivering(self) -> None:
        """Deliver what was kept while the link was paused."""
        if self._parsing or not self.has_begun:
            return
        while self._on_message_callback is not None and self._inbox and not self.paused:
            message, is_text = self._inbox.popleft()
            if isinstance(message, str) and not self._decodes:
                self._call_back(message.encode(), is_text)
            elif isinstance(message, bytes) and is_text and self._decodes:
                self._call_back(message.decode(), is_text)
            else:
                self._call_back(message, is_text)
        self._parse_held()

    def _parse_held(self) -> None:
        if self._parsing or not self.has_begun:
            return
        corks = self.turn.corked is None
        if corks:
            self.turn.corked = self
        self._parsing = True
        try:
            self._parse()
        finally:
            self._parsing = False
            if corks:
                self.turn.corked = None
                self.flush()

    def _parse(self) -> None:
        data, self._held = self._held, b""
        at = 0
        while at < len(data):
            if self.discards:
                return
            if self.paused:
                self._held = data[at:]
                return
            if self._frame is not None:
                at += self._fill_frame(data, at)
            elif self._owed:
                piece = data[at : at + self._owed]
                self._owed -= len(piece)
                at += len(piece)
                self._on_frame(piece)
            else:
                at = self._start(data, at)

    def _start(self, data: bytes, at: int) -> int:
        """Go on with a header; return where the parser is after it and what it needed."""
        head = self._head + data[at : at + 14 - len(self._head)]
        need = _header_bytes(head)
        if len(head) < need:
            self._head = head
            if len(head) >= 2:
                self._on_head(head[0], head[1])
            return len(data)
        at += need - len(self._head)
        self._head = b""
        return at + self._start_frame(head[:need], data, at)

    def _start_frame(self, head: bytes, data: bytes, at: int) -> int:
        first = head[0]
        kind = first & ~_RSV1
        length = _payload_bytes(head)
        here = len(data) - at
        if length < 0 or (head[1] & 0x80 != 0) != self._is_server:
            return self._hand_over(head, data, at)
        if kind in (_FIN_TEXT, _FIN_BINARY):
            fits = self.inflates if first & _RSV1 else length <= self._message_bytes_max
            if self.message_open or length > self._frame_bytes_max or not fits:
                return self._hand_over(head, data, at)
            self._frame = bytearray()
            self._frame_bytes = length
            self._frame_first = first
            self._frame_key = head[-4:] if self._is_server else b""
            self._frame_utf8 = utf8.COMPLETE
            return self._fill_frame(data, at)
        if first in (_FIN_PING, _FIN_PONG) and length <= 125 and length <= here:
            payload = data[at : at + length]
            self._control(first, mask.apply(payload, head[-4:]) if self._is_server else payload)
            return length
        return self._hand_over(head, data, at)

    def _hand_over(self, head: bytes, data: bytes, at: int) -> int:
        length = max(_payload_bytes(head), 0)
        piece = data[at : at + length]
        self._owed = length - len(piece)
        self._on_frame(head + piece)
        return len(piece)

    def _control(self, first: int, payload: bytes) -> None:
        if first == _FIN_PONG:
            self._on_pong(payload)
        elif self.can_send:
            self._send(self._framed(PONG, payload), 0)

    def _fill_frame(self, data: bytes, at: int) -> int:
        assert self._frame is not None
        piece = data[at : at + self._frame_bytes - len(self._frame)]
        used = len(piece)
        if self._frame_key:
            turn = len(self._frame) & 3
            piece = mask.apply(piece, self._frame_key[turn:] + self._frame_key[:turn])
        self._frame += piece
        if self._frame_first == _FIN_TEXT:
            self._frame_utf8 = utf8.advance(self._frame_utf8, piece)
        is_whole = len(self._frame) == self._frame_bytes
        if self._frame_utf8 == utf8.REJECT or (is_whole and self._frame_utf8 != utf8.COMPLETE):
            self._frame = None
            self._on_bad_text()
        elif is_whole:
            payload: bytes | None = bytes(self._frame)
            self._frame = None
            if self._frame_first & _RSV1:
                assert payload is not None
                payload = self._inflated(self._frame_first & 0x0F, payload)
            if payload is not None:
                self.deliver_message(payload, self._frame_first & 0x0F == TEXT)
        return used

    # ------------------------------------------------------------------------- taking messages

    def deliver_message(self, payload: bytes, is_text: bool) -> None:
        """Deliver a message."""
        self.messages_received += 1
        self.bytes_received += len(payload)
        if not self.can_send:
            return
        message = payload.decode() if is_text and self._decodes else payload
        if self._on_message_callback is not None:
            self._call_back(message, is_text)
            return
        self._inbox.append((message, is_text))  # type: ignore[arg-type]  # one of the two
        if len(self._inbox) >= self._inbox_max:
            self._inbox_full()
        self.wake_reader()

    def _call_back(self, message: str | bytes, is_text: bool) -> None:
        assert self._on_message_callback is not None
        try:
            if self._decodes:
                self._on_message_callback(message)
            else:
                self._on_message_callback(message, is_text)
        except Exception as error:  # noqa: BLE001 - whoever owns the link is told
            self._callback_failed(error)

    def wake_reader(self) -> None:
        """Let whoever waits for a message look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def waiting_messages(self) -> int:
        """How many messages wait to be taken."""
        return len(self._inbox)

    @property
    def has_reader(self) -> bool:
        """Whether a task waits for a message, or a callback takes them."""
        return self._waiter is not None or self._on_message_callback is not None

    @property
    def has_callback(self) -> bool:
        """Whether a callback takes messages."""
        return self._on_message_callback is not None

    def set_reader(self, on_message: Callable[..., None], decode: bool) -> None:
        """Hand every message to `on_message`: one argument with `decode`, else payload and kind."""
        self._on_message_callback = on_message
        self._decodes = decode

    def _pop(self, decode: bool) -> str | bytes:
        message, is_text = self._inbox.popleft()
        if self.paused:
            self._inbox_low()
        if not decode and isinstance(message, str):
            return message.encode()
        if decode and is_text and isinstance(message, bytes):
            return message.decode()
        return message

    def take_all(self, decode: bool = True) -> list[str | bytes]:
        """Return every message that waits, in a list."""
        messages = []
        while self._inbox:
            messages.append(self._pop(decode))
        return messages

    def next_message(self, decode: bool = True, iterates: bool = False) -> NextMessage:
        """Return an awaitable of the next message."""
        return NextMessage(self, decode=decode, iterates=iterates, everything=False)

    def next_batch(self, decode: bool = True) -> NextMessage:
        """Return an awaitable of every message that is here, at least one; it iterates."""
        return NextMessage(self, decode=decode, iterates=True, everything=True)

    def __aiter__(self) -> Link:
        return self

    def __anext__(self) -> NextMessage:
        return NextMessage(self, decode=True, iterates=True, everything=False)

    # --------------------------------------------------------------------------------- sending

    def send_nowait(
        self, payload: str | bytes, *, text: bool | None = None, compress: bool = True
    ) -> None:
        """Queue a message; see `send`.

        A peer that lets more than `queued_bytes_max` wait is closed with 1008, and the message that
        would have been too much is dropped.
        """
        if not self.can_send:
            self._cannot_send()
        if isinstance(payload, str):
            is_text = text is None or text
            try:
                data = payload.encode()
            except UnicodeEncodeError:
                self._lone_surrogate()
        else:
            is_text = text is True
            data = bytes(memoryview(payload))
        self.messages_sent += 1
        self.bytes_sent += len(data)
        if self.deflates and compress:
            self._send(self._deflated(data, is_text), 1)
        else:
            self._send(self._framed(TEXT if is_text else BINARY, data), 1)

    async def send(
        self, payload: str | bytes, *, text: bool | None = None, compress: bool = True
    ) -> None:
        """Send a message; await what is returned, which waits while the peer does not read.

        Waiting here replaces `queued_bytes_max`, which this does not look at.

        Args:
            payload: A str travels as text, bytes as binary unless `text` says otherwise.
            text: Whether bytes travel as text; they must be valid UTF-8, which is not checked.
            compress: Whether the message may be compressed, where that was agreed on.

        Raises:
            ConnectionClosedError: The connection is closed or closing.
            LocalProtocolError: A str holds a lone surrogate.
        """
        if self.is_full:
            await self._send_in_turn(payload, text, compress)
            return
        self.send_nowait(payload, text=text, compress=compress)
        if self.is_full:
            await self.drain()
            return
        self._sent_unbroken += 1 + (len(payload) >> 13)
        if self._sent_unbroken >= _UNBROKEN_SENDS:
            self._sent_unbroken = 0
            await self._give_way()

    def send_frame_bytes(self, frame: bytes, messages: int = 0) -> None:
        """Queue what is framed already; it counts as so many messages."""
        self.messages_sent += messages
        self._send(frame, messages)

    def put_bytes(self, frame: bytes) -> None:
        """Send what is framed already, after everything collected so far, whatever is queued."""
        self.flush()
        self._put(frame)

    def end_turn(self) -> None:
        """Send what was collected in the turn that ends."""
        self.is_dirty = False
        self._replying = False
        self.flush()

    def flush(self) -> None:
        """Send what was collected in this turn, now."""
        if not self._out:
            return
        out = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out = []
        self._out_bytes = 0
        if self._gone:
            return
        if self.is_full:
            self._keep(out, 1)
        else:
            self._put(out)

    @property
    def collected_bytes(self) -> int:
        """How many bytes were collected in this turn and have not been sent."""
        return self._out_bytes

    def _framed(self, opcode: int, payload: bytes) -> bytes:
        return encode_frame(opcode, payload, key=b"" if self._is_server else self.turn.mask_key())

    def _send(self, frame: bytes, messages: int) -> None:
        if self._gone:
            return
        if len(frame) >= _WHOLE_BYTES:
            self.flush()
            if not self.is_full:
                self._put(frame)
                return
        if self.is_full:
            self._keep(frame, messages)
        elif self.turn.corked is self:
            self._collect(frame)
        elif self._leaves_at_once():
            self._put(frame)
        else:
            self._collect(frame)
            if self._inbox:
                self._replying = True
            elif self._replying:
                self._replying = False
                self.flush()
            if self._out:
                self.turn.soil(self)

    def _collect(self, frame: bytes) -> None:
        self._out.append(frame)
        self._out_bytes += len(frame)
        if self._out_bytes >= _CORK_BYTES:
            self.flush()

    def _leaves_at_once(self) -> bool:
        turn = self.turn
        if turn.number == self._wrote_in or self._out or self._inbox or turn.collects:
            return False
        self._wrote_in = turn.number
        turn.schedule()
        return True

    def _put(self, data: bytes) -> None:
        if self._gone:
            return
        self.sends += 1
        self.wire_bytes_sent += len(data)
        self.transport.write(data)

    # ------------------------------------------------------------------- what transports say

    def pause_writing(self) -> None:
        """Take in that the transport is full."""
        self.is_full = True

    def resume_writing(self) -> None:
        """Take in that the transport has room again."""
        self.is_full = False
        self._on_drained()

    def abandon(self) -> None:
        """Forget everything that has not left, and send nothing more: the socket is gone."""
        self._gone = True
        self.is_full = False
        self._out = []
        self._out_bytes = 0


class NextMessage:
    """Waits for a message, or for all that are here; takes it only when the waiting task runs."""

    def __init__(self, link: Link, *, decode: bool, iterates: bool, everything: bool) -> None:
        self._link = link
        self._decode = decode
        self._iterates = iterates
        self._all = everything
        if not link.has_reader:
            link._decodes = decode  # noqa: SLF001 - one class in two halves, as in link.pyx

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait."""
        link = self._link
        while not link.waiting_messages:
            link._no_message(self._iterates)  # noqa: SLF001 - as above
            link._sent_unbroken = 0  # noqa: SLF001 - as above
            waiter = link._waiter = link.turn.loop.create_future()  # noqa: SLF001 - as above
            try:
                yield from waiter
            finally:
                link._waiter = None  # noqa: SLF001 - as above
        return link.take_all(self._decode) if self._all else link._pop(self._decode)  # noqa: SLF001 - as above


def _header_bytes(head: bytes) -> int:
    if len(head) < 2:
        return 2
    size = 6 if head[1] & 0x80 else 2
    return size + {126: 2, 127: 8}.get(head[1] & 0x7F, 0)


def _payload_bytes(head: bytes) -> int:
    """Return the length that a header announces; -1 if it is not encoded as it must be."""
    length = head[1] & 0x7F
    if length == 126:
        length = int.from_bytes(head[2:4], "big")
        return length if length >= 126 else -1
    if length == 127:
        length = int.from_bytes(head[2:10], "big")
        return length if 65536 <= length < 1 << 62 else -1
    return length
