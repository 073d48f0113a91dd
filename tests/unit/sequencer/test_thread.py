import asyncio
import gc
import os
import threading
from functools import partial
from pathlib import Path

import pytest

from strikewire.sequencer.thread import JournalThread


async def test_jobs_are_done_one_after_the_other_in_a_thread_of_their_own() -> None:
    done: list[tuple[str, str]] = []

    def note(what: str) -> None:
        done.append((what, threading.current_thread().name))

    with JournalThread() as thread:
        first = thread.begin(lambda: note("first"))
        second = thread.begin(lambda: note("second"))
        await second.finished()
        await first.finished()

    assert done == [("first", "journal"), ("second", "journal")]


async def test_what_a_job_raised_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise OSError("no room")

    with JournalThread() as thread:
        job = thread.begin(fail)
        with pytest.raises(OSError, match="no room"):
            await job.finished()
        with pytest.raises(OSError, match="no room"):
            job.result()
        await thread.begin(lambda: None).finished()


async def test_who_is_cancelled_while_he_waits_does_not_end_the_job() -> None:
    gate, done = threading.Event(), list[int]()

    def work() -> None:
        gate.wait()
        done.append(1)

    with JournalThread() as thread:
        job = thread.begin(work)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(job.finished())
            await asyncio.sleep(0)
            waiting.cancel()
        assert waiting.cancelled()
        gate.set()
        job.result()

    assert done == [1]


async def test_what_follows_a_job_is_done_in_the_loop_before_who_waits_goes_on() -> None:
    done: list[str] = []

    with JournalThread() as thread:
        job = thread.begin(
            lambda: done.append("work"),
            then=lambda: done.append(f"then, in {threading.current_thread().name}"),
        )
        await job.finished()
        done.append("finished")

    assert done == ["work", f"then, in {threading.current_thread().name}", "finished"]


async def test_nothing_follows_a_job_that_failed() -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError("no room")

    with JournalThread() as thread:
        job = thread.begin(fail, then=lambda: done.append("then"))
        with pytest.raises(OSError, match="no room"):
            await job.finished()

    assert done == []


async def test_what_followed_a_job_raised_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise StopIteration("too far")

    with JournalThread() as thread:
        job = thread.begin(lambda: None, then=fail)
        with pytest.raises(RuntimeError) as caught:
            await job.finished()

    assert isinstance(caught.value.__cause__, StopIteration)


async def test_nothing_follows_where_nobody_waits_any_more() -> None:
    gate, done = threading.Event(), list[str]()

    def work() -> None:
        gate.wait()

    with JournalThread() as thread:
        job = thread.begin(work, then=lambda: done.append("then"))
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(job.finished())
            await asyncio.sleep(0)
            waiting.cancel()
        gate.set()
        job.result()
        await thread.begin(lambda: None).finished()

    assert done == []


async def test_what_follows_may_end_who_waits() -> None:
    def end() -> None:
        waiting.cancel()

    with JournalThread() as thread:
        job = thread.begin(lambda: None, then=end)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(job.finished())

    assert waiting.cancelled()


async def test_who_comes_when_it_is_done_waits_for_nothing() -> None:
    done: list[str] = []

    with JournalThread() as thread:
        early = thread.begin(lambda: done.append("work"), then=lambda: done.append("then"))
        await thread.begin(lambda: None).finished()
        assert done == ["work", "then"]
        await early.finished()

    assert done == ["work", "then"]


async def test_leaving_tells_of_what_was_done() -> None:
    done: list[str] = []

    with JournalThread() as thread:
        thread.begin(lambda: done.append("work"), then=lambda: done.append("then"))

    assert done == ["work", "then"]


async def test_leaving_gives_back_what_it_took_of_the_system() -> None:
    def held() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    gc.collect()  # what others have left is given back now or not at all
    before = held()

    with JournalThread() as thread:
        await thread.begin(lambda: None).finished()
        assert held() == before + 2

    assert held() == before


async def test_it_works_where_the_system_has_pipes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "eventfd", raising=False)
    done: list[int] = []

    with JournalThread() as thread:
        jobs = [thread.begin(partial(done.append, number)) for number in range(100)]
        for job in jobs:
            await job.finished()

    assert done == list(range(100))
