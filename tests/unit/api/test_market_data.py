import json
from typing import Any

import msgspec
import pytest

from strikewire.api import ApiError, ErrorCode, market_data


def ticker(**overrides: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "instrument_name": "BTC-PERPETUAL",
        "timestamp": 1_732_284_000_000,
        "stats": market_data.Ticker24h(volume=0.0),
        "open_interest": 0.0,
        "index_price": 98_000.25,
        "mark_price": 98_000.0,
        "min_price": 24_500.0,
        "max_price": 392_000.0,
        "estimated_delivery_price": 98_000.25,
        **overrides,
    }
    decoded: dict[str, Any] = json.loads(msgspec.json.encode(market_data.Ticker(**values)))
    return decoded


def test_empty_sides_are_zero_and_never_null() -> None:
    empty = ticker()

    assert empty["best_bid_price"] == 0.0
    assert empty["best_bid_amount"] == 0.0
    assert empty["best_ask_price"] == 0.0
    assert empty["best_ask_amount"] == 0.0


def test_without_a_trade_there_is_no_last_price_and_no_high_and_low() -> None:
    quiet = ticker()

    assert quiet["last_price"] is None
    assert quiet["stats"] == {"volume": 0.0, "low": None, "high": None, "price_change": None}


def test_only_options_have_greeks() -> None:
    greeks = market_data.Greeks(delta=0.5, gamma=0.0, vega=1.0, theta=-1.0, rho=0.0)

    assert "greeks" not in ticker()
    assert ticker(greeks=greeks, mark_iv=60.0)["greeks"]["delta"] == 0.5


def test_an_order_book_without_depth_is_the_whole_book() -> None:
    request = msgspec.convert({"instrument_name": "BTC-PERPETUAL"}, market_data.GetOrderBook)

    assert request.depth == 10_000


@pytest.mark.parametrize("depth", [0, -1, 10_001])
def test_a_depth_beyond_the_limit_is_refused(depth: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="depth"):
        msgspec.convert(
            {"instrument_name": "BTC-PERPETUAL", "depth": depth}, market_data.GetOrderBook
        )


def test_a_snapshot_has_no_previous_change() -> None:
    snapshot = market_data.BookUpdate(
        type="snapshot",
        timestamp=5,
        instrument_name="BTC-PERPETUAL",
        change_id=7,
        bids=[("new", 99.5, 10.0)],
        asks=[],
    )

    assert msgspec.json.encode(snapshot) == (
        b'{"type":"snapshot","timestamp":5,"instrument_name":"BTC-PERPETUAL","change_id":7,'
        b'"bids":[["new",99.5,10.0]],"asks":[]}'
    )


@pytest.mark.parametrize("count", [0, 1_001])
def test_a_page_of_trades_has_a_limit(count: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="count"):
        msgspec.convert(
            {"instrument_name": "BTC-PERPETUAL", "count": count},
            market_data.GetLastTradesByInstrument,
        )


def test_a_span_of_time_ends_now_when_no_end_is_given() -> None:
    request = msgspec.convert(
        {"instrument_name": "BTC-PERPETUAL", "start_timestamp": 5},
        market_data.GetLastTradesByInstrumentAndTime,
    )

    assert request.end_timestamp is None


def test_a_span_of_time_does_not_end_before_it_starts() -> None:
    with pytest.raises(ApiError) as caught:
        market_data.GetLastTradesByInstrumentAndTime(
            instrument_name="BTC-PERPETUAL", start_timestamp=5, end_timestamp=4
        )

    assert caught.value.code == ErrorCode.INVALID_PARAMS
    assert caught.value.param == "end_timestamp"
