"""Starts `websocket_process`, on this machine or in a network namespace of its own."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
SECONDS_MAX: Final = 60


class Place:
    """A network namespace, with one end of a cable.

    Attributes:
        name: Of the namespace.
        address: Of its end of the cable.
    """

    def __init__(self, name: str, address: str, processes: AsyncExitStack) -> None:
        self.name = name
        self.address = address
        self._processes = processes

    async def cut_the_cable(self) -> None:
        """Let nothing through any more; neither end is told."""
        await _ip("-n", self.name, "link", "set", "cable", "down")

    async def run_python(self, script: str) -> None:
        """Run a script here until the namespaces are removed."""
        process = await asyncio.create_subprocess_exec(
            *self.entering(sys.executable, "-c", script), stdin=asyncio.subprocess.PIPE
        )

        async def end() -> None:
            process.kill()
            await process.wait()

        self._processes.push_async_callback(end)

    def entering(self, *command: str) -> tuple[str, ...]:
        """Return a command as it is run here."""
        return ("ip", "netns", "exec", self.name, *command)


def why_no_namespaces() -> str:
    """Say why there can be no network namespaces here; empty where there can."""
    if shutil.which("ip") is None:
        return "no `ip` here: network namespaces cannot be made"
    name = f"strikewire-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"network namespaces cannot be made: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", name], check=True)
    return ""


@asynccontextmanager
async def namespaces() -> AsyncIterator[tuple[Place, Place]]:
    """Make two namespaces with a cable between them; remove them whatever happens."""
    async with AsyncExitStack() as stack:
        processes = AsyncExitStack()
        places = []
        for number in (1, 2):
            name = f"strikewire-{os.getpid()}-{number}"
            await _ip("netns", "add", name)
            stack.push_async_callback(_ip, "netns", "delete", name)
            places.append(Place(name, f"10.213.77.{number}", processes))
        left, right = places
        await stack.enter_async_context(processes)
        await _ip(
            *("-n", left.name, "link", "add", "cable", "type", "veth"),
            *("peer", "name", "cable", "netns", right.name),
        )
        for place in places:
            await _ip("-n", place.name, "link", "set", "lo", "up")
            await _ip("-n", place.name, "address", "add", f"{place.address}/24", "dev", "cable")
            await _ip("-n", place.name, "link", "set", "cable", "up")
        yield left, right


async def _ip(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec("ip", *arguments)
    assert await process.wait() == 0, arguments


class PeerProcess:
    """A server or a client in a process of its own, until the block ends.

    Attributes:
        port: Where the server listens; of a client, where it is connected to.
    """

    def __init__(
        self,
        *,
        place: Place | None = None,
        patience_s: float = SECONDS_MAX,
        **task: Any,
    ) -> None:
        self._place = place
        self._patience_s = patience_s
        self._task = task
        if place is not None and task.get("end", "server") == "server":
            self._task["host"] = place.address
        self.port = 0

    async def __aenter__(self) -> Self:
        command: tuple[str, ...] = (
            sys.executable,
            *("-m", "tests.acceptance.websocket_process", json.dumps(self._task)),
        )
        if self._place is not None:
            command = self._place.entering(*command)
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self._process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self.port = (await self._line())["port"]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if error is not None:
            self._process.kill()
        try:
            async with asyncio.timeout(SECONDS_MAX):
                code = await self._process.wait()
        except BaseException:
            self._process.kill()
            await self._process.wait()
            raise
        assert error is not None or code == 0

    def send_signal(self, number: int) -> None:
        """Stop it, or let it go on."""
        self._process.send_signal(number)

    async def state(self) -> dict[str, Any]:
        """Return what it says of itself."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return await self._line()

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(self._patience_s):
            line = await self._process.stdout.readline()
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer
