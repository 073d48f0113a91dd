"""Trigger orders from the point of view of their owner's connection."""

from typing import Any

import pytest

from strikewire.testing.exchange import BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-100000-C"


def venue() -> tuple[GatewayFloor, Wire, Wire]:
    floor = GatewayFloor(PERPETUAL, CALL)
    floor.mark(PERPETUAL, 100_000.0)
    floor.mark(CALL, 0.1, index=100_000.0, iv=50.0)
    return floor, floor.login(), floor.login(KEYS[BOB])


def stop(level: float, **more: Any) -> dict[str, Any]:
    usual = {"instrument_name": PERPETUAL, "amount": 100, "type": "stop_market"}
    return {**usual, "trigger": "mark_price", "trigger_price": level, **more}


def trailing(offset: float) -> dict[str, Any]:
    usual = {"instrument_name": PERPETUAL, "amount": 100, "type": "trailing_stop"}
    return {**usual, "trigger": "mark_price", "trigger_offset": offset}


def test_a_stop_is_answered_as_untriggered() -> None:
    _, alice, _ = venue()

    answer = alice.call("private/sell", **stop(99_000, label="out", reduce_only=True))

    assert answer["trades"] == []
    placed = answer["order"]
    assert (placed["order_state"], placed["order_type"]) == ("untriggered", "stop_market")
    assert (placed["trigger"], placed["trigger_price"], placed["triggered"]) == (
        "mark_price",
        99_000.0,
        False,
    )
    assert (placed["price"], placed["label"], placed["reduce_only"]) == (
        "market_price",
        "out",
        True,
    )
    assert "trigger_offset" not in placed
    assert "trigger_order_id" not in placed


def test_a_trailing_stop_shows_where_it_stands() -> None:
    floor, alice, _ = venue()
    placed = alice.call("private/sell", **trailing(500))["order"]
    assert (placed["trigger_price"], placed["trigger_reference_price"]) == (99_500.0, 100_000.0)

    floor.mark(PERPETUAL, 101_000.0)

    moved = alice.call("private/get_order_state", order_id=placed["order_id"])
    assert (moved["trigger_price"], moved["trigger_offset"]) == (100_500.0, 500.0)


def test_its_owner_hears_of_every_turn_in_its_life() -> None:
    floor, alice, bob = venue()
    bob.call("private/buy", instrument_name=PERPETUAL, amount=40, price=98_000)
    alice.call("private/subscribe", channels=["user.orders.any.any.raw"])

    alice.call(
        "private/sell",
        **stop(99_000, type="stop_limit", price=97_000, time_in_force="immediate_or_cancel"),
    )
    floor.mark(PERPETUAL, 98_900.0)

    heard = alice.told("user.orders.any.any.raw")
    assert [(one["order_id"], one["order_state"], one.get("triggered")) for one in heard] == [
        ("BTC-2", "untriggered", False),
        ("BTC-2", "triggered", True),
        ("BTC-3", "cancelled", True),
    ]
    assert (heard[2]["filled_amount"], heard[2]["trigger_order_id"]) == (40.0, "BTC-2")


def test_one_that_is_refused_when_its_turn_comes_says_why() -> None:
    floor, alice, _ = venue()
    order_id = alice.call("private/sell", **stop(99_000, reduce_only=True))["order"]["order_id"]

    floor.mark(PERPETUAL, 98_900.0)

    ended = alice.call("private/get_order_state", order_id=order_id)
    assert (ended["order_state"], ended["reject_reason"]) == ("rejected", "reduce_only")


def test_an_edit_moves_the_trigger() -> None:
    _, alice, _ = venue()
    stopped = alice.call("private/sell", **stop(99_000))["order"]["order_id"]
    trailed = alice.call("private/sell", **trailing(500))["order"]["order_id"]

    one = alice.call("private/edit", order_id=stopped, trigger_price=98_000, amount=50)
    other = alice.call("private/edit", order_id=trailed, trigger_offset=400.0, amount=100)

    assert (one["order"]["trigger_price"], one["order"]["amount"]) == (98_000.0, 50.0)
    assert (other["order"]["trigger_price"], other["order"]["replaced"]) == (99_600.0, True)


