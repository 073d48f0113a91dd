"""How long to wait before connecting again, and when to give up, without I/O."""

import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from strikewire.websocket.errors import HandshakeStatusError, WebSocketError
from strikewire.websocket.headers import Headers, values

ConnectError = OSError | WebSocketError
"""What keeps a connection from opening, or ends one."""


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait between two attempts, in seconds.

    The ceiling of the delay begins at `first_s`, is multiplied with `factor` after every attempt,
    and stops growing at `max_s`. `jitter` is the part of it that is left to chance: with 1 the
    delay is anything from nothing to the ceiling, so that the clients of a server that came back do
    not come back all at once; with 0 it is the ceiling.

    Source: "Exponential Backoff And Jitter", Marc Brooker, AWS Architecture Blog, 2015 ("full
    jitter"); RFC 6455 section 7.2.3 asks for both.
    """

    first_s: float = 0.5
    """Ceiling of the first delay; positive."""

    factor: float = 2.0
    """Growth of the ceiling; 1 or more."""

    max_s: float = 30.0
    """The highest ceiling."""

    jitter: float = 1.0
    """Part of the ceiling that is left to chance; 0 to 1."""

    reset_after_s: float = 10.0
    """A connection that stayed open for so long was a good one: the ceiling is `first_s` again."""

    retry_after_s_max: float = 600.0
    """Longest wait that a server may ask for with Retry-After; more is cut."""

    attempts_max: int = 0
    """Attempts in a row that may fail, before the last error is raised; 0 goes on forever."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (0 < self.first_s <= self.max_s < math.inf and 1 <= self.factor < math.inf):
            raise ValueError("a backoff needs 0 < first_s <= max_s and factor >= 1")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter is a part of the delay, 0 to 1, and not {self.jitter}")

    def delay_s(self, attempt: int, chance: float) -> float:
        """Return how long to wait before an attempt.

        Args:
            attempt: The first is 0.
            chance: From 0 (the whole ceiling) to below 1.
        """
        assert attempt >= 0
        assert 0 <= chance < 1
        try:
            ceiling_s = min(self.max_s, self.first_s * self.factor**attempt)
        except OverflowError:  # after a thousand attempts
            ceiling_s = self.max_s
        return ceiling_s * (1 - self.jitter * chance)


class Retry(msgspec.Struct, frozen=True):
    """One wait before the next attempt, and why there is one.

    Attributes:
        attempt: Attempts and short-lived connections since the last good one; the first is 1.
        delay_s: How long is waited, in seconds.
        error: What kept the connection from opening; or the `ConnectionClosedError` that tells how
            the last one ended, with code, reason and who closed.
    """

    attempt: int
    delay_s: float
    error: ConnectError


def retry_after_s(headers: Headers) -> float:
    """Return how many seconds a server asks us to stay away; 0 if it does not.

    A date is measured by the server's own clock, from its Date header; without one it is ignored.

    Source: RFC 9110 section 10.2.3.
    """
    asked = next(iter(values(headers, "retry-after")), "")
    if asked.isascii() and asked.isdecimal():
        return float(asked[:12])
    date = next(iter(values(headers, "date")), "")
    try:
        until, now = parsedate_to_datetime(asked), parsedate_to_datetime(date)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one with a time zone and one without
        return 0.0


class Retries:
    """The attempts of one client: counts them and says how long to wait.

    Attributes:
        last: The latest wait, or None before the first.
    """

    def __init__(
        self,
        backoff: Backoff,
        *,
        retry: Callable[[Exception], bool],
        chance: Callable[[], float],
    ) -> None:
        """Begin before the first attempt.

        Args:
            backoff: How long to wait.
            retry: Whether an error may pass.
            chance: Returns a number from 0 to below 1.
        """
        self.last: Retry | None = None
        self._backoff = backoff
        self._retry: Final = retry
        self._chance: Final = chance
        self._attempt = 0

    def failed(self, error: ConnectError) -> Retry:
        """Take in that a connection did not open; return the wait.

        Raises:
            OSError | WebSocketError: The same error, if it will not pass, or came too often.
        """
        backoff = self._backoff
        is_last = backoff.attempts_max and self._attempt + 1 >= backoff.attempts_max
        if is_last or not self._retry(error):
            raise error
        asked_s = retry_after_s(error.headers) if isinstance(error, HandshakeStatusError) else 0.0
        return self._wait(error, min(asked_s, backoff.retry_after_s_max))

    def ended(self, error: ConnectError, *, lasted_s: float) -> Retry:
        """Take in that a connection which was open for `lasted_s` has ended; return the wait."""
        if lasted_s >= self._backoff.reset_after_s:
            self._attempt = 0
        return self._wait(error, 0.0)

    def _wait(self, error: ConnectError, least_s: float) -> Retry:
        delay_s = self._backoff.delay_s(self._attempt, self._chance())
        self._attempt += 1
        # Who asked us to stay away is answered with chance on top, for the same reason as ever.
        self.last = Retry(self._attempt, least_s + delay_s, error)
        return self.last
