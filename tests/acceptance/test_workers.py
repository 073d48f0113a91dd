"""The example of several processes on one port, with real processes and signals."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from strikewire.websocket import Connection, ConnectionClosedError, connect

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "workers.py"
SECONDS_MAX = 30


class Running:
    """The example, running."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    async def who(self) -> int | None:
        """Ask which worker answers; None while none listens."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except ConnectionRefusedError:
            return None
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            return int((await reader.read()).rpartition(b"\r\n\r\n")[2])
        except (ConnectionError, ValueError):
            return None  # it was just killed
        finally:
            writer.close()

    async def both(self, besides: int = 0) -> set[int]:
        """Return the workers, once two of them answer that are not `besides`."""
        seen: set[int] = set()
        async with asyncio.timeout(SECONDS_MAX):
            while len(seen) < 2:
                worker = await self.who()
                if worker is not None and worker != besides:
                    seen.add(worker)
                await asyncio.sleep(0.005)
        return seen

    async def echo(self) -> Connection:
        connection = await connect(f"ws://127.0.0.1:{self.port}")
        await connection.send("hello")
        assert await connection.receive() == "hello"
        return connection


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLE),
        "0",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        told = re.fullmatch(rb"ws://127\.0\.0\.1:(\d+)\n", await process.stdout.readline())
        assert told is not None
        yield Running(process, int(told[1]))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def gone(pid: int) -> None:
    """Wait until there is no such process."""
    async with asyncio.timeout(SECONDS_MAX):
        with suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                await asyncio.sleep(0.05)


async def test_connections_are_spread_over_the_workers() -> None:
    async with running() as example:
        assert example.process.pid not in await example.both()


async def test_a_killed_worker_is_replaced_and_the_other_goes_on() -> None:
    async with running() as example:
        killed, _ = sorted(await example.both())

        os.kill(killed, signal.SIGKILL)
        await example.both(besides=killed)

        await gone(killed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stopping_closes_every_websocket_with_1001(number: signal.Signals) -> None:
    async with running() as example:
        workers = await example.both()
        clients = [await example.echo() for _ in range(8)]

        example.process.send_signal(number)
        for client in clients:
            with pytest.raises(ConnectionClosedError):
                await client.receive()
            assert client.close_code == 1001
        assert await example.process.wait() == 0
        for worker in workers:
            await gone(worker)


async def test_workers_end_when_their_supervisor_is_killed() -> None:
    async with running() as example:
        await example.both()

        example.process.kill()
        async with asyncio.timeout(SECONDS_MAX):
            while await example.who() is not None:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)
