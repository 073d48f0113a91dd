"""Mass quotes and market-maker protection over the API."""

from typing import Any

import pytest

from strikewire.exchange import MarginModel
from strikewire.gateway.steps import Called
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

CALL = "BTC-25DEC26-60000-C"
PERPETUAL = "BTC-PERPETUAL"
LIMITS = {"interval": 10, "frozen_time": 5, "max_quote_quantity": 5}


class Desk:
    """Alice, who quotes a call around 0.05 in the group `wings`, and Bob."""

    def __init__(self, **limits: float) -> None:
        self.floor = GatewayFloor(CALL, PERPETUAL)
        self.floor.mark(CALL, 0.05, index=60_000.0, iv=50.0)
        self.floor.mark(PERPETUAL, 60_000.0)
        self.alice = self.floor.login(KEYS[ALICE])
        self.bob = self.floor.login(KEYS[BOB])
        self.alice.call("private/enable_cancel_on_disconnect")
        self.protect(mmp_group="wings", **(limits or {"quantity_limit": 1}))

    def protect(self, **params: Any) -> Any:
        return self.alice.call(
            "private/set_mmp_config", **({"index_name": "btc_usd"} | LIMITS | params)
        )

    def quote(self, *quotes: dict[str, Any], **more: Any) -> Any:
        params = {"quotes": quotes, "quote_id": "7", "mmp_group": "wings", "detailed": True}
        return self.alice.call("private/mass_quote", **(params | more))

    def hit(self, amount: float, price: float = 0.051) -> Any:
        return self.bob.call("private/buy", instrument_name=CALL, amount=amount, price=price)


def entry(
    bid: tuple[float, float] | None = (0.049, 1),
    ask: tuple[float, float] | None = (0.051, 1),
    instrument_name: str = CALL,
    **more: Any,
) -> dict[str, Any]:
    sides = {
        name: {"price": side[0], "amount": side[1]}
        for name, side in (("bid", bid), ("ask", ask))
        if side is not None
    }
    return {"instrument_name": instrument_name, **sides, **more}


def test_quotes_are_orders_that_say_so() -> None:
    desk = Desk()

    answer = desk.quote(entry(quote_set_id="near"))

    assert (answer["errors_count"], answer["errors"], answer["trades"]) == (0, [], [])
    bid, ask = answer["orders"]
    assert (bid["direction"], bid["price"], ask["direction"], ask["price"]) == (
        "buy",
        0.049,
        "sell",
        0.051,
    )
    for one in (bid, ask):
        assert (one["quote"], one["mmp"], one["mmp_group"]) == (True, True, "wings")
        assert (one["quote_id"], one["quote_set_id"]) == ("7", "near")
        assert (one["order_type"], one["time_in_force"]) == ("limit", "good_til_cancelled")


def test_without_detail_only_numbers_are_told() -> None:
    desk = Desk()

    answer = desk.quote(entry(), detailed=None)

    assert answer == {"errors_count": 0, "pending_requests_count": 0}


def test_each_fault_stands_in_its_place_and_the_rest_goes_on() -> None:
    desk = Desk()

    answer = desk.quote(
        entry(bid=(0.04901, 1)),
        entry(instrument_name="BTC-1JAN27-1-C"),
        entry(bid=(50_000.0, 10), ask=(10.0, 10), instrument_name=PERPETUAL),
    )

    assert [
        (one["instrument_name"], one["side"], one["error"]["code"]) for one in answer["errors"]
    ] == [
        (CALL, "bid", 10043),
        ("BTC-1JAN27-1-C", "bid", 13020),
        ("BTC-1JAN27-1-C", "ask", 13020),
        (PERPETUAL, "bid", 10023),
        (PERPETUAL, "ask", 10023),
    ]
    assert answer["errors"][0]["error"]["message"].startswith("price_wrong_tick ")
    assert [one["price"] for one in answer["orders"]] == [0.051]


def test_a_quote_that_crosses_tells_its_trade() -> None:
    desk = Desk()
    desk.bob.call("private/sell", instrument_name=CALL, amount=0.5, price=0.05)

    answer = desk.quote(entry(bid=(0.05, 2), ask=None))

    (trade,) = answer["trades"]
    assert (trade["amount"], trade["liquidity"], trade["mmp"]) == (0.5, "T", True)
    assert (trade["quote_id"], trade["quote_set_id"]) == ("7", "")
    assert answer["orders"][0]["filled_amount"] == 0.5


