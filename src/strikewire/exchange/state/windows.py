"""What was traded within the last while, bounded in memory however much that is.

A trade is counted for a whole interval, and no longer: the window moves on with time, and has no
borders across which twice as much could be traded. What was traded within a hundredth of the
interval is kept in one part, and leaves with the last of it: a trade that others follow so closely
is counted up to a hundredth longer, never shorter.
"""

from collections import deque
from typing import NamedTuple

from strikewire.model import NS_PER_S

PARTS_PER_INTERVAL = 100
"""Parts that the trades of an interval are kept in, and two more at its ends."""


class Exposure(NamedTuple):
    """What trades mean to one side of them.

    Attributes:
        quantity_e8: Coins, in 1e-8; positive.
        delta_e8: Coins of delta, in 1e-8; negative where sold.
        vega_e8: In 1e-8 of the counter currency for a volatility point; negative where sold.
    """

    quantity_e8: int
    delta_e8: int
    vega_e8: int

    def plus(self, other: "Exposure") -> "Exposure":
        """Return what both of them mean together."""
        return Exposure(
            self.quantity_e8 + other.quantity_e8,
            self.delta_e8 + other.delta_e8,
            self.vega_e8 + other.vega_e8,
        )


class Part(NamedTuple):
    """What was traded within a hundredth of the interval.

    Attributes:
        first_ns: Time of the first trade.
        last_ns: Time of the last trade.
        quantity_e8: Coins, in 1e-8; positive.
        delta_e8: Coins of delta, in 1e-8; negative where sold.
        vega_e8: In 1e-8 of the counter currency for a volatility point; negative where sold.
    """

    first_ns: int
    last_ns: int
    quantity_e8: int
    delta_e8: int
    vega_e8: int


class Window:
    """The trades of the last interval, summed up."""

    __slots__ = ("delta_e8", "interval_ns", "parts", "quantity_e8", "vega_e8")

    def __init__(self, interval_s: int) -> None:
        assert interval_s > 0
        self.interval_ns = interval_s * NS_PER_S
        self.parts: deque[Part] = deque()
        """Oldest first; the first trades of any two are a hundredth of the interval apart."""

        self.quantity_e8 = 0
        self.delta_e8 = 0
        self.vega_e8 = 0

    def stretch(self, interval_s: int) -> None:
        """Let the interval be another one. What the old one has let go of does not come back."""
        assert interval_s > 0
        self.interval_ns = interval_s * NS_PER_S
        parts = self.parts
        self.clear()
        for part in parts:
            self.put(part)

    def forget(self, time_ns: int) -> None:
        """Let go of what was traded an interval ago, or earlier; time does not run backwards."""
        while self.parts and time_ns - self.parts[0].last_ns >= self.interval_ns:
            gone = self.parts.popleft()
            self._sum(gone, -1)

    def left(self, time_ns: int) -> Exposure:
        """Return what would be counted still after `forget`, without it."""
        quantity_e8, delta_e8, vega_e8 = self.quantity_e8, self.delta_e8, self.vega_e8
        for part in self.parts:
            if time_ns - part.last_ns < self.interval_ns:
                break
            quantity_e8 -= part.quantity_e8
            delta_e8 -= part.delta_e8
            vega_e8 -= part.vega_e8
        return Exposure(quantity_e8, delta_e8, vega_e8)

    def put(self, part: Part) -> None:
        """Count what was traded, no earlier than all that is counted already."""
        self._sum(part, 1)
        last = self.parts[-1] if self.parts else None
        step_ns = self.interval_ns // PARTS_PER_INTERVAL
        if last is None or part.first_ns - last.first_ns >= step_ns:
            self.parts.append(part)
            return
        self.parts[-1] = Part(
            last.first_ns,
            part.last_ns,
            last.quantity_e8 + part.quantity_e8,
            last.delta_e8 + part.delta_e8,
            last.vega_e8 + part.vega_e8,
        )

    def clear(self) -> None:
        """Count from zero."""
        self.parts = deque()
        self.quantity_e8 = self.delta_e8 = self.vega_e8 = 0

    def _sum(self, part: Part, sign: int) -> None:
        self.quantity_e8 += sign * part.quantity_e8
        self.delta_e8 += sign * part.delta_e8
        self.vega_e8 += sign * part.vega_e8
