"""Self-trade prevention over the API."""

from strikewire.testing.exchange import ALICE
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"


def alice() -> Wire:
    made = GatewayFloor(PERPETUAL)
    made.mark(PERPETUAL, 100_000.0)
    return made.login(KEYS[ALICE])


def test_an_account_chooses_and_is_shown_what_it_chose() -> None:
    wire = alice()
    before = wire.call("private/get_account_summary", currency="BTC", extended=True)

    answer = wire.call(
        "private/set_self_trading_config", mode="reject_taker", extended_to_subaccounts=True
    )

    assert answer == "ok"
    assert "self_trading_reject_mode" not in before
    for method, params in (
        ("private/get_account_summary", {"currency": "BTC", "extended": True}),
        ("private/get_account_summaries", {}),
    ):
        after = wire.call(method, **params)
        assert after["self_trading_reject_mode"] == "reject_taker"
        assert after["self_trading_extended_to_subaccounts"] is True


def test_an_order_that_would_meet_its_owner_is_refused_with_the_public_code() -> None:
    wire = alice()
    wire.call("private/set_self_trading_config", mode="reject_taker", extended_to_subaccounts=False)
    wire.call("private/sell", instrument_name=PERPETUAL, amount=10, price=100_000)

    error = wire.fail("private/buy", instrument_name=PERPETUAL, amount=10, price=100_000)

    assert (error["code"], error["message"]) == (10003, "order_overlap")
    assert error["data"]["reason"] == "self_trade"


def test_an_order_that_was_in_the_way_says_why_it_ended() -> None:
    wire = alice()
    wire.call("private/set_self_trading_config", mode="cancel_maker", extended_to_subaccounts=False)
    sold = wire.call("private/sell", instrument_name=PERPETUAL, amount=10, price=100_000)

    bought = wire.call("private/buy", instrument_name=PERPETUAL, amount=10, price=100_000)

    assert bought["trades"] == []
    assert bought["order"]["direction"] == "buy"
    ended = wire.call("private/get_order_state", order_id=sold["order"]["order_id"])
    assert (ended["order_state"], ended["cancel_reason"]) == ("cancelled", "self_trade_prevention")


def test_a_mode_that_is_none_and_a_block_rfq_are_refused() -> None:
    wire = alice()

    wrong = wire.fail(
        "private/set_self_trading_config", mode="cancel_both", extended_to_subaccounts=False
    )
    block = wire.fail(
        "private/set_self_trading_config",
        mode="cancel_maker",
        extended_to_subaccounts=False,
        block_rfq_self_match_prevention=True,
    )

    assert wrong["code"] == -32602
    assert block["code"] == 10033
    assert block["data"]["param"] == "block_rfq_self_match_prevention"
