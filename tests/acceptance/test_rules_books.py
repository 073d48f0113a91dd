"""What a subscriber may build on: chains without a gap, books equal to REST, numbers not nulls."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from .conftest import Address
from .wire import Socket, connected, get, listed

PERPETUAL = "BTC-PERPETUAL"
INTERVALS = ("raw", "100ms", "agg2")

Levels = dict[float, float]


class Chain:
    """A book as the strictest reader keeps it: every step of every message is checked."""

    def __init__(self) -> None:
        self.change_id: int | None = None
        self.sides: dict[str, Levels] = {"bids": {}, "asks": {}}

    def take(self, data: dict[str, Any]) -> None:
        if self.change_id is None:
            assert data["type"] == "snapshot"
            assert "prev_change_id" not in data
            assert {action for side in self.sides for action, _, _ in data[side]} <= {"new"}
        else:
            assert data["type"] == "change"
            assert data["prev_change_id"] == self.change_id
            assert data["change_id"] > self.change_id
        self.change_id = data["change_id"]
        for name, levels in self.sides.items():
            for action, price, amount in data[name]:
                edit(levels, action, price, amount)
        if self.sides["bids"] and self.sides["asks"]:
            assert max(self.sides["bids"]) < min(self.sides["asks"])

    def ladder(self) -> tuple[list[list[float]], list[list[float]]]:
        bids, asks = self.sides["bids"], self.sides["asks"]
        return (
            [[price, bids[price]] for price in sorted(bids, reverse=True)],
            [[price, asks[price]] for price in sorted(asks)],
        )


def edit(levels: Levels, action: str, price: float, amount: float) -> None:
    match action:
        case "new":
            assert price not in levels
            assert amount > 0
            levels[price] = amount
        case "change":
            assert price in levels
            assert amount > 0
            assert amount != levels[price]
            levels[price] = amount
        case "delete":
            assert amount == 0
            del levels[price]
        case _:
            pytest.fail(f"unknown action {action!r}")


def chain_of(messages: Sequence[dict[str, Any]]) -> Chain:
    chain = Chain()
    for message in messages:
        chain.take(message)
    return chain


def ladder_at(chain_messages: Sequence[dict[str, Any]], change_id: int) -> Any:
    """The ladder of a chain after the message that leads to `change_id`."""
    chain = Chain()
    for message in chain_messages:
        chain.take(message)
        if chain.change_id == change_id:
            return chain.ladder()
    return None


async def burst(socket: Socket, instrument: str, dice: random.Random, orders: int = 250) -> None:
    """Place, change and cancel without waiting for answers."""
    mark = (await socket.call("public/ticker", instrument_name=instrument))["mark_price"]
    resting: list[str] = []
    for _ in range(orders):
        price = round(mark * (1 + dice.gauss(0, 0.0005)) * 2) / 2
        side = dice.choice(("private/buy", "private/sell"))
        amount = 10 * dice.randint(1, 30)
        asked = await socket.send(side, instrument_name=instrument, amount=amount, price=price)
        if dice.random() < 0.5:
            placed = (await socket.answer(asked))["result"]["order"]
            if placed["order_state"] == "open":
                resting.append(placed["order_id"])
        if resting and dice.random() < 0.3:
            await socket.send("private/cancel", order_id=resting.pop(0))
        if resting and dice.random() < 0.2:
            await socket.send("private/edit", order_id=resting[-1], amount=amount, price=price)
    await socket.catch_up()


async def listen(socket: Socket, channels: list[str], until: asyncio.Event) -> None:
    assert await socket.call("private/subscribe", channels=channels) == channels
    while not until.is_set():
        await asyncio.sleep(0.02)
        await socket.catch_up()
    # What the slowest interval still holds back is told within a second.
    for _ in range(25):
        await asyncio.sleep(0.05)
        await socket.catch_up()


async def test_the_chains_of_all_intervals_are_unbroken_and_end_in_the_book_of_rest(
    shared_venue: Address,
) -> None:
    channels = [f"book.{PERPETUAL}.{interval}" for interval in INTERVALS]
    done = asyncio.Event()
    async with (
        connected(shared_venue, 0) as alice,
        connected(shared_venue, 1) as bob,
        connected(shared_venue, 0) as early,
        connected(shared_venue, 1) as middle,
        connected(shared_venue, 1) as late,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(early, channels, done))
            await burst(alice, PERPETUAL, random.Random(1))
            tasks.create_task(listen(middle, channels, done))
            async with asyncio.TaskGroup() as both:
                both.create_task(burst(alice, PERPETUAL, random.Random(2)))
                both.create_task(burst(bob, PERPETUAL, random.Random(3)))
            tasks.create_task(listen(late, channels, done))
            await burst(bob, PERPETUAL, random.Random(4))
            done.set()
        book = await alice.call("public/get_order_book", instrument_name=PERPETUAL)

    assert book["bids"]
    assert book["asks"]
    rest = (book["bids"], book["asks"])
    for reader in (early, middle, late):
        for channel in channels:
            assert chain_of(reader.told(channel)).ladder() == rest, channel
        # Only changes that undo each other are not told, so the newest id is one both know.
        assert reader.told(channels[0])[-1]["change_id"] == book["change_id"]
    # Whoever came later was told the very messages that the early ones were told.
    for channel in channels:
        assert late.told(channel)[1:] == early.told(channel)[-len(late.told(channel)) + 1 :]
    assert (
        len(early.told(channels[0])) > len(early.told(channels[1])) > len(early.told(channels[2]))
    )


async def test_the_book_of_rest_is_the_chain_at_the_same_change_id_while_it_moves(
    shared_busy_venue: Address,
) -> None:
    channel = f"book.{PERPETUAL}.raw"
    books = []
    async with connected(shared_busy_venue, 0) as socket:
        await socket.call("public/subscribe", channels=[channel])
        for _ in range(20):
            books.append(await socket.call("public/get_order_book", instrument_name=PERPETUAL))
            await asyncio.sleep(0.05)

    compared = 0
    for book in books:
        ladder = ladder_at(socket.told(channel), book["change_id"])
        if ladder is not None:
            compared += 1
            assert ladder == (book["bids"], book["asks"])
    assert compared >= 15


async def stir(trader: Socket, instruments: Sequence[dict[str, Any]]) -> None:
    """Take from both sides of some books, so that the makers have to quote anew."""
    for one in instruments:
        order = {"instrument_name": one["instrument_name"], "amount": one["min_trade_amount"]}
        for side in ("private/buy", "private/sell"):
            await trader.call(side, type="market", **order)


async def test_every_chain_of_a_quoted_venue_is_unbroken(shared_busy_venue: Address) -> None:
    instruments = get(shared_busy_venue, "public/get_instruments").result[::4]
    channels = [
        f"book.{i['instrument_name']}.{interval}" for i in instruments for interval in INTERVALS
    ]
    async with connected(shared_busy_venue, 0) as socket, connected(shared_busy_venue, 1) as trader:
        for start in range(0, len(channels), 100):
            some = channels[start : start + 100]
            assert await socket.call("public/subscribe", channels=some) == some
        begun = len(socket.heard)
        while len(socket.heard) < begun + 3 * len(channels):
            await stir(trader, instruments[:40])
            await socket.catch_up()
        while len(socket.told(channels[-1])) == 0:
            await socket.hear()

    for channel in channels:
        chain_of(socket.told(channel))
    assert max(len(socket.told(channel)) for channel in channels) > 5


async def test_who_subscribes_again_in_the_middle_gets_a_snapshot_that_the_chain_continues(
    shared_busy_venue: Address,
) -> None:
    channel = f"book.{PERPETUAL}.raw"
    perpetual = {"instrument_name": PERPETUAL, "min_trade_amount": 10}
    async with connected(shared_busy_venue, 0) as socket:
        for _ in range(3):
            await socket.call("private/subscribe", channels=[channel])
            await stir(socket, [perpetual] * 3)
        await socket.catch_up()

    told = socket.told(channel)
    starts = [number for number, one in enumerate(told) if one["type"] == "snapshot"]
    assert len(starts) == 3
    for start, end in zip(starts, [*starts[1:], len(told)], strict=True):
        chain_of(told[start:end])
    assert len(told) >= 9


async def test_every_command_is_one_message_of_a_raw_book(
    shared_venue: Address,
) -> None:
    name = "ETH-PERPETUAL"
    async with connected(shared_venue, 0) as socket:
        await socket.call("public/subscribe", channels=[f"book.{name}.raw"])
        await socket.news(f"book.{name}.raw")
        for price in (700, 701):
            await socket.call("private/buy", instrument_name=name, amount=5, price=price)
        await socket.call("private/cancel_all_by_instrument", instrument_name=name)
        await socket.catch_up()

    changes = socket.told(f"book.{name}.raw")[1:]
    assert [(m["bids"], m["asks"]) for m in changes] == [
        ([["new", 700.0, 5.0]], []),
        ([["new", 701.0, 5.0]], []),
        ([["delete", 701.0, 0.0], ["delete", 700.0, 0.0]], []),
    ]


async def test_a_grouped_book_is_a_complete_view_without_actions_type_or_chain(
    shared_venue: Address,
) -> None:
    name = "BTC_USDC-PERPETUAL"
    async with connected(shared_venue, 0) as socket:
        for price in (20000, 20004.5, 20006, 20015):
            await socket.call("private/buy", instrument_name=name, amount=0.01, price=price)
        fine, coarse = f"book.{name}.none.1.100ms", f"book.{name}.10.10.100ms"
        await socket.call("public/subscribe", channels=[fine, coarse])
        one, ten = await socket.news(fine), await socket.news(coarse)
        await socket.call("private/cancel_all_by_instrument", instrument_name=name)
        gone = await socket.news(coarse)

    assert one.keys() == {"timestamp", "instrument_name", "change_id", "bids", "asks"}
    assert (one["bids"], one["asks"]) == ([[20015.0, 0.01]], [])
    assert ten["bids"] == [[20010.0, 0.01], [20000.0, 0.03]]
    assert gone["bids"] == []


def test_empty_sides_are_zero_and_never_null(shared_venue: Address) -> None:
    for name in list(listed(shared_venue))[1::40]:
        ticker = get(shared_venue, "public/ticker", instrument_name=name).result
        fields = ["best_bid_price", "best_bid_amount", "best_ask_price", "best_ask_amount"]
        fields += ["bid_iv", "ask_iv"] if name.endswith(("-C", "-P")) else []
        assert [ticker[field] for field in fields] == [0.0] * len(fields)


def test_the_depth_of_a_book_may_be_limited(shared_busy_venue: Address) -> None:
    whole = get(shared_busy_venue, "public/get_order_book", instrument_name=PERPETUAL).result
    top = get(
        shared_busy_venue, "public/get_order_book", instrument_name=PERPETUAL, depth="1"
    ).result

    assert len(top["bids"]) == len(top["asks"]) == 1
    assert len(whole["bids"]) > 1
    assert top["bids"][0] == [top["best_bid_price"], top["best_bid_amount"]]
    assert top["asks"][0] == [top["best_ask_price"], top["best_ask_amount"]]
