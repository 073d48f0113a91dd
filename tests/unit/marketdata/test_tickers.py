import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec import json as msgspec_json

from strikewire.api.market_data import Ticker
from strikewire.exchange import Mark, SettleInstrument
from strikewire.marketdata.marketdata import MarketData
from strikewire.marketdata.tickers import (
    book_summary,
    option_greeks,
    order_book,
    ticker,
    underlying_index,
)
from strikewire.model import (
    NS_PER_DAY,
    NS_PER_HOUR,
    Instrument,
    InstrumentId,
    PriceE8,
    instrument,
    ms_to_ns,
    price_e8,
    price_to_ticks,
)
from strikewire.pricing import greeks, implied_volatility, years_to_expiry
from strikewire.testing.exchange import ALICE, BOB, START_NS
from strikewire.testing.marketdata import Street

CALL = "BTC-25DEC26-100000-C"
NEW_YEAR_MS = 1_767_225_600_000


def test_the_ticker_of_a_new_instrument_is_all_zeros_and_no_nulls_but_where_it_never_traded() -> (
    None
):
    street = Street("BTC-PERPETUAL")

    shown = json.loads(msgspec_json.encode(ticker(street.data, street.market())))

    assert shown == {
        "instrument_name": "BTC-PERPETUAL",
        "timestamp": NEW_YEAR_MS,
        "state": "open",
        "stats": {
            "volume": 0.0,
            "low": None,
            "high": None,
            "price_change": None,
            "volume_usd": 0.0,
            "volume_notional": 0.0,
        },
        "open_interest": 0.0,
        "best_bid_price": 0.0,
        "best_bid_amount": 0.0,
        "best_ask_price": 0.0,
        "best_ask_amount": 0.0,
        "index_price": 0.0,
        "mark_price": 0.0,
        "min_price": 0.0,
        "max_price": 0.0,
        "last_price": None,
        "estimated_delivery_price": 0.0,
        "current_funding": 0.0,
        "funding_8h": 0.0,
        "interest_value": 0.0,
    }


def test_a_ticker_shows_the_market_after_a_trade() -> None:
    street = Street("BTC-PERPETUAL")
    street.mark(price=100_000.0)
    street.buy(ALICE, 10, 199_999)
    street.sell(ALICE, 5, 200_001)
    street.now_ns += 7_000_000
    street.sell(BOB, 4, 199_999)

    shown = ticker(street.data, street.market())

    assert shown.timestamp == NEW_YEAR_MS + 7
    assert (shown.best_bid_price, shown.best_bid_amount) == (99_999.5, 60.0)
    assert (shown.best_ask_price, shown.best_ask_amount) == (100_000.5, 50.0)
    assert (shown.mark_price, shown.index_price) == (100_000.0, 100_000.0)
    assert (shown.min_price, shown.max_price) == (25_000.0, 400_000.0)
    assert (shown.last_price, shown.open_interest) == (99_999.5, 40.0)
    assert (shown.stats.high, shown.stats.low) == (99_999.5, 99_999.5)
    assert shown.stats.volume == 0.0004
    assert shown.stats.volume_usd == 40.0


def test_only_options_have_greeks_and_only_perpetuals_have_funding() -> None:
    street = Street("BTC-PERPETUAL", "BTC-25DEC26", CALL, "BTC_USDC")

    perpetual, future, option, spot = (ticker(street.data, market) for market in street.data)

    assert [one.greeks is not UNSET for one in (perpetual, future, option, spot)] == [
        False,
        False,
        True,
        False,
    ]
    assert [one.current_funding is not UNSET for one in (perpetual, future, option, spot)] == [
        True,
        False,
        False,
        False,
    ]


