import asyncio

import pytest

from strikewire.websocket.aio.kernels import engine
from strikewire.websocket.aio.turns import engine_of, turn_of


async def test_a_loop_has_one_turn_and_one_engine() -> None:
    loop = asyncio.get_running_loop()

    assert turn_of(loop) is turn_of(loop)
    assert engine_of(loop, "native") is engine_of(loop, "native")


async def test_asyncio_is_no_engine() -> None:
    assert engine_of(asyncio.get_running_loop(), "asyncio") is None


async def test_auto_takes_the_engine_where_it_is_compiled() -> None:
    found = engine_of(asyncio.get_running_loop(), "auto")

    assert (found is not None) == engine.COMPILED


async def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(ValueError, match="'fast' is none of auto, native, asyncio"):
        engine_of(asyncio.get_running_loop(), "fast")  # type: ignore[arg-type]  # the mistake


def test_a_loop_without_readers_has_no_engine() -> None:
    # Like a simulator's: it is never run.
    bare: asyncio.AbstractEventLoop = object.__new__(type("Bare", (asyncio.AbstractEventLoop,), {}))

    assert engine_of(bare, "auto") is None
    with pytest.raises(RuntimeError, match="a loop with readers"):
        engine_of(bare, "native")
