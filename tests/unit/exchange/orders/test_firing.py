from strikewire.exchange import (
    CancelOrder,
    CancelOrders,
    ChangeMarginModel,
    MarginModel,
    Mark,
    OrderState,
    OrderType,
    SetMarks,
    TimeInForce,
    Trigger,
    TriggerPriceType,
    Verdict,
)
from strikewire.model import Lots, PriceE8, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, Deed, TradingFloor, ladder

TICK = 50_000_000
"""Of BTC_USDC-PERPETUAL: half a dollar, in 1e-8."""

LAST, MARK, INDEX = TriggerPriceType.LAST, TriggerPriceType.MARK, TriggerPriceType.INDEX
STOP, TAKE = OrderType.STOP_MARKET, OrderType.TAKE_MARKET


def at(ticks: int, price_type: TriggerPriceType = MARK) -> Trigger:
    return Trigger(price_type=price_type, price=PriceE8(ticks * TICK))


def behind(ticks: int, price_type: TriggerPriceType = MARK) -> Trigger:
    return Trigger(price_type=price_type, offset=PriceE8(ticks * TICK))


def set_marks(floor: TradingFloor, *, mark: int, index: int) -> Deed:
    one = Mark(floor.id(), PriceE8(mark * TICK), 500_000, PriceE8(index * TICK))
    return Deed(floor.apply(SetMarks((("btc_usdc", PriceE8(index * TICK)),), (one,))))


def test_a_mark_brings_an_order_in_and_tells_both_halves_of_its_life() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 3, at=97)
    floor.sell(ALICE, 5, 97, order_type=OrderType.STOP_LIMIT, trigger=at(98), label="out")

    deed = set_marks(floor, mark=98, index=98)

    assert deed.trades == [(97, 3)]
    before, *_, after = [view for view in deed.orders if view.account_id == ALICE]
    assert (before.order_id, before.state, before.triggered_order_id) == (2, "triggered", 3)
    assert (after.order_id, after.state, after.trigger_order_id) == (3, "open", 2)
    assert (after.order_type, after.price, after.filled, after.label) == ("limit", 97, 3, "out")
    assert after.trigger is None
    assert floor.exchange.conditional_orders(ALICE) == []
    assert floor.exchange.closed_orders(ALICE) == [before]


def test_an_order_comes_in_once() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, order_type=STOP, trigger=at(98))

    first = set_marks(floor, mark=98, index=98)
    second = set_marks(floor, mark=97, index=97)

    assert [view.state for view in first.orders] == ["triggered", "cancelled"]
    assert first.orders[1].cancel_reason == "no_liquidity"
    assert second.orders == []


def test_each_order_looks_at_the_price_it_named() -> None:
    floor = TradingFloor.at(100)
    by_mark = floor.sell(ALICE, 1, 90, order_type=OrderType.STOP_LIMIT, trigger=at(98)).order
    by_index = floor.buy(ALICE, 1, 80, order_type=OrderType.TAKE_LIMIT, trigger=at(98, INDEX)).order
    by_last = floor.sell(BOB, 1, 95, order_type=OrderType.STOP_LIMIT, trigger=at(98, LAST)).order

    set_marks(floor, mark=99, index=98)
    assert floor.order(by_index.order_id).state is OrderState.TRIGGERED
    set_marks(floor, mark=98, index=99)
    assert floor.order(by_mark.order_id).state is OrderState.TRIGGERED
    floor.cancel_all(ALICE)
    floor.buy(CAROL, 1, at=98)
    floor.sell(CAROL, 1, at=98)
    assert floor.order(by_last.order_id).state is OrderState.TRIGGERED


def test_orders_come_in_as_the_price_would_have_reached_them() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 9, at=97)
    floor.sell(ALICE, 1, order_type=STOP, trigger=at(97))
    floor.sell(ALICE, 2, order_type=STOP, trigger=at(99))
    floor.sell(ALICE, 3, order_type=STOP, trigger=at(97))

    deed = set_marks(floor, mark=96, index=96)

    assert [fill.amount for fill in deed.fills] == [2, 1, 3]


