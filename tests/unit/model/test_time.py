from datetime import date

import pytest

from strikewire.model.time import (
    NS_PER_DAY,
    NS_PER_HOUR,
    NS_PER_MS,
    format_utc,
    ms_to_ns,
    ns_to_ms,
    utc_date,
    utc_ns,
)

CHRISTMAS_2026_AT_8 = 1_798_185_600_000_000_000


def test_a_day_and_an_hour_are_a_moment() -> None:
    assert utc_ns(date(1970, 1, 1)) == 0
    assert utc_ns(date(1970, 1, 2), hour=1) == NS_PER_DAY + NS_PER_HOUR
    assert utc_ns(date(2026, 12, 25), hour=8) == CHRISTMAS_2026_AT_8
    assert utc_ns(date(1969, 12, 31), hour=23) == -NS_PER_HOUR


def test_there_is_no_hour_24() -> None:
    with pytest.raises(AssertionError):
        utc_ns(date(2026, 1, 1), hour=24)


def test_a_day_lasts_from_midnight_to_the_last_nanosecond() -> None:
    assert utc_date(0) == date(1970, 1, 1)
    assert utc_date(NS_PER_DAY - 1) == date(1970, 1, 1)
    assert utc_date(NS_PER_DAY) == date(1970, 1, 2)
    assert utc_date(-1) == date(1969, 12, 31)


def test_milliseconds_are_cut_and_not_rounded() -> None:
    assert ns_to_ms(CHRISTMAS_2026_AT_8 + NS_PER_MS - 1) == 1_798_185_600_000
    assert ms_to_ns(1_798_185_600_000) == CHRISTMAS_2026_AT_8


def test_a_moment_is_written_for_people_to_the_millisecond() -> None:
    assert format_utc(CHRISTMAS_2026_AT_8) == "2026-12-25T08:00:00.000Z"
    assert format_utc(CHRISTMAS_2026_AT_8 - 1) == "2026-12-25T07:59:59.999Z"
    assert format_utc(0) == "1970-01-01T00:00:00.000Z"


def test_a_moment_outside_the_calendar_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="year"):
        format_utc(10_000 * 366 * NS_PER_DAY)
