from __future__ import annotations

import pytest

from examples.style.money import cash_rounded_up


@pytest.mark.parametrize(
    ("numerator", "denominator", "units"), [(0, 3, 0), (1, 3, 1), (3, 3, 1), (4, 3, 2)]
)
def test_a_fraction_of_a_unit_is_charged_whole(
    numerator: int, denominator: int, units: int
) -> None:
    assert cash_rounded_up(numerator, denominator) == units


def test_a_negative_amount_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        cash_rounded_up(-1, 3)
