import pytest

from strikewire.exchange import (
    Linked,
    LinkedOrderType,
    OrderState,
    OrderType,
    PlaceOrder,
    SetMarks,
    TimeInForce,
    Trigger,
    TriggerFillCondition,
    TriggerPriceType,
)
from strikewire.exchange.orders import triggering
from strikewire.model import InstrumentId, Lots, PriceE8, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, CAROL, Deed, TradingFloor, ladder

TICK = 50_000_000
"""Of BTC_USDC-PERPETUAL: half a dollar, in 1e-8."""

OTO = LinkedOrderType.ONE_TRIGGERS_OTHER
OCO = LinkedOrderType.ONE_CANCELS_OTHER
OTOCO = LinkedOrderType.ONE_TRIGGERS_ONE_CANCELS_OTHER
FIRST_HIT = TriggerFillCondition.FIRST_HIT
COMPLETE_FILL = TriggerFillCondition.COMPLETE_FILL
INCREMENTAL = TriggerFillCondition.INCREMENTAL


def at(ticks: int, price_type: TriggerPriceType = TriggerPriceType.MARK) -> Trigger:
    return Trigger(price_type=price_type, price=PriceE8(ticks * TICK))


def limit(side: Side, lots: int, price: int) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=side,
        amount=Lots(lots),
        price=Ticks(price),
    )


def stop(
    side: Side, lots: int, trigger: Trigger, order_type: OrderType = OrderType.STOP_MARKET
) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=side,
        order_type=order_type,
        amount=Lots(lots),
        trigger=trigger,
    )


def linked(
    kind: LinkedOrderType, *others: PlaceOrder, on: TriggerFillCondition = FIRST_HIT
) -> Linked:
    return Linked(type=kind, others=others, fill_condition=on)


def entered(on: TriggerFillCondition) -> TradingFloor:
    """Return a floor where Alice bids 10 at 99 (1), to sell at 110 (2) or at market from 90 (3)."""
    floor = TradingFloor.at(100)
    others = (limit(Side.SELL, 10, 110), stop(Side.SELL, 10, at(90)))
    floor.buy(ALICE, 10, at=99, linked=linked(OTOCO, *others, on=on))
    return floor


def states(floor: TradingFloor, *order_ids: int) -> list[str]:
    return [floor.order(order_id).state.value for order_id in order_ids]


def mark(floor: TradingFloor, ticks: int) -> Deed:
    floor.mark(ticks)
    return Deed(floor.apply(SetMarks()))


# --- One triggers other


def test_the_first_trade_lets_the_others_come_in_whole() -> None:
    floor = entered(FIRST_HIT)

    deed = floor.sell(BOB, 4, at=99)

    profit, loss = floor.order(2), floor.order(3)
    assert (profit.state, profit.amount, profit.price) == ("open", 10, 110)
    assert (loss.state, loss.amount, loss.is_dormant) == ("untriggered", 10, False)
    # Bob's trade, Alice's bid, his order; then what follows from it.
    assert [view.order_id for view in deed.orders] == [1, 4, 2, 3]
    assert floor.book() == ladder("""
              | 110 | 10
            6 |  99 |
    """)


def test_a_complete_fill_is_waited_for() -> None:
    floor = entered(COMPLETE_FILL)

    floor.sell(BOB, 4, at=99)
    assert (floor.order(2).is_dormant, floor.order(3).is_dormant) == (True, True)
    floor.sell(BOB, 6, at=99)

    assert states(floor, 1, 2, 3) == ["filled", "open", "untriggered"]
    assert not floor.order(3).is_dormant


def test_an_edit_to_what_is_filled_is_a_complete_fill() -> None:
    floor = entered(COMPLETE_FILL)
    floor.sell(BOB, 4, at=99)

    floor.edit(1, 4)

    assert states(floor, 1, 2) == ["filled", "open"]


def test_an_incremental_order_lets_as_much_come_in_as_it_trades() -> None:
    floor = TradingFloor.at(100)
    others = (limit(Side.SELL, 5, 110), stop(Side.SELL, 10, at(90)))
    floor.buy(ALICE, 10, at=99, linked=linked(OTO, *others, on=INCREMENTAL))

    floor.sell(BOB, 5, at=99)
    # Half of 5, rounded down; half of 10.
    assert [(view.order_id, view.amount) for view in floor.exchange.open_orders(ALICE)] == [
        (1, 10),
        (5, 2),
    ]
    armed = [view for view in floor.exchange.conditional_orders(ALICE) if not view.is_dormant]
    assert [(view.order_id, view.amount) for view in armed] == [(6, 5)]
    assert (floor.order(2).amount, floor.order(3).amount) == (3, 5)

    floor.sell(BOB, 5, at=99)
    # The rest comes in: under its own id where the part has come in, with the part where it waits.
    assert states(floor, 2, 3, 6) == ["open", "triggered", "untriggered"]
    assert (floor.order(2).amount, floor.order(6).amount) == (3, 10)
    assert floor.order(3).triggered_order_id == 6


