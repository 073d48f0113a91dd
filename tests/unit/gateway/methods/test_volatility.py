from strikewire.exchange.state.funding import MINUTE_MS
from strikewire.model import NS_PER_MS, ns_to_ms
from strikewire.testing.gateway import GatewayFloor, Wire

PERPETUAL, CALL = "BTC-PERPETUAL", "BTC-25DEC26-100000-C"


def venue() -> tuple[GatewayFloor, Wire]:
    floor = GatewayFloor(PERPETUAL, CALL)
    return floor, floor.connect()


def test_an_index_that_moves_has_a_historical_volatility() -> None:
    floor, wire = venue()
    for price in (100_000.0, 101_000.0, 100_000.0, 101_000.0):
        floor.mark(PERPETUAL, price)
        floor.now_ns += MINUTE_MS * NS_PER_MS
    floor.mark(PERPETUAL, 100_000.0)

    (point,) = wire.call("public/get_historical_volatility", currency="btc")

    assert point[0] <= ns_to_ms(floor.now_ns)
    assert point[1] > 100.0
    assert wire.call("public/get_historical_volatility", currency="ETH") == []
    assert wire.fail("public/get_historical_volatility", currency="DOGE")["code"] == -32602


def test_the_volatility_index_is_told_as_candles() -> None:
    floor, wire = venue()
    for iv in (50.0, 52.0, 49.0, 51.0):
        floor.mark(CALL, 0.11, index=100_000.0, iv=iv)
        floor.tick(10)
    span = {"start_timestamp": 0, "end_timestamp": ns_to_ms(floor.now_ns)}
    asked = {"currency": "BTC", "resolution": "1D", **span}

    day = wire.call("public/get_volatility_index_data", **asked)

    start_ms = ns_to_ms(floor.now_ns) // 86_400_000 * 86_400_000
    assert day == {"data": [[start_ms, 50.0, 52.0, 49.0, 51.0]], "continuation": None}
    seconds = wire.call("public/get_volatility_index_data", **{**asked, "resolution": "1"})
    assert [candle[4] for candle in seconds["data"]] == [50.0, 52.0, 49.0, 51.0]
    other = wire.call("public/get_volatility_index_data", **{**asked, "currency": "ETH"})
    assert other == {"data": [], "continuation": None}


def test_more_candles_than_fit_are_asked_for_again() -> None:
    floor, wire = venue()
    for second in range(1_200):
        floor.desk.volatilities.note(second * 1_000, "btc_usd", 50.0)
    asked = {"currency": "BTC", "resolution": "1", "start_timestamp": 0}

    page = wire.call("public/get_volatility_index_data", end_timestamp=2_000_000, **asked)
    rest = wire.call(
        "public/get_volatility_index_data", end_timestamp=page["continuation"], **asked
    )

    assert [len(one["data"]) for one in (page, rest)] == [1_000, 200]
    assert (page["continuation"], rest["continuation"]) == (199_000, None)


def test_a_span_and_a_resolution_must_make_sense() -> None:
    _, wire = venue()
    asked = {"currency": "BTC", "start_timestamp": 5, "end_timestamp": 9, "resolution": "60"}

    for wrong in ({"end_timestamp": 4}, {"resolution": "5"}, {"currency": "DOGE"}):
        error = wire.fail("public/get_volatility_index_data", **{**asked, **wrong})
        assert error["code"] == -32602
