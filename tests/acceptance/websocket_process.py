"""A WebSocket server or client in a process of its own, for tests that stop, starve or cut it off.

    python -m tests.acceptance.websocket_process '{"end": "server", "engine": "native", ...}'

It says in its first line where it listens (a server) or that it is open (a client). Every line it
reads is answered by one of JSON: its state. It ends when there is nothing more to read.
"""

import asyncio
import ctypes
import gc
import json
import os
import resource
import sys
from collections import Counter
from contextlib import suppress
from typing import Any, Final, Literal

import msgspec

from strikewire.websocket import Connection, ConnectionClosedError, Limits, connect, serve
from strikewire.websocket.aio.http_connection import HttpConnection
from strikewire.websocket.aio.turns import EngineName

# Opened now: a process that was left without descriptors still says how it is.
_C: Final = ctypes.CDLL(None)
_STATM: Final = os.open("/proc/self/statm", os.O_RDONLY)


class Task(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the process is to be.

    Attributes:
        end: Which end.
        engine: Whose sockets.
        handler: What a server does with a connection: echo in a callback, echo in a task, or send
            and await nothing else until it cannot.
        host: To listen on, or to connect to.
        port: Likewise.
        path: That a client asks for.
        files_max: How many descriptors it may have; 0 for as many as it gets.
        limits: Where they are not the default ones.
    """

    end: Literal["server", "client"] = "server"
    engine: EngineName = "auto"
    handler: Literal["callback", "task", "flood"] = "callback"
    host: str = "127.0.0.1"
    port: int = 0
    path: str = "/"
    files_max: int = 0
    limits: dict[str, float] = {}


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts how often it looks for something to do: a loop that spins looks all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0

    def _run_once(self) -> None:
        self.turns += 1
        super()._run_once()  # type: ignore[misc]  # it is there, and private


class Life:
    """What happened to the connections of this process."""

    def __init__(self) -> None:
        self.opened = 0
        self.open = 0
        self.messages = 0
        self.endings: Counter[str] = Counter()
        self.complaints: Counter[str] = Counter()

    def begin(self, connection: Connection) -> None:
        """Count a connection in, and out when it ends."""
        self.opened += 1
        self.open += 1
        connection.on_closed(self._end)

    def _end(self, connection: Connection) -> None:
        self.open -= 1
        self.messages += connection.messages_received
        self.endings[f"{connection.close_code} {connection.close_reason}".strip()] += 1

    def complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Note what the loop was told of."""
        self.complaints[f"{context['message']}: {context.get('exception')!r}"] += 1

    def state(self) -> dict[str, Any]:
        """Return everything there is to know."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CountingLoop)
        return {
            "opened": self.opened,
            "open": self.open,
            "messages": self.messages,
            "endings": self.endings,
            "complaints": self.complaints,
            "remembered": remembered() if self.open == 0 else None,
            "turns": loop.turns,
            "files": open_files(),
            "resident_bytes": resident_bytes(),
        }


def say(words: dict[str, Any]) -> None:
    """Write one line to whoever started this process."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def remembered() -> int:
    """Return how many connections are still there as objects."""
    gc.collect()
    return sum(isinstance(one, Connection | HttpConnection) for one in gc.get_objects())


def resident_bytes() -> int:
    """Return how much memory this process holds that it does not merely keep for later."""
    gc.collect()
    _C.malloc_trim(0)
    return int(os.pread(_STATM, 200, 0).split()[1]) * resource.getpagesize()


def open_files() -> int:
    """Return how many descriptors this process has, without using one more."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sum(1 for fd in range(most) if _is_open(fd))


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def handler(task: Task, life: Life) -> Any:
    """Return what a server does with a connection."""

    def callback(connection: Connection) -> None:
        life.begin(connection)
        connection.on_message(lambda payload, text: connection.send_nowait(payload, text=text))

    async def echo(connection: Connection) -> None:
        life.begin(connection)
        async for message in connection:
            await connection.send(message)

    async def flood(connection: Connection) -> None:
        life.begin(connection)
        while True:
            await connection.send(bytes(10_000))

    return {"callback": callback, "task": echo, "flood": flood}[task.handler]


async def answer_questions(life: Life) -> None:
    """Answer each line of the standard input with the state, until it ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        say(life.state())


async def run(task: Task) -> None:
    """Be what is asked for."""
    life = Life()
    asyncio.get_running_loop().set_exception_handler(life.complain)
    limits = Limits(**task.limits)  # type: ignore[arg-type]  # every one is a number
    if task.files_max:
        resource.setrlimit(resource.RLIMIT_NOFILE, (task.files_max, task.files_max))
    if task.end == "server":
        server = serve(handler(task, life), task.host, task.port, engine=task.engine, limits=limits)
        async with server:
            say({"port": server.port})
            await answer_questions(life)
        return
    uri = f"ws://{task.host}:{task.port}{task.path}"
    connection = await connect(uri, engine=task.engine, limits=limits, proxy=None)
    life.begin(connection)
    say({"port": task.port})
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(read_all(connection))
        await answer_questions(life)
        reading.cancel()
    connection.abort()


async def read_all(connection: Connection) -> None:
    """Read until the end, however it ends."""
    with suppress(ConnectionClosedError):
        async for _ in connection:
            pass


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        runner.run(run(msgspec.json.decode(sys.argv[1], type=Task)))
