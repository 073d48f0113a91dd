"""A real venue in a process of its own, started the way its users start it."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .desk import Desk
from .wire import Address, connected

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30


__all__ = ["Address", "demo"]


@contextmanager
def demo(*arguments: str, log: Path) -> Iterator[Address]:
    """Run `strikewire demo` until the block ends; its exit must be clean."""
    command = [sys.executable, "-m", "strikewire.cli", "demo", "--json", "--port", "0", *arguments]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            yield Address(**_first_line(process, log))
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(STOP_SECONDS_MAX)
        assert code == 0, f"the venue ended with {code}: {log.read_text()}"


def _first_line(process: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.fail(f"the venue printed nothing: {log.read_text()}")
    address = json.loads(line)
    assert isinstance(address, dict)
    return address


@pytest.fixture
def quiet_venue(tmp_path: Path) -> Iterator[Address]:
    """A venue whose books are empty until the test fills them."""
    with demo("--makers", "off", log=tmp_path / "venue.log") as address:
        yield address


@pytest.fixture
def busy_venue(tmp_path: Path) -> Iterator[Address]:
    """A venue whose market makers quote the whole chain."""
    with demo(log=tmp_path / "venue.log") as address:
        yield address


@pytest.fixture(scope="module")
def shared_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A venue with empty books for all tests of a file; none may count on what others leave."""
    with demo("--makers", "off", log=tmp_path_factory.mktemp("venue") / "venue.log") as address:
        yield address


@pytest.fixture(scope="module")
def shared_busy_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A venue whose market makers quote the whole chain, for tests of a file that mostly look on.

    It works a quarter of a processor, so it ends with its file.
    """
    with demo(log=tmp_path_factory.mktemp("venue") / "venue.log") as address:
        yield address


@pytest.fixture
async def desk(shared_venue: Address) -> AsyncIterator[Desk]:
    """Two traders at the shared venue."""
    async with connected(shared_venue, 0) as alice, connected(shared_venue, 1) as bob:
        desk = Desk(alice, bob)
        await desk.open()
        yield desk
        await desk.close()
