import json
from typing import Any

import pytest
from msgspec import Raw

from strikewire.api import ApiError, ErrorCode
from strikewire.exchange import CancelOrder, EditOrder, PlaceOrder
from strikewire.gateway import Limits
from strikewire.gateway.limits import Rate
from strikewire.gateway.steps import Called
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
LOGIN = {
    "grant_type": "client_credentials",
    "client_id": "alice",
    "client_secret": "alices-secret",
}


def perpetual(**more: Any) -> GatewayFloor:
    floor = GatewayFloor(PERPETUAL, **more)
    floor.mark(PERPETUAL, 100_000.0)
    return floor


def order(price: float, amount: float = 10) -> dict[str, Any]:
    return {"instrument_name": PERPETUAL, "amount": amount, "price": price}


def ids(wire: Wire) -> list[Any]:
    """Return the ids of the answers in the order in which they came."""
    return [message["id"] for message in wire.inbox if "id" in message]


# Order


def test_requests_sent_without_waiting_are_answered_in_their_order() -> None:
    floor = perpetual()
    wire = floor.connect()

    sent = [
        wire.send("public/auth", LOGIN),
        wire.send("private/subscribe", {"channels": ["user.orders.any.any.raw"]}),
        wire.send("private/buy", order(99_000)),
        wire.send("public/nothing"),
        wire.send("private/buy", order(98_000)),
        wire.send("private/get_open_orders", {}),
        wire.send("public/test"),
    ]
    floor.commit()

    assert ids(wire) == sent
    assert len(wire.answer(sent[5])["result"]) == 2


def test_orders_are_in_flight_together() -> None:
    floor = perpetual()
    wire = floor.login()

    for price in (99_000, 98_000, 97_000):
        wire.send("private/buy", order(price))

    assert [type(one.command) for one in floor.submitted] == [PlaceOrder] * 3
    assert len(wire.inbox) == 1


def test_anything_else_waits_for_what_is_in_flight() -> None:
    floor = perpetual()
    wire = floor.login()
    wire.send("private/buy", order(99_000))
    reading = wire.send("private/get_open_orders", {})
    wire.send("private/buy", order(98_000))
    waiting = len(floor.submitted)

    floor.commit()

    assert waiting == 1
    (seen,) = wire.answer(reading)["result"]
    assert seen["price"] == 99_000.0
    assert len(floor.exchange.open_orders(ALICE)) == 2


def test_an_error_does_not_overtake_what_is_in_flight() -> None:
    floor = perpetual()
    wire = floor.login()

    first = wire.send("private/buy", order(99_000))
    second = wire.send("private/buy", order(99_000.3))
    third = wire.send("no/method")
    before = ids(wire)
    floor.commit()

    assert before == [1]
    assert ids(wire) == [1, first, second, third]
    assert wire.answer(second)["error"]["code"] == 10043


def test_an_edit_of_an_order_that_is_still_in_flight_waits_for_it() -> None:
    floor = perpetual()
    wire = floor.login()

    wire.send("private/buy", order(99_000))
    edit = wire.send("private/edit", {"order_id": "BTC-1", "price": 99_500})
    assert len(floor.submitted) == 1
    floor.commit()

    assert wire.answer(edit)["result"]["order"]["price"] == 99_500.0
    assert isinstance(floor.journal[-1], EditOrder)


def test_edits_of_orders_that_are_there_are_in_flight_together() -> None:
    floor = perpetual()
    wire = floor.login()
    for price in (99_000, 98_000):
        wire.call("private/buy", **order(price))

    for number in (1, 2):
        wire.send("private/edit", {"order_id": f"BTC-{number}", "amount": 30})

    assert [type(one.command) for one in floor.submitted] == [EditOrder] * 2


def test_several_commands_of_one_request_are_answered_once() -> None:
    floor = perpetual()
    wire = floor.login()
    for price in (99_000, 98_000, 97_000):
        wire.call("private/buy", label="mine", **order(price))
    wire.call("private/buy", **order(96_000))

    assert wire.call("private/cancel_by_label", label="mine") == 3
    assert wire.call("private/cancel_by_label", label="mine") == 0


