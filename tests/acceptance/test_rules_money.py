"""Fees, profits, margins and identities, each worked out by hand to the last unit."""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest

from .conftest import Address
from .wire import Socket, connected

UNIT = {"BTC": Decimal("1e-8"), "ETH": Decimal("1e-8"), "USDC": Decimal("1e-6")}


def exact(number: Any) -> Decimal:
    """The number as the venue printed it."""
    return Decimal(str(number))


async def summary(trader: Socket, currency: str) -> dict[str, Decimal]:
    found = await trader.call("private/get_account_summary", currency=currency)
    return {key: exact(value) for key, value in found.items() if type(value) in (int, float)}


async def order(trader: Socket, side: str, name: str, amount: float, price: float) -> Any:
    return await trader.call(f"private/{side}", instrument_name=name, amount=amount, price=price)


async def meet(buyer: Socket, seller: Socket, name: str, amount: float, price: float) -> Any:
    """Let the seller wait and the buyer take; return the buyer's trade."""
    await order(seller, "sell", name, amount, price)
    (trade,) = (await order(buyer, "buy", name, amount, price))["trades"]
    return trade


def check_identities(found: dict[str, Decimal]) -> None:
    """Hold a summary to what Deribit's documents say of its fields."""
    profit = found["session_rpl"] + found["session_upl"]
    assert found["equity"] == found["balance"] + profit + found["options_value"]
    assert found["margin_balance"] == found["balance"] + profit
    assert found["available_funds"] == found["margin_balance"] - found["initial_margin"]
    assert found["session_rpl"] == found["futures_session_rpl"]
    assert found["session_upl"] == found["futures_session_upl"]
    assert found["futures_pl"] == found["futures_session_rpl"] + found["futures_session_upl"]
    assert found["options_pl"] == found["options_session_rpl"] + found["options_session_upl"]
    assert found["total_pl"] == found["futures_pl"] + found["options_pl"]
    assert found["maintenance_margin"] <= found["initial_margin"]


async def test_an_inverse_future_pays_its_profit_in_coin_and_a_fee_to_the_taker(
    quiet_venue: Address,
) -> None:
    name = "BTC-PERPETUAL"
    async with connected(quiet_venue, 0) as alice, connected(quiet_venue, 1) as bob:
        first = await meet(alice, bob, name, 10_000, 50_000)
        held = await alice.call("private/get_position", instrument_name=name)
        during = await summary(alice, "BTC")
        second = await meet(bob, alice, name, 4_000, 80_000)
        after = {trader: await summary(trader, "BTC") for trader in (alice, bob)}
        left = await alice.call("private/get_position", instrument_name=name)
        fills = await alice.call("private/get_user_trades_by_instrument", instrument_name=name)
        await order(bob, "buy", name, 6_000, 64_000)
        await order(alice, "sell", name, 6_000, 64_000)
        end = {trader: await summary(trader, "BTC") for trader in (alice, bob)}

    # 10 000 / 50 000 = 0.2 BTC, of which 0.05 % is 0.0001.
    assert exact(first["fee"]) == Decimal("0.0001")
    assert (first["fee_currency"], first["profit_loss"]) == ("BTC", 0.0)
    assert (held["size"], held["direction"], held["average_price"]) == (10_000.0, "buy", 50_000.0)
    assert during["balance"] == Decimal("99.9999")
    assert during["session_upl"] == exact(held["floating_profit_loss"])
    # 4 000 (1 / 50 000 - 1 / 80 000) = 0.08 - 0.05 = 0.03 BTC; the fee is that of 0.05 BTC.
    assert exact(second["profit_loss"]) == Decimal("-0.03")
    assert exact(second["fee"]) == Decimal("0.000025")
    assert after[alice]["session_rpl"] == Decimal("0.03")
    assert after[bob]["session_rpl"] == Decimal("-0.03")
    assert after[alice]["balance"] == Decimal("99.9999")
    assert after[bob]["balance"] == Decimal("99.999975")
    assert (left["size"], left["average_price"]) == (6_000.0, 50_000.0)
    assert exact(left["realized_profit_loss"]) == Decimal("0.03")
    assert [(f["side"] if "side" in f else f["direction"], f["fee"]) for f in fills["trades"]] == [
        ("sell", 0.0),
        ("buy", 0.0001),
    ]
    # 6 000 (1 / 50 000 - 1 / 64 000) = 0.12 - 0.09375 = 0.02625 BTC; fee 0.05 % of 0.09375.
    assert end[alice]["session_rpl"] == Decimal("0.05625")
    assert end[alice]["balance"] == Decimal("99.99985312")
    for found in (during, *after.values(), *end.values()):
        check_identities(found)
    assert sum(found["equity"] for found in end.values()) == (
        200 - Decimal("0.0001") - Decimal("0.000025") - Decimal("0.00004688")
    )


