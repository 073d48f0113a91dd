"""Signals end the program; time and chance enter here."""

import asyncio
import gc
import logging
import os
import signal
import weakref

import pytest

from strikewire.cli.running import log_to_stderr, run, stay, surroundings


def test_the_result_of_the_work_is_returned() -> None:
    async def work(_stopped: asyncio.Event) -> int:
        return 7

    assert run(work) == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_the_work_to_stop(number: signal.Signals) -> None:
    async def work(stopped: asyncio.Event) -> str:
        os.kill(os.getpid(), number)
        await stopped.wait()
        return "ended by itself"

    assert run(work) == "ended by itself"


def test_a_hangup_calls_what_it_is_for_and_goes_on() -> None:
    called = asyncio.Event()

    async def work(_stopped: asyncio.Event) -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        await called.wait()
        return "went on"

    assert run(work, on_hangup=called.set) == "went on"


def test_the_surroundings_are_this_computers() -> None:
    around = surroundings()

    assert around.clock() > 1_700_000_000 * 10**9
    assert len(around.entropy(32)) == 32
    assert around.entropy(32) != around.entropy(32)
    assert around.progress is None


def test_the_collector_passes_over_what_stays_and_collects_what_comes() -> None:
    class Node:
        other: "Node | None" = None

    stays = Node()
    stay()
    try:
        comes, gone = Node(), Node()
        gone.other = gone
        watched = weakref.ref(gone)
        del gone
        gc.collect()

        seen = [one for one in gc.get_objects() if isinstance(one, Node)]
    finally:
        gc.unfreeze()

    assert any(one is comes for one in seen)
    assert not any(one is stays for one in seen)
    assert watched() is None


def test_the_log_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        log_to_stderr("warning")
        logging.getLogger("strikewire.test").info("not this")
        logging.getLogger("strikewire.test").warning("but this")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "WARNING strikewire.test: but this" in captured.err
    assert "not this" not in captured.err
