"""What leaves a socket: collected, sent in few writes, and bounded.

Theory of operation. One write a message is the whole cost of a busy connection, so messages are
put together wherever that delays nobody:

- While the read callback runs the box is *corked*: all replies it makes leave in one write at its
  end.
- Outside of it, the first message of a turn of the event loop is written at once, so that a lone
  message never waits. Those that follow in the same turn leave together at the turn's end.
- While the peer reads too slowly the box keeps everything, up to its limit, and gives the transport
  more when that has room again.

The order is always the order of `write`.
"""

import asyncio
from typing import Final

# A join of small pieces is cheaper than a vector of them; beyond this the copy is what costs.
_WRITE_BYTES: Final = 256 << 10


class Turn:
    """The current turn of an event loop, for all boxes of one server or client."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._boxes: list[Outbox] = []

    def end_with(self, box: "Outbox") -> None:
        """Call `box.end_turn` once the callbacks that are ready now have run."""
        if not self._boxes:
            self._loop.call_soon(self._end)
        self._boxes.append(box)

    def _end(self) -> None:
        boxes = self._boxes
        self._boxes = []
        for box in boxes:
            box.end_turn()


class Outbox:
    """The messages on their way out of one socket."""

    def __init__(self, transport: asyncio.Transport, turn: Turn, *, high_bytes: int) -> None:
        """Take over writing to `transport`.

        Args:
            transport: Whose `pause_writing` and `resume_writing` are passed on to this box.
            turn: Shared among boxes, so that one call ends the turn for all of them.
            high_bytes: How much the transport may hold before it counts as full.
        """
        transport.set_write_buffer_limits(high=high_bytes, low=high_bytes // 4)
        self._transport = transport
        self._turn = turn
        self._pieces: list[bytes] = []
        self._piece_bytes = 0
        self._corked = False
        self._wrote_this_turn = False
        self._is_full = False
        self._is_gone = False
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def queued_bytes(self) -> int:
        """Bytes written to the box that the kernel has not taken yet."""
        return self._piece_bytes + self._transport.get_write_buffer_size()

    @property
    def is_full(self) -> bool:
        """Whether the peer reads too slowly for what it is sent."""
        return self._is_full

    def write(self, data: bytes) -> None:
        """Send `data` after everything before it."""
        if self._is_gone:
            return
        if self._corked or self._wrote_this_turn or self._is_full:
            self._pieces.append(data)
            self._piece_bytes += len(data)
            if self._piece_bytes >= _WRITE_BYTES:
                self.flush()
            return
        self._wrote_this_turn = True
        self._turn.end_with(self)
        self._transport.write(data)

    def cork(self) -> None:
        """Keep what is written until `uncork`."""
        self._corked = True

    def uncork(self) -> None:
        """Send what was written since `cork`."""
        self._corked = False
        self.flush()

    def end_turn(self) -> None:
        """Send what was written in this turn of the loop."""
        self._wrote_this_turn = False
        self.flush()

    def flush(self) -> None:
        """Give the transport as much as it has room for."""
        while self._pieces and not self._is_full:
            self._transport.write(self._take_pieces())

    def flush_all(self) -> None:
        """Give the transport everything, room or not: nothing more will come."""
        while self._pieces:
            self._transport.write(self._take_pieces())

    def _take_pieces(self) -> bytes:
        pieces = self._pieces
        if len(pieces) == 1 or self._piece_bytes <= _WRITE_BYTES:
            self._pieces = []
            self._piece_bytes = 0
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        size = count = 0
        while count < len(pieces) and size < _WRITE_BYTES:
            size += len(pieces[count])
            count += 1
        taken = b"".join(pieces[:count])
        del pieces[:count]
        self._piece_bytes -= size
        return taken

    # ---------------------------------------------------------------------------- backpressure

    def pause(self) -> None:
        """Take in that the transport is full (its `pause_writing`)."""
        self._is_full = True

    def resume(self) -> None:
        """Take in that the transport has room again (its `resume_writing`)."""
        self._is_full = False
        self.flush()
        if not self._is_full:
            self._wake()

    async def drain(self) -> None:
        """Wait while the transport is full."""
        while self._is_full:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)

    def abandon(self) -> None:
        """Forget everything, now and later: the socket is gone."""
        self._is_gone = True
        self._pieces = []
        self._piece_bytes = 0
        self._is_full = False
        self._wake()

    def _wake(self) -> None:
        waiters = self._waiters
        self._waiters = []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
