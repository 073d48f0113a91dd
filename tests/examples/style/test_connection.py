from __future__ import annotations

import asyncio

from examples.style.connection import Connection


class Peer:
    """An in-memory peer: says what it is told to, keeps what it hears."""

    def __init__(self, *messages: str) -> None:
        self._messages = list(messages)
        self.heard: list[str] = []
        self.answered = asyncio.Event()

    async def say(self) -> str | None:
        if self._messages:
            return self._messages.pop(0)
        await self.answered.wait()
        return None

    async def hear(self, message: str) -> None:
        self.heard.append(message)
        self.answered.set()


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_connection_echoes_and_ends_when_its_peer_leaves() -> None:
    peer = Peer("hello")

    await Connection(peer.say, peer.hear, never).run()

    assert peer.heard == ["hello"]


async def test_a_silent_peer_hears_the_heartbeat() -> None:
    peer = Peer()
    beats = iter([0])

    async def once() -> None:
        if next(beats, None) is None:
            await never()

    await Connection(peer.say, peer.hear, once).run()

    assert peer.heard == ["heartbeat"]
