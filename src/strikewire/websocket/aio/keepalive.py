"""Pings that keep connections alive and measured: one clock for all connections of a kind.

Theory of operation. A timer for each connection would be its largest part, so a `Pulse` beats a few
times in each interval and looks at its connections one after the other: one whose last answer is an
interval old is pinged, and one that owes an answer for longer than the timeout is given up.
"""

import asyncio
from typing import Final, Protocol

import msgspec

_BEATS: Final = 20
"""Beats in an interval or a timeout, whichever is shorter: how late a ping may be."""

_BEAT_S_MAX: Final = 1.0


class RoundTrips(msgspec.Struct, frozen=True, kw_only=True):
    """How long pings took to be answered, in seconds.

    Attributes:
        count: Answers so far.
        last_s: The last one.
        min_s: The shortest one.
        max_s: The longest one.
        smoothed_s: All of them, the last ones most: each moves this an eighth of the way (the
            SRTT of RFC 6298).
    """

    count: int
    last_s: float
    min_s: float
    max_s: float
    smoothed_s: float

    def after(self, seconds: float) -> "RoundTrips":
        """Return these with one more."""
        return RoundTrips(
            count=self.count + 1,
            last_s=seconds,
            min_s=min(self.min_s, seconds),
            max_s=max(self.max_s, seconds),
            smoothed_s=self.smoothed_s + (seconds - self.smoothed_s) / 8,
        )


def first_round_trip(seconds: float) -> RoundTrips:
    """Return the statistics of a single answer."""
    return RoundTrips(count=1, last_s=seconds, min_s=seconds, max_s=seconds, smoothed_s=seconds)


class Beating(Protocol):
    """A connection, as a `Pulse` sees it."""

    def beat(self, now_s: float) -> None:
        """Look whether it is time to ping, or to give up."""


class Pulse:
    """Looks at its connections a few times in each interval."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, interval_s: float, timeout_s: float
    ) -> None:
        """Beat as often as these times need; zero for `interval_s` beats never."""
        shortest_s = min(interval_s, timeout_s) if timeout_s > 0 else interval_s
        self._beat_s = min(shortest_s / _BEATS, _BEAT_S_MAX)
        self._loop = loop
        self._members: set[Beating] = set()
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, member: Beating) -> None:
        """Look at `member` from the next beat on."""
        if self._beat_s <= 0:
            return
        self._members.add(member)
        if self._timer is None:
            self._timer = self._loop.call_later(self._beat_s, self._beat)

    def leave(self, member: Beating) -> None:
        """Look at `member` no more."""
        self._members.discard(member)
        if not self._members and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self._timer = self._loop.call_later(self._beat_s, self._beat)
        now_s = self._loop.time()
        for member in tuple(self._members):
            member.beat(now_s)


class Pings:
    """The pings of one connection that wait for an answer."""

    __slots__ = ("_counter", "_sent", "own_at_s")

    def __init__(self) -> None:
        self._counter = 0
        self._sent: dict[bytes, tuple[float, asyncio.Future[float] | None]] = {}
        self.own_at_s: float | None = None
        """When the keepalive ping was sent that has not been answered; None without one."""

    def sent(self, now_s: float, answered: asyncio.Future[float] | None) -> bytes:
        """Return the payload of a new ping; without a future it is the keepalive's own."""
        self._counter += 1
        payload = self._counter.to_bytes(8, "big")
        self._sent[payload] = (now_s, answered)
        if answered is None:
            self.own_at_s = now_s
        return payload

    def answered(self, payload: bytes, now_s: float) -> float | None:
        """Take in a pong; return the seconds it took, or None if nothing was asked."""
        if payload not in self._sent:
            return None
        # 5.5.3: a peer may answer the latest of several pings only, so it answers them all.
        for sent in list(self._sent):
            at_s, answered = self._sent.pop(sent)
            if answered is None:
                self.own_at_s = None
            elif not answered.done():
                answered.set_result(now_s - at_s)
            if sent == payload:
                return now_s - at_s
        return None

    def end(self, error: Exception) -> None:
        """Give `error` to whoever waits."""
        waiting = [answered for _, answered in self._sent.values() if answered is not None]
        self._sent.clear()
        self.own_at_s = None
        for answered in waiting:
            if not answered.done():
                answered.set_exception(error)
                # Nobody may be waiting any more; that is no mistake of theirs.
                answered.exception()
