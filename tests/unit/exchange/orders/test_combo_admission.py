import pytest

from strikewire.exchange import (
    ChangeMarginModel,
    Limits,
    MarginModel,
    OrderType,
    PlaceOrder,
    Reject,
    SelfTrading,
    SetLimits,
    SetSelfTrading,
    TimeInForce,
    Trigger,
    TriggerPriceType,
    Verdict,
)
from strikewire.model import Lots, PriceE8, Side, Ticks, Units
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor

# A lot is 0.1 BTC. Calls of 60 000 at 0.05, of 70 000 at 0.02, with the underlying at 60 000.
C6, C7 = "BTC-25DEC26-60000-C", "BTC-25DEC26-70000-C"
PERP, DEC = "BTC-PERPETUAL", "BTC-25DEC26"
# A short lot of the 70 000 call needs 0.1 * (10 % + 0.02), of the 60 000 call 0.1 * (15 % + 0.05).
SHORT_7, SHORT_6 = 1_200_000, 2_000_000
# Bought at 0.03 a lot pays 0.003 BTC; a unit for the rounding of each leg is set aside with it.
PAID, ROUNDING = 300_000, 2
FEE = 3_000


def spread(cash: int) -> tuple[TradingFloor, str]:
    """Return a floor where Alice has so much."""
    floor = TradingFloor(C6, C7)
    floor.mark(name=C6, price=0.05, underlying=60_000)
    floor.mark(name=C7, price=0.02, underlying=60_000)
    name = floor.combine((C6, 1), (C7, -1))
    floor.leave(ALICE, "BTC", cash)
    return floor, name


def accepted(deed: Deed) -> bool:
    if deed.is_rejected:
        assert deed.rejected.code is Reject.NOT_ENOUGH_FUNDS
    return not deed.is_rejected


BUYER = SHORT_7 + PAID + ROUNDING


@pytest.mark.parametrize(("cash", "is_accepted"), [(BUYER, True), (BUYER - 1, False)])
def test_a_waiting_buyer_needs_the_margin_of_the_sold_leg_and_the_price(
    cash: int, is_accepted: bool
) -> None:
    floor, name = spread(cash)

    assert accepted(floor.buy(ALICE, 1, at=300, name=name)) is is_accepted
    if is_accepted:
        assert floor.summary(ALICE, "BTC").available_funds == 0


SELLER = SHORT_6 + ROUNDING


@pytest.mark.parametrize(("cash", "is_accepted"), [(SELLER, True), (SELLER - 1, False)])
def test_a_waiting_seller_is_paid_and_needs_the_margin_of_the_leg_that_it_sells(
    cash: int, is_accepted: bool
) -> None:
    floor, name = spread(cash)

    assert accepted(floor.sell(ALICE, 1, at=300, name=name)) is is_accepted


def test_a_seller_below_zero_pays() -> None:
    floor, name = spread(SELLER + 99_999)
    assert not accepted(floor.sell(ALICE, 1, at=-100, name=name))

    floor, name = spread(SELLER + 100_000)
    assert accepted(floor.sell(ALICE, 1, at=-100, name=name))


# What it pays for goes at once: nothing is left to be set aside. The leg that is free has no fee.
TAKER = SHORT_7 + PAID + FEE


@pytest.mark.parametrize(("cash", "is_accepted"), [(TAKER, True), (TAKER - 1, False)])
def test_a_taker_needs_what_it_will_hold_and_its_fee(cash: int, is_accepted: bool) -> None:
    floor, name = spread(cash)
    floor.sell(BOB, 1, at=300, name=name)

    assert accepted(floor.buy(ALICE, 1, at=300, name=name)) is is_accepted
    if is_accepted:
        assert floor.summary(ALICE, "BTC").available_funds == 0


def test_orders_of_a_leg_and_of_its_combo_count_together() -> None:
    floor, name = spread(BUYER + SHORT_7)
    floor.buy(ALICE, 1, at=300, name=name)

    assert accepted(floor.sell(ALICE, 1, at=200, name=C7))
    assert floor.position(ALICE, C7).open_orders_margin == 2 * SHORT_7
    assert not accepted(floor.sell(ALICE, 1, at=200, name=C7))


