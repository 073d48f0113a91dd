"""Fees, profits, margins and identities, each worked out by hand to the last unit."""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest

from .desk import Desk, buy, exact, figures, sell, summary
from .wire import Socket

PERPETUAL = "BTC-PERPETUAL"
LINEAR = "BTC_USDC-PERPETUAL"
UNIT = {"BTC": Decimal("1e-8"), "USDC": Decimal("1e-6")}


async def meet(buyer: Socket, seller: Socket, name: str, amount: float, price: float) -> Any:
    """Let the seller wait and the buyer take; return the buyer's trade."""
    await sell(seller, name, amount, price)
    (trade,) = (await buy(buyer, name, amount, price))["trades"]
    return trade


async def position(trader: Socket, name: str) -> Any:
    return await trader.call("private/get_position", instrument_name=name)


def check_identities(found: dict[str, Decimal]) -> None:
    """Hold a summary to what Deribit's documents say of its fields; it also holds for changes."""
    profit = found["session_rpl"] + found["session_upl"]
    assert found["equity"] == found["balance"] + profit + found["options_value"]
    assert found["margin_balance"] == found["balance"] + profit
    assert found["available_funds"] == found["margin_balance"] - found["initial_margin"]
    assert found["session_rpl"] == found["futures_session_rpl"]
    assert found["session_upl"] == found["futures_session_upl"]
    assert found["futures_pl"] == found["futures_session_rpl"] + found["futures_session_upl"]
    assert found["options_pl"] == found["options_session_rpl"] + found["options_session_upl"]
    assert found["total_pl"] == found["futures_pl"] + found["options_pl"]


# Fees and profits.


async def test_an_inverse_future_pays_its_profit_in_coin_and_a_fee_to_the_taker(
    desk: Desk,
) -> None:
    alice, bob = desk.alice, desk.bob
    first = await meet(alice, bob, PERPETUAL, 10_000, 50_000)
    held = await position(alice, PERPETUAL)
    during = await desk.moved(alice, "BTC")
    second = await meet(bob, alice, PERPETUAL, 4_000, 80_000)
    after = {trader: await desk.moved(trader, "BTC") for trader in (alice, bob)}
    left = await position(alice, PERPETUAL)
    fills = await alice.call(
        "private/get_user_trades_by_instrument", instrument_name=PERPETUAL, count=2
    )
    await meet(bob, alice, PERPETUAL, 6_000, 64_000)
    end = {trader: await desk.moved(trader, "BTC") for trader in (alice, bob)}

    # 10 000 / 50 000 = 0.2 BTC, of which 0.05 % is 0.0001.
    assert exact(first["fee"]) == Decimal("0.0001")
    assert (first["fee_currency"], first["profit_loss"]) == ("BTC", 0.0)
    assert (held["size"], held["direction"], held["average_price"]) == (10_000.0, "buy", 50_000.0)
    assert during["balance"] == Decimal("-0.0001")
    # 4 000 (1 / 50 000 - 1 / 80 000) = 0.08 - 0.05 = 0.03 BTC; the fee is that of 0.05 BTC.
    assert exact(second["profit_loss"]) == Decimal("-0.03")
    assert exact(second["fee"]) == Decimal("0.000025")
    assert after[alice]["session_rpl"] == Decimal("0.03")
    assert after[bob]["session_rpl"] == Decimal("-0.03")
    assert after[alice]["balance"] == Decimal("-0.0001")
    assert after[bob]["balance"] == Decimal("-0.000025")
    assert (left["size"], left["average_price"]) == (6_000.0, 50_000.0)
    assert [(fill["direction"], fill["fee"]) for fill in fills["trades"]] == [
        ("sell", 0.0),
        ("buy", 0.0001),
    ]
    # 6 000 (1 / 50 000 - 1 / 64 000) = 0.12 - 0.09375 = 0.02625 BTC; 0.05 % of 0.09375 is
    # 0.000046875, and a part of a unit is charged whole.
    assert end[alice]["session_rpl"] == Decimal("0.05625")
    assert end[bob]["balance"] == Decimal("-0.000025") - Decimal("0.00004688")
    assert end[alice]["equity"] + end[bob]["equity"] == -Decimal("0.00017188")
    for found in (during, *after.values(), *end.values()):
        check_identities(found)