def test_the_greeks_are_black_76_of_the_numbers_beside_them() -> None:
    street = Street(CALL)
    street.mark(price=0.08, underlying=95_000.0)
    street.now_ns += 5 * NS_PER_HOUR
    street.buy(ALICE, 1, 500)  # A new best price makes a new timestamp, and so new greeks.

    shown = ticker(street.data, street.market())

    expiry_ms = 1_798_185_600_000
    years = (expiry_ms - shown.timestamp) / (365 * 86_400_000)
    assert shown.mark_iv == 50.0
    deviation = 0.50 * math.sqrt(years)
    d1 = math.log(95_000 / 100_000) / deviation + deviation / 2
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    assert shown.greeks is not UNSET
    assert shown.timestamp == NEW_YEAR_MS + 5 * 3_600_000
    assert shown.greeks.delta == round((1 + math.erf(d1 / math.sqrt(2))) / 2, 5)
    assert shown.greeks.vega == round(95_000 * density * math.sqrt(years) / 100, 5)
    assert shown.greeks.gamma == round(density / (95_000 * deviation), 5)


def test_a_delta_decays_in_the_last_half_hour_and_gamma_twice_as_fast() -> None:
    street = Street(CALL)
    street.mark(price=0.001, underlying=100_000.0)
    expiry_ns = street.market().instrument.expiry_ns
    assert expiry_ns is not None

    half = option_greeks(street.market(), expiry_ns - 900 * 10**9)

    exact = greeks(
        forward=100_000.0, strike=100_000.0, years=900 / (365 * 86_400), sigma=0.5, is_call=True
    )
    assert half.delta == exact.delta / 2 > 0.25
    assert half.gamma == exact.gamma / 4
    assert half.vega == exact.vega


def test_bid_and_ask_show_the_volatility_they_stand_for() -> None:
    street = Street(CALL)
    street.mark(price=0.08, underlying=95_000.0)
    street.buy(ALICE, 1, 1_000)
    street.sell(ALICE, 1, 1_500)

    shown = ticker(street.data, street.market())

    years = years_to_expiry(START_NS, 1_798_185_600 * 10**9)
    for price, iv in ((0.1, shown.bid_iv), (0.15, shown.ask_iv)):
        exact = implied_volatility(
            price=price * 95_000, forward=95_000, strike=100_000, years=years, is_call=True
        )
        assert exact is not None
        assert iv == round(exact * 100, 2)


def test_an_empty_side_and_a_price_that_no_volatility_gives_show_a_volatility_of_zero() -> None:
    street = Street("BTC-25DEC26-50000-C")
    street.mark(price=0.48, underlying=95_000.0)
    street.buy(ALICE, 1, 2_000)  # 0.2 BTC: less than what the option is worth at once.

    shown = ticker(street.data, street.market())

    assert (shown.best_bid_price, shown.bid_iv) == (0.2, 0.0)
    assert (shown.best_ask_price, shown.ask_iv) == (0.0, 0.0)


def test_before_its_first_mark_an_option_has_greeks_of_zero() -> None:
    street = Street(CALL)

    greeks = option_greeks(street.market(), START_NS)

    assert (greeks.delta, greeks.gamma, greeks.vega, greeks.theta, greeks.rho) == (0, 0, 0, 0, 0)


def test_the_forward_is_named_after_the_future_of_the_expiry_or_called_synthetic() -> None:
    street = Street(CALL)
    assert underlying_index(street.data, street.market()) == "SYN.BTC-25DEC26"

    street.list("BTC-25DEC26")

    assert underlying_index(street.data, street.market()) == "BTC-25DEC26"


def test_a_settled_instrument_shows_its_delivery_price() -> None:
    street = Street("BTC-2JAN26")
    street.mark(price=100_000.0)
    street.now_ns = START_NS + 2 * NS_PER_DAY

    street.apply(SettleInstrument(street.id(), PriceE8(99_000 * 10**8)))

    shown = ticker(street.data, street.market())
    assert (shown.state, shown.delivery_price) == ("delivered", 99_000.0)


