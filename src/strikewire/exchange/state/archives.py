"""The last so many of something: what can still be looked up, the oldest forgotten first."""

from collections.abc import Iterable, Iterator
from typing import Any


class Ring:
    """The last `size` things that were appended, oldest first; it grows only as it fills."""

    def __init__(self, size: int) -> None:
        """Begin empty.

        Args:
            size: Positive.
        """
        self.size = size
        self.start = 0
        self.unsealed = 0
        """How many things have come since the last seal; see `sealing`."""

        self.kept: list[Any] | None = None

    def append(self, thing: Any) -> Any:  # noqa: ANN401  # it keeps anything
        """Keep a thing, and return the oldest if it had to go for that."""
        self.unsealed += 1
        if self.kept is None:
            self.kept = []
        if len(self.kept) < self.size:
            self.kept.append(thing)
            return None
        forgotten = self.kept[self.start]
        self.kept[self.start] = thing
        self.start += 1
        if self.start == self.size:
            self.start = 0
        return forgotten

    def extend(self, things: Iterable[Any]) -> None:
        """Keep some things, one by one."""
        for thing in things:
            self.append(thing)

    def latest(self) -> list[Any]:
        """Return what has come since the last seal, oldest first, as far as it is still there."""
        count = len(self)
        return list(self)[count - min(self.unsealed, count) :]

    def __len__(self) -> int:
        return 0 if self.kept is None else len(self.kept)

    def __iter__(self) -> Iterator[Any]:
        kept = self.kept or []
        return iter(kept[self.start :] + kept[: self.start])