async def test_a_linear_future_pays_its_profit_in_dollars(desk: Desk) -> None:
    first = await meet(desk.alice, desk.bob, LINEAR, 1.5, 60_000)
    await meet(desk.bob, desk.alice, LINEAR, 1.5, 60_100.5)
    end = {trader: await desk.moved(trader, "USDC") for trader in (desk.alice, desk.bob)}
    flat = await position(desk.alice, LINEAR)
    listed = await desk.alice.call("private/get_positions")

    # 1.5 * 60 000 * 0.05 % = 45 and 1.5 * 60 100.5 * 0.05 % = 45.075375; profit 1.5 * 100.5.
    assert exact(first["fee"]) == Decimal(45)
    assert end[desk.alice]["equity"] == Decimal("150.75") - 45
    assert end[desk.bob]["equity"] == Decimal("-150.75") - Decimal("45.075375")
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
        # 12.5 % of 0.0005 is 0.0000625.
        (0.0005, 0.7, "0.00035", "0.00004375"),
        (0.0001, 0.1, "0.00001", "0.00000125"),
        # 12.5 % of 0.0024 is 0.0003: both rules say the same.
        (0.0024, 0.3, "0.00072", "0.00009"),
        (0.0025, 0.3, "0.00075", "0.00009"),
    ],
)
async def test_an_options_fee_is_of_the_coin_and_never_above_an_eighth_of_the_premium(
    desk: Desk, price: float, amount: float, paid: str, fee: str
) -> None:
    options = await desk.alice.call("public/get_instruments", currency="BTC", kind="option")
    name = options[0]["instrument_name"]
    trade = await meet(desk.alice, desk.bob, name, amount, price)
    moved = {trader: await desk.moved(trader, "BTC") for trader in (desk.alice, desk.bob)}
    made = await desk.bob.call(
        "private/get_user_trades_by_instrument", instrument_name=name, count=1
    )

    assert exact(trade["fee"]) == exact(made["trades"][0]["fee"]) == Decimal(fee)
    assert moved[desk.alice]["balance"] == -Decimal(paid) - Decimal(fee)
    assert moved[desk.bob]["balance"] == Decimal(paid) - Decimal(fee)
    for found in moved.values():
        check_identities(found)


async def test_a_linear_options_fee_is_of_its_index_and_capped_too(desk: Desk) -> None:
    options = await desk.alice.call("public/get_instruments", currency="USDC", kind="option")
    name = options[0]["instrument_name"]
    cheap = await meet(desk.alice, desk.bob, name, 0.03, 5)
    dear = await meet(desk.alice, desk.bob, name, 0.03, 5_000)

    # An eighth of 0.03 * 5 = 0.15 is 0.01875.
    assert exact(cheap["fee"]) == Decimal("0.01875")
    expected = Decimal("0.03") * exact(dear["index_price"]) * 3 / 10_000
    assert abs(exact(dear["fee"]) - expected) < Decimal("0.01")
    assert exact(dear["fee"]) == exact(dear["fee"]).quantize(UNIT["USDC"])


async def test_an_options_premium_moves_at_once_and_its_worth_counts_in_equity(
    desk: Desk,
) -> None:
    options = await desk.alice.call("public/get_instruments", currency="BTC", kind="option")
    name = options[1]["instrument_name"]
    await meet(desk.alice, desk.bob, name, 3, 0.05)
    moved = {trader: await desk.moved(trader, "BTC") for trader in (desk.alice, desk.bob)}
    held = {trader: await position(trader, name) for trader in (desk.alice, desk.bob)}

    assert moved[desk.alice]["balance"] == -Decimal("0.15") - Decimal("0.0009")
    assert moved[desk.bob]["balance"] == Decimal("0.15") - Decimal("0.0009")
    for trader, sign in ((desk.alice, 1), (desk.bob, -1)):
        worth = sign * 3 * exact(held[trader]["mark_price"])
        assert held[trader]["size"] == sign * 3.0
        assert abs(moved[trader]["options_value"] - worth) < Decimal("0.01")
        assert moved[trader]["session_upl"] == 0
        check_identities(moved[trader])
    assert moved[desk.alice]["initial_margin"] == 0
    assert moved[desk.bob]["initial_margin"] > Decimal("0.3")
    assert moved[desk.bob]["maintenance_margin"] > Decimal("0.2")


