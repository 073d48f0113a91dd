import math
import operator
from collections.abc import Sequence

import numpy as np
import pytest

from strikewire.pricing import Smile, Surface, arbitrages, find_arbitrage, repaired
from strikewire.pricing.arbitrage import (
    SLOPE_MAX,
    furthest,
    grid_of,
    lowered,
    suspects,
    wing_slopes,
)

YEARS = (0.02, 0.1, 0.5)
CALM = [Surface().smile(years) for years in YEARS]
VOGT = Smile(a=-0.0410, b=0.1331, rho=0.3060, m=0.3586, s=0.4153)
"""Axel Vogt's example. Source: Gatheral, Jacquier (2014), example 3.1."""


def kinds(years: Sequence[float], smiles: Sequence[Smile]) -> list[tuple[float, str]]:
    return [(found.years, found.kind) for found in find_arbitrage(years, smiles)]


def flat(variance: float) -> Smile:
    return Smile(a=variance, b=0.0, rho=0.0, m=0.0, s=0.1)


def test_a_surface_that_is_free_by_construction_is_found_free() -> None:
    assert find_arbitrage(YEARS, CALM) == []
    assert suspects(CALM) == [False] * 3


def test_a_density_below_zero_is_found_where_it_is_lowest() -> None:
    (found,) = arbitrages(VOGT, None, years=1.0)

    assert found.kind == "butterfly"
    finely = np.linspace(-1.5, 1.5, 30_001)
    assert found.depth == pytest.approx(-np.min(VOGT.butterflies(finely)), rel=1e-3)
    assert VOGT.butterfly(found.k) == pytest.approx(-found.depth, rel=1e-4)


@pytest.mark.parametrize(
    ("smile", "k", "depth"),
    [
        (Smile(-0.0001436733688843716, 0.00975397301, 0.9717063, 0.003120084, 0.07072741), -0.6, 5),
        (Smile(-4.6922432515732155e-05, 0.000276516979, 0.1243016, -0.115709, 0.1985554), -0.4, 8),
        (Smile(8.401476062269708e-05, 0.469963793, 0.99985798424, -2.8206947, 0.00050575), -3.1, 0),
    ],
)
def test_a_density_below_zero_between_two_points_of_a_grid_is_found(
    smile: Smile, k: float, depth: int
) -> None:
    finely = np.linspace(k - 0.1, k + 0.1, 200_001)
    assert np.min(smile.butterflies(finely)) < -1e-5 * depth

    (found,) = arbitrages(smile, None)

    assert found.kind == "butterfly"


def test_smiles_that_cross_at_a_sharp_bend_only_are_found() -> None:
    near = Smile(a=0.46523605747899427, b=0.673716, rho=-0.77761673, m=-0.0557541, s=1.7473e-05)
    sharp = Smile(a=8.445798551010153, b=1.643624785, rho=0.19260796, m=-6.71962, s=3.0964e-05)
    bend = np.linspace(-6.72, -6.719, 100_001)
    lacking = near.total_variances(bend) - sharp.total_variances(bend)

    (found,) = arbitrages(sharp, near)

    assert found.kind == "calendar"
    assert found.depth == pytest.approx(np.max(lacking), rel=1e-4)
    assert found.depth == pytest.approx(1e-4, rel=0.5)


