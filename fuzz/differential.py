"""One stream, many readers: what each heard, and whether they may differ in it.

Ours are the sans-I/O `Protocol`, and `Connection` in every shape it has: compiled and interpreted,
on a transport of asyncio's and on the engine's own sockets, messages taken by a callback or from
the inbox. These must agree to the byte. The others are `websockets` and `wsproto`; where they may
differ from us is the table `DIFFERENCES`, and nothing else.
"""

from __future__ import annotations

import asyncio
import codecs
import importlib
import importlib.machinery
import importlib.util
import socket
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, NamedTuple

import msgspec
from websockets.extensions.permessage_deflate import PerMessageDeflate as TheirDeflate
from websockets.frames import Frame as TheirFrame
from websockets.frames import Opcode as TheirOpcode
from websockets.protocol import OPEN, Side
from websockets.protocol import Protocol as TheirProtocol
from wsproto import ConnectionType
from wsproto.connection import Connection as WsprotoConnection
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, TextMessage
from wsproto.extensions import Extension
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate

from strikewire.testing.streams import Stream
from strikewire.testing.transport import MemoryTransport
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.turns import engine_of, turn_of
from strikewire.websocket.errors import RemoteProtocolError
from strikewire.websocket.events import Binary, Close, Event, Ping, Pong, Text
from strikewire.websocket.kernels import mask
from strikewire.websocket.limits import Limits
from strikewire.websocket.protocol import Protocol, Role, State

_KEY: Final = b"\x37\xfa\x21\x3d"
_BOUNDLESS: Final = Limits(message_bytes_max=1 << 40, frame_bytes_max=1 << 40)


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a stream.

    Attributes:
        messages: What was delivered, in order.
        answers: What was sent back, in order; the peers' is not compared.
        code: The close code; None while the connection is open.
        reason: The words beside it; of a violation none, because a header that is wrong in two ways
            is refused for what is seen first.
        by_us: Whether the listener closed first, because it found a violation or its owner did.
        is_over: Whether what still comes is thrown away unread; the peers' is not compared.
        counted: Messages received and their bytes, those included that came too late for the owner
            to want them; the peers' is not compared.
    """

    messages: list[Text | Binary]
    answers: list[Event] = []
    code: int | None = None
    reason: str = ""
    by_us: bool = False
    is_over: bool = False
    counted: tuple[int, int] = (0, 0)

    @property
    def is_refused(self) -> bool:
        """Whether the listener found a violation."""
        return self.code is not None and self.by_us


def pieces_of(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Return `data` in pieces; a cut is a position, whatever its size."""
    marks = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


# ---------------------------------------------------------------------------------------- ours


Takes = Literal["decoded", "undecoded", "inbox", "switching", "pausing", "closing"]
"""How the owner of a connection takes messages: by a callback that echoes, decoded or not; from the
inbox; from there at first and then by a callback; by a callback that echoes, and pauses at
each; by one that closes at the first."""

TAKES: Final[tuple[Takes, ...]] = (
    "decoded",
    "undecoded",
    "inbox",
    "switching",
    "pausing",
    "closing",
)
_ECHOES: Final = frozenset({"decoded", "undecoded", "pausing"})


def heard_by_protocol(stream: Stream, pieces: Sequence[bytes], takes: Takes = "inbox") -> Heard:
    """Return what `Protocol` makes of it, and what a connection over it would answer."""
    target = Protocol(
        stream.role,
        limits=stream.limits,
        agreement=stream.agreement,
        mask_key=(lambda: _KEY) if stream.role == "client" else None,
    )
    messages: list[Text | Binary] = []
    answers: list[Event] = []
    counted = 0, 0
    try:
        for piece in pieces:
            target.receive_data(piece)
            while (event := target.next_event()) is not None:
                if isinstance(event, Text | Binary):
                    counted = counted[0] + 1, counted[1] + len(event.payload)
                if target.state is State.CLOSE_SENT or target.state is State.CLOSED:
                    continue  # nobody wants it any more, and nothing may answer it
                match event:
                    case Text() | Binary():
                        messages.append(event)
                        if takes in _ECHOES:
                            answers.append(event)
                        if takes == "closing":
                            target.send_close()
                            answers.append(Close(1000, ""))
                    case Ping(payload):
                        answers.append(Pong(payload))
                    case Pong():
                        pass
                    case Close(code):
                        answers.append(Close(code, ""))
    except RemoteProtocolError as error:
        if target.state is State.FAILED:
            answers.append(Close(int(error.close_code), ""))
    return Heard(
        messages=messages,
        answers=answers,
        code=target.close_code,
        reason="" if target.closed_by_us else target.close_reason,
        by_us=target.closed_by_us,
        is_over=target.discards,
        counted=counted,
    )


