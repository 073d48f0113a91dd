from typing import Any

from strikewire.api import ErrorCode
from strikewire.exchange import ChangeMarginModel, MarginModel, SetInstrumentState, Verdict
from strikewire.exchange import InstrumentState as State
from strikewire.gateway import ApiKey
from strikewire.gateway.steps import Called
from strikewire.model import InstrumentId, Units
from strikewire.testing.exchange import ALICE, BOB, START_NS
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL, CALL = "BTC-PERPETUAL", "BTC-25DEC26-60000-C"
NOW_MS = START_NS // 10**6
TRADES = [
    {"instrument_name": CALL, "direction": "sell", "amount": 25, "price": 0.0501},
    {"instrument_name": PERPETUAL, "direction": "buy", "amount": 200_000, "price": 49_999.5},
]
TERMS: dict[str, Any] = {"timestamp": NOW_MS, "nonce": "tea", "trades": TRADES}


def venue() -> tuple[GatewayFloor, Wire, Wire]:
    floor = GatewayFloor(PERPETUAL, CALL, "BTC_USDC")
    floor.mark(PERPETUAL, 50_000.0)
    floor.mark(CALL, 0.05, index=50_000.0, iv=50.0)
    return floor, floor.login(), floor.login(KEYS[BOB])


def executed(alice: Wire, bob: Wire, **terms: Any) -> Any:
    signed = alice.call("private/verify_block_trade", role="maker", **(TERMS | terms))
    return bob.call(
        "private/execute_block_trade",
        role="taker",
        counterparty_signature=signed["signature"],
        **(TERMS | terms),
    )


def test_what_one_side_signs_the_other_executes() -> None:
    _, alice, bob = venue()

    signed = alice.call("private/verify_block_trade", role="maker", **TERMS)
    found = bob.call(
        "private/execute_block_trade",
        role="taker",
        counterparty_signature=signed["signature"],
        **TERMS,
    )

    assert signed["expires_at"] == NOW_MS + 300_000
    assert (found["id"], found["timestamp"]) == ("BLOCK-1", NOW_MS)
    call, perpetual = found["trades"]
    assert (call["instrument_name"], call["direction"], call["liquidity"]) == (CALL, "buy", "T")
    assert (call["price"], call["amount"], call["fee"]) == (0.0501, 25.0, 0.0075)
    assert (perpetual["direction"], perpetual["amount"]) == ("sell", 200_000.0)
    assert perpetual["fee"] == 0.00100001
    assert {one["block_trade_id"] for one in found["trades"]} == {"BLOCK-1"}
    assert call["block_trade_leg_count"] == 2


def test_the_taker_may_sign_and_the_maker_execute() -> None:
    _, alice, bob = venue()

    signed = bob.call("private/verify_block_trade", role="taker", **TERMS)
    found = alice.call(
        "private/execute_block_trade",
        role="maker",
        counterparty_signature=signed["signature"],
        **TERMS,
    )

    assert [one["liquidity"] for one in found["trades"]] == ["M", "M"]
    assert [one["direction"] for one in found["trades"]] == ["sell", "buy"]


def test_it_is_executed_once_whoever_executes() -> None:
    _, alice, bob = venue()
    executed(alice, bob)

    signed = bob.call("private/verify_block_trade", role="taker", **TERMS)
    error = alice.fail(
        "private/execute_block_trade",
        role="maker",
        counterparty_signature=signed["signature"],
        **TERMS,
    )

    assert error["code"] == ErrorCode.OTHER_REJECT
    assert error["data"]["reason"] == "block_trade_executed"


def test_terms_that_differ_a_role_that_does_not_and_a_made_up_signature_are_refused() -> None:
    _, alice, bob = venue()
    signature = alice.call("private/verify_block_trade", role="maker", **TERMS)["signature"]
    good = {**TERMS, "role": "taker", "counterparty_signature": signature}

    for wrong in (
        {"nonce": "coffee"},
        {"timestamp": NOW_MS + 1},
        {"role": "maker"},
        {"counterparty_signature": "0" * 64},
        {"trades": TRADES[:1]},
        {"trades": [TRADES[0] | {"price": 0.0502}, TRADES[1]]},
    ):
        error = bob.fail("private/execute_block_trade", **(good | wrong))
        assert error["code"] == ErrorCode.BAD_ARGUMENT, wrong


