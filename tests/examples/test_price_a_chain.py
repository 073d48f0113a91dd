"""The example prints what it promises."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "price_a_chain.py"


def test_the_example_prices_a_chain_in_five_lines(capsys: pytest.CaptureFixture[str]) -> None:
    statements = EXAMPLE.read_text().partition("\n\nstrikes =")[2].strip().splitlines()

    runpy.run_path(str(EXAMPLE), run_name="__main__")

    lines = capsys.readouterr().out.splitlines()
    assert len(statements) == 5
    assert len(lines) == 8
    # Puts below 61,800 and calls above.
    assert lines[3].split() == ["60,000", "3,758.43", "-0.4010", "75.55"]
    assert lines[4].split() == ["65,000", "3,359.88", "0.4320", "76.83"]
