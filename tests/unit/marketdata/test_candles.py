from strikewire.marketdata import Candles
from strikewire.marketdata.candles import KEPT, Candle

MINUTE_MS = 60_000


def test_a_candle_is_the_first_the_extremes_and_the_last_of_its_span() -> None:
    candles = Candles()
    for second, number in ((0, 50.0), (1, 52.0), (30, 49.0), (59, 51.0), (60, 53.0)):
        candles.note(second * 1_000, "btc_usd", number)

    assert candles.between("btc_usd", 60, 0, MINUTE_MS) == [
        Candle(0, 50.0, 52.0, 49.0, 51.0),
        Candle(MINUTE_MS, 53.0, 53.0, 53.0, 53.0),
    ]
    assert candles.between("btc_usd", 3_600, 0, MINUTE_MS) == [Candle(0, 50.0, 53.0, 49.0, 53.0)]
    assert len(candles.between("btc_usd", 1, 0, MINUTE_MS)) == 5


def test_only_candles_that_begin_within_the_span_are_given() -> None:
    candles = Candles()
    for minute in range(4):
        candles.note_all(minute * MINUTE_MS, {"btc_usd": 50.0 + minute, "eth_usd": 70.0})

    found = candles.between("btc_usd", 60, MINUTE_MS, 2 * MINUTE_MS)

    assert [one.close for one in found] == [51.0, 52.0]
    assert candles.between("btc_usd", 60, MINUTE_MS + 1, 2 * MINUTE_MS - 1) == []
    assert candles.between("sol_usd", 60, 0, 10**15) == []


def test_the_oldest_candle_makes_room_for_the_newest() -> None:
    candles = Candles()
    for second in range(KEPT[1] + 10):
        candles.note(second * 1_000, "btc_usd", 50.0)

    kept = candles.between("btc_usd", 1, 0, 10**15)

    assert len(kept) == KEPT[1]
    assert kept[0].start_ms == 10_000
