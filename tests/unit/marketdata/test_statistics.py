from strikewire.marketdata.statistics import DayStatistics, RollingDay, Turnover
from strikewire.model import NS_PER_DAY, NS_PER_MINUTE, Ticks

NOON = 20_000 * NS_PER_DAY + 12 * 60 * NS_PER_MINUTE
ONE = Turnover(base_e8=100, quote_e8=200, usd_e8=300)


def test_nothing_traded_has_volumes_of_zero_and_no_prices() -> None:
    assert RollingDay().read(NOON) == DayStatistics(0, 0, 0, None, None, None)


def test_trades_add_up_and_leave_their_highest_and_lowest_price() -> None:
    day = RollingDay()

    day.record(NOON, Ticks(100), ONE)
    day.record(NOON + 1, Ticks(120), ONE)
    day.record(NOON + 2 * NS_PER_MINUTE, Ticks(90), ONE)

    assert day.read(NOON + 3 * NS_PER_MINUTE) == DayStatistics(
        base_e8=300,
        quote_e8=600,
        usd_e8=900,
        high=Ticks(120),
        low=Ticks(90),
        change_percent=-10.0,
    )


def test_what_is_a_day_old_leaves_exactly_what_it_added() -> None:
    day = RollingDay()
    day.record(NOON, Ticks(120), ONE)
    day.record(NOON + 60 * NS_PER_MINUTE, Ticks(100), ONE)

    a_minute_before = day.read(NOON + NS_PER_DAY - 1)
    then = day.read(NOON + NS_PER_DAY)

    assert (a_minute_before.base_e8, a_minute_before.high) == (200, 120)
    assert then == DayStatistics(100, 200, 300, Ticks(100), Ticks(100), 0.0)


def test_a_day_without_trades_is_empty_again() -> None:
    day = RollingDay()
    day.record(NOON, Ticks(120), ONE)

    assert day.read(NOON + NS_PER_DAY) == DayStatistics(0, 0, 0, None, None, None)


def test_the_change_is_from_the_first_trade_of_the_window() -> None:
    day = RollingDay()
    day.record(NOON, Ticks(100), ONE)
    day.record(NOON + NS_PER_MINUTE, Ticks(200), ONE)
    day.record(NOON + 2 * NS_PER_MINUTE, Ticks(300), ONE)

    assert day.read(NOON + 3 * NS_PER_MINUTE).change_percent == 200.0
    assert day.read(NOON + NS_PER_DAY).change_percent == 50.0
