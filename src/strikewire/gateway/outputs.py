"""What the gateway's machines ask their shell to do."""

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from strikewire.exchange import Command
from strikewire.gateway.caller import Subscription


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
