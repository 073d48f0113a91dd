import math

import pytest

from strikewire.pricing import Smile, Surface
from strikewire.pricing.crossing import deepest_crossing

ROUND = Smile(a=0.01, b=0.3, rho=-0.4, m=0.1, s=0.2)


def flat(variance: float) -> Smile:
    return Smile(a=variance, b=0.0, rho=0.0, m=0.0, s=0.1)


@pytest.mark.parametrize(
    "smile",
    [
        ROUND,
        Smile(a=0.02, b=0.6, rho=-0.4, m=0.1, s=0.2),
        Smile(a=0.02, b=0.3, rho=-0.4, m=0.1, s=0.2),
        Smile(a=0.01, b=0.3, rho=-0.4, m=0.1, s=0.3),
    ],
)
def test_a_smile_is_not_below_itself_and_higher_steeper_and_rounder_ones_are_not(
    smile: Smile,
) -> None:
    assert deepest_crossing(smile, ROUND)[1] == 0.0


def test_smiles_of_one_surface_do_not_cross() -> None:
    surface = Surface()

    assert deepest_crossing(surface.smile(0.5), surface.smile(0.1))[1] == 0.0


def test_flat_smiles_are_apart_by_their_levels() -> None:
    assert deepest_crossing(flat(0.04), flat(0.05))[1] == pytest.approx(0.01)


def test_a_smile_is_furthest_below_a_flat_one_where_it_is_lowest() -> None:
    # 1.0 * 0.04 at the bend.
    k, depth = deepest_crossing(Smile(a=0.0, b=1.0, rho=0.0, m=0.3, s=0.04), flat(0.05))

    assert k == pytest.approx(0.3)
    assert depth == pytest.approx(0.01)


def test_a_bend_of_a_millionth_is_found() -> None:
    k, depth = deepest_crossing(Smile(a=0.0, b=1.0, rho=0.5, m=17.3, s=1e-6), flat(1e-3))

    assert k == pytest.approx(17.3)
    assert depth == pytest.approx(1e-3, rel=1e-3)


def test_a_smile_is_below_to_both_sides_of_a_sharper_one() -> None:
    # Slopes 0.4 k / sqrt(k^2 + 4) and 0.2 k / sqrt(k^2 + 0.25) are equal at -1, 0 and 1, and at 1
    # variances 0.4 sqrt(5) and 0.1 sqrt(5).
    later = Smile(a=-0.3 * math.sqrt(5.0) - 0.01, b=0.4, rho=0.0, m=0.0, s=2.0)
    nearer = Smile(a=0.0, b=0.2, rho=0.0, m=0.0, s=0.5)

    k, depth = deepest_crossing(later, nearer)

    assert abs(k) == pytest.approx(1.0, abs=1e-6)
    assert depth == pytest.approx(0.01)


def test_a_smile_less_steep_is_furthest_below_at_the_end() -> None:
    less = Smile(a=0.05, b=0.3, rho=-0.5, m=0.1, s=0.2)

    k, depth = deepest_crossing(less, ROUND)

    # Right slopes 0.15 and 0.18, to 30; the bends are 0.1 from the money.
    assert k == 30.0
    assert depth == pytest.approx(0.03 * 29.9 - 0.04, rel=1e-6)