@pytest.mark.parametrize(
    ("near", "later", "k", "depth"),
    [
        pytest.param(
            Smile(
                0.00017651073036126677, 1.40602989e-05, 0.0168465307, -5.2186418, 7.200948828883562
            ),
            Smile(
                0.00013595621875514693,
                0.0005683486847771063,
                0.46516781637758914,
                -1.3363228,
                0.308898933,
            ),
            -1.493,
            1e-09,
            id="at a round bend far from the money",
        ),
        pytest.param(
            Smile(
                1.5186828826461778, 1.331145623069516, 0.14893524849409256, -1.52077779, 2.11672689
            ),
            Smile(
                4.45422905924957, 1.5576945217385902, 0.2708965983, -2.5934214, 0.008026111389308924
            ),
            -2.598,
            1.01e-11,
            id="hardly",
        ),
        pytest.param(
            Smile(
                1.883129851766711,
                1.124720213421026,
                -0.5645720806416952,
                1.3416366114831535,
                0.0007376164561892,
            ),
            Smile(
                3.3406780582912585,
                1.3043680212042523,
                -0.3490869262704439,
                0.5133458547355944,
                0.00029229469221400055,
            ),
            -0.1033,
            4.21e-10,
            id="sharply, with equal variances at the money",
        ),
        pytest.param(
            Smile(
                31.327498488155083,
                1.3213634609278704,
                0.25588881762247195,
                4.519351149413392,
                0.002324795995512828,
            ),
            Smile(
                35.72949814348852,
                1.3213634609278704,
                0.25588881762247195,
                0.04232309103657287,
                0.00022986312672047647,
            ),
            -0.4488,
            2.63e-09,
            id="with equal slopes",
        ),
        pytest.param(
            Smile(
                0.002635640195994978,
                0.00043461336535953595,
                0.8953239563686635,
                0.13451756065194434,
                5.045179547800204e-07,
            ),
            Smile(
                -0.0009420677933697155,
                0.6836375916360704,
                0.9998435491344437,
                -0.5021946707004755,
                0.3934425134819082,
            ),
            -29.84,
            3.15e-08,
            id="in the wing",
        ),
    ],
)
def test_smiles_that_hardly_cross_are_found(
    near: Smile, later: Smile, k: float, depth: float
) -> None:
    finely = np.linspace(k - 0.01, k + 0.01, 200_001)
    lacking = near.total_variances(finely) - later.total_variances(finely)
    assert np.max(lacking) == pytest.approx(depth, rel=0.01)

    (found,) = arbitrages(later, near)

    assert found.kind == "calendar"
    assert found.k == pytest.approx(k, abs=0.01)
    assert found.depth == pytest.approx(depth, rel=0.01)


def test_smiles_that_cross_beside_a_point_of_both_grids_are_found() -> None:
    # Both grids hold 0.0, which is the lowest point of them; the lowest place is at 0.00869.
    near = Smile(a=0.795168104735, b=0.001685796841, rho=-0.95110833, m=1.5657724, s=3.8369886)
    sharp = Smile(a=0.780321, b=1.6922680793609237, rho=0.35409193, m=0.014532, s=0.01536863114)

    (found,) = [one for one in arbitrages(sharp, near) if one.kind == "calendar"]

    finely = np.linspace(0.0, 0.02, 20_001)
    lacking = near.total_variances(finely) - sharp.total_variances(finely)
    assert found.k == pytest.approx(0.00869, abs=1e-4)
    assert found.depth == pytest.approx(np.max(lacking), rel=1e-3)


def test_a_variance_below_zero_is_found() -> None:
    (found,) = arbitrages(Smile(a=-0.1, b=0.2, rho=0.0, m=0.0, s=0.2), None)

    # -0.1 + 0.2 * 0.2 at the bend.
    assert found.kind == "butterfly"
    assert found.depth == pytest.approx(0.06)


def test_total_variance_that_falls_with_time_is_found() -> None:
    (found,) = find_arbitrage((0.1, 0.2), [flat(0.05), flat(0.04)])

    assert found.kind == "calendar"
    assert found.years == 0.2
    assert found.depth == pytest.approx(0.01)


def test_smiles_that_cross_far_from_the_money_only_are_found() -> None:
    near = Smile(a=0.02, b=0.1, rho=0.0, m=0.0, s=0.1)
    far = Smile(a=0.05, b=0.09, rho=0.0, m=0.0, s=0.1)

    # 0.1 k + 0.02 is above 0.09 k + 0.05 from k = 3 on.
    assert kinds((0.1, 0.2), [near, far]) == [(0.2, "wing")] * 2 + [(0.2, "calendar")]


def test_a_wing_that_no_moment_survives_is_found() -> None:
    steep = Smile(a=0.5, b=1.5, rho=0.5, m=0.0, s=1.0)

    found = {one.k: one.depth for one in arbitrages(steep, None) if one.kind == "wing"}

    assert found == {math.inf: pytest.approx(2.25 - SLOPE_MAX)}


def test_who_is_not_suspected_has_no_arbitrage() -> None:
    for smiles in (CALM, [CALM[1], CALM[0]], [VOGT, CALM[2]], [flat(0.05), flat(0.050001)]):
        nearer = [None, *smiles]
        for suspected, smile, before in zip(suspects(smiles), smiles, nearer, strict=False):
            assert suspected or not arbitrages(smile, before)
    assert suspects([]) == []
    assert suspects([flat(0.05), flat(0.04)]) == [False, True]


def test_what_has_no_arbitrage_is_left_as_it_is() -> None:
    assert repaired(CALM[0], None) is CALM[0]
    assert repaired(CALM[1], CALM[0]) is CALM[1]


