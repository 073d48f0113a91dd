import numpy as np
import pytest

from strikewire.pricing import MarginRules
from strikewire.pricing.margin_rules import DOWN, SAME, UP

RULES = MarginRules()


def test_there_are_27_scenarios_and_8_extended_ones() -> None:
    scenarios = RULES.scenarios()

    assert len(scenarios) == 35
    moves = [-0.16, -0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12, 0.16]
    assert [one.move for one in scenarios[:27:3]] == pytest.approx(moves)
    assert [one.volatility for one in scenarios[:3]] == [DOWN, SAME, UP]
    assert [one.move for one in scenarios[27:]] == [-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert {one.volatility for one in scenarios[27:]} == {UP}
    # 16 of 66, and 16 of 500.
    assert scenarios[27].weight == pytest.approx(0.2424, abs=1e-4)
    assert scenarios[-1].weight == pytest.approx(0.032)


def test_volatility_is_shocked_by_half_and_a_quarter_at_thirty_days() -> None:
    moved = RULES.shocked(np.array([0.8]), np.array([30 / 365]))

    assert moved[:, 0] == pytest.approx([0.6, 0.8, 1.2])


def test_short_expiries_are_shocked_more_and_long_ones_less() -> None:
    sigmas, years = np.full(3, 0.8), np.array([7.5, 120.0, 0.0]) / 365

    moved = RULES.shocked(sigmas, years)

    # (30 / 7.5) ^ 0.3 is 1.5157, (30 / 120) ^ 0.13 is 0.8351; the last hour counts as one.
    assert moved[UP] == pytest.approx([1.4063, 1.1340, 0.8 * (1 + 0.5 * 720**0.3)], abs=1e-4)
    assert moved[DOWN] == pytest.approx([0.4969, 0.6330, 0.0], abs=1e-4)


def test_a_low_volatility_goes_up_to_half_at_least_and_none_stays_none() -> None:
    moved = RULES.shocked(np.array([0.2, 0.0]), np.full(2, 30 / 365))

    assert moved[UP].tolist() == [0.5, 0.0]


def test_a_large_move_counts_in_coins_of_the_edge_of_the_range() -> None:
    inner, down, up = (RULES.scenarios()[number] for number in (0, 27, 34))

    assert RULES.weight(inner, is_inverse=True) == RULES.weight(inner, is_inverse=False) == 1.0
    # 16 of 66, of a coin at 34 % of its price told in coins at 84 %; 16 of 500, at 600 % and 116 %.
    assert RULES.weight(down, is_inverse=False) == pytest.approx(16 / 66)
    assert RULES.weight(down, is_inverse=True) == pytest.approx(16 / 66 * 0.34 / 0.84)
    assert RULES.weight(up, is_inverse=True) == pytest.approx(16 / 500 * 6.0 / 1.16)


def test_a_dampener_is_forgiven_for_each_range_beyond_the_first() -> None:
    inner, down, up = (RULES.scenarios()[number] for number in (0, 27, 34))

    assert RULES.times_forgiven(inner, is_inverse=False) == 0.0
    assert RULES.times_forgiven(down, is_inverse=False) == pytest.approx(3.125)
    assert RULES.times_forgiven(up, is_inverse=False) == pytest.approx(30.25)
    assert RULES.times_forgiven(up, is_inverse=True) == pytest.approx(30.25 / 1.16)