async def test_a_linear_future_pays_its_profit_in_dollars(quiet_venue: Address) -> None:
    name = "BTC_USDC-PERPETUAL"
    async with connected(quiet_venue, 0) as alice, connected(quiet_venue, 1) as bob:
        first = await meet(alice, bob, name, 1.5, 60_000)
        await meet(bob, alice, name, 1.5, 60_100.5)
        end = {trader: await summary(trader, "USDC") for trader in (alice, bob)}
        flat = await alice.call("private/get_position", instrument_name=name)
        listed = await alice.call("private/get_positions")

    # 1.5 * 60 000 * 0.05 % = 45 and 1.5 * 60 100.5 * 0.05 % = 45.075375; profit 1.5 * 100.5.
    assert exact(first["fee"]) == Decimal(45)
    assert end[alice]["equity"] == 1_000_000 - 45 + Decimal("150.75")
    assert end[bob]["equity"] == 1_000_000 - Decimal("45.075375") - Decimal("150.75")
    assert (flat["size"], flat["direction"], flat["average_price"]) == (0.0, "zero", 0.0)
    assert listed == []
    for found in end.values():
        check_identities(found)
        assert found["initial_margin"] == found["session_upl"] == 0


@pytest.mark.parametrize(
    ("price", "amount", "paid", "fee"),
    [
        # 0.03 % of one coin, while the premium is dear: 0.0003 each.
        (0.05, 2, "0.1", "0.0006"),
        # Dearest premium for which 12.5 % of it is less: 12.5 % of 0.0005 is 0.0000625.
        (0.0005, 0.7, "0.00035", "0.00004375"),
        (0.0001, 0.1, "0.00001", "0.00000125"),
        # 12.5 % of 0.0024 is 0.0003: both rules say the same.
        (0.0024, 0.3, "0.00072", "0.00009"),
        (0.0025, 0.3, "0.00075", "0.00009"),
    ],
)
async def test_an_options_fee_is_of_the_coin_and_never_above_an_eighth_of_the_premium(
    shared_venue: Address, price: float, amount: float, paid: str, fee: str
) -> None:
    async with connected(shared_venue, 0) as alice, connected(shared_venue, 1) as bob:
        options = await alice.call("public/get_instruments", currency="BTC", kind="option")
        name = options[0]["instrument_name"]
        before = {trader: await summary(trader, "BTC") for trader in (alice, bob)}
        trade = await meet(alice, bob, name, amount, price)
        after = {trader: await summary(trader, "BTC") for trader in (alice, bob)}
        (made,) = (
            await bob.call("private/get_user_trades_by_instrument", instrument_name=name, count=1)
        )["trades"]

    assert (exact(trade["fee"]), exact(made["fee"])) == (Decimal(fee), Decimal(fee))
    moved = {
        trader: after[trader]["balance"] - before[trader]["balance"] for trader in (alice, bob)
    }
    assert moved[alice] == -Decimal(paid) - Decimal(fee)
    assert moved[bob] == Decimal(paid) - Decimal(fee)
    for found in after.values():
        check_identities(found)


async def test_a_linear_options_fee_is_of_its_index_and_capped_too(shared_venue: Address) -> None:
    async with connected(shared_venue, 0) as alice, connected(shared_venue, 1) as bob:
        options = await alice.call("public/get_instruments", currency="USDC", kind="option")
        name = options[0]["instrument_name"]
        cheap = await meet(alice, bob, name, 0.03, 5)
        dear = await meet(alice, bob, name, 0.03, 5_000)
        ticker = await alice.call("public/ticker", instrument_name=name)

    # An eighth of 0.03 * 5 = 0.15 is 0.01875.
    assert exact(cheap["fee"]) == Decimal("0.01875")
    expected = Decimal("0.03") * exact(dear["index_price"]) * 3 / 10_000
    assert abs(exact(dear["fee"]) - expected) < Decimal("0.01")
    assert exact(dear["fee"]) == exact(dear["fee"]).quantize(UNIT["USDC"])
    assert ticker["open_interest"] == 0.06


