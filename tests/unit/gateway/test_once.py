from typing import Any

import pytest

from strikewire.api import METHODS, ApiError
from strikewire.api.repeatable import Repeatable
from strikewire.api.trading import CancelAll
from strikewire.exchange import CancelOrders
from strikewire.gateway.desk import Call, Plan
from strikewire.gateway.dispatch import PLANNERS
from strikewire.gateway.once import once
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"


def venue() -> tuple[GatewayFloor, Wire]:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    return floor, floor.login()


def order(key: str = "key", **more: Any) -> dict[str, Any]:
    params = {"instrument_name": PERPETUAL, "amount": 100, "price": 99_000}
    return {**params, "idempotency_key": key, **more}


def open_ids(wire: Wire) -> list[str]:
    return [one["order_id"] for one in wire.call("private/get_open_orders")]


def test_every_method_that_becomes_a_command_takes_a_key() -> None:
    for name in PLANNERS:
        assert issubclass(METHODS[name].request, Repeatable), name


def test_a_request_that_comes_again_gets_the_answer_of_the_first() -> None:
    _, alice = venue()
    first = alice.call("private/buy", **order())

    again = alice.call("private/buy", **order())

    assert again == first
    assert open_ids(alice) == ["BTC-1"]


def test_it_may_come_on_another_connection_and_while_the_first_is_in_flight() -> None:
    floor, alice = venue()
    other = floor.login()
    first, second = alice.send("private/buy", order()), other.send("private/buy", order())

    floor.commit()

    assert alice.answer(first)["result"] == other.answer(second)["result"]
    assert open_ids(alice) == ["BTC-1"]


def test_the_answer_is_that_of_the_first_time_whatever_happened_since() -> None:
    floor, alice = venue()
    first = alice.call("private/buy", **order())
    floor.login(KEYS[BOB]).call("private/sell", **order(amount=40))

    again = alice.call("private/buy", **order())

    assert again == first
    assert again["order"]["filled_amount"] == 0.0


def test_a_refusal_is_repeated_too() -> None:
    _, alice = venue()
    first = alice.fail("private/cancel", order_id="BTC-1", idempotency_key="key")
    alice.call("private/buy", **order("other"))

    again = alice.fail("private/cancel", order_id="BTC-1", idempotency_key="key")

    assert again == first
    assert open_ids(alice) == ["BTC-1"]


def test_another_request_under_the_same_key_is_refused() -> None:
    _, alice = venue()
    alice.call("private/buy", **order())

    error = alice.fail("private/buy", **order(amount=200))

    assert error["code"] == 11029
    assert error["data"] == {"reason": "used_for_another_request", "param": "idempotency_key"}
    assert open_ids(alice) == ["BTC-1"]


def test_a_count_of_cancelled_orders_is_repeated() -> None:
    _, alice = venue()
    alice.call("private/buy", **order("a", label="mine"))
    alice.call("private/buy", **order("b", label="mine"))
    assert alice.call("private/cancel_by_label", label="mine", idempotency_key="c") == 2

    assert alice.call("private/cancel_by_label", label="mine", idempotency_key="c") == 2
    assert alice.call("private/cancel_by_label", label="mine", idempotency_key="d") == 0


def test_a_subaccount_is_created_once() -> None:
    _, alice = venue()
    first = alice.call("private/create_subaccount", idempotency_key="key")

    assert alice.call("private/create_subaccount", idempotency_key="key") == first
    assert len(alice.call("private/get_subaccounts")) == 2


def test_what_was_repeated_is_not_told_again() -> None:
    _, alice = venue()
    alice.call("private/subscribe", channels=["user.orders.any.any.raw"])
    alice.call("private/buy", **order())
    alice.call("private/buy", **order())

    assert len(alice.told("user.orders.any.any.raw")) == 1


def test_an_order_whose_answer_came_again_is_cancelled_with_that_connection() -> None:
    floor, alice = venue()
    alice.call("private/buy", **order())
    other = floor.login()
    other.call("private/enable_cancel_on_disconnect", scope="connection")
    other.call("private/buy", **order())

    other.close()
    floor.commit()

    assert open_ids(alice) == []


def test_portfolio_margin_is_judged_behind_a_key() -> None:
    _, alice = venue()
    alice.call("private/change_margin_model", margin_model="segregated_pm", idempotency_key="a")

    assert alice.call("private/buy", **order())["order"]["order_state"] == "open"


@pytest.mark.parametrize("key", ["", "k" * 65, 7])
def test_a_key_that_is_none_is_refused(key: object) -> None:
    _, alice = venue()

    error = alice.fail("private/buy", **{**order(), "idempotency_key": key})

    assert (error["code"], error["data"]["param"]) == (-32602, "idempotency_key")


def test_several_commands_have_no_key_together() -> None:
    floor, alice = venue()
    caller = floor.gateway._sessions[alice.connection_id].caller
    call = Call(now_ns=0, caller=caller, grant=caller.grant, method=METHODS["private/cancel_all"])
    plan = Plan([CancelOrders(ALICE), CancelOrders(ALICE)], lambda _: None)

    with pytest.raises(ApiError, match="idempotency_key"):
        once(call, CancelAll(idempotency_key="key"), plan)
