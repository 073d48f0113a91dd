import pytest

from strikewire.exchange import MarginModel
from strikewire.testing.exchange import ALICE
from strikewire.testing.gateway import KEYS, GatewayFloor

PERPETUAL, PUT = "BTC-PERPETUAL", "BTC-25DEC26-80000-P"


def floor() -> GatewayFloor:
    made = GatewayFloor(PERPETUAL, PUT)
    made.mark(PERPETUAL, 100_000.0)
    made.mark(PUT, 0.05, index=100_000.0, iv=60.0)
    return made


def test_a_margin_is_taken_apart_into_scenarios_and_charges() -> None:
    wire = floor().login(KEYS[ALICE])

    told = wire.call(
        "private/pme/simulate", currency="BTC", simulated_positions={PERPETUAL: -2.0, PUT: 1.0}
    )

    margin = told["margins"]["btc"]
    details = margin["initial_margin_details"]["risk_matrix_margin_details"]
    short = told["initial_risk_vectors"][PERPETUAL]
    # Two coins short: 1 / 0.84 - 1 of each gained below, 1 - 1 / 1.16 lost above, and beyond.
    assert (len(short["standard"]), len(short["extended"])) == (27, 8)
    assert short["standard"][0] == pytest.approx(2 * (1 / 0.84 - 1))
    for above in (short["standard"][-1], short["extended"][-1]):
        assert above == pytest.approx(-2 * (1 - 1 / 1.16))
    total, counted = told["pre_aggregated_risk_vectors"], told["aggregated_risk_vectors"]
    puts = told["initial_risk_vectors"][PUT]["standard"]
    assert total["btc_btc"]["standard"][26] == pytest.approx(short["standard"][26] + puts[26])
    assert max(counted["btc_btc"]["standard"]) == 0.0
    assert counted["btc_btc"]["extended"] == [0.0] * 8  # all of it is forgiven
    assert details["worst_case"] == -min(counted["btc_btc"]["standard"])
    bucket = details["worst_case_bucket"]
    assert (bucket["bucket"], bucket["side"], bucket["source"]) == (9, "right", "standard")
    assert margin["initial_margin"] == pytest.approx(
        details["worst_case"] + details["roll_shock"] + details["delta_shock"]
    )
    assert margin["maintenance_margin"] == pytest.approx(0.8 * margin["initial_margin"])
    assert told["portfolio"]["position"] == {PERPETUAL: pytest.approx(-2.0), PUT: 1.0}
    assert told["index_price"] == {"btc_usd": 100_000.0}
    assert told["model_params"]["currency_pair"]["btc_usd"]["price_range"] == 0.16


def test_it_is_the_margin_that_simulate_portfolio_tells() -> None:
    wire = floor().login(KEYS[ALICE])

    apart = wire.call(
        "private/pme/simulate", currency="btc", simulated_positions='{"BTC-PERPETUAL": 1}'
    )
    whole = wire.call(
        "private/simulate_portfolio", currency="BTC", simulated_positions={PERPETUAL: 100_000}
    )

    assert apart["margins"]["btc"]["initial_margin"] == pytest.approx(whole["initial_margin"])


def test_without_positions_there_is_nothing_to_take_apart() -> None:
    wire = floor().login(KEYS[ALICE])

    told = wire.call("private/pme/simulate", currency="BTC")

    assert told["margins"] == told["initial_risk_vectors"] == {}
    assert floor().exchange.margin_model(ALICE) is MarginModel.STANDARD


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "DOGE"},
        {"currency": "BTC", "simulated_positions": {"NOPE": 1}},
        {"currency": "BTC", "simulated_positions": "[]"},
    ],
)
def test_what_cannot_be_held_is_refused(wrong: dict[str, object]) -> None:
    assert floor().login(KEYS[ALICE]).fail("private/pme/simulate", **wrong)["code"] == -32602
