"""What happens to a connection and its streams, told instead of hidden."""

from msgspec import Struct


class Connected(Struct, frozen=True, tag=True):
    """The connection is up, authenticated where keys were given, and subscribed again.

    Attributes:
        connections: How many times this client has connected so far, this one included.
    """

    connections: int


class Disconnected(Struct, frozen=True, tag=True):
    """The connection went down, or an attempt to make one failed.

    Attributes:
        reason: Why, in words.
        retry_ms: Milliseconds until the next attempt; None when there is none.
    """

    reason: str
    retry_ms: int | None


class Refused(Struct, frozen=True, tag=True):
    """The venue did not accept a subscription: the channel is unknown, or needs keys."""

    channel: str
    reason: str


class Complained(Struct, frozen=True, tag=True):
    """The venue sent an error that answers no request of ours."""

    code: int
    message: str


class Garbled(Struct, frozen=True, tag=True):
    """The venue sent something that cannot be read; it was dropped and reading went on."""

    reason: str


class Lost(Struct, frozen=True, tag=True):
    """A stream was read too slowly and dropped notes, as its loss policy says."""

    channel: str
    count: int


class Gap(Struct, frozen=True, tag=True):
    """A book's chain of changes broke; a fresh snapshot has been asked for."""

    instrument_name: str
    reason: str


class Stale(Struct, frozen=True, tag=True):
    """A book is no longer equal to the venue's, because the connection went down."""

    instrument_name: str
    reason: str


class Resynced(Struct, frozen=True, tag=True):
    """A book that was stale or broken equals the venue's again."""

    instrument_name: str
    change_id: int


Event = Connected | Disconnected | Refused | Complained | Garbled | Lost | Gap | Stale | Resynced
"""Everything `Client.events` yields."""
