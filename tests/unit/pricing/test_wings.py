import numpy as np
import pytest

from strikewire.pricing import ExpiryQuotes, Surface, fit_smile
from strikewire.pricing.wings import rising_wings, slope_weights

TRUTH = Surface(volatility=0.6, volatility_long=0.6, rho=-0.2, eta=0.9)


def quotes(*, count: int, half_spread: float = 0.01, reach: float = 2.0) -> ExpiryQuotes:
    smile = TRUTH.smile(0.1)
    k = np.linspace(-reach, reach, count) * 0.6 * np.sqrt(0.1)
    ivs = np.sqrt(smile.total_variances(k) / 0.1)
    return ExpiryQuotes(0.1, k, ivs - half_spread, ivs + half_spread)


def test_wings_that_rise_are_bounded_halfway_to_their_neighbours() -> None:
    slopes = np.array([[0.10, 0.02], [0.20, 0.04], [0.40, 0.08]])

    least, most = rising_wings(slopes, [(1.0, 1.0)] * 3)

    assert least == pytest.approx(np.array([[0.0, 0.0], [0.15, 0.03], [0.30, 0.06]]), rel=1e-4)
    assert most == pytest.approx(np.array([[0.15, 0.03], [0.30, 0.06], [1.98, 1.98]]), rel=1e-4)


def test_of_wings_that_fall_the_better_known_one_counts_for_more() -> None:
    slopes = np.array([[0.10, 0.1], [0.50, 0.1], [0.20, 0.1]])

    least, most = rising_wings(slopes, [(1.0, 1.0), (1.0, 1.0), (9.0, 1.0)])

    # (0.5 + 9 * 0.2) / 10 is the slope of both, with hardly any room between them.
    assert most[1, 0] == least[2, 0] == pytest.approx(0.23, rel=1e-4)
    assert least[1, 0] == most[0, 0] == pytest.approx(0.165, rel=1e-4)
    assert np.all(least < most)


def test_no_wing_may_be_steeper_than_a_density_bears() -> None:
    _, most = rising_wings(np.array([[1.98, 1.98], [1.98, 1.98]]), [(1.0, 1.0)] * 2)

    assert most.tolist() == [[1.98, 1.98], [1.98, 1.98]]


def test_slopes_are_known_better_by_more_by_tighter_and_by_further_quotes() -> None:
    few, many, tight, far = (
        slope_weights(one, fit_smile(one))
        for one in (
            quotes(count=10),
            quotes(count=40),
            quotes(count=10, half_spread=0.005),
            quotes(count=10, reach=4.0),
        )
    )

    for better in (many, tight, far):
        assert better[0] > 1.5 * few[0]
        assert better[1] > 1.5 * few[1]


def test_one_quote_says_next_to_nothing_of_slopes() -> None:
    one, many = quotes(count=1), quotes(count=40)

    for known, unknown in zip(
        slope_weights(many, fit_smile(many)), slope_weights(one, fit_smile(one)), strict=True
    ):
        assert known > 100.0 * unknown > 0.0
