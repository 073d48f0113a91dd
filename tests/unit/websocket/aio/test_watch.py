import asyncio
from math import inf

from strikewire.websocket.aio.watch import Watch


class Owing:
    """Something with a deadline that, once missed, is missed no more."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.expired = asyncio.Event()

    def expire(self) -> None:
        self.deadline = inf
        self.expired.set()


def watch(*owing: Owing) -> Watch:
    return Watch(asyncio.get_running_loop(), lambda: owing, grain_s=0.001)


async def test_what_is_due_expires() -> None:
    now = asyncio.get_running_loop().time()
    soon, later = Owing(now + 0.005), Owing(now + 0.01)
    watching = watch(soon, later)

    watching.look_at(soon.deadline)
    await soon.expired.wait()
    await later.expired.wait()

    assert watching.due == inf


async def test_a_deadline_that_moved_later_is_seen_when_the_old_one_is_due() -> None:
    loop = asyncio.get_running_loop()
    owing = Owing(loop.time() + 0.002)
    watching = watch(owing)
    watching.look_at(owing.deadline)

    owing.deadline = late = loop.time() + 0.03
    await owing.expired.wait()

    assert loop.time() >= late - 0.002  # the clock of uvloop counts whole milliseconds


async def test_an_earlier_deadline_is_looked_at_earlier() -> None:
    now = asyncio.get_running_loop().time()
    owing = Owing(now + 0.005)
    watching = watch(owing)

    watching.look_at(now + 1000)
    watching.look_at(owing.deadline)
    assert watching.due == owing.deadline

    await owing.expired.wait()


async def test_a_stopped_watch_looks_no_more() -> None:
    owing = Owing(asyncio.get_running_loop().time())
    watching = watch(owing)
    watching.look_at(owing.deadline)

    watching.stop()
    watching.look_at(0)
    await asyncio.sleep(0.01)

    assert not owing.expired.is_set()
