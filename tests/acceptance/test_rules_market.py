"""What is listed, what it costs, when it ends, and the figures of a market that has traded."""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from .conftest import Address
from .wire import Socket, connected, get

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
NEVER_MS = 32_503_708_800_000
NAME = re.compile(
    r"(BTC|ETH|BTC_USDC)"
    r"(-PERPETUAL|-([1-9]|[12]\d|3[01])([A-Z]{3})(\d\d)(-(\d+(?:d\d+)?)-([CP]))?)?"
)
DATED = re.compile(r"BTC-\d+[A-Z]+\d+")
FRIDAY = 4

Instrument = dict[str, Any]


@pytest.fixture(scope="module")
def instruments(shared_venue: Address) -> list[Instrument]:
    found = get(shared_venue, "public/get_instruments").result
    assert isinstance(found, list)
    return found


def expiry_of(instrument: Instrument) -> datetime:
    return datetime.fromtimestamp(instrument["expiration_timestamp"] / 1000, UTC)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


# Instruments.


def test_every_instrument_has_what_its_kind_must_have(instruments: list[Instrument]) -> None:
    always = {
        "instrument_name": str,
        "instrument_id": int,
        "kind": str,
        "instrument_type": str,
        "base_currency": str,
        "quote_currency": str,
        "counter_currency": str,
        "price_index": str,
        "creation_timestamp": int,
        "expiration_timestamp": int,
        "tick_size": float,
        "tick_size_steps": list,
        "min_trade_amount": float,
        "contract_size": float,
        "maker_commission": float,
        "taker_commission": float,
        "is_active": bool,
        "underlying_type": str,
    }

    for one in instruments:
        assert {key: type(one.get(key)) for key in always} == always, one
        assert one["underlying_type"] == "crypto"
        assert one["is_active"] is True
        assert ("settlement_period" in one) == (one["kind"] != "spot")
        assert ("strike" in one) == ("option_type" in one) == (one["kind"] == "option")
        endless = one["kind"] == "spot" or one["settlement_period"] == "perpetual"
        assert (one["expiration_timestamp"] == NEVER_MS) == endless
    assert len({one["instrument_id"] for one in instruments}) == len(instruments)


@pytest.mark.parametrize(
    ("family", "kind", "counted"),
    [
        ("BTC-", "future", "BTC USD USD BTC reversed btc_usd"),
        ("BTC-", "option", "BTC BTC USD BTC reversed btc_usd"),
        ("ETH-", "future", "ETH USD USD ETH reversed eth_usd"),
        ("ETH-", "option", "ETH ETH USD ETH reversed eth_usd"),
        ("BTC_USDC-", "future", "BTC USDC USDC USDC linear btc_usdc"),
        ("BTC_USDC-", "option", "BTC USDC USDC USDC linear btc_usdc"),
    ],
)
def test_every_family_counts_in_its_currencies(
    instruments: list[Instrument], family: str, kind: str, counted: str
) -> None:
    fields = ["base_currency", "quote_currency", "counter_currency", "settlement_currency"]
    fields += ["instrument_type", "price_index"]

    found = {
        " ".join(one[field] for field in fields)
        for one in instruments
        if one["instrument_name"].startswith(family) and one["kind"] == kind
    }

    assert found == {counted}


def test_a_name_says_expiry_strike_and_type_as_the_fields_do(instruments: list[Instrument]) -> None:
    for one in instruments:
        match = NAME.fullmatch(one["instrument_name"])
        assert match, one
        base, rest, day, month, year, _, strike, letter = match.groups()
        assert base.partition("_")[0] == one["base_currency"]
        if rest is None:
            assert one["kind"] == "spot"
        elif day is None:
            assert one["settlement_period"] == "perpetual"
        else:
            date = (2000 + int(year), MONTHS.index(month) + 1, int(day))
            expiry = expiry_of(one)
            assert (expiry.year, expiry.month, expiry.day) == date
        if strike is not None:
            assert float(strike.replace("d", ".")) == one["strike"]
            assert {"C": "call", "P": "put"}[letter] == one["option_type"]


