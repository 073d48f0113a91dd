from typing import Any

import pytest

from strikewire.exchange import Withdraw
from strikewire.model import Units
from strikewire.testing.exchange import ALICE, BOB, PLENTY
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-100000-C"


def venue() -> tuple[GatewayFloor, Wire, Wire]:
    floor = GatewayFloor(PERPETUAL, CALL, "BTC_USDC-PERPETUAL")
    floor.mark(PERPETUAL, 100_000.0)
    floor.mark("BTC_USDC-PERPETUAL", 100_000.0)
    floor.mark(CALL, 0.1, index=100_000.0, iv=50.0)
    return floor, floor.login(), floor.login(KEYS[BOB])


def order(price: float | None = None, amount: float = 100, **more: Any) -> dict[str, Any]:
    params = {"instrument_name": PERPETUAL, "amount": amount, **more}
    return params if price is None else {**params, "price": price}


def test_an_order_that_waits_is_answered_without_trades() -> None:
    _, alice, _ = venue()

    answer = alice.call("private/buy", **order(99_999.5, label="mine"))

    assert answer["trades"] == []
    placed = answer["order"]
    assert (placed["order_id"], placed["order_state"], placed["label"]) == ("BTC-1", "open", "mine")
    assert (placed["direction"], placed["price"], placed["amount"]) == ("buy", 99_999.5, 100.0)


def test_an_order_that_trades_is_answered_with_its_own_side_of_the_fills() -> None:
    _, alice, bob = venue()
    alice.call("private/buy", **order(99_999, amount=30))
    alice.call("private/buy", **order(99_998, amount=30))

    answer = bob.call("private/sell", **order(99_998, amount=100))

    assert [(one["price"], one["amount"], one["liquidity"]) for one in answer["trades"]] == [
        (99_999.0, 30.0, "T"),
        (99_998.0, 30.0, "T"),
    ]
    assert {one["order_id"] for one in answer["trades"]} == {"BTC-3"}
    assert (answer["order"]["filled_amount"], answer["order"]["order_state"]) == (60.0, "open")
    assert answer["order"]["average_price"] == 99_998.5


def test_who_meets_his_own_order_is_answered_about_the_new_one() -> None:
    _, alice, _ = venue()
    alice.call("private/buy", **order(99_999, amount=30))

    answer = alice.call("private/sell", **order(99_999, amount=50))

    assert (answer["order"]["order_id"], answer["order"]["direction"]) == ("BTC-2", "sell")
    assert [one["order_id"] for one in answer["trades"]] == ["BTC-2"]


def test_contracts_stand_for_an_amount() -> None:
    _, alice, _ = venue()
    params = order(99_000)
    del params["amount"]

    answer = alice.call("private/buy", contracts=3, **params)

    assert answer["order"]["amount"] == 30.0
    assert alice.fail("private/buy", contracts=3, **order(99_000))["code"] == -32602


def test_numbers_may_come_as_text() -> None:
    _, alice, _ = venue()

    answer = alice.call("private/buy", instrument_name=CALL, amount="0.3", price="0.1005")

    assert (answer["order"]["amount"], answer["order"]["price"]) == (0.3, 0.1005)


def test_a_market_order_takes_what_is_there() -> None:
    _, alice, bob = venue()
    alice.call("private/sell", **order(100_001, amount=30))

    answer = bob.call("private/buy", **order(amount=30, type="market"))

    assert (answer["order"]["order_state"], answer["order"]["price"]) == ("filled", "market_price")


def test_post_only_waits_one_tick_inside_or_is_refused() -> None:
    _, alice, bob = venue()
    alice.call("private/sell", **order(100_000))

    moved = bob.call("private/buy", **order(100_010, post_only=True, reject_post_only=False))
    refused = bob.fail("private/buy", **order(100_010, post_only=True, reject_post_only=True))

    assert (moved["order"]["price"], moved["order"]["post_only"]) == (99_999.5, True)
    assert (refused["code"], refused["message"]) == (11054, "post_only_reject")


