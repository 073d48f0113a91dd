"""Funding of a perpetual, accrued for every millisecond in whole numbers.

Theory of operation. The rate is said for eight hours and arrives with the mark. Two sums are kept:
of rate times milliseconds, which is what the public reads, and of the same times the value of a
million lots at the mark then in force, which is what positions pay by. A position remembers the
second sum as it was when it last paid; the difference, times its lots, is what it owes. So nobody
has to be visited when time passes, and it makes no difference how often somebody is.

Everybody pays by the same sum, so long and short owe the same to the last fraction; each payment
is rounded up, the payer's to a unit more and the receiver's to a unit less, and the fractions are
left to the venue.

Source: Deribit, "Funding specifications" (support article 31424939178397): payment = rate x
position size x time / 8 h.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from strikewire.model import (
    FUNDING_PERIOD_MS,
    FUNDING_SCALE,
    NS_PER_MS,
    PriceE8,
    divide_half_even,
    divide_up,
)

LOTS = 1_000_000
"""The value that is summed up is that of so many lots: one alone may be worth only a few units."""

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
MINUTES_MAX = 24 * 60 + 1
"""Whole minutes whose sums are remembered: a day of them, both ends; then only hours are."""

HOURS_MAX = 31 * 24 + 8
"""Whole hours whose sums are remembered: a month, and what its first eight hours began with."""


class FundingPoint(msgspec.Struct, frozen=True, array_like=True):
    """What the sum of the rate was at the beginning of a minute or an hour."""

    time_ms: int
    """Since the Unix epoch."""

    accrued: int
    """Sum of rate times milliseconds since the perpetual was first marked."""

    index: PriceE8
    """Of the underlying, at that time."""


class Funding:
    """The funding rate of one perpetual, and what it has added up to.

    Attributes:
        rate: In force, in 1e-12 per eight hours; longs pay shorts, where it is positive.
        value: Of a million lots at the mark in force, in settlement units.
        index: Price of the underlying.
        accrued: Sum of rate times milliseconds up to `time_ms`.
        paid: The same times `value`: what a million lots long have paid.
        time_ms: When rate, value and index came into force; 0 before the first.
        minutes: The last whole minutes, oldest first.
        hours: The last whole hours, oldest first.
    """

    __slots__ = ("accrued", "hours", "index", "minutes", "paid", "rate", "time_ms", "value")

    def __init__(self) -> None:
        self.rate = 0
        self.value = 0
        self.index = PriceE8(0)
        self.accrued = 0
        self.paid = 0
        self.time_ms = 0
        self.minutes: deque[FundingPoint] = deque(maxlen=MINUTES_MAX)
        self.hours: deque[FundingPoint] = deque(maxlen=HOURS_MAX)

    def change(self, time_ns: int, *, rate: int, value: int, index: PriceE8) -> None:
        """Sum up to a time, and put other figures in force from then on.

        Args:
            time_ns: Nanoseconds since the Unix epoch; a begun millisecond counts for the new
                figures.
            rate: In 1e-12 per eight hours.
            value: Of a million lots, in settlement units.
            index: Price of the underlying.
        """
        now_ms = max(time_ns // NS_PER_MS, self.time_ms)
        if not self.time_ms:
            self.time_ms = now_ms
            for points, step_ms in ((self.minutes, MINUTE_MS), (self.hours, HOUR_MS)):
                points.append(FundingPoint(now_ms // step_ms * step_ms, 0, index))
        self.minutes.extend(self._boundaries(now_ms, MINUTE_MS, MINUTES_MAX))
        self.hours.extend(self._boundaries(now_ms, HOUR_MS, HOURS_MAX))
        self.paid = self.paid_at(time_ns)
        self.accrued += self.rate * (now_ms - self.time_ms)
        self.rate, self.value, self.index = rate, value, index
        self.time_ms = now_ms

    def copy(self) -> "Funding":
        """Return the same, to be changed on its own."""
        other = Funding()
        for name in ("rate", "value", "index", "accrued", "paid", "time_ms"):
            setattr(other, name, getattr(self, name))
        other.minutes.extend(self.minutes)
        other.hours.extend(self.hours)
        return other

    def paid_at(self, time_ns: int) -> int:
        """Return what a million lots long have paid, in 1e-12 units times milliseconds per 8 h."""
        elapsed_ms = max(time_ns // NS_PER_MS - self.time_ms, 0)
        return self.paid + self.rate * self.value * elapsed_ms

    def accrued_at(self, time_ms: int) -> int:
        """Return the sum of the rate at a time.

        It is exact after the last change and at whole minutes (hours, where minutes have been
        forgotten). Between two of these the rate is taken to have been even: rounded half to even.
        What was before all that is remembered counts as nothing.
        """
        if time_ms >= self.time_ms:
            return self.accrued + self.rate * (time_ms - self.time_ms)
        for points, step_ms in ((self.minutes, MINUTE_MS), (self.hours, HOUR_MS)):
            if time_ms >= points[0].time_ms:
                return self._between(points, (time_ms - points[0].time_ms) // step_ms, time_ms)
        return self.hours[0].accrued

    def over(self, start_ms: int, end_ms: int) -> int:
        """Return what the rate added up to over a span of time, in `FUNDING_SCALE` times 8 h."""
        return self.accrued_at(end_ms) - self.accrued_at(start_ms)

    def points(self) -> list[FundingPoint]:
        """Return every sum that is remembered, oldest first."""
        if not self.minutes:
            return []
        first_ms = self.minutes[0].time_ms
        return [*(one for one in self.hours if one.time_ms < first_ms), *self.minutes]

    def _between(self, points: deque[FundingPoint], number: int, time_ms: int) -> int:
        """Return the sum between a point and the next, as if the rate had been even."""
        before = points[number]
        after_ms, accrued = self.time_ms, self.accrued
        if number + 1 < len(points):
            after_ms, accrued = points[number + 1].time_ms, points[number + 1].accrued
        gained = (accrued - before.accrued) * (time_ms - before.time_ms)
        return before.accrued + divide_half_even(gained, after_ms - before.time_ms)

    def _boundaries(self, now_ms: int, step_ms: int, count_max: int) -> Iterable[FundingPoint]:
        """Return what the sums were at whole steps since the last change, the newest only."""
        last_ms = now_ms // step_ms * step_ms
        first_ms = max(
            -(-(self.time_ms + 1) // step_ms) * step_ms, last_ms - (count_max - 1) * step_ms
        )
        return (
            FundingPoint(ms, self.accrued + self.rate * (ms - self.time_ms), self.index)
            for ms in range(first_ms, last_ms + 1, step_ms)
        )


def funding_payment(size: int, paid: int) -> int:
    """Return what a position pays, in settlement units; negative where it is paid.

    Args:
        size: Lots; positive long, negative short.
        paid: What `Funding.paid_at` has grown by since it last paid.

    Returns:
        Rounded up: the payer a unit more, the receiver a unit less, so that no unit is paid out
        that was not paid in.
    """
    return divide_up(size * paid, LOTS * FUNDING_SCALE * FUNDING_PERIOD_MS)
