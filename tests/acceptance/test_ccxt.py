"""Unmodified ccxt and ccxt.pro trade on the venue; only the addresses are given to them."""

import asyncio
import contextlib
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.pro
import pytest
from scipy.stats import norm

from .conftest import Address

PERPETUAL = "BTC/USD:BTC"
SECONDS_MAX = 30
MS_PER_YEAR = 365 * 24 * 3600 * 1000


@asynccontextmanager
async def connected(venue: Address, account: int) -> AsyncIterator[Any]:
    """One ccxt.pro client of the venue's account number `account`, its markets loaded."""
    key = venue.accounts[account]
    exchange = ccxt.pro.deribit(
        {
            "apiKey": key["client_id"],
            "secret": key["client_secret"],
            "urls": {"api": {"rest": venue.http, "ws": venue.ws}},
            "enableRateLimit": False,
        }
    )
    try:
        await exchange.load_markets()
        yield exchange
    finally:
        await exchange.close()


@pytest.fixture
async def traders(quiet_venue: Address) -> AsyncIterator[tuple[Any, Any]]:
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(connected(quiet_venue, 0))
        bob = await stack.enter_async_context(connected(quiet_venue, 1))
        yield alice, bob


async def mark_of(exchange: Any, symbol: str = PERPETUAL) -> float:
    return float((await exchange.fetch_ticker(symbol))["info"]["mark_price"])


async def eventually(probe: Callable[[], Awaitable[bool]]) -> None:
    """Ask `probe` again and again until it says yes; a test that waits too long has failed."""
    async with asyncio.timeout(SECONDS_MAX):
        while not await probe():  # noqa: ASYNC110 - the answer is in another process
            await asyncio.sleep(0.05)


def levels(book: Any) -> tuple[list[list[float]], list[list[float]]]:
    return [list(level[:2]) for level in book["bids"]], [list(level[:2]) for level in book["asks"]]


