import math

import pytest

from strikewire.model.units import (
    PriceE8,
    divide_down,
    divide_half_even,
    divide_up,
    price_e8,
    price_e8_to_float,
)


@pytest.mark.parametrize(
    ("numerator", "down", "half_even", "up"),
    [
        (-8, -4, -4, -4),
        (-7, -4, -4, -3),
        (-5, -3, -2, -2),
        (-1, -1, 0, 0),
        (0, 0, 0, 0),
        (1, 0, 0, 1),
        (3, 1, 2, 2),
        (5, 2, 2, 3),
        (7, 3, 4, 4),
        (8, 4, 4, 4),
    ],
)
def test_halves_round_as_each_division_says(
    numerator: int, down: int, half_even: int, up: int
) -> None:
    assert divide_down(numerator, 2) == down
    assert divide_half_even(numerator, 2) == half_even
    assert divide_up(numerator, 2) == up


@pytest.mark.parametrize(
    ("numerator", "nearest"),
    [(-5, -2), (-4, -1), (-2, -1), (-1, 0), (1, 0), (2, 1), (4, 1), (5, 2)],
)
def test_half_even_takes_the_nearer_neighbour_where_there_is_no_tie(
    numerator: int, nearest: int
) -> None:
    assert divide_half_even(numerator, 3) == nearest


def test_a_division_by_zero_or_less_is_our_own_fault() -> None:
    for divide in (divide_down, divide_up, divide_half_even):
        with pytest.raises(AssertionError):
            divide(1, 0)


def test_a_float_price_becomes_the_nearest_hundred_millionth() -> None:
    assert price_e8(61_234.56789012) == 6_123_456_789_012
    assert price_e8(0.1) == 10_000_000
    assert price_e8(0.000_000_014) == 1
    assert price_e8(-2.5) == -250_000_000


def test_a_tie_between_two_hundred_millionths_goes_to_the_even_one() -> None:
    assert price_e8(0.001953125) == 195_312  # 195312.5 exactly
    assert price_e8(0.005859375) == 585_938  # 585937.5 exactly


def test_what_is_no_number_does_not_become_a_price() -> None:
    with pytest.raises(ValueError, match="NaN"):
        price_e8(math.nan)
    with pytest.raises(OverflowError):
        price_e8(math.inf)


def test_an_integer_price_is_shown_as_the_nearest_float() -> None:
    assert price_e8_to_float(PriceE8(6_123_456_789_012)) == 61_234.56789012
