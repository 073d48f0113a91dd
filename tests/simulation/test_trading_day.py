"""A generated day with an expiry, a crash of the index and one of the machine, replayed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROCESS = "tests.simulation.trading_day_process"


def day(path: Path, seed: int, commands: int, *, killed_at: int | None = None) -> dict[str, Any]:
    """Carry out a day; return what became of it, or nothing if it was killed on its way."""
    command = [sys.executable, "-m", PROCESS, str(path), str(seed), str(commands)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                told: dict[str, Any] = json.loads(line)
                return told
            if killed_at is not None and int(line) >= killed_at:
                process.kill()
                break
    assert killed_at is not None, "it ended before its time"
    return {}


def verified(path: Path) -> dict[str, Any]:
    """Replay a journal from its first entry."""
    command = [sys.executable, "-m", "strikewire.cli", "journal", "verify", str(path.parent)]
    printed = subprocess.run([*command, "--json"], capture_output=True, check=True, text=True)
    proof: dict[str, Any] = json.loads(printed.stdout)
    return proof


def passes(folder: Path, commands: int) -> dict[str, Any]:
    path = folder / "journal.db"

    day(path, 1, commands, killed_at=commands // 2)
    # About half of the day is left; it is told as of a busier one.
    end = day(path, 2, commands * 12 // 10)
    proof = verified(path)

    assert end["last_seq"] > commands
    assert end["settled"] > 0
    assert set(end["differences"].values()) == {0}
    assert proof["is_sound"]
    assert proof["hashes"] > 3
    assert (proof["last_seq"], proof["state_hash"]) == (end["last_seq"], end["state_hash"])
    sys.stdout.write(f"{json.dumps(end)}\n")
    return end


def test_a_day_replays_to_the_same_state_and_balances(tmp_path: Path) -> None:
    passes(tmp_path, 5_000)


@pytest.mark.full
def test_a_day_of_a_million_commands_replays_to_the_same_state_and_balances(
    tmp_path: Path,
) -> None:
    end = passes(tmp_path, 1_000_000)

    assert end["bankruptcies"] > 0