Sockets = Literal["memory", "engine"]


class Shape(NamedTuple):
    """One way in which a connection can be had.

    Attributes:
        is_compiled: Whether its kernels are (where there is a compiler).
        sockets: "memory" for a transport of asyncio's kind, "engine" for the engine's own.
        takes: What its owner does with messages.
    """

    is_compiled: bool
    sockets: Sockets
    takes: Takes


_SOCKETS: Final[tuple[Sockets, ...]] = ("memory", "engine")
SHAPES: Final = tuple(
    Shape(is_compiled, sockets, takes)
    for is_compiled in (True, False)
    for sockets in _SOCKETS
    for takes in TAKES
)


class _Kernels(NamedTuple):
    """What a connection is made of."""

    connection: type[Connection]
    turn: Callable[[asyncio.AbstractEventLoop], Any]
    engine: Callable[[asyncio.AbstractEventLoop], Any]


_ROOM: Final = "strikewire.websocket"
_REMADE: Final = (
    "kernels.mask",
    "kernels.utf8",
    "frames",
    "messages",
    "protocol",
    "aio.kernels.engine",
    "aio.kernels.link",
    "aio.backlog",
    "aio.connection",
)


def interpreted_modules() -> dict[str, ModuleType]:
    """Load the room's kernels interpreted, and again what is built on them."""
    names = [f"{_ROOM}.{name}" for name in _REMADE]
    before = {name: importlib.import_module(name) for name in names}
    made: dict[str, ModuleType] = {}
    try:
        for name, short in zip(names, _REMADE, strict=True):
            path = Path(before[name].__file__ or "").parent / f"{short.rpartition('.')[2]}.py"
            loader = importlib.machinery.SourceFileLoader(name, str(path))
            spec = importlib.util.spec_from_loader(name, loader)
            assert spec is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            loader.exec_module(module)
            made[short] = module
    finally:
        sys.modules.update(before)
    return made


INTERPRETED: Final = interpreted_modules()


def _interpreted() -> _Kernels:
    modules = INTERPRETED
    link, engine = modules["aio.kernels.link"], modules["aio.kernels.engine"]

    def make_engine(loop: asyncio.AbstractEventLoop) -> Any:  # noqa: ANN401 - of a module made here
        return engine.Engine(loop)

    return _Kernels(modules["aio.connection"].Connection, link.Turn, make_engine)


_KERNELS: Final = {
    True: _Kernels(Connection, turn_of, lambda loop: engine_of(loop, "native")),
    False: _interpreted(),
}


async def heard_by_connection(stream: Stream, pieces: Sequence[bytes], shape: Shape) -> Heard:
    """Return what a `Connection` makes of it."""
    loop = asyncio.get_running_loop()
    kernels = _KERNELS[shape.is_compiled]
    turn = kernels.turn(loop)
    connection = kernels.connection(
        turn, stream.role, limits=stream.limits, agreement=stream.agreement
    )
    messages: list[Text | Binary] = []

    def take(payload: bytes, is_text: bool) -> None:
        messages.append(Text(payload) if is_text else Binary(payload))
        connection.send_nowait(payload, text=is_text)

    def take_decoded(message: str | bytes) -> None:
        messages.append(Text(message.encode()) if isinstance(message, str) else Binary(message))
        connection.send_nowait(message)

    def keep(payload: bytes, is_text: bool) -> None:
        messages.append(Text(payload) if is_text else Binary(payload))

    def take_and_pause(payload: bytes, is_text: bool) -> None:
        assert not connection.paused
        take(payload, is_text)
        connection.pause_reading()

    def take_and_close(payload: bytes, is_text: bool) -> None:
        keep(payload, is_text)
        connection.close_nowait()

    def empty_inbox() -> None:
        assert connection.waiting_messages <= stream.limits.received_messages_max
        while connection.waiting_messages:
            messages.extend(
                Text(message.encode()) if isinstance(message, str) else Binary(message)
                for message in connection.take_all()
            )

    def switch() -> None:
        if not connection.has_callback:
            connection.on_message(keep)

    def go_on() -> None:
        while connection.paused:
            connection.resume_reading()

    after: Callable[[], None] = empty_inbox
    match shape.takes:
        case "decoded":
            connection.on_message(take_decoded, decode=True)
        case "undecoded":
            connection.on_message(take)
        case "pausing":
            connection.on_message(take_and_pause)
            after = go_on
        case "closing":
            connection.on_message(take_and_close)
        case "switching":
            after = switch
        case "inbox":
            pass
    connection.begin()
    feed = _feed_memory if shape.sockets == "memory" else _feed_socket
    written, verdict = await feed(connection, kernels.engine, pieces, after)
    code, reason, by_us, is_over, counted = verdict
    return Heard(
        messages=messages,
        answers=_read_answers(stream, written),
        code=code,
        reason="" if by_us else reason,
        by_us=by_us,
        is_over=is_over,
        counted=counted,
    )


