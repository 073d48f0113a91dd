"""What the volatility indices were: candles of every second, minute, hour, half day and day.

They are seen, not derived: what nobody saw, because no venue ran, cannot be read from anything. So
a venue keeps them in a file and goes on with those of its last run.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

HALF_DAY_S: Final = 43_200
DAY_S: Final = 86_400

KEPT: Final[Mapping[int, int]] = {1: 3_600, 60: 1_440, 3_600: 1_440, HALF_DAY_S: 730, DAY_S: 730}
"""Candles that are kept, by their length in seconds: an hour, a day, two months, years."""


class Candle(Struct, array_like=True):
    """How a number moved within a span of time.

    Attributes:
        start_ms: When the span begins, milliseconds since the Unix epoch.
        open: The first of its numbers.
        high: The highest.
        low: The lowest.
        close: The last.
    """

    start_ms: int
    open: float
    high: float
    low: float
    close: float


class CandlesError(Exception):
    """These bytes are no candles."""


class Candles:
    """Candles of many numbers, each told by its name."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[int, deque[Candle]]] = {}

    def encode(self) -> bytes:
        """Return all of them as JSON, for `decode`."""
        return msgspec.json.encode(
            {
                name: {str(seconds): list(candles) for seconds, candles in kept.items()}
                for name, kept in self._kept.items()
            }
        )

    @classmethod
    def decode(cls, content: bytes) -> "Candles":
        """Return what was encoded; lengths that are no longer kept are left out.

        Raises:
            CandlesError: It is something else.
        """
        try:
            stored = msgspec.json.decode(content, type=dict[str, dict[int, list[Candle]]])
        except msgspec.MsgspecError as error:
            raise CandlesError(str(error)) from None
        made = cls()
        made._kept = {
            name: {s: deque(by_length.get(s, ()), maxlen=most) for s, most in KEPT.items()}
            for name, by_length in stored.items()
        }
        return made

    def note(self, time_ms: int, name: str, number: float) -> None:
        """Let a number count from `time_ms`, which is no earlier than that of the last."""
        kept = self._kept.setdefault(name, {s: deque(maxlen=most) for s, most in KEPT.items()})
        for seconds, candles in kept.items():
            start_ms = time_ms - time_ms % (1_000 * seconds)
            if not candles or candles[-1].start_ms < start_ms:
                candles.append(Candle(start_ms, number, number, number, number))
                continue
            last = candles[-1]
            last.high, last.low = max(last.high, number), min(last.low, number)
            last.close = number

    def note_all(self, time_ms: int, numbers: Mapping[str, float]) -> None:
        """Let several numbers count from `time_ms`."""
        for name, number in numbers.items():
            self.note(time_ms, name, number)

    def between(self, name: str, seconds: int, start_ms: int, end_ms: int) -> list[Candle]:
        """Return the candles that begin within a span of time, both ends included, oldest first.

        Args:
            name: What they are of; there are none of an unknown one.
            seconds: A key of `KEPT`.
            start_ms: Milliseconds since the Unix epoch.
            end_ms: Likewise.
        """
        candles: Iterable[Candle] = self._kept.get(name, {}).get(seconds, ())
        return list(_within(candles, start_ms, end_ms))


def _within(candles: Iterable[Candle], start_ms: int, end_ms: int) -> Iterator[Candle]:
    return (one for one in candles if start_ms <= one.start_ms <= end_ms)
