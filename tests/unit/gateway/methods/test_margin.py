"""The margin model is changed, tried out, and portfolios are simulated, over the API."""

import json

import pytest

from strikewire.exchange import MarginModel, Withdraw
from strikewire.model import Units
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL, CALL = "BTC-PERPETUAL", "BTC-25DEC26-100000-C"


def floor() -> GatewayFloor:
    made = GatewayFloor(PERPETUAL, CALL, "BTC_USDC")
    made.mark(PERPETUAL, 100_000.0)
    made.mark(CALL, 0.1, index=100_000.0, underlying=100_000.0, iv=50.0)
    return made


def alice(made: GatewayFloor) -> Wire:
    return made.login(KEYS[ALICE])


def test_an_account_switches_to_portfolio_margin_and_trades_by_it() -> None:
    made = floor()
    wire = alice(made)

    changes = wire.call("private/change_margin_model", margin_model="segregated_pm")
    wire.call("private/buy", instrument_name=PERPETUAL, amount=100_000, price=99_000)

    assert [one["currency"] for one in changes] == ["BTC", "ETH", "USDC"]
    assert changes[0]["new_state"]["initial_margin_rate"] == 0.0
    assert made.exchange.margin_model(ALICE) is MarginModel.PORTFOLIO
    summary = wire.call("private/get_account_summary", currency="BTC")
    assert summary["margin_model"] == "segregated_pm"
    assert summary["portfolio_margining_enabled"] is True
    # A coin long loses 1 / 0.84 - 1 at -16 %; its delta costs a hundredth.
    assert summary["initial_margin"] == pytest.approx(1 / 0.84 - 1 + 0.01, abs=1e-7)


def test_requirements_follow_the_marks_every_second() -> None:
    made = floor()
    wire = alice(made)
    wire.call("private/change_margin_model", margin_model="segregated_pm")
    wire.call("private/buy", instrument_name=PERPETUAL, amount=100_000, price=99_000)

    made.mark(PERPETUAL, 50_000.0)
    made.tick(10)
    made.commit()

    summary = wire.call("private/get_account_summary", currency="BTC")
    assert summary["initial_margin"] == pytest.approx(2 * (1 / 0.84 - 1 + 0.01), abs=1e-4)


def test_an_account_switches_back() -> None:
    made = floor()
    wire = alice(made)
    wire.call("private/change_margin_model", margin_model="segregated_pm")

    wire.call("private/change_margin_model", margin_model="segregated_sm")

    assert made.exchange.margin_model(ALICE) is MarginModel.STANDARD
    summary = wire.call("private/get_account_summary", currency="BTC")
    assert summary["margin_model"] == "segregated_sm"


def test_a_dry_run_tells_and_changes_nothing() -> None:
    made = floor()
    wire = alice(made)
    wire.call("private/buy", instrument_name=PERPETUAL, amount=100_000, price=99_000)

    (btc, *_) = wire.call("private/change_margin_model", margin_model="segregated_pm", dry_run=True)
    back = wire.call("private/change_margin_model", margin_model="segregated_sm", dry_run=True)

    assert made.exchange.margin_model(ALICE) is MarginModel.STANDARD
    old, new = btc["old_state"], btc["new_state"]
    # 2 % and a little of a coin, against the loss at -16 %.
    assert old["initial_margin_rate"] < new["initial_margin_rate"]
    assert new["available_balance"] < old["available_balance"]
    assert back[0]["old_state"] == back[0]["new_state"]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"margin_model": "cross_pm"}, "margin_model"),
        ({"margin_model": "segregated_pm", "user_id": 99}, "user_id"),
    ],
)
def test_what_there_is_not_cannot_be_chosen(params: dict[str, object], param: str) -> None:
    error = alice(floor()).fail("private/change_margin_model", **params)

    assert error["data"]["param"] == param


