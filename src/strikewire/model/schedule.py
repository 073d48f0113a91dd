"""Which days contracts expire on: dailies, weeklies, monthlies and quarterlies at 08:00 UTC.

A weekly expires on a Friday, a monthly on the last Friday of its month, a quarterly on the last
Friday of March, June, September or December. One day may be all of them; it is listed once.

Source: recorded `public/get_instruments` answers of 17 April and 22 July 2021, whose expiries the
tests compare with these; notes on contract specifications of Deribit for the counts of today.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from strikewire.model.instruments import SettlementPeriod
from strikewire.model.names import EXPIRY_HOUR_UTC
from strikewire.model.time import utc_date, utc_ns

_FRIDAY = 4
_QUARTER_MONTHS = (3, 6, 9, 12)
_ONE_DAY = timedelta(days=1)
_ONE_WEEK = timedelta(days=7)


class ExpiryFamily(msgspec.Struct, frozen=True, kw_only=True):
    """How many expiries of each sort are listed at any moment."""

    dailies: int
    """The next days, whichever weekday they are."""

    weeklies: int
    """The next Fridays, last Fridays of a month among them."""

    monthlies: int
    """The next last Fridays of a month, those of a quarter among them."""

    quarterlies: int
    """The next last Fridays of March, June, September and December."""


OPTION_EXPIRIES = ExpiryFamily(dailies=3, weeklies=3, monthlies=3, quarterlies=4)
FUTURE_EXPIRIES = ExpiryFamily(dailies=0, weeklies=2, monthlies=3, quarterlies=4)


class Expiry(msgspec.Struct, frozen=True, order=True):
    """A moment at which contracts expire."""

    expiry_ns: int
    """Nanoseconds since the Unix epoch, at 08:00 UTC."""

    settlement_period: SettlementPeriod
    """MONTH on the last Friday of a month, WEEK on any other Friday, DAY on any other day."""


def expiries(now_ns: int, *, family: ExpiryFamily) -> tuple[Expiry, ...]:
    """Return the expiries that are listed at a moment.

    Args:
        now_ns: Nanoseconds since the Unix epoch. A contract that expires now is no longer listed.
        family: How many of each sort.

    Returns:
        Ascending, each day once.
    """
    days = {
        *_take(family.dailies, _days_after(now_ns)),
        *_take(family.weeklies, filter(_is_friday, _days_after(now_ns))),
        *_take(family.monthlies, filter(_is_last_friday, _days_after(now_ns))),
        *_take(family.quarterlies, filter(_is_quarterly, _days_after(now_ns))),
    }
    return tuple(
        Expiry(expiry_ns, settlement_period(expiry_ns))
        for expiry_ns in sorted(utc_ns(day, hour=EXPIRY_HOUR_UTC) for day in days)
    )


def settlement_period(expiry_ns: int) -> SettlementPeriod:
    """Return the sort of expiry that a contract of this expiry is listed as.

    Args:
        expiry_ns: Nanoseconds since the Unix epoch.
    """
    day = utc_date(expiry_ns)
    if _is_last_friday(day):
        return SettlementPeriod.MONTH
    if _is_friday(day):
        return SettlementPeriod.WEEK
    return SettlementPeriod.DAY


def _days_after(now_ns: int) -> Iterator[date]:
    """Yield every day whose 08:00 UTC is still to come."""
    day = utc_date(now_ns)
    if utc_ns(day, hour=EXPIRY_HOUR_UTC) <= now_ns:
        day += _ONE_DAY
    while True:
        yield day
        day += _ONE_DAY


def _take(count: int, days: Iterator[date]) -> list[date]:
    return [next(days) for _ in range(count)]


def _is_friday(day: date) -> bool:
    return day.weekday() == _FRIDAY


def _is_last_friday(day: date) -> bool:
    return _is_friday(day) and (day + _ONE_WEEK).month != day.month


def _is_quarterly(day: date) -> bool:
    return _is_last_friday(day) and day.month in _QUARTER_MONTHS