_Verdict = tuple[int | None, str, bool, bool, tuple[int, int]]


def _verdict(connection: Connection) -> _Verdict:
    return (
        connection.close_code,
        connection.close_reason,
        connection.closed_by_us,
        connection.discards,
        (connection.messages_received, connection.bytes_received),
    )


async def _feed_memory(
    connection: Connection, _: object, pieces: Sequence[bytes], after: Callable[[], None]
) -> tuple[bytes, _Verdict]:
    transport = MemoryTransport(connection)
    connection.connection_made(transport)
    for piece in pieces:
        transport.give(piece)
        after()
    written, verdict = transport.all_written, _verdict(connection)
    await asyncio.sleep(0)
    assert transport.all_written == written, "something was held back to the end of the turn"
    return written, verdict


_POLLS_MAX: Final = 10_000


async def _feed_socket(
    connection: Connection,
    engine_of_loop: Callable[[asyncio.AbstractEventLoop], Any],
    pieces: Sequence[bytes],
    after: Callable[[], None],
) -> tuple[bytes, _Verdict]:
    engine = engine_of_loop(asyncio.get_running_loop())
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    written = bytearray()

    def hear() -> None:
        with suppress(BlockingIOError, ConnectionResetError):
            while data := theirs.recv(1 << 16):
                written.extend(data)

    transport = engine.adopt(ours, connection)
    given = 0
    try:
        for piece in pieces:
            view = memoryview(piece)
            while view and not transport.is_closing():
                with suppress(BlockingIOError):
                    sent = theirs.send(view)
                    given += sent
                    view = view[sent:]
                for _ in range(_POLLS_MAX):
                    if connection.wire_bytes_received == given or transport.is_closing():
                        break
                    engine.poll()
                    hear()
                    after()
                else:
                    raise AssertionError(f"{given - connection.wire_bytes_received} bytes not read")
        after()
        engine.poll()
        hear()
    finally:
        verdict = _verdict(connection)
        connection.abort()
        await asyncio.sleep(0)
        theirs.close()
    return bytes(written), verdict


def _read_answers(stream: Stream, written: bytes) -> list[Event]:
    role: Role = "client" if stream.role == "server" else "server"
    reader = Protocol(
        role,
        limits=_BOUNDLESS,
        agreement=stream.agreement,
        mask_key=(lambda: _KEY) if role == "client" else None,
    )
    reader.receive_data(written)
    answers: list[Event] = []
    while (event := reader.next_event()) is not None:
        answers.append(Close(event.code, "") if isinstance(event, Close) else event)
    return answers


