"""A surface is told by delta, and fitted to whatever quotes there are."""

import json
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from strikewire.cli.errors import CommandError
from strikewire.cli.main import main
from strikewire.cli.surface import Quote, board, fitted, read_tickers

TICKERS = Path(__file__).parents[2] / "data" / "deribit_tickers.jsonl"
NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000


def quotes(days: int, name: str) -> list[Quote]:
    expiration_ms = NOW_MS + days * DAY_MS
    return [
        Quote(name, expiration_ms, strike, 100.0, 0.59, 0.61)
        for strike in (70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0)
    ]


def test_a_flat_chain_is_flat_at_every_delta() -> None:
    chain = [*quotes(60, "LATER"), *quotes(10, "SOON")]

    report, _ = fitted("BTC", chain, NOW_MS)

    assert [row.expiry for row in report.rows] == ["SOON", "LATER"]
    for row in report.rows:
        assert row.quotes == 7
        assert row.at_the_money == pytest.approx(60.0, abs=1.0)
        assert row.by_delta[1:6] == pytest.approx([60.0] * 5, abs=1.0)
        assert row.residual < 1.0
    assert report.volatility_index == pytest.approx(60.0, abs=2.0)


def test_expired_options_and_those_without_a_forward_are_left_out() -> None:
    chain = [
        *quotes(10, "SOON"),
        Quote("PAST", NOW_MS - DAY_MS, 100.0, 100.0, 0.5, 0.6),
        Quote("BLANK", NOW_MS + DAY_MS, 100.0, 0.0, 0.5, 0.6),
    ]

    report, _ = fitted("BTC", chain, NOW_MS)

    assert [row.expiry for row in report.rows] == ["SOON"]


def test_a_chain_that_nobody_quotes_has_no_surface() -> None:
    with pytest.raises(CommandError, match="no surface of BTC: no expiry has a quote"):
        fitted("BTC", [Quote("SOON", NOW_MS + DAY_MS, 100.0, 100.0, 0.0, 0.6)], NOW_MS)


def test_the_table_has_a_row_for_each_expiry_over_the_curves() -> None:
    report, picture = fitted("BTC", [*quotes(60, "LATER"), *quotes(10, "SOON")], NOW_MS)
    drawing = StringIO()

    Console(width=100, file=drawing).print(board(report, picture, columns=100))

    lines = drawing.getvalue().splitlines()
    assert "BTC volatility surface, 15 January 2027 08:00 UTC, 30 days" in lines[0]
    assert lines[2].split()[:2] == ["SOON", "10.0"]
    assert lines[3].split()[:2] == ["LATER", "60.0"]
    assert any("⠒" in line or "⠤" in line for line in lines)


def test_recorded_tickers_are_those_of_the_last_hour() -> None:
    found, asked_ms = read_tickers(TICKERS, "BTC")

    # The file holds two days of April and July 2021; BTC was recorded on both.
    assert asked_ms // DAY_MS == 18_830
    assert {one.expiry for one in found} >= {"30JUL21", "24SEP21"}
    assert "18APR21" not in {one.expiry for one in found}


def test_what_is_no_file_of_tickers_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        read_tickers(tmp_path / "none", "BTC")
    with pytest.raises(CommandError, match="no tickers of options of DOGE"):
        read_tickers(TICKERS, "DOGE")
    broken = tmp_path / "broken"
    broken.write_text("{")
    with pytest.raises(CommandError, match="broken: "):
        read_tickers(broken, "BTC")


def test_a_file_of_tickers_is_fitted_without_a_venue(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    asked = ["surface", "ETH", "--tickers", str(TICKERS), "--json", "--png", str(sheet)]

    result = CliRunner().invoke(main, asked)

    assert result.exit_code == 0
    assert json.loads(result.stdout)["currency"] == "ETH"
    assert f"wrote {sheet}" in result.stderr
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_pictures_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    asked = ["surface", "ETH", "--tickers", str(TICKERS), "--png", str(tmp_path / "file" / "x.png")]

    result = CliRunner().invoke(main, asked)

    assert result.exit_code == 1
    assert "x.png: " in result.stderr


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ImportError

    monkeypatch.setattr("strikewire.cli.pictures.write_pictures", refuse)

    result = CliRunner().invoke(
        main, ["surface", "ETH", "--tickers", str(TICKERS), "--png", "x.png"]
    )

    assert result.exit_code == 1
    assert "pip install strikewire[pictures]" in result.stderr