def test_currencies_stand_in_for_each_other() -> None:
    made = floor()
    wire = alice(made)
    before = wire.call("private/get_account_summary", currency="BTC")

    (btc, *_) = wire.call("private/change_margin_model", margin_model="cross_sm", dry_run=True)
    assert made.exchange.margin_model(ALICE) is MarginModel.STANDARD
    (changed, *_) = wire.call("private/change_margin_model", margin_model="cross_sm")

    assert btc["new_state"] == changed["new_state"]
    summary = wire.call("private/get_account_summary", currency="BTC")
    assert "total_equity_usd" not in before
    assert summary["margin_model"] == "cross_sm"
    assert (summary["cross_collateral_enabled"], before["cross_collateral_enabled"]) == (
        True,
        False,
    )
    usdc = wire.call("private/get_account_summary", currency="USDC")
    equity = summary["equity"] * 100_000 + usdc["equity"]
    assert summary["total_equity_usd"] == usdc["total_equity_usd"] == equity
    assert summary["total_margin_balance_usd"] == equity
    # 5 % of the coins do not count.
    assert summary["total_initial_margin_usd"] == summary["equity"] * 100_000 / 20
    assert summary["total_maintenance_margin_usd"] == 0.0
    assert summary["margin_balance"] == equity / 100_000


def test_a_change_that_cannot_be_afforded_is_refused() -> None:
    made = floor()
    wire = alice(made)
    wire.call("private/buy", instrument_name=PERPETUAL, amount=100_000, price=99_000)
    # A tenth of a coin is left: enough for 2 % of one, and not for what it can lose.
    summary = made.exchange.summary(ALICE, "BTC")
    assert summary is not None
    made.apply(Withdraw(ALICE, "BTC", Units(summary.balance - 10_000_000)))

    error = wire.fail("private/change_margin_model", margin_model="segregated_pm")

    assert error["code"] == 10009
    assert made.exchange.margin_model(ALICE) is MarginModel.STANDARD


def test_a_portfolio_is_simulated_beside_the_positions_or_in_their_place() -> None:
    made = floor()
    wire = alice(made)
    wire.call("private/sell", instrument_name=PERPETUAL, amount=100_000, price=100_000)
    made.login(KEYS[BOB]).call(
        "private/buy", instrument_name=PERPETUAL, amount=100_000, price=100_000
    )
    thought = {PERPETUAL: 100_000}

    beside = wire.call("private/simulate_portfolio", currency="BTC", simulated_positions=thought)
    instead = wire.call(
        "private/simulate_portfolio",
        currency="btc",
        simulated_positions=json.dumps(thought),
        add_positions=False,
    )
    held = wire.call("private/simulate_portfolio", currency="BTC")

    assert beside["initial_margin"] == pytest.approx(0.0, abs=1e-9)
    assert instead["initial_margin"] == pytest.approx(1 / 0.84 - 1 + 0.01)
    assert instead["maintenance_margin"] == pytest.approx(0.8 * instead["initial_margin"])
    assert instead["projected_delta_total"] == pytest.approx(1.0)
    assert held["initial_margin"] == pytest.approx(1 - 1 / 1.16 + 0.01)
    assert held["available_funds"] == pytest.approx(held["equity"] - held["initial_margin"])
    assert made.exchange.margin_model(ALICE) is MarginModel.STANDARD


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"currency": "DOGE"}, "currency"),
        ({"currency": "BTC", "simulated_positions": "{"}, "simulated_positions"),
        ({"currency": "BTC", "simulated_positions": {"NOPE": 1}}, "simulated_positions"),
        ({"currency": "BTC", "simulated_positions": {"BTC_USDC": 1}}, "simulated_positions"),
        ({"currency": "BTC", "simulated_positions": {PERPETUAL: 1.1e12}}, "simulated_positions"),
        ({"currency": "BTC", "simulated_positions": {PERPETUAL: -1e300}}, "simulated_positions"),
    ],
)
def test_what_cannot_be_simulated_is_told(params: dict[str, object], param: str) -> None:
    error = alice(floor()).fail("private/simulate_portfolio", **params)

    assert error["data"]["param"] == param