def test_a_first_smile_is_flattened_and_keeps_its_middle() -> None:
    mended = repaired(VOGT, None)

    assert arbitrages(mended, None) == []
    assert mended.total_variance(0.0) == pytest.approx(VOGT.total_variance(0.0))
    # By as little as can be: the density now just touches zero.
    assert 0.0 <= np.min(mended.butterflies(grid_of(mended))) < 1e-3
    assert mended.b > 0.7 * VOGT.b


def test_a_later_smile_is_lifted_over_the_one_before() -> None:
    near = Surface().smile(0.1)
    low = Smile(a=near.a - 0.001, b=1.1 * near.b, rho=near.rho, m=near.m, s=near.s)

    mended = repaired(low, near)

    assert arbitrages(mended, near) == []
    assert mended.b == pytest.approx(low.b)
    assert mended.a <= near.a


def test_a_smile_nothing_helps_becomes_a_multiple_of_the_one_before() -> None:
    near = Surface().smile(0.1)
    # Far to the right of the money it turns a sharp corner.
    sharp = Smile(a=0.0148, b=0.5, rho=0.9, m=0.5, s=0.02)

    mended = repaired(sharp, near)

    assert arbitrages(mended, near) == []
    assert mended.b / near.b == pytest.approx(mended.a / near.a)
    assert mended.total_variance(0.0) == pytest.approx(sharp.total_variance(0.0))


def test_wings_that_lie_too_low_are_raised_to_those_before() -> None:
    near = Surface(eta=1.5).smile(0.1)
    shallow = Smile(a=near.a + 0.01, b=0.5 * near.b, rho=near.rho, m=near.m, s=near.s)

    mended = repaired(shallow, near)

    assert arbitrages(mended, near) == []
    assert wing_slopes(mended) == pytest.approx(wing_slopes(near))


def test_the_grid_is_fine_in_the_middle_and_at_the_bend_and_reaches_far() -> None:
    grid = grid_of(Smile(a=0.04, b=0.0, rho=0.0, m=0.305, s=0.001))

    assert len(grid) == 241
    assert np.all(np.diff(grid) > 0.0)
    middle = int(np.flatnonzero(grid == 0.0)[0])
    assert grid[middle + 1] == pytest.approx(0.02)
    assert grid[0] == pytest.approx(-30.0)
    assert grid[-1] == pytest.approx(30.0)
    left, right = np.searchsorted(grid, (0.303, 0.307))
    bend = [0.303533, 0.304144, 0.3045, 0.3055, 0.305856, 0.306467]
    assert grid[left:right] == pytest.approx(bend, abs=1e-6)


def test_a_smile_is_lowered_below_the_one_after_it() -> None:
    later = Smile(a=0.02, b=0.2, rho=-0.2, m=0.0, s=0.2)
    steep = Smile(a=0.03, b=0.4, rho=-0.5, m=0.05, s=0.1)

    found = lowered(steep, later)

    grid = np.linspace(-3.0, 3.0, 601)
    assert np.all(found.total_variances(grid) <= later.total_variances(grid))
    assert all(map(operator.le, wing_slopes(found), wing_slopes(later)))


def test_the_furthest_part_without_arbitrage_is_found() -> None:
    nearer = Smile(a=0.02, b=0.1, rho=0.0, m=0.0, s=0.2)

    def less(part: float) -> Smile:
        return Smile(a=0.04 - 0.04 * part, b=0.2 - 0.2 * part, rho=0.0, m=0.0, s=0.2)

    found = furthest(less, lambda one: not arbitrages(one, nearer))

    # Half of it is the neighbour itself.
    assert found.a == pytest.approx(0.02, rel=1e-4)
    assert arbitrages(found, nearer) == []
    assert furthest(lambda _: nearer, lambda _: True) == nearer


def test_a_part_that_has_arbitrage_again_is_not_the_furthest() -> None:
    def level(part: float) -> Smile:
        return flat(0.01 + part)

    def is_clean(smile: Smile) -> bool:
        part = smile.a - 0.01
        return part < 0.2 or (0.5 <= part < 0.75 and not 0.7499992 < part < 0.7499993)

    found = furthest(level, is_clean)

    assert is_clean(found)
    assert found.a == pytest.approx(0.21, rel=1e-4)
    assert furthest(level, lambda smile: smile.a == 0.01) == flat(0.01)