def test_nobody_trades_with_himself() -> None:
    _, alice, _ = venue()
    signature = alice.call("private/verify_block_trade", role="maker", **TERMS)["signature"]

    error = alice.fail(
        "private/execute_block_trade", role="taker", counterparty_signature=signature, **TERMS
    )

    assert error["data"]["reason"] == "same_account"


def test_a_signature_that_was_taken_back_is_worth_nothing() -> None:
    _, alice, bob = venue()
    signature = alice.call("private/verify_block_trade", role="maker", **TERMS)["signature"]

    assert alice.call("private/invalidate_block_trade_signature", signature=signature) == "ok"

    error = bob.fail(
        "private/execute_block_trade", role="taker", counterparty_signature=signature, **TERMS
    )
    assert error["code"] == ErrorCode.BAD_ARGUMENT
    again = bob.fail("private/invalidate_block_trade_signature", signature=signature)
    assert again["code"] == ErrorCode.BAD_ARGUMENT


def test_a_signature_does_not_outlive_its_five_minutes() -> None:
    floor, alice, bob = venue()
    signature = alice.call("private/verify_block_trade", role="maker", **TERMS)["signature"]
    floor.now_ns += 300_000 * 10**6

    error = bob.fail(
        "private/execute_block_trade", role="taker", counterparty_signature=signature, **TERMS
    )

    assert error["code"] == ErrorCode.TIMED_OUT


def test_everybody_sees_the_trade_and_no_price_moves() -> None:
    floor, alice, bob = venue()
    everybody = floor.connect()
    everybody.call("public/subscribe", channels=[f"trades.{PERPETUAL}.100ms"])

    executed(alice, bob)
    floor.tick(2)

    ((seen,),) = everybody.told(f"trades.{PERPETUAL}.100ms")
    assert (seen["block_trade_id"], seen["block_trade_leg_count"]) == ("BLOCK-1", 2)
    assert (seen["direction"], seen["amount"]) == ("sell", 200_000.0)
    ticker = everybody.call("public/ticker", instrument_name=PERPETUAL)
    assert ticker["last_price"] is None
    assert (ticker["stats"]["high"], ticker["stats"]["low"]) == (None, None)
    assert ticker["stats"]["volume_usd"] == 200_000.0
    assert ticker["open_interest"] == 200_000.0


def test_both_sides_look_up_their_own_fills_of_it() -> None:
    _, alice, bob = venue()
    executed(alice, bob)
    executed(alice, bob, nonce="milk")

    one = alice.call("private/get_block_trade", id="BLOCK-1")
    newest_first = bob.call("private/get_block_trades", currency="BTC")
    newest = bob.call("private/get_block_trades", count=1)
    oldest = bob.call("private/get_block_trades", end_id="BLOCK-1")

    assert [trade["liquidity"] for trade in one["trades"]] == ["M", "M"]
    assert [block["id"] for block in newest_first] == ["BLOCK-2", "BLOCK-1"]
    assert newest == newest_first[:1]
    assert oldest == newest_first[1:]
    assert bob.call("private/get_block_trades", currency="ETH") == []
    assert bob.call("private/get_block_trades", start_id="BLOCK-3") == []
    history = bob.call("private/get_user_trades_by_instrument", instrument_name=CALL)
    assert history["trades"][0]["block_trade_id"] == "BLOCK-2"


def test_what_is_no_block_trade_of_the_account_is_not_found() -> None:
    _, alice, _ = venue()

    missing = alice.fail("private/get_block_trade", id="BLOCK-1")
    malformed = alice.fail("private/get_block_trade", id="BTC-1")

    assert missing["code"] == ErrorCode.NOT_FOUND
    assert malformed["code"] == ErrorCode.INVALID_PARAMS


