"""One timer for all sockets of a server, instead of one for each request."""

import asyncio
from collections.abc import Callable, Iterable
from math import inf
from typing import Protocol


class Watched(Protocol):
    """Something that owes us something by a time.

    Attributes:
        deadline: In seconds of the loop's clock; infinite while nothing is owed.
    """

    deadline: float

    def expire(self) -> None:
        """Act on a deadline that has passed, and set another."""
        ...


class Watch:
    """Looks at every deadline when the earliest has passed.

    Moving a deadline later costs its owner an assignment: it is seen when the old one is due. Only
    one that is earlier than all others has to be told, with `look_at`.

    Attributes:
        due: When it looks next, in seconds of the loop's clock; infinite while it need not.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        watched: Callable[[], Iterable[Watched]],
        *,
        grain_s: float,
    ) -> None:
        """Watch what `watched` returns, looking no more often than every `grain_s` seconds."""
        self.due = inf
        self._grain_s = grain_s
        self._loop = loop
        self._watched = watched
        self._timer: asyncio.TimerHandle | None = None

    def look_at(self, deadline: float) -> None:
        """Look when `deadline` has passed, at the latest."""
        if deadline >= self.due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self.due = deadline
        self._timer = self._loop.call_at(deadline, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        self.due = -inf  # nothing is earlier

    def _look(self) -> None:
        self.due = inf
        now = self._loop.time()
        for watched in list(self._watched()):
            if watched.deadline <= now:
                watched.expire()
        earliest = min((watched.deadline for watched in self._watched()), default=inf)
        # Looking at thousands of sockets stays rare: those that are due soon wait for each other.
        if earliest < inf:
            self.look_at(max(earliest, now + self._grain_s))
