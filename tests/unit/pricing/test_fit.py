import math
from random import Random  # noqa: TID251 - seeded in each test

import numpy as np
import pytest

from strikewire.pricing import (
    ExpiryQuotes,
    Smile,
    Surface,
    arbitrages,
    fit_smile,
    refit_smile,
)
from strikewire.pricing.arbitrage import wing_slopes
from strikewire.pricing.fit import shape_of
from strikewire.pricing.problem import PRIOR
from strikewire.testing.pricing import noisy_chain

TRUTH = Surface(volatility=0.7, volatility_long=0.6, rho=-0.3, eta=1.0)
YEARS = 0.15


def quotes(*, noise: float = 0.0, count: int = 40, seed: int = 1) -> ExpiryQuotes:
    (one,) = noisy_chain(TRUTH, [YEARS], Random(seed).random, quotes=count, noise=noise)
    return one


def half_spreads(smile: Smile, one: ExpiryQuotes) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    fitted = np.sqrt(smile.total_variances(one.moneyness) / one.years)
    return np.abs(fitted - 0.5 * (one.bids + one.asks)) / (0.5 * (one.asks - one.bids))


def test_quotes_of_a_smile_give_it_back() -> None:
    fitted, truth = fit_smile(quotes()), TRUTH.smile(YEARS)

    at = np.linspace(-1.0, 1.0, 41) * 3 * math.sqrt(truth.total_variance(0.0))
    missing = np.sqrt(fitted.total_variances(at)) - np.sqrt(truth.total_variances(at))
    assert np.max(np.abs(missing)) / math.sqrt(YEARS) < 2e-4


def test_noise_within_the_spreads_is_averaged_out() -> None:
    noisy = quotes(noise=0.9)

    fitted = fit_smile(noisy)

    assert np.median(half_spreads(fitted, noisy)) < 0.6
    assert np.median(half_spreads(fitted, quotes())) < 0.2


def test_a_warm_start_finds_what_a_cold_one_finds() -> None:
    noisy, moved = quotes(noise=0.5), quotes(noise=0.5)
    moved = moved._replace(bids=moved.bids * 1.01, asks=moved.asks * 1.01)

    warm = fit_smile(moved, start=fit_smile(noisy))
    cold = fit_smile(moved)

    assert np.max(half_spreads(warm, moved) - half_spreads(cold, moved)) < 0.1


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_quote_that_lies_far_out_hardly_moves_the_smile(*, is_warm: bool) -> None:
    noisy = quotes()
    bids, asks = noisy.bids.copy(), noisy.asks.copy()
    bids[22] += 0.3
    asks[22] += 0.3

    wrong = noisy._replace(bids=bids, asks=asks)
    fitted = fit_smile(wrong, start=fit_smile(noisy) if is_warm else None)

    assert np.median(half_spreads(fitted, noisy)) < 0.3


def test_a_wide_quote_counts_little() -> None:
    noisy = quotes()
    bids, asks = noisy.bids.copy(), noisy.asks.copy()
    bids[5:9] -= 0.1
    asks[5:9] += 0.3

    fitted = fit_smile(noisy._replace(bids=bids, asks=asks))

    assert np.median(half_spreads(fitted, noisy)) < 0.5


def test_two_quotes_are_met_and_the_wings_stay_sane() -> None:
    two = ExpiryQuotes(
        30 / 365, np.array([-0.1, 0.1]), np.array([0.58, 0.55]), np.array([0.60, 0.57])
    )

    smile = fit_smile(two)

    assert half_spreads(smile, two) == pytest.approx([0.0, 0.0], abs=0.05)
    deviation = 0.57 * math.sqrt(30 / 365)
    for deviations, most in ((2, 0.75), (4, 1.0), (6, 1.2)):
        for side in (-1, 1):
            k = side * deviations * deviation
            assert 0.5 < math.sqrt(smile.total_variance(k) / two.years) < most


def test_a_single_quote_gives_a_level() -> None:
    one = ExpiryQuotes(0.1, np.array([0.2]), np.array([0.7]), np.array([0.72]))

    smile = fit_smile(one)

    assert half_spreads(smile, one) == pytest.approx([0.0], abs=0.05)


def test_few_quotes_follow_the_shape_of_a_neighbour() -> None:
    neighbour = Surface(rho=-0.7, eta=1.1).smile(0.1)
    flat = ExpiryQuotes(0.2, np.array([-0.01, 0.01]), np.full(2, 0.59), np.full(2, 0.61))

    alone = fit_smile(flat)
    beside = fit_smile(flat, prior=shape_of(neighbour))

    # Beside it puts are dearer than calls, though the quotes do not say so.
    assert beside.rho < -0.5
    assert alone.rho > -0.3


def test_the_prior_is_a_slice_of_a_surface_without_arbitrage() -> None:
    surface = Surface(volatility=1.0, volatility_long=1.0, rho=-0.15, eta=0.8)

    # Of a short expiry: the limit of no time left.
    shape = shape_of(surface.smile(1e-6))

    for ours, theirs in zip(
        (PRIOR.a, PRIOR.b, PRIOR.rho, PRIOR.m, PRIOR.s),
        (shape.a, shape.b, shape.rho, shape.m, shape.s),
        strict=True,
    ):
        assert ours == pytest.approx(theirs, abs=1e-3)


def test_wings_are_as_steep_as_they_may_be() -> None:
    free = wing_slopes(fit_smile(quotes()))
    assert free == pytest.approx((0.17, 0.09), abs=0.02)

    steep = wing_slopes(fit_smile(quotes(), least=(0.2, 0.12)))
    flat = wing_slopes(fit_smile(quotes(), most=(0.15, 0.08)))

    assert steep[0] >= 0.2
    assert steep[1] >= 0.12
    assert flat[0] <= 0.15
    assert flat[1] <= 0.08


def test_a_refit_lies_above_the_expiry_before_and_near_its_quotes() -> None:
    dear = Surface(volatility=0.73, volatility_long=0.63, rho=-0.2, eta=1.0)
    nearer = dear.smile(0.999 * YEARS)
    noisy = quotes(noise=0.5)
    start = fit_smile(noisy, least=wing_slopes(nearer))
    assert arbitrages(start, nearer)

    refitted = refit_smile(noisy, start, nearer)

    assert arbitrages(refitted, nearer) == []
    missing = np.sqrt(refitted.total_variances(noisy.moneyness) / YEARS)
    # Where it cannot go below the expiry before, it lies just above it.
    floor = np.sqrt(nearer.total_variances(noisy.moneyness) / YEARS)
    assert np.max(missing - floor) < 0.05


def test_a_refit_takes_out_a_density_below_zero() -> None:
    # Quotes that follow Vogt's smile have butterfly arbitrage.
    vogt = Smile(a=-0.0410, b=0.1331, rho=0.3060, m=0.3586, s=0.4153)
    k = np.linspace(-1.0, 1.5, 60)
    ivs = np.sqrt(vogt.total_variances(k))
    bad = ExpiryQuotes(1.0, k, ivs - 0.005, ivs + 0.005)
    start = fit_smile(bad)
    assert arbitrages(start, None)

    refitted = refit_smile(bad, start, None)

    assert arbitrages(refitted, None) == []
    assert np.median(half_spreads(refitted, bad)) < 1.0
