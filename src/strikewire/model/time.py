"""Time as integers: nanoseconds since the Unix epoch, in UTC.

Nothing here asks what time it is. A moment enters the venue as a number, `now_ns`, and these
functions only convert it.
"""

from datetime import date

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_S
NS_PER_HOUR = 3_600 * NS_PER_S
NS_PER_DAY = 86_400 * NS_PER_S

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def utc_ns(day: date, *, hour: int = 0) -> int:
    """Return the moment at which an hour of a day begins in UTC.

    Args:
        day: The calendar day in UTC.
        hour: Hours since midnight, 0 to 23.

    Returns:
        Nanoseconds since the Unix epoch; negative before 1970.
    """
    assert 0 <= hour < 24
    return (day.toordinal() - _EPOCH_ORDINAL) * NS_PER_DAY + hour * NS_PER_HOUR


def utc_date(ns: int) -> date:
    """Return the calendar day in UTC that holds the moment `ns`.

    Raises:
        ValueError: The day is outside the years 1 to 9999.
    """
    return date.fromordinal(ns // NS_PER_DAY + _EPOCH_ORDINAL)


def ns_to_ms(ns: int) -> int:
    """Return the whole milliseconds that have passed at the moment `ns`, as the API shows time."""
    return ns // NS_PER_MS


def ms_to_ns(ms: int) -> int:
    """Return the moment at which millisecond `ms` begins."""
    return ms * NS_PER_MS


def format_utc(ns: int) -> str:
    """Return a moment for people, to the millisecond: "2026-12-25T08:00:00.000Z".

    Raises:
        ValueError: The day is outside the years 1 to 9999.
    """
    ms_of_day = ns_to_ms(ns % NS_PER_DAY)
    seconds, ms = divmod(ms_of_day, 1_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{utc_date(ns).isoformat()}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
