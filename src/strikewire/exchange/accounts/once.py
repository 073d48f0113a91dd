"""Commands that their owner marked: carried out once, however often they come.

A client that lost an answer cannot know whether its order was placed. It sends the request again
under the same key: what was carried out already is not carried out again, but answered again. The
answers are part of the state, so that a restart in between changes nothing.
"""

from strikewire.exchange.commands import Once
from strikewire.exchange.events import Event, Reject, Rejected, Repeated
from strikewire.exchange.orders.checks import find_account
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.answers import Answer, Answers, answering
from strikewire.exchange.state.state import State

KEY_LENGTH_MAX = 64
"""Characters of a key; a longer one is rejected."""

DIGEST_BYTES_MAX = 64
"""Bytes of a digest; a longer one is rejected."""


def recall(state: State, time_ns: int, command: Once) -> Rejected | Repeated | None:
    """Return what a marked command is answered without being carried out; None if it is new."""
    account = find_account(state, command.account_id)
    if isinstance(account, Rejected):
        return account
    refused = _refuse_form(command)
    if refused is not None:
        return refused
    answers = state.answers.get(command.account_id)
    answer = answers.find(time_ns, command.key) if answers else None
    if answer is None:
        return None
    if answer.digest != command.digest:
        return Rejected(Reject.INVALID_ARGUMENTS, "used_for_another_request", "idempotency_key")
    return Repeated(command.account_id, command.key, answer.events)


def repeat(turn: Turn, command: Once) -> Rejected | None:
    """Answer a marked command that is not new."""
    answer = recall(turn.state, turn.time_ns, command)
    assert answer is not None
    if isinstance(answer, Rejected):
        return answer
    turn.events.append(answer)
    return None


def remember(state: State, time_ns: int, command: Once, events: tuple[Event, ...]) -> None:
    """Keep what a marked command did, refused or not."""
    kept = answering(command.account_id, events)
    answers = state.answers.setdefault(command.account_id, Answers())
    answers.add(Answer(command.key, command.digest, time_ns, kept))


def _refuse_form(command: Once) -> Rejected | None:
    if not 0 < len(command.key) <= KEY_LENGTH_MAX:
        reason = f"{len(command.key)} against {KEY_LENGTH_MAX} characters"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "idempotency_key")
    if len(command.digest) > DIGEST_BYTES_MAX:
        reason = f"{len(command.digest)} against {DIGEST_BYTES_MAX} bytes"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "digest")
    if isinstance(command.command, Once):
        return Rejected(Reject.INVALID_ARGUMENTS, "marked_twice", "command")
    return None
