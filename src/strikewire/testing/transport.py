"""Sockets in memory: two transports that are each other's other end, and can be made to stall."""

import asyncio
from typing import Any


class MemoryTransport(asyncio.Transport):
    """A transport without a kernel behind it.

    Alone it swallows what it is given; with a `peer` what is written arrives there in a later turn
    of the loop. While it is stalled nothing leaves, as if the peer did not read.

    Attributes:
        written: What every single `write` was given, in order.
        peer: The other end, or None.
        protocol: Whose end this is, or None.
        is_paused: Whether the protocol asked not to be given data.
        has_ended: Whether the writing half is closed.
    """

    def __init__(
        self, protocol: asyncio.Protocol | None = None, *, half_close: bool = True
    ) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.peer: MemoryTransport | None = None
        self.protocol = protocol
        self.is_paused = False
        self.has_ended = False
        self._half_close = half_close
        self._loop = asyncio.get_running_loop()
        self._stalled = False
        self._buffer: list[bytes] = []
        self._high_bytes = 64 << 10
        self._low_bytes = 16 << 10
        self._writing_paused = False
        self._arrived: list[bytes | None] = []
        self._closing = False
        self._lost = False
        self._ended = asyncio.Event()

    # --------------------------------------------------------------------- what tests ask for

    @property
    def all_written(self) -> bytes:
        """Everything written so far, joined."""
        return b"".join(self.written)

    @property
    def is_lost(self) -> bool:
        """Whether the protocol was told that the connection is gone."""
        return self._lost

    def stall(self) -> None:
        """Let nothing leave until `flow`."""
        self._stalled = True

    def flow(self) -> None:
        """Let what waits leave, and what comes after it."""
        self._stalled = False
        for data in self._buffer:
            self._deliver(data)
        self._buffer.clear()
        if self._writing_paused and self.protocol is not None:
            self._writing_paused = False
            self.protocol.resume_writing()
        if self.has_ended:
            self._deliver(None)
        if self._closing:
            self._lose()

    async def wait_ended(self) -> None:
        """Wait until the protocol has closed at least its writing half."""
        await self._ended.wait()

    def give(self, data: bytes) -> None:
        """Hand the protocol `data` now, as if the peer had sent it."""
        assert self.protocol is not None
        self.protocol.data_received(data)

    def arrive(self, data: bytes | None) -> None:
        """Hand the protocol `data` (None: the end) in a later turn of the loop."""
        self._arrived.append(data)
        self._loop.call_soon(self._hand_over)

    # ------------------------------------------------------------- what asyncio's transports do

    def write(self, data: Any) -> None:  # noqa: ANN401 - any buffer
        """Send, or keep while stalled."""
        assert not self.has_ended, "written after the end"
        if self._closing:
            return
        self.written.append(bytes(data))
        if not self._stalled:
            self._deliver(bytes(data))
            return
        self._buffer.append(bytes(data))
        too_much = self.get_write_buffer_size() > self._high_bytes
        if too_much and not self._writing_paused and self.protocol is not None:
            self._writing_paused = True
            self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait to leave."""
        return sum(map(len, self._buffer))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say when the protocol is asked to pause and to resume."""
        self._high_bytes = 64 << 10 if high is None else high
        self._low_bytes = self._high_bytes // 4 if low is None else low

    def pause_reading(self) -> None:
        """Keep what arrives."""
        assert not self.is_paused
        self.is_paused = True

    def resume_reading(self) -> None:
        """Hand over what was kept."""
        assert self.is_paused
        self.is_paused = False
        self._loop.call_soon(self._hand_over)

    def can_write_eof(self) -> bool:
        """Return whether one half can be closed; TLS cannot."""
        return self._half_close

    def write_eof(self) -> None:
        """Close the writing half."""
        self.has_ended = True
        self._ended.set()
        if not self._stalled:
            self._deliver(None)

    def is_closing(self) -> bool:
        """Return whether `close` or `abort` was called."""
        return self._closing

    def close(self) -> None:
        """Send what waits, then be gone."""
        self._closing = True
        self._ended.set()
        if not self._buffer:
            self._loop.call_soon(self._lose)

    def abort(self) -> None:
        """Be gone."""
        self._closing = True
        self._ended.set()
        self._buffer.clear()
        self._loop.call_soon(self._lose)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Say whose end this is."""
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return whose end this is."""
        assert self.protocol is not None
        return self.protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as asyncio
        """Name an address; there is nothing else to know."""
        return ("10.0.0.1", 5) if name == "peername" else default

    # ------------------------------------------------------------------------------ the inside

    def _deliver(self, data: bytes | None) -> None:
        if self.peer is not None:
            self.peer.arrive(data)

    def _hand_over(self) -> None:
        while self._arrived and not self.is_paused and not self._lost:
            data = self._arrived.pop(0)
            assert self.protocol is not None
            if data is not None:
                self.protocol.data_received(data)
            elif not self.protocol.eof_received():
                self.close()

    def _lose(self) -> None:
        if self._lost:
            return
        self._lost = True
        if self.protocol is not None:
            self.protocol.connection_lost(None)
        if not self.has_ended:
            self._deliver(None)


def memory_pair() -> tuple[MemoryTransport, MemoryTransport]:
    """Return the two ends of a connection; give each its protocol with `set_protocol`."""
    left, right = MemoryTransport(), MemoryTransport()
    left.peer, right.peer = right, left
    return left, right
