"""The integers of money, and the three ways a division may round.

A float cannot hold 0.1, so nothing that is owned or owed is a float here: prices are counted in
ticks, amounts in lots and cash in settlement units. Every division is one of the functions
below, whose name says which way it rounds.
"""

from fractions import Fraction
from typing import NewType

Ticks = NewType("Ticks", int)
"""A price, counted in the instrument's base tick (the smallest of its tick sizes)."""

Lots = NewType("Lots", int)
"""An amount, counted in the instrument's lot (its minimum amount, which is also the step)."""

Units = NewType("Units", int)
"""Cash, counted in the smallest settled part of a currency: 1e-8 BTC or ETH, 1e-6 USDC."""

PriceE8 = NewType("PriceE8", int)
"""A price nobody trades at (index, mark, forward, delivery), in 1e-8 of the quote currency."""

PRICE_SCALE = 100_000_000
"""How many `PriceE8` make 1.0 of the quote currency."""

FUNDING_SCALE = 1_000_000_000_000
"""Funding rates are counted in 1e-12 of a position's value per eight hours."""

FUNDING_PERIOD_MS = 8 * 3_600_000
"""The time for which a funding rate is said."""


def divide_down(numerator: int, denominator: int) -> int:
    """Divide and round towards minus infinity.

    Args:
        numerator: Any sign: -7 / 2 gives -4.
        denominator: Positive.

    Returns:
        The greatest integer that is not above the exact quotient.
    """
    assert denominator > 0
    return numerator // denominator


def divide_up(numerator: int, denominator: int) -> int:
    """Divide and round towards plus infinity.

    Charged to a client, a fraction of a unit becomes a whole one: rounding towards the venue.

    Args:
        numerator: Any sign: -7 / 2 gives -3.
        denominator: Positive.

    Returns:
        The smallest integer that is not below the exact quotient.
    """
    assert denominator > 0
    return -(-numerator // denominator)


def divide_half_even(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest integer, a tie to the even neighbour.

    Favours neither side: over many divisions the errors cancel, and `-x` rounds to minus what
    `x` rounds to.

    Args:
        numerator: Any sign: 5 / 2 gives 2, 7 / 2 gives 4, -5 / 2 gives -2.
        denominator: Positive.

    Returns:
        The integer nearest to the exact quotient.
    """
    assert denominator > 0
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2 == 1):
        return quotient + 1
    return quotient


def price_e8(price: float) -> PriceE8:
    """Bring a float price through the door of `pricing` into the house of integers.

    Args:
        price: Finite, in the quote currency; any sign.

    Returns:
        The nearest `PriceE8`; a tie goes to the even one.

    Raises:
        OverflowError: `price` is infinite.
        ValueError: `price` is not a number.
    """
    exact = Fraction(price)
    return PriceE8(divide_half_even(exact.numerator * PRICE_SCALE, exact.denominator))


def price_e8_to_float(price: PriceE8) -> float:
    """Return the float nearest to an integer price, in the quote currency."""
    return price / PRICE_SCALE
