import pytest

from strikewire.exchange import FeeKind, FeeRates, InstrumentState, Limits
from strikewire.gateway import DEFAULT_SCOPE, ApiKey
from strikewire.model import InstrumentId
from strikewire.testing.exchange import ALICE
from strikewire.testing.gateway import GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
NUMBER = InstrumentId(1)


def venue() -> tuple[GatewayFloor, Wire, Wire]:
    """Return a floor with Alice, and the operator, who is an account with another key."""
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 50_000.0)
    key = ApiKey(
        client_id="operator",
        client_secret="operators-secret",
        account_id=ALICE,
        scope="admin:read_write",
    )
    floor.keys.add(key)
    return floor, floor.login(), floor.login(key)


def test_an_instrument_is_stopped_and_goes_on() -> None:
    floor, alice, operator = venue()
    order = {"instrument_name": PERPETUAL, "amount": 10, "price": 49_000}

    for _ in range(2):  # the second time it is so already
        stopped = operator.call(
            "private/set_instrument_state", instrument_name=PERPETUAL, state="locked"
        )
        assert stopped == "ok"
    assert floor.exchange.instrument_state(NUMBER) is InstrumentState.LOCKED
    assert alice.fail("private/buy", **order)["code"] == 10019
    operator.call("private/set_instrument_state", instrument_name=PERPETUAL, state="open")

    assert alice.call("private/buy", **order)["order"]["order_state"] == "open"


def test_an_index_or_everything_is_locked() -> None:
    floor, alice, operator = venue()

    operator.call("private/set_platform_lock", locked=True, price_index="btc_usd")
    assert floor.exchange.locks == {"btc_usd"}
    operator.call("private/set_platform_lock", locked=True)
    operator.call("private/set_platform_lock", locked=False, price_index="btc_usd")

    assert floor.exchange.locks == {""}
    assert alice.call("public/status")["locked"] == "true"
    unknown = operator.fail("private/set_platform_lock", locked=True, price_index="x_y")
    assert unknown["code"] == 11029


def test_limits_are_set_and_taken_away() -> None:
    floor, alice, operator = venue()

    operator.call("private/set_limits", account_id=ALICE, max_open_orders=0)
    operator.call("private/set_limits", instrument_name=PERPETUAL, max_position_lots=5)

    assert floor.exchange.limits(ALICE) == Limits(0, None)
    assert floor.exchange.limits(instrument_id=NUMBER) == Limits(None, 5)
    order = {"instrument_name": PERPETUAL, "amount": 10, "price": 49_000}
    assert alice.fail("private/buy", **order)["code"] == 10013
    operator.call("private/set_limits", account_id=ALICE)
    assert floor.exchange.limits(ALICE) == Limits()
    neither = operator.fail("private/set_limits", max_open_orders=1)
    assert neither["data"]["reason"] == "one_of_account_and_instrument"


def test_a_fee_tier_begins_and_ends() -> None:
    floor, _, operator = venue()
    tier = {"account_id": ALICE, "kind": "perpetual", "currency": "btc"}

    operator.call("private/set_fees", **tier, maker_ppm=-100, taker_ppm=300)
    assert floor.exchange.fees(ALICE, "BTC") == {FeeKind.PERPETUAL: FeeRates(-100, 300)}
    operator.call("private/set_fees", **tier)

    assert floor.exchange.fees(ALICE, "BTC") == {}
    assert operator.fail("private/set_fees", **tier, maker_ppm=1)["code"] == -32602
    assert operator.fail("private/set_fees", **(tier | {"account_id": 99}))["code"] == 13009


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("set_instrument_state", {"instrument_name": PERPETUAL, "state": "locked"}),
        ("set_platform_lock", {"locked": True}),
        ("set_limits", {"account_id": 1}),
        ("set_fees", {"account_id": 1, "kind": "spot", "currency": "BTC"}),
    ],
)
def test_only_a_key_that_was_made_for_it_may(method: str, params: dict[str, object]) -> None:
    _, alice, _ = venue()

    error = alice.fail(f"private/{method}", **params)

    assert error["code"] == 13021
    assert "admin" not in DEFAULT_SCOPE