def test_what_comes_in_for_a_later_trade_is_an_order_of_its_own_once_the_first_has_come_in() -> (
    None
):
    floor = TradingFloor.at(100)
    loss = stop(Side.SELL, 10, at(90))
    floor.buy(ALICE, 10, at=99, linked=linked(OTO, loss, on=INCREMENTAL))
    floor.sell(BOB, 4, at=99)
    floor.buy(CAROL, 4, at=100)
    mark(floor, 89)
    mark(floor, 95)

    floor.sell(BOB, 3, at=99)

    parts = floor.exchange.conditional_orders(ALICE)
    assert [(view.amount, view.is_dormant) for view in parts] == [(3, True), (3, False)]


def test_parts_of_a_pair_are_pairs() -> None:
    floor = TradingFloor.at(100)
    others = (
        stop(Side.SELL, 10, at(110), OrderType.TAKE_MARKET),
        stop(Side.SELL, 10, at(90)),
    )
    floor.buy(ALICE, 10, at=99, linked=linked(OTOCO, *others, on=INCREMENTAL))
    floor.sell(BOB, 4, at=99)
    armed = [one for one in floor.exchange.conditional_orders(ALICE) if not one.is_dormant]
    assert [one.amount for one in armed] == [4, 4]
    one, other = armed
    assert one.link is not None
    assert one.link.partner_id == other.order_id

    floor.buy(CAROL, 4, at=100)
    mark(floor, 90)

    # The condition holds for the pair too: what the stop sells is taken from its partner.
    assert states(floor, one.order_id, other.order_id) == ["cancelled", "triggered"]
    assert floor.order(one.order_id).cancel_reason == "oco_other_closed"
    assert (floor.order(2).amount, floor.order(3).amount) == (6, 6)
    assert floor.position(ALICE).size == 0


def test_what_waits_for_an_order_ends_with_it() -> None:
    floor = entered(FIRST_HIT)

    deed = floor.cancel(1)

    assert [(view.order_id, view.cancel_reason) for view in deed.orders] == [
        (1, "user_request"),
        (2, "oto_primary_closed"),
        (3, "oto_primary_closed"),
    ]


def test_an_order_that_is_filled_at_once_lets_the_others_come_in_at_once() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 5, at=100)

    deed = floor.buy(
        ALICE, 5, linked=linked(OTO, stop(Side.SELL, 5, at(90))), time_in_force=TimeInForce.IOC
    )

    assert deed.trades == [(100, 5)]
    assert [(view.order_id, view.state, view.is_dormant) for view in deed.orders[-2:]] == [
        (3, "untriggered", True),
        (3, "untriggered", False),
    ]


def test_a_stop_whose_price_has_been_reached_when_it_is_let_go_comes_in_at_once() -> None:
    floor = TradingFloor.at(100)
    floor.buy(CAROL, 5, at=80)
    floor.buy(ALICE, 5, at=99, linked=linked(OTO, stop(Side.SELL, 5, at(90))))
    floor.mark(85)

    deed = floor.sell(BOB, 5, at=99)

    assert deed.trades == [(99, 5), (80, 5)]


def test_a_trailing_stop_follows_from_when_it_is_let_go() -> None:
    floor = TradingFloor.at(100)
    tail = Trigger(price_type=TriggerPriceType.MARK, offset=PriceE8(5 * TICK))
    trailing = stop(Side.SELL, 5, tail, OrderType.TRAILING_STOP)
    floor.buy(ALICE, 5, at=99, linked=linked(OTO, trailing))
    floor.edit(2, 5, trigger_offset=PriceE8(7 * TICK))
    floor.mark(120)
    floor.mark(110)

    floor.sell(BOB, 5, at=99)

    view = floor.order(2)
    assert view.trigger is not None
    assert (view.trigger.price, view.trigger_reference) == (103 * TICK, 110 * TICK)