# Envelope


@pytest.mark.parametrize("request_id", [7, "101", "auth_DERIBIT.ws.1", None, -3])
def test_an_id_comes_back_as_it_was(request_id: object) -> None:
    wire = GatewayFloor().connect()

    wire.send_text(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "public/test"}))

    assert wire.inbox[0]["id"] == request_id
    assert type(wire.inbox[0]["id"]) is type(request_id)


def test_an_answer_says_how_long_it_took() -> None:
    floor = perpetual()
    wire = floor.login()
    sent = wire.send("private/buy", order(99_000))
    floor.now_ns += 1_234_567

    floor.commit()

    answer = wire.answer(sent)
    assert (answer["usIn"], answer["usOut"]) == (1_767_225_600_000_000, 1_767_225_600_001_234)
    assert answer["usDiff"] == 1_234
    assert answer["testnet"] is True


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", -32700),
        ("{", -32700),
        (b"\xff\xfe{}", -32700),
        ("[" * 20_000, -32700),
        ("[]", -32600),
        ('"public/test"', -32600),
        ('{"id": 0}', -32600),
        ('{"id": 0, "method": 7}', -32600),
        ('{"id": 0, "method": "public/ticker"}', -32602),
        ('{"id": 0, "method": "public/ticker", "params": []}', -32602),
        ('{"id": 0, "method": "public/ticker", "params": {"instrument_name": 5}}', -32602),
        ('{"id": 0, "method": "public/ticker", "params": {"instrument_name": "BTC-0"}}', 13020),
        ('{"id": 0, "method": "public/nothing"}', -32601),
        ('{"id": 0, "method": "private/buy"}', 13009),
        ('{"id": 0, "method": "public/test", "params": "' + "x" * 33_000 + '"}', -32600),
    ],
)
def test_bad_input_is_an_error_and_the_connection_lives(text: str | bytes, code: int) -> None:
    wire = GatewayFloor().connect()

    wire.send_text(text)

    assert [message["error"]["code"] for message in wire.inbox] == [code]
    assert wire.closed is None
    assert wire.call("public/test") == {"version": "9.9.9"}


def test_a_request_too_large_is_answered_without_an_id() -> None:
    wire = GatewayFloor().connect()

    wire.send_text('{"id": 0, "method": "public/test", "x": "' + "x" * 32_768 + '"}')

    assert wire.inbox[0]["error"]["message"] == "request entity too large"
    assert "id" not in wire.inbox[0]


def test_bad_input_changes_nothing() -> None:
    floor = perpetual()
    wire = floor.login()
    before = floor.exchange.state_hash()

    for params in (
        order(99_000.3),
        order(99_000, amount=15),
        order(99_000, amount=5),
        order(-1),
        {**order(99_000), "instrument_name": "BTC-1JAN20"},
        {**order(99_000), "type": "stop_limit"},
        {**order(99_000), "time_in_force": "good_til_friday"},
        {**order(99_000), "trigger": "mark_price"},
        {**order(99_000), "label": "x" * 65},
        {**order(99_000), "type": "market"},
        {"instrument_name": PERPETUAL, "amount": 10},
        {"instrument_name": PERPETUAL, "price": 99_000},
        {**order(99_000), "amount": 1e300},
    ):
        wire.fail("private/buy", **params)

    assert floor.exchange.state_hash() == before


# Limits


def test_out_of_credits_is_the_last_answer_of_a_connection() -> None:
    floor = perpetual(rates={"non_matching": Rate(1, 2, 1)})
    wire = floor.connect()

    for _ in range(4):
        wire.send("public/get_time")

    assert ids(wire) == [1, 2, 3]
    assert wire.answer(3)["error"]["code"] == 10028
    assert wire.closed == (1008, "too many requests")


