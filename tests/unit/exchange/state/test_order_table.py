from types import SimpleNamespace
from typing import Any

import pytest

from strikewire.exchange.commands import OrderType, TimeInForce
from strikewire.exchange.events import OrderState
from strikewire.exchange.state import order_table, orders
from strikewire.model import Side
from tests.twins import interpreted

plain_orders, plain_table = interpreted("strikewire.exchange.state", "orders", "order_table")
TWINS = [
    SimpleNamespace(
        Order=kind.Order,
        OrderList=table.OrderList,
        OrderTable=table.OrderTable,
        ClosedOrders=table.ClosedOrders,
    )
    for table, kind in ((order_table, orders), (plain_table, plain_orders))
]


@pytest.fixture(params=TWINS, ids=["as imported", "plain"])
def twin(request: pytest.FixtureRequest) -> Any:
    return request.param


def ended(twin: Any, order_id: int, **fields: object) -> Any:
    order = twin.Order(
        order_id=order_id,
        account_id=1,
        instrument_id=1,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=100,
        amount=3,
        created_ns=1,
        updated_ns=2,
        **fields,
    )
    order.state = OrderState.CANCELLED
    return order


def test_an_ended_order_is_told_as_it_was(twin: Any) -> None:
    table, closed = twin.OrderTable(), twin.ClosedOrders(5)
    one = ended(twin, 1, label="mine", filled=2, refresh_amount=1)
    one.cancel_reason = "user_request"
    table.put(one)
    told = one.view()

    table.archive(closed, one)
    one.amount = 99

    assert table.closed(1) == told
    assert list(closed) == [told]
    assert table.get(1) is None


def test_the_oldest_is_found_no_longer(twin: Any) -> None:
    table, closed = twin.OrderTable(), twin.ClosedOrders(2)

    for order_id in (1, 2_000, 3):
        table.archive(closed, ended(twin, order_id))

    assert [one.order_id for one in closed] == [2_000, 3]
    assert table.closed(1) is None
    assert table.closed(2_000) is not None


def test_views_and_orders_stand_in_one_ring(twin: Any) -> None:
    table, closed = twin.OrderTable(), twin.ClosedOrders(2)
    views = [ended(twin, order_id).view() for order_id in (1, 3)]

    table.archive(closed, views[0])
    table.archive(closed, ended(twin, 2))
    table.archive(closed, views[1])

    assert [one.order_id for one in closed] == [2, 3]
    assert table.closed(1) is None
    assert table.closed(3) == views[1]


@pytest.mark.parametrize("order_id", [0, -1, 1 << 40, 1 << 80, -(1 << 80)])
def test_no_order_has_a_strange_id(twin: Any, order_id: int) -> None:
    table = twin.OrderTable()
    table.put(ended(twin, 1))

    assert table.get(order_id) is None
    assert table.closed(order_id) is None


def test_an_owner_finds_orders_as_they_came(twin: Any) -> None:
    owned = twin.OrderList()
    first, second, third = (ended(twin, order_id) for order_id in (3, 1, 2))
    for one in (first, second, third):
        owned.add(one)

    owned.remove(second)
    owned.add(second)

    assert [one.order_id for one in owned] == [3, 2, 1]
    assert len(owned) == 3
