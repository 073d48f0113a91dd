"""Decimal text of other venues as integers, exactly or not at all."""

from decimal import Decimal

SCALE_DIGITS = 8
"""Prices and amounts of external venues are counted in 1e-8."""

_SCALE = Decimal(10) ** SCALE_DIGITS
_WHOLE_DIGITS_MAX = 12


class NumberError(ValueError):
    """A price or amount is not a plain decimal that fits into 1e-8 steps."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:40]!r} is not a plain decimal with at most 8 places")


def parse_e8(text: str) -> int:
    """Return the value in 1e-8: "61800.20" gives 6_180_020_000_000.

    Args:
        text: Digits with at most one point; no sign, exponent or blank.

    Raises:
        NumberError: It is anything else, or has more than 12 digits before or 8 after the point.
    """
    whole, _, places = text.partition(".")
    digits = whole + places
    if (
        not digits.isdecimal()
        or not digits.isascii()
        or not whole
        or len(whole) > _WHOLE_DIGITS_MAX
        or len(places) > SCALE_DIGITS
    ):
        raise NumberError(text)
    return int(digits + "0" * (SCALE_DIGITS - len(places)))


def scale_e8(number: Decimal) -> int:
    """Return a JSON number in 1e-8.

    Raises:
        NumberError: It is negative, not finite, too large, or has more than 8 places.
    """
    if not number.is_finite() or number < 0 or number.adjusted() >= _WHOLE_DIGITS_MAX:
        raise NumberError(str(number))
    scaled = number * _SCALE
    if scaled != scaled.to_integral_value():
        raise NumberError(str(number))
    return int(scaled)
