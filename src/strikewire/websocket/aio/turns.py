"""What the connections of one event loop share: its `Turn`, and its `Engine` where there is one."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal

from strikewire.websocket.kernels.link import Turn

try:
    from strikewire.websocket.kernels import engine
except ImportError:  # not compiled: sockets are asyncio's own
    engine = None  # type: ignore[assignment]  # mypy knows no module that may be None

EngineName = Literal["auto", "native", "asyncio"]
"""Whose sockets: the engine's where they can be had, the engine's or nothing, asyncio's."""

# Kept on the loop itself, so that they end with it.
_TURN: Final = "_strikewire_turn"
_ENGINE: Final = "_strikewire_engine"


def turn_of(loop: asyncio.AbstractEventLoop) -> Turn:
    """Return the one `Turn` of a loop."""
    return _kept(loop, _TURN, Turn)


def engine_of(
    loop: asyncio.AbstractEventLoop, wanted: EngineName = "auto"
) -> "engine.Engine | None":
    """Return the one `Engine` of a loop, or None where sockets are to be asyncio's.

    Raises:
        RuntimeError: "native" was asked for, and this build or this loop has none.
        ValueError: There is no such engine.
    """
    if wanted not in ("auto", "native", "asyncio"):
        raise ValueError(f"engine {wanted!r} is none of auto, native, asyncio")
    if wanted == "asyncio":
        return None
    if engine is None or not engine.AVAILABLE or not _can_watch(loop):
        if wanted == "native":
            raise RuntimeError("the native engine needs compiled kernels and epoll or kqueue")
        return None
    return _kept(loop, _ENGINE, _make_engine)


def _make_engine(loop: asyncio.AbstractEventLoop) -> "engine.Engine":
    made = engine.Engine(loop)
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
