from typing import Any

from strikewire.testing.exchange import BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
LINEAR = "BTC_USDC-PERPETUAL"


def venue() -> tuple[Wire, Wire]:
    """Alice's orders: one cancelled, one filled in two steps, one open; and one in USDC, open."""
    floor = GatewayFloor(PERPETUAL, LINEAR)
    floor.mark(PERPETUAL, 100_000.0)
    floor.mark(LINEAR, 100_000.0)
    alice, bob = floor.login(), floor.login(KEYS[BOB])
    for price in (97_000, 99_000, 98_000):
        alice.call("private/buy", instrument_name=PERPETUAL, amount=30, price=price)
    alice.call("private/buy", instrument_name=LINEAR, amount=0.01, price=99_000)
    alice.call("private/cancel", order_id="BTC-1")
    for amount in (10, 20):
        floor.now_ns += 1_000_000
        bob.call("private/sell", instrument_name=PERPETUAL, amount=amount, type="market")
    return alice, bob


def ids(orders: list[dict[str, Any]]) -> list[str]:
    return [one["order_id"] for one in orders]


def test_an_order_is_read_in_every_state() -> None:
    alice, _ = venue()

    states = [
        alice.call("private/get_order_state", order_id=order_id)["order_state"]
        for order_id in ("BTC-1", "BTC-2", "BTC-3", "USDC-4")
    ]

    assert states == ["cancelled", "filled", "open", "open"]


def test_another_accounts_order_is_not_found() -> None:
    _, bob = venue()

    for method in ("private/get_order_state", "private/get_user_trades_by_order"):
        assert bob.fail(method, order_id="BTC-2")["code"] == 10004
        assert bob.fail(method, order_id="BTC-99")["code"] == 10004
        assert bob.fail(method, order_id="x")["code"] == 10004


def test_open_orders_of_all_of_an_instrument_and_of_a_currency() -> None:
    alice, bob = venue()

    assert ids(alice.call("private/get_open_orders")) == ["BTC-3", "USDC-4"]
    assert ids(alice.call("private/get_open_orders", kind="option")) == []
    by_instrument = "private/get_open_orders_by_instrument"
    assert ids(alice.call(by_instrument, instrument_name=PERPETUAL)) == ["BTC-3"]
    assert ids(alice.call(by_instrument, instrument_name=PERPETUAL, type="stop_all")) == []
    by_currency = "private/get_open_orders_by_currency"
    assert ids(alice.call(by_currency, currency="USDC")) == ["USDC-4"]
    assert ids(alice.call(by_currency, currency="any", type="limit")) == ["BTC-3", "USDC-4"]
    assert ids(alice.call(by_currency, currency="any", type="trigger_all")) == []
    assert bob.call("private/get_open_orders") == []


def test_closed_orders_are_read_newest_first_and_the_unfilled_only_on_request() -> None:
    alice, _ = venue()
    by_instrument = "private/get_order_history_by_instrument"

    assert ids(alice.call(by_instrument, instrument_name=PERPETUAL)) == ["BTC-2"]
    assert ids(alice.call(by_instrument, instrument_name=PERPETUAL, include_unfilled=True)) == [
        "BTC-2",
        "BTC-1",
    ]
    assert ids(
        alice.call(by_instrument, instrument_name=PERPETUAL, include_unfilled=True, offset=1)
    ) == ["BTC-1"]
    by_currency = "private/get_order_history_by_currency"
    assert ids(alice.call(by_currency, currency="BTC", include_unfilled=True, count=1)) == ["BTC-2"]
    assert ids(alice.call(by_currency, currency="USDC", include_unfilled=True)) == []


def test_fills_are_read_by_instrument_time_currency_and_order() -> None:
    alice, bob = venue()
    new_year = 1_767_225_600_000

    newest = alice.call("private/get_user_trades_by_instrument", instrument_name=PERPETUAL, count=1)
    in_time = alice.call(
        "private/get_user_trades_by_instrument_and_time",
        instrument_name=PERPETUAL,
        start_timestamp=new_year + 1,
        end_timestamp=new_year + 1,
    )
    of_btc = bob.call("private/get_user_trades_by_currency", currency="BTC", start_id="BTC-2")
    of_order = alice.call("private/get_user_trades_by_order", order_id="BTC-2")

    assert ([one["trade_seq"] for one in newest["trades"]], newest["has_more"]) == ([2], True)
    assert [one["trade_seq"] for one in in_time["trades"]] == [1]
    assert [(one["trade_id"], one["direction"]) for one in of_btc["trades"]] == [("BTC-2", "sell")]
    assert [(one["amount"], one["liquidity"]) for one in of_order] == [(10.0, "M"), (20.0, "M")]


def test_the_fills_of_an_order_can_be_turned_around() -> None:
    alice, _ = venue()

    trades = alice.call("private/get_user_trades_by_order", order_id="BTC-2", sorting="desc")

    assert [one["amount"] for one in trades] == [20.0, 10.0]


def test_parameters_that_clients_add_are_ignored() -> None:
    alice, _ = venue()

    page = alice.call(
        "private/get_user_trades_by_instrument", instrument_name=PERPETUAL, include_old=True
    )

    assert len(page["trades"]) == 2
