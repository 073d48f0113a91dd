"""Integers for money: units as types, and a division that names its rounding."""

from __future__ import annotations

from typing import NewType

Ticks = NewType("Ticks", int)  # a price, counted in the instrument's tick size
Lots = NewType("Lots", int)  # an amount, counted in the instrument's lot


def cash_rounded_up(numerator: int, denominator: int) -> int:
    """Divide and round towards the venue: a fraction of a unit is charged whole.

    Args:
        numerator: Amount owed, in settlement units times `denominator`; not negative.
        denominator: Scale to divide out; positive.

    Returns:
        Settlement units (1 unit = 1e-8 BTC or 1e-6 USDC), at least the exact value.
    """
    assert numerator >= 0
    assert denominator > 0
    return -(-numerator // denominator)
