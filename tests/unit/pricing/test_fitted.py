import math
from pathlib import Path
from random import Random  # noqa: TID251 - seeded in each test

import numpy as np
import pytest

from strikewire.pricing import (
    ExpiryQuotes,
    FittedSurface,
    Surface,
    find_arbitrage,
    fit_surface,
    mark_volatilities,
)
from strikewire.testing.pricing import chance_chain, noisy_chain, recorded_chains

TICKERS = Path(__file__).parents[2] / "data" / "deribit_tickers.jsonl"
TRUTH = Surface(volatility=0.55, volatility_long=0.6, rho=-0.2, eta=0.9)
YEARS = (1 / 365, 7 / 365, 0.1, 0.25, 0.5, 1.0)


def faults(surface: FittedSurface) -> object:
    return find_arbitrage(
        [one.years for one in surface.expiries], [one.smile for one in surface.expiries]
    )


def half_spreads(surface: FittedSurface, chain: list[ExpiryQuotes]) -> list[float]:
    """How far each quote's middle is from the surface, in half its spread."""
    found: list[float] = []
    for one in chain:
        good = (one.bids > 0.0) & (one.asks > one.bids)
        fitted = np.sqrt(surface.total_variances(one.moneyness, one.years) / one.years)
        missing = np.abs(fitted - 0.5 * (one.bids + one.asks))
        found += (missing / np.maximum(0.5 * (one.asks - one.bids), 1e-9))[good].tolist()
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
def test_a_noisy_chain_gives_a_surface_within_the_spreads_and_without_arbitrage(
    noise: float, seed: int
) -> None:
    chain = noisy_chain(TRUTH, YEARS, Random(seed).random, noise=noise)

    cold = fit_surface(chain)
    warm = fit_surface(chain, start=cold)

    for surface in (cold, warm):
        assert faults(surface) == []
        assert np.median(half_spreads(surface, chain)) <= 0.6 * noise + 0.1


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_quotes_the_surface_has_no_arbitrage(seed: int) -> None:
    random = Random(seed)
    chain = []
    for years in random.sample((1 / 8_760, 1 / 365, 7 / 365, 0.1, 0.5, 1.0, 2.0), 5):
        level, count = random.uniform(0.2, 1.5), random.randint(1, 30)
        k = np.array([random.uniform(-4, 4) for _ in range(count)]) * level * math.sqrt(years)
        mids = np.array([max(0.05, random.gauss(level, 0.2)) for _ in range(count)])
        halves = np.array([random.uniform(0.001, 0.04) for _ in range(count)])
        chain.append(ExpiryQuotes(years, k, mids - halves, mids + halves))

    surface = fit_surface(chain)

    assert faults(surface) == []
    # Nor between the expiries, nor beyond them.
    at = np.linspace(-2.0, 2.0, 101)
    times = np.geomspace(1 / 20_000, 4.0, 40)
    rows = [surface.total_variances(at, years) for years in times]
    assert np.min(np.diff(rows, axis=0)) >= -1e-12


@pytest.mark.parametrize(("currency", "chain"), recorded_chains(TICKERS).items())
def test_recorded_chains_give_surfaces_within_half_the_spreads(
    currency: tuple[str, int], chain: list[ExpiryQuotes]
) -> None:
    surface = fit_surface(chain)

    assert faults(surface) == []
    assert np.median(half_spreads(surface, chain)) <= 0.5, currency


def test_an_expiry_whose_wings_come_out_too_steep_leads_no_other_astray() -> None:
    years = (7 / 365, 14 / 365, 0.1, 0.25, 0.5)
    chain = noisy_chain(TRUTH, years, Random(1).random, noise=0.5)
    # Nine quotes whose ends are bid up: with their smile nobody after it could be as flat as it is.
    near = chain[0]
    few = slice(13, 31, 2)
    lifted = 0.5 * (near.moneyness[few] / near.moneyness[30]) ** 8
    chain[0] = ExpiryQuotes(
        near.years, near.moneyness[few], near.bids[few] + lifted, near.asks[few] + lifted
    )

    for start in (None, fit_surface(chain)):
        surface = fit_surface(chain, start=start)

        assert faults(surface) == []
        for one, quoted in zip(surface.expiries[1:], chain[1:], strict=True):
            alone = FittedSurface((one,))
            assert np.median(half_spreads(alone, [quoted])) < 0.5


@pytest.mark.parametrize("seed", range(8))
def test_quotes_of_chance_give_a_surface_within_the_spreads(seed: int) -> None:
    chain = chance_chain(Random(seed).random)

    cold = fit_surface(chain)
    warm = fit_surface(chain, start=cold)

    for surface in (cold, warm):
        assert faults(surface) == []
        assert np.median(half_spreads(surface, chain)) < 0.65


def test_expiries_without_quotes_are_passed_over() -> None:
    chain = noisy_chain(TRUTH, (0.1, 0.2), Random(1).random)
    chain[0] = chain[0]._replace(bids=np.zeros(40))

    surface = fit_surface(chain)

    assert [one.years for one in surface.expiries] == [0.2]
    assert surface.expiries[0].quotes == 40


def test_a_chain_without_any_quote_has_no_surface() -> None:
    with pytest.raises(ValueError, match="no expiry has a quote with both sides"):
        fit_surface([])


