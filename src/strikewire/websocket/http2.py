"""One end of an HTTP/2 connection without I/O: bytes in, events out; heads and data in, bytes out.

Theory of operation. The `h2` library keeps the frames' rules, HPACK and the windows; around it,
this adds what a server on the open internet and a WebSocket on a stream need:

- It gives h2 one frame at a time, and counts what floods are made of.
- It holds what waits to leave, by stream, and lets streams take turns: `take` returns as much as
  the socket has room for, so a stream whose peer does not read stops itself and no other.
- Windows are two. The connection's is given back as data arrives; a stream's when its reader says
  `taken`. So a stream that nobody reads stops its own sender, and no other.
- Malformed heads cost their stream, not the connection: through a proxy, other people are on it.
- GOAWAY ends no stream that is open, in either direction.

A stream ends when both halves have; what comes on it after we dropped it is thrown away, and
paid back to the windows.

Source: RFC 9113, RFC 8441; CVE-2019-9511 to -9518, CVE-2023-44487 and CVE-2025-8671 for the floods.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, Literal

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import msgspec
from h2.settings import SettingCodes
from hpack.struct import Header

from strikewire.websocket import http2_heads
from strikewire.websocket.headers import Headers
from strikewire.websocket.http2_frames import (
    FRAME_BYTES_MAX,
    PREFACE,
    Allowance,
    ErrorCode,
    Frame,
    FrameError,
    FrameReader,
    FrameType,
    encode_goaway,
)
from strikewire.websocket.http2_heads import MalformedHead, RequestHead
from strikewire.websocket.http2_limits import Http2Limits

# Our own table of header compression, however large a one the peer would bear: what it costs is
# our memory. 4096 is what every peer has before it says anything.
_HEADER_TABLE_BYTES: Final = 4096
_UNLIMITED: Final = (1 << 31) - 1
_SETTINGS: Final = frozenset(map(int, SettingCodes))


class RequestReceived(msgspec.Struct, frozen=True):
    """A client opened a stream. Say `release` once nobody works on it any more.

    Attributes:
        stream_id: Of the request, and of the answer to it.
        head: Well made.
        head_bytes: Its length as RFC 9113 6.5.2 counts it.
        ended: Whether it has no body.
    """

    stream_id: int
    head: RequestHead
    head_bytes: int
    ended: bool


class ResponseReceived(msgspec.Struct, frozen=True):
    """A server answered on a stream; interim answers (1xx) are left out."""

    stream_id: int
    status: int
    headers: Headers
    ended: bool


class DataReceived(msgspec.Struct, frozen=True):
    """Some bytes came on a stream. Say `taken` when they are no longer held."""

    stream_id: int
    data: bytes


class StreamEnded(msgspec.Struct, frozen=True):
    """The peer closed its half of a stream."""

    stream_id: int


class StreamReset(msgspec.Struct, frozen=True):
    """A stream was cut short: by the peer, or because it broke a rule there."""

    stream_id: int
    code: int


class SettingsReceived(msgspec.Struct, frozen=True):
    """The peer said how it wants to be treated.

    Attributes:
        websockets: Whether a client may open WebSockets (SETTINGS_ENABLE_CONNECT_PROTOCOL).
    """

    websockets: bool


class GoingAway(msgspec.Struct, frozen=True):
    """The peer takes no new streams.

    Attributes:
        last_stream_id: Ours above this one were not looked at, and are gone.
        code: Why; 0 for a graceful end.
    """

    last_stream_id: int
    code: int


class ConnectionFailed(msgspec.Struct, frozen=True):
    """The connection cannot go on: send what `take` returns, and hang up. It is the last event.

    Attributes:
        code: The one that the peer is told.
        reason: One lower-case sentence.
    """

    code: int
    reason: str


Http2Event = (
    RequestReceived
    | ResponseReceived
    | DataReceived
    | StreamEnded
    | StreamReset
    | SettingsReceived
    | GoingAway
    | ConnectionFailed
)


class _Connection(h2.connection.H2Connection):
    # How the last streams ended, which decides what a late frame on one of them means; 65536 of
    # these would be several megabytes a connection.
    MAX_CLOSED_STREAMS = 1024


class _Stream:
    """What is known of a stream that is not over."""

    __slots__ = ("discards", "ended", "ending", "pending", "received", "stops", "untold", "waits")

    def __init__(self) -> None:
        self.pending = bytearray()  # waits to leave
        self.waits = False  # for its turn, or for the peer's window
        self.ending = False  # our half closes after it
        self.ended = False  # our half is closed
        self.stops = False  # the peer's half is of no use any more then
        self.received = False  # the peer's half is closed
        self.discards = False  # nobody reads it
        self.untold = 0  # bytes that were read, and not yet given back to the window


class Http2Protocol:
    """One end of an HTTP/2 connection.

    Attributes:
        role: Which end.
        is_over: Whether it failed: nothing more is received, and only `take` still means something.
        is_going_away: Whether one of the two ends takes no new streams any more.
        websockets: Whether the server said that WebSockets may be opened; None before it did.
    """

    def __init__(
        self, role: Literal["client", "server"], *, limits: Http2Limits, head_bytes_max: int
    ) -> None:
        """Begin a connection; what `take` returns is to be sent at once.

        Args:
            role: Which end this is.
            limits: Of the connection.
            head_bytes_max: Longest head wanted. One up to four times as long still arrives, and
                can be answered 431; beyond that the connection fails.
        """
        self.role: Final = role
        self.is_over = False
        self.is_going_away = False
        self.websockets: bool | None = None
        self._limits = limits
        self._last_accepted = _UNLIMITED
        self._streams: dict[int, _Stream] = {}
        self._held: set[int] = set()
        self._ready: deque[int] = deque()
        self._blocked: dict[int, None] = {}
        self._output = bytearray()
        self._untold = 0
        self._events: list[Http2Event] = []
        self._reader = FrameReader(
            expects_preface=role == "server", block_bytes_max=4 * head_bytes_max
        )
        self._overhead = Allowance(limits.control_frames_max, window_s=limits.flood_window_s)
        self._resets = Allowance(limits.resets_max, window_s=limits.flood_window_s)
        self._h2 = self._open(head_bytes_max)

    def _open(self, head_bytes_max: int) -> _Connection:
        is_client = self.role == "client"
        config = h2.config.H2Configuration(
            client_side=is_client,
            header_encoding=None,
            # Its verdict would be on the connection; ours, in http2_heads, is on the stream.
            validate_inbound_headers=False,
        )
        settings = {
            SettingCodes.MAX_HEADER_LIST_SIZE: head_bytes_max,
            SettingCodes.INITIAL_WINDOW_SIZE: self._limits.stream_window_bytes,
        }
        if is_client:
            settings[SettingCodes.ENABLE_PUSH] = 0
        else:
            settings[SettingCodes.MAX_CONCURRENT_STREAMS] = self._limits.streams_max
            settings[SettingCodes.ENABLE_CONNECT_PROTOCOL] = 1
        connection = _Connection(config)
        connection.local_settings = h2.settings.Settings(is_client, settings)
        connection.initiate_connection()
        # A stream too many is refused, below; h2 would take it for the end of the connection.
        settings[SettingCodes.MAX_CONCURRENT_STREAMS] = _UNLIMITED
        connection.local_settings = h2.settings.Settings(is_client, settings)
        connection.decoder.max_header_list_size = 4 * head_bytes_max
        if not is_client:
            connection.receive_data(PREFACE)  # which the reader looks for instead
        window = self._limits.connection_window_bytes - connection.inbound_flow_control_window
        if window > 0:
            connection.increment_flow_control_window(window)
        return connection

    # ------------------------------------------------------------------------------- receiving

    def receive(self, data: bytes, now_s: float) -> list[Http2Event]:
        """Take in what the socket gave, and return what it means.

        Args:
            data: As it came.
            now_s: Seconds on a clock that does not go back.
        """
        if self.is_over:
            return []
        self._reader.feed(data)
        try:
            while not self.is_over and (frame := self._reader.next_frame()) is not None:
                self._receive_frame(frame, now_s)
        except FrameError as error:
            self._fail(error.code, error.reason)
        events = self._events
        self._events = []
        return events

    def taken(self, stream_id: int, size: int) -> None:
        """Say that `size` bytes of a stream are no longer held, so that as many may follow."""
        stream = self._streams.get(stream_id)
        if stream is None or stream.received or self.is_over:
            return
        stream.untold += size
        if stream.untold >= self._limits.stream_window_bytes // 4:
            self._h2.increment_flow_control_window(stream.untold, stream_id)
            stream.untold = 0

    def discard(self, stream_id: int) -> None:
        """Throw away what still comes on a stream; of the events, only a reset is still told."""
        stream = self._streams.get(stream_id)
        if stream is not None:
            stream.discards = True
            self._forget_if_over(stream_id, stream)

    # --------------------------------------------------------------------------------- sending

    @property
    def may_open(self) -> bool:
        """Whether a client may open a stream now."""
        return (
            not (self.is_over or self.is_going_away)
            and self._h2.open_outbound_streams < self._h2.remote_settings.max_concurrent_streams
        )

    def open_stream(self, lines: Headers) -> int:
        """Send the head of a request; return the number of its stream."""
        assert self.role == "client"
        assert self.may_open
        stream_id = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream_id, _encode(lines))
        self._streams[stream_id] = _Stream()
        return stream_id

    def send_head(self, stream_id: int, lines: Headers) -> None:
        """Answer a request; of a stream that is gone, nothing is changed."""
        if self._can_send(stream_id):
            self._h2.send_headers(stream_id, _encode(lines))

    def send(self, stream_id: int, data: bytes) -> None:
        """Queue data; of a stream that is gone or ended, nothing is changed."""
        if data and self._can_send(stream_id):
            stream = self._streams[stream_id]
            stream.pending += data
            self._make_ready(stream_id, stream)

    def end(self, stream_id: int, *, stop: bool = False) -> None:
        """Close our half of a stream after what is queued.

        Args:
            stream_id: Which.
            stop: Whether the peer's half is of no use any more then, and is cut short.
        """
        if self._can_send(stream_id):
            stream = self._streams[stream_id]
            stream.ending = True
            stream.stops = stop
            self._make_ready(stream_id, stream)

    def reset(self, stream_id: int, code: ErrorCode) -> None:
        """Cut a stream short, and forget what is queued on it."""
        self._blocked.pop(stream_id, None)
        if self._streams.pop(stream_id, None) is not None and not self.is_over:
            self._h2.reset_stream(stream_id, code)

    def queued_bytes(self, stream_id: int) -> int:
        """Return how much waits to leave on a stream."""
        stream = self._streams.get(stream_id)
        return len(stream.pending) if stream is not None else 0

    def has_sent_all(self, stream_id: int) -> bool:
        """Return whether our half of a stream is closed and everything on it was taken."""
        stream = self._streams.get(stream_id)
        return stream is None or stream.ended

    def is_over_stream(self, stream_id: int) -> bool:
        """Return whether both halves of a stream are closed, or it was cut short."""
        return stream_id not in self._streams

    def take(self, room_bytes: int) -> tuple[bytes, list[int]]:
        """Return what is to be sent, and the streams whose queues it came from.

        Heads, window updates and answers to pings are always all in it. Of what is queued, it
        holds about as much as there is room for, in turns of one frame a stream.

        Args:
            room_bytes: How much of what is queued the socket has room for; 0 for none.
        """
        moved: dict[int, None] = {}
        ready = self._ready
        while ready and room_bytes > 0 and not self.is_over:
            stream_id = ready.popleft()
            stream = self._streams.get(stream_id)
            if stream is None:
                continue
            size = self._sendable(stream_id, stream)
            if stream.pending and size <= 0:
                self._blocked[stream_id] = None
                continue
            data = bytes(stream.pending[:size])
            del stream.pending[:size]
            ends = stream.ending and not stream.pending
            self._h2.send_data(stream_id, data, end_stream=ends)
            room_bytes -= size
            moved[stream_id] = None
            if stream.pending:
                ready.append(stream_id)
                continue
            stream.waits = False
            if ends:
                self._end(stream_id, stream)
        self._collect()
        data = bytes(self._output)
        self._output.clear()
        return data, list(moved)

    def go_away(self) -> None:
        """Take no new streams; those that are open may go on (6.8)."""
        if self.is_over or self.is_going_away:
            return
        self.is_going_away = True
        self._last_accepted = self._h2.highest_inbound_stream_id
        self._collect()
        self._output += encode_goaway(self._last_accepted, ErrorCode.NO_ERROR)

    # ----------------------------------------------------------------------------------- counts

    @property
    def open_streams(self) -> int:
        """Streams that are not over."""
        return len(self._streams)

    def release(self, stream_id: int) -> None:
        """Say that nobody works on a request any more.

        Until then it counts as an open stream, whatever became of the stream: a client that resets
        its streams as soon as they are open must not have more handlers at work than streams
        (CVE-2023-44487).
        """
        self._held.discard(stream_id)

    # ------------------------------------------------------------------------------ the inside

    def _receive_frame(self, frame: Frame, now_s: float) -> None:
        if frame.is_overhead and not self._overhead.take(now_s):
            self._fail(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that carry nothing")
            return
        if frame.kind == FrameType.RST_STREAM and not self._count_reset(now_s):
            return
        if frame.kind == FrameType.GOAWAY and not frame.in_block and frame.stream_id == 0:
            self._receive_goaway(frame)
            return
        try:
            events = self._h2.receive_data(frame.raw)
        except h2.exceptions.ProtocolError as error:
            self._break(int(error.error_code), str(error).lower() or type(error).__name__)
            return
        for event in events:
            if self.is_over:
                return
            self._take_in(event, now_s)

    def _receive_goaway(self, frame: Frame) -> None:
        if len(frame.payload) < 8:
            self._fail(ErrorCode.FRAME_SIZE_ERROR, "a goaway is shorter than 8 bytes")
            return
        self.is_going_away = True
        last_stream_id = int.from_bytes(frame.payload[:4], "big") & 0x7FFF_FFFF
        if self.role == "client":
            for stream_id in [number for number in self._streams if number > last_stream_id]:
                del self._streams[stream_id]
        self._events.append(GoingAway(last_stream_id, int.from_bytes(frame.payload[4:8], "big")))

    def _take_in(self, event: h2.events.Event, now_s: float) -> None:
        match event:
            case h2.events.RequestReceived():
                self._receive_request(event, now_s)
            case h2.events.ResponseReceived():
                self._receive_response(event, now_s)
            case h2.events.DataReceived():
                self._receive_data(event)
            case h2.events.StreamEnded():
                self._receive_end(_known(event.stream_id))
            case h2.events.StreamReset():
                # 5.4.2 of our own making, when the peer overflowed a window, counts like its own.
                if event.remote_reset or self._count_reset(now_s):
                    self._drop(_known(event.stream_id), int(event.error_code or 0))
            case h2.events.WindowUpdated():
                self._unblock(_known(event.stream_id))
            case h2.events.RemoteSettingsChanged():
                self._receive_settings()
            case _:  # acknowledgements, pings (which h2 answered), interim answers, trailers
                pass

    def _receive_request(self, event: h2.events.RequestReceived, now_s: float) -> None:
        stream_id = _known(event.stream_id)
        self._streams[stream_id] = stream = _Stream()
        lines = _decode(event.headers)
        # A stream that the client opened after our GOAWAY, or before it knew our limit.
        is_late = stream_id > self._last_accepted
        if is_late or len(self._streams.keys() | self._held) > self._limits.streams_max:
            self._cut(stream_id, ErrorCode.REFUSED_STREAM, now_s)
            return
        try:
            head = http2_heads.read_request(lines)
        except MalformedHead:
            self._cut(stream_id, ErrorCode.PROTOCOL_ERROR, now_s)
            return
        stream.received = event.stream_ended is not None
        self._held.add(stream_id)
        size = http2_heads.head_bytes(lines)
        self._events.append(RequestReceived(stream_id, head, size, stream.received))

    def _receive_response(self, event: h2.events.ResponseReceived, now_s: float) -> None:
        stream_id = _known(event.stream_id)
        if stream_id not in self._streams:
            return
        try:
            status, headers = http2_heads.read_status(_decode(event.headers))
        except MalformedHead:
            self._cut(stream_id, ErrorCode.PROTOCOL_ERROR, now_s)
            self._events.append(StreamReset(stream_id, ErrorCode.PROTOCOL_ERROR))
            return
        ended = event.stream_ended is not None
        self._events.append(ResponseReceived(stream_id, status, headers, ended))

    def _receive_data(self, event: h2.events.DataReceived) -> None:
        stream_id = _known(event.stream_id)
        length = event.flow_controlled_length or 0
        self._untold += length
        if self._untold >= self._limits.connection_window_bytes // 4:
            self._h2.increment_flow_control_window(self._untold)
            self._untold = 0
        stream = self._streams.get(stream_id)
        if stream is None:
            return
        data = bytes(event.data or b"")
        if event.stream_ended is not None:
            stream.received = True  # from here on, there is no window to give back to
        if stream.discards:
            self.taken(stream_id, length)
            return
        self.taken(stream_id, length - len(data))  # padding
        if data:
            self._events.append(DataReceived(stream_id, data))

    def _receive_end(self, stream_id: int) -> None:
        stream = self._streams.get(stream_id)
        if stream is None:
            return
        stream.received = True
        if not stream.discards:
            self._events.append(StreamEnded(stream_id))
        self._forget_if_over(stream_id, stream)

    def _receive_settings(self) -> None:
        settings = self._h2.remote_settings
        self.websockets = bool(settings.enable_connect_protocol)
        # h2 keeps what it does not know too; a peer could fill megabytes with that.
        for code in [code for code in settings if code not in _SETTINGS]:
            del settings[code]
        encoder = self._h2.encoder
        encoder.header_table_size = min(encoder.header_table_size, _HEADER_TABLE_BYTES)
        # RFC 7541 4.2: of several changes between two heads, "the smallest maximum table size that
        # occurs in that interval MUST be signaled", and the last; h2 would keep and send them all.
        if len(encoder.table_size_changes) > 2:
            changes = encoder.table_size_changes
            encoder.table_size_changes = [min(changes), changes[-1]]
        self._unblock(0)  # 6.9.2: a new initial window changes that of every stream
        self._events.append(SettingsReceived(self.websockets))

    # Streams and what waits on them.

    def _can_send(self, stream_id: int) -> bool:
        stream = self._streams.get(stream_id)
        return stream is not None and not (stream.ending or self.is_over)

    def _make_ready(self, stream_id: int, stream: _Stream) -> None:
        if not stream.waits:
            stream.waits = True
            self._ready.append(stream_id)

    def _unblock(self, stream_id: int) -> None:
        if stream_id == 0:
            self._ready.extend(self._blocked)
            self._blocked.clear()
        elif stream_id in self._blocked:
            del self._blocked[stream_id]
            self._ready.append(stream_id)

    def _sendable(self, stream_id: int, stream: _Stream) -> int:
        window = self._h2.local_flow_control_window(stream_id)
        return min(len(stream.pending), window, FRAME_BYTES_MAX)

    def _end(self, stream_id: int, stream: _Stream) -> None:
        stream.ended = True
        if stream.stops and not stream.received:
            # 8.1: after a whole response, a server may "request that the client abort
            # transmission of a request without error by sending a RST_STREAM".
            self.reset(stream_id, ErrorCode.NO_ERROR)
        else:
            self._forget_if_over(stream_id, stream)

    def _forget_if_over(self, stream_id: int, stream: _Stream) -> None:
        if stream.ended and stream.received:
            self._streams.pop(stream_id, None)

    def _drop(self, stream_id: int, code: int) -> None:
        self._blocked.pop(stream_id, None)
        if self._streams.pop(stream_id, None) is not None:
            self._events.append(StreamReset(stream_id, code))

    def _cut(self, stream_id: int, code: ErrorCode, now_s: float) -> None:
        """Reset a stream because of what the peer did there."""
        if self._count_reset(now_s):
            self.reset(stream_id, code)

    # The end of the connection.

    def _count_reset(self, now_s: float) -> bool:
        if self._resets.take(now_s):
            return True
        self._fail(ErrorCode.ENHANCE_YOUR_CALM, "too many streams were cut short")
        return False

    def _fail(self, code: ErrorCode, reason: str) -> None:
        """End the connection, and tell the peer why."""
        if not self.is_over:
            self._collect()
            self._output += encode_goaway(self._h2.highest_inbound_stream_id, code)
            self._break(code, reason)

    def _break(self, code: int, reason: str) -> None:
        """End the connection whose peer h2 has told already."""
        self.is_over = True
        self._streams.clear()
        self._ready.clear()
        self._blocked.clear()
        self._events.append(ConnectionFailed(code, reason))

    def _collect(self) -> None:
        self._output += self._h2.data_to_send()


def _known(stream_id: int | None) -> int:
    assert stream_id is not None
    return stream_id


def _encode(lines: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines]


def _decode(lines: Iterable[Header]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in lines)
