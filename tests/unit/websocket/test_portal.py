import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from strikewire.websocket.portal import PATIENCE_S, Portal, PortalClosedError


@pytest.fixture
def portal() -> Iterator[Portal]:
    portal = Portal("test portal")
    yield portal
    portal.close()


async def double(number: int, *, add: int = 0) -> int:
    await asyncio.sleep(0)
    return 2 * number + add


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_a_call_returns_what_the_loop_returns(portal: Portal) -> None:
    assert portal.call(double, 2, add=1) == 5


def test_a_call_raises_what_the_loop_raises(portal: Portal) -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        portal.call(fail)


def test_a_timeout_of_the_loops_own_is_passed_on(portal: Portal) -> None:
    async def give_up() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        portal.call(give_up)


def test_a_call_may_take_longer_than_a_lock_is_waited_for_in_one_piece(portal: Portal) -> None:
    assert portal.call(asyncio.sleep, PATIENCE_S + 0.1, "slow") == "slow"


def test_every_thread_may_call(portal: Portal) -> None:
    answers: list[int] = []
    callers = [
        threading.Thread(target=lambda n=n: answers.append(portal.call(double, n)))
        for n in range(20)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert sorted(answers) == list(range(0, 40, 2))


def test_the_loops_own_thread_may_not_wait_for_itself(portal: Portal) -> None:
    async def call_back() -> int:
        return portal.call(double, 1)

    with pytest.raises(RuntimeError, match="may not wait"):
        portal.call(call_back)


def test_something_may_be_called_without_waiting(portal: Portal) -> None:
    called = threading.Event()

    portal.call_soon(called.set)

    assert called.wait(5)


def test_the_thread_ends_with_the_portal() -> None:
    portal = Portal("short portal")
    assert "short portal" in threads()

    portal.close()

    assert "short portal" not in threads()
    with pytest.raises(PortalClosedError):
        portal.call(double, 1)
    portal.call_soon(lambda: None)
    portal.close()


def test_who_waits_when_it_closes_is_told() -> None:
    portal = Portal("test portal")
    begun, told = threading.Event(), threading.Event()

    async def wait() -> None:
        begun.set()
        await for_ever()

    def call() -> None:
        try:
            portal.call(wait)
        except PortalClosedError:
            told.set()

    caller = threading.Thread(target=call)
    caller.start()
    assert begun.wait(5)
    portal.close()
    caller.join(5)

    assert told.is_set()


def test_the_last_thing_that_runs_is_the_farewell() -> None:
    portal = Portal("test portal")
    said = threading.Event()

    async def farewell() -> None:
        said.set()

    portal.end_with(farewell)
    portal.close()

    assert said.is_set()


def test_an_interrupted_call_is_cancelled(portal: Portal) -> None:
    cancelled = threading.Event()
    main = threading.get_ident()

    async def wait() -> None:
        try:
            # Signals are for the main thread, which has begun to wait by then.
            asyncio.get_running_loop().call_later(0.2, signal.pthread_kill, main, signal.SIGINT)
            await for_ever()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(KeyboardInterrupt):
        portal.call(wait)

    assert cancelled.wait(5)


def test_one_that_is_open_when_the_interpreter_exits_is_closed() -> None:
    program = """
from strikewire.websocket.portal import Portal

async def farewell():
    print("good bye", flush=True)

Portal("forgotten").end_with(farewell)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "good bye\n", "")