def test_orders_in_flight_are_still_answered_when_the_credits_run_out() -> None:
    floor = perpetual(rates={"matching": Rate(1, 1, 1)})
    wire = floor.login()
    first = wire.send("private/buy", order(99_000))
    second = wire.send("private/buy", order(98_000))
    third = wire.send("private/buy", order(97_000))
    assert wire.closed is None

    floor.commit()

    assert ids(wire) == [1, first, second]
    assert third not in ids(wire)
    assert wire.closed == (1008, "too many requests")
    assert len(floor.exchange.open_orders(ALICE)) == 1


def test_over_rest_running_out_of_credits_costs_one_request() -> None:
    floor = perpetual(rates={"non_matching": Rate(1, 1, 1)})

    answers = [floor.rest(Called(method="public/get_time")) for _ in range(2)]

    assert "result" in answers[0]
    assert answers[1]["error"]["code"] == 10028


def test_who_asks_faster_than_it_is_answered_is_read_no_more_until_half_is_answered() -> None:
    floor = perpetual(limits=Limits(requests_waiting_max=4))
    wire = floor.login()

    for number in range(4):
        assert wire.is_reading
        wire.send("private/buy", order(99_000 - number))
    assert not wire.is_reading
    floor.commit()

    assert wire.is_reading
    assert len(ids(wire)) == 5


# The sequencer


def test_a_command_that_is_not_taken_is_answered_in_its_turn() -> None:
    floor = perpetual()
    wire = floor.login()
    first = wire.send("private/buy", order(99_000))
    second = wire.send("private/buy", order(98_000))
    refused = floor.submitted.pop()

    error = ApiError(ErrorCode.MATCHING_ENGINE_QUEUE_FULL)
    floor.act(floor.gateway.refused(floor.now_ns, refused, error))
    before = ids(wire)
    floor.commit()

    assert before == [1]
    assert ids(wire) == [1, first, second]
    assert wire.answer(second)["error"]["code"] == 10047


# Heartbeat


def test_a_silent_client_is_asked_for_a_sign_of_life_and_then_closed() -> None:
    floor = GatewayFloor()
    wire = floor.connect()
    wire.call("public/set_heartbeat", interval=10)

    floor.tick(100)
    asked = [message["params"]["type"] for message in wire.inbox if "params" in message]
    floor.tick(100)

    assert asked == ["test_request"]
    assert wire.closed == (4000, "heartbeat close")
    wire.send("public/test")
    assert ids(wire) == [1]


def test_who_answers_lives() -> None:
    floor = GatewayFloor()
    wire = floor.connect()
    wire.call("public/set_heartbeat", interval=10)

    for _ in range(5):
        floor.tick(100)
        wire.call("public/test")

    assert wire.closed is None
    assert [m["params"]["type"] for m in wire.inbox if m.get("method") == "heartbeat"] == [
        "test_request",
        "heartbeat",
        "heartbeat",
        "heartbeat",
        "heartbeat",
    ]


def test_disabled_heartbeats_ask_for_nothing() -> None:
    floor = GatewayFloor()
    wire = floor.connect()
    wire.call("public/set_heartbeat", interval=10)
    wire.call("public/disable_heartbeat")

    floor.tick(1_000)

    assert wire.closed is None
    assert len(wire.inbox) == 2


# Losing the connection


def protected(floor: GatewayFloor) -> Wire:
    wire = floor.login()
    wire.call("private/enable_cancel_on_disconnect")
    return wire


def test_a_lost_connection_cancels_the_orders_it_placed_and_no_others() -> None:
    floor = perpetual()
    other = floor.login()
    other.call("private/buy", **order(90_000))
    wire = protected(floor)
    wire.call("private/buy", **order(99_000))
    wire.call("private/sell", **order(101_000))

    wire.close()
    floor.commit()

    (left,) = floor.exchange.open_orders(ALICE)
    assert left.price == 180_000
    assert floor.exchange.closed_orders(ALICE)[-1].cancel_reason == "cancel_on_disconnect"


