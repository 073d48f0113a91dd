import json
import math
from pathlib import Path

import numpy as np
import pytest

from strikewire.pricing import Greeks, greeks, implied_volatility, price, years_to_expiry
from strikewire.testing.pricing import recorded_tickers

TICKERS = Path(__file__).parents[2] / "data" / "deribit_tickers.jsonl"
DAY_NS = 86_400_000_000_000
OPTION = {"forward": 61_800.0, "strike": 60_000.0, "years": 0.1, "sigma": 0.6}

RECORDED = recorded_tickers(TICKERS)


def test_years_are_days_of_365() -> None:
    assert years_to_expiry(0, 365 * DAY_NS) == 1.0
    assert years_to_expiry(5 * DAY_NS, 6 * DAY_NS) == 1 / 365
    assert years_to_expiry(6 * DAY_NS, 5 * DAY_NS) == 0.0


def test_greeks_come_with_their_names() -> None:
    result = greeks(**OPTION, is_call=True)

    assert isinstance(result, Greeks)
    assert result.price == pytest.approx(price(**OPTION, is_call=True), rel=1e-15)
    assert result.delta == pytest.approx(0.59896, abs=1e-5)
    assert result.vega == pytest.approx(75.5536, abs=1e-4)


def test_the_worked_numbers_of_the_page() -> None:
    """docs/concepts/black76.md takes a call of 65,000 apart, 36.5 days before its expiry."""
    call = greeks(forward=61_800.0, strike=65_000.0, years=0.1, sigma=0.6, is_call=True)
    put = greeks(forward=61_800.0, strike=65_000.0, years=0.1, sigma=0.6, is_call=False)

    assert [float(f"{number:.6g}") for number in call] == [
        3359.88,
        0.432031,
        3.35278e-05,
        76.8305,
        -63.1484,
        23.3396,
        0.002365,
        0.0791292,
        -0.00194384,
    ]
    assert put.price == pytest.approx(call.price + 3_200.0, rel=1e-14)
    assert put.delta == pytest.approx(call.delta - 1.0, rel=1e-14)


@pytest.mark.parametrize(
    "odd", [{"forward": 0.0}, {"strike": -1.0}, {"sigma": -0.1}, {"years": math.inf}]
)
def test_an_option_that_there_cannot_be_has_no_numbers(odd: dict[str, float]) -> None:
    assert all(math.isnan(number) for number in greeks(**(OPTION | odd), is_call=True))
    assert math.isnan(price(**(OPTION | odd), is_call=True))


def test_the_sample_is_the_one_the_conventions_were_read_from() -> None:
    assert len(RECORDED) == 181


def errors(name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Ours less what was published, for each ticker; prices in the coin."""
    ours = [greeks(**option._asdict()) for option, _ in RECORDED]
    forwards = [option.forward for option, _ in RECORDED]
    found = [
        row.price / forward if name == "price" else getattr(row, name)
        for row, forward in zip(ours, forwards, strict=True)
    ]
    return np.array(found) - published(name)


def published(name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([ticker.published[name] for ticker in RECORDED])


def test_deltas_are_those_a_venue_published() -> None:
    assert np.max(np.abs(errors("delta"))) <= 1e-4


def test_gammas_are_those_a_venue_published_to_their_last_digit() -> None:
    # Five decimals are published.
    assert np.max(np.abs(errors("gamma"))) <= 5e-6


def test_vegas_are_those_a_venue_published() -> None:
    relative = np.abs(errors("vega")) / published("vega")

    assert np.median(relative) <= 1e-4
    # The smallest is 0.00013 with five decimals.
    assert np.all(np.abs(errors("vega")) <= 1e-5 + 1e-3 * published("vega"))


def test_thetas_are_those_a_venue_published_capped() -> None:
    # The venue's own clock shows in the last hours: 0.5 % of theta is minutes.
    assert np.all(np.abs(errors("theta")) <= 1e-5 + 5e-3 * np.abs(published("theta")))
    assert np.median(np.abs(errors("theta") / published("theta"))) <= 1e-4
    short = [index for index, (option, _) in enumerate(RECORDED) if option.years < 1 / 365]
    assert len(short) > 10


def test_rhos_are_those_a_venue_published() -> None:
    assert np.all(np.abs(errors("rho")) <= 1e-5 + 1.5e-3 * np.abs(published("rho")))


def test_marks_are_those_a_venue_published() -> None:
    """The published volatility is rounded to 0.01 %, the mark is not."""
    missing = np.abs(errors("price"))

    assert np.median(missing) <= 1e-5
    assert np.quantile(missing, 0.95) <= 2e-4
    assert np.all(missing <= 1e-6 + 5e-3 * published("price"))


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_implied_volatilities_are_those_a_venue_published(side: str) -> None:
    """An empty side, and one no volatility explains, is published as 0.0."""
    close = 0
    for line, (option, _) in zip(TICKERS.read_text().splitlines(), RECORDED, strict=True):
        ticker = json.loads(line)
        value = ticker[f"best_{side}_price"] * option.forward
        quote = {name: number for name, number in option._asdict().items() if name != "sigma"}
        ours = 100 * (implied_volatility(price=value, **quote) or 0.0)
        published_iv = ticker[f"{side}_iv"]

        assert ours == pytest.approx(published_iv, abs=0.11), ticker
        close += abs(ours - published_iv) < 0.02
    assert close >= 176
