"""Several processes on one port, each with an event loop of its own, and one that looks after them.

The kernel spreads new connections over the listening sockets of a port that all said SO_REUSEPORT;
nothing is handed from process to process, and no process shares anything with another. (macOS has
the option but gives all connections to one of them.)
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from multiprocessing.context import SpawnProcess
from typing import Any, Final

from strikewire.websocket.errors import AddressInUseError

Main = Callable[[socket.socket], Coroutine[Any, Any, None]]
"""What a worker does: serves on the bound socket it is given, until it is cancelled."""

logger = logging.getLogger("strikewire.websocket")

# A worker that dies at once is started again later and later; one that lived is at once.
_DELAY_S_MIN: Final = 0.1
_DELAY_S_MAX: Final = 30.0
_LIVED_S: Final = 10.0


class Workers:
    """Keeps worker processes running; see `serve_workers`.

    Attributes:
        port: The port they listen on, once it runs.
    """

    def __init__(
        self,
        main: Main,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        count: int | None = None,
        shutdown_timeout_s: float = 10.0,
    ) -> None:
        """Remember what to run.

        Args:
            main: A function of a module: workers import it by its name.
            host: Address to listen on.
            port: Zero takes one that is free.
            count: Number of workers; one for each processor without.
            shutdown_timeout_s: Time for a worker to end after SIGTERM. Then: SIGKILL.

        Raises:
            ValueError: There would be no worker.
            NotImplementedError: This system has no SO_REUSEPORT.
        """
        if not hasattr(socket, "SO_REUSEPORT"):
            raise NotImplementedError("this system cannot share a port between processes")
        self.port = port
        self._main = main
        self._host = host
        self._count = _processors() if count is None else count
        if self._count < 1:
            raise ValueError(f"{self._count} workers")
        self._shutdown_timeout_s = shutdown_timeout_s
        self._spawn = multiprocessing.get_context("spawn")
        self._processes: set[SpawnProcess] = set()
        self._stopping = asyncio.Event()

    async def run(self, on_ready: Callable[[int], None] | None = None) -> None:
        """Keep the workers running until `stop`, or until cancelled; either way they are stopped.

        A worker that ends without being asked is replaced: at once if it lived for ten seconds,
        else after a delay that doubles from 0.1 s to 30 s.

        Args:
            on_ready: Called with the port, once it is taken.

        Raises:
            AddressInUseError: Another program has the port.
        """
        # Bound but not listening: it keeps the port ours while workers come and go.
        with _bind(self._host, self.port) as placeholder:
            self.port = placeholder.getsockname()[1]
            if on_ready is not None:
                on_ready(self.port)
            async with asyncio.TaskGroup() as tasks:
                for number in range(self._count):
                    tasks.create_task(self._keep(number), name=f"worker {number}")

    def stop(self) -> None:
        """Ask every worker to end, and start no other."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        for process in self._processes:
            process.terminate()

    async def _keep(self, number: int) -> None:
        """Have one worker running, one after the other."""
        loop = asyncio.get_running_loop()
        delay_s = _DELAY_S_MIN
        while not self._stopping.is_set():
            began_s = loop.time()
            code = await self._run_one(number)
            if self._stopping.is_set():
                return
            if loop.time() - began_s >= _LIVED_S:
                delay_s = _DELAY_S_MIN
            logger.warning(
                "worker %d ended with %d, another is started in %.1f s", number, code, delay_s
            )
            try:
                async with asyncio.timeout(delay_s):
                    await self._stopping.wait()
            except TimeoutError:
                delay_s = min(delay_s * 2, _DELAY_S_MAX)

    async def _run_one(self, number: int) -> int:
        """Start a worker, wait for its end and return its exit code, negative for a signal."""
        process = self._spawn.Process(
            target=_work, args=(self._main, self._host, self.port), name=f"worker-{number}"
        )
        process.start()
        self._processes.add(process)
        try:
            await self._until_ended(process)
        except asyncio.CancelledError:
            self.stop()
            await self._until_ended(process)
            raise
        finally:
            self._processes.discard(process)
            process.join()
            code = process.exitcode
            process.close()
        assert code is not None
        return code

    async def _until_ended(self, process: SpawnProcess) -> None:
        """Wait for its end, however long; once we are stopping, only so long."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(process.sentinel, ended.set)
        try:
            async with asyncio.TaskGroup() as tasks:
                killer = tasks.create_task(self._kill(process))
                await ended.wait()
                killer.cancel()
        finally:
            loop.remove_reader(process.sentinel)

    async def _kill(self, process: SpawnProcess) -> None:
        await self._stopping.wait()
        await asyncio.sleep(self._shutdown_timeout_s)
        logger.warning("killing %s, which did not end", process.name)
        process.kill()


def serve_workers(
    main: Main,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    count: int | None = None,
    shutdown_timeout_s: float = 10.0,
    on_ready: Callable[[int], None] | None = None,
) -> None:
    """Run `main` in several processes on one port until SIGTERM or SIGINT, then stop them.

    ```python
    async def main(sock: socket.socket) -> None:
        async with serve(echo, sock=sock):
            await asyncio.Event().wait()


    if __name__ == "__main__":
        serve_workers(main, port=8765)
    ```

    Workers are new processes (spawned, not forked), which import `main` by its name. Each gets a
    socket of its own; SIGTERM cancels `main`, so that its `async with` closes gracefully. Workers
    whose supervisor is gone end as if it had asked them to.

    Args:
        main: As for `Workers`, like everything else.
        host: As for `Workers`.
        port: As for `Workers`.
        count: As for `Workers`.
        shutdown_timeout_s: As for `Workers`.
        on_ready: Called with the port, once it is taken.

    Raises:
        AddressInUseError: Another program has the port.
    """

    async def supervise() -> None:
        workers = Workers(main, host, port, count=count, shutdown_timeout_s=shutdown_timeout_s)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, workers.stop)
        await workers.run(on_ready)

    asyncio.run(supervise())


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)
    except OSError:
        sock.close()
        raise AddressInUseError(host, port) from None
    return sock


# ------------------------------------------------------------------------------ in the worker


def _work(main: Main, host: str, port: int) -> None:
    """Be a worker: what a new process begins with."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    with _bind(host, port) as sock, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_told(main, sock, parent.sentinel))


async def _until_told(main: Main, sock: socket.socket, parent: int) -> None:
    """Run `main` until a signal comes or `parent` becomes readable; then cancel it, once."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    loop.add_reader(parent, told.set)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(main(sock))
        waiting = tasks.create_task(_cancel_when(told, running))
        try:
            await asyncio.wait([running])
        finally:
            loop.remove_reader(parent)
            waiting.cancel()


async def _cancel_when(told: asyncio.Event, running: asyncio.Task[None]) -> None:
    await told.wait()
    # Not again at the next signal: what it still does then is to close gracefully.
    running.cancel()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it is installed; None stands for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
