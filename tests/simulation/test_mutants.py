"""Every planted bug is found by one of the first seeds, which without it all pass.

One process looks for all of them: to start another for each would take longer than to find it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from strikewire.testing.simulation.mutants import MUTANTS

SEEDS = 100
"""A tenth of a second each; `test_seeds.py` runs the same ones with nothing planted."""

FOUND_WITHIN_S = 60
"""A bug that takes longer to find is as good as not found."""


@pytest.fixture(scope="module")
def hunted() -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "strikewire.testing.simulation", "0", str(SEEDS), "all"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    return {line["bug"]: line for line in lines}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_found(hunted: dict[str, dict[str, Any]], name: str) -> None:
    found = hunted[name]

    sys.stdout.write(f"{found}\n")
    assert found["seed"] is not None
    assert found["rule"] != "TypeError", "the bug does not fit where it is planted any more"
    assert found["took_s"] < FOUND_WITHIN_S
