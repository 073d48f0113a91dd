import pytest

from strikewire.exchange import CreateSubaccount, FeeKind, FeeRates, SetFees
from strikewire.gateway import ApiKey
from strikewire.model import AccountId
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"


def venue() -> tuple[GatewayFloor, Wire]:
    floor = GatewayFloor(PERPETUAL, "BTC_USDC-PERPETUAL")
    floor.mark(PERPETUAL, 100_000.0)
    alice, bob = floor.login(), floor.login(KEYS[BOB])
    alice.call("private/buy", instrument_name=PERPETUAL, amount=30, price=99_000)
    bob.call("private/sell", instrument_name=PERPETUAL, amount=30, type="market")
    return floor, alice


def test_a_summary_of_one_currency() -> None:
    _, alice = venue()

    summary = alice.call("private/get_account_summary", currency="btc")

    assert (summary["currency"], summary["balance"]) == ("BTC", 10_000_000.0)
    assert summary["session_upl"] == 0.00000303  # 30 / 99 000 - 30 / 100 000
    assert "username" not in summary


def test_extended_it_says_whose_it_is() -> None:
    _, alice = venue()

    summary = alice.call("private/get_account_summary", currency="BTC", extended=True)

    assert (summary["id"], summary["username"], summary["type"]) == (1, "alice", "main")


def test_summaries_of_every_currency() -> None:
    _, alice = venue()

    found = alice.call("private/get_account_summaries", extended=True)

    assert (found["id"], found["username"]) == (1, "alice")
    assert [one["currency"] for one in found["summaries"]] == ["BTC", "ETH", "USDC"]


@pytest.mark.parametrize(
    ("params", "code"),
    [({"currency": "SOL"}, -32602), ({"currency": "any"}, -32602), ({}, -32602)],
)
def test_a_currency_nobody_holds_has_no_summary(params: dict[str, str], code: int) -> None:
    _, alice = venue()

    assert alice.fail("private/get_account_summary", **params)["code"] == code


def test_nobody_asks_about_another_account() -> None:
    _, alice = venue()

    error = alice.fail("private/get_account_summary", currency="BTC", subaccount_id=2)

    assert (error["code"], error["data"]["param"]) == (11042, "subaccount_id")
    assert alice.call("private/get_account_summary", currency="BTC", subaccount_id=1)


def test_the_user_has_one_account() -> None:
    _, alice = venue()

    (plain,) = alice.call("private/get_subaccounts")
    (rich,) = alice.call("private/get_subaccounts", with_portfolio=True)

    assert plain["username"] == "alice"
    assert "portfolio" not in plain
    assert rich["portfolio"]["btc"]["balance"] == 10_000_000.0


def test_positions_are_listed_by_currency_and_kind() -> None:
    _, alice = venue()

    def listed(**params: str) -> list[str]:
        found = alice.call("private/get_positions", **params)
        return [one["instrument_name"] for one in found]

    assert listed() == [PERPETUAL]
    assert listed(currency="BTC", kind="future") == [PERPETUAL]
    assert listed(currency="USDC") == []
    assert listed(currency="any", kind="option") == []


def test_one_position_is_read_also_when_it_is_flat() -> None:
    _, alice = venue()

    held = alice.call("private/get_position", instrument_name=PERPETUAL)
    flat = alice.call("private/get_position", instrument_name="BTC_USDC-PERPETUAL")

    assert (held["direction"], held["size"]) == ("buy", 30.0)
    assert (flat["direction"], flat["size"]) == ("zero", 0.0)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("private/get_account_summaries", {}),
        ("private/get_positions", {}),
        ("private/get_position", {"instrument_name": PERPETUAL}),
        ("private/buy", {"instrument_name": PERPETUAL, "amount": 10, "price": 99_000}),
    ],
)
def test_a_key_of_an_account_that_was_never_opened_is_told_so(
    method: str, params: dict[str, object]
) -> None:
    floor, _ = venue()
    nobodys = ApiKey(client_id="nobody", client_secret="x", account_id=AccountId(99))
    floor.keys.add(nobodys)

    assert floor.login(nobodys).fail(method, **params)["code"] == 13009


def test_extended_it_tells_the_fee_tiers_of_the_currency() -> None:
    floor, alice = venue()
    floor.apply(SetFees(ALICE, FeeKind.OPTION, "BTC", FeeRates(-100, 250)))

    extended = alice.call("private/get_account_summary", currency="BTC", extended=True)
    other = alice.call("private/get_account_summary", currency="ETH", extended=True)

    assert extended["fees"] == [
        {
            "currency": "BTC",
            "instrument_type": "option",
            "maker_fee": -0.0001,
            "taker_fee": 0.00025,
            "fee_type": "relative",
        }
    ]
    assert "fees" not in other


def test_a_main_account_sees_what_its_subaccounts_hold() -> None:
    floor, alice = venue()
    floor.apply(CreateSubaccount(ALICE))

    main, sub = alice.call("private/get_subaccounts_details", currency="BTC", with_open_orders=True)
    (other, _) = alice.call("private/get_subaccounts_details", currency="USDC")

    assert (main["uid"], [one["instrument_name"] for one in main["positions"]]) == (1, [PERPETUAL])
    assert main["open_orders"] == []
    assert sub == {"uid": 4, "positions": [], "open_orders": []}
    assert other == {"uid": 1, "positions": []}
