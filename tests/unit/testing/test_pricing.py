import json
from pathlib import Path
from random import Random  # noqa: TID251 - seeded

import numpy as np
import pytest

from strikewire.testing.pricing import (
    CHANCE_DAYS,
    Option,
    chance_chain,
    exact_greeks,
    nasty_grid,
    recorded_tickers,
)


def test_the_nasty_grid_goes_from_hours_to_years_and_from_5_to_500_percent() -> None:
    grid = nasty_grid()

    assert len(grid) == len(set(grid)) == 4_428
    assert {round(option.years * 8_760) for option in grid} >= {1, 24, 17_520}
    assert (min(option.sigma for option in grid), max(option.sigma for option in grid)) == (0.05, 5)
    assert all(option.is_call == (option.strike >= option.forward) for option in grid)


def test_exact_greeks_are_the_textbooks() -> None:
    exact = exact_greeks(Option(100.0, 100.0, 1.0, 0.2, True))

    assert exact.greeks[:3] == pytest.approx(
        (7.965567455405798, 0.539827837277029, 0.0198476273738506), rel=1e-14
    )
    assert exact.greeks[3] == pytest.approx(0.396952547477011764655, rel=1e-15)
    assert exact.greeks[:4] == exact.scales[:4]


def test_exact_prices_keep_their_digits_far_out_of_the_money() -> None:
    options = [Option(100.0, 1_000.0, 0.1, 0.2, True), Option(1_000.0, 100.0, 0.1, 0.2, False)]

    call, put = (exact_greeks(option).greeks[0] for option in options)

    assert 1e-300 < call < 1e-250
    assert put == pytest.approx(call, rel=1e-14)


def test_recorded_tickers_become_options_and_what_was_published(tmp_path: Path) -> None:
    ticker = {
        "instrument_name": "ETH-7MAY21-2100-C",
        "timestamp": 1_618_677_848_563,
        "underlying_price": 2426.68,
        "mark_price": 0.151031,
        "mark_iv": 71.72,
        "greeks": {"delta": 0.82955},
        "stats": {},
    }
    path = tmp_path / "tickers.jsonl"
    path.write_text(json.dumps(ticker) + "\n" + json.dumps(ticker) + "\n")

    [recorded, _] = recorded_tickers(path)

    # From 2021-04-17 16:44:08.563 UTC to 2021-05-07 08:00 UTC.
    assert recorded.option.years == pytest.approx((19 * 86_400 + 54_951.437) / (365 * 86_400))
    assert recorded.option[:2] == (2426.68, 2100.0)
    assert recorded.option.sigma == pytest.approx(0.7172)
    assert recorded.option.is_call
    assert recorded.published == {"price": 0.151031, "delta": 0.82955}


def test_a_chain_of_chance_has_twelve_expiries_of_uncrossed_quotes() -> None:
    chain = chance_chain(Random(1).random)

    assert [round(365 * one.years) for one in chain] == list(CHANCE_DAYS)
    for one in chain:
        assert 9 <= len(one.moneyness) <= 60
        assert np.all(np.diff(one.moneyness) > 0.0)
        assert np.all((one.bids >= 0.0) & (one.bids < one.asks))