def test_what_cannot_come_in_for_another_is_rejected() -> None:
    floor = TradingFloor.at(100)
    by_trade = Trigger(price_type=TriggerPriceType.INDEX, offset=PriceE8(200 * TICK))
    trailing = stop(Side.SELL, 5, by_trade, OrderType.TRAILING_STOP)
    wrong_side = reducing(limit(Side.BUY, 5, 90))
    floor.buy(ALICE, 5, at=99, linked=linked(OTO, trailing, wrong_side))

    floor.sell(BOB, 5, at=99)

    assert states(floor, 2, 3) == ["rejected", "rejected"]
    assert floor.order(2).reject_reason == f"{-100 * TICK} against 1"
    assert floor.order(3).reject_reason == "reduce_only"


def reducing(command: PlaceOrder) -> PlaceOrder:
    """Return an order that only reduces."""
    return PlaceOrder(
        account_id=command.account_id,
        instrument_id=command.instrument_id,
        side=command.side,
        amount=command.amount,
        price=command.price,
        reduce_only=True,
    )


def test_an_order_that_waits_for_a_price_hands_its_others_on() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 5, at=105)
    floor.buy(
        ALICE,
        5,
        order_type=OrderType.STOP_MARKET,
        trigger=at(104),
        linked=linked(OTO, stop(Side.SELL, 5, at(90))),
    )

    mark(floor, 104)

    assert states(floor, 2, 3) == ["triggered", "untriggered"]
    assert not floor.order(3).is_dormant
    link = floor.order(3).link
    assert link is not None
    assert link.primary_id == floor.order(2).triggered_order_id == 4


def test_others_of_an_order_that_is_refused_when_its_price_comes_are_cancelled() -> None:
    floor = TradingFloor.at(100)
    floor.buy(
        ALICE,
        5,
        order_type=OrderType.STOP_MARKET,
        trigger=at(104),
        reduce_only=True,
        linked=linked(OTO, stop(Side.SELL, 5, at(90))),
    )

    floor.mark(104)

    assert states(floor, 1, 2) == ["rejected", "cancelled"]
    assert floor.order(2).cancel_reason == "oto_primary_closed"


# --- One cancels other


def paired(on: TriggerFillCondition) -> TradingFloor:
    """Return a floor where Alice, 10 long, sells at 110 (3), or at market from 90 (4)."""
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.sell(ALICE, 10, at=110, linked=linked(OCO, stop(Side.SELL, 10, at(90)), on=on))
    return floor


def test_the_first_trade_of_one_cancels_the_other() -> None:
    floor = paired(FIRST_HIT)

    deed = floor.buy(CAROL, 1, at=110)

    assert (deed.orders[-1].order_id, deed.orders[-1].cancel_reason) == (4, "oco_other_closed")
    assert states(floor, 3, 4) == ["open", "cancelled"]


def test_the_price_of_one_cancels_the_other_before_it_trades() -> None:
    floor = paired(FIRST_HIT)
    floor.buy(CAROL, 10, at=80)

    mark(floor, 90)

    assert states(floor, 3, 4) == ["cancelled", "triggered"]
    assert floor.position(ALICE).size == 0
    assert floor.book() == ""


def test_a_pair_that_waits_for_a_complete_fill_goes_on_with_what_came_in() -> None:
    floor = paired(COMPLETE_FILL)
    floor.buy(CAROL, 4, at=110)
    assert states(floor, 3, 4) == ["open", "untriggered"]
    floor.buy(CAROL, 10, at=80)

    mark(floor, 90)

    # The market order that the stop became has sold 10 and is filled.
    assert states(floor, 3, 4, 7) == ["cancelled", "triggered", "filled"]
    assert floor.order(3).cancel_reason == "oco_other_closed"


def test_an_incremental_pair_shrinks_together() -> None:
    floor = paired(INCREMENTAL)

    floor.buy(CAROL, 4, at=110)
    assert (floor.order(3).remaining, floor.order(4).amount) == (6, 6)
    floor.edit(4, 3)
    floor.buy(CAROL, 3, at=110)
    # Half of what one wanted is gone: half of 3, rounded down, of the other.
    assert (floor.order(3).remaining, floor.order(4).amount) == (3, 2)
    floor.buy(CAROL, 3, at=110)

    assert states(floor, 3, 4) == ["filled", "cancelled"]


def test_an_incremental_pair_shrinks_in_the_book_too() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 10, at=110, linked=linked(OCO, limit(Side.BUY, 20, 90), on=INCREMENTAL))

    floor.buy(BOB, 5, at=110)

    assert floor.book() == ladder("""
              | 110 | 5
           10 |  90 |
    """)


