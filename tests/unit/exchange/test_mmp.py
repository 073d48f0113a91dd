import pytest

from strikewire.exchange import (
    CancelReason,
    Exchange,
    MmpChanged,
    MmpConfig,
    MmpReset,
    MmpTag,
    MmpTriggered,
    OrderState,
    Reject,
    ResetMmp,
    SetMmp,
)
from strikewire.model import NS_PER_S, Lots
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor

CALL = "BTC-25DEC26-60000-C"
LOT = 10**7  # A lot of the call is a tenth of a coin.


def floor(**limits: int) -> TradingFloor:
    """Return a floor where Alice's orders in a call, marked at 500 ticks, are protected."""
    made = TradingFloor(CALL)
    made.mark(name=CALL, price=0.05, underlying=60_000)
    fields = {"interval_s": 10, "frozen_s": 5, "max_quote_quantity_e8": 100 * LOT} | limits
    Deed(made.apply(SetMmp(ALICE, "btc_usd", "", MmpConfig(**fields)))).expect_accepted()
    return made


def test_a_protected_order_says_so() -> None:
    made = floor(quantity_e8=10 * LOT)

    view = made.buy(ALICE, 3, at=490, mmp=True).order

    assert view.mmp == MmpTag()
    assert made.buy(ALICE, 3, at=490).order.mmp is None


def test_a_trade_at_the_limit_cancels_all_that_is_protected_and_nothing_else() -> None:
    made = floor(quantity_e8=5 * LOT)
    made.buy(ALICE, 5, at=500, mmp=True)
    made.buy(ALICE, 1, at=490, mmp=True)
    made.buy(ALICE, 1, at=490)

    deed = made.sell(BOB, 5, at=500)

    until_ns = made.now_ns + 5 * NS_PER_S
    assert MmpTriggered(ALICE, "btc_usd", "", until_ns) in deed.events
    assert made.order(2).cancel_reason == CancelReason.MMP_TRIGGER
    assert made.order(3).state is OrderState.OPEN


def test_below_the_limit_nothing_happens() -> None:
    made = floor(quantity_e8=5 * LOT)
    made.buy(ALICE, 5, at=500, mmp=True)
    made.buy(ALICE, 1, at=490, mmp=True)

    made.sell(BOB, 4, at=500)

    assert made.order(2).state is OrderState.OPEN
    assert made.exchange.protections(ALICE)[0].quantity_e8 == 4 * LOT


def test_what_is_left_of_the_order_that_traded_is_cancelled_too() -> None:
    made = floor(quantity_e8=5 * LOT)
    made.sell(BOB, 6, at=500)

    deed = made.buy(ALICE, 9, at=500, mmp=True)

    assert deed.order.filled == 6
    assert deed.order.cancel_reason == CancelReason.MMP_TRIGGER
    assert made.book() == ""


def test_a_frozen_protection_lets_nothing_in_until_its_time() -> None:
    made = floor(quantity_e8=LOT)
    made.buy(ALICE, 1, at=500, mmp=True)
    made.sell(BOB, 1, at=500)

    rejected = made.buy(ALICE, 1, at=490, mmp=True).rejected
    assert (rejected.code, rejected.reason) == (Reject.OTHER_REJECT, "mmp_frozen")
    made.buy(ALICE, 1, at=490).expect_accepted()

    made.now_ns += 5 * NS_PER_S
    made.buy(ALICE, 1, at=490, mmp=True).expect_accepted()


def test_a_reset_lets_orders_in_again() -> None:
    made = floor(quantity_e8=LOT, frozen_s=0)
    made.buy(ALICE, 1, at=500, mmp=True)
    made.sell(BOB, 1, at=500)
    made.now_ns += 10_000 * NS_PER_S
    assert made.buy(ALICE, 1, at=490, mmp=True).is_rejected

    assert made.apply(ResetMmp(ALICE, "btc_usd")) == (MmpReset(ALICE, "btc_usd", ""),)

    made.buy(ALICE, 1, at=490, mmp=True).expect_accepted()


def test_delta_and_vega_are_those_of_the_mark() -> None:
    made = floor(vega_e8=10**12)
    made.mark(name=CALL, price=0.05, underlying=60_000, delta_e5=-40_000, vega_e5=12_000_000)
    made.sell(ALICE, 5, at=500, mmp=True)

    made.buy(BOB, 5, at=500)

    status = made.exchange.protections(ALICE)[0]
    # Half a coin sold, with a delta of -0.4 and a vega of 120 dollars a coin.
    assert (status.delta_e8, status.vega_e8) == (2 * LOT, -60 * 10**8)