def test_orders_still_in_flight_when_the_connection_is_lost_are_cancelled_too() -> None:
    floor = perpetual()
    wire = protected(floor)
    wire.send("private/buy", order(99_000))
    wire.send("private/buy", order(98_000))

    wire.close()
    floor.commit()

    assert floor.exchange.open_orders(ALICE) == []
    assert [type(command) for command in floor.journal[-4:]] == [PlaceOrder] * 2 + [CancelOrder] * 2


def test_requests_that_waited_behind_a_lost_connection_are_never_begun() -> None:
    floor = perpetual()
    wire = floor.login()
    wire.send("private/buy", order(99_000))
    wire.send("public/test")
    wire.send("private/buy", order(98_000))

    wire.close()
    floor.commit()

    assert len(floor.exchange.open_orders(ALICE)) == 1


def test_without_the_protection_orders_stay() -> None:
    floor = perpetual()
    wire = protected(floor)
    wire.call("private/buy", **order(99_000))
    wire.call("private/disable_cancel_on_disconnect")

    wire.close()
    floor.commit()

    assert len(floor.exchange.open_orders(ALICE)) == 1


def test_a_logout_cancels_nothing() -> None:
    floor = perpetual()
    wire = protected(floor)
    wire.call("private/buy", **order(99_000))

    wire.send("private/logout")
    assert wire.closed == (1000, "logout")
    wire.close()
    floor.commit()

    assert len(floor.exchange.open_orders(ALICE)) == 1


def test_a_client_that_missed_its_heartbeat_loses_its_orders() -> None:
    floor = perpetual()
    wire = protected(floor)
    wire.call("private/buy", **order(99_000))
    wire.call("public/set_heartbeat", interval=10)

    floor.tick(200)
    assert wire.closed == (4000, "heartbeat close")
    wire.close()
    floor.commit()

    assert floor.exchange.open_orders(ALICE) == []


def test_orders_are_cancelled_for_the_account_that_placed_them() -> None:
    floor = perpetual()
    wire = protected(floor)
    wire.call("private/buy", **order(99_000))
    wire.call("public/auth", **{**LOGIN, "client_id": "bob", "client_secret": "bobs-secret"})
    wire.call("private/buy", **order(98_000))

    wire.close()
    floor.commit()

    assert floor.exchange.open_orders(ALICE) == []
    assert floor.exchange.open_orders(BOB) == []


def test_cancels_that_are_owed_are_tried_again() -> None:
    floor = perpetual()
    wire = protected(floor)
    wire.call("private/buy", **order(99_000))
    wire.close()
    refused = floor.submitted.popleft()

    error = ApiError(ErrorCode.MATCHING_ENGINE_QUEUE_FULL)
    floor.act(floor.gateway.refused(floor.now_ns, refused, error))
    floor.tick()
    floor.commit()

    assert floor.exchange.open_orders(ALICE) == []


def test_the_token_of_a_lost_connection_is_worth_nothing() -> None:
    floor = GatewayFloor()
    wire = floor.login(KEYS[ALICE])
    token = wire.inbox[0]["result"]["refresh_token"]
    wire.close()

    error = floor.connect().fail("public/auth", grant_type="refresh_token", refresh_token=token)

    assert error["code"] == 13004


# REST


def test_a_rest_call_is_a_conversation_of_one_request() -> None:
    floor = perpetual()

    answer = floor.rest(
        Called(
            method="private/buy",
            id="x",
            params=Raw(json.dumps(order(99_000)).encode()),
            grant=floor.desk.authenticator.by_header(
                floor.now_ns, "Basic YWxpY2U6YWxpY2VzLXNlY3JldA==", verb="GET", uri="/", body=b""
            ),
        )
    )

    assert answer["id"] == "x"
    assert answer["result"]["order"]["order_id"] == "BTC-1"
    assert floor.gateway._rest_waiting == 0
