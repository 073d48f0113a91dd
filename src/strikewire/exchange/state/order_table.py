"""How orders are found: those of an owner, and all of them by their ids."""

from collections.abc import Iterator

from strikewire.exchange.events import OrderView
from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.orders import Order
from strikewire.model import OrderId


class OrderList:
    """Some orders, each in no other list, in the order in which they came."""

    __slots__ = ("_orders",)

    def __init__(self) -> None:
        self._orders: dict[OrderId, Order] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        return iter(list(self._orders.values()))

    def add(self, order: Order) -> None:
        """Put an order behind all others."""
        self._orders[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Take an order out, which is in it."""
        del self._orders[order.order_id]


class ClosedOrders(Ring):
    """Orders that have ended."""


class OrderTable:
    """Every order that waits in a book or can still be looked up, by id."""

    __slots__ = ("_orders",)

    def __init__(self) -> None:
        self._orders: dict[OrderId, Order | OrderView] = {}

    def put(self, order: Order) -> None:
        """Let an order be found."""
        self._orders[order.order_id] = order

    def get(self, order_id: OrderId) -> Order | None:
        """Return an order that waits in its book; None if there is no such order, or no more."""
        order = self._orders.get(order_id)
        return order if isinstance(order, Order) and order.is_waiting else None

    def closed(self, order_id: OrderId) -> OrderView | None:
        """Return an order that has ended; None if there was none, or it waits or is forgotten."""
        order = self._orders.get(order_id)
        return None if isinstance(order, Order) else order

    def archive(self, closed: ClosedOrders, ended: Order | OrderView) -> None:
        """Keep an order as it has ended, and forget the oldest beyond the limit.

        Args:
            closed: Where its owner keeps those that have ended.
            ended: What may change from now on without being another.
        """
        view = ended.view() if isinstance(ended, Order) else ended
        self._orders[view.order_id] = view
        forgotten = closed.append(view)
        if forgotten is not None:
            del self._orders[forgotten.order_id]
