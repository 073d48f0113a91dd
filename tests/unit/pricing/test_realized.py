import math

import numpy as np
import pytest

from strikewire.pricing import (
    historical_volatilities,
    historical_volatility,
    trailing_volatilities,
)


def test_a_price_that_goes_up_and_down_by_a_tenth_has_a_volatility_of_two() -> None:
    # Returns +0.1, -0.1, +0.1, -0.1: mean 0, variance 0.04 / 3, times 365.
    prices = np.exp([0.0, 0.1, 0.0, 0.1, 0.0])

    assert historical_volatility(prices) == pytest.approx(math.sqrt(0.04 / 3 * 365))


def test_a_steady_rise_has_none() -> None:
    assert historical_volatility([100.0, 110.0, 121.0, 133.1]) == pytest.approx(0.0, abs=1e-6)


def test_the_periods_of_a_year_scale_it() -> None:
    prices = [100.0, 105.0, 99.0, 103.0]

    hourly = historical_volatility(prices, periods_per_year=365 * 24)

    assert hourly == pytest.approx(historical_volatility(prices) * math.sqrt(24))


def test_each_window_of_fifteen_returns_has_its_own() -> None:
    prices = np.exp(np.cumsum(np.sin(np.arange(40.0)) / 20))

    windows = historical_volatilities(prices)

    assert windows.shape == (25,)
    assert windows[0] == pytest.approx(historical_volatility(prices[:16]))
    assert windows[-1] == pytest.approx(historical_volatility(prices[-16:]))


def test_too_few_prices_have_no_window() -> None:
    assert len(historical_volatilities([100.0] * 15)) == 0
    with pytest.raises(ValueError, match="three prices are the least, not 2"):
        historical_volatility([1.0, 2.0])
    with pytest.raises(ValueError, match="two returns are the least, not 1"):
        historical_volatilities([1.0, 2.0, 3.0], days=1)


def test_prices_are_above_zero_and_in_one_row() -> None:
    with pytest.raises(ValueError, match="above 0"):
        historical_volatility([1.0, 0.0, 2.0])
    with pytest.raises(ValueError, match="one dimension, not 2"):
        historical_volatility([[1.0, 2.0, 3.0]])


def test_trailing_windows_grow_to_their_length_and_then_move_on() -> None:
    prices = np.exp(np.cumsum(np.sin(np.arange(60.0)) / 20) + 11.0)

    found = trailing_volatilities(prices, returns_max=10, periods_per_year=8_760)

    assert len(found) == 58
    for end in (2, 5, 10, 11, 40, 59):
        window = prices[max(0, end - 10) : end + 1]
        wanted = historical_volatility(window, periods_per_year=8_760)
        assert found[end - 2] == pytest.approx(wanted, rel=1e-10)


def test_too_few_prices_have_no_trailing_volatility() -> None:
    assert len(trailing_volatilities([], returns_max=2, periods_per_year=1)) == 0
    assert len(trailing_volatilities([1.0, 2.0], returns_max=2, periods_per_year=1)) == 0
    with pytest.raises(ValueError, match="two returns"):
        trailing_volatilities([1.0, 2.0], returns_max=1, periods_per_year=1)