async def test_load_markets_knows_every_kind_of_instrument(traders: tuple[Any, Any]) -> None:
    alice, _ = traders

    kinds = {market["type"] for market in alice.markets.values()}

    assert {"swap", "future", "option", "spot"} <= kinds
    assert alice.markets[PERPETUAL]["id"] == "BTC-PERPETUAL"
    assert alice.markets[PERPETUAL]["inverse"]
    assert alice.markets["BTC/USDC:USDC"]["linear"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_watched_book_equals_the_fetched_book_at_every_level(
    traders: tuple[Any, Any], seed: int
) -> None:
    alice, bob = traders
    dice = random.Random(seed)
    mark = await mark_of(alice)
    watched = await alice.watch_order_book(PERPETUAL)
    assert levels(watched) == ([], [])

    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(keep_watching(alice))
        await burst_of_random_orders((alice, bob), dice, mark)
        await eventually(lambda: books_agree(alice))
        reader.cancel()

    bids, asks = levels(alice.orderbooks[PERPETUAL])
    assert len(bids) > 5
    assert len(asks) > 5
    assert bids[0][0] < asks[0][0]


async def keep_watching(exchange: Any) -> None:
    while True:
        await exchange.watch_order_book(PERPETUAL)


async def books_agree(exchange: Any) -> bool:
    fetched = await exchange.fetch_order_book(PERPETUAL, limit=10_000)
    return levels(exchange.orderbooks[PERPETUAL]) == levels(fetched)


async def burst_of_random_orders(
    exchanges: tuple[Any, Any], dice: random.Random, mark: float
) -> None:
    """Place 150 orders around the mark, cancel some and change some, from both accounts."""
    open_orders: list[tuple[Any, str]] = []
    for _ in range(150):
        exchange = dice.choice(exchanges)
        action = dice.random()
        if action < 0.7 or not open_orders:
            price = round(mark * (1 + dice.gauss(0, 0.002)) * 2) / 2
            amount = 10 * dice.randint(1, 50)
            side = dice.choice(("buy", "sell"))
            order = await exchange.create_order(PERPETUAL, "limit", side, amount, price)
            if order["status"] == "open":
                open_orders.append((exchange, order["id"]))
            continue
        owner, order_id = open_orders.pop(dice.randrange(len(open_orders)))
        # What was filled meanwhile can no longer be cancelled or changed.
        with contextlib.suppress(ccxt.OrderNotFound, ccxt.InvalidOrder):
            if action < 0.85:
                await owner.cancel_order(order_id, PERPETUAL)
            else:
                price = round(mark * (1 + dice.gauss(0, 0.002)) * 2) / 2
                await owner.edit_order(order_id, PERPETUAL, "limit", "buy", 700, price)


async def test_a_trade_is_watched_as_it_happens(traders: tuple[Any, Any]) -> None:
    alice, bob = traders
    price = round(await mark_of(alice))
    await bob.create_order(PERPETUAL, "limit", "sell", 1000, price)

    watching = asyncio.ensure_future(alice.watch_trades(PERPETUAL))
    async with asyncio.timeout(SECONDS_MAX):
        while not watching.done():
            await bob.create_order(PERPETUAL, "limit", "buy", 10, price)
            await asyncio.sleep(0.1)

    (trade, *_) = watching.result()
    assert (trade["price"], trade["amount"], trade["side"]) == (price, 10, "buy")


async def test_the_watched_ticker_has_the_best_prices(traders: tuple[Any, Any]) -> None:
    alice, bob = traders
    mark = round(await mark_of(alice))
    await bob.create_order(PERPETUAL, "limit", "buy", 50, mark - 10)
    await bob.create_order(PERPETUAL, "limit", "sell", 70, mark + 10)

    ticker = await alice.watch_ticker(PERPETUAL)

    assert (ticker["bid"], ticker["bidVolume"]) == (mark - 10, 50)
    assert (ticker["ask"], ticker["askVolume"]) == (mark + 10, 70)


async def test_orders_are_created_edited_cancelled_and_filled(traders: tuple[Any, Any]) -> None:
    alice, bob = traders
    price = round(await mark_of(alice)) - 5

    created = await alice.create_order(PERPETUAL, "limit", "buy", 100, price)
    edited = await alice.edit_order(created["id"], PERPETUAL, "limit", "buy", 60, price - 1)
    filled = await bob.create_order(PERPETUAL, "market", "sell", 20)
    rest = await alice.fetch_order(created["id"], PERPETUAL)
    cancelled = await alice.cancel_order(created["id"], PERPETUAL)

    assert (created["status"], created["amount"]) == ("open", 100)
    assert (edited["id"], edited["amount"], edited["price"]) == (created["id"], 60, price - 1)
    assert (filled["status"], filled["filled"], filled["average"]) == ("closed", 20, price - 1)
    assert (rest["status"], rest["filled"], rest["remaining"]) == ("open", 20, 40)
    assert (cancelled["status"], cancelled["filled"]) == ("canceled", 20)
    assert await alice.fetch_open_orders(PERPETUAL) == []
    (trade,) = await alice.fetch_my_trades(PERPETUAL)
    assert (trade["order"], trade["amount"], trade["takerOrMaker"]) == (created["id"], 20, "maker")
    (position,) = [p for p in await bob.fetch_positions() if p["contracts"]]
    assert (position["symbol"], position["side"]) == (PERPETUAL, "short")


async def test_order_states_are_watched_in_order(traders: tuple[Any, Any]) -> None:
    alice, bob = traders
    price = round(await mark_of(alice)) - 5
    seen: list[tuple[str, float, float]] = []

    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(watch_states(alice, seen))
        await warm_up(alice, price - 100, seen)
        order = await alice.create_order(PERPETUAL, "limit", "buy", 100, price)
        await bob.create_order(PERPETUAL, "limit", "sell", 30, price)
        await alice.edit_order(order["id"], PERPETUAL, "limit", "buy", 80, price)
        await bob.create_order(PERPETUAL, "limit", "sell", 50, price)
        second = await alice.create_order(PERPETUAL, "limit", "buy", 10, price)
        await alice.cancel_order(second["id"], PERPETUAL)
        await eventually(lambda: as_awaitable(answer=len(seen) >= 6))
        reader.cancel()

    assert seen == [
        ("open", 100, 0),
        ("open", 100, 30),
        ("open", 80, 30),
        ("closed", 80, 80),
        ("open", 10, 0),
        ("canceled", 10, 0),
    ]


async def warm_up(exchange: Any, price: float, seen: list[Any]) -> None:
    """Place and cancel until the subscription answers, then forget what it said."""
    while len(seen) < 2 or seen[-1][0] != "canceled":
        order = await exchange.create_order(PERPETUAL, "limit", "buy", 10, price)
        await exchange.cancel_order(order["id"], PERPETUAL)
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.2)
    seen.clear()


