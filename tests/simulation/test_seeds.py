"""The whole venue in simulated time, seed by seed, as docs/concepts/simulation.md describes it.

The seeds run in processes of their own: measuring coverage there would take longer than they do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SEEDS = 500
SEEDS_FULL = 5_000
BLOCK = 50
PROCESSES = min(4, os.cpu_count() or 1)
REGRESSIONS = [
    int(line.split()[0])
    for line in (Path(__file__).parent / "regressions.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def simulate(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "strikewire.testing.simulation", *map(str, arguments)]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )


def passes(first: int, count: int) -> None:
    passed(simulate(first, count), count)


def passed(finished: subprocess.CompletedProcess[str], count: int) -> None:
    # The last line is the speed; `pytest -s` shows it. A failure says how to repeat itself.
    sys.stdout.write(f"{finished.stderr.splitlines()[-1]}\n")
    assert finished.returncode == 0, finished.stderr
    assert len(finished.stdout.splitlines()) == count


def test_the_seeds_that_once_failed_pass() -> None:
    passed(simulate(",".join(map(str, REGRESSIONS))), len(REGRESSIONS))


def test_no_promise_is_broken_whatever_fails() -> None:
    share = -(-SEEDS // PROCESSES)
    firsts = range(0, SEEDS, share)
    counts = [min(share, SEEDS - first) for first in firsts]

    with ThreadPoolExecutor(PROCESSES) as pool:
        finished = list(pool.map(simulate, firsts, counts))

    for one, count in zip(finished, counts, strict=True):
        passed(one, count)


@pytest.mark.full
@pytest.mark.parametrize("first", range(SEEDS, SEEDS_FULL, BLOCK))
def test_no_promise_is_broken_in_many_more_worlds(first: int) -> None:
    passes(first, BLOCK)


def test_a_seed_is_the_same_run_in_every_process() -> None:
    runs = {simulate(7, 3, PYTHONHASHSEED=seed).stdout for seed in ("0", "1", "2")}

    assert len(runs) == 1
    assert len(next(iter(runs)).splitlines()) == 3


def test_a_wrong_call_is_answered_with_how_it_is_done() -> None:
    command = [sys.executable, "-m", "strikewire.testing.simulation", "many"]

    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    assert finished.returncode == 2
    assert "SEEDS [COUNT [BUG...]]" in finished.stderr
