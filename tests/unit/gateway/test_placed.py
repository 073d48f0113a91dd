import pytest
from msgspec import structs

from strikewire.exchange import (
    CancelOrder,
    Command,
    Linked,
    LinkedOrderType,
    MassQuote,
    MmpConfig,
    OrderState,
    OrderType,
    PlaceOrder,
    Quote,
    QuoteSide,
    SetMmp,
    TimeInForce,
    Trigger,
    TriggerPriceType,
)
from strikewire.gateway import placed as placed_module
from strikewire.gateway.placed import PlacedOrders
from strikewire.model import InstrumentId, Lots, OrderId, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, TradingFloor, e8


def buy(price: int, time_in_force: TimeInForce = TimeInForce.GTC) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=Side.BUY,
        amount=Lots(3),
        price=Ticks(price),
        time_in_force=time_in_force,
    )


def note(placed: PlacedOrders, floor: TradingFloor, command: Command) -> bool:
    return placed.note(command, floor.apply(command))


def test_an_order_that_waits_is_remembered_and_cancelled_with_its_reason() -> None:
    floor = TradingFloor.at(100)
    placed = PlacedOrders(floor.exchange)

    assert note(placed, floor, buy(99))

    assert placed.cancel_all() == [CancelOrder(ALICE, OrderId(1), "cancel_on_disconnect")]
    assert placed.cancel_all() == []


def test_what_does_not_wait_is_not_remembered() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 3, 101)
    placed = PlacedOrders(floor.exchange)

    assert not note(placed, floor, buy(101))  # filled
    assert not note(placed, floor, buy(99, TimeInForce.IOC))
    assert not note(placed, floor, buy(10_000))  # rejected
    assert not note(placed, floor, CancelOrder(ALICE, OrderId(99)))
    assert len(placed) == 0


def test_orders_that_ended_meanwhile_are_left_alone() -> None:
    floor = TradingFloor.at(100)
    placed = PlacedOrders(floor.exchange)
    for price in (99, 98, 97):
        note(placed, floor, buy(price))
    floor.sell(BOB, 3, 99)
    floor.cancel(2)

    assert [command.order_id for command in placed.cancel_all()] == [3]


def test_what_has_ended_is_forgotten_when_it_becomes_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placed_module, "PLACED_BEFORE_SORTING", 4)
    floor = TradingFloor.at(100)
    placed = PlacedOrders(floor.exchange)

    for _ in range(20):
        note(placed, floor, buy(99))
        floor.cancel(max(floor.exchange.open_orders(ALICE), key=lambda one: one.order_id).order_id)

    assert len(placed) <= 4


def test_orders_that_wait_for_a_price_are_cancelled_too_and_what_came_of_them() -> None:
    floor = TradingFloor.at(100)
    placed = PlacedOrders(floor.exchange)
    for level in (101, 105):
        trigger = Trigger(price_type=TriggerPriceType.MARK, price=e8(level * 0.5))
        command = structs.replace(buy(99), order_type=OrderType.STOP_LIMIT, trigger=trigger)
        assert note(placed, floor, command)
    floor.mark(101)

    # The first was triggered: order 3 has taken its place.
    assert floor.order(1).state is OrderState.TRIGGERED
    assert [command.order_id for command in placed.cancel_all()] == [3, 2]


def test_orders_that_came_with_another_one_are_cancelled_with_it() -> None:
    floor = TradingFloor.at(100)
    placed = PlacedOrders(floor.exchange)
    linked = Linked(type=LinkedOrderType.ONE_TRIGGERS_OTHER, others=(buy(90),))
    assert note(placed, floor, structs.replace(buy(100), linked=linked))
    floor.sell(BOB, 3, 100)

    assert floor.order(1).state is OrderState.FILLED
    assert [command.order_id for command in placed.cancel_all()] == [2]


def test_quotes_are_remembered_as_they_are_left() -> None:
    floor = TradingFloor.at(100)
    config = MmpConfig(interval_s=1, frozen_s=1, max_quote_quantity_e8=10**12, quantity_e8=10**12)
    floor.apply(SetMmp(ALICE, "btc_usdc", "wings", config))
    placed = PlacedOrders(floor.exchange)
    bid, ask = (QuoteSide(price=Ticks(price), amount=Lots(3)) for price in (99, 101))
    both = Quote(instrument_id=InstrumentId(1), bid=bid, ask=ask)
    gone = Quote(instrument_id=InstrumentId(1), ask=QuoteSide(amount=Lots(0)))

    for quote in (both, gone):
        command = MassQuote(account_id=ALICE, mmp_group="wings", quotes=(quote,))
        note(placed, floor, command)

    assert [command.order_id for command in placed.cancel_all()] == [1]
    assert not note(placed, floor, MassQuote(account_id=ALICE, mmp_group="wings", quotes=()))
