"""What the server and the client under test have in common."""

from __future__ import annotations

import argparse
import asyncio
import inspect
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from strikewire.websocket import Connection, Limits

# The suite's largest messages are 16 MiB; a tester that is about to start may be slow to answer.
LIMITS: Final = Limits(
    message_bytes_max=64 << 20,
    frame_bytes_max=64 << 20,
    queued_bytes_max=128 << 20,
    open_timeout_s=60,
)


def echo(connection: Connection) -> None:
    """Send every message back as it came, inside the callback that read it."""
    connection.on_message(partial(_answer, connection))


def _answer(connection: Connection, payload: bytes, is_text: bool) -> None:
    connection.send_nowait(payload, text=is_text)


def takes_engine(opener: Callable[..., object]) -> bool:
    """Say whether `serve` or `connect` can be told whose sockets to use; if not, asyncio's."""
    return "engine" in inspect.signature(opener).parameters


def keywords(opener: Callable[..., object], engine: str) -> dict[str, Any]:
    """Return what to open a server or a client with."""
    return {"limits": LIMITS} | ({"engine": engine} if takes_engine(opener) else {})


def options(description: str | None) -> argparse.ArgumentParser:
    """Return a reader of the command line that knows what both ends may be told."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--engine", choices=("native", "asyncio"), required=True)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    return parser


def run(main: Coroutine[None, None, None], loop: str) -> None:
    """Run `main` on asyncio's own event loop or on uvloop's."""
    with asyncio.Runner(loop_factory=_uvloop if loop == "uvloop" else None) as runner:
        runner.run(main)


def _uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
