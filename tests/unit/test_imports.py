"""The floors of the house hold: the import contracts of pyproject.toml are kept."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[2]


def test_every_import_contract_is_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)

    assert status == 0, capsys.readouterr().out


def test_every_room_stands_on_a_floor() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    house = settings["tool"]["importlinter"]["contracts"][0]
    placed = {room.strip() for floor in house["layers"] for room in floor.split("|")}

    rooms = {init.parent.name for init in (ROOT / "src" / "strikewire").glob("*/__init__.py")}

    assert house["exhaustive"]
    assert rooms == placed | set(house["exhaustive_ignores"])
