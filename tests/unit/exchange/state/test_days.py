from datetime import date

from strikewire.exchange.state.days import day_end_ns
from strikewire.model import utc_ns


def test_a_day_ends_at_eight_in_the_morning() -> None:
    ends = utc_ns(date(2026, 1, 2), hour=8)

    assert day_end_ns(utc_ns(date(2026, 1, 1), hour=8)) == ends
    assert day_end_ns(utc_ns(date(2026, 1, 1), hour=12)) == ends
    assert day_end_ns(utc_ns(date(2026, 1, 2))) == ends
    assert day_end_ns(ends - 1) == ends
    assert day_end_ns(ends) == utc_ns(date(2026, 1, 3), hour=8)