async def test_spot_changes_hands_without_a_fee(desk: Desk) -> None:
    alice, bob = desk.alice, desk.bob
    await sell(bob, "BTC_USDC", 0.5, 60_000.5)
    waiting = await desk.moved(bob, "BTC")
    taken = await buy(alice, "BTC_USDC", 0.2, 60_000.5)
    coins = {trader: await desk.moved(trader, "BTC") for trader in (alice, bob)}
    dollars = {trader: await desk.moved(trader, "USDC") for trader in (alice, bob)}
    positions = await alice.call("private/get_positions")

    assert waiting["spot_reserve"] == Decimal("0.5")
    assert waiting["balance"] == 0
    assert taken["trades"][0]["fee"] == 0.0
    assert (coins[alice]["balance"], coins[bob]["balance"]) == (Decimal("0.2"), Decimal("-0.2"))
    assert dollars[alice]["balance"] == -Decimal("12000.1")
    assert dollars[bob]["balance"] == Decimal("12000.1")
    assert coins[bob]["spot_reserve"] == Decimal("0.3")
    assert positions == []


# Positions and portfolios.


@pytest.mark.parametrize(
    ("name", "amount", "currency"), [(PERPETUAL, 7_000, "BTC"), (LINEAR, 0.7, "USDC")]
)
async def test_a_position_floats_with_its_mark(
    desk: Desk, name: str, amount: float, currency: str
) -> None:
    before = {trader: await position(trader, name) for trader in (desk.alice, desk.bob)}
    await meet(desk.alice, desk.bob, name, amount, 50_000)

    for trader, sign in ((desk.alice, 1), (desk.bob, -1)):
        held = await position(trader, name)
        (listed,) = await trader.call("private/get_positions", currency=currency)
        mark, size = exact(held["mark_price"]), sign * exact(amount)
        is_inverse = currency == "BTC"
        gain = size * ((1 / Decimal(50_000) - 1 / mark) if is_inverse else (mark - 50_000))
        coins = size / mark if is_inverse else size
        realized = exact(held["realized_profit_loss"])

        assert (exact(held["size"]), held["average_price"]) == (size, 50_000.0)
        assert abs(exact(held["floating_profit_loss"]) - gain) < 3 * UNIT[currency]
        assert realized == exact(before[trader]["realized_profit_loss"])
        assert exact(held["total_profit_loss"]) == exact(held["floating_profit_loss"]) + realized
        assert held["delta"] == pytest.approx(float(coins), abs=1e-7)
        assert held["initial_margin"] > held["maintenance_margin"] > 0
        assert listed.keys() == held.keys()


async def test_a_portfolio_is_told_again_after_a_trade_and_says_what_the_summary_says(
    desk: Desk,
) -> None:
    channel = "user.portfolio.btc"
    await desk.alice.call("private/subscribe", channels=[channel])
    first = await desk.alice.news(channel)
    trade = await meet(desk.alice, desk.bob, PERPETUAL, 10_000, 50_000)
    while (told := await desk.alice.news(channel))["balance"] == first["balance"]:
        pass
    asked = await desk.alice.call("private/get_account_summary", currency="BTC")

    assert exact(told["balance"]) == exact(first["balance"]) - exact(trade["fee"])
    assert told["balance"] == asked["balance"]
    assert told.keys() == asked.keys()
    for portfolio in (first, told, asked):
        check_identities(figures(portfolio))


# Margin.


async def test_an_open_order_ties_up_its_initial_margin_until_it_is_gone(desk: Desk) -> None:
    alice = desk.alice
    placed = (await buy(alice, PERPETUAL, 600_000, 60_000))["order"]
    tied = await desk.moved(alice, "BTC")
    mark = exact((await alice.call("public/ticker", instrument_name=PERPETUAL))["mark_price"])
    await alice.call("private/edit", order_id=placed["order_id"], amount=300_000, price=60_000)
    half = await desk.moved(alice, "BTC")
    await alice.call("private/cancel", order_id=placed["order_id"])
    free = await desk.moved(alice, "BTC")

    # 2 % plus 0.005 % for each coin, of 600 000 USD at the mark.
    coins = 600_000 / mark
    expected = coins * (Decimal("0.02") + Decimal("0.00005") * coins)
    assert abs(tied["initial_margin"] - expected) < Decimal("0.001")
    assert tied["maintenance_margin"] == tied["balance"] == 0
    assert tied["initial_margin"] / 3 < half["initial_margin"] < tied["initial_margin"] / 2
    assert free["initial_margin"] == free["available_funds"] == 0
    for found in (tied, half, free):
        check_identities(found)


