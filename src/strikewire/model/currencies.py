"""The currencies that the venue keeps balances in."""

from decimal import Decimal

import msgspec

from strikewire.model.units import Units


class Currency(msgspec.Struct, frozen=True, kw_only=True):
    """A currency that accounts hold and instruments settle in."""

    name: str
    """The code in instrument names and balances: "BTC"."""

    long_name: str
    """For people: "Bitcoin"."""

    coin_type: str
    """Deribit's word for the chain the currency lives on: "BITCOIN"."""

    decimals: int
    """One settlement unit is 10 ** -decimals of the currency."""

    min_confirmations: int
    """Blocks on its own chain after which a deposit counts; shown to clients."""


class CurrencyPrecisionError(ValueError):
    """An amount of cash is finer than one settlement unit, or not a number.

    Attributes:
        currency: Name of the currency.
        coins: The amount that was given.
    """

    def __init__(self, currency: str, coins: Decimal) -> None:
        self.currency = currency
        self.coins = coins
        decimals = CURRENCIES[currency].decimals
        super().__init__(
            f"{coins:.16g} {currency} is not a whole number of 1e-{decimals} {currency}"
        )


CURRENCIES: dict[str, Currency] = {
    currency.name: currency
    for currency in (
        Currency(
            name="BTC", long_name="Bitcoin", coin_type="BITCOIN", decimals=8, min_confirmations=1
        ),
        Currency(
            name="ETH", long_name="Ethereum", coin_type="ETHER", decimals=8, min_confirmations=1
        ),
        Currency(
            name="USDC", long_name="USD Coin", coin_type="USDC", decimals=6, min_confirmations=1
        ),
    )
}
"""Every settlement currency by its name, in the order in which they are listed to clients."""

COINS_DIGITS_MAX = 40
"""Digits before or after the point of an amount of cash that is looked at, rather than refused."""


def units_to_coins(currency: str, units: Units) -> float:
    """Return the float nearest to an amount of cash, for showing it.

    Args:
        currency: Name of a currency, a key of `CURRENCIES`.
        units: Settlement units; any sign.

    Raises:
        KeyError: The venue does not know the currency.
    """
    # Dividing one int by another is correctly rounded in Python, however large they are.
    return units / _units_per_coin(currency)


def coins_to_units(currency: str, coins: Decimal) -> Units:
    """Return an amount of cash in settlement units, exactly.

    Args:
        currency: Name of a currency, a key of `CURRENCIES`.
        coins: An amount of it; any sign.

    Raises:
        KeyError: The venue does not know the currency.
        CurrencyPrecisionError: The amount is not a whole number of units.
    """
    scale = _units_per_coin(currency)
    if not coins.is_finite() or _digits(coins) > COINS_DIGITS_MAX:
        raise CurrencyPrecisionError(currency, coins)
    numerator, denominator = coins.as_integer_ratio()
    units, remainder = divmod(numerator * scale, denominator)
    if remainder:
        raise CurrencyPrecisionError(currency, coins)
    return Units(units)


def _units_per_coin(currency: str) -> int:
    return int(10 ** CURRENCIES[currency].decimals)


def _digits(coins: Decimal) -> int:
    """Count the digits on the longer side of the point; 1e999999 has a million of them."""
    exponent = coins.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(-exponent, coins.adjusted() + 1)
