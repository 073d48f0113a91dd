"""One HTTP/2 stream as an asyncio transport, so that a `Connection` runs on it unchanged."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, cast

from strikewire.websocket.http2_frames import ErrorCode

if TYPE_CHECKING:
    from strikewire.websocket.aio.http2_connection import Http2Connection

# Of the socket below: to set an option of it, or to read from it, would concern other streams.
_NOT_OURS: Final = frozenset({"socket", "pipe"})


class Http2StreamTransport(asyncio.Transport):
    """A stream that carries bytes both ways.

    What TCP does to a socket, HTTP/2 does to a stream: END_STREAM is the end of one half,
    RST_STREAM is a reset, and a window that is not given back slows the peer down (RFC 8441,
    section 5).
    """

    def __init__(self, connection: "Http2Connection", stream_id: int, *, linger_s: float) -> None:
        """Take over a stream whose heads were exchanged.

        Args:
            connection: Whose stream it is.
            stream_id: Its number.
            linger_s: Time that a peer has to close its half once ours is closed and nobody reads
                any more. Then: the stream is reset. Zero waits forever.
        """
        super().__init__()
        self._connection = connection
        self._stream_id = stream_id
        self._linger_s = linger_s
        self._loop = asyncio.get_running_loop()
        self._protocol: asyncio.Protocol | None = None
        self._high_bytes = 64 << 10
        self._low_bytes = 16 << 10
        self._writing_paused = False
        self._reading_paused = False
        self._arrived: deque[bytes] = deque()
        self._has_peer_ended = False
        self._was_eof_told = False
        self._has_ended = False
        self._is_closing = False
        self._is_lost = False

    @property
    def stream_id(self) -> int:
        """Its number."""
        return self._stream_id

    # ------------------------------------------------------------------------ what asyncio says

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what is known of the socket below, but never that socket itself."""
        return default if name in _NOT_OURS else self._connection.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Say who is told what happens."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is told what happens."""
        assert self._protocol is not None
        return self._protocol

    def is_closing(self) -> bool:
        """Return whether `close` or `abort` was called, or the stream is gone."""
        return self._is_closing

    def is_reading(self) -> bool:
        """Return whether what arrives is handed on."""
        return not (self._reading_paused or self._is_closing)

    def pause_reading(self) -> None:
        """Hand nothing on, and let the peer fill its window and stop."""
        self._reading_paused = True

    def resume_reading(self) -> None:
        """Hand on what waits, in a later turn of the loop, and what comes after it."""
        if self._reading_paused:
            self._reading_paused = False
            self._loop.call_soon(self._hand_on)

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        """Send data after everything before it."""
        if self._is_closing or self._has_ended:
            return
        self._connection.send(self._stream_id, bytes(data))
        self._update_writing()

    def writelines(self, list_of_data: "Iterable[bytes | bytearray | memoryview]") -> None:
        """Send several pieces after everything before them."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Return that a half can be closed."""
        return True

    def write_eof(self) -> None:
        """Close our half after what was written."""
        if not (self._has_ended or self._is_closing):
            self._has_ended = True
            self._connection.end(self._stream_id)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait for the peer's window, or for their turn."""
        return self._connection.queued_bytes(self._stream_id)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the low and the high mark."""
        return self._low_bytes, self._high_bytes

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say above how many waiting bytes writing is paused, and below how many it goes on."""
        self._high_bytes = high if high is not None else 4 * low if low is not None else 64 << 10
        self._low_bytes = low if low is not None else self._high_bytes // 4
        if not 0 <= self._low_bytes <= self._high_bytes:
            raise ValueError(f"low mark {self._low_bytes}, high mark {self._high_bytes}")
        self._update_writing()

    def close(self) -> None:
        """Read no more, close our half once all is sent, and be gone then."""
        if self._is_closing:
            return
        self._is_closing = True
        # So that a peer which filled its window can still close its half.
        self._connection.taken(self._stream_id, sum(map(len, self._arrived)))
        self._arrived.clear()
        self._connection.discard(self._stream_id)
        if not self._has_ended:
            self._has_ended = True
            self._connection.end(self._stream_id)
        self._leave_if_sent()

    def abort(self) -> None:
        """Reset the stream, and be gone."""
        self._is_closing = True
        if not self._is_lost:
            # RFC 8441 5: "RST exceptions are represented with the RST_STREAM [...] frame with the
            # CANCEL [...] error code."
            self._connection.reset(self._stream_id, ErrorCode.CANCEL)
            self._leave(None)

    # ------------------------------------------------------------- what the connection tells it

    def on_data(self, data: bytes) -> None:
        """Take in data; what cannot be handed on waits, and with it the peer's window."""
        if self._is_closing:
            return
        self._arrived.append(data)
        self._hand_on()

    def on_end(self) -> None:
        """Take in that the peer closed its half."""
        self._has_peer_ended = True
        self._hand_on()

    def on_reset(self, code: int) -> None:
        """Take in that the stream was cut short."""
        self._leave(ConnectionResetError(f"stream was reset with code {code}"))

    def on_lost(self, error: Exception | None) -> None:
        """Take in that the connection is gone, and with it the stream."""
        self._leave(error)

    def on_sent(self) -> None:
        """Take in that some of what was queued is on its way."""
        if self._is_closing:
            self._leave_if_sent()
        else:
            self._update_writing()

    # ------------------------------------------------------------------------------ the inside

    def _hand_on(self) -> None:
        while self._arrived and self.is_reading():
            data = self._arrived.popleft()
            # Before it is told: it may close the stream, and then there is no window to give back.
            self._connection.taken(self._stream_id, len(data))
            assert self._protocol is not None
            self._protocol.data_received(data)
        is_told = self._was_eof_told or not self.is_reading()
        if self._has_peer_ended and not self._arrived and not is_told:
            self._was_eof_told = True
            assert self._protocol is not None
            if not self._protocol.eof_received():
                self.close()

    def _update_writing(self) -> None:
        size = self.get_write_buffer_size()
        if self._protocol is None:
            return
        if not self._writing_paused and size > self._high_bytes:
            self._writing_paused = True
            self._protocol.pause_writing()
        elif self._writing_paused and size <= self._low_bytes:
            self._writing_paused = False
            self._protocol.resume_writing()

    def _leave_if_sent(self) -> None:
        if self._is_lost or not self._connection.has_sent_all(self._stream_id):
            return
        if self._linger_s > 0 and not self._connection.is_over(self._stream_id):
            self._loop.call_later(
                self._linger_s, self._connection.reset, self._stream_id, ErrorCode.CANCEL
            )
        self._leave(None)

    def _leave(self, error: Exception | None) -> None:
        if self._is_lost:
            return
        self._is_lost = self._is_closing = True
        self._arrived.clear()
        self._connection.leave(self._stream_id, self._tell, error)

    def _tell(self, error: Exception | None) -> None:
        assert self._protocol is not None
        self._protocol.connection_lost(error)