def test_the_log_of_cash_names_it() -> None:
    floor, alice, bob = venue()
    executed(alice, bob)

    log = alice.call(
        "private/get_transaction_log",
        currency="BTC",
        start_timestamp=0,
        end_timestamp=floor.now_ns // 10**6,
    )

    assert log["logs"][0]["info"] == {"note": "BLOCK-1"}


def test_one_may_ask_beforehand() -> None:
    floor, alice, _ = venue()

    assert alice.call("private/simulate_block_trade", trades=TRADES) is True
    assert alice.call("private/simulate_block_trade", trades=TRADES, role="taker") is True
    dear = [TRADES[1] | {"amount": 60_000_000, "price": 199_000}]
    poor = floor.login()
    poor.call("private/get_block_trades")
    small = alice.fail("private/simulate_block_trade", trades=[TRADES[1] | {"amount": 10}])
    assert small["code"] == ErrorCode.INVALID_AMOUNT
    assert alice.call("private/simulate_block_trade", trades=dear) is True
    floor.apply(SetInstrumentState(InstrumentId(1), State.LOCKED))
    assert alice.call("private/simulate_block_trade", trades=TRADES) is False


def test_a_price_between_two_ticks_is_refused_when_it_is_signed() -> None:
    _, alice, _ = venue()

    error = alice.fail(
        "private/verify_block_trade",
        role="maker",
        **(TERMS | {"trades": [TRADES[0] | {"price": 0.05015}]}),
    )

    assert error["code"] == ErrorCode.PRICE_WRONG_TICK


def test_accounts_with_portfolio_margin_are_judged() -> None:
    floor, alice, bob = venue()
    nothing = (("BTC", Verdict(0, Units(0), Units(0))),)
    for account_id in (ALICE, BOB):
        floor.apply(ChangeMarginModel(account_id, MarginModel.PORTFOLIO, nothing))

    executed(alice, bob)

    for account_id in (ALICE, BOB):
        found = floor.exchange.summary(account_id, "BTC")
        assert found is not None
        assert found.initial_margin > 0


def test_reading_is_for_those_who_may_read_and_executing_for_those_who_may_write() -> None:
    floor, alice, _ = venue()
    key = ApiKey(
        client_id="reader",
        client_secret="readers-secret",
        account_id=BOB,
        scope="trade:read_write block_trade:read",
    )
    floor.keys.add(key)
    reader = floor.login(key)
    signature = alice.call("private/verify_block_trade", role="maker", **TERMS)["signature"]

    error = reader.fail(
        "private/execute_block_trade", role="taker", counterparty_signature=signature, **TERMS
    )

    assert error["code"] == ErrorCode.FORBIDDEN
    assert reader.call("private/verify_block_trade", role="taker", **TERMS)["signature"]


def test_the_legs_come_as_text_over_rest() -> None:
    floor, _, _ = venue()
    grant = floor.desk.authenticator
    key = KEYS[ALICE]
    assert grant is not None
    token = floor.rest(
        Called(
            method="public/auth",
            params={
                "grant_type": "client_credentials",
                "client_id": key.client_id,
                "client_secret": key.client_secret,
            },
        )
    )["result"]["access_token"]

    answer = floor.rest(
        Called(
            method="private/simulate_block_trade",
            params={
                "access_token": token,
                "trades": '[{"instrument_name":"BTC-PERPETUAL","direction":"buy",'
                '"amount":200000,"price":49999.5}]',
            },
        )
    )

    assert answer["result"] is True


# --- Approval

BROKER = ApiKey(
    client_id="broker",
    client_secret="brokers-secret",
    account_id=ALICE,
    name="desk",
    features=("block_trade_approval",),
)
ASKED = {"timestamp": NOW_MS, "nonce": "tea", "role": "maker"}


