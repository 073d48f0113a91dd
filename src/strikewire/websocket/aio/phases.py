"""The clock of an opening connection: what it waits for, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from strikewire.websocket.errors import HandshakeTimeoutError
from strikewire.websocket.timeouts import Phase


class PhaseClock:
    """Limits every phase of one opening, and the whole of it, and names the phase that failed.

    Attributes:
        phase: The one under way, or the last one.
        who: Whom we are waiting for, such as "example.org:8080".
    """

    def __init__(self, who: str) -> None:
        self.phase = Phase.RESOLVE
        self.who = who

    @asynccontextmanager
    async def limit(self, phase: Phase, seconds: float) -> AsyncIterator[None]:
        """Run the block as `phase`; zero `seconds` set no limit.

        Raises:
            HandshakeTimeoutError: It took longer.
            OSError: As the block raised it, with the phase in a note.
        """
        self.phase = phase
        try:
            async with self.limit_all(seconds):
                yield
        except OSError as error:
            error.add_note(f"{phase}, {self.who}")
            raise

    @asynccontextmanager
    async def limit_all(self, seconds: float) -> AsyncIterator[None]:
        """Run the block, which may go through several phases; zero `seconds` set no limit.

        Raises:
            HandshakeTimeoutError: It took longer; the error names the phase that was under way.
        """
        try:
            async with asyncio.timeout(seconds if seconds > 0 else None) as time_limit:
                yield
        except TimeoutError:
            if not time_limit.expired():
                raise  # the kernel gave up first
            raise HandshakeTimeoutError(
                f"{self.who} did not answer within {seconds:g} s ({self.phase})", self.phase
            ) from None