def test_fill_or_kill_fills_or_dies() -> None:
    _, alice, bob = venue()
    alice.call("private/sell", **order(100_000, amount=30))

    killed = bob.call("private/buy", **order(100_000, amount=40, time_in_force="fill_or_kill"))
    filled = bob.call("private/buy", **order(100_000, amount=30, time_in_force="fill_or_kill"))

    assert (killed["order"]["order_state"], killed["trades"]) == ("cancelled", [])
    assert filled["order"]["order_state"] == "filled"


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        (order(99_999.3), 10043, "price"),
        (order(99_999, amount=15), 10021, "amount"),
        (order(99_999, amount=5), 10021, "amount"),
        (order(0), 10023, "price"),
        (order(99_999, instrument_name="BTC-1JAN20"), 13020, "instrument_name"),
        (order(), -32602, "price"),
        (order(99_999, type="market"), 11047, "price"),
        (order(99_999, type="stop_limit"), -32602, "trigger"),
        (order(99_999, time_in_force="good_til_friday"), -32602, "time_in_force"),
        (order(99_999, valid_until=1), 13888, "valid_until"),
        (order(99_999, trigger="index_price"), -32602, "trigger"),
        (order(99_999, trigger_price=1), -32602, "trigger_price"),
        (order(99_999, display_amount=10), 10024, "display_amount"),
        (order(99_999, display_amount=15), 10024, "display_amount"),
        (order(99_999, display_amount=0), 10024, "display_amount"),
        (order(99_999, max_show=-1), 10024, "max_show"),
        (order(99_999, max_show=0, hidden=True), -32602, "max_show"),
        (order(99_999, hidden=True, display_amount=1_000), 11047, "hidden"),
        (order(99_999, mmp=True), 11030, "mmp"),
        (order(99_999, advanced="usd"), 10033, "advanced"),
        (order(1_000_000), 10007, "price"),
        (order(99_999, amount=100_000_000), 10009, "amount"),
        (order(99_999, reduce_only=True), 11030, "reduce_only"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_code_and_the_parameter(
    params: dict[str, Any], code: int, param: str
) -> None:
    floor, alice, _ = venue()
    floor.apply(Withdraw(ALICE, "BTC", Units(PLENTY - 10**8)))  # One coin is left.

    error = alice.fail("private/buy", **params)

    assert (error["code"], error["data"]["param"]) == (code, param)
    assert floor.exchange.open_orders(ALICE) == []


def test_an_edit_changes_what_it_names_and_leaves_the_rest() -> None:
    _, alice, _ = venue()
    alice.call("private/buy", **order(99_000, label="mine"))

    by_price = alice.call("private/edit", order_id="BTC-1", price=99_500)
    by_amount = alice.call("private/edit", order_id="BTC-1", amount=50)

    assert (by_price["order"]["price"], by_price["order"]["amount"]) == (99_500.0, 100.0)
    assert (by_amount["order"]["price"], by_amount["order"]["amount"]) == (99_500.0, 50.0)
    assert (by_amount["order"]["label"], by_amount["order"]["replaced"]) == ("mine", True)


def test_an_edit_that_crosses_is_answered_with_its_fills() -> None:
    _, alice, bob = venue()
    alice.call("private/buy", **order(99_000))
    bob.call("private/sell", **order(100_000, amount=30))

    answer = alice.call("private/edit", order_id="BTC-1", price=100_000)

    assert [one["amount"] for one in answer["trades"]] == [30.0]
    assert answer["order"]["filled_amount"] == 30.0


@pytest.mark.parametrize(
    ("order_id", "code"), [("BTC-99", 10004), ("nonsense", 10004), ("BTC-2", 10029)]
)
def test_only_ones_own_orders_can_be_changed(order_id: str, code: int) -> None:
    _, alice, bob = venue()
    alice.call("private/buy", **order(99_000))
    bob.call("private/buy", **order(98_000))

    assert alice.fail("private/edit", order_id=order_id, price=99_500)["code"] == code
    assert alice.fail("private/cancel", order_id=order_id)["code"] == code


def test_a_cancelled_order_is_answered_and_cannot_be_cancelled_again() -> None:
    _, alice, _ = venue()
    alice.call("private/buy", **order(99_000))

    cancelled = alice.call("private/cancel", order_id="BTC-1")

    assert (cancelled["order_state"], cancelled["cancel_reason"]) == ("cancelled", "user_request")
    assert alice.fail("private/cancel", order_id="BTC-1")["code"] == 11044
    assert alice.fail("private/edit", order_id="BTC-1", price=99_500)["code"] == 11044


def four_orders(alice: Wire) -> None:
    alice.call("private/buy", **order(99_000, label="x"))
    alice.call("private/buy", **order(98_000))
    alice.call("private/sell", **order(0.2, amount=1, instrument_name=CALL, label="x"))
    alice.call(
        "private/buy", **order(99_000, amount=0.01, instrument_name="BTC_USDC-PERPETUAL", label="x")
    )


@pytest.mark.parametrize(
    ("method", "params", "count"),
    [
        ("private/cancel_all", {}, 4),
        ("private/cancel_all_by_instrument", {"instrument_name": PERPETUAL}, 2),
        ("private/cancel_all_by_instrument", {"instrument_name": PERPETUAL, "type": "limit"}, 2),
        ("private/cancel_all_by_instrument", {"instrument_name": PERPETUAL, "type": "stop"}, 0),
        ("private/cancel_all_by_currency", {"currency": "btc"}, 3),
        ("private/cancel_all_by_currency", {"currency": "any"}, 4),
        ("private/cancel_all_by_currency", {"currency": "BTC", "kind": "option"}, 1),
        ("private/cancel_all_by_currency", {"currency": "BTC", "kind": "any"}, 3),
        ("private/cancel_all_by_currency", {"currency": "BTC", "kind": "option_combo"}, 0),
        ("private/cancel_by_label", {"label": "x"}, 3),
        ("private/cancel_by_label", {"label": "x", "currency": "USDC"}, 1),
    ],
)
def test_many_orders_are_cancelled_at_once_and_counted(
    method: str, params: dict[str, Any], count: int
) -> None:
    floor, alice, bob = venue()
    four_orders(alice)
    bob.call("private/buy", **order(97_000))

    assert alice.call(method, **params) == count
    assert len(floor.exchange.open_orders(ALICE)) == 4 - count
    assert len(floor.exchange.open_orders(BOB)) == 1


def test_the_cancelled_orders_can_be_listed_by_instrument() -> None:
    _, alice, _ = venue()
    four_orders(alice)

    groups = alice.call("private/cancel_all", detailed=True)

    assert [(one["instrument_name"], one["currency"], len(one["result"])) for one in groups] == [
        (PERPETUAL, "BTC", 2),
        (CALL, "BTC", 1),
        ("BTC_USDC-PERPETUAL", "USDC", 1),
    ]
    assert (
        alice.call(
            "private/cancel_all_by_instrument",
            instrument_name=PERPETUAL,
            type="stop",
            detailed=True,
        )
        == []
    )


@pytest.mark.parametrize("said", [{"hidden": True}, {"max_show": 0}])
def test_a_hidden_order_is_known_to_its_owner_alone(said: dict[str, Any]) -> None:
    _, alice, bob = venue()

    placed = alice.call("private/sell", **order(100_000, amount=30, **said))["order"]

    assert placed["hidden"] is True
    assert "display_amount" not in placed
    book = bob.call("public/get_order_book", instrument_name=PERPETUAL)
    assert (book["asks"], book["best_ask_price"]) == ([], 0.0)
    trades = bob.call("private/buy", **order(100_000, amount=10))["trades"]
    assert [(trade["price"], trade["amount"]) for trade in trades] == [(100_000.0, 10.0)]


def test_the_most_that_is_shown_may_be_said_as_before() -> None:
    _, alice, _ = venue()

    iceberg = alice.call("private/sell", **order(100_000, amount=5_000, max_show=1_000))["order"]
    whole = alice.call("private/sell", **order(100_000, amount=30, max_show=30))["order"]

    assert iceberg["refresh_amount"] == 1_000.0
    assert "refresh_amount" not in whole


def test_an_iceberg_shows_its_owner_what_it_shows() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    wire = floor.login(KEYS[ALICE])

    placed = wire.call(
        "private/sell", instrument_name=PERPETUAL, amount=5_000, price=100_000, display_amount=1_000
    )["order"]
    edited = wire.call("private/edit", order_id=placed["order_id"], display_amount=2_000)["order"]
    plain = wire.call("private/sell", instrument_name=PERPETUAL, amount=10, price=100_001)["order"]

    assert (placed["display_amount"], placed["refresh_amount"]) == (1_000.0, 1_000.0)
    assert (edited["display_amount"], edited["refresh_amount"]) == (2_000.0, 2_000.0)
    assert "display_amount" not in plain
    book = wire.call("public/get_order_book", instrument_name=PERPETUAL)
    assert book["asks"] == [[100_000.0, 2_000.0], [100_001.0, 10.0]]


def test_an_edit_that_would_take_and_must_not_be_moved_ends_its_order() -> None:
    _, alice, bob = venue()
    alice.call("private/sell", **order(100_000, amount=30))
    placed = bob.call("private/buy", **order(99_000, amount=10, post_only=True))["order"]

    edited = bob.call(
        "private/edit", order_id=placed["order_id"], price=100_000, reject_post_only=True
    )

    assert edited["trades"] == []
    assert edited["order"]["order_state"] == "cancelled"
    assert edited["order"]["cancel_reason"] == "edit_post_only_reject"
