"""Requests that wait for their answer: numbered, with a deadline each, never too many."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from strikewire.client.outputs import Output
from strikewire.client.wire import Answer, ErrorAnswer, encode_request

REQUESTS_WAITING_MAX: Final = 4_096
"""Requests that may wait for an answer at once; one more raises `TooManyRequestsError`."""

Then = Callable[[int, Answer | ErrorAnswer], list[Output]]


class Pending(Struct, frozen=True):
    """A request that waits for its answer.

    Attributes:
        method: What was asked.
        deadline_ns: When it is given up.
        token: Who waits, for a user's request.
        then: What the machine does with the answer, for its own requests; None for a user's.
    """

    method: str
    deadline_ns: int
    token: object = None
    then: Then | None = None


class Requests:
    """All requests of one connection that have no answer yet, oldest first.

    Args:
        timeout_ns: How long an answer may take.
    """

    def __init__(self, timeout_ns: int) -> None:
        self._timeout_ns = timeout_ns
        self._next_id = 0
        self._waiting: dict[int, Pending] = {}

    @property
    def is_full(self) -> bool:
        """Whether a user's request must be refused."""
        return len(self._waiting) >= REQUESTS_WAITING_MAX

    def encode(self, method: str, params: object) -> bytes:
        """Return a request's JSON under the next id; `wait` must follow if it is sent."""
        return encode_request(self._next_id + 1, method, params)

    def wait(
        self, now_ns: int, method: str, *, token: object = None, then: Then | None = None
    ) -> None:
        """Count the request that was just encoded as sent."""
        self._next_id += 1
        self._waiting[self._next_id] = Pending(method, now_ns + self._timeout_ns, token, then)

    def take(self, request_id: int) -> Pending | None:
        """Return the request that an answer belongs to; None when it was given up."""
        return self._waiting.pop(request_id, None)

    def expire(self, now_ns: int) -> list[Pending]:
        """Give up, and return, the requests whose time is over."""
        due = [key for key, one in self._waiting.items() if one.deadline_ns <= now_ns]
        return [self._waiting.pop(key) for key in due]

    def drain(self) -> list[Pending]:
        """Give up, and return, all requests."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        return waiting

    def deadline_ns(self) -> int | None:
        """Return when the first request is due; None without any."""
        # All share one timeout, so the oldest is due first.
        oldest = next(iter(self._waiting.values()), None)
        return oldest.deadline_ns if oldest is not None else None
