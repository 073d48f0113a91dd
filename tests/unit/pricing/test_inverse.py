import numpy as np
import pytest

from strikewire.pricing import coin_payoff, coin_price, delta_total, greeks, net_delta, quote_value


def test_an_inverse_option_costs_its_value_over_the_underlying() -> None:
    assert coin_price(3_090.0, 61_800.0) == 0.05
    assert quote_value(0.05, 61_800.0) == 3_090.0


def test_columns_are_turned_as_well_as_numbers() -> None:
    values = np.array([3_090.0, 6_180.0])

    assert coin_price(values, np.array([61_800.0, 61_800.0])).tolist() == [0.05, 0.1]


def test_an_inverse_option_pays_in_the_coin() -> None:
    assert coin_payoff(80_000.0, 60_000.0, is_call=True) == 0.25
    assert coin_payoff(50_000.0, 60_000.0, is_call=True) == 0.0
    assert coin_payoff(20_000.0, 60_000.0, is_call=False) == 2.0
    assert coin_payoff(80_000.0, 60_000.0, is_call=False) == 0.0


def test_a_bought_call_adds_its_delta_less_the_premium_paid() -> None:
    """The example of Deribit's page: a call of delta 0.50 bought for 0.10 BTC."""
    assert net_delta(0.50, 0.10) == 0.40


def test_the_net_delta_is_what_the_coin_price_gains_as_the_underlying_rises() -> None:
    option = {"strike": 65_000.0, "years": 0.1, "sigma": 0.6, "is_call": True}

    def in_coins(forward: float) -> float:
        return coin_price(greeks(forward=forward, **option).price, forward)  # type: ignore[arg-type]

    found = greeks(forward=61_800.0, **option)  # type: ignore[arg-type]
    # Over one dollar either way.
    slope = (in_coins(61_801.0) - in_coins(61_799.0)) / 2 * 61_800.0

    assert net_delta(found.delta, in_coins(61_800.0)) == pytest.approx(slope, rel=1e-6)


def test_a_deep_put_has_a_net_delta_below_minus_one() -> None:
    put = greeks(forward=30_000.0, strike=60_000.0, years=0.01, sigma=0.5, is_call=False)

    assert net_delta(put.delta, coin_price(put.price, 30_000.0)) == pytest.approx(-2.0, abs=1e-6)


def test_the_worked_numbers_of_the_page() -> None:
    """docs/concepts/black76.md turns its call of 65,000 into the coin."""
    call = greeks(forward=61_800.0, strike=65_000.0, years=0.1, sigma=0.6, is_call=True)

    in_coins = coin_price(call.price, 61_800.0)

    assert in_coins == pytest.approx(0.054367, abs=5e-7)
    assert net_delta(call.delta, in_coins) == pytest.approx(0.377664, abs=5e-7)


def test_the_delta_of_an_account_is_net_of_its_premiums() -> None:
    # A call of delta 0.5 bought for 0.10, two puts of -0.3 sold at 0.05, a future sold over a coin.
    total = delta_total(sizes=[1.0, -2.0, -1.0], deltas=[0.5, -0.3, 1.0], prices=[0.1, 0.05, 0.0])

    assert total == pytest.approx(0.4 + 0.7 - 1.0)
