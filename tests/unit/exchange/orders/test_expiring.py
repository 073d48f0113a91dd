from strikewire.exchange import (
    Deposit,
    Exchange,
    LevelChanged,
    OrderEvent,
    OrderState,
    OrderType,
    Rejected,
    TimeInForce,
    Trigger,
    TriggerPriceType,
)
from strikewire.model import NS_PER_HOUR, PriceE8, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, START_NS, Deed, TradingFloor, ladder

GTD = TimeInForce.GTD
EIGHT_NS = START_NS + 8 * NS_PER_HOUR
"""Of the day that the floor opens on, at midnight."""


def at(ticks: int) -> Trigger:
    return Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(ticks * 50_000_000))


def test_an_order_for_the_day_waits_until_eight() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99, time_in_force=GTD)
    floor.now_ns = EIGHT_NS - 1

    assert floor.sell(BOB, 2, at=99).trades == [(99, 2)]
    floor.now_ns = EIGHT_NS
    deed = floor.sell(BOB, 3, at=99)

    assert deed.fills == []
    assert (floor.order(1).state, floor.order(1).cancel_reason) == ("cancelled", "good_til_day")
    assert floor.order(1).filled == 2
    assert floor.book() == ladder("""
              |  99 | 3
    """)


def test_any_command_ends_the_day_and_tells_it_behind_its_own_events() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99, time_in_force=GTD)
    floor.buy(BOB, 5, at=98, time_in_force=GTD)
    floor.now_ns = EIGHT_NS

    placed, *ended, high, low = floor.buy(CAROL, 1, at=99).events

    assert isinstance(placed, OrderEvent)
    assert placed.order.order_id == 3
    assert [one.order.order_id for one in ended if isinstance(one, OrderEvent)] == [1, 2]
    assert isinstance(high, LevelChanged)
    assert isinstance(low, LevelChanged)
    assert {(high.price, high.amount), (low.price, low.amount)} == {(99, 1), (98, 0)}


def test_a_command_that_is_refused_ends_the_day_too() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99, time_in_force=GTD)
    floor.now_ns = EIGHT_NS

    rejected, ended, level = floor.buy(CAROL, 0, at=99).events

    assert isinstance(rejected, Rejected)
    assert isinstance(ended, OrderEvent)
    assert ended.order.state is OrderState.CANCELLED
    assert isinstance(level, LevelChanged)
    assert floor.buy(CAROL, 0, at=99).events == (rejected,)


def test_the_funds_of_what_ended_are_free_for_the_command_that_ends_the_day() -> None:
    floor = TradingFloor.at(100)
    # A lot at 100 ticks is worth 0.05 USDC, and 2 % of it is needed.
    floor.leave(ALICE, "USDC", 15_000)
    floor.buy(ALICE, 10, at=100, time_in_force=GTD)
    assert floor.buy(ALICE, 10, at=100, time_in_force=GTD).is_rejected

    floor.now_ns = EIGHT_NS

    assert not floor.buy(ALICE, 10, at=100).is_rejected


def test_an_order_that_waits_for_a_price_ends_with_its_day() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, 97, order_type=OrderType.STOP_LIMIT, trigger=at(98), time_in_force=GTD)
    floor.now_ns = EIGHT_NS

    floor.mark(98)

    assert floor.order(1).cancel_reason == "good_til_day"
    assert floor.exchange.closed_orders(ALICE) == [floor.order(1)]


def test_what_came_in_is_good_for_the_same_day() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, 97, order_type=OrderType.STOP_LIMIT, trigger=at(98), time_in_force=GTD)
    floor.mark(98)
    assert floor.order(2).state is OrderState.OPEN
    floor.now_ns = EIGHT_NS

    floor.mark(98)

    assert floor.order(2).cancel_reason == "good_til_day"


def test_an_edit_does_not_prolong_the_day() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99, time_in_force=GTD)
    floor.now_ns = EIGHT_NS - 1
    floor.edit(1, 7, at=98)
    floor.now_ns = EIGHT_NS

    floor.apply(Deposit(BOB, "BTC", Units(1)))

    assert floor.order(1).cancel_reason == "good_til_day"


def test_an_order_of_the_next_day_stays() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 1, at=99, time_in_force=GTD)
    floor.now_ns = EIGHT_NS
    floor.buy(ALICE, 1, at=99, time_in_force=GTD)
    floor.now_ns = EIGHT_NS + 24 * NS_PER_HOUR - 1
    floor.exchange = Exchange.restore(floor.exchange.snapshot())

    assert Deed(floor.apply(Deposit(BOB, "BTC", Units(1)))).orders == []
    floor.now_ns += 1
    assert [view.order_id for view in Deed(floor.apply(Deposit(BOB, "BTC", Units(1)))).orders] == [
        2
    ]


def test_a_command_is_valid_until_its_moment_and_not_at_it() -> None:
    floor = TradingFloor.at(100)

    assert not floor.buy(ALICE, 1, at=99, valid_until_ns=START_NS + 1).is_rejected
    late = floor.buy(ALICE, 1, at=99, valid_until_ns=START_NS)
    edit = floor.edit(1, 2, valid_until_ns=START_NS)

    assert late.rejected == edit.rejected
    assert late.rejected.code == 13888


def test_an_order_that_waits_outlives_the_deadline_of_its_command() -> None:
    floor = TradingFloor.at(100)
    floor.sell(
        ALICE,
        5,
        97,
        order_type=OrderType.STOP_LIMIT,
        trigger=at(98),
        valid_until_ns=START_NS + 1,
    )
    floor.now_ns = START_NS + 2

    floor.mark(98)

    assert floor.order(2).state is OrderState.OPEN