async def test_an_options_premium_moves_at_once_and_its_worth_counts_in_equity(
    quiet_venue: Address,
) -> None:
    async with connected(quiet_venue, 0) as alice, connected(quiet_venue, 1) as bob:
        options = await alice.call("public/get_instruments", currency="BTC", kind="option")
        name = options[0]["instrument_name"]
        await meet(alice, bob, name, 3, 0.05)
        both = {trader: await summary(trader, "BTC") for trader in (alice, bob)}
        held = {
            trader: await trader.call("private/get_position", instrument_name=name)
            for trader in (alice, bob)
        }

    assert both[alice]["balance"] == 100 - Decimal("0.15") - Decimal("0.0009")
    assert both[bob]["balance"] == 100 + Decimal("0.15") - Decimal("0.0009")
    for trader, sign in ((alice, 1), (bob, -1)):
        position = held[trader]
        worth = sign * 3 * exact(position["mark_price"])
        assert position["size"] == sign * 3.0
        assert abs(both[trader]["options_value"] - worth) < Decimal("0.01")
        assert both[trader]["session_upl"] == 0
        check_identities(both[trader])
    assert both[alice]["initial_margin"] == 0
    assert both[bob]["initial_margin"] > Decimal("0.3")
    assert both[bob]["maintenance_margin"] > Decimal("0.2")


async def test_spot_changes_hands_without_a_fee(quiet_venue: Address) -> None:
    async with connected(quiet_venue, 0) as alice, connected(quiet_venue, 1) as bob:
        await order(bob, "sell", "BTC_USDC", 0.5, 60_000.5)
        waiting = await summary(bob, "BTC")
        taken = await order(alice, "buy", "BTC_USDC", 0.2, 60_000.5)
        coins = {trader: await summary(trader, "BTC") for trader in (alice, bob)}
        dollars = {trader: await summary(trader, "USDC") for trader in (alice, bob)}
        positions = await alice.call("private/get_positions")

    assert waiting["spot_reserve"] == Decimal("0.5")
    assert waiting["balance"] == 100
    assert taken["trades"][0]["fee"] == 0.0
    assert (coins[alice]["balance"], coins[bob]["balance"]) == (Decimal("100.2"), Decimal("99.8"))
    assert dollars[alice]["balance"] == 1_000_000 - Decimal("12000.1")
    assert dollars[bob]["balance"] == 1_000_000 + Decimal("12000.1")
    assert coins[bob]["spot_reserve"] == Decimal("0.3")
    assert positions == []


@pytest.mark.parametrize(
    ("name", "amount", "price", "currency"),
    [("BTC-PERPETUAL", 7_000, 50_000, "BTC"), ("BTC_USDC-PERPETUAL", 0.7, 50_000, "USDC")],
)
async def test_a_position_floats_with_its_mark(
    quiet_venue: Address, name: str, amount: float, price: float, currency: str
) -> None:
    async with connected(quiet_venue, 0) as alice, connected(quiet_venue, 1) as bob:
        await meet(alice, bob, name, amount, price)
        for trader, sign in ((alice, 1), (bob, -1)):
            held = await trader.call("private/get_position", instrument_name=name)
            (listed,) = await trader.call("private/get_positions", currency=currency)
            mark, entry = exact(held["mark_price"]), exact(price)
            size = sign * exact(amount)
            gain = size * ((1 / entry - 1 / mark) if currency == "BTC" else (mark - entry))
            coins = size / mark if currency == "BTC" else size

            assert exact(held["size"]) == size
            assert held["average_price"] == price
            assert abs(exact(held["floating_profit_loss"]) - gain) < 3 * UNIT[currency]
            assert held["total_profit_loss"] == held["floating_profit_loss"]
            assert held["delta"] == pytest.approx(float(coins), abs=1e-7)
            assert held["initial_margin"] > held["maintenance_margin"] > 0
            assert listed.keys() == held.keys()


async def test_a_portfolio_is_told_again_after_a_trade_and_says_what_the_summary_says(
    quiet_venue: Address,
) -> None:
    async with connected(quiet_venue, 0) as alice, connected(quiet_venue, 1) as bob:
        channel = "user.portfolio.btc"
        await alice.call("private/subscribe", channels=[channel])
        first = await alice.news(channel)
        trade = await meet(alice, bob, "BTC-PERPETUAL", 10_000, 50_000)
        while (told := await alice.news(channel))["balance"] == first["balance"]:
            pass
        asked = await alice.call("private/get_account_summary", currency="BTC")

    assert first["balance"] == first["equity"] == 100.0
    assert exact(told["balance"]) == 100 - exact(trade["fee"])
    assert told["balance"] == asked["balance"]
    assert told.keys() == asked.keys()
    check_identities({k: exact(v) for k, v in told.items() if type(v) in (int, float)})


# Margin.


