"""What happens to a session."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

from strikewire.api import ApiError, RequestId
from strikewire.exchange import Event
from strikewire.gateway.auth import Grant


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


class Disconnected(Struct, frozen=True):
    """The connection is gone, whoever closed it."""


Input: TypeAlias = Received | Called | Applied | Refused | Tick | Disconnected
