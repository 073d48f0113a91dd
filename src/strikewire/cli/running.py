"""Run one coroutine as the program: signals, logging, and the computer's time and chance."""

import asyncio
import gc
import logging
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from strikewire.venue.venue import Surroundings

T = TypeVar("T")

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def surroundings(progress: Callable[[int, int], None] | None = None) -> Surroundings:
    """Return the time and chance of this computer."""
    return Surroundings(
        clock=time.time_ns,  # noqa: TID251 - here the clock enters; below it is an argument
        sleep=asyncio.sleep,
        entropy=secrets.token_bytes,
        progress=progress,
    )


def run(
    work: Callable[[asyncio.Event], Awaitable[T]],
    *,
    on_hangup: Callable[[], None] | None = None,
) -> T:
    """Run `work` to its end and return its result.

    Args:
        work: Gets an event that SIGINT and SIGTERM set; it should end soon after.
        on_hangup: Called at each SIGHUP.
    """

    async def main() -> T:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, stopped.set)
        if on_hangup is not None:
            loop.add_signal_handler(signal.SIGHUP, on_hangup)
        return await work(stopped)

    with asyncio.Runner() as runner:
        return runner.run(main())


def stay() -> None:
    """Let the garbage collector pass over all that there is now, because it stays to the end.

    Call it once, when everything has begun. A venue with its instruments is some hundred thousand
    objects, and each full collection would stop it for as long as it takes to look at all of them.
    """
    gc.collect()
    gc.freeze()


def log_to_stderr(level: str) -> None:
    """Write the program's log to standard error, one line a record."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
