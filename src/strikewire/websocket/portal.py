"""An event loop in a thread of its own, for callers that have none."""

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from typing import Final, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


PATIENCE_S: Final = 0.5
"""Longest wait for a lock in one piece.

A signal that comes just before such a wait does not end it (on Windows none does at all): Ctrl-C is
then heard after it.
"""


class PortalClosedError(Exception):
    """The loop behind the portal has ended, or ended while it was waited for."""


class Portal:
    """A way into an event loop that runs in a thread of its own.

    Every method may be called from any thread but the loop's. A portal that is open when the
    interpreter exits is closed by that.
    """

    def __init__(self, name: str) -> None:
        """Start the thread, and wait until its loop runs.

        Args:
            name: Of the thread, for people who look at threads.
        """
        self._name = name
        self._lock = threading.Lock()
        self._is_closed = False
        self._end = asyncio.Event()
        self._farewell: Callable[[], Awaitable[object]] | None = None
        running: Future[asyncio.AbstractEventLoop] = Future()
        # A daemon, or the interpreter would wait for it before it asks it to end.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(running)), name=name, daemon=True
        )
        atexit.register(self.close)
        self._thread.start()
        self._loop = running.result()

    def call(
        self,
        function: Callable[Arguments, Awaitable[Result]],
        /,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """Run `await function(...)` in the loop; return or raise what it does.

        What interrupts the wait (`KeyboardInterrupt`) cancels the call too.

        Raises:
            PortalClosedError: The loop has ended, or does before there is a result.
            RuntimeError: Called from the loop's own thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a callback runs in the loop's thread and may not wait for it")
        future = self.start(function, *arguments, **options)
        try:
            while True:
                try:
                    return future.result(PATIENCE_S)
                except TimeoutError:
                    if future.done():  # it was the function's own
                        raise
        except CancelledError:
            raise PortalClosedError(f"{self._name} was closed meanwhile") from None
        except BaseException:
            future.cancel()
            raise

    def start(
        self,
        function: Callable[Arguments, Awaitable[Result]],
        /,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> "Future[Result]":
        """Run `await function(...)` in the loop, without waiting for it.

        Raises:
            PortalClosedError: The loop has ended.
        """

        async def run() -> Result:
            return await function(*arguments, **options)

        with self._lock:
            if self._is_closed:
                raise PortalClosedError(f"{self._name} is closed")
            return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call `function` in the loop, without waiting; do nothing if the loop has ended."""
        with self._lock:
            if not self._is_closed:
                self._loop.call_soon_threadsafe(function)

    def end_with(self, farewell: Callable[[], Awaitable[object]]) -> None:
        """Run `await farewell()` in the loop before it ends."""
        self._farewell = farewell

    def close_soon(self) -> None:
        """Begin to close, without waiting; any thread may, and a second time changes nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._loop.call_soon_threadsafe(self._end.set)

    def close(self) -> None:
        """Cancel what still runs in the loop, end it, and wait until its thread is gone."""
        self.close_soon()
        self._thread.join()

    async def _live(self, running: "Future[asyncio.AbstractEventLoop]") -> None:
        running.set_result(asyncio.get_running_loop())
        try:
            await self._end.wait()
            if self._farewell is not None:
                await self._farewell()
        finally:
            atexit.unregister(self.close)
