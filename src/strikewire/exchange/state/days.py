"""Trading days: they end at 08:00 UTC, and orders that are good for a day end with theirs.

Source: Deribit API v2, `time_in_force`: `good_til_day`, until the end of the trading session.
"""

from strikewire.model import NS_PER_DAY, NS_PER_HOUR

DAY_END_OFFSET_NS = 8 * NS_PER_HOUR
"""After midnight UTC."""


def day_end_ns(time_ns: int) -> int:
    """Return when the trading day that holds a moment ends: the first 08:00 UTC after it.

    Args:
        time_ns: Nanoseconds since the Unix epoch; not negative.
    """
    days = (time_ns - DAY_END_OFFSET_NS) // NS_PER_DAY  # rounded down
    return (days + 1) * NS_PER_DAY + DAY_END_OFFSET_NS
