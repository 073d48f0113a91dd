"""The journal's thread: it does one thing after the other, and wakes the loop after each.

A command waits for two changes of thread, there and back. Both go through a descriptor that the
system counts in: the thread stands reading its own, the loop has the other among its sockets. To
ring costs one call, in which the interpreter is free for the other thread; what a queue or
`call_soon_threadsafe` wakes has to wait for the interpreter once it is awake.
"""

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread
from types import TracebackType
from typing import Final, Self

_ONE: Final = (1).to_bytes(8, sys.byteorder)


class Job:
    """Something that the thread is to do."""

    def __init__(self, work: Callable[[], None], then: Callable[[], None] | None) -> None:
        self._work = work
        self._then = then
        self._error: BaseException | None = None
        self._under_way = Lock()
        self._under_way.acquire()
        self._is_told = False
        self._waiter: asyncio.Future[None] | None = None

    async def finished(self) -> None:
        """Wait for it and what follows it, and raise what either of them raised.

        At most one waits. Who is cancelled meanwhile does not end it; what was to follow it no
        longer does.
        """
        assert self._waiter is None
        if not self._is_told:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error is not None:
            raise self._error

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

    def tell(self) -> None:
        """Do what follows it, in the loop, and let who waits go on."""
        self._is_told = True
        waiter = self._waiter
        if waiter is not None and waiter.done():
            return
        if self._then is not None and self._error is None:
            try:
                self._then()
            except BaseException as error:  # noqa: BLE001 - who waits for it is to have it
                self._error = error
        # What followed may have cancelled who waits.
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class JournalThread:
    """A thread with a queue. Leaving its block waits for what it has begun."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[Job | None] = deque()
        self._done: deque[Job] = deque()
        self._thread = Thread(target=self._run, name="journal")

    def __enter__(self) -> Self:
        self._to_thread, self._to_loop = _Bell(), _Bell()
        self._loop.add_reader(self._to_loop.descriptor, self._hear)
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._put(None)
        self._thread.join()
        self._loop.remove_reader(self._to_loop.descriptor)
        self._to_loop.close()
        self._to_thread.close()
        self._tell()

    def begin(self, work: Callable[[], None], then: Callable[[], None] | None = None) -> Job:
        """Let it do something, after what it was told before.

        Args:
            work: Done in the thread.
            then: Done in the loop as soon as that has gone well, a turn before who waits for it
                goes on.
        """
        job = Job(work, then)
        self._put(job)
        return job

    def _put(self, job: Job | None) -> None:
        self._jobs.append(job)
        self._to_thread.ring()

    def _run(self) -> None:
        while True:
            self._to_thread.listen()
            while self._jobs:
                job = self._jobs.popleft()
                if job is None:
                    return
                job.carry_out()
                self._done.append(job)
                self._to_loop.ring()

    def _hear(self) -> None:
        self._to_loop.listen()
        self._tell()

    def _tell(self) -> None:
        while self._done:
            self._done.popleft().tell()


class _Bell:
    """Wakes who listens to it: once, however often it was rung since."""

    def __init__(self) -> None:
        # Where the system has no counter, a pipe: there, who was woken may find nothing to do.
        if hasattr(os, "eventfd"):
            self.descriptor = self._ringing = os.eventfd(0)
        else:
            self.descriptor, self._ringing = os.pipe()

    def ring(self) -> None:
        os.write(self._ringing, _ONE)

    def listen(self) -> None:
        os.read(self.descriptor, len(_ONE))

    def close(self) -> None:
        for descriptor in {self.descriptor, self._ringing}:
            os.close(descriptor)
