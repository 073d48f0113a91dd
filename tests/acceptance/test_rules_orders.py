"""What traders may count on: order states, priority, post-only, reduce-only, who sees what."""

from typing import Any

import pytest

from .conftest import Address
from .desk import Desk, buy, sell
from .wire import Socket, connected

Order = dict[str, Any]


async def state(trader: Socket, order: Order) -> tuple[str, float]:
    found = await trader.call("private/get_order_state", order_id=order["order_id"])
    return found["order_state"], found["filled_amount"]


async def bids(trader: Socket, name: str) -> Any:
    return (await trader.call("public/get_order_book", instrument_name=name))["bids"]


async def asks(trader: Socket, name: str) -> Any:
    return (await trader.call("public/get_order_book", instrument_name=name))["asks"]


# Orders and their states.


async def test_an_order_tells_everything_about_itself(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    placed = await buy(desk.alice, name, 100, 20000.5, label="mine", post_only=True)

    order = placed["order"]
    await desk.alice.call("private/cancel", order_id=order["order_id"])
    created = order.pop("creation_timestamp")
    assert placed["trades"] == []
    assert order.pop("last_update_timestamp") == created
    assert abs(created - (await desk.alice.call("public/get_time"))) < 60_000
    assert order.pop("order_id").startswith("BTC-")
    assert (
        order.items()
        >= {
            "instrument_name": name,
            "direction": "buy",
            "amount": 100.0,
            "contracts": 10.0,
            "price": 20000.5,
            "order_type": "limit",
            "order_state": "open",
            "time_in_force": "good_til_cancelled",
            "filled_amount": 0.0,
            "average_price": 0.0,
            "label": "mine",
            "post_only": True,
            "reject_post_only": False,
            "reduce_only": False,
            "replaced": False,
            "api": True,
            "web": False,
            "is_liquidation": False,
        }.items()
    )


async def test_raw_orders_come_one_by_one_and_others_in_lists_with_every_state_in_order(
    desk: Desk,
) -> None:
    name = "ETH-PERPETUAL"
    price = await desk.mark(name, 0.05)
    raw, wide, slow = (
        f"user.orders.{name}.raw",
        "user.orders.future.ETH.raw",
        "user.orders.any.any.100ms",
    )
    await desk.alice.call("private/subscribe", channels=[raw, wide, slow])

    placed = (await buy(desk.alice, name, 10, price))["order"]
    await sell(desk.bob, name, 3, price)
    await desk.alice.call("private/edit", order_id=placed["order_id"], amount=8, price=price)
    await sell(desk.bob, name, 5, price)
    other = (await buy(desk.alice, name, 2, price))["order"]
    await desk.alice.call("private/cancel", order_id=other["order_id"])
    late: list[Order] = []
    while len(late) < 6:
        late += await desk.alice.news(slow)

    def states(orders: list[Order]) -> list[tuple[str, str, float, float]]:
        return [
            (o["order_id"], o["order_state"], o["amount"], o["filled_amount"]) for o in orders[:6]
        ]

    first, second = placed["order_id"], other["order_id"]
    expected = [
        (first, "open", 10.0, 0.0),
        (first, "open", 10.0, 3.0),
        (first, "open", 8.0, 3.0),
        (first, "filled", 8.0, 8.0),
        (second, "open", 2.0, 0.0),
        (second, "cancelled", 2.0, 0.0),
    ]
    assert states(desk.alice.told(raw)) == expected
    assert states(desk.alice.told(wide)) == expected
    assert states(late) == expected


async def test_an_order_that_takes_is_told_filled_with_its_trades(desk: Desk) -> None:
    name = "ETH-PERPETUAL"
    price = await desk.mark(name, 0.05)
    await desk.alice.call("private/subscribe", channels=["user.trades.any.any.raw"])
    await desk.bob.call("private/subscribe", channels=["user.trades.future.ETH.100ms"])
    makers = [(await sell(desk.bob, name, n, price + n, label=f"m{n}"))["order"] for n in (1, 2)]

    taken = await buy(desk.alice, name, 3, price + 2, label="t")
    mine = await desk.alice.news("user.trades.any.any.raw")
    theirs = await desk.bob.news("user.trades.future.ETH.100ms")
    public = await desk.alice.call(
        "public/get_last_trades_by_instrument", instrument_name=name, count=2
    )

    order, trades = taken["order"], taken["trades"]
    assert (order["order_state"], order["filled_amount"]) == ("filled", 3.0)
    assert order["average_price"] == pytest.approx(price + 5 / 3, rel=1e-12)
    assert [(t["price"], t["amount"], t["liquidity"], t["label"]) for t in trades] == [
        (price + 1, 1.0, "T", "t"),
        (price + 2, 2.0, "T", "t"),
    ]
    assert mine == trades
    assert [(t["order_id"], t["label"], t["liquidity"], t["direction"]) for t in theirs] == [
        (makers[0]["order_id"], "m1", "M", "sell"),
        (makers[1]["order_id"], "m2", "M", "sell"),
    ]
    assert [t["trade_id"] for t in theirs] == [t["trade_id"] for t in trades]
    assert [t["trade_id"] for t in public["trades"]] == [t["trade_id"] for t in trades][::-1]
    assert trades[1]["trade_seq"] == trades[0]["trade_seq"] + 1
    found = await desk.alice.call("private/get_user_trades_by_order", order_id=order["order_id"])
    assert found == trades


async def test_immediate_or_cancel_takes_what_there_is_and_never_waits(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    price = await desk.mark(name, 0.5)
    await sell(desk.bob, name, 30, price)

    part = await buy(desk.alice, name, 100, price, time_in_force="immediate_or_cancel")
    none = await buy(desk.alice, name, 100, price, time_in_force="immediate_or_cancel")
    after = await bids(desk.alice, name)

    assert (part["order"]["order_state"], part["order"]["filled_amount"]) == ("cancelled", 30.0)
    assert [trade["amount"] for trade in part["trades"]] == [30.0]
    assert (none["order"]["order_state"], none["order"]["filled_amount"]) == ("cancelled", 0.0)
    assert none["trades"] == after == []


async def test_fill_or_kill_takes_all_or_nothing(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    price = await desk.mark(name, 0.5)
    for step in (0, 1):
        await sell(desk.bob, name, 30, price + step)

    killed = await buy(desk.alice, name, 70, price + 1, time_in_force="fill_or_kill")
    untouched = await asks(desk.alice, name)
    filled = await buy(desk.alice, name, 60, price + 1, time_in_force="fill_or_kill")

    assert (killed["order"]["order_state"], killed["trades"]) == ("cancelled", [])
    assert untouched == [[price, 30.0], [price + 1, 30.0]]
    assert (filled["order"]["order_state"], len(filled["trades"])) == ("filled", 2)


async def test_a_market_order_takes_and_its_rest_is_cancelled(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    price = await desk.mark(name, 0.5)
    await sell(desk.bob, name, 30, price)

    order = {"instrument_name": name, "amount": 50, "type": "market"}
    taken = await desk.alice.call("private/buy", **order)
    empty = await desk.alice.call("private/buy", **order)

    assert taken["order"]["price"] == "market_price"
    assert taken["order"]["order_type"] == "market"
    assert (taken["order"]["order_state"], taken["order"]["filled_amount"]) == ("cancelled", 30.0)
    assert (empty["order"]["order_state"], empty["order"]["filled_amount"]) == ("cancelled", 0.0)


async def test_better_prices_trade_first_and_then_whoever_came_first(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    price = await desk.mark(name, 0.5)
    first = (await buy(desk.alice, name, 10, price - 1))["order"]
    second = (await buy(desk.alice, name, 10, price - 1))["order"]
    best = (await buy(desk.alice, name, 10, price))["order"]

    trades = (await sell(desk.bob, name, 20, price - 1))["trades"]
    states = [await state(desk.alice, order) for order in (first, second, best)]

    # The taker gets the maker's price, which may be better than its own.
    assert [trade["price"] for trade in trades] == [price, price - 1]
    assert states == [("filled", 10.0), ("open", 0.0), ("filled", 10.0)]


async def test_an_account_may_trade_with_itself_and_pays_for_both_sides(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    before = await desk.alice.call("private/get_account_summary", currency="BTC", extended=True)
    await buy(desk.alice, name, 100, 50_000)
    (trade,) = (await sell(desk.alice, name, 100, 50_000))["trades"]
    after = await desk.alice.call("private/get_account_summary", currency="BTC", extended=True)
    everything = await desk.alice.call("private/get_account_summaries")
    position = await desk.alice.call("private/get_position", instrument_name=name)

    assert (trade["self_trade"], trade["fee"]) == (True, 0.000001)
    assert after["balance"] == pytest.approx(before["balance"] - 0.000001, abs=1e-12)
    assert (position["size"], position["direction"]) == (0.0, "zero")
    for told in (after, everything):
        assert "self_trading_reject_mode" not in told


# Editing.


@pytest.mark.parametrize(
    ("change", "keeps"),
    [
        ({"amount": 40}, True),
        ({"amount": 20}, True),
        ({"amount": 50}, False),
        ({"amount": 40, "price": +1.0}, False),
    ],
)
async def test_an_edit_keeps_its_place_unless_it_asks_for_more_or_another_price(
    desk: Desk, change: dict[str, float], keeps: bool
) -> None:
    name = "BTC-PERPETUAL"
    price = await desk.mark(name, 0.5)
    mine = (await buy(desk.alice, name, 40, price))["order"]
    rival = (await buy(desk.bob, name, 10, price))["order"]

    if "price" in change:  # There and back again is another price twice.
        away = {"order_id": mine["order_id"], "amount": 40, "price": price - 1}
        await desk.alice.call("private/edit", **away)
    edited = await desk.alice.call(
        "private/edit", order_id=mine["order_id"], amount=change["amount"], price=price
    )
    await sell(desk.bob, name, 10, price)
    after = await state(desk.bob, rival)
    await desk.alice.call("private/cancel_all_by_instrument", instrument_name=name)
    await desk.bob.call("private/cancel_all_by_instrument", instrument_name=name)

    order = edited["order"]
    assert (order["order_id"], order["replaced"]) == (mine["order_id"], True)
    assert (order["amount"], order["price"]) == (change["amount"], price)
    assert after == (("open", 0.0) if keeps else ("filled", 10.0))


async def test_an_edit_that_crosses_takes(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    price = await desk.mark(name, 0.5)
    mine = (await buy(desk.alice, name, 40, price - 5))["order"]
    await sell(desk.bob, name, 30, price)

    edited = await desk.alice.call(
        "private/edit", order_id=mine["order_id"], amount=40, price=price
    )
    left = await bids(desk.alice, name)

    assert [(t["amount"], t["liquidity"]) for t in edited["trades"]] == [(30.0, "T")]
    assert (edited["order"]["order_state"], edited["order"]["filled_amount"]) == ("open", 30.0)
    assert left == [[price, 10.0]]


async def test_an_edited_amount_counts_from_the_beginning(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    price = await desk.mark(name, 0.5)
    mine = (await buy(desk.alice, name, 60, price))["order"]
    await sell(desk.bob, name, 30, price)

    lower = await desk.alice.call("private/edit", order_id=mine["order_id"], amount=40)
    left = await bids(desk.alice, name)
    refused = await desk.alice.code("private/edit", order_id=mine["order_id"], amount=35)
    ended = await desk.alice.call("private/edit", order_id=mine["order_id"], amount=30)
    gone = await desk.alice.code("private/edit", order_id=mine["order_id"], amount=50)

    assert (lower["order"]["amount"], lower["order"]["filled_amount"]) == (40.0, 30.0)
    assert left == [[price, 10.0]]
    assert refused == 10021
    assert (ended["order"]["order_state"], ended["order"]["amount"]) == ("filled", 30.0)
    assert gone in (10010, 11044)


# Post-only.


@pytest.mark.parametrize(
    ("name", "tick", "side"),
    [("BTC-PERPETUAL", 0.5, "buy"), ("BTC-PERPETUAL", 0.5, "sell"), ("ETH-PERPETUAL", 0.05, "buy")],
)
async def test_post_only_moves_one_tick_inside_instead_of_taking(
    desk: Desk, name: str, tick: float, side: str
) -> None:
    price = await desk.mark(name, tick)
    sign = 1 if side == "buy" else -1
    make, post = (sell, buy) if side == "buy" else (buy, sell)
    await make(desk.bob, name, 10, price)

    order = (await post(desk.alice, name, 10, price + sign * 20 * tick, post_only=True))["order"]
    refused = await desk.alice.fail(
        f"private/{side}",
        instrument_name=name,
        amount=10,
        price=price,
        post_only=True,
        reject_post_only=True,
    )
    waiting = await desk.alice.call("private/get_open_orders_by_instrument", instrument_name=name)

    assert order["price"] == pytest.approx(price - sign * tick, abs=1e-9)
    assert (order["order_state"], order["filled_amount"]) == ("open", 0.0)
    assert (refused["code"], refused["message"]) == (11054, "post_only_reject")
    assert [one["order_id"] for one in waiting] == [order["order_id"]]


async def test_post_only_steps_over_the_place_where_the_tick_changes(desk: Desk) -> None:
    name = await an_option(desk)
    ask = (await sell(desk.bob, name, 0.1, 0.0055))["order"]
    above = (await buy(desk.alice, name, 0.1, 0.0055, post_only=True))["order"]
    await desk.alice.call("private/cancel", order_id=above["order_id"])
    await desk.bob.call("private/edit", order_id=ask["order_id"], amount=0.1, price=0.005)
    below = (await buy(desk.alice, name, 0.1, 0.0055, post_only=True))["order"]
    for trader in (desk.alice, desk.bob):
        await trader.call("private/cancel_all_by_instrument", instrument_name=name)

    assert (above["price"], below["price"]) == (0.005, 0.0049)


async def an_option(desk: Desk) -> str:
    """Return an option of BTC that is worth little and has some days to live."""
    options = await desk.alice.call("public/get_instruments", currency="BTC", kind="option")
    summaries = await desk.alice.call(
        "public/get_book_summary_by_currency", currency="BTC", kind="option"
    )
    last = max(option["expiration_timestamp"] for option in options)
    far = {o["instrument_name"] for o in options if o["expiration_timestamp"] < last}
    cheap = [s for s in summaries if s["instrument_name"] in far]
    return str(min(cheap, key=lambda s: abs(s["mark_price"] - 0.01))["instrument_name"])


# Reduce-only.


async def test_reduce_only_never_makes_a_position_larger(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    price = await desk.mark(name, 0.5)
    order = {"instrument_name": name, "amount": 50, "price": price, "reduce_only": True}
    nothing = await desk.alice.code("private/buy", **order)
    await sell(desk.bob, name, 30, price)
    await buy(desk.alice, name, 30, price)

    wrong = await desk.alice.code("private/buy", **order)
    capped = (await sell(desk.alice, name, 50, price + 5, reduce_only=True))["order"]
    await buy(desk.bob, name, 10, price)
    await sell(desk.alice, name, 10, price)
    shrunk = await desk.alice.call("private/get_order_state", order_id=capped["order_id"])
    await buy(desk.bob, name, 20, price)
    await sell(desk.alice, name, 20, price)
    gone = await desk.alice.call("private/get_order_state", order_id=capped["order_id"])
    position = await desk.alice.call("private/get_position", instrument_name=name)

    assert nothing == wrong == 11030
    assert (capped["amount"], capped["order_state"]) == (30.0, "open")
    assert (shrunk["amount"], shrunk["order_state"]) == (20.0, "open")
    assert gone["order_state"] == "cancelled"
    assert (position["size"], position["direction"]) == (0.0, "zero")


# Cancelling, and other people's orders.


async def test_an_order_is_cancelled_once(desk: Desk) -> None:
    order = (await buy(desk.alice, "BTC-PERPETUAL", 10, 20000))["order"]
    cancelled = await desk.alice.call("private/cancel", order_id=order["order_id"])
    again = await desk.alice.code("private/cancel", order_id=order["order_id"])

    assert cancelled["order_state"] == "cancelled"
    assert cancelled["cancel_reason"] == "user_request"
    assert again in (10010, 11044)
    for unknown in ("BTC-999999", "nonsense", "BTC-", "BTC--1", "BTC-01", "-1", "BTC-" + "9" * 50):
        assert await desk.alice.code("private/cancel", order_id=unknown) == 10004
        assert await desk.alice.code("private/get_order_state", order_id=unknown) == 10004
        assert await desk.alice.code("private/edit", order_id=unknown, amount=10) == 10004


async def test_another_accounts_order_can_neither_be_read_nor_touched(desk: Desk) -> None:
    order = (await buy(desk.alice, "BTC-PERPETUAL", 10, 20000, label="secret"))["order"]
    order_id = order["order_id"]

    assert await desk.bob.code("private/get_order_state", order_id=order_id) == 10004
    assert await desk.bob.code("private/get_user_trades_by_order", order_id=order_id) == 10004
    assert await desk.bob.code("private/cancel", order_id=order_id) in (10004, 10029)
    assert await desk.bob.code("private/edit", order_id=order_id, amount=20) in (10004, 10029)
    for method in ("private/cancel_all", "private/get_open_orders"):
        assert await desk.bob.call(method) in (0, [])
    assert await state(desk.alice, order) == ("open", 0.0)
    await desk.alice.call("private/cancel_all")


async def test_cancelling_many_says_how_many_or_which(desk: Desk) -> None:
    for name, price in (("BTC-PERPETUAL", 20000), ("ETH-PERPETUAL", 800)):
        for n in range(3):
            await buy(desk.alice, name, 10, price + n, label=f"{n}")

    by_label = await desk.alice.call("private/cancel_by_label", label="0")
    by_currency = await desk.alice.call(
        "private/cancel_all_by_currency", currency="ETH", kind="future"
    )
    detailed = await desk.alice.call(
        "private/cancel_all_by_instrument", instrument_name="BTC-PERPETUAL", detailed=True
    )
    none = await desk.alice.call("private/cancel_all")

    assert (by_label, by_currency, none) == (2, 2, 0)
    (group,) = detailed
    assert (group["instrument_name"], group["currency"]) == ("BTC-PERPETUAL", "BTC")
    assert [order["price"] for order in group["result"]] == [20001.0, 20002.0]


async def test_open_orders_are_listed_by_instrument_and_by_currency(desk: Desk) -> None:
    spot, perpetual = "BTC_USDC", "BTC_USDC-PERPETUAL"
    one = (await buy(desk.alice, perpetual, 0.01, 20000))["order"]
    two = (await buy(desk.alice, spot, 0.01, 20000))["order"]

    async def listed(method: str, **params: str) -> list[str]:
        return [o["order_id"] for o in await desk.alice.call(f"private/{method}", **params)]

    both = {one["order_id"], two["order_id"]}
    assert set(await listed("get_open_orders_by_currency", currency="USDC")) == both
    assert await listed("get_open_orders_by_currency", currency="usdc", kind="spot") == [
        two["order_id"]
    ]
    assert await listed("get_open_orders_by_currency", currency="BTC") == []
    assert await listed("get_open_orders_by_instrument", instrument_name=perpetual) == [
        one["order_id"]
    ]
    assert set(await listed("get_open_orders")) == both
    await desk.alice.call("private/cancel_all")
    assert await listed("get_open_orders") == []


# Private channels.


async def test_two_accounts_never_hear_of_each_other(desk: Desk) -> None:
    name = "BTC-PERPETUAL"
    channels = [
        "user.orders.any.any.raw",
        "user.trades.any.any.raw",
        "user.changes.any.any.raw",
        f"user.orders.{name}.100ms",
        f"user.trades.{name}.100ms",
        f"user.changes.{name}.100ms",
        "user.portfolio.any",
    ]
    alice, bob = desk.alice, desk.bob
    for trader in (alice, bob):
        assert await trader.call("private/subscribe", channels=channels) == channels
    price = round((await alice.call("public/ticker", instrument_name=name))["mark_price"])
    await sell(alice, name, 500, price, label="of alice")
    await buy(bob, name, 100, price, label="of bob")
    await buy(bob, name, 50, price - 5, label="of bob")
    await alice.call("private/cancel_all")
    await alice.news("user.changes.BTC-PERPETUAL.100ms")
    await bob.news("user.changes.BTC-PERPETUAL.100ms")
    for trader in (alice, bob):
        await trader.catch_up()

    for trader, own, foreign in ((alice, "of alice", "of bob"), (bob, "of bob", "of alice")):
        private = [m for m in trader.heard if m.get("params", {}).get("channel", "")[:5] == "user."]
        assert own in str(private)
        assert foreign not in str(trader.heard)
        trades = [t for data in trader.told("user.trades.any.any.raw") for t in data]
        assert [(t["amount"], t["liquidity"]) for t in trades] == [
            (100.0, "M" if trader is alice else "T")
        ]


async def test_portfolios_may_be_asked_for_in_either_case_and_are_told_as_asked_for(
    desk: Desk,
) -> None:
    channels = ["user.portfolio.BTC", "user.portfolio.btc", "user.portfolio.Usdc"]
    assert await desk.alice.call("private/subscribe", channels=channels) == channels

    told = [(await desk.alice.news(channel))["currency"] for channel in channels]

    assert told == ["BTC", "BTC", "USDC"]


async def test_private_channels_need_authentication(shared_venue: Address) -> None:
    async with connected(shared_venue) as nobody:
        channels = ["user.orders.any.any.raw", "user.portfolio.btc"]
        assert await nobody.code("private/subscribe", channels=channels) == 13009
        assert await nobody.call("public/subscribe", channels=channels) == []