def test_buyers_and_sellers_of_a_combo_never_both_make_a_leg_larger() -> None:
    floor, name = spread(BUYER + SELLER)
    floor.buy(ALICE, 1, at=300, name=name)
    floor.sell(ALICE, 1, at=400, name=name)

    assert floor.position(ALICE, C6).open_orders_margin == SHORT_6
    assert floor.position(ALICE, C7).open_orders_margin == SHORT_7
    assert floor.summary(ALICE, "BTC").available_funds == 0


def test_what_was_set_aside_is_free_again_when_the_order_ends() -> None:
    floor, name = spread(BUYER)
    floor.buy(ALICE, 1, at=300, name=name)

    floor.cancel(1)

    assert floor.summary(ALICE, "BTC").available_funds == BUYER
    assert floor.position(ALICE, C7).open_orders_margin == 0


def test_an_edit_frees_what_its_order_had() -> None:
    floor, name = spread(BUYER + 10_000)
    floor.buy(ALICE, 1, at=300, name=name)

    assert not accepted(floor.edit(1, 1, 311))
    assert accepted(floor.edit(1, 1, 310))
    assert floor.summary(ALICE, "BTC").available_funds == 0


def test_who_can_only_get_smaller_needs_nothing() -> None:
    floor, name = spread(10**10)
    floor.sell(BOB, 1, at=300, name=name)
    floor.buy(ALICE, 1, at=300, name=name)
    floor.mark(name=C7, price=0.5, underlying=60_000)

    assert floor.summary(ALICE, "BTC").available_funds > 0
    floor.leave(ALICE, "BTC", 6_000_000)
    assert accepted(floor.sell(ALICE, 1, at=-100, name=name))


def test_marks_that_move_are_asked_in_every_leg() -> None:
    floor, name = spread(BUYER)
    floor.buy(ALICE, 1, at=300, name=name)

    floor.mark(name=C7, price=0.03, underlying=60_000)

    # 0.1 * (10 % + 0.03): a thousandth of a bitcoin more.
    assert floor.summary(ALICE, "BTC").available_funds == -100_000


def test_no_leg_may_become_larger_than_a_position_may_be() -> None:
    floor, name = spread(10**12)
    floor.apply(SetLimits(Limits(position_lots_max=5), None, floor.id(C7)))
    floor.sell(ALICE, 2, at=200, name=C7)

    floor.buy(ALICE, 3, at=300, name=name).expect_accepted()

    assert floor.buy(ALICE, 1, at=300, name=name).rejected.code is Reject.POSITION_TOO_LARGE
    floor.sell(ALICE, 5, at=400, name=name).expect_accepted()


def test_own_orders_that_make_way_are_counted_no_longer() -> None:
    floor, name = spread(BUYER + SELLER)
    floor.apply(SetSelfTrading(ALICE, SelfTrading.CANCEL_MAKER))
    floor.buy(ALICE, 1, at=300, name=name)

    floor.sell(ALICE, 1, at=300, name=name).expect_accepted()

    assert floor.order(1).cancel_reason == "self_trade_prevention"
    assert floor.position(ALICE, C7).open_orders_margin == 0


def test_futures_need_the_margin_of_both_legs() -> None:
    floor = TradingFloor(PERP, DEC)
    floor.mark(120_000, PERP)
    floor.mark(24_200, DEC)
    name = floor.combine((DEC, 1), (PERP, -1))
    # 60 lots, 600 dollars: of each leg 2 % and what grows with the size.
    needed = 20_001 + 19_836
    floor.leave(ALICE, "BTC", needed)

    floor.buy(ALICE, 60, at=1_000, name=name).expect_accepted()

    assert floor.summary(ALICE, "BTC").available_funds == 0
    assert not accepted(floor.buy(ALICE, 1, at=1_000, name=name))


def test_a_taker_of_futures_needs_what_it_loses_against_the_marks() -> None:
    floor = TradingFloor(PERP, DEC)
    floor.mark(120_000, PERP)
    floor.mark(24_200, DEC)
    name = floor.combine((DEC, 1), (PERP, -1))
    floor.sell(BOB, 60, at=1_100, name=name)
    # The future's fee of 496 is the cheaper one, and free.
    floor.leave(ALICE, "BTC", 20_001 + 19_836 + 500)

    # Fifty dollars a coin too much: the perpetual is sold at 59 950.
    assert not accepted(floor.buy(ALICE, 60, at=1_100, name=name))
    floor.sell(BOB, 60, at=1_000, name=name)
    floor.buy(ALICE, 60, at=1_000, name=name).expect_accepted()