def test_everything_expires_at_eight_and_fridays_carry_the_long_periods(
    instruments: list[Instrument],
) -> None:
    dated = [one for one in instruments if one["expiration_timestamp"] != NEVER_MS]
    today = datetime.now(UTC)

    for one in dated:
        expiry = expiry_of(one)
        assert (expiry.hour, expiry.minute, expiry.second) == (8, 0, 0)
        assert expiry > today
        if one["settlement_period"] in ("week", "month"):
            assert expiry.weekday() == FRIDAY
        if one["settlement_period"] == "month":
            assert (expiry + timedelta(days=7)).month != expiry.month
    for family in ("BTC-", "ETH-", "BTC_USDC-"):
        assert min(map(expiry_of, options_of(dated, family))) - today <= timedelta(days=1)
    periods = {one["settlement_period"] for one in options_of(dated, "BTC-")}
    assert periods == {"day", "week", "month"}


def options_of(instruments: list[Instrument], family: str) -> list[Instrument]:
    return [
        one
        for one in instruments
        if one["instrument_name"].startswith(family) and one["kind"] == "option"
    ]


def test_fees_are_those_of_the_documents(instruments: list[Instrument]) -> None:
    fees = {(one["kind"], one["maker_commission"], one["taker_commission"]) for one in instruments}

    assert fees == {("future", 0.0, 0.0005), ("option", 0.0003, 0.0003), ("spot", 0.0, 0.0)}


async def test_the_tick_and_the_minimum_of_every_sort_are_what_the_venue_keeps_to(
    shared_venue: Address, instruments: list[Instrument]
) -> None:
    sorts = {
        (
            one["kind"],
            one["settlement_currency" if one["kind"] != "spot" else "quote_currency"],
            one["tick_size"],
        ): one
        for one in instruments
    }
    async with connected(shared_venue, 0) as alice:
        for one in sorts.values():
            name, least = one["instrument_name"], Decimal(str(one["min_trade_amount"]))
            ticker = await alice.call("public/ticker", instrument_name=name)
            tick = Decimal(str(one["tick_size"]))
            lowest = Decimal(str(ticker["min_price"])) // tick * tick + tick

            async def code(price: Decimal, amount: Decimal) -> int:
                message = await alice.answer(
                    await alice.send(
                        "private/buy",
                        instrument_name=name,  # noqa: B023 - called in this round only
                        price=float(price),
                        amount=float(amount),
                    )
                )
                return int(message.get("error", {}).get("code", 0))

            assert await code(lowest, least) == 0, one
            assert await code(lowest + tick / 2, least) == 10043, one
            assert await code(lowest, least / 2) == 10021, one
            assert await code(lowest, least * Decimal("1.5")) == 10021, one
            for step in one["tick_size_steps"]:
                above = Decimal(str(step["above_price"]))
                coarse = Decimal(str(step["tick_size"]))
                assert await code(above + coarse, least) == 0, one
                assert await code(above + coarse + tick / 2, least) == 10043, one
                assert await code(above + tick, least) == 10043, one
        await alice.call("private/cancel_all")


# Figures.


async def trade(buyer: Socket, seller: Socket, name: str, amount: float, price: float) -> Any:
    order = {"instrument_name": name, "amount": amount, "price": price}
    await seller.call("private/sell", **order)
    return (await buyer.call("private/buy", **order))["trades"][0]


