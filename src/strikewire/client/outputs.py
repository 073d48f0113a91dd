"""What goes into the connection machine at its making, and what comes out of its steps."""

from msgspec import Raw, Struct

from strikewire.client.errors import ClientError
from strikewire.client.events import Event


class Credentials(Struct, frozen=True):
    """An API key; its text form hides the secret."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Credentials(client_id={self.client_id!r})"


class Options(Struct, frozen=True, kw_only=True):
    """How a connection behaves.

    Attributes:
        request_timeout_ms: How long an answer may take.
        heartbeat_s: How often the venue is asked to show life; 0 asks for none. When nothing at
            all arrives for twice as long, the connection is dropped and made anew.
        retry_ms_max: The longest wait between two attempts to connect.
    """

    request_timeout_ms: int = 10_000
    heartbeat_s: int = 10
    retry_ms_max: int = 30_000


class Open(Struct, frozen=True):
    """Make a connection; report `opened` or `closed`."""


class Send(Struct, frozen=True):
    """Send this text message."""

    payload: bytes


class Close(Struct, frozen=True):
    """Close the connection with a close frame; nothing it still brings is wanted."""

    code: int
    reason: str


class Answered(Struct, frozen=True):
    """The call `token` has this result."""

    token: object
    result: Raw


class Failed(Struct, frozen=True):
    """The call `token` failed."""

    token: object
    error: ClientError


class Pushed(Struct, frozen=True):
    """A note of a channel; `first` marks the first since the channel was last subscribed."""

    channel: str
    data: Raw
    first: bool


class Happened(Struct, frozen=True):
    """Something to tell whoever listens."""

    event: Event


Output = Open | Send | Close | Answered | Failed | Pushed | Happened
"""Everything a step of the machine can ask of its shell."""