def test_with_cross_collateral_a_combo_can_be_paid_in_dollars() -> None:
    floor, name = spread(0)
    floor.mark(name=C6, price=0.05, underlying=60_000)
    floor.apply(ChangeMarginModel(ALICE, MarginModel.CROSS))

    assert accepted(floor.buy(ALICE, 1, at=300, name=name))


def test_portfolio_margin_is_judged_outside() -> None:
    floor, name = spread(10**9)
    floor.apply(ChangeMarginModel(ALICE, MarginModel.PORTFOLIO))
    changes = floor.exchange.changes(ALICE)

    def place(initial: int) -> Deed:
        verdict = Verdict(changes, Units(initial), Units(0))
        return Deed(
            floor.apply(
                PlaceOrder(
                    account_id=ALICE,
                    instrument_id=floor.id(name),
                    side=Side.BUY,
                    amount=Lots(1),
                    price=Ticks(300),
                    verdict=verdict,
                )
            )
        )

    assert floor.buy(ALICE, 1, at=300, name=name).rejected.reason == "no_margin_verdict"
    assert not accepted(place(10**9 + 1))
    assert accepted(place(10**9))


# What an order in a combo cannot be


def test_there_is_nothing_to_reduce_in_a_combo() -> None:
    floor, name = spread(10**9)

    rejected = floor.buy(ALICE, 1, at=300, name=name, reduce_only=True).rejected

    assert (rejected.code, rejected.reason) == (Reject.INVALID_ARGUMENTS, "reduce_only_on_combo")


def test_orders_in_a_combo_wait_for_no_price() -> None:
    floor, name = spread(10**9)
    trigger = Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(10**6))

    rejected = floor.buy(
        ALICE, 1, name=name, order_type=OrderType.STOP_MARKET, trigger=trigger
    ).rejected

    assert (rejected.code, rejected.reason) == (Reject.INVALID_ARGUMENTS, "trigger_on_combo")


def test_a_straddle_costs_a_tick_for_each_leg_at_least() -> None:
    floor = TradingFloor(C6, "BTC-25DEC26-60000-P")
    floor.mark(name=C6, price=0.05, underlying=60_000)
    floor.mark(name="BTC-25DEC26-60000-P", price=0.05, underlying=60_000)
    name = floor.combine((C6, 1), ("BTC-25DEC26-60000-P", 1))

    assert floor.buy(ALICE, 1, at=1, name=name).rejected.code is Reject.INVALID_PRICE
    floor.buy(ALICE, 1, at=2, name=name).expect_accepted()


def test_a_combo_cannot_be_traded_before_its_legs_have_marks() -> None:
    floor = TradingFloor(C6, C7)
    name = floor.combine((C6, 1), (C7, -1))
    floor.mark(name=C6, price=0.05, underlying=60_000)

    assert floor.buy(ALICE, 1, at=300, name=name).rejected.code is Reject.RETRY


def test_far_off_its_legs_a_price_is_a_slip_of_the_finger() -> None:
    floor, name = spread(10**12)
    band = floor.exchange.price_band(floor.id(name))
    assert band is not None

    # The bought leg may cost 0.55 and the sold one bring one tick.
    assert (band.lowest, band.highest) == (1 - 5_200, 5_500 - 1)
    assert floor.buy(ALICE, 1, at=5_500, name=name).rejected.code is Reject.PRICE_TOO_HIGH
    assert floor.sell(ALICE, 1, at=-5_200, name=name).rejected.code is Reject.PRICE_TOO_LOW


def test_post_only_moves_inside_below_zero() -> None:
    floor, name = spread(10**12)
    floor.buy(BOB, 1, at=-1, name=name)

    moved = floor.sell(ALICE, 1, at=-10, name=name, post_only=True).order

    assert moved.price == 0


def test_all_or_nothing_and_market_orders_know_no_zero() -> None:
    floor, name = spread(10**12)
    floor.sell(BOB, 2, at=-5, name=name)

    killed = floor.buy(ALICE, 3, at=0, name=name, time_in_force=TimeInForce.FOK)
    taken = floor.buy(ALICE, 2, name=name)

    assert killed.fills == []
    assert taken.trades[-1] == (-5, 2)
