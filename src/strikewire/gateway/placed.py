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

_WAITING = (OrderState.OPEN, OrderState.UNTRIGGERED)
_LIVING = (*_WAITING, OrderState.TRIGGERED)
"""A triggered order goes on as the one that took its place."""

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
            Whether it placed orders that wait now, in a book or outside of it.
        """
        views = [view for view in _placed(command, events) if view.state in _LIVING]
        if not views:
            return False
        self._accounts |= {view.order_id: view.account_id for view in views}
        if len(self._accounts) > self._kept_max:
            self._accounts = {one.order_id: one.account_id for one in self._open()}
            self._kept_max = max(PLACED_BEFORE_SORTING, 2 * len(self._accounts))
        return True

    def cancel_all(self) -> list[CancelOrder]:
        """Return the commands that cancel those that are open, oldest first, and forget them."""
        commands = [
            CancelOrder(one.account_id, one.order_id, CancelReason.CANCEL_ON_DISCONNECT)
            for one in self._open()
        ]
        self._accounts.clear()
        return commands

    def _open(self) -> list[OrderView]:
        views = [self._successor(order_id) for order_id in self._accounts]
        return [one for one in views if one and one.state in _WAITING]

    def _successor(self, order_id: OrderId) -> OrderView | None:
        """Return an order, or the one that took its place when its price came."""
        view = self._exchange.order(order_id)
        if view is not None and view.triggered_order_id is not None:
            return self._exchange.order(view.triggered_order_id)
        return view


def _placed(command: Command, events: Sequence[Event]) -> Iterable[OrderView]:
    """Return the orders that a command placed or quoted, as it left them."""
    if not events or isinstance(events[0], Rejected):
        return ()
    if isinstance(command, PlaceOrder):
        first = last_view(events, placed_order_id(events))
        return (first, *(last_view(events, one) for one in _tied(first)))
    return quoted(command, events).values() if isinstance(command, MassQuote) else ()


def _tied(view: OrderView) -> Iterable[OrderId]:
    """Return the orders that came with one."""
    link = view.link
    if link is None:
        return ()
    partner = () if link.partner_id is None else (link.partner_id,)
    return (*link.secondary_ids, *partner)
