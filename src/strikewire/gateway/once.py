"""Requests that come again because their answer was lost."""

from collections.abc import Sequence

from msgspec import Struct

from strikewire.api import ApiError, ErrorCode
from strikewire.api.repeatable import Repeatable, digest
from strikewire.exchange import Command, Event, Once, Repeated
from strikewire.gateway.desk import Call, Plan


def once(call: Call, params: Struct, plan: Plan) -> Plan:
    """Return a plan that is carried out once under its request's key; the same where it has none.

    Raises:
        ApiError: -32602, the request becomes several commands, which have no key together.
    """
    if not isinstance(params, Repeatable) or params.idempotency_key is None or not plan.commands:
        return plan
    if len(plan.commands) > 1:
        raise ApiError(
            ErrorCode.INVALID_PARAMS, param="idempotency_key", reason="not for this request"
        )
    marked = Once(
        call.account_id,
        params.idempotency_key,
        digest(call.method.name, params),
        plan.commands[0],
    )
    return Plan([marked], lambda events: plan.answer([first_events(one) for one in events]))


def unmarked(command: Command) -> Command:
    """Return what is to be done, without its key."""
    return command.command if isinstance(command, Once) else command


def first_events(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events of a command; where it came again, those of the first time."""
    if events and isinstance(events[0], Repeated):
        return events[0].events
    return events
