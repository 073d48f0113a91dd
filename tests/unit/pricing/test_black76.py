import json
import re
from array import array
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from strikewire.pricing import Greeks, chain, greeks, implied_volatility, price, years_to_expiry

TICKERS = Path(__file__).parents[2] / "data" / "deribit_tickers.jsonl"
DAY_NS = 86_400_000_000_000
OPTION = {"forward": 61_800.0, "strike": 60_000.0, "years": 0.1, "sigma": 0.6}


def recorded() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each recorded ticker with the arguments that Black-76 takes from it."""
    result = []
    for line in TICKERS.read_text().splitlines():
        ticker = json.loads(line)
        _, day, strike, letter = ticker["instrument_name"].split("-")
        padded = re.sub(r"^(\d)(?=\D)", r"0\1", day).title()
        expiry = datetime.strptime(padded + " 08 +0000", "%d%b%y %H %z").astimezone(UTC)
        years = years_to_expiry(ticker["timestamp"] * 1_000_000, int(expiry.timestamp()) * 10**9)
        option = {
            "forward": ticker["underlying_price"],
            "strike": float(strike),
            "years": years,
            "is_call": letter == "C",
        }
        result.append((ticker, option))
    return result


RECORDED = recorded()


def test_years_are_days_of_365() -> None:
    assert years_to_expiry(0, 365 * DAY_NS) == 1.0
    assert years_to_expiry(5 * DAY_NS, 6 * DAY_NS) == 1 / 365
    assert years_to_expiry(6 * DAY_NS, 5 * DAY_NS) == 0.0


def test_greeks_come_with_their_names() -> None:
    result = greeks(**OPTION, is_call=True)

    assert isinstance(result, Greeks)
    assert result.price == price(**OPTION, is_call=True)
    assert result.delta == pytest.approx(0.59896, abs=1e-5)
    assert result.vega == pytest.approx(75.5536, abs=1e-4)


def test_a_chain_is_written_option_by_option() -> None:
    out = array("d", bytes(8 * 12))

    chain(
        forwards=array("d", [61_800.0, 61_800.0]),
        strikes=array("d", [60_000.0, 60_000.0]),
        years=array("d", [0.1, 0.1]),
        sigmas=array("d", [0.6, 0.6]),
        calls=array("d", [1.0, 0.0]),
        out=out,
    )

    assert Greeks(*out[:6]) == greeks(**OPTION, is_call=True)
    assert Greeks(*out[6:]) == greeks(**OPTION, is_call=False)


def test_a_chain_of_unequal_columns_is_our_mistake() -> None:
    one, two = array("d", [1.0]), array("d", [1.0, 2.0])

    with pytest.raises(AssertionError):
        chain(forwards=one, strikes=two, years=two, sigmas=two, calls=two, out=array("d", [0] * 12))
    with pytest.raises(AssertionError):
        chain(forwards=one, strikes=one, years=one, sigmas=one, calls=one, out=two)


def test_the_sample_is_the_one_the_conventions_were_read_from() -> None:
    assert len(RECORDED) == 181


@pytest.mark.parametrize(
    ("greek", "absolute", "relative"),
    [
        ("delta", 1e-4, 0.0),
        ("gamma", 5.5e-6, 0.0),
        ("vega", 1e-5, 1e-3),
        # The venue's own clock shows in the last hours: 0.5 % of theta is minutes.
        ("theta", 1e-5, 5e-3),
        ("rho", 1e-5, 1.5e-3),
    ],
)
def test_greeks_are_those_a_venue_published(greek: str, absolute: float, relative: float) -> None:
    for ticker, option in RECORDED:
        ours = getattr(greeks(**option, sigma=ticker["mark_iv"] / 100), greek)
        published = ticker["greeks"][greek]

        assert abs(ours - published) <= absolute + relative * abs(published), ticker


def test_marks_are_those_a_venue_published() -> None:
    exact = 0
    for ticker, option in RECORDED:
        ours = price(**option, sigma=ticker["mark_iv"] / 100) / option["forward"]
        published = ticker["mark_price"]

        # Never marked below 1e-6; the published volatility is rounded, the mark is not.
        assert abs(ours - published) <= 1e-6 + 5e-3 * published, ticker
        exact += abs(ours - published) <= 1e-6 + 1e-3 * published
    assert exact >= 175


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_implied_volatilities_are_those_a_venue_published(side: str) -> None:
    """An empty side, and one no volatility explains, is published as 0.0."""
    close = 0
    for ticker, option in RECORDED:
        value = ticker[f"best_{side}_price"] * option["forward"]
        ours = 100 * (implied_volatility(price=value, **option) or 0.0)
        published = ticker[f"{side}_iv"]

        assert ours == pytest.approx(published, abs=0.11), ticker
        close += abs(ours - published) < 0.02
    assert close >= 176
