"""What the connections of one event loop share: its `Turn`, and its `Engine` where there is one."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal

from strikewire.websocket.aio.kernels import engine
from strikewire.websocket.aio.kernels.engine import Engine
from strikewire.websocket.aio.kernels.link import Turn

EngineName = Literal["auto", "native", "asyncio"]
"""Whose sockets: the engine's where they can be had, the engine's or nothing, asyncio's."""

# Kept on the loop itself, so that they end with it.
_TURN: Final = "_strikewire_turn"
_ENGINE: Final = "_strikewire_engine"


def turn_of(loop: asyncio.AbstractEventLoop) -> Turn:
    """Return the one `Turn` of a loop."""
    turn: Turn = _kept(loop, _TURN, Turn)
    return turn


def engine_of(loop: asyncio.AbstractEventLoop, wanted: EngineName = "auto") -> Engine | None:
    """Return the one `Engine` of a loop, or None where sockets are to be asyncio's.

    Raises:
        RuntimeError: "native" was asked for, and this build or this loop has none.
        ValueError: There is no such engine.
    """
    if wanted not in ("auto", "native", "asyncio"):
        raise ValueError(f"engine {wanted!r} is none of auto, native, asyncio")
    if wanted == "asyncio":
        return None
    if not engine.AVAILABLE or not _can_watch(loop):
        if wanted == "native":
            raise RuntimeError("the native engine needs epoll or kqueue, and a loop with readers")
        return None
    if wanted == "auto" and not engine.COMPILED:
        return None  # asyncio's own are faster than the interpreted ones
    kept: Engine = _kept(loop, _ENGINE, _make_engine)
    return kept


def _make_engine(loop: asyncio.AbstractEventLoop) -> Engine:
    made = Engine(loop)
    made.end_turns_with(turn_of(loop))
    return made


def _kept(
    loop: asyncio.AbstractEventLoop, name: str, make: Callable[[asyncio.AbstractEventLoop], Any]
) -> Any:  # noqa: ANN401 - what `make` makes
    found = getattr(loop, name, None)
    if found is None:
        found = make(loop)
        setattr(loop, name, found)
    return found


def _can_watch(loop: asyncio.AbstractEventLoop) -> bool:
    # Proactor loops have the method, and raise; loops of simulators may have none.
    return type(loop).add_reader is not asyncio.AbstractEventLoop.add_reader
