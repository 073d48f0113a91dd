from typing import Any

import pytest

from strikewire.exchange import CreateSubaccount, SettleSession, Withdraw
from strikewire.model import Units, ns_to_ms
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"
FIRST = 4


def venue() -> tuple[GatewayFloor, Wire]:
    """Return a floor where Alice bought a call and 1 000 USD of the perpetual from Bob."""
    floor = GatewayFloor(PERPETUAL, CALL)
    floor.mark(PERPETUAL, 50_000.0)
    floor.mark(CALL, 0.05, index=50_000.0, iv=50.0)
    alice, bob = floor.login(), floor.login(KEYS[BOB])
    for name, amount, price in ((CALL, 1, 0.05), (PERPETUAL, 1_000, 50_000)):
        floor.now_ns += 1_000_000
        bob.call("private/sell", instrument_name=name, amount=amount, price=price)
        alice.call("private/buy", instrument_name=name, amount=amount, price=price)
    return floor, alice


def log(floor: GatewayFloor, wire: Wire, **more: object) -> Any:
    now_ms = ns_to_ms(floor.now_ns)
    return wire.call(
        "private/get_transaction_log",
        currency="BTC",
        **({"start_timestamp": 0, "end_timestamp": now_ms} | more),
    )


def test_the_log_tells_every_change_of_the_balance_newest_first() -> None:
    floor, alice = venue()

    found = log(floor, alice)

    assert found["continuation"] is None
    perpetual, option, deposit = found["logs"]
    assert deposit == {
        "id": 1,
        "user_seq": 1,
        "user_id": 1,
        "username": "alice",
        "timestamp": deposit["timestamp"],
        "currency": "BTC",
        "type": "deposit",
        "change": 10_000_000.0,
        "balance": 10_000_000.0,
        "cashflow": 10_000_000.0,
        "commission": 0.0,
        "info": None,
        "instrument_name": None,
        "side": None,
        "price": None,
        "position": None,
        "interest_pl": None,
        "trade_id": None,
        "order_id": None,
        "profit_as_cashflow": False,
    }
    assert (option["change"], option["cashflow"], option["commission"]) == (-0.0503, -0.05, 0.0003)
    assert (option["side"], option["user_role"], option["amount"]) == ("open buy", "taker", 1.0)
    assert (option["price"], option["price_currency"], option["position"]) == (0.05, "BTC", 1.0)
    assert (option["trade_id"], option["order_id"]) == ("BTC-1", "BTC-2")
    assert (perpetual["change"], perpetual["commission"]) == (-0.00001, 0.00001)
    assert (perpetual["price_currency"], perpetual["contracts"]) == ("USD", 100.0)
    assert perpetual["profit_as_cashflow"]
    assert perpetual["balance"] == option["balance"] + perpetual["change"]


def test_the_log_comes_in_pages() -> None:
    floor, alice = venue()

    first = log(floor, alice, count=2)
    second = log(floor, alice, count=2, continuation=first["continuation"])

    types = [[one["type"] for one in page["logs"]] for page in (first, second)]
    assert types == [["trade", "trade"], ["deposit"]]
    assert second["continuation"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("trade", 2),
        ("deposit", 1),
        ("taker", 2),
        ("maker", 0),
        ("buy", 2),
        ("close", 0),
        ("option", 1),
        (PERPETUAL, 1),
        ("nonsense", 0),
    ],
)
def test_a_query_narrows_the_log(query: str, count: int) -> None:
    floor, alice = venue()

    assert len(log(floor, alice, query=query)["logs"]) == count


def test_the_log_keeps_to_its_span() -> None:
    floor, alice = venue()

    late = log(floor, alice, start_timestamp=ns_to_ms(floor.now_ns))

    assert [one["instrument_name"] for one in late["logs"]] == [PERPETUAL]


def test_a_settlement_in_the_log_says_what_it_was_settled_at() -> None:
    floor, alice = venue()
    floor.mark(PERPETUAL, 62_500.0)
    floor.apply(SettleSession("BTC"))

    (settled,) = log(floor, alice, query="settlement")["logs"]

    assert (settled["change"], settled["cashflow"], settled["side"]) == (0.004, 0.004, "long")
    assert (settled["mark_price"], settled["index_price"]) == (62_500.0, 62_500.0)
    assert (settled["position"], settled["interest_pl"]) == (1_000.0, 0.0)


