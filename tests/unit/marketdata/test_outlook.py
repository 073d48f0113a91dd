import pytest

from strikewire.exchange import Mark, SetMarks, SettleInstrument
from strikewire.marketdata import implied_outlook, implied_outlooks
from strikewire.model import NS_PER_DAY, PriceE8
from strikewire.testing.exchange import START_NS
from strikewire.testing.marketdata import Street

# 1 January 2026: 22 and 57 days ahead, at 08:00.
NEAR, FAR = "BTC-23JAN26", "BTC-27FEB26"
STRIKES = (80_000, 100_000, 120_000)


def street() -> Street:
    return Street(*(f"{expiry}-{strike}-C" for expiry in (NEAR, FAR) for strike in STRIKES))


def mark(made: Street, expiry: str, percent: int) -> None:
    underlying = PriceE8(100_000 * 10**8)
    marks = tuple(
        Mark(made.id(f"{expiry}-{strike}-C"), PriceE8(10**7), percent * 10_000, underlying)
        for strike in STRIKES
    )
    made.apply(SetMarks((("btc_usd", underlying),), marks))


def test_without_marks_nothing_is_expected() -> None:
    assert implied_outlook(street().data, "btc_usd") is None


def test_one_volatility_everywhere_is_the_index() -> None:
    made = street()
    mark(made, NEAR, 60)
    mark(made, FAR, 60)

    assert implied_outlook(made.data, "btc_usd") == pytest.approx(0.6)
    assert implied_outlook(made.data, "eth_usd") is None
    assert implied_outlooks(made.data) == pytest.approx({"btc_usd": 0.6})


def test_the_total_variance_is_interpolated_at_thirty_days() -> None:
    made = street()
    mark(made, NEAR, 50)
    mark(made, FAR, 80)

    near, far = 22 + 1 / 3, 57 + 1 / 3
    part = (30 - near) / (far - near)
    total = (1 - part) * near * 0.25 + part * far * 0.64
    assert implied_outlook(made.data, "btc_usd") == pytest.approx((total / 30) ** 0.5)


def test_expiries_that_are_over_count_no_more() -> None:
    made = street()
    mark(made, NEAR, 50)
    mark(made, FAR, 80)
    made.now_ns = START_NS + 23 * NS_PER_DAY
    for strike in STRIKES:
        name = made.id(f"{NEAR}-{strike}-C")
        made.apply(SettleInstrument(name, PriceE8(100_000 * 10**8)))

    assert implied_outlook(made.data, "btc_usd") == pytest.approx(0.8)
