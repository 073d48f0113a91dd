"""The same journal leads to the same state, whatever hashes, kernels and versions Python has."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest

from strikewire.exchange import SNAPSHOT_VERSION, Exchange, NoteState, encode
from strikewire.journal import SqliteJournal
from strikewire.testing.trading_day import TradingDay

COMMANDS = 2_500
HASH_EVERY = 500
SCRIPT = Path(__file__).with_name("replay_process.py")
SOURCES = Path(__file__).parents[2] / "src"
VERSIONS = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A day's journal, and what every replay of it must print."""
    path = tmp_path_factory.mktemp("day") / "journal.db"
    written, exchange = SqliteJournal.open(path), Exchange()
    day = TradingDay(11, commands=COMMANDS)
    seq = noted = 0
    for timed in chain(day.opening(), day.commands(exchange)):
        seq += 1
        command = timed.command
        if seq % HASH_EVERY == 0:
            command = NoteState(SNAPSHOT_VERSION, exchange.state_hash())
            noted += 1
        written.append(seq, timed.time_ns, [encode(command)])
        day.learn(exchange.apply(seq, timed.time_ns, command))
    written.close()
    return path, f"{seq} {noted} {exchange.state_hash().hex()}\n"


def replayed(python: str, path: Path, *arguments: str, **environment: str) -> str:
    command = [python, str(SCRIPT), str(path), *arguments]
    surroundings = os.environ | {"PYTHONPATH": str(SOURCES)} | environment
    return subprocess.run(
        command, env=surroundings, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_the_hashes_of_strings_decide_nothing(journal: tuple[Path, str], seed: str) -> None:
    path, expected = journal

    assert replayed(sys.executable, path, PYTHONHASHSEED=seed) == expected


def test_interpreted_kernels_lead_to_the_same_state(journal: tuple[Path, str]) -> None:
    path, expected = journal

    assert replayed(sys.executable, path, "interpreted") == expected


@pytest.mark.full
@pytest.mark.parametrize("other", VERSIONS)
def test_other_versions_of_python_lead_to_the_same_state(
    journal: tuple[Path, str], other: str, tmp_path: Path
) -> None:
    python = shutil.which(f"python{other}")
    # What a version manager puts there may only say that it has no such version.
    if python is None or subprocess.run([python, "-c", ""], check=False).returncode:
        pytest.skip(f"there is no python{other} here")
    subprocess.run([python, "-m", "venv", str(tmp_path / "venv")], check=True)
    inside = str(tmp_path / "venv" / "bin" / "python")
    install = [inside, "-m", "pip", "install", "-q", f"msgspec=={version('msgspec')}"]
    if subprocess.run(install, check=False, capture_output=True).returncode:
        pytest.skip(f"msgspec cannot be installed for python{other} here")
    path, expected = journal

    assert replayed(inside, path) == expected