def test_filters_choose_by_type() -> None:
    _, alice, _ = venue()
    alice.call("private/buy", instrument_name=PERPETUAL, amount=40, price=98_000)
    alice.call("private/sell", **stop(99_000))
    alice.call("private/sell", **stop(101_000, type="take_market"))
    alice.call("private/sell", **trailing(500))

    def listed(word: str | None) -> list[str]:
        more = {} if word is None else {"type": word}
        orders = alice.call(
            "private/get_open_orders_by_instrument", instrument_name=PERPETUAL, **more
        )
        return [one["order_type"] for one in orders]

    assert listed(None) == listed("all") == ["limit", "stop_market", "take_market", "trailing_stop"]
    assert listed("limit") == ["limit"]
    assert listed("trigger_all") == ["stop_market", "take_market", "trailing_stop"]
    assert listed("stop_all") == listed("stop_market") == ["stop_market"]
    assert listed("take_limit") == []
    assert listed("trailing_stop") == listed("trailing_all") == ["trailing_stop"]


def test_cancels_choose_by_type() -> None:
    _, alice, _ = venue()
    alice.call("private/buy", instrument_name=PERPETUAL, amount=40, price=98_000, label="mine")
    alice.call("private/sell", **stop(99_000, label="mine"))
    alice.call("private/sell", **stop(101_000, type="take_market"))
    alice.call("private/sell", **trailing(500))

    taken = alice.call(
        "private/cancel_all_by_instrument", instrument_name=PERPETUAL, type="take", detailed=True
    )
    assert [(group["type"], len(group["result"])) for group in taken] == [("trigger", 1)]
    assert alice.call("private/cancel_all_by_currency", currency="BTC", type="trailing_stop") == 1
    assert alice.call("private/cancel_by_label", label="mine") == 2
    assert alice.call("private/get_open_orders") == []


def test_the_history_tells_what_became_of_each_newest_first_and_page_by_page() -> None:
    floor, alice, bob = venue()
    bob.call("private/buy", instrument_name=PERPETUAL, amount=100, price=98_000)
    filled = alice.call("private/sell", **stop(99_000))["order"]["order_id"]
    alice.call("private/buy", **stop(97_500, type="take_market", reduce_only=True))
    alice.call("private/sell", **trailing(5_000))
    floor.mark(PERPETUAL, 98_500.0)
    alice.call("private/cancel_all", detailed=False)

    first = alice.call("private/get_trigger_order_history", currency="BTC", count=2)
    rest = alice.call(
        "private/get_trigger_order_history",
        currency="BTC",
        instrument_name=PERPETUAL,
        continuation=first["continuation"],
    )

    assert [one["order_state"] for one in first["entries"]] == ["cancelled", "cancelled"]
    assert [one["request"] for one in first["entries"]] == ["cancel", "cancel"]
    (entry,) = rest["entries"]
    assert "continuation" not in rest
    assert (entry["trigger_order_id"], entry["order_id"]) == (filled, "BTC-5")
    assert (entry["order_state"], entry["request"]) == ("triggered", "trigger:order")
    assert (entry["order_type"], entry["price"], entry["direction"]) == (
        "market",
        "market_price",
        "sell",
    )
    assert bob.call("private/get_trigger_order_history", currency="any")["entries"] == []


def test_a_market_limit_order_shows_what_it_was() -> None:
    _, alice, bob = venue()
    bob.call("private/sell", instrument_name=PERPETUAL, amount=40, price=100_010)

    answer = alice.call("private/buy", instrument_name=PERPETUAL, amount=100, type="market_limit")

    order = answer["order"]
    assert (order["order_type"], order["original_order_type"]) == ("limit", "market_limit")
    assert (order["price"], order["filled_amount"], order["order_state"]) == (
        100_010.0,
        40.0,
        "open",
    )


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        (stop(99_000.3), 10044, "trigger_price"),
        (stop(99_000.000000001), 10044, "trigger_price"),
        (stop(101_000), 11036, "trigger_price"),
        (stop(-1), 10035, "trigger_price"),
        (stop(99_000, trigger_offset=5), 11029, "trigger_offset"),
        (stop(99_000, price=98_000), 11047, "price"),
        (stop(99_000, post_only=True), 11047, "post_only"),
        (trailing(100_000), 11036, "trigger_offset"),
    ],
)
def test_what_cannot_wait_is_refused_with_a_code_and_the_parameter(
    params: dict[str, Any], code: int, param: str
) -> None:
    _, alice, _ = venue()

    error = alice.fail("private/sell", **params)

    assert (error["code"], error["data"]["param"]) == (code, param)


