"""The funding rate of a perpetual, now and over the last eight hours.

The rate follows the mark's distance from the index. It is a figure for the ticker: the venue
shows it and does not yet charge it.
"""

from collections import deque
from typing import NamedTuple

from strikewire.model import NS_PER_HOUR, NS_PER_MINUTE

PERIOD_NS = 8 * NS_PER_HOUR


class _Point(NamedTuple):
    time_ns: int
    paid: float  # fraction accrued since the beginning


class Funding:
    """The rate of one perpetual, and what it added up to; exact to a minute.

    Attributes:
        current: The rate in force, as a fraction per eight hours.
    """

    def __init__(self, now_ns: int) -> None:
        self.current = 0.0
        self._last = _Point(now_ns, 0.0)
        self._points = deque([self._last])

    def record(self, now_ns: int, rate: float) -> None:
        """Put a new rate in force; times do not go back."""
        self._last = _Point(now_ns, self._paid(now_ns))
        self.current = rate
        if now_ns - self._points[-1].time_ns >= NS_PER_MINUTE:
            self._points.append(self._last)
        self._forget(now_ns)

    def eight_hours(self, now_ns: int) -> float:
        """Return what a long would have paid over the eight hours that end now, as a fraction."""
        self._forget(now_ns)
        begin_ns = max(now_ns - PERIOD_NS, self._points[0].time_ns)
        return self._paid(now_ns) - self._paid_before(begin_ns, now_ns)

    def _forget(self, now_ns: int) -> None:
        # The newest point that is older than the period is where the period begins.
        while len(self._points) > 1 and self._points[1].time_ns <= now_ns - PERIOD_NS:
            self._points.popleft()

    def _paid_before(self, begin_ns: int, now_ns: int) -> float:
        """Return what was paid until the period began, between the two oldest points."""
        first = self._points[0]
        after = self._points[1] if len(self._points) > 1 else _Point(now_ns, self._paid(now_ns))
        if after.time_ns == first.time_ns:
            return first.paid
        elapsed = (begin_ns - first.time_ns) / (after.time_ns - first.time_ns)
        return first.paid + elapsed * (after.paid - first.paid)

    def _paid(self, now_ns: int) -> float:
        return self._last.paid + self.current * (now_ns - self._last.time_ns) / PERIOD_NS