def test_an_order_book_is_a_ticker_with_levels() -> None:
    street = Street("BTC-PERPETUAL")
    street.mark(price=100_000.0)
    for price in (199_999, 199_998, 199_997):
        street.buy(ALICE, 10, price)
    street.now_ns += 1_000_000
    street.sell(ALICE, 5, 200_001)
    street.sell(ALICE, 5, 200_002)

    shown = order_book(street.data, street.market(), depth=2)

    assert shown.bids == [(99_999.5, 100.0), (99_999.0, 100.0)]
    assert shown.asks == [(100_000.5, 50.0), (100_001.0, 50.0)]
    assert shown.change_id == 5
    assert (shown.timestamp, shown.best_bid_price) == (NEW_YEAR_MS + 1, 99_999.5)


def test_a_summary_has_null_where_there_is_no_price() -> None:
    street = Street("BTC-PERPETUAL")
    street.mark(price=100_000.0)
    street.buy(ALICE, 10, 199_998)

    line = book_summary(street.data, street.market(), street.now_ns)

    assert (line.bid_price, line.ask_price, line.mid_price, line.last) == (
        99_999.0,
        None,
        None,
        None,
    )
    assert (line.mark_price, line.volume, line.open_interest) == (100_000.0, 0.0, 0.0)


def test_a_summary_has_the_middle_of_both_sides() -> None:
    street = Street(CALL)
    street.mark(price=0.08, underlying=95_000.0)
    street.buy(ALICE, 1, 1_000)
    street.sell(ALICE, 1, 1_500)

    line = book_summary(street.data, street.market(), street.now_ns)

    assert line.mid_price == 0.125
    assert (line.mark_iv, line.underlying_price) == (50.0, 95_000.0)
    assert (line.underlying_index, line.interest_rate) == ("SYN.BTC-25DEC26", 0.0)
    assert line.volume_notional is UNSET
    assert line.current_funding is UNSET


RECORDED = Path(__file__).resolve().parents[2] / "data" / "deribit_tickers.jsonl"

ROUNDING = {
    # What half of the last published digit of the volatility and of the timestamp may make of it.
    "delta": 1e-4,
    "gamma": 1e-5,
    "vega": 5e-3,
    "rho": 1e-2,
    "bid_iv": 0.02,
    "ask_iv": 0.1,
}


def test_recorded_tickers_come_out_as_deribit_published_them() -> None:
    recorded = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    exact = 0

    for theirs in recorded:
        ours = shown_for(theirs)
        assert ours.greeks is not UNSET
        published = {**theirs["greeks"], "bid_iv": theirs["bid_iv"], "ask_iv": theirs["ask_iv"]}
        for name, rounding in ROUNDING.items():
            value = getattr(ours, name) if name.endswith("iv") else getattr(ours.greeks, name)
            assert value == pytest.approx(published[name], abs=rounding), theirs
        exact += (ours.bid_iv, ours.ask_iv) == (theirs["bid_iv"], theirs["ask_iv"])

    assert exact > 0.7 * len(recorded)


def shown_for(recorded: dict[str, Any]) -> Ticker:
    """Return our ticker of a recorded market: its mark, its index and its best prices."""
    listed = instrument(recorded["instrument_name"], instrument_id=1)
    now_ns = ms_to_ns(recorded["timestamp"])
    data = MarketData()
    market = data.begin(listed, now_ns)
    index = price_e8(recorded["index_price"])
    data.value(now_ns, [(listed.price_index, index)])
    mark = Mark(
        InstrumentId(1),
        price_e8(recorded["mark_price"]),
        round(recorded["mark_iv"] * 10_000),
        price_e8(recorded["underlying_price"]),
    )
    market.value(now_ns, mark, index)
    market.book.replace(
        1,
        level_of(listed, recorded["best_bid_price"]),
        level_of(listed, recorded["best_ask_price"]),
    )
    return ticker(data, market)


def level_of(listed: Instrument, price: float) -> list[tuple[int, int]]:
    """Return one level at a price; none where the recording has no price."""
    return [(price_to_ticks(listed, Decimal(str(price))), 1)] if price else []
