import pytest

from strikewire.exchange import CancelOrder, Command, PlaceOrder, TimeInForce
from strikewire.gateway import placed as placed_module
from strikewire.gateway.placed import PlacedOrders
from strikewire.model import InstrumentId, Lots, OrderId, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


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
