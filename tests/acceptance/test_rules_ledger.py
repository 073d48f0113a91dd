"""Everything an account has can be rebuilt from what the venue told while two traders traded."""

import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from .conftest import Address
from .wire import Socket, connected

CHANNELS = ["user.orders.any.any.raw", "user.trades.any.any.raw", "user.changes.any.any.raw"]
CODES = {
    10004, 10005, 10007, 10009, 10010, 10013, 10021, 10023, 10043, 11030, 11044, 11047, 11054,
}  # fmt: skip
"""Refusals that are ordinary business."""


def exact(number: Any) -> Decimal:
    return Decimal(str(number))


class Trader:
    """One account that trades at random and believes nothing but notifications."""

    def __init__(self, socket: Socket, dice: random.Random) -> None:
        self.socket = socket
        self.dice = dice
        self.refused: dict[int, int] = defaultdict(int)

    async def act(self, instruments: list[dict[str, Any]], marks: dict[str, float]) -> None:
        """Place, change or cancel something."""
        dice = self.dice
        waiting = list(self.open_orders())
        action = dice.random()
        if waiting and action < 0.15:
            await self.ask("private/cancel", order_id=dice.choice(waiting))
            return
        listed = dice.choice(instruments)
        name = listed["instrument_name"]
        price = near(listed, marks[name], dice)
        amount = float(exact(listed["min_trade_amount"]) * dice.randint(1, 200))
        if waiting and action < 0.3:
            order_id = dice.choice(waiting)
            old = self.last_orders()[order_id]
            if old["instrument_name"] == name:
                await self.ask("private/edit", order_id=order_id, amount=amount, price=price)
            else:
                await self.ask("private/edit", order_id=order_id, amount=old["amount"])
            return
        params: dict[str, Any] = {"instrument_name": name, "amount": amount}
        if action > 0.95:
            params["type"] = "market"
        else:
            params["price"] = price
            params["time_in_force"] = dice.choice(
                ["good_til_cancelled"] * 6 + ["immediate_or_cancel", "fill_or_kill"]
            )
            if params["time_in_force"] == "good_til_cancelled" and dice.random() < 0.3:
                params["post_only"] = True
                params["reject_post_only"] = dice.random() < 0.5
        params["reduce_only"] = listed["kind"] != "spot" and dice.random() < 0.15
        await self.ask(dice.choice(["private/buy", "private/sell"]), **params)

    async def ask(self, method: str, **params: Any) -> None:
        message = await self.socket.answer(await self.socket.send(method, **params))
        if "error" in message:
            code = message["error"]["code"]
            assert code in CODES, (method, params, message)
            self.refused[code] += 1

    def last_orders(self) -> dict[str, Any]:
        return {order["order_id"]: order for order in self.socket.told(CHANNELS[0])}

    def open_orders(self) -> dict[str, Any]:
        return {k: order for k, order in self.last_orders().items() if is_open(order)}

    def trades(self) -> list[dict[str, Any]]:
        return [trade for told in self.socket.told(CHANNELS[1]) for trade in told]


def is_open(order: dict[str, Any]) -> bool:
    return bool(order["order_state"] == "open")


def near(listed: dict[str, Any], mark: float, dice: random.Random) -> float:
    """Return a price around the mark, on the tick."""
    price = mark * (1 + dice.gauss(0, 0.01))
    steps = [s["tick_size"] for s in listed["tick_size_steps"] if price > s["above_price"]]
    tick = exact([listed["tick_size"], *steps][-1])
    return float(max(1, round(exact(price) / tick)) * tick)


@pytest.mark.parametrize("seed", [11])
async def test_orders_positions_and_money_follow_from_the_notifications(
    quiet_venue: Address, seed: int
) -> None:
    dice = random.Random(seed)
    async with connected(quiet_venue, 0) as one, connected(quiet_venue, 1) as two:
        instruments = await chosen(one)
        marks = {
            listed["instrument_name"]: (
                await one.call("public/ticker", instrument_name=listed["instrument_name"])
            )["mark_price"]
            for listed in instruments
        }
        before = [await summaries(socket) for socket in (one, two)]
        traders = [Trader(one, dice), Trader(two, dice)]
        for trader in traders:
            await trader.socket.call("private/subscribe", channels=CHANNELS)
        for _ in range(450):
            await dice.choice(traders).act(instruments, marks)

        for trader in traders:
            await trader.socket.catch_up()
            await check_orders(trader)
            await check_positions(trader, instruments)
        after = [await summaries(socket) for socket in (one, two)]
        books = [
            await one.call("public/get_order_book", instrument_name=listed["instrument_name"])
            for listed in instruments
        ]

    for trader, was, has in zip(traders, before, after, strict=True):
        check_money(trader, instruments, was, has)
    for currency in ("BTC", "ETH", "USDC"):
        check_conservation(traders, currency, before, after)
    for book in books:
        check_book(book, traders)
    assert sum(len(trader.trades()) for trader in traders) > 60
    assert len(traders[0].refused | traders[1].refused) >= 2


