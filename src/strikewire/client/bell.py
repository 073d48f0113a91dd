"""One reader waits for a ring."""

import asyncio


class Bell:
    """Wake one waiting reader; a ring that nobody waits for is not kept.

    The reader checks what it waits for, then waits, with no `await` between: so no ring is missed.
    """

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Return at the next ring."""
        assert self._waiter is None, "two readers of one stream"
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def ring(self) -> None:
        """Wake the reader, if there is one."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
