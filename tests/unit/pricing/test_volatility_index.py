import math

import numpy as np
import pytest

from strikewire.pricing import (
    ExpiryVariance,
    Smile,
    Surface,
    chain,
    quoted_variance,
    smile_variance,
    strip_variance,
    volatility_index,
)

FORWARD = 61_800.0
YEARS = 30 / 365


def strip(sigma: float, *, step: float) -> ExpiryVariance:
    strikes = np.arange(step, 300_000.0, step)
    middle = strikes[strikes <= FORWARD][-1]
    sides = [
        chain(forwards=FORWARD, strikes=strikes, years=YEARS, sigmas=sigma, calls=calls).price
        for calls in (False, True)
    ]
    values = np.where(strikes < middle, sides[0], sides[1])
    values[strikes == middle] = (sides[0] + sides[1])[strikes == middle] / 2
    return strip_variance(forward=FORWARD, strikes=strikes, values=values, years=YEARS)


def test_a_strip_of_options_is_worth_the_variance_they_were_priced_with() -> None:
    for sigma in (0.3, 0.6, 1.2):
        assert strip(sigma, step=100.0).variance == pytest.approx(sigma * sigma, rel=2e-3)


def test_the_strip_of_three_strikes_is_what_the_formula_says() -> None:
    # Widths 10, 10, 10; 2 (10/90^2 1 + 10/100^2 4 + 10/110^2 2) - (105/100 - 1)^2, over a half.
    found = strip_variance(forward=105.0, strikes=[90, 100, 110], values=[1, 4, 2], years=0.5)

    exact = 2 * (10 / 8_100 + 40 / 10_000 + 20 / 12_100) - 0.0025
    assert found.years == 0.5
    assert found.variance == pytest.approx(exact / 0.5)


def test_a_flat_smile_is_worth_its_own_variance() -> None:
    for sigma in (0.1, 0.6, 2.0):
        flat = Smile(a=sigma * sigma * YEARS, b=0.0, rho=0.0, m=0.0, s=0.1)

        assert smile_variance(flat, YEARS).variance == pytest.approx(sigma * sigma, rel=1e-9)


def test_wings_are_worth_more_than_the_variance_at_the_money() -> None:
    smile = Surface().smile(YEARS)

    assert smile_variance(smile, YEARS).variance > smile.total_variance(0.0) / YEARS


def test_the_index_interpolates_the_total_variance_at_thirty_days() -> None:
    near = ExpiryVariance(20 / 365, 0.25)
    far = ExpiryVariance(50 / 365, 0.64)

    # Two thirds of 20 days at 0.25 and a third of 50 at 0.64 make 14 of 30.
    assert volatility_index([far, near]) == pytest.approx(math.sqrt(14 / 30))


def test_an_expiry_at_the_horizon_is_the_index() -> None:
    terms = [ExpiryVariance(days / 365, 0.2 + days / 1_000) for days in (10, 30, 60)]

    assert volatility_index(terms) == pytest.approx(math.sqrt(0.23))


def test_beyond_the_outermost_expiries_their_variance_goes_on() -> None:
    assert volatility_index([ExpiryVariance(60 / 365, 0.36)]) == pytest.approx(0.6)
    assert volatility_index([ExpiryVariance(7 / 365, 0.36)]) == pytest.approx(0.6)


def test_what_no_index_can_be_made_of_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an expiry"):
        volatility_index([])
    with pytest.raises(ValueError, match="two strikes are the least"):
        strip_variance(forward=100.0, strikes=[90], values=[1], years=1.0)
    with pytest.raises(ValueError, match="they ascend"):
        strip_variance(forward=100.0, strikes=[90, 90], values=[1, 1], years=1.0)
    with pytest.raises(ValueError, match=r"no strike at or below the forward 100\.0"):
        strip_variance(forward=100.0, strikes=[110, 120], values=[1, 1], years=1.0)


def test_volatilities_at_strikes_are_worth_nearly_what_their_smile_is() -> None:
    smile = Surface().smile(YEARS)
    k = np.linspace(-0.9, 0.9, 37)
    sigmas = np.sqrt(smile.total_variances(k) / YEARS)

    found = quoted_variance(moneyness=k, volatilities=sigmas, years=YEARS)

    assert found.variance == pytest.approx(smile_variance(smile, YEARS).variance, rel=2e-3)


def test_a_single_volatility_is_worth_its_square() -> None:
    found = quoted_variance(moneyness=[0.1], volatilities=[0.6], years=YEARS)

    assert found.variance == pytest.approx(0.36, rel=1e-9)
