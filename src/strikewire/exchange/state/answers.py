"""What an account was answered to commands that it marked, so that none is carried out twice."""

from collections.abc import Iterable

import msgspec

from strikewire.exchange.events import (
    BalanceChanged,
    Event,
    Fill,
    LevelChanged,
    OrderEvent,
    PositionChanged,
)
from strikewire.model import NS_PER_S, AccountId

KEYS_MAX = 10_000
"""Marked commands of an account whose answers are kept; the oldest are forgotten first."""

KEY_AGE_NS_MAX = 24 * 3_600 * NS_PER_S
"""Nanoseconds for which an answer is kept, by the times of commands."""

ANSWER_EVENTS_MAX = 50_000
"""Events in all answers of an account; beyond, the oldest are forgotten, but never the last."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What one marked command did."""

    key: str
    digest: bytes
    """Of what was asked for."""

    time_ns: int
    """When it was carried out, in nanoseconds since the Unix epoch."""

    events: tuple[Event, ...]
    """Those that its owner is answered from."""


class Answers:
    """The answers of one account, oldest first."""

    __slots__ = ("_by_key", "_events")

    def __init__(self, kept: Iterable[Answer] = ()) -> None:
        self._by_key = {answer.key: answer for answer in kept}
        self._events = sum(len(answer.events) for answer in self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def kept(self) -> list[Answer]:
        """All of them, oldest first."""
        return list(self._by_key.values())

    def find(self, time_ns: int, key: str) -> Answer | None:
        """Return the answer to a key; None if it is new, or too old by now."""
        answer = self._by_key.get(key)
        return answer if answer and time_ns - answer.time_ns < KEY_AGE_NS_MAX else None

    def add(self, answer: Answer) -> None:
        """Keep an answer behind all others, and forget what is too old or too much."""
        self._drop(answer.key)
        self._by_key[answer.key] = answer
        self._events += len(answer.events)
        while len(self._by_key) > 1 and self._is_over(answer.time_ns):
            self._drop(next(iter(self._by_key)))

    def _is_over(self, now_ns: int) -> bool:
        oldest = next(iter(self._by_key.values()))
        is_old = now_ns - oldest.time_ns >= KEY_AGE_NS_MAX
        return is_old or len(self._by_key) > KEYS_MAX or self._events > ANSWER_EVENTS_MAX

    def _drop(self, key: str) -> None:
        dropped = self._by_key.pop(key, None)
        if dropped is not None:
            self._events -= len(dropped.events)


def answering(account_id: AccountId, events: Iterable[Event]) -> tuple[Event, ...]:
    """Return those events of a command that its owner is answered from."""
    return tuple(event for event in events if _answers(account_id, event))


def _answers(account_id: AccountId, event: Event) -> bool:
    match event:
        case OrderEvent(order):
            return order.account_id == account_id
        case Fill():
            return account_id in (event.maker.account_id, event.taker.account_id)
        case LevelChanged() | PositionChanged() | BalanceChanged():
            return False
        case _:
            return True