async def test_trades_are_paged_by_number_time_and_count(shared_venue: Address) -> None:
    name = "ETH-PERPETUAL"
    method = "public/get_last_trades_by_instrument"
    async with connected(shared_venue, 0) as alice, connected(shared_venue, 1) as bob:
        price = round((await alice.call("public/ticker", instrument_name=name))["mark_price"])
        made = []
        for step in (0, 1, 1, -1, -1):
            made.append(await trade(alice, bob, name, 1, price + step))
            await asyncio.sleep(0.005)
        first, last = made[0]["trade_seq"], made[-1]["trade_seq"]

        async def page(**params: Any) -> tuple[list[int], bool]:
            found = await alice.call(method, instrument_name=name, **params)
            numbers = [one["trade_seq"] - first for one in found["trades"]]
            return numbers, found["has_more"]

        assert last == first + 4
        assert await page(count=2) == ([4, 3], True)
        assert await page(count=2, sorting="asc") == ([3, 4], True)
        assert await page(start_seq=first, count=2, sorting="asc") == ([0, 1], True)
        assert await page(start_seq=first + 1, end_seq=first + 3) == ([3, 2, 1], False)
        assert await page(start_seq=last + 1) == ([], False)
        assert await page(
            start_timestamp=made[1]["timestamp"], end_timestamp=made[3]["timestamp"], sorting="asc"
        ) == ([1, 2, 3], False)
        for bad in ({"count": 0}, {"count": 1001}, {"sorting": "up"}, {"start_seq": -1}):
            assert await alice.code(method, instrument_name=name, **bad) == -32602
        newest = (await alice.call(method, instrument_name=name, count=5))["trades"][::-1]
        by_currency = await alice.call(
            "public/get_last_trades_by_currency", currency="ETH", count=5
        )

    assert [one["tick_direction"] for one in newest[1:]] == [0, 1, 2, 3]
    assert by_currency["trades"][::-1] == newest
    for public, private in zip(newest, made, strict=True):
        assert public.items() <= (private | {"direction": "buy"}).items()
        assert "order_id" not in public
        assert "iv" not in public
        assert abs(public["timestamp"] - now_ms()) < 60_000
        assert abs(public["index_price"] / price - 1) < 0.05


async def test_a_market_that_traded_shows_volume_high_low_last_change_and_interest(
    shared_venue: Address,
    instruments: list[Instrument],
) -> None:
    name = next(name for one in instruments if DATED.fullmatch(name := one["instrument_name"]))
    async with connected(shared_venue, 0) as alice, connected(shared_venue, 1) as bob:
        for amount, price in ((1_000, 60_000), (3_000, 66_000), (2_000, 63_000)):
            await trade(alice, bob, name, amount, price)
        await trade(bob, alice, name, 1_500, 64_000)
        await bob.call("private/buy", instrument_name=name, amount=10, price=62_002.5)
        await bob.call("private/sell", instrument_name=name, amount=20, price=62_010)
        ticker = await alice.call("public/ticker", instrument_name=name)
        (line,) = await alice.call("public/get_book_summary_by_instrument", instrument_name=name)
        lines = await alice.call(
            "public/get_book_summary_by_currency", currency="BTC", kind="future"
        )

    # 1/60 + 3/66 + 2/63 + 1.5/64 BTC.
    volume = pytest.approx(1 / 60 + 3 / 66 + 2 / 63 + 1.5 / 64, abs=1e-7)
    stats = ticker["stats"]
    assert (stats["high"], stats["low"], ticker["last_price"]) == (66_000.0, 60_000.0, 64_000.0)
    assert (stats["volume"], stats["volume_usd"], stats["volume_notional"]) == (volume, 7500, 7500)
    assert stats["price_change"] == pytest.approx(6.6667)
    assert ticker["open_interest"] == 4_500.0
    assert (ticker["best_bid_price"], ticker["best_bid_amount"]) == (62_002.5, 10.0)
    assert (ticker["best_ask_price"], ticker["best_ask_amount"]) == (62_010.0, 20.0)
    assert (line["high"], line["low"], line["last"]) == (66_000.0, 60_000.0, 64_000.0)
    assert (line["bid_price"], line["ask_price"], line["mid_price"]) == (
        62_002.5,
        62_010,
        62_006.25,
    )
    assert (line["volume"], line["volume_usd"], line["open_interest"]) == (volume, 7500, 4500)
    assert line["price_change"] == stats["price_change"]
    assert [one["open_interest"] for one in lines if one["instrument_name"] == name] == [4500.0]


async def test_an_options_figures_are_in_coins(shared_venue: Address) -> None:
    async with connected(shared_venue, 0) as alice, connected(shared_venue, 1) as bob:
        options = await alice.call("public/get_instruments", currency="BTC", kind="option")
        name = options[7]["instrument_name"]
        made = [await trade(alice, bob, name, amount, 0.02) for amount in (0.3, 1.2)]
        ticker = await alice.call("public/ticker", instrument_name=name)
        found = await alice.call("public/get_last_trades_by_instrument", instrument_name=name)

    assert (ticker["stats"]["volume"], ticker["open_interest"]) == (1.5, 1.5)
    assert ticker["last_price"] == 0.02
    dollars = sum(0.02 * one["amount"] * one["index_price"] for one in made)
    assert ticker["stats"]["volume_usd"] == pytest.approx(dollars, rel=0.01)
    for one in found["trades"]:
        assert 5 < one["iv"] < 500
        assert one["contracts"] == one["amount"]