async def as_awaitable(*, answer: bool) -> bool:
    return answer


async def watch_states(exchange: Any, seen: list[tuple[str, float, float]]) -> None:
    exchange.newUpdates = True
    while True:
        orders = await exchange.watch_orders()
        seen.extend((order["status"], order["amount"], order["filled"]) for order in orders)


def exact(number: Any) -> Decimal:
    """The number exactly as the venue printed it."""
    return Decimal(str(number))


async def wealth(exchange: Any, code: str) -> Decimal:
    return exact((await exchange.fetch_balance())[code]["total"])


async def fees_paid(exchange: Any, symbol: str) -> Decimal:
    trades = await exchange.fetch_my_trades(symbol, limit=1000)
    return sum((exact(trade["info"]["fee"]) for trade in trades), Decimal(0))


@pytest.mark.parametrize(
    ("symbol", "code", "step", "lot"),
    [(PERPETUAL, "BTC", 0.5, 10), ("BTC/USDC:USDC", "USDC", 1, 0.001)],
)
async def test_money_is_conserved_to_the_last_unit(
    traders: tuple[Any, Any], symbol: str, code: str, step: float, lot: float
) -> None:
    alice, bob = traders
    dice = random.Random(7)
    mark = await mark_of(alice, symbol)
    before = await wealth(alice, code) + await wealth(bob, code)

    for _ in range(40):
        maker, taker = dice.sample((alice, bob), 2)
        price = round(mark * (1 + dice.gauss(0, 0.001)) / step) * step
        amount = round(lot * dice.randint(1, 300), 6)
        side, other = dice.sample(("buy", "sell"), 2)
        await maker.create_order(symbol, "limit", side, amount, price)
        await taker.create_order(symbol, "limit", other, amount, price)
    for trader in (alice, bob):
        await trader.cancel_all_orders(symbol)
    await close_position(alice, bob, symbol, mark, step)

    after = await wealth(alice, code) + await wealth(bob, code)
    fees = await fees_paid(alice, symbol) + await fees_paid(bob, symbol)
    assert fees > 0
    assert after == before - fees


async def close_position(alice: Any, bob: Any, symbol: str, mark: float, step: float) -> None:
    """Trade the two accounts, which hold opposite positions, back to flat."""
    size = exact((await alice.fetch_position(symbol))["info"]["size"])
    if size == 0:
        return
    price = round(mark / step) * step
    side, other = ("sell", "buy") if size > 0 else ("buy", "sell")
    await alice.create_order(symbol, "limit", side, float(abs(size)), price)
    await bob.create_order(symbol, "limit", other, float(abs(size)), price)
    for trader in (alice, bob):
        assert exact((await trader.fetch_position(symbol))["info"]["size"]) == 0