async def test_an_open_order_ties_up_its_initial_margin_until_it_is_gone(
    quiet_venue: Address,
) -> None:
    name = "BTC-PERPETUAL"
    async with connected(quiet_venue, 0) as alice:
        placed = (await order(alice, "buy", name, 600_000, 60_000))["order"]
        tied = await summary(alice, "BTC")
        mark = exact((await alice.call("public/ticker", instrument_name=name))["mark_price"])
        await alice.call("private/edit", order_id=placed["order_id"], amount=300_000, price=60_000)
        half = await summary(alice, "BTC")
        await alice.call("private/cancel", order_id=placed["order_id"])
        free = await summary(alice, "BTC")

    # 2 % plus 0.005 % for each coin, of 600 000 USD at the mark.
    coins = 600_000 / mark
    expected = coins * (Decimal("0.02") + Decimal("0.00005") * coins)
    assert abs(tied["initial_margin"] - expected) < Decimal("0.001")
    assert tied["maintenance_margin"] == 0
    assert tied["initial_margin"] / 3 < half["initial_margin"] < tied["initial_margin"] / 2
    assert free["initial_margin"] == 0
    assert free["available_funds"] == free["equity"] == 100
    for found in (tied, half, free):
        check_identities(found)


@pytest.mark.parametrize(
    ("currency", "name", "amount", "price"),
    [
        ("BTC", "BTC-PERPETUAL", 100_000_000, 60_000),
        ("USDC", "BTC_USDC-PERPETUAL", 1_000, 60_000),
        ("USDC", "BTC_USDC", 20, 60_000),
    ],
)
async def test_what_cannot_be_paid_for_is_10009_and_changes_nothing(
    shared_venue: Address, currency: str, name: str, amount: float, price: float
) -> None:
    async with connected(shared_venue, 0) as alice:
        await alice.call("private/subscribe", channels=["user.orders.any.any.raw"])
        before = await summary(alice, currency)
        book = await alice.call("public/get_order_book", instrument_name=name)
        refused = await alice.fail("private/buy", instrument_name=name, amount=amount, price=price)
        after = await summary(alice, currency)
        book_after = await alice.call("public/get_order_book", instrument_name=name)
        history = await alice.call("private/get_open_orders_by_instrument", instrument_name=name)

    assert (refused["code"], refused["message"]) == (10009, "not_enough_funds")
    assert alice.told("user.orders.any.any.raw") == []
    assert history == []
    assert after["balance"] == before["balance"]
    assert abs(after["initial_margin"] - before["initial_margin"]) < Decimal("0.01")
    assert book_after["change_id"] == book["change_id"]


async def test_who_is_out_of_funds_may_still_close(quiet_venue: Address) -> None:
    name = "BTC-PERPETUAL"
    async with connected(quiet_venue, 0) as alice, connected(quiet_venue, 1) as bob:
        price = round((await alice.call("public/ticker", instrument_name=name))["mark_price"])
        await meet(alice, bob, name, 10_000_000, price)
        refused = await alice.code(
            "private/buy", instrument_name=name, amount=100_000_000, price=price
        )
        await order(bob, "buy", name, 10_000_000, price)
        closed = await order(alice, "sell", name, 10_000_000, price)
        flat = await alice.call("private/get_position", instrument_name=name)

    assert refused == 10009
    assert closed["order"]["order_state"] == "filled"
    assert flat["size"] == 0.0


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_a_slip_of_the_finger_is_refused_by_the_band_the_ticker_shows(
    shared_venue: Address, side: str
) -> None:
    name = "ETH-PERPETUAL"
    async with connected(shared_venue, 0) as alice:
        ticker = await alice.call("public/ticker", instrument_name=name)
        far = ticker["max_price"] * 1.5 if side == "buy" else ticker["min_price"] / 1.5
        far = round(far)
        refused = await alice.code(f"private/{side}", instrument_name=name, amount=1, price=far)

    assert 0 < ticker["min_price"] < ticker["mark_price"] < ticker["max_price"]
    assert refused == (10007 if side == "buy" else 10005)


# Rounding.


@pytest.mark.parametrize("price", [60_001.5, 59_999.5, 61_234.5])
async def test_values_round_to_the_nearest_unit_and_fees_round_up(
    quiet_venue: Address, price: float
) -> None:
    async with connected(quiet_venue, 0) as alice, connected(quiet_venue, 1) as bob:
        trade = await meet(alice, bob, "BTC-PERPETUAL", 10, price)
        found = await summary(alice, "BTC")

    value = (10 / exact(price)).quantize(UNIT["BTC"], ROUND_HALF_EVEN)
    fee = (value * Decimal("0.0005")).quantize(UNIT["BTC"], ROUND_CEILING)
    assert exact(trade["fee"]) == fee
    assert found["balance"] == 100 - fee
