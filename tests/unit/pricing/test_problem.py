import math

import numpy as np
import pytest

from strikewire.pricing import ExpiryQuotes, Smile, Surface
from strikewire.pricing.arbitrage import wing_slopes
from strikewire.pricing.problem import PRIOR, Problem

SMILE = Surface(volatility=0.6, volatility_long=0.6, rho=-0.3, eta=1.0).smile(0.1)
NUMBERS = np.array([0.3, -1.2, -0.4, 0.2, 0.1])


def quotes(*, half_spread: float = 0.01) -> ExpiryQuotes:
    k = np.linspace(-0.4, 0.4, 9)
    ivs = np.sqrt(SMILE.total_variances(k) / 0.1)
    return ExpiryQuotes(0.1, k, ivs - half_spread, ivs + half_spread)


def problem(one: ExpiryQuotes | None = None) -> Problem:
    return Problem(one or quotes(), None, least=(0.05, 0.02), most=(0.9, 0.7))


def test_numbers_of_a_smile_mean_that_smile() -> None:
    made = problem()

    again = made.smile(made.numbers_of(SMILE, made.deviation))

    assert [again.a, again.b, again.rho, again.m, again.s] == pytest.approx(
        [SMILE.a, SMILE.b, SMILE.rho, SMILE.m, SMILE.s], rel=1e-9
    )


def test_the_true_smile_leaves_the_pull_of_the_prior_alone() -> None:
    made = problem()

    residuals = made.residuals(made.numbers_of(SMILE, made.deviation))

    assert residuals[:9] == pytest.approx(np.zeros(9), abs=1e-9)
    pull = 0.05 * (made.numbers_of(SMILE, made.deviation) - made.prior)
    assert residuals[9:] == pytest.approx(pull)


def test_a_residual_is_a_half_spread() -> None:
    one = quotes()
    higher = one._replace(bids=one.bids + 0.02, asks=one.asks + 0.02)
    made = problem(higher)

    assert made.residuals(made.numbers_of(SMILE, made.deviation))[:9] == pytest.approx([-2.0] * 9)


def test_slopes_are_the_derivatives_of_residuals() -> None:
    made = problem()

    found = made.slopes(NUMBERS).copy()

    for row in range(5):
        step = np.zeros(5)
        step[row] = 1e-6
        difference = (made.residuals(NUMBERS + step) - made.residuals(NUMBERS - step)) / 2e-6
        assert found[row] == pytest.approx(difference, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("number", [-1e3, -5.0, 0.0, 5.0, 1e3])
def test_whatever_the_numbers_the_wings_stay_within_bounds_and_variance_above_zero(
    number: float,
) -> None:
    smile = problem().smile(np.full(5, number))

    left, right = wing_slopes(smile)
    assert 0.05 * (1 - 1e-9) <= left <= 0.9 * (1 + 1e-9)
    assert 0.02 * (1 - 1e-9) <= right <= 0.7 * (1 + 1e-9)
    least = smile.a + smile.b * smile.s * math.sqrt(1.0 - smile.rho**2)
    assert least > -1e-12


def test_quotes_far_out_are_distrusted() -> None:
    one = quotes()
    bids, asks = one.bids.copy(), one.asks.copy()
    bids[4] += 0.3
    asks[4] += 0.3
    made = problem(one._replace(bids=bids, asks=asks))
    numbers = made.numbers_of(SMILE, made.deviation)
    before = made.residuals(numbers)

    made.distrust(numbers)

    # Thirty half spreads: (1 + (30 / 3)^2) ^ (1 / 4) is 3.17.
    after = made.residuals(numbers)
    assert before[4] / after[4] == pytest.approx(3.17, abs=0.01)
    assert after[0] == pytest.approx(before[0])


def test_the_prior_is_the_calm_surface_of_a_deviation_of_one() -> None:
    assert PRIOR.total_variance(0.0) == pytest.approx(1.0, abs=1e-3)
    assert isinstance(PRIOR, Smile)