def bracket(**more: Any) -> dict[str, Any]:
    """Return an order to buy at 99 000, to sell at 101 000 or once the mark is at 98 000."""
    profit = {"type": "limit", "price": 101_000, "reduce_only": True}
    loss = {"type": "stop_market", "trigger": "mark_price", "trigger_price": 98_000}
    return {
        "instrument_name": PERPETUAL,
        "amount": 100,
        "price": 99_000,
        "linked_order_type": "one_triggers_one_cancels_other",
        "otoco_config": [profit, loss],
        **more,
    }


def test_the_orders_of_a_bracket_know_each_other() -> None:
    _, alice, _ = venue()

    placed = alice.call("private/buy", **bracket())["order"]
    others = alice.call("private/get_open_orders")[1:]

    assert (placed["order_id"], placed["order_state"]) == ("BTC-1", "open")
    assert (placed["oto_order_ids"], placed["is_primary_otoco"]) == (["BTC-2", "BTC-3"], True)
    assert placed["trigger_fill_condition"] == "first_hit"
    assert [one["order_id"] for one in others] == ["BTC-2", "BTC-3"]
    for one in others:
        assert (one["order_state"], one["is_secondary_oto"]) == ("untriggered", True)
        assert (one["primary_order_id"], one["oco_ref"]) == ("BTC-1", "BTC-2")
        assert one["direction"] == "sell"


def test_a_bracket_lives_through_its_channel() -> None:
    floor, alice, bob = venue()
    alice.call("private/subscribe", channels=["user.orders.any.any.raw"])
    alice.call("private/buy", **bracket())

    bob.call("private/sell", instrument_name=PERPETUAL, amount=100, price=99_000)
    bob.call("private/buy", instrument_name=PERPETUAL, amount=100, price=97_000)
    floor.mark(PERPETUAL, 97_900.0)

    heard = alice.told("user.orders.any.any.raw")
    assert [(one["order_id"], one["order_state"], one.get("cancel_reason")) for one in heard] == [
        ("BTC-1", "open", None),
        ("BTC-2", "untriggered", None),
        ("BTC-3", "untriggered", None),
        ("BTC-1", "filled", None),
        ("BTC-2", "open", None),
        ("BTC-3", "untriggered", None),
        ("BTC-3", "triggered", None),
        ("BTC-6", "filled", None),
        ("BTC-2", "cancelled", "oco_other_closed"),
    ]
    assert heard[4]["primary_order_id"] == "BTC-1"
    assert "is_secondary_oto" not in heard[5]
    assert heard[7]["trigger_order_id"] == "BTC-3"


def test_a_cancelled_order_takes_those_along_that_wait_for_it() -> None:
    _, alice, _ = venue()
    alice.call("private/buy", **bracket())

    alice.call("private/cancel", order_id="BTC-1")

    assert alice.call("private/get_open_orders") == []
    ended = alice.call("private/get_order_state", order_id="BTC-3")
    assert (ended["order_state"], ended["cancel_reason"]) == ("cancelled", "oto_primary_closed")
    (entry,) = alice.call("private/get_trigger_order_history", currency="BTC")["entries"]
    assert (entry["is_secondary_oto"], entry["oco_ref"]) == (True, "BTC-2")


def test_a_trailing_stop_that_waits_for_an_order_stands_nowhere_yet() -> None:
    _, alice, _ = venue()
    tail = {"type": "trailing_stop", "trigger": "mark_price", "trigger_offset": 500}
    alice.call(
        "private/buy", **bracket(linked_order_type="one_triggers_other", otoco_config=[tail])
    )

    waiting = alice.call("private/get_order_state", order_id="BTC-2")
    alice.call("private/cancel_all")
    (entry,) = alice.call("private/get_trigger_order_history", currency="BTC")["entries"]

    assert "trigger_price" not in waiting
    assert (entry["trigger_price"], entry["trigger_offset"]) == (0.0, 500.0)


def test_links_that_cannot_be_are_refused() -> None:
    _, alice, _ = venue()

    alone = alice.fail("private/buy", **bracket(otoco_config=[]))
    one_of_two = alice.fail("private/buy", **bracket(otoco_config=[{"price": 101_000}]))

    assert (alone["code"], alone["data"]["param"]) == (-32602, "otoco_config")
    assert (one_of_two["code"], one_of_two["data"]["param"]) == (11029, "otoco_config")
