"""A request body that is read while it arrives."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Self

from strikewire.websocket.errors import ConnectionClosedError

_QUEUED_BYTES_HIGH: Final = 64 << 10


class RequestBody:
    """The pieces of a request body, in order, once.

    While more than 64 KiB wait to be taken, the socket is not read.

    Attributes:
        is_whole: Whether the last piece has arrived.
        is_wanted: Whether anyone has asked for a piece yet.
        wants_invitation: Whether the client waits for "100 Continue", and was not sent it yet.
    """

    def __init__(self, on_taken: Callable[[], None]) -> None:
        self.is_whole = False
        self.is_wanted = False
        self.wants_invitation = False
        self._on_taken = on_taken
        self._pieces: deque[bytes] = deque()
        self._queued_bytes = 0
        self._is_lost = False
        self._reader: asyncio.Future[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether enough waits to be taken."""
        return self._queued_bytes > _QUEUED_BYTES_HIGH

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Wait for the next piece.

        Raises:
            ConnectionClosedError: The rest will not come: the client left, or sent too much.
        """
        if not self.is_wanted:
            self.is_wanted = True
            self._on_taken()
        while not self._pieces:
            if self.is_whole:
                raise StopAsyncIteration
            if self._is_lost:
                raise ConnectionClosedError(1006, "the request's body did not come whole")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        piece = self._pieces.popleft()
        was_full = self.is_full
        self._queued_bytes -= len(piece)
        if was_full and not self.is_full:
            self._on_taken()
        return piece

    def feed(self, data: bytes, *, is_last: bool) -> None:
        """Take in what arrived."""
        self.is_whole = is_last
        if data:
            self._pieces.append(data)
            self._queued_bytes += len(data)
        self._wake()

    def lose(self) -> None:
        """Take in that no more will arrive."""
        self._is_lost = True
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
