"""The orders that one connection placed, for when it is lost."""

from collections.abc import Iterable, Sequence

from strikewire.exchange import (
    CancelOrder,
    CancelReason,
    Command,
    Event,
    Exchange,
    MassQuote,
    OrderState,
    OrderView,
    PlaceOrder,
    Rejected,
)
from strikewire.gateway.methods.quoting import quoted
from strikewire.gateway.methods.trading import last_view, placed_order_id
from strikewire.model import AccountId, OrderId

PLACED_BEFORE_SORTING = 1_000
"""Orders are kept in mind until there are so many; then those that have ended are forgotten, and
the number is set to twice those that are left."""


class PlacedOrders:
    """Orders by id, with the account each belongs to.

    Args:
        exchange: Tells which of them are still open.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._accounts: dict[OrderId, AccountId] = {}
        self._kept_max = PLACED_BEFORE_SORTING

    def __len__(self) -> int:
        return len(self._accounts)

    def note(self, command: Command, events: Sequence[Event]) -> bool:
        """Take in what a command of the connection did.

        Returns:
            Whether it placed orders that wait in a book now.
        """
        views = [view for view in _placed(command, events) if view.state is OrderState.OPEN]
        if not views:
            return False
        self._accounts |= {view.order_id: view.account_id for view in views}
        if len(self._accounts) > self._kept_max:
            self._accounts = {one: self._accounts[one] for one in self._open()}
            self._kept_max = max(PLACED_BEFORE_SORTING, 2 * len(self._accounts))
        return True

    def cancel_all(self) -> list[CancelOrder]:
        """Return the commands that cancel those that are open, oldest first, and forget them."""
        commands = [
            CancelOrder(self._accounts[order_id], order_id, CancelReason.CANCEL_ON_DISCONNECT)
            for order_id in self._open()
        ]
        self._accounts.clear()
        return commands

    def _open(self) -> list[OrderId]:
        views = [self._exchange.order(order_id) for order_id in self._accounts]
        return [one.order_id for one in views if one and one.state is OrderState.OPEN]


def _placed(command: Command, events: Sequence[Event]) -> Iterable[OrderView]:
    """Return the orders that a command placed or quoted, as it left them."""
    if not events or isinstance(events[0], Rejected):
        return ()
    if isinstance(command, PlaceOrder):
        return (last_view(events, placed_order_id(events)),)
    return quoted(command, events).values() if isinstance(command, MassQuote) else ()
