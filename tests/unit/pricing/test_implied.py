import math

import numpy as np
import pytest

from strikewire.pricing import ImpliedCode, implied_volatilities, implied_volatility, price
from strikewire.testing.pricing import exact_greeks, nasty_grid

OPTION = {"forward": 61_800.0, "strike": 70_000.0, "years": 0.25}


@pytest.mark.parametrize("is_call", [True, False])
def test_the_price_of_a_volatility_implies_it(is_call: bool) -> None:
    value = price(**OPTION, sigma=0.65, is_call=is_call)

    implied = implied_volatility(price=value, **OPTION, is_call=is_call)

    assert implied == pytest.approx(0.65, rel=1e-13)


def test_the_worked_numbers_of_the_page() -> None:
    """docs/concepts/implied-volatility.md implies a call of 65,000 that costs 3,359.88."""

    def implied(value: float, *, is_call: bool) -> float | None:
        return implied_volatility(
            price=value, forward=61_800.0, strike=65_000.0, years=0.1, is_call=is_call
        )

    assert implied(3_359.88, is_call=True) == pytest.approx(0.599999, abs=5e-7)
    assert implied(6_559.88, is_call=False) == pytest.approx(0.599999, abs=5e-7)
    # One tick of 0.0005 BTC, 30.90 dollars, is worth 0.40 points.
    assert implied(3_390.78, is_call=True) == pytest.approx(0.604020, abs=5e-7)


def test_a_price_below_the_intrinsic_value_implies_nothing() -> None:
    assert implied_volatility(price=8_199.0, **OPTION, is_call=False) is None


def test_a_price_of_zero_implies_nothing() -> None:
    assert implied_volatility(price=0.0, **OPTION, is_call=True) is None


def test_a_call_worth_its_forward_implies_nothing() -> None:
    assert implied_volatility(price=61_800.0, **OPTION, is_call=True) is None


def test_after_the_expiry_nothing_is_implied() -> None:
    expired = OPTION | {"years": 0.0}

    assert implied_volatility(price=5.0, **expired, is_call=True) is None


def test_many_prices_are_implied_at_once_and_each_that_is_not_says_why() -> None:
    found = implied_volatilities(
        prices=[3_359.88, 0.0, 61_800.0, math.nan],
        forwards=61_800.0,
        strikes=65_000.0,
        years=0.1,
        calls=True,
    )

    assert found.volatilities == pytest.approx([0.6, 0.0, 0.0, 0.0], abs=1e-6)
    assert [ImpliedCode(code).name for code in found.codes] == [
        "OK",
        "BELOW_INTRINSIC",
        "ABOVE_BOUND",
        "NOT_A_NUMBER",
    ]
    assert found.codes.dtype == np.int8


def test_a_scalar_says_none_where_the_array_has_a_code() -> None:
    for odd in (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-320, 1e300):
        for forward, strike, years in ((odd, 100.0, 0.1), (100.0, odd, 0.1), (100.0, 100.0, odd)):
            found = implied_volatilities(
                prices=5.0, forwards=forward, strikes=strike, years=years, calls=True
            )
            one = implied_volatility(
                price=5.0, forward=forward, strike=strike, years=years, is_call=True
            )

            assert np.isfinite(found.volatilities).all()
            assert (one is None) == (found.codes[0] != ImpliedCode.OK)


def test_an_expired_chain_says_so() -> None:
    found = implied_volatilities(prices=[1.0, 2.0], forwards=1.0, strikes=1.0, years=0.0, calls=0)

    assert found.codes.tolist() == [ImpliedCode.EXPIRED] * 2


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        implied_volatilities(prices=[1.0, 2.0], forwards=[1.0], strikes=1.0, years=0.1, calls=0)


def test_lets_be_rational_agrees() -> None:
    """Jaeckel's own method, the best reference there is."""
    library = pytest.importorskip("py_lets_be_rational")
    options = nasty_grid()[::11]
    prices = [exact_greeks(option).greeks[0] for option in options]
    forwards, strikes, years, _, calls = zip(*options, strict=True)

    found = implied_volatilities(
        prices=prices, forwards=forwards, strikes=strikes, years=years, calls=calls
    )

    for ours, value, (forward, strike, time, _, is_call) in zip(
        found.volatilities, prices, options, strict=True
    ):
        theirs = library.implied_volatility_from_a_transformed_rational_guess(
            value, forward, strike, time, 1.0 if is_call else -1.0
        )
        assert ours == pytest.approx(theirs, rel=1e-12)