def disagreement(stream: Stream, protocol: Heard, other: Heard) -> str:
    """Say where a connection, or the same protocol fed otherwise, disagrees; empty if nowhere.

    Three differences are no mistake. A header of which only a part is here is refused for its first
    two bytes by a connection, while the protocol waits for the rest. A compressed message that is
    both wrong and too long, or no deflated data whose beginning is no text, is refused for what is
    seen first. And a compressed message in one frame is inflated by a connection when all of it is
    here, so one that never ends is not refused.
    """
    if protocol == other:
        return ""
    both = {protocol.code, other.code}
    same_messages = protocol.messages == other.messages
    missing = headers_of(stream.data)[1]
    if same_messages and missing == "header" and not protocol.is_over and other.is_over:
        return ""
    if same_messages and both <= {1007, 1009} and protocol.by_us and other.by_us:
        return ""
    if (
        stream.agreement is not None
        and same_messages
        and protocol.is_over
        and not other.is_over
        and missing
    ):
        return ""
    fewest = min(len(protocol.messages), len(other.messages))
    if (
        protocol.messages[:fewest] == other.messages[:fewest]
        and (1007 in both or protocol.is_over != other.is_over)
        and _reads_as_one_likes(stream)
    ):
        return ""
    return _first_difference(protocol, other)


_WINDOW_BITS_MAX: Final = 15
_TAIL: Final = b"\x00\x00\xff\xff"
_LAST_BLOCK: Final = b"\x01\x00\x00\xff\xff"


def _reads_as_one_likes(stream: Stream) -> bool:
    """Say whether a compressed message ends where it must not, or may refer beyond its window.

    Behind the end of a deflate stream some read on and others do not, and so it is behind a message
    that ends inside of a block. A reference beyond a window that is smaller than zlib's is refused
    only where the bytes are no longer in its output, which depends on how much it is given at once;
    there is none where so much was not written yet.
    """
    if stream.agreement is None:
        return False
    bits, keeps = _of_peer(stream)
    context, written, is_compressed = zlib.decompressobj(-_WINDOW_BITS_MAX), 0, False
    for header in headers_of(stream.data)[0]:
        if header.opcode >= 8:
            continue
        if header.opcode:
            is_compressed = header.rsv1
        if not is_compressed:
            continue
        try:
            written += len(context.decompress(header.payload + _TAIL * header.is_last))
        except zlib.error:
            return written > 1 << bits
        if context.eof or (bits < _WINDOW_BITS_MAX and written > 1 << bits):
            return True
        if not header.is_last:
            continue
        if not _is_between_blocks(context):
            return True
        if not keeps:
            context, written = zlib.decompressobj(-_WINDOW_BITS_MAX), 0
    return False


def _is_between_blocks(context: zlib._Decompress) -> bool:
    probe = context.copy()
    try:
        return probe.decompress(_LAST_BLOCK) == b"" and probe.eof
    except zlib.error:
        return False


def _first_difference(one: Heard, other: Heard) -> str:
    for field in Heard.__struct_fields__:
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine != theirs:
            return f"{field}: {mine!r:.200} against {theirs!r:.200}"
    return ""


class Header(NamedTuple):
    """What is read of a frame without judging it; its payload is unmasked."""

    opcode: int
    fin: bool
    rsv1: bool
    is_longer_than_needed: bool
    payload: bytes
    is_here: bool

    @property
    def is_last(self) -> bool:
        """Whether all of a message is here with it."""
        return self.fin and self.is_here


Missing = Literal["", "header", "payload"]


def headers_of(data: bytes) -> tuple[list[Header], Missing]:
    """Return the frames of a stream, and in what its last frame ends too soon, if it does."""
    headers: list[Header] = []
    at = 0
    while at < len(data):
        short = data[at + 1] & 0x7F if len(data) - at > 1 else 0
        size = 2 + {126: 2, 127: 8}.get(short, 0)
        key_size = 4 if len(data) - at > 1 and data[at + 1] & 0x80 else 0
        if len(data) - at < size + key_size:
            return headers, "header"
        length = int.from_bytes(data[at + 2 : at + size], "big") if size > 2 else short
        least = {2: 0, 4: 126, 10: 1 << 16}[size]
        first = data[at]
        start = at + size + key_size
        at = start + length
        payload = data[start:at]
        if key_size:
            payload = mask.apply(payload, data[start - 4 : start])
        headers.append(
            Header(
                first & 0x0F,
                first & 0x80 != 0,
                first & 0x40 != 0,
                length < least,
                payload,
                len(payload) == length,
            )
        )
    return headers, "payload" if at > len(data) else ""


# --------------------------------------------------------------------------------------- peers