def test_a_trade_brings_in_orders_whose_trades_bring_in_others() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
            1 |  99 |
            2 |  98 |
            3 |  97 |
    """)
    floor.sell(BOB, 3, order_type=STOP, trigger=at(98, LAST), label="second")
    floor.sell(BOB, 2, order_type=STOP, trigger=at(99, LAST), label="first")

    deed = floor.sell(CAROL, 1, at=99)

    # The trade at 99 brings in the first, its trade at 98 the second.
    assert deed.trades == [(99, 1), (98, 2), (97, 3)]
    assert [fill.taker.label for fill in deed.fills] == ["", "first", "second"]
    assert floor.book() == ""


def test_every_price_of_a_sweep_counts_and_not_only_the_last() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 1, at=105)
    floor.sell(CAROL, 1, at=105)
    floor.draw("""
              | 103 | 1
              | 101 | 1
    """)
    stop = floor.sell(ALICE, 1, order_type=STOP, trigger=at(102, LAST)).order

    # It trades at 101 and then at 103.
    floor.buy(BOB, 2, at=103)

    assert floor.order(stop.order_id).state is OrderState.TRIGGERED


def test_a_trailing_stop_follows_and_then_comes_in() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 5, at=90)
    floor.sell(ALICE, 5, order_type=OrderType.TRAILING_STOP, trigger=behind(10))

    floor.mark(112)
    floor.mark(103)
    assert floor.order(3 - 1).state is OrderState.UNTRIGGERED
    deed = set_marks(floor, mark=102, index=102)

    assert deed.trades == [(90, 5)]
    assert floor.order(2).state is OrderState.TRIGGERED


def test_what_cannot_come_in_ends_as_rejected_and_says_why() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=99)
    floor.sell(BOB, 10, at=99)
    floor.sell(ALICE, 10, order_type=STOP, trigger=at(90), reduce_only=True)
    floor.sell(ALICE, 1, 399, order_type=OrderType.STOP_LIMIT, trigger=at(91))
    floor.sell(ALICE, 10, at=98)
    floor.buy(CAROL, 10, at=98)

    deed = set_marks(floor, mark=90, index=90)

    limit, replaced, stop = deed.orders
    assert (limit.state, replaced.state) == ("triggered", "open")
    assert (stop.state, stop.reject_reason, stop.cancel_reason) == ("rejected", "reduce_only", "")
    assert stop.triggered_order_id is None


def test_an_order_that_comes_in_needs_funds_like_any_other() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 100_000, at=100)
    floor.leave(ALICE, "USDC", 1_000)
    floor.buy(ALICE, 100_000, order_type=STOP, trigger=at(101))

    deed = set_marks(floor, mark=101, index=101)

    assert deed.order.state is OrderState.REJECTED
    assert deed.order.reject_reason == "not_enough_funds"
    assert deed.fills == []


def test_each_order_is_judged_after_the_one_before_it() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 20, at=100)
    # A lot at 100 ticks is worth 0.05 USDC, and 4 % of it and the fee are needed.
    floor.leave(ALICE, "USDC", 30_000)
    floor.buy(ALICE, 10, order_type=STOP, trigger=at(101))
    floor.buy(ALICE, 10, order_type=STOP, trigger=at(102))

    deed = set_marks(floor, mark=102, index=102)

    available = floor.summary(ALICE, "USDC").available_funds
    rejected = [view for view in deed.orders if view.state is OrderState.REJECTED]
    assert available >= 0
    assert len(rejected) + len(deed.fills) == 2


def test_orders_that_only_reduce_are_cut_back_before_the_next_comes_in() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.buy(CAROL, 30, at=95)
    floor.sell(ALICE, 8, order_type=STOP, trigger=at(97), reduce_only=True)
    floor.sell(ALICE, 8, order_type=STOP, trigger=at(96), reduce_only=True)

    deed = set_marks(floor, mark=96, index=96)

    assert deed.trades == [(95, 8), (95, 2)]
    assert floor.position(ALICE).size == 0


def test_a_portfolio_account_comes_in_without_a_verdict_against_what_the_last_one_left() -> None:
    floor = TradingFloor.at(100)
    verdict = Verdict(floor.exchange.changes(ALICE), Units(0), Units(0))
    floor.apply(ChangeMarginModel(ALICE, MarginModel.PORTFOLIO, (("USDC", verdict),)))
    floor.buy(BOB, 5, at=97)
    floor.sell(ALICE, 5, order_type=STOP, trigger=at(98))

    deed = set_marks(floor, mark=98, index=98)

    assert deed.trades == [(97, 5)]


def test_orders_of_a_portfolio_account_that_come_in_together_share_what_the_last_verdict_left() -> (
    None
):
    floor = TradingFloor.at(100_000)
    floor.leave(ALICE, "USDC", 1_200 * 10**6)
    verdict = Verdict(floor.exchange.changes(ALICE), Units(0), Units(0))
    floor.apply(ChangeMarginModel(ALICE, MarginModel.PORTFOLIO, (("USDC", verdict),)))
    floor.sell(BOB, 3_000, at=100_400)
    for _ in range(3):
        floor.buy(ALICE, 1_000, order_type=STOP, trigger=at(100_400))

    floor.mark(100_400)

    # A coin at 50,200 needs 2.005 % of it, and costs a fee of 25.10. There is enough for one.
    assert floor.position(ALICE).size == 1_000
    assert [floor.order(number).state for number in (2, 3, 4)] == [
        "triggered",
        "rejected",
        "rejected",
    ]
    found = floor.summary(ALICE, "USDC")
    assert (found.initial_margin, found.maintenance_margin) == (1_006_510_000, 504_510_000)
    assert found.available_funds == 1_200_000_000 - 25_100_000 - 1_006_510_000


def test_an_order_that_comes_in_takes_its_place_behind_those_that_are_there() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 4, 97, order_type=OrderType.TAKE_LIMIT, trigger=at(98))
    floor.buy(BOB, 5, at=97)
    set_marks(floor, mark=98, index=98)

    assert floor.book() == ladder("""
            9 |  97 |
    """)
    assert floor.sell(CAROL, 5, at=97).fills[0].maker.account_id == BOB


def test_what_waits_can_be_taken_back() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, order_type=STOP, trigger=at(98))
    floor.sell(ALICE, 5, order_type=TAKE, trigger=at(102))
    floor.sell(ALICE, 5, at=103)

    one = Deed(floor.apply(CancelOrder(ALICE, floor.order(1).order_id)))
    takes = Deed(floor.apply(CancelOrders(ALICE, order_types=(TAKE, OrderType.TAKE_LIMIT))))
    rest = floor.cancel_all(ALICE)

    assert (one.order.state, one.order.cancel_reason) == ("cancelled", "user_request")
    assert [view.order_id for view in takes.orders] == [2]
    assert [view.order_id for view in rest.orders] == [3]
    assert set_marks(floor, mark=90, index=90).orders == []


def test_what_waits_ends_when_its_instrument_expires() -> None:
    name = "BTC-25DEC26-60000-C"
    floor = TradingFloor(name)
    floor.mark(name=name, price=0.05, underlying=60_000)
    far = Trigger(price_type=INDEX, price=PriceE8(50_000 * 10**8))
    floor.sell(ALICE, 1, order_type=STOP, trigger=far)
    floor.expire(name)

    # It has expired: its price comes too late.
    assert Deed(floor.apply(SetMarks((("btc_usd", PriceE8(1)),)))).orders == []
    deed = floor.settle(name, 70_000)

    assert (deed.order.state, deed.order.cancel_reason) == ("cancelled", "settlement")
    assert floor.exchange.conditional_orders(ALICE) == []


def test_what_waits_goes_on_waiting_in_a_restored_exchange() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 5, at=97)
    floor.sell(ALICE, 2, order_type=STOP, trigger=at(98, INDEX))
    floor.sell(ALICE, 2, order_type=OrderType.TRAILING_STOP, trigger=behind(5))
    floor.mark(103)
    blob = floor.exchange.snapshot()

    floor.exchange = type(floor.exchange).restore(blob)

    assert floor.exchange.snapshot() == blob
    assert len(set_marks(floor, mark=98, index=98).fills) == 2


# --- Market-limit


def test_a_market_limit_order_takes_the_best_price_and_waits_there() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 3
    """)

    deed = floor.buy(BOB, 10, order_type=OrderType.MARKET_LIMIT)

    assert deed.trades == [(101, 3)]
    order = deed.order
    assert (order.order_type, order.original_type) == ("limit", "market_limit")
    assert (order.state, order.price, order.remaining) == ("open", 101, 7)
    assert floor.book() == ladder("""
              | 102 | 5
            7 | 101 |
    """)


def test_a_market_limit_order_that_finds_nobody_is_cancelled() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, at=401)

    # Beyond the band is nobody.
    deed = floor.buy(BOB, 10, order_type=OrderType.MARKET_LIMIT)

    assert (deed.order.state, deed.order.cancel_reason) == ("cancelled", "no_liquidity")
    assert deed.order.order_type is OrderType.MARKET


def test_a_market_limit_order_may_have_to_be_filled_at_once() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 3, at=101)

    killed = floor.buy(
        BOB, 4, order_type=OrderType.MARKET_LIMIT, time_in_force=TimeInForce.FOK
    ).order
    cut = floor.buy(BOB, 4, order_type=OrderType.MARKET_LIMIT, time_in_force=TimeInForce.IOC).order

    assert (killed.filled, killed.cancel_reason) == (0, "fill_or_kill")
    assert (cut.filled, cut.remaining, cut.cancel_reason) == (
        3,
        Lots(1),
        "immediate_or_cancel",
    )
