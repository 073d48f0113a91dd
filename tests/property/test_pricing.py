"""Identities that Black-76 and the marks obey at every point."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewire.model import PriceE8
from strikewire.pricing import (
    Surface,
    VenueQuote,
    greeks,
    implied_volatility,
    index_price,
    option_mark,
    price,
)

forwards = st.floats(0.1, 1e6)
sigmas = st.floats(0.01, 5.0)
years = st.floats(1e-5, 3.0)
deviations = st.floats(-6.0, 6.0)


def strike_at(forward: float, time: float, sigma: float, deviation: float) -> float:
    return forward * math.exp(deviation * sigma * math.sqrt(time))


@given(forwards, years, sigmas, deviations)
def test_call_minus_put_is_forward_minus_strike(
    forward: float, time: float, sigma: float, deviation: float
) -> None:
    strike = strike_at(forward, time, sigma, deviation)
    option = {"forward": forward, "strike": strike, "years": time, "sigma": sigma}

    call, put = greeks(**option, is_call=True), greeks(**option, is_call=False)

    scale = max(forward, strike)
    assert call.price - put.price == pytest.approx(forward - strike, abs=1e-13 * scale)
    assert call.delta - put.delta == pytest.approx(1.0, abs=1e-13)
    assert call.gamma == put.gamma
    assert call.vega == put.vega


@given(forwards, years, sigmas, deviations, st.booleans())
def test_an_option_is_worth_between_nothing_and_all(
    forward: float, time: float, sigma: float, deviation: float, is_call: bool
) -> None:
    strike = strike_at(forward, time, sigma, deviation)

    result = greeks(forward=forward, strike=strike, years=time, sigma=sigma, is_call=is_call)

    assert -1e-13 * forward <= result.price <= (forward if is_call else strike)
    assert 0.0 <= (result.delta if is_call else -result.delta) <= 1.0
    assert result.gamma >= 0.0
    assert result.vega >= 0.0
    assert -max(result.price, 0.0) - 1e-13 * forward <= result.theta <= 1e-13 * forward


@given(forwards, years, sigmas, deviations)
def test_the_price_of_a_volatility_implies_it(
    forward: float, time: float, sigma: float, deviation: float
) -> None:
    strike = strike_at(forward, time, sigma, deviation)
    is_call = strike >= forward
    option = {"forward": forward, "strike": strike, "years": time}
    value = price(**option, sigma=sigma, is_call=is_call)
    # Where a price is at its ceiling, or smaller than its own rounding, it says nothing.
    if not 1e-12 * forward < value < 0.999 * (forward if is_call else strike):
        return

    implied = implied_volatility(price=value, **option, is_call=is_call)
    assert implied == pytest.approx(sigma, rel=1e-6)


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