def is_sane(one: dict[str, Any], field: str, check: Callable[[float], bool]) -> bool:
    return type(one[field]) is float and check(one[field])


def test_every_ticker_of_a_quoted_venue_is_sane(shared_busy_venue: Address) -> None:
    instruments = get(shared_busy_venue, "public/get_instruments").result
    for listed in instruments[:20] + instruments[20::9]:
        name = listed["instrument_name"]
        one = get(shared_busy_venue, "public/ticker", instrument_name=name).result
        index = one["index_price"]
        assert abs(one["timestamp"] - now_ms()) < 60_000
        assert one["state"] == "open"
        assert is_sane(one, "mark_price", lambda price: price > 0)
        assert one["min_price"] < one["max_price"]
        assert one["estimated_delivery_price"] == index > 0
        if listed["kind"] != "option":
            assert abs(one["mark_price"] / index - 1) < 0.1
            assert one["best_bid_price"] < one["best_ask_price"]
            continue
        assert abs(one["underlying_price"] / index - 1) < 0.1
        assert isinstance(one["underlying_index"], str)
        assert 5 < one["mark_iv"] < 500
        assert one["bid_iv"] <= one["mark_iv"] <= one["ask_iv"] or not one["bid_iv"]
        greeks = one["greeks"]
        assert greeks.keys() == {"delta", "gamma", "vega", "theta", "rho"}
        assert (greeks["delta"] >= 0) == (listed["option_type"] == "call")
        assert greeks["gamma"] >= 0 >= greeks["theta"]


async def test_a_ticker_is_told_as_rest_tells_it(shared_busy_venue: Address) -> None:
    names = ["BTC-PERPETUAL", "BTC_USDC"]
    names += [
        one["instrument_name"]
        for one in get(shared_busy_venue, "public/get_instruments", currency="BTC").result
        if one["kind"] == "option"
    ][:1]
    async with connected(shared_busy_venue, 0) as alice:
        for name in names:
            await alice.call("public/subscribe", channels=[f"ticker.{name}.100ms"])
            told = await alice.news(f"ticker.{name}.100ms")
            asked = await alice.call("public/ticker", instrument_name=name)
            book = await alice.call("public/get_order_book", instrument_name=name, depth=1)
            assert told.keys() == asked.keys()
            assert book.keys() == asked.keys() | {"bids", "asks", "change_id"}


async def test_a_quote_is_told_when_the_best_prices_change_and_not_otherwise(
    shared_venue: Address,
) -> None:
    name = "BTC_USDC-PERPETUAL"
    async with connected(shared_venue, 1) as bob:
        await bob.call("public/subscribe", channels=[f"quote.{name}"])
        for price in (20_000, 19_000, 20_001):
            await bob.call("private/buy", instrument_name=name, amount=0.01, price=price)
        await bob.call("private/cancel_all")
        await bob.catch_up()

    told = [(q["best_bid_price"], q["best_bid_amount"]) for q in bob.told(f"quote.{name}")]
    assert told == [(0.0, 0.0), (20_000.0, 0.01), (20_001.0, 0.01), (0.0, 0.0)]


async def test_trades_are_told_on_every_channel_that_covers_them(shared_venue: Address) -> None:
    name = "BTC_USDC"
    raw, wide, slow = f"trades.{name}.raw", "trades.spot.any.raw", "trades.any.USDC.100ms"
    async with connected(shared_venue, 0) as alice, connected(shared_venue, 1) as bob:
        other = "trades.future.any.raw"
        await alice.call("private/subscribe", channels=[raw, wide, slow, other])
        await trade(alice, bob, name, 0.0001, 60_000)
        told = [await alice.news(channel) for channel in (raw, wide, slow)]

    assert told[0] == told[1] == told[2]
    ((one,),) = (told[0],)
    assert (one["price"], one["amount"], one["direction"]) == (60_000.0, 0.0001, "buy")
    assert alice.told(other) == []
