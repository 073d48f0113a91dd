"""A stress report is the positions priced anew at every point of the grid."""

import json
from io import StringIO

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from strikewire.cli.main import main
from strikewire.cli.stress import Holding, board, percents, stressed
from strikewire.pricing import price

NOW_MS = 1_800_000_000_000
YEAR_MS = 365 * 86_400_000
MOVES, SHIFTS = (-50.0, 0.0, 100.0), (-50.0, 0.0)


def holding(name: str, size: float, **changes: object) -> Holding:
    plain: dict[str, object] = {
        "mark": 60_000.0,
        "underlying": 60_000.0,
        "iv": 0.0,
        "strike": 0.0,
        "is_call": True,
        "expiration_ms": 0,
        "base_currency": "BTC",
        "is_inverse": True,
        "index": 60_000.0,
    }
    return Holding(name, size, **(plain | changes))  # type: ignore[arg-type]


PERPETUAL = holding("BTC-PERPETUAL", 60_000.0)
VALUE = price(forward=60_000, strike=70_000, years=1.0, sigma=0.6, is_call=True)
CALL = holding(
    "BTC-1JAN28-70000-C",
    -2.0,
    mark=VALUE / 60_000,
    iv=0.6,
    strike=70_000.0,
    expiration_ms=NOW_MS + YEAR_MS,
)


def test_an_inverse_perpetual_gains_coins_whatever_volatility_does() -> None:
    report = stressed("BTC", [PERPETUAL], NOW_MS, moves=MOVES, shifts=SHIFTS)

    # A coin's worth of dollars: 1 - 1 / 0.5, nothing, 1 - 1 / 2.
    assert [row[0] for row in report.gains] == pytest.approx([-1.0, 0.0, 0.5], abs=1e-9)
    assert all(row[0] == row[1] for row in report.gains)
    assert report.initial_margin == pytest.approx(1 / 0.84 - 1 + 0.01)
    assert report.maintenance_margin == pytest.approx(0.8 * report.initial_margin)


def test_options_are_priced_anew() -> None:
    report = stressed("BTC", [PERPETUAL, CALL], NOW_MS, moves=MOVES, shifts=SHIFTS)

    worth = price(forward=120_000, strike=70_000, years=1.0, sigma=0.3, is_call=True)
    assert report.gains[2][0] == pytest.approx(0.5 - 2 * (worth / 120_000 - VALUE / 60_000))
    assert report.positions == {"BTC-PERPETUAL": 60_000.0, "BTC-1JAN28-70000-C": -2.0}


def test_coins_that_settle_in_dollars_move_together() -> None:
    linear = {"is_inverse": False}
    held = [
        holding("BTC_USDC-PERPETUAL", 1.0, **linear),
        holding(
            "ETH_USDC-PERPETUAL",
            -10.0,
            mark=2_000.0,
            underlying=2_000.0,
            index=2_000.0,
            base_currency="ETH",
            **linear,
        ),
    ]

    report = stressed("USDC", held, NOW_MS, moves=MOVES, shifts=SHIFTS)

    assert [row[0] for row in report.gains] == pytest.approx([-20_000.0, 0.0, 40_000.0])
    assert report.delta == pytest.approx(-9.0)


def test_the_table_tells_gains_and_margin() -> None:
    drawing = StringIO()
    report = stressed("BTC", [PERPETUAL], NOW_MS, moves=MOVES, shifts=SHIFTS)

    Console(width=112, file=drawing).print(board(report))

    lines = [" ".join(line.split()) for line in drawing.getvalue().splitlines()]
    assert lines[0] == "Profit and loss in BTC, 15 January 2027 08:00 UTC"
    assert "price vol -50 % vol +0 %" in lines
    assert "-50 % -1.0000 -1.0000" in lines
    assert "+100 % 0.5000 0.5000" in lines
    assert any("BTC-PERPETUAL +60,000" in line for line in lines)
    assert any("0.2005 initial, 0.1604 maintenance" in line for line in lines)


def test_nothing_held_gains_nothing() -> None:
    report = stressed("BTC", [], NOW_MS, moves=MOVES, shifts=SHIFTS)

    assert report.gains == ((0.0, 0.0),) * 3
    assert json.loads(json.dumps(report.initial_margin)) == 0.0


@pytest.mark.parametrize("text", ["", "a,b", "-100", ",".join(["1"] * 41)])
def test_moves_are_percents_above_minus_a_hundred(text: str) -> None:
    with pytest.raises(click.BadParameter):
        percents("--moves", text, low=-100.0, most=40)


def test_moves_are_read_in_order() -> None:
    assert percents("--moves", "-16, 0,4.5", low=-100.0, most=40) == (-16.0, 0.0, 4.5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name positions with --position"),
        (["--position", "BTC-PERPETUAL"], "is not NAME=SIZE"),
        (["--position", "BTC-PERPETUAL=many"], "is not NAME=SIZE"),
        (["--position", "BTC-PERPETUAL=1", "--vols", "x"], "is no list of percents"),
    ],
)
def test_what_is_asked_wrongly_is_a_mistake_of_usage(arguments: list[str], said: str) -> None:
    found = CliRunner().invoke(main, ["stress", "BTC", *arguments])

    assert found.exit_code == 2
    assert said in found.output
