import pytest

from strikewire.model import NS_PER_HOUR, ns_to_ms
from strikewire.testing.gateway import GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
TENTH_PERCENT = 1_000_000_000


def venue() -> tuple[GatewayFloor, Wire]:
    """Return a floor after four hours of 0.1 % per eight hours."""
    floor = GatewayFloor(PERPETUAL, "BTC-25DEC26")
    floor.mark(PERPETUAL, 100_000.0, funding_rate=TENTH_PERCENT)
    floor.now_ns += 4 * NS_PER_HOUR
    floor.mark(PERPETUAL, 100_000.0)
    return floor, floor.connect()


def test_the_value_over_a_span_is_what_longs_paid() -> None:
    floor, wire = venue()
    now_ms = ns_to_ms(floor.now_ns)
    span = {"start_timestamp": now_ms - 2 * 3_600_000, "end_timestamp": now_ms + 3_600_000}

    value = wire.call("public/get_funding_rate_value", instrument_name=PERPETUAL, **span)

    assert value == 0.00025


def test_the_history_is_hour_by_hour() -> None:
    floor, wire = venue()
    now_ms = ns_to_ms(floor.now_ns)

    lines = wire.call(
        "public/get_funding_rate_history",
        instrument_name=PERPETUAL,
        start_timestamp=now_ms - 3_600_000,
        end_timestamp=now_ms,
    )

    assert lines == [
        {
            "timestamp": now_ms - ago * 3_600_000,
            "index_price": 100_000.0,
            "prev_index_price": 100_000.0,
            "interest_8h": (4 - ago) * 0.000125,
            "interest_1h": 0.000125,
        }
        for ago in (1, 0)
    ]


def test_a_chart_says_the_rate_now_and_the_points_before() -> None:
    _, wire = venue()

    chart = wire.call("public/get_funding_chart_data", instrument_name=PERPETUAL, length="24h")

    assert (chart["current_interest"], chart["interest_8h"]) == (0.0, 0.0005)
    assert len(chart["data"]) == 17
    assert chart["data"][-1]["interest_8h"] == 0.0005


def test_a_ticker_shows_the_same_numbers() -> None:
    _, wire = venue()

    ticker = wire.call("public/ticker", instrument_name=PERPETUAL)

    assert (ticker["current_funding"], ticker["funding_8h"]) == (0.0, 0.0005)
    assert ticker["interest_value"] == 0.0005


@pytest.mark.parametrize(
    "method",
    [
        "public/get_funding_rate_value",
        "public/get_funding_rate_history",
        "public/get_funding_chart_data",
    ],
)
def test_only_a_perpetual_has_funding(method: str) -> None:
    _, wire = venue()
    params = {"start_timestamp": 1, "end_timestamp": 2, "length": "8h"}

    dated = wire.fail(method, instrument_name="BTC-25DEC26", **params)
    unknown = wire.fail(method, instrument_name="BTC-PERPETUALS", **params)

    assert (dated["code"], unknown["code"]) == (-32602, 13020)


def test_a_position_shows_the_funding_of_its_session() -> None:
    floor, _ = venue()

    position = floor.login().call("private/get_position", instrument_name=PERPETUAL)

    assert (position["realized_funding"], position["interest_value"]) == (0.0, 0.0005)
