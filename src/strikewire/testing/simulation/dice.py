"""Chance that can be repeated: everything a simulation draws comes from its seed.

Each part of a simulation has dice of its own, named after it, so that one part drawing more or less
often than before does not change what the others draw.
"""

from collections.abc import Callable, Sequence
from random import Random  # noqa: TID251 - seeded here and nowhere else
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws that follow from a name alone: the same name gives the same draws everywhere.

    Whole numbers are made of fractions: fast, and even enough for anything but mathematics.

    Args:
        name: A seed and the parts it was handed down to: "17/network".
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._random = Random(name)

    def child(self, name: str) -> "Dice":
        """Return the dice of a part."""
        return Dice(f"{self._name}/{name}")

    def chance(self, probability: float) -> bool:
        """Say yes with a probability from 0 to 1."""
        return probability > 0 and self._random.random() < probability

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def up_to(self, high: int) -> int:
        """Return a whole number from 0 to `high`, both included."""
        return int(self._random.random() * (high + 1))

    @property
    def bits(self) -> Callable[[int], int]:
        """Return a function that draws a whole number of so many bits."""
        return self._random.getrandbits

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of them."""
        return choices[int(self._random.random() * len(choices))]

    def bytes(self, size: int) -> bytes:
        """Return that many bytes."""
        return self._random.randbytes(size)
