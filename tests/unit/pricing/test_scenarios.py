import math
from random import Random  # noqa: TID251 - seeded in each test

import numpy as np
import pytest

from strikewire.pricing import MarginRules, RiskInstrument, RiskMatrix, chain, price

YEAR_NS = 365 * 86_400_000_000_000
FORWARD = 60_000.0
RULES = MarginRules()
STRIKES = (40_000.0, 60_000.0, 90_000.0)
# A perpetual, then a call and a put of each strike, a month and a year away.
BOOK = (
    RiskInstrument(0),
    *(
        RiskInstrument(int(years * YEAR_NS), strike, is_call)
        for years in (30 / 365, 1.0)
        for strike in STRIKES
        for is_call in (True, False)
    ),
)
YEARS = np.array([0.0] + [30 / 365] * 6 + [1.0] * 6)


def values(
    *, forward: float = FORWARD, sigma: float = 0.6
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """What the book's instruments are worth in dollars; futures nothing."""
    worth = [
        price(forward=forward, strike=one.strike, years=years, sigma=sigma, is_call=one.is_call)
        if one.is_option
        else 0.0
        for one, years in zip(BOOK, YEARS, strict=True)
    ]
    return np.array(worth)


def matrix(*, is_inverse: bool = True, rules: MarginRules = RULES) -> RiskMatrix:
    made = RiskMatrix(BOOK, is_inverse=is_inverse, rules=rules)
    marks = values() / FORWARD if is_inverse else values()
    made.mark(None, forwards=FORWARD, sigmas=0.6, values=marks, years=YEARS)
    assert made.refresh(FORWARD) == len(BOOK)
    return made


@pytest.mark.parametrize(
    "odd",
    [
        {"forwards": 0.0},
        {"forwards": -1.0},
        {"forwards": math.inf},
        {"sigmas": math.nan},
        {"values": math.nan},
        {"years": math.inf},
    ],
)
def test_marks_that_are_no_numbers_are_refused_and_change_nothing(odd: dict[str, float]) -> None:
    made = matrix()
    before = made.table.copy()
    marks = {"forwards": FORWARD, "sigmas": 0.7, "values": 0.1, "years": 0.1} | odd

    with pytest.raises(ValueError, match="marks are finite numbers, and forwards are above 0"):
        made.mark([1], **marks)

    assert made.refresh(FORWARD) == 0
    assert made.table.tolist() == before.tolist()


def test_an_inverse_future_gains_coins() -> None:
    row = matrix().table[0]

    # A dollar of it: 1 / 60,000 less 1 / 50,400 at -16 %; 1 / 360,000 at +500 %.
    assert row[0] == pytest.approx(1 / 60_000 - 1 / 50_400, rel=1e-9)
    assert row[34] == pytest.approx(1 / 60_000 - 1 / 360_000, rel=1e-9)
    assert row[13] == pytest.approx(0.0, rel=1e-10)


def test_a_linear_future_gains_dollars() -> None:
    row = matrix(is_inverse=False).table[0]

    assert row[0] == pytest.approx(-9_600.0)
    assert row[34] == pytest.approx(300_000.0)


@pytest.mark.parametrize("is_inverse", [True, False])
def test_a_cell_is_the_option_priced_anew(*, is_inverse: bool) -> None:
    made = matrix(is_inverse=is_inverse)
    for row, column in ((1, 0), (2, 2), (6, 26), (7, 27), (12, 34)):
        one, scenario = BOOK[row], made.scenarios[column]
        years = YEARS[row : row + 1]
        sigma = RULES.shocked(np.array([0.6]), years)[scenario.volatility, 0]
        forward = FORWARD * (1 + scenario.move)

        worth = price(
            forward=forward, strike=one.strike, years=years[0], sigma=sigma, is_call=one.is_call
        )
        before = values()[row]
        gain = worth / forward - before / FORWARD if is_inverse else worth - before
        assert made.table[row, column] == pytest.approx(gain, rel=1e-10)


def test_only_what_was_marked_anew_is_revalued() -> None:
    made = matrix()
    before = made.table.copy()

    assert made.refresh(FORWARD) == 0
    changed = made.mark(
        [2, 5],
        forwards=FORWARD,
        sigmas=[0.6, 0.7],
        values=values()[[2, 5]] / FORWARD,
        years=YEARS[[2, 5]],
    )

    # The second instrument's marks are those it had.
    assert changed == 1
    assert made.refresh(FORWARD) == 1
    assert np.flatnonzero(np.any(made.table != before, axis=1)).tolist() == [5]


def test_a_matrix_brought_up_to_date_is_one_made_anew() -> None:
    made = matrix()
    marks = values(forward=61_000.0, sigma=0.55) / 61_000.0
    for half in (np.arange(0, 7), np.arange(7, 13)):
        made.mark(half, forwards=61_000.0, sigmas=0.55, values=marks[half], years=YEARS[half])
        made.refresh(61_000.0)

    fresh = RiskMatrix(BOOK, is_inverse=True)
    fresh.mark(None, forwards=61_000.0, sigmas=0.55, values=marks, years=YEARS)
    fresh.refresh(61_000.0)

    assert made.table == pytest.approx(fresh.table, abs=1e-14)
    rows, sizes = [0, 2, 8], [-10_000.0, 3.0, -2.0]
    assert made.account(rows, sizes).margin() == pytest.approx(fresh.account(rows, sizes).margin())


def test_a_coins_worth_of_a_perpetual_needs_what_sixteen_percent_lose() -> None:
    margin = matrix().account([0], [60_000.0]).margin()

    # 1 / 0.84 - 1 coins, and 1 % of a coin of delta; too few dollars for a delta shock.
    assert margin.loss == pytest.approx(1 / 0.84 - 1, rel=1e-9)
    assert margin.delta == pytest.approx(1.0, rel=1e-9)
    assert margin.roll == pytest.approx(0.01, rel=1e-9)
    assert margin.shock == 0.0
    assert margin.initial == pytest.approx(margin.loss + margin.roll)
    assert margin.maintenance == pytest.approx(0.8 * margin.initial)


def test_the_numbers_are_those_of_the_answer_that_deribit_shows() -> None:
    # Reference of private/pme/simulate, 17 June 2024 10:22:20 UTC: sizes are in coins there.
    days = (1_719_561_600_000 - 1_718_619_740_501) / 86_400_000  # to 28 June 2024 08:00 UTC
    perpetual, future = 65_910.57, 67_371.75
    made = RiskMatrix([RiskInstrument(0), RiskInstrument(1)], is_inverse=True)
    made.mark(None, forwards=[perpetual, future], sigmas=0.0, values=0.0, years=[0.0, days / 365])
    made.refresh(65_666.19)

    held = made.account([0, 1], [0.314538364 * perpetual, -0.001187534 * future])

    margin = held.margin()
    assert margin.loss == pytest.approx(0.05968587238095239, rel=1e-10)
    assert margin.roll == pytest.approx(0.00315725898, rel=1e-10)
    assert margin.shock == 0.0
    assert margin.initial == pytest.approx(0.06284313098, abs=1e-9)
    assert margin.maintenance == pytest.approx(0.050274504784, abs=1e-9)
    vectors = made.vectors()
    assert vectors[0, [0, 3, 26]] * 0.314538364 * perpetual == pytest.approx(
        [-0.05991206933333334, -0.04289159509090909, 0.043384601931034494], rel=1e-10
    )
    # Beyond the range a future gains what it gains at the edge.
    assert vectors[0, 27:35] * 0.314538364 * perpetual == pytest.approx(
        [-0.05991206933333334] * 2 + [0.04338460193103449] * 6, rel=1e-10
    )
    assert vectors[1, 27] * -0.001187534 * future == pytest.approx(0.0002261969523809524, rel=1e-10)


def test_a_short_position_with_the_parameters_of_ether_is_as_deribit_counts_it() -> None:
    # An answer of 15 February 2026: a dollar less than an ether short.
    rules = MarginRules(price_range=0.18, move_risk=0.05, move_risk_min=0.005)
    made = RiskMatrix([RiskInstrument(0)], is_inverse=True, rules=rules)
    made.mark(None, forwards=1_949.49, sigmas=0.0, values=0.0, years=0.0)
    made.refresh(1_949.34)

    margin = made.account([0], [-0.999487053 * 1_949.49]).margin()

    assert margin.loss == pytest.approx(0.15246412672881357, rel=1e-10)
    assert margin.roll == pytest.approx(0.004997435265, abs=1e-14)
    assert margin.maintenance == pytest.approx(0.125969249812, abs=1e-9)


def test_a_delta_of_more_than_twenty_million_dollars_is_shocked() -> None:
    made = matrix(is_inverse=False)

    # 400 coins, 66.67 more than 20 million dollars are: each costs 0.005 % of itself a coin.
    margin = made.account([0], [400.0]).margin()

    excess = 400 - 20_000_000 / 60_000
    assert margin.shock == pytest.approx(400 * 60_000 * 0.00005 * excess, rel=1e-9)
    # From 2,000 coins too many on it is a tenth, and no more.
    assert made.account([0], [-9_000.0]).margin().shock == pytest.approx(9_000 * 60_000 * 0.1)


def test_bought_options_hedge_a_delta_and_are_none_to_be_shocked() -> None:
    made = matrix(is_inverse=False)
    calls = 1_000.0  # at 60,000 dollars, a month away: a delta of 534 coins

    bought = made.account([3], [calls]).margin()
    sold = made.account([3], [-calls]).margin()
    hedge = made.account([0, 3], [-1_000.0, calls]).margin()
    alone = made.account([0], [-1_000.0]).margin()

    assert bought.shock == 0.0
    assert sold.shock > 0.0
    assert 0.0 < hedge.shock < alone.shock


def test_a_linear_account_is_the_same_in_dollars() -> None:
    margin = matrix(is_inverse=False).account([0], [1.0]).margin()

    assert margin.loss == pytest.approx(9_600.0)
    assert margin.roll == pytest.approx(600.0)
    assert margin.delta == pytest.approx(1.0)


def test_the_delta_of_an_inverse_option_is_net_of_its_premium() -> None:
    table = chain(forwards=FORWARD, strikes=60_000.0, years=1.0, sigmas=0.6, calls=True)

    margin = matrix().account([9], [1.0]).margin()

    assert margin.delta == pytest.approx(table.delta[0] - table.price[0] / FORWARD)


def test_long_options_lose_no_more_than_they_cost() -> None:
    margin = matrix().account([1, 2, 10], [1.0, 2.0, 3.0]).margin()

    assert margin.loss <= float(values()[[1, 2, 10]] @ [1.0, 2.0, 3.0]) / FORWARD


def test_the_extended_scenarios_count_beyond_what_is_forgiven() -> None:
    # Calls at 90,000 with a month left lose most at +500 %.
    far = [5], [-10_000.0]

    forgiving = matrix().account(*far).margin()
    strict = matrix(rules=MarginRules(extended_dampener=0.0)).account(*far).margin()

    # 31.25 times the range: the dampener 30.25 times, in coins of the range's upper edge.
    assert strict.loss - forgiving.loss == pytest.approx(30.25 * 100_000 / (1.16 * FORWARD))
    # Of the loss in dollars 16 of 500 count.
    gain = matrix().account(*far).gains(35)[34]
    assert strict.loss == pytest.approx(-0.032 * gain * 6.0 / 1.16)


def test_the_delta_of_each_expiry_costs_a_part_of_the_coin() -> None:
    # Calls long a month away, short a year away: deltas 0.534 and 0.618, less premiums.
    margin = matrix().account([3, 9], [10.0, -10.0]).margin()

    month, year = (matrix().account([row], [1.0]).margin().delta for row in (3, 9))
    # The least is 1 % of a coin, a year's is exp(0.075) - 1.
    assert margin.roll == pytest.approx(10 * month * 0.01 + 10 * year * 0.0778841509)


def test_the_parts_are_no_less_than_the_whole() -> None:
    made, random = matrix(rules=MarginRules(extended_dampener=0.0)), Random(4)
    for _ in range(50):
        sizes = np.array([[random.gauss(0, 3) for _ in BOOK] for _ in range(2)])
        sizes[:, 0] *= 10_000
        rows = range(len(BOOK))
        one, other, both = (
            made.account(rows, held).margin() for held in (*sizes, sizes.sum(axis=0))
        )

        assert both.loss <= one.loss + other.loss + 1e-12


def test_an_order_is_judged_from_the_sums_that_are_kept() -> None:
    made = matrix()
    held = made.account([0, 3], [30e6, -900.0])

    for row, size in ((8, 2.0), (3, 500.0), (3, 2_000.0), (0, -70e6)):
        sizes = {0: 30e6, 3: -900.0}
        sizes[row] = sizes.get(row, 0.0) + size
        anew = made.account(list(sizes), list(sizes.values())).margin()
        assert held.margin_with(row, size) == pytest.approx(anew)


def test_simulated_positions_come_to_those_held_or_stand_in_their_place() -> None:
    made = matrix()
    held = {0: 60_000.0, 3: -1.0}

    added = made.simulate(held, {0: -60_000.0, 5: 2.0}, add_positions=True)
    alone = made.simulate(held, {5: 2.0}, add_positions=False)

    assert added == pytest.approx(made.account([3, 5], [-1.0, 2.0]).margin())
    assert alone == pytest.approx(made.account([5], [2.0]).margin())
    assert made.simulate({}, {}, add_positions=True) == (0.0,) * 6


def test_a_stress_report_prices_the_portfolio_at_every_point_of_the_grid() -> None:
    moves, shifts = (-0.5, 0.0, 0.3), (-1.0, 0.0, 0.5)

    report = matrix().stress([0, 2, 9], [-30_000.0, 1.5, -2.0], moves=moves, shifts=shifts)

    assert report.shape == (3, 3)
    assert report[1, 1] == pytest.approx(0.0, abs=1e-9)
    for i, move in enumerate(moves):
        forward = FORWARD * (1 + move)
        for j, shift in enumerate(shifts):
            gain = -30_000 / FORWARD + 30_000 / forward
            for row, size in ((2, 1.5), (9, -2.0)):
                one = BOOK[row]
                worth = price(
                    forward=forward,
                    strike=one.strike,
                    years=YEARS[row],
                    sigma=0.6 * (1 + shift),
                    is_call=one.is_call,
                )
                gain += size * (worth / forward - values()[row] / FORWARD)
            assert report[i, j] == pytest.approx(gain, rel=1e-9, abs=1e-10)


def test_what_was_never_marked_gains_nothing() -> None:
    made = RiskMatrix(BOOK, is_inverse=True)

    assert made.refresh(FORWARD) == 0
    assert made.account([1], [5.0]).margin().initial == 0.0


def test_a_matrix_of_nothing_is_no_mistake() -> None:
    made = RiskMatrix([], is_inverse=False)

    assert made.refresh(FORWARD) == 0
    assert made.simulate({}, {}, add_positions=True).initial == 0.0


def test_expired_options_are_worth_what_they_pay() -> None:
    made = RiskMatrix([RiskInstrument(1, 50_000.0)], is_inverse=False)
    made.mark(None, forwards=FORWARD, sigmas=0.6, values=10_000.0, years=0.0)
    made.refresh(FORWARD)

    assert made.table[0, 0] == pytest.approx(400.0 - 10_000.0)
    assert math.isclose(made.table[0, 34], 310_000.0 - 10_000.0)


@pytest.mark.parametrize("is_inverse", [False, True])
def test_in_the_last_half_hour_an_expiry_takes_part_in_ever_less_of_a_move(
    *, is_inverse: bool
) -> None:
    years = 900 / (365 * 86_400)
    book = (RiskInstrument(YEAR_NS, 60_000.0, True), RiskInstrument(YEAR_NS), RiskInstrument(0))
    made = RiskMatrix(book, is_inverse=is_inverse)
    made.mark(None, forwards=FORWARD, sigmas=(0.6, 0.0, 0.0), values=0.0, years=(years, years, 0.0))

    made.refresh(FORWARD)

    # Half of the window is left: of 16 % up, 8 % count. The call is worth what it pays then.
    up = 8 * 3 + 1
    gains = made.table[:, up]
    spread, full = 0.08 * FORWARD, 0.16 * FORWARD
    assert gains[0] == pytest.approx(spread / (1.08 * FORWARD) if is_inverse else spread, rel=1e-6)
    future = 1 / FORWARD - 1 / (1.08 * FORWARD) if is_inverse else spread
    assert gains[1] == pytest.approx(future, rel=1e-6)
    perpetual = 1 / FORWARD - 1 / (1.16 * FORWARD) if is_inverse else full
    assert gains[2] == pytest.approx(perpetual, rel=1e-6)
    assert made.net_deltas[0] == pytest.approx(0.25, abs=0.01)
