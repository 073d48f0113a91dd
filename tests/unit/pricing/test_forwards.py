import math

import numpy as np
import pytest

from strikewire.pricing import (
    BookLevel,
    basis,
    impact_mid,
    parity_forwards,
    price,
    tightest_forward,
)

FORWARD = 61_800.0
STRIKES = [55_000.0, 60_000.0, 65_000.0]


def values(*, is_call: bool) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(
        [
            price(forward=FORWARD, strike=strike, years=0.1, sigma=0.6, is_call=is_call)
            for strike in STRIKES
        ]
    )


CALLS, PUTS = values(is_call=True), values(is_call=False)


def test_fair_prices_imply_the_forward_they_were_made_from() -> None:
    for scale, is_inverse in ((1.0, False), (FORWARD, True)):
        bids, asks = parity_forwards(
            strikes=STRIKES,
            call_bids=CALLS / scale,
            call_asks=CALLS / scale,
            put_bids=PUTS / scale,
            put_asks=PUTS / scale,
            is_inverse=is_inverse,
        )

        assert bids == pytest.approx([FORWARD] * 3, rel=1e-13)
        assert asks == pytest.approx([FORWARD] * 3, rel=1e-13)


def test_selling_the_call_and_buying_the_put_is_the_bid() -> None:
    quote = tightest_forward(
        strikes=[60_000.0],
        call_bids=3_000.0,
        call_asks=3_100.0,
        put_bids=1_250.0,
        put_asks=1_300.0,
        is_inverse=False,
    )

    assert quote is not None
    assert quote == (60_000 + 3_000 - 1_300, 60_000 + 3_100 - 1_250, 60_000)
    assert quote.mid == 61_775.0


def test_an_inverse_pair_is_a_part_of_the_coin() -> None:
    # 0.04 BTC more for the call: 60,000 is 96 % of the forward.
    bids, asks = parity_forwards(
        strikes=60_000.0,
        call_bids=0.07,
        call_asks=0.07,
        put_bids=0.03,
        put_asks=0.03,
        is_inverse=True,
    )

    assert bids == pytest.approx([62_500.0])
    assert asks == pytest.approx([62_500.0])


def test_the_tightest_strike_counts() -> None:
    spreads = np.array([200.0, 40.0, 90.0])

    quote = tightest_forward(
        strikes=STRIKES,
        call_bids=CALLS - spreads / 4,
        call_asks=CALLS + spreads / 4,
        put_bids=PUTS - spreads / 4,
        put_asks=PUTS + spreads / 4,
        is_inverse=False,
    )

    assert quote is not None
    assert quote.strike == 60_000.0
    assert quote.ask - quote.bid == pytest.approx(40.0)
    assert quote.mid == pytest.approx(FORWARD)


def test_a_strike_without_all_four_quotes_says_nothing() -> None:
    bids, asks = parity_forwards(
        strikes=STRIKES,
        call_bids=[0.0, CALLS[1], CALLS[2]],
        call_asks=CALLS,
        put_bids=[PUTS[0], math.nan, PUTS[2]],
        put_asks=PUTS,
        is_inverse=False,
    )

    assert np.isnan(bids).tolist() == [True, False, False]
    assert np.isnan(asks).tolist() == [False, True, False]


def test_crossed_and_missing_quotes_leave_no_forward() -> None:
    def forward(call_bids: float, call_asks: float, *, is_inverse: bool = False) -> object:
        return tightest_forward(
            strikes=[60_000.0],
            call_bids=call_bids,
            call_asks=call_asks,
            put_bids=0.1,
            put_asks=0.1,
            is_inverse=is_inverse,
        )

    assert forward(200.0, 100.0) is None
    assert forward(0.0, 100.0) is None
    # A call for 1.2 coins and a put for 0.1: no forward is that high.
    assert forward(1.2, 1.2, is_inverse=True) is None
    assert (
        tightest_forward(
            strikes=[], call_bids=[], call_asks=[], put_bids=[], put_asks=[], is_inverse=False
        )
        is None
    )


def test_the_impact_mid_looks_as_deep_as_it_is_told() -> None:
    bids = [BookLevel(100.0, 1.0), BookLevel(90.0, 3.0)]
    asks = [BookLevel(102.0, 4.0)]

    assert impact_mid(bids, asks, amount=1.0) == 101.0
    # Two are sold for 100 and 90, and bought for 102.
    assert impact_mid(bids, asks, amount=2.0) == 98.5
    # There are four: 100 + 3 * 90, bought for 102.
    assert impact_mid(bids, asks, amount=9.0) == (92.5 + 102.0) / 2


def test_an_empty_side_has_no_impact_mid() -> None:
    assert impact_mid([], [BookLevel(102.0, 4.0)], amount=1.0) is None
    assert impact_mid([BookLevel(1.0, 0.0)], [BookLevel(2.0, 4.0)], amount=1.0) is None


def test_the_basis_is_the_premium_a_year() -> None:
    assert basis(61_800.0, 60_000.0, 0.5) == pytest.approx(0.06)
    assert basis(61_800.0, 60_000.0, 0.0) == 0.0
