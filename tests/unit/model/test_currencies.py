from decimal import Decimal

import pytest

from strikewire.model.currencies import (
    CURRENCIES,
    CurrencyPrecisionError,
    coins_to_units,
    units_to_coins,
)
from strikewire.model.units import Units


def test_the_venue_settles_in_bitcoin_ether_and_usdc() -> None:
    assert {name: currency.decimals for name, currency in CURRENCIES.items()} == {
        "BTC": 8,
        "ETH": 8,
        "USDC": 6,
    }


def test_cash_is_shown_as_the_nearest_float() -> None:
    assert units_to_coins("BTC", Units(10_000_000_001)) == 100.00000001
    assert units_to_coins("USDC", Units(-1)) == -0.000001


def test_coins_become_units_exactly() -> None:
    assert coins_to_units("BTC", Decimal("100.00000001")) == 10_000_000_001
    assert coins_to_units("USDC", Decimal("-0.000001")) == -1
    assert coins_to_units("ETH", Decimal("1E+3")) == 100_000_000_000
    assert coins_to_units("BTC", Decimal("0.500000000000")) == 50_000_000


@pytest.mark.parametrize(
    "coins", ["0.000000001", "NaN", "sNaN", "Infinity", "1E+999999", "1E-999999"]
)
def test_less_than_a_unit_or_no_number_is_no_cash(coins: str) -> None:
    with pytest.raises(CurrencyPrecisionError) as caught:
        coins_to_units("BTC", Decimal(coins))

    assert caught.value.currency == "BTC"
    assert str(caught.value.coins) == coins.replace("0.000000001", "1E-9")


def test_a_currency_the_venue_does_not_know_is_an_error() -> None:
    with pytest.raises(KeyError):
        units_to_coins("DOGE", Units(1))
    with pytest.raises(KeyError):
        coins_to_units("DOGE", Decimal(1))