def heard_by_websockets(stream: Stream, pieces: Sequence[bytes]) -> Heard:
    """Return what `websockets` makes of it, with the texts decoded as its connections do."""
    peer = TheirProtocol(
        Side.SERVER if stream.role == "server" else Side.CLIENT, state=OPEN, max_size=None
    )
    if stream.agreement is not None:
        bits, keeps = _of_peer(stream)
        peer.extensions = [
            TheirDeflate(
                remote_no_context_takeover=not keeps,
                local_no_context_takeover=False,
                remote_max_window_bits=bits,
                local_max_window_bits=15,
            )
        ]
    assembly = _Assembly()
    for piece in pieces:
        peer.receive_data(piece)
        for event in peer.events_received():
            assert isinstance(event, TheirFrame)
            if event.opcode in {TheirOpcode.TEXT, TheirOpcode.BINARY}:
                assembly.begin(is_text=event.opcode is TheirOpcode.TEXT)
            if event.opcode in {TheirOpcode.TEXT, TheirOpcode.BINARY, TheirOpcode.CONT}:
                try:
                    assembly.add(bytes(event.data), ends=event.fin)
                except UnicodeDecodeError:
                    return Heard(messages=assembly.messages, code=1007, by_us=True)
    if peer.parser_exc is not None:
        assert peer.close_sent is not None
        return Heard(messages=assembly.messages, code=int(peer.close_sent.code), by_us=True)
    if peer.close_rcvd is not None:
        return Heard(
            messages=assembly.messages,
            code=int(peer.close_rcvd.code),
            reason=peer.close_rcvd.reason,
        )
    return Heard(messages=assembly.messages)


def heard_by_wsproto(stream: Stream, pieces: Sequence[bytes]) -> Heard:
    """Return what `wsproto` makes of it."""
    extensions: list[Extension] = []
    if stream.agreement is not None:
        bits, keeps = _of_peer(stream)
        extension = WsprotoDeflate(
            client_no_context_takeover=not keeps,
            client_max_window_bits=max(bits, 9),  # it knows no 8; a larger window holds as much
            server_no_context_takeover=not keeps,
            server_max_window_bits=max(bits, 9),
        )
        extension._enabled = True  # noqa: SLF001 - what its handshake does
        extensions = [extension]
    kind = ConnectionType.SERVER if stream.role == "server" else ConnectionType.CLIENT
    peer = WsprotoConnection(kind, extensions)
    messages: list[Text | Binary] = []
    parts: list[bytes] = []
    for piece in pieces:
        peer.receive_data(piece)
        for event in peer.events():
            match event:
                case TextMessage():
                    parts.append(event.data.encode())
                    if event.message_finished:
                        messages.append(Text(b"".join(parts)))
                        parts = []
                case BytesMessage():
                    parts.append(bytes(event.data))
                    if event.message_finished:
                        messages.append(Binary(b"".join(parts)))
                        parts = []
                case CloseConnection():
                    by_us = peer.state is ConnectionState.OPEN
                    reason = "" if by_us else event.reason or ""
                    return Heard(
                        messages=messages, code=int(event.code), reason=reason, by_us=by_us
                    )
    return Heard(messages=messages)


class _Assembly:
    """Messages put together from the frames that `websockets` returns."""

    def __init__(self) -> None:
        self.messages: list[Text | Binary] = []
        self._decoder: codecs.IncrementalDecoder | None = None
        self._parts: list[bytes] = []

    def begin(self, *, is_text: bool) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")() if is_text else None
        self._parts = []

    def add(self, data: bytes, *, ends: bool) -> None:
        if self._decoder is not None:
            self._decoder.decode(data, final=ends)
        self._parts.append(data)
        if ends:
            payload = b"".join(self._parts)
            self.messages.append(Binary(payload) if self._decoder is None else Text(payload))


def _of_peer(stream: Stream) -> tuple[int, bool]:
    """Return the window and the memory of whoever sends the stream."""
    agreement = stream.agreement
    assert agreement is not None
    if stream.role == "server":
        return agreement.client_window_bits, agreement.client_keeps_context
    return agreement.server_window_bits, agreement.server_keeps_context


class Peer(NamedTuple):
    """Another reader: its name, and what it makes of a stream."""

    name: str
    hear: Callable[[Stream, Sequence[bytes]], Heard]


PEERS: Final = (Peer("websockets", heard_by_websockets), Peer("wsproto", heard_by_wsproto))


class Facts(NamedTuple):
    """What a difference is judged by."""

    stream: Stream
    ours: Heard
    theirs: Heard
    headers: list[Header]
    missing: Missing


