"""Marks come from the books' own quotes, where there are some."""

import math

import pytest

from strikewire.model import Instrument, PriceE8, tick_above
from strikewire.pricing import price, years_to_expiry
from strikewire.testing.exchange import ALICE
from strikewire.testing.marketdata import Street
from strikewire.venue.surfaces import SurfaceKeeper

# 1 January 2026: 22 and 57 days ahead, at 08:00.
NEAR, FAR = "BTC-23JAN26", "BTC-27FEB26"
STRIKES = (80_000, 90_000, 100_000, 110_000, 120_000)
FORWARD = 100_000.0
UNDERLYING = PriceE8(100_000 * 10**8)


def names(expiry: str) -> list[str]:
    return [f"{expiry}-{strike}-{kind}" for strike in STRIKES for kind in "CP"]


def street() -> Street:
    made = Street(*names(NEAR), *names(FAR), "BTC-PERPETUAL")
    for name in (*names(NEAR), *names(FAR)):
        made.mark(name=name, price=0.05, underlying=FORWARD)
    return made


def quote(made: Street, expiry: str, volatility: float, *, spread: float = 0.02) -> None:
    """Bid and ask around a volatility, for every option that is out of the money."""
    for name in names(expiry):
        one = instrument(made, name)
        assert one.strike is not None
        is_call = name.endswith("C")
        if (float(one.strike) >= FORWARD) is not is_call:
            continue
        for side, sigma in ((made.buy, volatility - spread), (made.sell, volatility + spread)):
            worth = value(made, one, sigma, is_call=is_call)
            side(ALICE, 10, at=on_tick(one, worth), name=name)


def instrument(made: Street, name: str) -> Instrument:
    return made.exchange.instruments[made.id(name)]


def value(made: Street, one: Instrument, sigma: float, *, is_call: bool) -> float:
    assert one.expiry_ns is not None
    assert one.strike is not None
    years = years_to_expiry(made.now_ns, one.expiry_ns)
    worth = price(
        forward=FORWARD, strike=float(one.strike), years=years, sigma=sigma, is_call=is_call
    )
    return worth / FORWARD


def on_tick(one: Instrument, worth: float) -> int:
    ticks = max(1, round(worth / float(one.tick_size)))
    return ticks - ticks % tick_above(one, ticks)


def fitted(made: Street) -> SurfaceKeeper:
    keeper = SurfaceKeeper(made.data)
    keeper.keep(keeper.fit(keeper.quotes(made.now_ns), made.now_ns))
    return keeper


def test_books_without_quotes_have_no_surface() -> None:
    made = street()
    keeper = fitted(made)

    assert keeper.kept == {}
    assert keeper.volatility(instrument(made, f"{NEAR}-90000-P"), UNDERLYING, made.now_ns) is None


def test_options_out_of_the_money_speak_for_their_strikes() -> None:
    made = street()
    quote(made, NEAR, 0.6)

    quotes = SurfaceKeeper(made.data).quotes(made.now_ns)

    ((_, near), (_, far)) = quotes["btc_usd"]
    assert sorted(near.moneyness) == pytest.approx([math.log(k / FORWARD) for k in STRIKES])
    # A tick of 0.0005 BTC is up to a few points of volatility.
    assert near.bids == pytest.approx([0.58] * 5, abs=0.02)
    assert near.asks == pytest.approx([0.62] * 5, abs=0.02)
    assert far.bids.tolist() == [0.0] * 5


def test_a_mark_is_the_surfaces_also_where_nobody_quotes() -> None:
    made = street()
    quote(made, NEAR, 0.6)
    keeper = fitted(made)

    # In the money, and an expiry that is not quoted at all.
    for name in (f"{NEAR}-90000-C", f"{FAR}-110000-C"):
        volatility = keeper.volatility(instrument(made, name), UNDERLYING, made.now_ns)
        assert volatility == pytest.approx(0.6, abs=0.05)
    assert keeper.volatility(
        instrument(made, f"{NEAR}-100000-C"), UNDERLYING, made.now_ns
    ) == pytest.approx(0.6, abs=0.02)


def test_a_mark_is_held_between_the_options_own_bid_and_ask() -> None:
    made = street()
    quote(made, NEAR, 0.6)
    quote(made, FAR, 0.6)
    keeper = fitted(made)
    name = f"{NEAR}-90000-C"
    one = instrument(made, name)
    worth = value(made, one, 0.75, is_call=True)

    made.buy(ALICE, 10, at=on_tick(one, worth), name=name)
    bid = keeper.volatility(one, UNDERLYING, made.now_ns)
    made.cancel_all(ALICE, name)
    made.sell(ALICE, 10, at=on_tick(one, 0.8 * worth), name=name)
    ask = keeper.volatility(one, UNDERLYING, made.now_ns)

    assert bid == pytest.approx(0.75, abs=0.01)
    assert ask is not None
    assert ask < 0.6


def test_the_next_fit_starts_from_the_last_and_follows_the_quotes() -> None:
    made = street()
    quote(made, NEAR, 0.6)
    keeper = fitted(made)
    for name in names(NEAR):
        made.cancel_all(ALICE, name)
    quote(made, NEAR, 0.8)

    keeper.keep(keeper.fit(keeper.quotes(made.now_ns), made.now_ns))

    assert keeper.kept["btc_usd"].surface.at_the_money() == pytest.approx([0.8], abs=0.02)