@pytest.mark.parametrize(("ended", "other"), [(3, 4), (4, 3)])
def test_whoever_of_a_pair_ends_takes_the_other_along(ended: int, other: int) -> None:
    floor = paired(COMPLETE_FILL)

    deed = floor.cancel(ended)

    assert [(view.order_id, view.cancel_reason) for view in deed.orders] == [
        (ended, "user_request"),
        (other, "oco_other_closed"),
    ]


def test_an_order_that_trades_at_once_cancels_its_partner_before_that_comes_in() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 5, at=100)

    deed = floor.sell(ALICE, 5, at=100, linked=linked(OCO, limit(Side.SELL, 5, 99)))

    assert [(view.order_id, view.state) for view in deed.orders if view.account_id == ALICE] == [
        (2, "filled"),
        (3, "untriggered"),
        (3, "cancelled"),
    ]


@pytest.mark.parametrize("on", list(TriggerFillCondition))
def test_who_sweeps_through_a_pair_does_not_trade_with_what_the_first_cancels(
    on: TriggerFillCondition,
) -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=99, linked=linked(OCO, limit(Side.BUY, 10, 98), on=on))

    deed = floor.sell(BOB, 15, at=98)

    assert deed.trades == [(99, 10)]
    assert states(floor, 1, 2) == ["filled", "cancelled"]


def test_of_a_pair_that_waits_for_a_complete_fill_both_may_trade_in_part() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=98, linked=linked(OCO, limit(Side.BUY, 10, 99), on=COMPLETE_FILL))
    floor.sell(BOB, 4, at=99)

    deed = floor.sell(BOB, 3, at=98)

    assert deed.trades == [(99, 3)]
    assert states(floor, 1, 2) == ["open", "open"]


def test_a_partner_that_is_refused_takes_the_first_along() -> None:
    floor = TradingFloor.at(100)
    # A lot at 100 ticks is worth 0.05 USDC, and 2 % of it is needed.
    floor.leave(ALICE, "USDC", 15_000)

    floor.sell(ALICE, 10, at=110, linked=linked(OCO, limit(Side.BUY, 100, 90)))

    assert states(floor, 1, 2) == ["cancelled", "rejected"]
    assert floor.order(2).reject_reason == "not_enough_funds"


def test_a_partner_that_is_cut_away_takes_the_other_along() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.sell(ALICE, 10, at=110, reduce_only=True, linked=linked(OCO, stop(Side.SELL, 10, at(90))))
    floor.buy(CAROL, 10, at=95)

    floor.sell(ALICE, 10, at=95)

    assert states(floor, 3, 4) == ["cancelled", "cancelled"]
    assert floor.order(3).cancel_reason == "reduce_only"


def test_of_two_that_one_order_lets_go_the_second_does_not_come_in_when_the_first_trades() -> None:
    floor = TradingFloor.at(100)
    floor.buy(CAROL, 5, at=98)
    others = (limit(Side.SELL, 5, 98), limit(Side.SELL, 5, 97))
    floor.buy(ALICE, 5, at=99, linked=linked(OTOCO, *others))

    floor.sell(BOB, 5, at=99)

    assert states(floor, 3, 4) == ["filled", "cancelled"]
    assert floor.position(ALICE).size == 0


def test_parts_have_a_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggering, "CONDITIONAL_ORDERS_INSTRUMENT_MAX", 1)
    floor = TradingFloor.at(100)
    loss = stop(Side.SELL, 10, at(90))
    floor.buy(ALICE, 10, at=99, linked=linked(OTO, loss, on=INCREMENTAL))

    floor.sell(BOB, 4, at=99)

    assert floor.order(4).state is OrderState.REJECTED
    assert floor.order(4).reject_reason == "max_trigger_orders_per_instrument"


def test_ties_go_on_in_a_restored_exchange() -> None:
    floor = entered(INCREMENTAL)
    floor.sell(BOB, 4, at=99)
    blob = floor.exchange.snapshot()
    floor.exchange = type(floor.exchange).restore(blob)
    assert floor.exchange.snapshot() == blob

    floor.sell(BOB, 6, at=99)
    floor.buy(CAROL, 10, at=110)

    assert floor.exchange.conditional_orders(ALICE) == []
    assert floor.exchange.open_orders(ALICE) == []
    assert floor.position(ALICE).size == 0