def test_an_amount_of_zero_takes_back() -> None:
    desk = Desk()
    desk.quote(entry())

    (order,) = desk.quote(entry(bid=(0.049, 0), ask=None))["orders"]

    assert (order["order_state"], order["cancel_reason"]) == ("cancelled", "user_request")


def test_quotes_need_cancel_on_disconnect_and_go_with_their_connection() -> None:
    desk = Desk()
    params = {"quotes": [entry()], "quote_id": "7", "mmp_group": "wings"}
    second = desk.floor.login(KEYS[ALICE])

    error = second.fail("private/mass_quote", **params)
    desk.quote(entry())
    desk.alice.close()
    desk.floor.commit()

    assert (error["code"], "cancel_on_disconnect" in error["data"]["reason"]) == (11030, True)
    assert second.call("private/get_open_orders") == []


def test_a_mass_quote_is_for_websocket_only() -> None:
    floor = GatewayFloor(CALL)

    answer = floor.rest(Called(method="private/mass_quote", params={}))

    assert answer["error"]["code"] == 10030


def test_a_mass_quote_as_a_whole_may_come_too_late() -> None:
    desk = Desk()
    params = {"quotes": [entry()], "quote_id": "7", "mmp_group": "wings", "valid_until": 1}

    assert desk.alice.fail("private/mass_quote", **params)["code"] == 13888


def test_a_trigger_cancels_freezes_and_tells_and_a_reset_lets_in_again() -> None:
    desk = Desk(quantity_limit=1)
    channel = "user.mmp_trigger.btc_usd"
    desk.alice.call("private/subscribe", channels=[channel])
    desk.quote(entry())

    desk.hit(1)
    desk.floor.tick()

    frozen_until = desk.floor.now_ns // 10**6 - 100 + 5_000
    told = {"index_name": "btc_usd", "frozen_until": frozen_until, "mmp_group": "wings"}
    assert desk.alice.told(channel) == [told]
    assert desk.alice.call("private/get_mmp_status") == [told]
    assert desk.alice.call("private/get_mmp_status", index_name="eth_usd") == []
    assert desk.alice.call("private/get_open_orders") == []
    (bid,) = [
        one
        for one in desk.alice.call(
            "private/get_order_history_by_instrument", instrument_name=CALL, include_unfilled=True
        )
        if one["direction"] == "buy"
    ]
    assert (bid["cancel_reason"], bid["mmp_cancelled"]) == ("mmp_trigger", True)
    errors = desk.quote(entry(ask=None))["errors"]
    assert errors[0]["error"] == {"code": 11030, "message": "other_reject mmp_frozen"}

    assert desk.alice.call("private/reset_mmp", index_name="btc_usd", mmp_group="wings") == "ok"
    assert desk.quote(entry(ask=None))["errors_count"] == 0
    assert desk.alice.call("private/get_mmp_status") == []


def test_another_accounts_trigger_is_not_told() -> None:
    desk = Desk(quantity_limit=1)
    desk.bob.call("private/subscribe", channels=["user.mmp_trigger.btc_usd"])
    desk.quote(entry())

    desk.hit(1)
    desk.floor.tick()

    assert desk.bob.told("user.mmp_trigger.btc_usd") == []


def test_orders_may_be_protected_too() -> None:
    desk = Desk()
    desk.protect(quantity_limit=0.5)

    placed = desk.alice.call("private/sell", instrument_name=CALL, amount=1, price=0.052, mmp=True)[
        "order"
    ]

    assert (placed["mmp"], "quote" in placed, "mmp_group" in placed) == (True, False, False)
    params = {"order_id": placed["order_id"], "amount": 0.6}
    assert desk.alice.call("private/edit", **params, mmp=True)["order"]["mmp"] is True
    assert desk.alice.fail("private/edit", **params, mmp=False)["code"] == -32602
    desk.hit(0.5, price=0.052)
    state = desk.alice.call("private/get_order_state", order_id=placed["order_id"])
    assert state["cancel_reason"] == "mmp_trigger"


def test_a_quote_is_not_found_by_an_edit() -> None:
    desk = Desk()
    (order, _) = desk.quote(entry())["orders"]

    error = desk.alice.fail("private/edit", order_id=order["order_id"], amount=1)

    assert error["code"] == 10004