def test_more_than_the_quote_quantity_may_not_wait_on_one_side() -> None:
    made = floor(quantity_e8=10**12, max_quote_quantity_e8=5 * LOT)
    made.buy(ALICE, 3, at=490, mmp=True)

    assert made.buy(ALICE, 3, at=480, mmp=True).rejected.reason == "max_quote_quantity"
    made.buy(ALICE, 2, at=480, mmp=True).expect_accepted()
    made.sell(ALICE, 5, at=520, mmp=True).expect_accepted()
    assert made.edit(1, 4).rejected.reason == "max_quote_quantity"
    made.edit(1, 2).expect_accepted()


def test_an_edit_may_not_step_around_the_protection_of_an_order() -> None:
    made = floor(quantity_e8=5 * LOT)
    made.buy(ALICE, 3, at=490, mmp=True)

    assert made.edit(1, 3, at=495).order.mmp == MmpTag()


@pytest.mark.parametrize("name", ["BTC_USDC", "BTC_USDC-PERPETUAL"])
def test_where_nothing_protects_no_protected_order_comes_in(name: str) -> None:
    made = TradingFloor(name)
    made.mark(price=60_000, name=name)

    assert made.buy(ALICE, 1, at=1_000, mmp=True).is_rejected


def test_protection_outlives_a_restart() -> None:
    made = floor(quantity_e8=2 * LOT)
    made.buy(ALICE, 3, at=500, mmp=True)
    made.sell(BOB, 1, at=500)

    restored = Exchange.restore(made.exchange.snapshot())

    assert restored.state_hash() == made.exchange.state_hash()
    assert restored.protections(ALICE) == made.exchange.protections(ALICE)
    made.exchange = restored
    made.sell(BOB, 1, at=500)
    assert made.order(1).cancel_reason == CancelReason.MMP_TRIGGER


def test_no_border_of_two_windows_lets_twice_the_limit_through() -> None:
    made = floor(quantity_e8=10 * LOT)
    made.buy(ALICE, 30, at=500, mmp=True)

    # One lot opens what used to be a window from 0 to 10 s; 8 came at its end, 9 in the next one.
    made.sell(BOB, 1, at=500)
    made.now_ns += 9 * NS_PER_S
    made.sell(BOB, 8, at=500)
    made.now_ns += 1 * NS_PER_S
    made.sell(BOB, 9, at=500)

    status = made.exchange.protections(ALICE)[0]
    assert (status.is_triggered, status.quantity_e8) == (True, 17 * LOT)
    view = made.order(1)
    assert (view.filled, view.cancel_reason) == (Lots(18), CancelReason.MMP_TRIGGER)


def test_a_restart_does_not_forget_when_things_were_traded() -> None:
    made = floor(quantity_e8=10 * LOT)
    made.buy(ALICE, 30, at=500, mmp=True)
    made.sell(BOB, 5, at=500)
    made.now_ns += 6 * NS_PER_S
    made.sell(BOB, 4, at=500)

    made.exchange = Exchange.restore(made.exchange.snapshot())

    made.now_ns += 4 * NS_PER_S
    made.sell(BOB, 5, at=500)
    assert made.exchange.protections(ALICE)[0].quantity_e8 == 9 * LOT
    made.sell(BOB, 1, at=500)
    assert made.order(1).cancel_reason == CancelReason.MMP_TRIGGER


def test_a_change_of_it_keeps_what_was_counted_and_that_it_is_frozen() -> None:
    made = floor(quantity_e8=LOT, frozen_s=0)
    made.buy(ALICE, 1, at=500, mmp=True)
    made.sell(BOB, 1, at=500)
    config = MmpConfig(interval_s=1, frozen_s=1, max_quote_quantity_e8=LOT, quantity_e8=LOT)

    assert made.apply(SetMmp(ALICE, "btc_usd", "", config)) == (
        MmpChanged(ALICE, "btc_usd", "", config),
    )

    assert made.buy(ALICE, 1, at=490, mmp=True).rejected.reason == "mmp_frozen"


def test_the_open_amount_of_a_protected_order_is_what_counts() -> None:
    made = floor(quantity_e8=10**12, max_quote_quantity_e8=5 * LOT)
    made.buy(ALICE, 5, at=500, mmp=True)
    made.sell(BOB, 2, at=500)

    made.buy(ALICE, 2, at=490, mmp=True).expect_accepted()
    assert made.order(1).remaining == Lots(3)
