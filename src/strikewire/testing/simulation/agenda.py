"""Simulated time: what is to happen when, in one order for the whole simulated world.

Things that are due at the same instant happen in an order that the seed decides, not in the order
in which somebody thought of them: a race is two things due at once.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TypeAlias

from strikewire.testing.simulation.dice import Dice

Action: TypeAlias = Callable[[], None]


class Agenda:
    """A heap of actions ordered by time, then chance, then the order they came in.

    Args:
        start_ns: The time it begins at, in nanoseconds since the Unix epoch.
        dice: Break ties.

    Attributes:
        now_ns: The time of whatever is happening now.
        steps: Actions carried out so far.
    """

    def __init__(self, start_ns: int, dice: Dice) -> None:
        self.now_ns = start_ns
        self.steps = 0
        self._toss = dice.bits
        self._count = 0
        self._heap: list[tuple[int, int, int, Action]] = []

    def at(self, time_ns: int, action: Action) -> None:
        """Do something at a time; at once, if that has passed."""
        self.after(time_ns - self.now_ns, action)

    def after(self, delay_ns: int, action: Action) -> None:
        """Do something after a while; never before what is happening now has ended."""
        self._count += 1
        due_ns = self.now_ns + delay_ns if delay_ns > 0 else self.now_ns
        heappush(self._heap, (due_ns, self._toss(8), self._count, action))

    def run(self, until_ns: int) -> None:
        """Do everything that is due before `until_ns`, and stand there."""
        heap = self._heap
        while heap and heap[0][0] < until_ns:
            self.now_ns, _, _, action = heappop(heap)
            self.steps += 1
            action()
        self.now_ns = until_ns
