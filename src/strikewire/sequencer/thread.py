"""The journal's thread: it does one thing after the other, and wakes the loop after each.

`concurrent.futures` would do, at twice the time that passes between a command and the disk.
"""

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import Self


class Job:
    """Something that the thread is to do."""

    def __init__(self, work: Callable[[], None], then: Callable[[], None] | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        self._work = work
        self._then = then
        self._error: BaseException | None = None
        self._under_way = Lock()
        self._under_way.acquire()

    async def finished(self) -> None:
        """Wait for it and what follows it, and raise what either of them raised.

        Who is cancelled meanwhile does not end it; what was to follow it no longer does.
        """
        await self._done
        self.result()

    def result(self) -> None:
        """Stand still until it is done, and raise what it, or what followed it, raised."""
        with self._under_way:
            if self._error is not None:
                raise self._error

    def carry_out(self) -> None:
        """Do it, in the thread."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - who waits for it is to have it
            self._error = error
        self._under_way.release()
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._done.done():
            return
        if self._then is not None and self._error is None:
            try:
                self._then()
            except BaseException as error:  # noqa: BLE001 - who waits for it is to have it
                self._error = error
        # What followed may have cancelled who waits.
        if not self._done.done():
            self._done.set_result(None)


class JournalThread:
    """A thread with a queue. Leaving its block waits for what it has begun."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="journal")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._jobs.put(None)
        self._thread.join()

    def begin(self, work: Callable[[], None], then: Callable[[], None] | None = None) -> Job:
        """Let it do something, after what it was told before.

        Args:
            work: Done in the thread.
            then: Done in the loop as soon as that has gone well, a turn before who waits for it
                goes on.
        """
        job = Job(work, then)
        self._jobs.put(job)
        return job

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.carry_out()