def brokered() -> tuple[GatewayFloor, Wire, Wire, Wire, str]:
    """Return Alice, Bob and Alice's broker, and what the broker signed in her name."""
    floor, alice, bob = venue()
    floor.keys.add(BROKER)
    broker = floor.login(BROKER)
    alice.call("private/subscribe", channels=["block_trade_confirmations"])
    signed = broker.call("private/verify_block_trade", role="maker", **TERMS)
    return floor, alice, bob, broker, signed["signature"]


def execute(signature: str) -> dict[str, Any]:
    return {"role": "taker", "counterparty_signature": signature, **TERMS}


def test_what_a_broker_signs_waits_for_the_accounts_own_word() -> None:
    _, alice, bob, broker, signature = brokered()

    refused = bob.fail("private/execute_block_trade", **execute(signature))
    (pending,) = alice.call("private/get_pending_block_trades")
    assert (refused["code"], refused["data"]["reason"]) == (ErrorCode.RETRY, "awaits_approval")
    assert broker.fail("private/approve_block_trade", **ASKED)["code"] == ErrorCode.FORBIDDEN
    assert alice.call("private/approve_block_trade", **ASKED) == "ok"
    found = bob.call("private/execute_block_trade", **execute(signature))

    assert pending["state"] == {"value": "initial", "timestamp": NOW_MS}
    assert (pending["app_name"], pending["username"], pending["user_id"]) == ("desk", "alice", 1)
    assert pending["trades"] == TRADES
    assert found["id"] == "BLOCK-1"
    assert alice.call("private/get_pending_block_trades") == []
    (request,) = alice.call("private/get_block_trade_requests")
    assert request["state"]["value"] == "executed"
    told = [one["state"]["value"] for one in alice.told("block_trade_confirmations")]
    assert told == ["initial", "approved", "executed"]


def test_a_broker_executes_what_its_account_has_approved() -> None:
    floor, alice, bob = venue()
    floor.keys.add(BROKER)
    broker = floor.login(BROKER)
    signed = bob.call("private/verify_block_trade", role="taker", **TERMS)
    wanted = {"role": "maker", "counterparty_signature": signed["signature"], **TERMS}

    assert broker.fail("private/execute_block_trade", **wanted)["code"] == ErrorCode.RETRY
    alice.call("private/approve_block_trade", **ASKED)
    found = broker.call("private/execute_block_trade", **wanted)

    assert [one["liquidity"] for one in found["trades"]] == ["M", "M"]


def test_what_was_rejected_is_worth_nothing() -> None:
    _, alice, bob, broker, signature = brokered()

    assert alice.call("private/reject_block_trade", **ASKED) == "ok"

    error = bob.fail("private/execute_block_trade", **execute(signature))
    assert error["code"] == ErrorCode.BAD_ARGUMENT
    signed = bob.call("private/verify_block_trade", role="taker", **TERMS)
    again = broker.fail(
        "private/execute_block_trade",
        role="maker",
        counterparty_signature=signed["signature"],
        **TERMS,
    )
    assert (again["code"], again["data"]["reason"]) == (ErrorCode.BAD_ARGUMENT, "was rejected")
    assert alice.fail("private/approve_block_trade", **ASKED)["code"] == ErrorCode.BAD_ARGUMENT


def test_nobody_approves_for_another_and_what_is_old_waits_no_more() -> None:
    floor, alice, bob, _, _ = brokered()

    assert bob.fail("private/approve_block_trade", **ASKED)["code"] == ErrorCode.NOT_FOUND
    assert bob.call("private/get_pending_block_trades") == []
    floor.now_ns += 300 * 10**9

    assert alice.call("private/get_pending_block_trades") == []
    assert len(alice.call("private/get_block_trade_requests")) == 1


def test_confirmations_can_be_asked_for_by_currency() -> None:
    floor, alice, _ = venue()
    floor.keys.add(BROKER)
    channels = [f"block_trade_confirmations.{name}" for name in ("BTC", "ETH", "any")]
    assert alice.call("private/subscribe", channels=channels) == channels

    floor.login(BROKER).call("private/verify_block_trade", role="maker", **TERMS)

    assert [len(alice.told(channel)) for channel in channels] == [1, 0, 1]
