"""The SDK: connect, resume, resubscribe, resync; what the venue says flows to users through it."""

from strikewire.client.book import BookEvent, BookStream, BookView
from strikewire.client.client import Client, connect
from strikewire.client.errors import (
    AnswerShapeError,
    ClientClosedError,
    ClientError,
    ConnectError,
    NotConnectedError,
    RequestTimeoutError,
    RequestTooLargeError,
    SlowReaderError,
    SubscriptionRefusedError,
    TooManyRequestsError,
    UnknownOutcomeError,
    VenueError,
)
from strikewire.client.events import (
    Complained,
    Connected,
    Disconnected,
    Event,
    Gap,
    Garbled,
    Lost,
    Refused,
    Resynced,
    Stale,
)
from strikewire.client.outputs import Credentials, Options
from strikewire.client.streams import Loss, Note, Stream

__all__ = [
    "AnswerShapeError",
    "BookEvent",
    "BookStream",
    "BookView",
    "Client",
    "ClientClosedError",
    "ClientError",
    "Complained",
    "ConnectError",
    "Connected",
    "Credentials",
    "Disconnected",
    "Event",
    "Gap",
    "Garbled",
    "Loss",
    "Lost",
    "NotConnectedError",
    "Note",
    "Options",
    "Refused",
    "RequestTimeoutError",
    "RequestTooLargeError",
    "Resynced",
    "SlowReaderError",
    "Stale",
    "Stream",
    "SubscriptionRefusedError",
    "TooManyRequestsError",
    "UnknownOutcomeError",
    "VenueError",
    "connect",
]
