"""Concurrency is a tree: three tasks, one fate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class PeerLeft(Exception):
    """The other end closed the connection: the ordinary end of its tasks."""


class Connection:
    """Echo what a peer sends, and tell it now and then that we are alive.

    Args:
        receive: Returns the next message, or None when the peer has left.
        transmit: Sends one message.
        next_beat: Returns when the next heartbeat is due.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[str | None]],
        transmit: Callable[[str], Awaitable[None]],
        next_beat: Callable[[], Awaitable[None]],
    ) -> None:
        self._receive = receive
        self._transmit = transmit
        self._next_beat = next_beat
        # The limit holds the reader back, so that a slow peer fills no memory.
        self._outbox: asyncio.Queue[str] = asyncio.Queue(maxsize=8)

    async def run(self) -> None:
        """Serve the peer until it leaves."""
        try:
            async with asyncio.TaskGroup() as tasks:  # one connection: three tasks, one fate
                tasks.create_task(self._read(), name="read")
                tasks.create_task(self._write(), name="write")
                tasks.create_task(self._heartbeat(), name="heartbeat")
        except* PeerLeft:
            pass

    async def _read(self) -> None:
        while (message := await self._receive()) is not None:
            await self._outbox.put(message)
        raise PeerLeft

    async def _write(self) -> None:
        while True:
            await self._transmit(await self._outbox.get())

    async def _heartbeat(self) -> None:
        while True:
            await self._next_beat()
            await self._outbox.put("heartbeat")
