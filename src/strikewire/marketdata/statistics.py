"""What an instrument did in the last 24 hours: volume, high, low and change.

Trades are gathered by the minute, so memory is bounded by the minutes of a day and not by the
trades; the window is therefore exact to one minute. Sums are integers: what leaves the window is
exactly what once entered it.
"""

from collections import deque

from msgspec import Struct

from strikewire.model import NS_PER_MINUTE, Ticks

WINDOW_MINUTES = 24 * 60


class Turnover(Struct, frozen=True):
    """What one trade adds to the volumes.

    Attributes:
        base_e8: Amount in the base currency, in 1e-8.
        quote_e8: Value in the quote currency, in 1e-8.
        usd_e8: Value in dollars, in 1e-8.
    """

    base_e8: int
    quote_e8: int
    usd_e8: int


class DayStatistics(Struct, frozen=True):
    """The last 24 hours of an instrument; prices are None where nothing traded."""

    base_e8: int
    quote_e8: int
    usd_e8: int
    high: Ticks | None
    low: Ticks | None
    change_percent: float | None


class _Minute(Struct):
    minute: int
    prices: list[Ticks]  # first, highest and lowest; none as long as nothing traded in the book
    base_e8: int = 0
    quote_e8: int = 0
    usd_e8: int = 0


class RollingDay:
    """The window of one instrument, moved by `record` and by reading it."""

    def __init__(self) -> None:
        self._minutes: deque[_Minute] = deque()
        self._base_e8 = 0
        self._quote_e8 = 0
        self._usd_e8 = 0
        self._high: Ticks | None = None
        self._low: Ticks | None = None
        self._last: Ticks | None = None

    def record(self, time_ns: int, price: Ticks | None, turnover: Turnover) -> None:
        """Add one trade; trades come in order of time.

        Args:
            time_ns: Nanoseconds since the Unix epoch.
            price: None of a trade outside of the book, which counts in the volumes alone.
            turnover: Of it.
        """
        self._forget(time_ns)
        minute = self._minute(time_ns // NS_PER_MINUTE)
        minute.base_e8 += turnover.base_e8
        minute.quote_e8 += turnover.quote_e8
        minute.usd_e8 += turnover.usd_e8
        self._base_e8 += turnover.base_e8
        self._quote_e8 += turnover.quote_e8
        self._usd_e8 += turnover.usd_e8
        if price is None:
            return
        first, high, low = minute.prices or (price, price, price)
        minute.prices = [first, max(high, price), min(low, price)]
        self._high = price if self._high is None else max(self._high, price)
        self._low = price if self._low is None else min(self._low, price)
        self._last = price

    def read(self, now_ns: int) -> DayStatistics:
        """Return the figures of the 24 hours that end at `now_ns`."""
        self._forget(now_ns)
        return DayStatistics(
            base_e8=self._base_e8,
            quote_e8=self._quote_e8,
            usd_e8=self._usd_e8,
            high=self._high,
            low=self._low,
            change_percent=self._change_percent(),
        )

    def _minute(self, number: int) -> _Minute:
        if not self._minutes or self._minutes[-1].minute < number:
            self._minutes.append(_Minute(number, []))
        return self._minutes[-1]

    def _forget(self, now_ns: int) -> None:
        oldest = now_ns // NS_PER_MINUTE - WINDOW_MINUTES
        forgot = False
        while self._minutes and self._minutes[0].minute <= oldest:
            minute = self._minutes.popleft()
            self._base_e8 -= minute.base_e8
            self._quote_e8 -= minute.quote_e8
            self._usd_e8 -= minute.usd_e8
            forgot = True
        if forgot:
            traded = [minute.prices for minute in self._minutes if minute.prices]
            self._high = max((high for _, high, _ in traded), default=None)
            self._low = min((low for _, _, low in traded), default=None)

    def _change_percent(self) -> float | None:
        first = next((minute.prices[0] for minute in self._minutes if minute.prices), None)
        if first is None or self._last is None:
            return None
        return round((self._last - first) / first * 100, 4)
