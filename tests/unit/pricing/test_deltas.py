import numpy as np
import pytest

from strikewire.pricing import Smile, Surface, at_deltas, greeks


def test_a_flat_smile_has_its_volatility_at_every_delta() -> None:
    flat = Smile(a=0.09, b=0.0, rho=0.0, m=0.0, s=0.1)

    points = at_deltas(flat, 0.25, [-0.05, 0.5, 0.05])

    assert points.volatilities == pytest.approx([0.6] * 3)
    # N(d1) = 1/2 where d1 = 0: half the variance above the forward.
    assert points.moneyness[1] == pytest.approx(0.045, abs=1e-6)


def test_the_option_at_each_strike_has_the_delta() -> None:
    smile, years = Surface().smile(0.1), 0.1
    deltas = np.array([-0.05, -0.25, -0.5, 0.25, 0.05])

    points = at_deltas(smile, years, deltas)

    for delta, k, sigma in zip(deltas, points.moneyness, points.volatilities, strict=True):
        option = greeks(
            forward=1.0, strike=float(np.exp(k)), years=years, sigma=sigma, is_call=delta > 0
        )
        assert option.delta == pytest.approx(delta, abs=1e-5)


def test_deltas_beyond_all_strikes_are_held_at_the_last() -> None:
    points = at_deltas(Surface().smile(0.1), 0.1, [1e-30, -1e-30])

    assert points.moneyness[0] == -points.moneyness[1]
