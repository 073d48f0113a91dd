import math

import numpy as np
import pytest

from strikewire.pricing import ExpiryQuotes, Smile, expiry_quotes
from strikewire.pricing.quotes import half_spreads, middles, misses, usable


def test_quotes_become_columns_and_what_is_missing_is_zero() -> None:
    made = expiry_quotes(
        years=0.5, forward=100.0, strikes=[50, 200], bids=[0.5, math.nan], asks=[0.6, 0.7]
    )

    assert made.moneyness == pytest.approx([-math.log(2), math.log(2)])
    assert made.bids.tolist() == [0.5, 0.0]


def test_quotes_are_usable_with_both_sides_and_uncrossed() -> None:
    ivs = [(0.5, 0.6), (0.0, 0.6), (0.5, 0.0), (0.7, 0.6), (0.5, math.inf), (0.5, 0.5)]
    bids, asks = zip(*ivs, strict=True)

    good = usable(expiry_quotes(years=0.5, forward=1.0, strikes=[1.0] * 6, bids=bids, asks=asks))

    assert good.bids.tolist() == [0.5, 0.5]
    assert good.asks.tolist() == [0.6, 0.5]
    assert len(usable(good._replace(years=0.0)).bids) == 0


@pytest.mark.parametrize(("years", "forward"), [(0.0, 1.0), (-1.0, 1.0), (0.5, 0.0), (0.5, -1.0)])
def test_without_time_or_a_forward_no_quote_is_usable(years: float, forward: float) -> None:
    made = expiry_quotes(years=years, forward=forward, strikes=[1.0, 2.0], bids=0.5, asks=0.6)

    assert len(made.moneyness) == 2
    assert len(usable(made).moneyness) == 0


def test_a_strike_that_is_none_is_not_usable() -> None:
    made = expiry_quotes(
        years=0.5, forward=1.0, strikes=[0.0, -1.0, math.nan, 1.0], bids=0.5, asks=0.6
    )

    assert usable(made).moneyness.tolist() == [0.0]


def test_any_kind_of_numbers_is_usable_and_unequal_lengths_are_refused() -> None:
    columns = np.array([[0.0, 0.1], [0.5, 0.6], [0.6, 0.7]], dtype=np.float32)

    made = usable(ExpiryQuotes(0.5, *columns))

    assert [column.dtype for column in made[1:]] == [np.float64] * 3
    assert len(made.moneyness) == 2
    with pytest.raises(ValueError, match="one length"):
        usable(ExpiryQuotes(0.5, np.zeros(3), np.zeros(2), np.zeros(2)))


def test_a_smile_misses_quotes_by_their_half_spreads() -> None:
    flat = Smile(a=0.18, b=0.0, rho=0.0, m=0.0, s=0.1)  # 60 % over half a year
    quotes = ExpiryQuotes(0.5, np.zeros(3), np.array([0.5, 0.59, 0.6]), np.array([0.6, 0.63, 0.6]))

    assert middles(quotes).tolist() == pytest.approx([0.55, 0.61, 0.6])
    assert half_spreads(quotes).tolist() == pytest.approx([0.05, 0.02, 0.001])
    assert misses(quotes, flat) == pytest.approx([1.0, -0.5, 0.0])