def test_one_expiry_stands_once() -> None:
    with pytest.raises(ValueError, match="two expiries have the same time left"):
        fit_surface(noisy_chain(TRUTH, (0.1, 0.1), Random(1).random))


def test_two_quotes_beside_rich_expiries_take_their_shape() -> None:
    tilted = Surface(volatility=0.6, volatility_long=0.6, rho=-0.7, eta=1.0)
    chain = noisy_chain(tilted, (0.1, 0.2, 0.3), Random(1).random, noise=0.0)
    middle = chain[1]
    chain[1] = ExpiryQuotes(0.2, middle.moneyness[19:21], middle.bids[19:21], middle.asks[19:21])

    for start in (None, fit_surface(chain)):
        surface = fit_surface(chain, start=start)

        assert faults(surface) == []
        at = middle.moneyness[6:34]
        fitted = np.sqrt(surface.total_variances(at, 0.2) / 0.2)
        truth = np.sqrt(tilted.smile(0.2).total_variances(at) / 0.2)
        assert np.max(np.abs(fitted - truth)) < 0.03


def test_a_start_of_quite_another_time_is_none() -> None:
    (near,) = noisy_chain(TRUTH, [0.01], Random(1).random)
    (far,) = noisy_chain(TRUTH, [1.0], Random(1).random)

    assert fit_surface([far], start=fit_surface([near])) == fit_surface([far])


def test_total_variance_is_interpolated_between_expiries() -> None:
    surface = fit_surface(noisy_chain(TRUTH, (0.1, 0.3), Random(1).random))
    near, far = (one.smile.total_variance(0.1) for one in surface.expiries)

    at = surface.total_variances([0.1] * 3, [0.1, 0.15, 0.3])

    assert at == pytest.approx([near, 0.75 * near + 0.25 * far, far], rel=1e-12)


def test_volatility_goes_on_before_the_first_expiry_and_flattens_after_the_last() -> None:
    surface = fit_surface(noisy_chain(TRUTH, (0.1, 0.3), Random(1).random))
    first, last = (one.smile for one in surface.expiries)

    assert surface.volatility(forward=100.0, strike=90.0, years=0.05) == pytest.approx(
        first.volatility(forward=100.0, strike=90.0, years=0.1)
    )
    assert surface.volatility(forward=100.0, strike=100.0, years=0.6) == pytest.approx(
        last.volatility(forward=100.0, strike=100.0, years=0.3)
    )
    far_wing = surface.volatility(forward=100.0, strike=60.0, years=0.6)
    assert far_wing < last.volatility(forward=100.0, strike=60.0, years=0.3)


def test_a_single_expiry_is_a_surface() -> None:
    surface = fit_surface(noisy_chain(TRUTH, [0.1], Random(1).random))
    smile = surface.expiries[0].smile

    found = surface.volatilities(forwards=100.0, strikes=[80.0, 120.0], years=[0.1, 0.1])

    assert found == pytest.approx(
        [smile.volatility(forward=100.0, strike=strike, years=0.1) for strike in (80.0, 120.0)]
    )
    assert surface.at_the_money() == pytest.approx([math.sqrt(smile.total_variance(0.0) / 0.1)])


def test_a_mark_is_held_between_bid_and_ask() -> None:
    marks = mark_volatilities(
        0.60,
        bids=[0.55, 0.62, 0.50, 0.0, 0.0, 0.65, 0.70],
        asks=[0.65, 0.66, 0.58, 0.57, 0.0, 0.0, 0.50],
    )

    # Inside, below the bid, above the ask, only an ask, nothing, only a bid, crossed.
    assert marks.tolist() == [0.60, 0.62, 0.58, 0.57, 0.60, 0.65, 0.60]


def test_a_single_wild_quote_leads_no_well_quoted_expiry_astray() -> None:
    dense = [flat_quotes(years, 0.6, count=30) for years in (0.1, 0.3)]
    # Between them somebody bids and asks twice as much, which no calendar could bear.
    wild = flat_quotes(0.2, 1.2, count=1)

    surface = fit_surface([dense[0], wild, dense[1]])

    assert (
        find_arbitrage(
            [one.years for one in surface.expiries], [one.smile for one in surface.expiries]
        )
        == []
    )
    for expiry in (surface.expiries[0], surface.expiries[2]):
        sigma = np.sqrt(expiry.smile.total_variance(0.0) / expiry.years)
        assert sigma == pytest.approx(0.6, abs=0.005)
    assert np.all(np.diff([one.smile.total_variance(0.0) for one in surface.expiries]) >= 0.0)


def test_a_single_low_quote_after_a_well_quoted_expiry_stays_above_it() -> None:
    surface = fit_surface([flat_quotes(0.1, 0.6, count=30), flat_quotes(0.12, 0.3, count=2)])

    first, second = (one.smile.total_variance(0.0) for one in surface.expiries)
    assert first == pytest.approx(0.036, rel=0.02)
    assert second >= first


def flat_quotes(years: float, sigma: float, *, count: int) -> ExpiryQuotes:
    k = np.linspace(-2.0, 2.0, count) * sigma * np.sqrt(years) if count > 1 else np.zeros(1)
    return ExpiryQuotes(years, k, np.full(count, sigma - 0.01), np.full(count, sigma + 0.01))
