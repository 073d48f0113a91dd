"""One reader waits, a ring wakes it."""

import asyncio

import pytest

from strikewire.client.bell import Bell


async def test_a_ring_wakes_the_reader() -> None:
    bell = Bell()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(bell.wait())
        await asyncio.sleep(0)
        assert not waiting.done()

        bell.ring()
        bell.ring()


async def test_a_ring_that_nobody_waits_for_is_not_kept() -> None:
    bell = Bell()
    bell.ring()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bell.wait(), 0)


async def test_a_cancelled_reader_leaves_the_bell_free() -> None:
    bell = Bell()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bell.wait(), 0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bell.wait())
        await asyncio.sleep(0)
        bell.ring()


async def test_two_readers_of_one_stream_are_a_mistake() -> None:
    bell = Bell()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bell.wait())
        await asyncio.sleep(0)

        with pytest.raises(AssertionError, match="two readers"):
            await bell.wait()
        bell.ring()
