"""What the gateway asks its shell to do with sockets and with the sequencer."""

from typing import TypeAlias

from msgspec import Struct

from strikewire.exchange import Command
from strikewire.gateway.hub import Delivery


class SendTo(Struct, frozen=True):
    """Send one message to one connection, or answer one REST request with it."""

    connection_id: int
    payload: bytes
    is_error: bool = False


class CloseConnection(Struct, frozen=True):
    """Close a connection; for a REST request, which has been answered, it means nothing."""

    connection_id: int
    code: int
    reason: str


class SetReading(Struct, frozen=True):
    """Take nothing more from a connection, or take from it again."""

    connection_id: int
    is_on: bool


class SubmitCommand(Struct, frozen=True):
    """Hand a command to the sequencer; its outcome comes back with the token."""

    token: object
    command: Command


Action: TypeAlias = SendTo | Delivery | CloseConnection | SetReading | SubmitCommand
