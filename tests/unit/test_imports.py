"""The floors of the house hold: the import contracts of pyproject.toml are kept."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_import_contract_is_kept() -> None:
    # In a process of its own: the linter switches off every logger there is.
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    linted = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_room_stands_on_a_floor() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    house = settings["tool"]["importlinter"]["contracts"][0]
    placed = {room.strip() for floor in house["layers"] for room in floor.split("|")}

    rooms = {init.parent.name for init in (ROOT / "src" / "strikewire").glob("*/__init__.py")}

    assert house["exhaustive"]
    assert rooms == placed | set(house["exhaustive_ignores"])
