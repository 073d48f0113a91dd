import pytest

from strikewire.marketdata import Candles, CandlesError
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


def test_candles_come_back_as_they_were_and_go_on() -> None:
    candles = Candles()
    for second in range(90):
        candles.note(second * 1_000, "btc_usd", 50.0 + second)

    again = Candles.decode(candles.encode())
    again.note(90_000, "btc_usd", 1.0)

    for seconds in KEPT:
        before = candles.between("btc_usd", seconds, 0, 10**15)
        assert again.between("btc_usd", seconds, 0, 10**15)[: len(before) - 1] == before[:-1]
    assert again.between("btc_usd", 60, 0, 10**15) == [
        Candle(0, 50.0, 109.0, 50.0, 109.0),
        Candle(MINUTE_MS, 110.0, 139.0, 1.0, 1.0),
    ]
    for second in range(91, KEPT[1] + 91):
        again.note(second * 1_000, "btc_usd", 50.0)
    assert len(again.between("btc_usd", 1, 0, 10**15)) == KEPT[1]


def test_lengths_that_are_not_kept_are_left_out() -> None:
    again = Candles.decode(b'{"btc_usd": {"7": [[0, 1.0, 1.0, 1.0, 1.0]], "60": []}}')

    again.note(0, "btc_usd", 2.0)

    assert again.between("btc_usd", 60, 0, 0) == [Candle(0, 2.0, 2.0, 2.0, 2.0)]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"btc_usd": 1}', b'{"a": {"60": [[0]]}}'])
def test_what_is_no_candles_is_refused(content: bytes) -> None:
    with pytest.raises(CandlesError):
        Candles.decode(content)
