import math

import numpy as np
import pytest

from strikewire.pricing import Smile

FLAT = Smile(a=0.04, b=0.0, rho=0.0, m=0.0, s=0.1)
TILTED = Smile(a=0.01, b=0.1, rho=-0.5, m=0.1, s=0.3)


def test_a_smile_without_wings_is_flat() -> None:
    assert FLAT.volatility(forward=100.0, strike=100.0, years=1.0) == pytest.approx(0.2)
    assert FLAT.volatility(forward=100.0, strike=40.0, years=0.25) == pytest.approx(0.4)
    assert FLAT.butterfly(0.3) == pytest.approx(1.0)


def test_the_total_variance_follows_the_formula() -> None:
    # At 0.4 from the bend, whose root is 0.5: a tenth of (0.5 less 0.2), over 0.01.
    assert TILTED.total_variance(0.5) == pytest.approx(0.04)


def test_the_least_variance_is_that_of_the_bottom() -> None:
    at = np.linspace(-1.0, 1.0, 20_001)

    assert TILTED.least_variance() == pytest.approx(np.min(TILTED.total_variances(at)), rel=1e-6)
    assert FLAT.least_variance() == 0.04


def test_a_negative_tilt_makes_puts_dearer_than_calls() -> None:
    put = TILTED.volatility(forward=100.0, strike=70.0, years=0.5)
    call = TILTED.volatility(forward=100.0, strike=100.0 / 0.7, years=0.5)

    assert put > call


def test_the_butterfly_condition_is_the_sign_of_the_density() -> None:
    """The density is g(k) times a positive factor: compare with a second difference of prices."""
    step = 1e-4

    def call(k: float) -> float:
        deviation = math.sqrt(TILTED.total_variance(k))
        d1 = -k / deviation + deviation / 2
        cdf = [0.5 * math.erfc(-d / math.sqrt(2)) for d in (d1, d1 - deviation)]
        return cdf[0] - math.exp(k) * cdf[1]

    for k in (-0.8, -0.1, 0.0, 0.4, 1.0):
        deviation = math.sqrt(TILTED.total_variance(k))
        d2 = -k / deviation - deviation / 2
        strikes = [math.exp(k) + shift for shift in (-step, 0.0, step)]
        prices = [call(math.log(strike)) for strike in strikes]
        density = (prices[0] - 2 * prices[1] + prices[2]) / step**2
        factor = math.exp(-d2 * d2 / 2) / math.sqrt(2 * math.pi) / deviation / math.exp(k)
        assert TILTED.butterfly(k) * factor == pytest.approx(density, abs=1e-5)


def test_a_smile_bent_too_sharply_is_told_by_its_butterfly() -> None:
    """Axel Vogt's example. Source: Gatheral, Jacquier (2014), example 3.1."""
    vogt = Smile(a=-0.0410, b=0.1331, rho=0.3060, m=0.3586, s=0.4153)

    assert min(vogt.butterfly(k / 100) for k in range(-150, 151)) < 0.0


def test_many_strikes_at_once_give_the_same_as_one_by_one() -> None:
    at = np.linspace(-3.0, 2.0, 40)

    each = [(TILTED.total_variance(k), TILTED.butterfly(k)) for k in at]

    assert TILTED.total_variances(at) == pytest.approx([pair[0] for pair in each], rel=1e-13)
    assert TILTED.butterflies(at) == pytest.approx([pair[1] for pair in each], rel=1e-12)
