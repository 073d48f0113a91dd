import pytest

from strikewire.pricing import implied_volatility, price

OPTION = {"forward": 61_800.0, "strike": 70_000.0, "years": 0.25}


@pytest.mark.parametrize("is_call", [True, False])
def test_the_price_of_a_volatility_implies_it(is_call: bool) -> None:
    value = price(**OPTION, sigma=0.65, is_call=is_call)

    assert implied_volatility(price=value, **OPTION, is_call=is_call) == pytest.approx(0.65)


def test_a_price_below_the_intrinsic_value_implies_nothing() -> None:
    assert implied_volatility(price=8_199.0, **OPTION, is_call=False) is None


def test_a_price_of_zero_implies_nothing() -> None:
    assert implied_volatility(price=0.0, **OPTION, is_call=True) is None


def test_a_call_worth_its_forward_implies_nothing() -> None:
    assert implied_volatility(price=61_800.0, **OPTION, is_call=True) is None


def test_after_the_expiry_nothing_is_implied() -> None:
    expired = OPTION | {"years": 0.0}

    assert implied_volatility(price=5.0, **expired, is_call=True) is None