async def test_fetched_greeks_equal_black_76(traders: tuple[Any, Any]) -> None:
    alice, _ = traders
    # In the half hour before its delivery an option's delta fades.
    latest_ms = alice.milliseconds() + 3_600_000
    options = [
        market
        for market in alice.markets.values()
        if market["option"] and market["expiry"] > latest_ms
    ]
    spot = await mark_of(alice)
    near = sorted(options, key=lambda market: abs(market["strike"] - spot))[:6]

    assert near
    for market in near:
        greeks = await alice.fetch_greeks(market["symbol"])
        expected = black_76(market, greeks)
        assert greeks["delta"] == pytest.approx(expected["delta"], abs=1.1e-5)
        assert greeks["gamma"] == pytest.approx(expected["gamma"], abs=1.1e-5)
        assert greeks["vega"] == pytest.approx(expected["vega"], abs=1.1e-5)
        assert greeks["markPrice"] == pytest.approx(
            expected["price"], abs=1.1e-4 * expected["unit"]
        )


def black_76(market: Any, greeks: Any) -> dict[str, float]:
    """Price and greeks from the textbook, of the volatility and forward that the venue shows.

    Source: Black (1976), with zero interest rate; an inverse option is quoted in coin.
    """
    forward = float(greeks["underlyingPrice"])
    strike = float(market["strike"])
    volatility = float(greeks["markImpliedVolatility"]) / 100
    years = (market["expiry"] - greeks["timestamp"]) / MS_PER_YEAR
    deviation = volatility * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    sign = 1 if market["optionType"] == "call" else -1
    value = sign * (forward * norm.cdf(sign * d1) - strike * norm.cdf(sign * (d1 - deviation)))
    unit = 1 if market["inverse"] else forward
    return {
        "delta": sign * norm.cdf(sign * d1),
        "gamma": norm.pdf(d1) / (forward * deviation),
        "vega": forward * norm.pdf(d1) * math.sqrt(years) / 100,
        "price": value / forward if market["inverse"] else value,
        "unit": unit,
    }


async def test_a_stop_a_take_and_a_trailing_stop_wait_are_edited_and_are_cancelled(
    traders: tuple[Any, Any],
) -> None:
    alice, _ = traders
    mark = await mark_of(alice)
    low, high = round(mark * 0.8), round(mark * 1.2)
    by_mark = {"trigger": "mark_price"}

    stop = await alice.create_order(
        PERPETUAL, "market", "sell", 100, None, {"stopLossPrice": low, **by_mark}
    )
    take = await alice.create_order(
        PERPETUAL, "limit", "sell", 100, high, {"takeProfitPrice": high, **by_mark}
    )
    trailing = await alice.create_order(
        PERPETUAL, "market", "sell", 100, None, {"trailingAmount": 500, **by_mark}
    )

    orders = [stop, take, trailing]
    assert [order["status"] for order in orders] == ["open", "open", "open"]
    assert [order["info"]["order_state"] for order in orders] == ["untriggered"] * 3
    assert [order["info"]["order_type"] for order in orders] == [
        "stop_market",
        "take_limit",
        "trailing_stop",
    ]
    assert float(stop["info"]["trigger_price"]) == low
    waiting = await alice.fetch_open_orders(PERPETUAL)
    assert {order["id"] for order in waiting} == {order["id"] for order in orders}
    edited = await alice.edit_order(
        trailing["id"], PERPETUAL, "market", "sell", 200, None, {"trailingAmount": 400}
    )
    assert (edited["amount"], float(edited["info"]["trigger_offset"])) == (200, 400)
    with pytest.raises(ccxt.InvalidOrder):
        await alice.create_order(
            PERPETUAL, "market", "sell", 100, None, {"stopLossPrice": high, **by_mark}
        )
    await alice.cancel_order(stop["id"], PERPETUAL)
    await alice.cancel_all_orders(PERPETUAL)
    assert await alice.fetch_open_orders(PERPETUAL) == []
