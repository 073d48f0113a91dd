from typing import Any

import pytest

from strikewire.exchange.commands import OrderType, TimeInForce
from strikewire.exchange.events import OrderState
from strikewire.exchange.state import orders
from strikewire.model import Side
from tests.twins import interpreted

(plain,) = interpreted("strikewire.exchange.state", "orders")


@pytest.fixture(params=[orders.Order, plain.Order], ids=["as imported", "plain"])
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


def order(make: Any, **fields: object) -> Any:
    return make(
        **{
            "order_id": 7,
            "account_id": 1,
            "instrument_id": 2,
            "side": Side.SELL,
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "price": 100,
            "amount": 9,
            "created_ns": 5,
            "updated_ns": 6,
        }
        | fields
    )


def test_an_order_is_told_as_it_is(make: Any) -> None:
    told = order(make, filled=4, filled_value=400, fee=-1, label="a").view()

    assert (told.order_id, told.account_id, told.instrument_id) == (7, 1, 2)
    assert (told.side, told.price, told.amount, told.filled) == (Side.SELL, 100, 9, 4)
    assert (told.filled_value, told.fee, told.label) == (400, -1, "a")
    assert (told.state, told.created_ns, told.updated_ns) == (OrderState.OPEN, 5, 6)


def test_a_market_order_has_no_price(make: Any) -> None:
    assert order(make, order_type=OrderType.MARKET, price=None).price is None


def test_an_iceberg_shows_a_part_of_what_is_left(make: Any) -> None:
    one = order(make, refresh_amount=3, filled=7)

    one.show()

    assert (one.remaining, one.visible, one.is_iceberg) == (2, 2, True)


@pytest.mark.parametrize("reason", ["user_request", "in words that nobody else uses", ""])
def test_a_reason_is_kept_whatever_it_is(make: Any, reason: str) -> None:
    one = order(make)
    one.cancel_reason = reason

    assert make.restored(one.view()).cancel_reason == reason