def test_what_was_set_can_be_read() -> None:
    desk = Desk()

    told = desk.protect(delta_limit=0.25, vega_limit=100)

    expected = {
        "index_name": "btc_usd",
        "interval": 10,
        "frozen_time": 5,
        "max_quote_quantity": 5.0,
        "delta_limit": 0.25,
        "vega_limit": 100.0,
    }
    assert told == [expected]
    assert desk.alice.call("private/get_mmp_config", mmp_group="") == [expected]
    assert len(desk.alice.call("private/get_mmp_config")) == 2
    assert len(desk.alice.call("private/get_mmp_config", index_name="all")) == 2
    assert desk.alice.call("private/get_mmp_config", index_name="eth_usd") == []
    for method, params in (
        ("private/get_account_summary", {"currency": "BTC", "extended": True}),
        ("private/get_account_summaries", {}),
    ):
        assert desk.alice.call(method, **params)["mmp_enabled"] is True


def test_an_interval_of_zero_takes_the_protection_away() -> None:
    desk = Desk()
    desk.quote(entry())

    told = desk.protect(mmp_group="wings", interval=0)

    assert told == [
        {"index_name": "btc_usd", "interval": 0, "frozen_time": 0, "mmp_group": "wings"}
    ]
    assert desk.alice.call("private/get_open_orders") == []
    assert desk.alice.call("private/get_mmp_config") == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"quantity_limit": "0.000000001"}, -32602),
        ({"quantity_limit": -1}, 10021),
        ({"interval": 3_601}, -32602),
        ({}, 11029),
        ({"quantity_limit": 1, "index_name": "sol_usd"}, 11029),
        ({"quantity_limit": 1, "block_rfq": True}, 10033),
        ({"quantity_limit": 1, "trade_count_limit": 3}, 10033),
        ({"quantity_limit": 1, "max_quote_quantity": None}, -32602),
    ],
)
def test_what_is_no_protection_is_refused(params: dict[str, Any], code: int) -> None:
    desk = Desk()

    error = desk.alice.fail(
        "private/set_mmp_config", **({"index_name": "btc_usd"} | LIMITS | params)
    )

    assert error["code"] == code


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"cancel_type": "all"}, 3),
        ({"cancel_type": "quote_set_id", "quote_set_id": "near"}, 2),
        ({"cancel_type": "instrument", "instrument_name": PERPETUAL}, 1),
        ({"cancel_type": "instrument_kind", "kind": "option"}, 2),
        ({"cancel_type": "instrument_kind", "kind": "any", "currency": "usdc"}, 0),
        ({"cancel_type": "currency", "currency": "btc"}, 3),
        ({"cancel_type": "currency", "currency": "any"}, 3),
        ({"cancel_type": "currency_pair", "currency_pair": "btc_usd"}, 3),
        ({"cancel_type": "delta", "min_delta": 0.9, "max_delta": 1}, 1),
    ],
)
def test_quotes_are_taken_back_by_what_they_have_in_common(
    params: dict[str, Any], count: int
) -> None:
    desk = Desk()
    desk.quote(
        entry(quote_set_id="near"), entry((59_000.0, 10), None, PERPETUAL, quote_set_id="far")
    )

    assert desk.alice.call("private/cancel_quotes", **params) == count


def test_a_cancel_may_be_detailed_and_freeze() -> None:
    desk = Desk()
    desk.quote(entry())

    (group,) = desk.alice.call(
        "private/cancel_quotes", cancel_type="all", detailed=True, freeze_quotes=True
    )

    assert [one["quote"] for one in group["result"]] == [True, True]
    errors = desk.quote(entry(ask=None))["errors"]
    assert errors[0]["error"]["message"] == "other_reject quotes_frozen"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"cancel_type": "delta", "min_delta": 0.1}, -32602),
        ({"cancel_type": "instrument"}, -32602),
        ({"cancel_type": "instrument", "instrument_name": "X"}, 13020),
        ({"cancel_type": "instrument_kind", "kind": "option_combo"}, -32602),
        ({"cancel_type": "sideways"}, -32602),
    ],
)
def test_a_cancel_that_names_nothing_is_refused(params: dict[str, Any], code: int) -> None:
    assert Desk().alice.fail("private/cancel_quotes", **params)["code"] == code


def test_quotes_of_portfolio_margin_are_judged_together() -> None:
    desk = Desk()
    changed: Wire = desk.alice
    changed.call(
        "private/change_margin_model", margin_model=MarginModel.PORTFOLIO.value, dry_run=False
    )

    answer = desk.quote(entry(), entry((59_000.0, 10), (61_000.0, 10), PERPETUAL))
    again = desk.quote(entry((0.0485, 2), (0.0515, 2)))

    assert (answer["errors"], again["errors"]) == ([], [])
    summary = desk.floor.exchange.summary(ALICE, "BTC")
    assert summary is not None
    assert summary.initial_margin > 0
