"""What can happen to a session, and what it can ask for."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

from strikewire.api import ApiError, RequestId
from strikewire.exchange import Command, Event
from strikewire.gateway.auth import Grant
from strikewire.gateway.caller import Subscription

# What can happen


class Received(Struct, frozen=True):
    """A message came from the connection: JSON text, not looked at yet."""

    payload: bytes


class Called(Struct, frozen=True, kw_only=True):
    """A request came whose envelope has been taken off: over REST, or inside of a message.

    Attributes:
        method: Name of the method; whether there is one is not known yet.
        id: The client's own mark, echoed with its type; UNSET where there is none.
        params: JSON text, or the parameters of a query.
        grant: What the request's `Authorization` header stands for.
        error: Why it cannot be answered otherwise; then the rest does not matter.
    """

    method: str = ""
    id: RequestId | UnsetType = UNSET
    params: Raw | Mapping[str, str] = Raw(b"{}")
    grant: Grant | None = None
    error: ApiError | None = None


class Applied(Struct, frozen=True):
    """A command of the session was carried out, or rejected by the exchange."""

    token: object
    events: Sequence[Event]


class Refused(Struct, frozen=True):
    """A command of the session was not taken by the sequencer; it changes nothing."""

    token: object
    error: ApiError


class Tick(Struct, frozen=True):
    """Time has passed."""


class Revoked(Struct, frozen=True):
    """Keys are accepted no longer."""

    client_ids: frozenset[str]


class Disconnected(Struct, frozen=True):
    """The connection is gone, whoever closed it."""


Input: TypeAlias = Received | Called | Applied | Refused | Tick | Revoked | Disconnected


# What it can ask for


class Send(Struct, frozen=True):
    """Send one message to the connection.

    Attributes:
        payload: JSON text, UTF-8.
        is_error: Whether it is an error answer; over REST it then travels with status 400.
    """

    payload: bytes
    is_error: bool = False


class Submit(Struct, frozen=True):
    """Hand a command to the sequencer.

    Attributes:
        token: Comes back with the command's events.
        command: What to do.
    """

    token: object
    command: Command


class Join(Struct, frozen=True):
    """Begin to deliver channels to the connection, the first notification of each at once."""

    subscriptions: Sequence[Subscription]


class Leave(Struct, frozen=True):
    """Stop delivering channels to the connection."""

    subscriptions: Sequence[Subscription]


class Close(Struct, frozen=True):
    """Close the connection with a WebSocket close code and a reason for people."""

    code: int
    reason: str


class PauseReading(Struct, frozen=True):
    """Take nothing from the connection until `ResumeReading`: it asked faster than we answer."""


class ResumeReading(Struct, frozen=True):
    """Take from the connection again."""


Output: TypeAlias = Send | Submit | Join | Leave | Close | PauseReading | ResumeReading
