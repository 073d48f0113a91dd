"""What a client that marks its requests knows of them: which are lost, and what was answered."""

from typing import Final

from msgspec import Raw

from strikewire.client.client import AGAIN_CODES
from strikewire.client.errors import ClientError, VenueError
from strikewire.testing.simulation.client import Ask
from strikewire.testing.simulation.violations import Violation

RULE_SAME: Final = "a request that comes again gets the answer of the first time"


class Keys:
    """The marked requests of one client."""

    def __init__(self) -> None:
        self.lost: dict[str, tuple[str, dict[str, object]]] = {}
        """Method and parameters of those whose outcome is not known, by key."""

        self._answers: dict[str, bytes] = {}

    def answered(self, ask: Ask, result: Raw) -> None:
        """Compare an answer with those before it under its key."""
        key = key_of(ask)
        if not key:
            return
        self.lost.pop(key, None)
        text = bytes(result)
        first = self._answers.setdefault(key, text)
        if text != first:
            raise Violation(RULE_SAME, f"{key}: {text!r} after {first!r}")

    def is_open(self, ask: Ask, error: ClientError) -> bool:
        """Say whether a failed request may have been carried out all the same, now or before."""
        key = key_of(ask)
        is_final = isinstance(error, VenueError) and error.code not in AGAIN_CODES
        if not key or is_final:
            self.lost.pop(key, None)
            return False
        if key not in self._answers:
            self.lost[key] = (ask.method, ask.params)
        return True


def key_of(ask: Ask) -> str:
    """Return the key of a request; empty where it has none."""
    return str(ask.params.get("idempotency_key", ""))
