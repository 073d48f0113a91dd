"""Every planted bug is found by one of the first seeds, which without it all pass."""

from __future__ import annotations

import subprocess
import sys

import pytest

from strikewire.testing.simulation.mutants import MUTANTS

SEEDS = 100
"""A tenth of a second each; `test_seeds.py` runs the same ones with nothing planted."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_found(name: str) -> None:
    command = [sys.executable, "-m", "strikewire.testing.simulation", "0", str(SEEDS), name]

    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    sys.stdout.write(f"{name}: {finished.stderr.splitlines()[0]}\n")
    assert finished.returncode == 1, finished.stderr
    assert ": 1 failed" in finished.stderr.splitlines()[-1]