async def chosen(socket: Socket) -> list[dict[str, Any]]:
    """Return one instrument of each sort."""
    everything = await socket.call("public/get_instruments")
    sorts = {
        (listed["kind"], listed["base_currency"], listed["quote_currency"]): listed
        for listed in everything
    }
    return list(sorts.values())


async def summaries(socket: Socket) -> dict[str, dict[str, Any]]:
    found = await socket.call("private/get_account_summaries")
    return {one["currency"]: one for one in found["summaries"]}


async def check_orders(trader: Trader) -> None:
    """What waits is what was told to wait; what was told last is what is shown."""
    shown = {
        order["order_id"]: order for order in await trader.socket.call("private/get_open_orders")
    }
    assert shown == trader.open_orders()
    for order_id, order in list(trader.last_orders().items())[::7]:
        assert await trader.socket.call("private/get_order_state", order_id=order_id) == order
        fills = [trade for trade in trader.trades() if trade["order_id"] == order_id]
        assert sum(exact(trade["amount"]) for trade in fills) == exact(order["filled_amount"])
        if fills:
            value = sum(exact(trade["amount"]) * exact(trade["price"]) for trade in fills)
            average = value / exact(order["filled_amount"])
            assert order["average_price"] == pytest.approx(float(average), rel=1e-9)


async def check_positions(trader: Trader, instruments: list[dict[str, Any]]) -> None:
    sizes: dict[str, Decimal] = defaultdict(Decimal)
    for trade in trader.trades():
        sign = 1 if trade["direction"] == "buy" else -1
        sizes[trade["instrument_name"]] += sign * exact(trade["amount"])
    told = {
        held["instrument_name"]: held
        for change in trader.socket.told(CHANNELS[2])
        for held in change["positions"]
    }
    for listed in instruments:
        name = listed["instrument_name"]
        if listed["kind"] == "spot" or name not in sizes:
            continue
        held = await trader.socket.call("private/get_position", instrument_name=name)
        assert exact(held["size"]) == sizes[name]
        assert (held["size"], held["average_price"]) == (
            told[name]["size"],
            told[name]["average_price"],
        )
        gains = sum(
            exact(trade["profit_loss"])
            for trade in trader.trades()
            if trade["instrument_name"] == name
        )
        funding = exact(held.get("realized_funding", 0.0))
        assert exact(held["realized_profit_loss"]) == gains + funding


def check_money(
    trader: Trader,
    instruments: list[dict[str, Any]],
    before: dict[str, dict[str, Any]],
    after: dict[str, dict[str, Any]],
) -> None:
    """The balance moved by fees, premiums and spot; realised profit is of trades and funding."""
    of = {listed["instrument_name"]: listed for listed in instruments}
    moved: dict[str, Decimal] = defaultdict(Decimal)
    gained: dict[str, Decimal] = defaultdict(Decimal)
    for trade in trader.trades():
        listed = of[trade["instrument_name"]]
        sign = 1 if trade["direction"] == "buy" else -1
        amount, price = exact(trade["amount"]), exact(trade["price"])
        moved[trade["fee_currency"]] -= exact(trade["fee"])
        if listed["kind"] == "future":
            gained[listed["settlement_currency"]] += exact(trade["profit_loss"])
            continue
        moved[listed["quote_currency"]] -= sign * amount * price
        if listed["kind"] == "spot":
            moved[listed["base_currency"]] += sign * amount
    for currency, was in before.items():
        has = after[currency]
        assert exact(has["balance"]) - exact(was["balance"]) == moved[currency]
        assert exact(has["session_rpl"]) == gained[currency] + exact(has["session_funding"])
        profit = exact(has["session_rpl"]) + exact(has["session_upl"])
        equity = exact(has["balance"]) + profit + exact(has["options_value"])
        assert exact(has["equity"]) == equity


def check_conservation(
    traders: list[Trader],
    currency: str,
    before: list[dict[str, dict[str, Any]]],
    after: list[dict[str, dict[str, Any]]],
) -> None:
    def total(summaries: list[dict[str, dict[str, Any]]], field: str) -> Decimal:
        return sum((exact(one[currency][field]) for one in summaries), Decimal(0))

    fees = sum(
        exact(trade["fee"])
        for trader in traders
        for trade in trader.trades()
        if trade["fee_currency"] == currency
    )
    assert total(after, "balance") == total(before, "balance") - fees
    # Of an entry price that is no round number, a fraction of a unit stays with the venue; and the
    # funding of the second since the last mark is realised on one side before the other.
    lost = -total(after, "session_rpl") - total(after, "session_upl")
    assert abs(lost) < Decimal("0.00001") * 450


def check_book(book: dict[str, Any], traders: list[Trader]) -> None:
    """The public book is the sum of the orders that wait."""
    for side, direction in (("bids", "buy"), ("asks", "sell")):
        levels: dict[float, Decimal] = defaultdict(Decimal)
        for trader in traders:
            for order in trader.open_orders().values():
                if (order["instrument_name"], order["direction"]) == (
                    book["instrument_name"],
                    direction,
                ):
                    left = exact(order["amount"]) - exact(order["filled_amount"])
                    levels[order["price"]] += left
        ladder = sorted(levels.items(), reverse=side == "bids")
        assert [(price, exact(amount)) for price, amount in book[side]] == ladder