class Difference(NamedTuple):
    """Where another reader may differ from us.

    Attributes:
        peer: Its name; empty for each.
        why: The reason, for people.
        applies: Whether this is a case of it.
        messages: What still holds of the messages: "same" ones, one list "begins" the other, or
            "any".
    """

    peer: str
    why: str
    applies: Callable[[Facts], bool]
    messages: Literal["same", "begins", "any"]


def _has_control_inside_compressed(facts: Facts) -> bool:
    compressed = False
    for header in facts.headers:
        if header.opcode >= 8:
            if compressed:
                return True
        elif header.opcode:
            compressed = header.rsv1 and not header.fin
        elif header.fin:
            compressed = False
    return False


def _is_closed_inside_message(facts: Facts) -> bool:
    is_open = False
    for header in facts.headers:
        if header.opcode == 8:
            return is_open and not facts.ours.is_refused and facts.ours.code is not None
        if header.opcode < 8:
            is_open = not header.fin
    return False


DIFFERENCES: Final = (
    Difference(
        "",
        "we have limits, and they were given none",
        lambda facts: facts.ours.code == 1009 and facts.ours.by_us,
        "begins",
    ),
    Difference(
        "",
        "what is wrong is refused at its first wrong byte by one and when the frame is whole by the"
        " other, and this frame never is",
        lambda facts: (
            facts.missing != ""
            and {facts.ours.is_refused, facts.theirs.is_refused} == {True, False}
            and None in {facts.ours.code, facts.theirs.code}
        ),
        "same",
    ),
    Difference(
        "",
        "wrong in two ways, and refused for the one or for the other: a violation of the protocol"
        " (1002) in a text that is none or in no deflated data (1007)",
        lambda facts: (
            facts.ours.is_refused
            and facts.theirs.is_refused
            and {facts.ours.code, facts.theirs.code} <= {1002, 1007}
        ),
        "same",
    ),
    Difference(
        "",
        "a compressed message ends its deflate stream, or ends inside of a block, behind which"
        " others read on or not, or refers beyond a small window, which zlib notices or not",
        lambda facts: _reads_as_one_likes(facts.stream),
        "any",
    ),
    Difference(
        "websockets",
        "it takes lengths that are encoded in more bytes than needed (5.2 forbids them)",
        lambda facts: (
            facts.ours.is_refused and any(one.is_longer_than_needed for one in facts.headers)
        ),
        "begins",
    ),
    Difference(
        "websockets",
        "it refuses a Close inside of a fragmented message (5.5.1 lets it come at any time)",
        lambda facts: facts.theirs.code == 1002 and _is_closed_inside_message(facts),
        "same",
    ),
    Difference(
        "wsproto",
        "it forgets that a message is compressed when a control frame comes between its fragments",
        _has_control_inside_compressed,
        "any",
    ),
    Difference(
        "wsproto",
        "it takes or refuses other codes between 1012 and 2999",
        lambda facts: any(1012 <= (one.code or 0) <= 2999 for one in (facts.ours, facts.theirs)),
        "same",
    ),
)


def disagreement_with(peer: Peer, stream: Stream, ours: Heard, theirs: Heard) -> str:
    """Say where another reader disagrees with ours beyond what is in the table."""
    ours = _as_compared(ours)
    if ours == theirs or excuse(peer, stream, ours, theirs) is not None:
        return ""
    return f"{peer.name}: {_first_difference(ours, theirs)}"


def excuse(peer: Peer, stream: Stream, ours: Heard, theirs: Heard) -> Difference | None:
    """Return the first row of the table that allows two readers to differ; None if none does."""
    facts = Facts(stream, _as_compared(ours), theirs, *headers_of(stream.data))
    fewest = min(len(ours.messages), len(theirs.messages))
    holds = {
        "same": ours.messages == theirs.messages,
        "begins": ours.messages[:fewest] == theirs.messages[:fewest],
        "any": True,
    }
    for difference in DIFFERENCES:
        named = difference.peer in {"", peer.name}
        if named and holds[difference.messages] and difference.applies(facts):
            return difference
    return None


def _as_compared(ours: Heard) -> Heard:
    return msgspec.structs.replace(ours, answers=[], is_over=False, counted=(0, 0))
