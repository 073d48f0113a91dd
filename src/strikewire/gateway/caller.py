"""Who is at the other end of one connection, and what was agreed with it."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from strikewire.api import ChannelName
from strikewire.gateway.auth import Grant
from strikewire.gateway.heartbeat import Heartbeat
from strikewire.model import AccountId

Transport = Literal["ws", "rest"]


class Subscription(Struct, frozen=True):
    """A channel that a connection listens to.

    Attributes:
        channel: What was asked for, under the name it was asked by.
        account_id: Whose private channel; None for a public one. It is fixed when the
            subscription is made and never follows the connection to another account.
    """

    channel: ChannelName
    account_id: AccountId | None = None


class Caller:
    """The state of one conversation.

    Attributes:
        connection_id: Unique among all connections, those over REST included.
        address: IP address of the other end.
        transport: `ws` for a connection that stays, `rest` for one request.
        grant: What the connection is authenticated as; None until `public/auth`.
        subscriptions: Channels by name.
        heartbeat: Whether and when the other end must show that it lives.
        cancel_on_disconnect: Whether losing the connection cancels the orders it placed.
        said_goodbye: Whether it closed by `private/logout`.
    """

    def __init__(self, connection_id: int, address: str, transport: Transport) -> None:
        self.connection_id = connection_id
        self.address = address
        self.transport = transport
        self.grant: Grant | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.heartbeat = Heartbeat()
        self.cancel_on_disconnect = False
        self.said_goodbye = False

    @property
    def client_id(self) -> str:
        """The key the connection is authenticated with; empty without one."""
        return self.grant.client_id if self.grant else ""

    def drop(self, names: Iterable[str]) -> list[Subscription]:
        """Forget subscriptions by name and return those there were."""
        found = [self.subscriptions.pop(name, None) for name in names]
        return [subscription for subscription in found if subscription is not None]
