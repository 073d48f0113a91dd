"""Tasks of a block end with it, and end it when they fail."""

import asyncio
from contextlib import suppress

import pytest

from strikewire.venue.crew import crew


async def forever(ended: list[str], name: str = "forever") -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def failing() -> None:
    raise KeyError("mine")


async def test_the_end_of_the_block_ends_its_tasks() -> None:
    ended: list[str] = []

    async with crew() as tasks:
        tasks.start(forever(ended), "one")
        await asyncio.sleep(0)

    assert ended == ["forever"]


async def test_a_task_that_fails_ends_the_block_with_its_own_error() -> None:
    ended: list[str] = []

    async def block() -> None:
        async with crew() as tasks:
            tasks.start(forever(ended), "one")
            tasks.start(failing(), "two")
            await asyncio.Event().wait()

    with pytest.raises(KeyError, match="mine"):
        await block()
    assert ended == ["forever"]


async def test_what_the_block_raises_leaves_as_it_is() -> None:
    ended: list[str] = []

    async def block() -> None:
        async with crew() as tasks:
            tasks.start(forever(ended), "one")
            await asyncio.sleep(0)
            raise ValueError("block")

    with pytest.raises(ValueError, match="block"):
        await block()
    assert ended == ["forever"]


async def test_a_task_that_ends_by_itself_leaves_the_block_alone() -> None:
    async with crew() as tasks:
        task = tasks.start(asyncio.sleep(0), "short")
        await task

    assert task.done()


async def test_being_cancelled_cancels_the_tasks_and_passes_on() -> None:
    ended: list[str] = []
    started = asyncio.Event()

    async def block() -> None:
        async with crew() as tasks:
            tasks.start(forever(ended), "one")
            await asyncio.sleep(0)
            started.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(block())
        await started.wait()
        task.cancel()

    assert task.cancelled()
    assert ended == ["forever"]


async def test_a_block_that_feels_a_failed_task_ends_with_the_error_of_the_task() -> None:
    async def block() -> None:
        async with crew() as tasks:
            task = tasks.start(failing(), "one")
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
            raise RuntimeError("what came of it")

    with pytest.raises(KeyError, match="mine"):
        await block()


async def test_a_block_that_fails_first_ends_with_its_own_error() -> None:
    async def late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise KeyError("while it ended")

    async def block() -> None:
        async with crew() as tasks:
            tasks.start(late(), "one")
            await asyncio.sleep(0)
            raise RuntimeError("first")

    with pytest.raises(RuntimeError, match="first"):
        await block()