def test_deposits_and_withdrawals_can_be_looked_up() -> None:
    floor, alice = venue()
    floor.apply(Withdraw(ALICE, "ETH", Units(5_00000000)))

    deposits = alice.call("private/get_deposits", currency="ETH")
    withdrawals = alice.call("private/get_withdrawals", currency="eth", count=1)

    assert deposits["count"] == 1
    assert (deposits["data"][0]["amount"], deposits["data"][0]["state"]) == (
        10_000_000.0,
        "completed",
    )
    assert withdrawals["count"] == 1
    assert (withdrawals["data"][0]["amount"], withdrawals["data"][0]["fee"]) == (5.0, 0.0)
    assert alice.call("private/get_deposits", currency="ETH", offset=1) == {"count": 1, "data": []}


def test_a_withdrawal_is_answered_as_it_is_looked_up() -> None:
    _, alice = venue()

    sent = alice.call("private/withdraw", currency="eth", amount=2.5, address="0xfeed")

    assert (sent["currency"], sent["amount"], sent["address"]) == ("ETH", 2.5, "0xfeed")
    assert sent["state"] == "completed"
    found = alice.call("private/get_withdrawals", currency="ETH")
    assert found["data"][0] == sent
    assert alice.call("private/get_account_summary", currency="ETH")["balance"] == 9_999_997.5


def test_what_is_not_there_or_not_offered_is_not_withdrawn() -> None:
    _, alice = venue()
    good = {"currency": "ETH", "amount": 2.5, "address": "0xfeed"}

    beyond = alice.fail("private/withdraw", **(good | {"amount": 20_000_000}))
    fine = alice.fail("private/withdraw", **(good | {"amount": 1e-20}))
    nonce = alice.fail("private/withdraw", **good, nonce="x")

    assert (beyond["code"], fine["code"], nonce["code"]) == (10009, 10021, 10033)


def test_a_withdrawal_that_is_sent_again_under_its_key_is_paid_once() -> None:
    _, alice = venue()
    asked = {"currency": "ETH", "amount": 1, "address": "0xfeed", "idempotency_key": "k"}

    first, again = alice.call("private/withdraw", **asked), alice.call("private/withdraw", **asked)

    assert first == again
    assert alice.call("private/get_withdrawals", currency="ETH")["count"] == 1


def test_a_transfer_is_answered_as_it_is_looked_up() -> None:
    _, alice = venue()
    opened = alice.call("private/create_subaccount")
    assert (opened["id"], opened["username"], opened["type"]) == (FIRST, "alice_1", "subaccount")

    sent = alice.call(
        "private/submit_transfer_between_subaccounts",
        currency="ETH",
        amount=2.5,
        destination=FIRST,
        nonce="bm9uY2U=",
    )

    assert (sent["amount"], sent["direction"], sent["other_side"]) == (2.5, "payment", "alice_1")
    assert (sent["state"], sent["nonce"], sent["source"]) == ("confirmed", "bm9uY2U=", ALICE)
    assert alice.call("private/get_transfers", currency="ETH") == {"count": 1, "data": [sent]}


def test_a_main_account_sees_its_subaccounts() -> None:
    floor, alice = venue()
    floor.apply(CreateSubaccount(ALICE))
    alice.call("private/submit_transfer_to_subaccount", currency="BTC", amount=1, destination=FIRST)

    main, sub = alice.call("private/get_subaccounts", with_portfolio=True)
    theirs = alice.call("private/get_account_summary", currency="BTC", subaccount_id=FIRST)

    assert (main["type"], sub["type"], sub["id"]) == ("main", "subaccount", FIRST)
    assert sub["portfolio"]["btc"]["balance"] == theirs["balance"] == 1.0
    assert [one["change"] for one in log(floor, alice, subaccount_id=FIRST)["logs"]] == [1.0]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("private/get_transaction_log", {"start_timestamp": 2, "end_timestamp": 1}, -32602),
        (
            "private/get_transaction_log",
            {"start_timestamp": 1, "end_timestamp": 2, "subaccount_id": int(BOB)},
            11042,
        ),
        ("private/get_deposits", {"currency": "DOGE"}, -32602),
        ("private/submit_transfer_to_subaccount", {"amount": 1, "destination": 2}, 11029),
        ("private/submit_transfer_to_subaccount", {"amount": 1e-9, "destination": 2}, 10021),
        ("private/submit_transfer_to_subaccount", {"amount": 0, "destination": 2}, 10021),
    ],
)
def test_senseless_requests_are_refused(method: str, params: dict[str, object], code: int) -> None:
    _, alice = venue()

    assert alice.fail(method, **({"currency": "BTC"} | params))["code"] == code


def test_there_is_a_limit_on_subaccounts() -> None:
    floor, alice = venue()
    for _ in range(20):
        floor.apply(CreateSubaccount(ALICE))

    assert alice.fail("private/create_subaccount")["code"] == 11030
