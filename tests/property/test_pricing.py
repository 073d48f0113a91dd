"""Identities that Black-76 and the marks obey at every point."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from strikewire.model import PriceE8
from strikewire.pricing import (
    DeliveryAverage,
    ExpiryQuotes,
    Greeks,
    ImpliedCode,
    MarginRules,
    RiskInstrument,
    RiskMatrix,
    Smile,
    Surface,
    VenueQuote,
    chain,
    find_arbitrage,
    fit_surface,
    greeks,
    implied_volatilities,
    implied_volatility,
    index_price,
    option_mark,
    price,
)
from strikewire.pricing.crossing import deepest_crossing
from strikewire.testing.pricing import Option

forwards = st.floats(0.1, 1e6)
sigmas = st.floats(0.01, 5.0)
years = st.floats(1e-5, 3.0)
deviations = st.floats(-6.0, 6.0)


def strike_at(forward: float, time: float, sigma: float, deviation: float) -> float:
    return forward * math.exp(deviation * sigma * math.sqrt(time))


def option_at(forward: float, time: float, sigma: float, deviation: float, is_call: bool) -> Option:
    return Option(forward, strike_at(forward, time, sigma, deviation), time, sigma, is_call)


options = st.builds(option_at, forwards, years, sigmas, deviations, st.booleans())


@given(forwards, years, sigmas, deviations)
def test_call_minus_put_is_forward_minus_strike(
    forward: float, time: float, sigma: float, deviation: float
) -> None:
    strike = strike_at(forward, time, sigma, deviation)
    option = {"forward": forward, "strike": strike, "years": time, "sigma": sigma}

    call, put = greeks(**option, is_call=True), greeks(**option, is_call=False)

    scale = max(forward, strike)
    assert call.price - put.price == pytest.approx(forward - strike, abs=1e-15 * scale)
    assert call.delta - put.delta == pytest.approx(1.0, abs=1e-15)
    assert call.rho - put.rho == pytest.approx(0.01 * strike * time, rel=1e-15)
    assert (call.gamma, call.vega) == (put.gamma, put.vega)
    assert (call.vanna, call.volga, call.charm) == (put.vanna, put.volga, put.charm)


@given(forwards, years, sigmas, deviations, st.booleans())
def test_an_option_is_worth_between_nothing_and_all(
    forward: float, time: float, sigma: float, deviation: float, is_call: bool
) -> None:
    strike = strike_at(forward, time, sigma, deviation)

    result = greeks(forward=forward, strike=strike, years=time, sigma=sigma, is_call=is_call)

    now = max(0.0, forward - strike if is_call else strike - forward)
    assert now <= result.price <= (forward if is_call else strike) * (1.0 + 1e-15)
    assert 0.0 <= (result.delta if is_call else -result.delta) <= 1.0
    assert result.gamma >= 0.0
    assert result.vega >= 0.0
    assert -result.price <= result.theta <= 0.0


@given(options, st.floats(1e-9, 1.0))
def test_an_option_gains_with_volatility_and_time(option: Option, more: float) -> None:
    now = price(**option._asdict())
    wilder = price(**option._replace(sigma=option.sigma * (1.0 + more))._asdict())
    longer = price(**option._replace(years=option.years * (1.0 + more))._asdict())

    # A part in 1e14 is rounding.
    assert wilder >= now * (1.0 - 1e-14)
    assert longer >= now * (1.0 - 1e-14)


@given(forwards, years, sigmas, deviations, st.floats(1e-6, 1.0))
def test_calls_fall_and_puts_rise_with_the_strike_and_both_are_convex(
    forward: float, time: float, sigma: float, deviation: float, apart: float
) -> None:
    strike = strike_at(forward, time, sigma, deviation)
    distance = apart * strike

    for is_call in (True, False):
        low, middle, high = (
            price(forward=forward, strike=at, years=time, sigma=sigma, is_call=is_call)
            for at in (strike, strike + distance, strike + 2.0 * distance)
        )
        rounding = 1e-14 * (low + middle + high) + 1e-15 * forward
        fall = low - middle if is_call else middle - low
        assert -rounding <= fall <= distance + rounding
        assert low + high >= 2.0 * middle - rounding


@given(options, st.floats(1e-3, 1e3))
def test_twice_the_forward_and_the_strike_are_twice_the_price(option: Option, times: float) -> None:
    """Homogeneity: with binary multiples to the last digit, with others but for roundings."""

    def multiple(factor: float) -> Greeks:
        forward, strike = factor * option.forward, factor * option.strike
        return greeks(**option._replace(forward=forward, strike=strike)._asdict())

    one, two = multiple(1.0), multiple(2.0)

    assert two.price == 2.0 * one.price
    assert (two.delta, two.gamma, two.vega) == (one.delta, one.gamma / 2.0, 2.0 * one.vega)
    # Strike and forward are rounded each; far out that moves the price by its elasticity.
    elasticity = 1.0 + abs(one.delta) * option.forward / one.price if one.price else 1.0
    known = 1e-14 + 1e-15 * elasticity
    assert multiple(times).price == pytest.approx(times * one.price, rel=known)


@given(forwards, years, sigmas, deviations)
def test_the_price_of_a_volatility_implies_it(
    forward: float, time: float, sigma: float, deviation: float
) -> None:
    strike = strike_at(forward, time, sigma, deviation)
    is_call = strike >= forward
    option = {"forward": forward, "strike": strike, "years": time}
    value = price(**option, sigma=sigma, is_call=is_call)
    # Where a price is at its ceiling it says nothing.
    if value > 0.999 * (forward if is_call else strike):
        return

    implied = implied_volatility(price=value, **option, is_call=is_call)
    assert implied == pytest.approx(sigma, rel=1e-11)


@given(st.lists(options, min_size=1))
def test_a_chain_is_its_options_and_implies_their_volatilities(rows: list[Option]) -> None:
    f, k, t, v, c = zip(*rows, strict=True)

    table = chain(forwards=f, strikes=k, years=t, sigmas=v, calls=c)
    implied = implied_volatilities(prices=table.price, forwards=f, strikes=k, years=t, calls=c)

    for index, option in enumerate(rows):
        forward, strike, time, _, is_call = option
        one = greeks(**option._asdict())
        alone = implied_volatility(
            price=one.price, forward=forward, strike=strike, years=time, is_call=is_call
        )
        assert table.price[index] == pytest.approx(one.price, rel=1e-13)
        assert table.delta[index] == pytest.approx(one.delta, rel=1e-13)
        # In the money the last digit of the price is all that some options are made of.
        if alone is not None and one.price > 1.001 * max(0.0, forward - strike, strike - forward):
            assert implied.volatilities[index] == pytest.approx(alone, rel=1e-9)


anything = st.floats(allow_nan=True, allow_infinity=True)


@given(anything, anything, anything, anything, st.booleans())
def test_anything_has_a_volatility_or_a_reason(
    value: float, forward: float, strike: float, time: float, is_call: bool
) -> None:
    found = implied_volatilities(
        prices=value, forwards=forward, strikes=strike, years=time, calls=is_call
    )

    [volatility], [code] = found
    assert volatility > 0.0 if code == ImpliedCode.OK else volatility == 0.0


@given(st.floats(-1e7, 1e7), forwards, forwards, years, st.booleans())
def test_any_price_has_a_volatility_or_none(
    value: float, forward: float, strike: float, time: float, is_call: bool
) -> None:
    sigma = implied_volatility(
        price=value, forward=forward, strike=strike, years=time, is_call=is_call
    )

    if sigma is not None:
        again = price(forward=forward, strike=strike, years=time, sigma=sigma, is_call=is_call)
        assert again == pytest.approx(value, rel=1e-9, abs=1e-12 * max(forward, strike))


@given(st.floats(0.1, 3.0), st.floats(-0.9, 0.9), st.floats(0.01, 1.0), st.floats(1 / 365, 2.0))
def test_marked_calls_fall_and_are_convex_in_the_strike(
    volatility: float, rho: float, eta: float, time: float
) -> None:
    smile = Surface(volatility=volatility, rho=rho, eta=eta).smile(time)
    marks = [
        option_mark(
            smile,
            underlying=PriceE8(60_000 * 10**8),
            strike=strike,
            years=time,
            is_call=True,
            is_inverse=True,
        ).price
        for strike in range(20_000, 140_000, 5_000)
    ]

    # The volatility's last digit is 0.01 %: worth at most 0.8 * 0.0001 of the coin at the longest.
    rounding = 0.4 * 1e8 * 0.00005 * math.sqrt(time) + 101
    falls = [upper - lower for upper, lower in pairwise(marks)]
    assert all(fall >= -2 * rounding for fall in falls)
    assert all(later <= earlier + 4 * rounding for earlier, later in pairwise(falls))


@given(st.lists(st.tuples(st.integers(1, 10**13), st.integers(1, 10**9)), min_size=1, max_size=9))
def test_the_index_lies_among_its_venues_whatever_their_order(
    sides: list[tuple[int, int]],
) -> None:
    quotes = [
        VenueQuote(f"venue {number}", PriceE8(bid), PriceE8(bid + spread), 0)
        for number, (bid, spread) in enumerate(sides)
    ]

    index = index_price(quotes, 0).price

    assert index is not None
    assert min(bid for bid, _ in sides) <= index <= max(bid + spread for bid, spread in sides)
    assert index_price(quotes[::-1], 0).price == index


expiry = st.tuples(
    st.floats(1e-4, 3.0),
    st.lists(
        st.tuples(st.floats(-6.0, 6.0), st.floats(0.02, 4.0), st.floats(0.0, 0.3)),
        min_size=1,
        max_size=12,
    ),
)


def closely(smile: Smile) -> NDArray[np.float64]:
    """Return log-moneynesses that are close to each other at the money and where a smile bends."""
    reach = 8.0 * math.sqrt(smile.total_variance(0.0))
    bend = smile.m + smile.s * np.sinh(np.linspace(-16.0, 16.0, 2_001))
    money = np.linspace(-reach, reach, 2_001)
    far = np.geomspace(1e-6, 30.0, 500)
    k: NDArray[np.float64] = np.concatenate([money, bend, far, -far])
    return k[np.abs(k) <= 30.0]


def furthest_below(later: Smile, nearer: Smile) -> float:
    """Return how far one smile is below another anywhere close by, as a part of it or of 1.0."""
    k = np.concatenate([closely(nearer), closely(later)])
    variance = nearer.total_variances(k)
    lacking = (variance - later.total_variances(k)) / np.maximum(1.0, variance)
    return float(np.max(lacking))


smiles = st.builds(
    Smile,
    a=st.floats(1e-5, 10.0),
    b=st.floats(0.0, 2.0),
    rho=st.floats(-0.999, 0.999),
    m=st.floats(-20.0, 20.0),
    s=st.floats(-13.0, 2.0).map(math.exp),
)


@given(smiles, smiles)
def test_a_smile_raised_by_what_it_lacks_is_below_another_nowhere(
    later: Smile, nearer: Smile
) -> None:
    k, depth = deepest_crossing(later, nearer)

    assert depth == max(0.0, nearer.total_variance(k) - later.total_variance(k))
    raised = Smile(a=later.a + depth, b=later.b, rho=later.rho, m=later.m, s=later.s)
    assert furthest_below(raised, nearer) <= 1e-12


@settings(max_examples=25)
@given(st.lists(expiry, min_size=1, max_size=5, unique_by=lambda one: one[0]))
@example(
    [(2.9609375, [(-0.48487844963133675, 2.796875, 0.11328125), (5.0, 0.26529009251478, 0.0)])]
)
@example(
    [
        (0.5, [(0.0, 1.5, 0.0), (0.0, 2.00001, 0.0), (0.0, 0.02, 0.0)]),
        (
            0.6,
            [
                (1.8612926244074361, 0.7849822131720606, 0.24073070433211108),
                (-5.465011041222525, 1.1, 0.0),
                (5.103343908399879, 2.851909210246106, 0.0),
                (-1.9199418331833016, 3.293546010990086, 0.04089786909988854),
                (0.0, 3.1323729189374636, 0.0),
                (0.45, 0.48289862496039726, 0.05),
                (-6.0, 0.22329767163438127, 0.0),
                (0.0, 1.5, 0.2800545261299942),
                (3.0, 0.271262131854599, 0.0),
            ],
        ),
    ]
)
@example([(1.0, [(0.0, 2.0, 0.0), (1.5, 2.0, 0.0), (0.0, 0.5, 0.25), (5.0, 0.5, 0.0)])])
def test_no_quotes_whatever_make_a_surface_with_arbitrage(
    expiries: list[tuple[float, list[tuple[float, float, float]]]],
) -> None:
    quotes = []
    for time, rows in expiries:
        steps, mids, halves = (np.array(column) for column in zip(*rows, strict=True))
        halves = np.minimum(halves, 0.9 * mids)
        k = steps * 0.6 * math.sqrt(time)
        quotes.append(ExpiryQuotes(time, k, mids - halves, mids + halves))

    cold = fit_surface(quotes)
    warm = fit_surface(quotes, start=cold)

    for surface in (cold, warm):
        smiles = [one.smile for one in surface.expiries]
        assert find_arbitrage([one.years for one in surface.expiries], smiles) == []
        for smile in smiles:
            assert 0.0 < smile.total_variance(0.0) < 1e3
            assert np.min(smile.butterflies(closely(smile))) >= 0.0
        for nearer, later in pairwise(smiles):
            assert furthest_below(later, nearer) <= 1e-12


risk_book = tuple(
    RiskInstrument(int(days * 86_400e9), strike, is_call)
    for days in (3, 40, 400)
    for strike in (30_000.0, 60_000.0, 120_000.0)
    for is_call in (True, False)
)
positions = st.lists(
    st.tuples(st.integers(0, len(risk_book) - 1), st.floats(-1e3, 1e3)), min_size=1, max_size=8
)


@given(positions, positions, st.booleans())
def test_margin_grows_with_size_and_the_whole_needs_no_more_than_its_parts(
    some: list[tuple[int, float]],
    more: list[tuple[int, float]],
    is_inverse: bool,
) -> None:
    matrix = RiskMatrix(risk_book, is_inverse=is_inverse, rules=MarginRules(extended_dampener=0.0))
    times = np.array([one.expiry_ns / (365 * 86_400e9) for one in risk_book])
    values = chain(
        forwards=60_000.0,
        strikes=[one.strike for one in risk_book],
        years=times,
        sigmas=0.7,
        calls=[one.is_call for one in risk_book],
    ).price
    values = values / 60_000.0 if is_inverse else values
    matrix.mark(None, forwards=60_000.0, sigmas=0.7, values=values, years=times)
    matrix.refresh(60_000.0)

    def margin(rows: list[tuple[int, float]], times: float = 1.0) -> tuple[float, float]:
        found = matrix.account([row for row, _ in rows], [times * size for _, size in rows])
        return found.margin().loss, found.margin().initial

    scale = 1.0 if is_inverse else 60_000.0
    loss_some, loss_more, loss_all = margin(some)[0], margin(more)[0], margin(some + more)[0]
    assert loss_all <= loss_some + loss_more + 1e-7 * scale
    assert margin(some, 2.0)[0] == pytest.approx(2.0 * loss_some, rel=1e-9, abs=1e-9 * scale)
    assert margin(some, 2.0)[1] >= margin(some)[1] - 1e-9 * scale


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 10**13)), min_size=1, max_size=60))
def test_an_estimate_lies_among_the_prices_that_were_seen(seen: list[tuple[int, int]]) -> None:
    second = 1_000_000_000
    average, now_ns = DeliveryAverage(1_800 * second), 0
    for elapsed_s, price_seen in seen:
        now_ns += elapsed_s * second
        average = average.sample(now_ns, PriceE8(price_seen))
        estimate = average.estimate(now_ns, PriceE8(price_seen))

        assert min(one for _, one in seen) <= estimate.price <= max(one for _, one in seen)
        assert average.count + estimate.left_samples <= estimate.total_samples