@pytest.mark.parametrize(
    ("currency", "name", "amount"),
    [("BTC", PERPETUAL, 100_000_000), ("USDC", LINEAR, 1_000), ("USDC", "BTC_USDC", 20)],
)
async def test_what_cannot_be_paid_for_is_10009_and_changes_nothing(
    desk: Desk, currency: str, name: str, amount: float
) -> None:
    alice = desk.alice
    await alice.call("private/subscribe", channels=["user.orders.any.any.raw"])
    book = await alice.call("public/get_order_book", instrument_name=name)
    order = {"instrument_name": name, "amount": amount, "price": 60_000}
    refused = await alice.fail("private/buy", **order)
    moved = await desk.moved(alice, currency)
    after = await alice.call("public/get_order_book", instrument_name=name)
    waiting = await alice.call("private/get_open_orders_by_instrument", instrument_name=name)

    assert (refused["code"], refused["message"]) == (10009, "not_enough_funds")
    assert alice.told("user.orders.any.any.raw") == waiting == []
    assert set(moved.values()) == {Decimal(0)}
    assert after["change_id"] == book["change_id"]


async def test_who_is_out_of_funds_may_still_close(desk: Desk) -> None:
    alice, bob = desk.alice, desk.bob
    price = await desk.mark(PERPETUAL, 0.5)
    order = {"instrument_name": PERPETUAL, "amount": 100_000_000, "price": price}
    await meet(alice, bob, PERPETUAL, 10_000_000, price)
    refused = await alice.code("private/buy", **order)
    await buy(bob, PERPETUAL, 10_000_000, price)
    closed = await sell(alice, PERPETUAL, 10_000_000, price)

    assert refused == 10009
    assert closed["order"]["order_state"] == "filled"
    assert (await position(alice, PERPETUAL))["size"] == 0.0


@pytest.mark.parametrize(("side", "code"), [("buy", 10007), ("sell", 10005)])
async def test_a_slip_of_the_finger_is_refused_by_the_band_the_ticker_shows(
    desk: Desk, side: str, code: int
) -> None:
    name = "ETH-PERPETUAL"
    ticker = await desk.alice.call("public/ticker", instrument_name=name)
    far = round(ticker["max_price"] * 1.5 if side == "buy" else ticker["min_price"] / 1.5)

    refused = await desk.alice.code(f"private/{side}", instrument_name=name, amount=1, price=far)

    assert 0 < ticker["min_price"] < ticker["mark_price"] < ticker["max_price"]
    assert refused == code


# Rounding.


@pytest.mark.parametrize("price", [60_001.5, 59_999.5, 61_234.5])
async def test_values_round_to_the_nearest_unit_and_fees_round_up(desk: Desk, price: float) -> None:
    trade = await meet(desk.alice, desk.bob, PERPETUAL, 10, price)
    moved = await desk.moved(desk.alice, "BTC")

    value = (10 / exact(price)).quantize(UNIT["BTC"], ROUND_HALF_EVEN)
    fee = (value * Decimal("0.0005")).quantize(UNIT["BTC"], ROUND_CEILING)
    assert exact(trade["fee"]) == fee
    assert moved["balance"] == -fee


async def test_money_returns_to_the_unit_when_everybody_is_flat_again(desk: Desk) -> None:
    for price in (60_001.5, 59_998, 60_123.5):
        await meet(desk.alice, desk.bob, PERPETUAL, 70, price)
    sold = await meet(desk.bob, desk.alice, PERPETUAL, 210, 60_050)
    moved = [await desk.moved(trader, "BTC") for trader in (desk.alice, desk.bob)]

    assert sold["fee"] > 0
    gained = sum(found["session_rpl"] for found in moved)
    assert -3 * UNIT["BTC"] <= gained <= 0
    assert await summary(desk.alice, "ETH") == await summary(desk.bob, "ETH")
