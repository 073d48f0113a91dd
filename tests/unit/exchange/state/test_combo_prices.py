from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewire.exchange.state.combo_prices import (
    combo_band,
    combo_mark,
    leg_prices,
    lowest_price,
    mark_ticks,
)
from strikewire.exchange.state.margin import PriceBand
from strikewire.model import PRICE_TICKS_MAX, PriceE8, Ticks

HIGHEST = PRICE_TICKS_MAX


@pytest.mark.parametrize(
    ("weights", "price", "marks", "prices"),
    [
        # At the marks' own difference every leg trades at its mark.
        ([1, -1], 300, [500, 200], [500, 200]),
        # The first leg of weight one takes the rest.
        ([1, -1], 310, [500, 200], [510, 200]),
        ([1, -2], 90, [500, 200], [490, 200]),
        ([-2, 1], 90, [200, 500], [200, 490]),
        # A future's tick is five of the perpetual's, which balances.
        ([5, -1], -50, [24_200, 120_000], [24_200, 121_050]),
        # Sold for less than nothing: the sold leg rises until a tick is left for the bought one.
        ([1, -1], -250, [500, 200], [1, 251]),
        # Nothing to be sold: the others fall, and what they fall too far the first takes.
        ([1, 1], 150, [500, 200], [1, 149]),
        ([1, 2], 4, [1, 5], [2, 1]),
        ([1, 1, 1], 3, [5, 5, 5], [1, 1, 1]),
        # Without a weight of one the leg of the least takes the rest, once it comes out even:
        # 400 and three times 200 are a multiple of two, with 401 the second leg rises by one.
        ([2, -3], 400, [500, 200], [500, 200]),
        ([2, -3], 401, [500, 200], [502, 201]),
        ([3, -2], 401, [200, 500], [201, 101]),
        # 301 are left for sixes: a ten makes that 291, of which sixes and fifteens can be made.
        ([6, 10, 15], 1_001, [50, 40, 20], [46, 41, 21]),
        # Sold for less than nothing: by steps of two, so that it stays even.
        ([2, -3], -100, [5, 10], [1, 34]),
        # Nothing to be sold, at the lowest price.
        ([2, 3], 8, [50, 40], [1, 2]),
        ([2, 3], 9, [50, 40], [3, 1]),
    ],
)
def test_the_legs_come_to_the_price_of_the_combo(
    weights: list[int], price: int, marks: list[int], prices: list[int]
) -> None:
    assert leg_prices(weights, price, marks) == prices


@given(st.data())
def test_the_sum_is_exact_and_no_leg_is_given_away_at_any_price(data: st.DataObject) -> None:
    drawn = data.draw(st.lists(st.integers(-100, 100).filter(bool), min_size=2, max_size=4))
    weights = [weight // gcd(*drawn) for weight in drawn]
    if max(weights) < 0:
        weights = [-weight for weight in weights]
    marks = data.draw(st.lists(st.integers(1, HIGHEST), min_size=4, max_size=4))[: len(weights)]
    price = data.draw(st.integers(lowest_price(weights), HIGHEST))

    prices = leg_prices(weights, price, marks)

    assert sum(w * p for w, p in zip(weights, prices, strict=True)) == price
    assert min(prices) >= 1


@pytest.mark.parametrize(
    ("mark", "ticks"), [(0, 1), (4, 1), (15, 2), (25, 2), (26, 3), (10**17, HIGHEST)]
)
def test_a_leg_starts_at_its_mark_rounded_half_to_even(mark: int, ticks: int) -> None:
    assert mark_ticks(PriceE8(mark), 10) == ticks


def test_a_combo_is_worth_what_its_legs_are_once_all_of_them_are_marked() -> None:
    assert combo_mark([(PriceE8(500), 1), (PriceE8(300), -2)]) == -100
    assert combo_mark([(PriceE8(500), 1), (None, -2)]) is None


def test_its_band_is_that_of_its_legs_at_their_best_and_at_their_worst() -> None:
    def band(low: int, high: int) -> PriceBand:
        return PriceBand(Ticks(low), Ticks(high))

    spread = combo_band([(band(1, 5_500), 1), (band(1, 5_200), -1)])
    ratio = combo_band([(band(10, 100), 1), (band(10, 100), -2)])
    straddle = combo_band([(band(1, 5_500), 1), (band(1, 5_200), 1)])

    assert (spread.lowest, spread.highest) == (1 - 5_200, 5_500 - 1)
    assert (ratio.lowest, ratio.highest) == (10 - 200, 100 - 20)
    assert (straddle.lowest, straddle.highest) == (2, 10_700)


def test_a_price_may_be_negative_where_something_is_sold() -> None:
    assert lowest_price([1, -1]) == -HIGHEST
    assert lowest_price([1, 2]) == 3
