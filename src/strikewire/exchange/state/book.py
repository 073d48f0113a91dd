"""One instrument's book: orders by price, and at each price by the time they came.

    bids                 asks
      9 |  99 |          | 101 | 5        a level: its price, its orders in order of arrival,
      4 |  98 |          | 102 | 7        and their total

Each side keeps its prices in one sorted list with the best at the end, where nearly everything
happens: adding or removing there moves nothing, and further out it is one short move of memory.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator

from strikewire.exchange.commands import OrderType, TimeInForce
from strikewire.exchange.events import LevelChanged, OrderState, OrderView
from strikewire.exchange.links import Link
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.state.archives import Ring
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks, Units

NO_LOTS = Lots(0)
NO_UNITS = Units(0)


class Order:
    """An order while it lives."""

    __slots__ = (
        "account_id",
        "amount",
        "cancel_reason",
        "created_ns",
        "display_amount",
        "fee",
        "filled",
        "filled_value",
        "hidden",
        "instrument_id",
        "is_liquidation",
        "is_waiting",
        "label",
        "link",
        "mmp",
        "order_id",
        "order_type",
        "original_type",
        "post_only",
        "price",
        "reduce_only",
        "refresh_amount",
        "reject_post_only",
        "replaced",
        "side",
        "state",
        "time_in_force",
        "trigger_order_id",
        "updated_ns",
    )

    def __init__(
        self,
        *,
        order_id: OrderId,
        account_id: AccountId,
        instrument_id: InstrumentId,
        side: Side,
        order_type: OrderType,
        time_in_force: TimeInForce,
        price: Ticks | None,
        amount: Lots,
        created_ns: int,
        updated_ns: int,
        filled: Lots = NO_LOTS,
        filled_value: int = 0,
        fee: Units = NO_UNITS,
        state: OrderState = OrderState.OPEN,
        post_only: bool = False,
        reject_post_only: bool = False,
        reduce_only: bool = False,
        label: str = "",
        cancel_reason: str = "",
        replaced: bool = False,
        is_liquidation: bool = False,
        trigger_order_id: OrderId | None = None,
        original_type: OrderType | None = None,
        link: Link | None = None,
        display_amount: Lots = NO_LOTS,
        refresh_amount: Lots = NO_LOTS,
        mmp: MmpTag | None = None,
        hidden: bool = False,
    ) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.side = side
        self.order_type = order_type
        self.time_in_force = time_in_force
        self.price = price
        """None for a market order, which never rests."""

        self.amount = amount
        self.filled = filled
        self.filled_value = filled_value
        """Sum over its fills of ticks times lots."""

        self.fee = fee
        self.state = state
        self.post_only = post_only
        self.reject_post_only = reject_post_only
        self.reduce_only = reduce_only
        self.label = label
        self.created_ns = created_ns
        self.updated_ns = updated_ns
        self.cancel_reason = cancel_reason
        self.replaced = replaced
        self.is_liquidation = is_liquidation
        self.trigger_order_id = trigger_order_id
        self.original_type = original_type
        self.link = link
        self.mmp = mmp
        """What it is under, if it is protected."""

        self.display_amount = display_amount
        self.refresh_amount = refresh_amount
        """Of an iceberg: what is shown of it now, and what is shown anew when that has traded."""

        self.hidden = hidden
        """Whether the public never sees any of it while it waits."""

        self.is_waiting = False
        """Whether it stands in a book."""

    @property
    def remaining(self) -> Lots:
        """What is not filled yet."""
        return Lots(self.amount - self.filled)

    @property
    def is_iceberg(self) -> bool:
        """Whether a part of it may be hidden, and another is shown."""
        return self.refresh_amount > 0

    @property
    def visible(self) -> Lots:
        """What the public may see of it while it waits."""
        if self.hidden:
            return NO_LOTS
        return self.display_amount if self.refresh_amount else self.remaining

    @property
    def offered(self) -> Lots:
        """What of it trades before those behind it: what is shown, or all of what never is."""
        return self.remaining if self.hidden else self.visible

    def show(self) -> None:
        """Show the next slice of an iceberg, or all that is left of it."""
        self.display_amount = min(self.refresh_amount, self.remaining)

    def view(self) -> OrderView:
        """Return the order as its owner sees it now."""
        return OrderView(
            order_id=self.order_id,
            account_id=self.account_id,
            instrument_id=self.instrument_id,
            side=self.side,
            order_type=self.order_type,
            time_in_force=self.time_in_force,
            price=self.price,
            amount=self.amount,
            filled=self.filled,
            filled_value=self.filled_value,
            fee=self.fee,
            state=self.state,
            post_only=self.post_only,
            reject_post_only=self.reject_post_only,
            reduce_only=self.reduce_only,
            label=self.label,
            created_ns=self.created_ns,
            updated_ns=self.updated_ns,
            cancel_reason=self.cancel_reason,
            replaced=self.replaced,
            is_liquidation=self.is_liquidation,
            trigger_order_id=self.trigger_order_id,
            original_type=self.original_type,
            display_amount=self.display_amount,
            refresh_amount=self.refresh_amount,
            link=self.link,
            mmp=self.mmp,
            hidden=self.hidden,
        )

    @classmethod
    def restored(cls, view: OrderView) -> "Order":
        """Return the order that `view` was taken of."""
        return cls(
            order_id=view.order_id,
            account_id=view.account_id,
            instrument_id=view.instrument_id,
            side=view.side,
            order_type=view.order_type,
            time_in_force=view.time_in_force,
            price=view.price,
            amount=view.amount,
            filled=view.filled,
            filled_value=view.filled_value,
            fee=view.fee,
            state=view.state,
            post_only=view.post_only,
            reject_post_only=view.reject_post_only,
            reduce_only=view.reduce_only,
            label=view.label,
            created_ns=view.created_ns,
            updated_ns=view.updated_ns,
            cancel_reason=view.cancel_reason,
            replaced=view.replaced,
            is_liquidation=view.is_liquidation,
            trigger_order_id=view.trigger_order_id,
            original_type=view.original_type,
            display_amount=view.display_amount,
            refresh_amount=view.refresh_amount,
            link=view.link,
            mmp=view.mmp,
            hidden=view.hidden,
        )


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


class Level:
    """The orders at one price, first come first; those that are never shown behind all others."""

    __slots__ = ("amount", "hidden", "icebergs", "orders")

    def __init__(self) -> None:
        self.amount = 0
        """What is shown of all of them."""

        self.icebergs = 0
        """How many of them hide a part: while there are none, the queue is simpler."""

        self.orders: dict[OrderId, Order] = {}
        self.hidden: dict[OrderId, Order] = {}
        """Of these nothing is ever shown."""

    def queue(self, order: Order) -> dict[OrderId, Order]:
        """Return where an order waits."""
        return self.hidden if order.hidden else self.orders

    def walk(self) -> Iterator[Order]:
        """Walk the orders in the order in which they stand."""
        yield from self.orders.values()
        yield from self.hidden.values()

    def slices(self) -> Iterator[tuple[Order, int]]:
        """Walk what would trade, in order: all that is shown, then icebergs slice by slice.

        An iceberg whose slice has traded stands behind all others with the next one, so nothing
        hidden trades before what was shown at its price. What no slice will ever show comes last.
        """
        hidden: deque[tuple[Order, int]] = deque()
        for order in self.orders.values():
            yield order, order.visible
            if order.remaining > order.visible:
                hidden.append((order, order.remaining - order.visible))
        while hidden:
            order, left = hidden.popleft()
            lots = min(order.refresh_amount, left)
            yield order, lots
            if left > lots:
                hidden.append((order, left - lots))
        for order in self.hidden.values():
            yield order, order.remaining


class HalfBook:
    """One side of a book.

    Prices are kept as keys, the price times the side's sign: the best key is the greatest for
    buyers and sellers alike.
    """

    __slots__ = ("keys", "levels", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def best(self) -> Ticks | None:
        """Return the best price, or None when the side is empty; hidden orders have one, too."""
        return Ticks(self.keys[-1] * self.side) if self.keys else None

    def amount_at(self, price: Ticks) -> int:
        """Return the lots that are shown at a price; 0 where there are none."""
        level = self.levels.get(price * self.side)
        return level.amount if level else 0

    def orders(self) -> Iterator[Order]:
        """Walk the orders in the order in which they stand in their queues."""
        for key in reversed(self.keys):
            yield from self.levels[key].walk()

    def slices(self) -> Iterator[tuple[Order, int]]:
        """Walk what would trade, in order, as if each were filled whole before the next.

        Yields:
            An order and some of its lots. An iceberg comes once for each of its slices.
        """
        for key in reversed(self.keys):
            level = self.levels[key]
            if level.icebergs or level.hidden:
                yield from level.slices()
            else:
                for order in level.orders.values():
                    yield order, order.remaining

    def depth(self) -> list[tuple[Ticks, Lots]]:
        """Return the price and amount of each level that is shown, best first."""
        side, levels = self.side, self.levels
        return [
            (Ticks(key * side), Lots(amount))
            for key in reversed(self.keys)
            if (amount := levels[key].amount)
        ]

    def add(self, order: Order) -> None:
        """Put an order behind all others at its price, hidden ones behind all that are shown."""
        assert order.price is not None
        key = order.price * self.side
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level()
            self.keys.insert(bisect_left(self.keys, key), key)
        order.is_waiting = True
        level.queue(order)[order.order_id] = order
        level.amount += order.visible
        level.icebergs += order.is_iceberg

    def remove(self, order: Order) -> None:
        """Take an order out, and its level with it if it was the last."""
        assert order.price is not None
        key = order.price * self.side
        level = self.levels[key]
        order.is_waiting = False
        del level.queue(order)[order.order_id]
        level.amount -= order.visible
        level.icebergs -= order.is_iceberg
        if not (level.orders or level.hidden):
            assert level.amount == 0
            del self.levels[key]
            del self.keys[bisect_left(self.keys, key)]


class Book:
    """Both sides of one instrument, and which of its levels the present command has touched."""

    __slots__ = ("_touched", "asks", "bids", "change_id", "reduce_only")

    def __init__(self, change_id: int = 0) -> None:
        self.change_id = change_id
        """Counts the commands that changed a level of this book."""

        self.bids = HalfBook(Side.BUY)
        self.asks = HalfBook(Side.SELL)
        self.reduce_only = 0
        """How many waiting orders only reduce: while there are none, matching is simpler."""

        self._touched: dict[tuple[Side, Ticks], int] = {}

    def half(self, side: Side) -> HalfBook:
        """Return the side where orders of `side` wait."""
        return self.bids if side is Side.BUY else self.asks

    def crosses(self, side: Side, price: Ticks) -> bool:
        """Say whether an order would trade at once."""
        best = self.half(side.opposite).best()
        return best is not None and best * side <= price * side

    def is_crossed(self) -> bool:
        """Say whether the two sides overlap, which they never do between commands."""
        best = self.bids.best()
        return best is not None and self.crosses(Side.BUY, best)

    def add(self, order: Order) -> None:
        """Let an order wait, behind all others at its price."""
        assert order.remaining > 0
        self._touch(order)
        if order.is_iceberg:
            order.show()
        self.half(order.side).add(order)
        self.reduce_only += order.reduce_only

    def remove(self, order: Order) -> None:
        """Take a waiting order out, whatever is left of it."""
        self._touch(order)
        self.half(order.side).remove(order)
        self.reduce_only -= order.reduce_only

    def fill(self, order: Order, lots: int) -> None:
        """Fill part or all of what is shown of a waiting order, or of one that never is.

        It keeps its place as long as something of that is left; an iceberg then shows its next
        slice, behind all others at its price.
        """
        assert order.price is not None
        assert 0 < lots <= order.offered
        self._touch(order)
        half = self.half(order.side)
        if lots == order.offered:
            half.remove(order)
        elif not order.hidden:
            half.levels[order.price * order.side].amount -= lots
        order.filled = Lots(order.filled + lots)
        order.filled_value += lots * order.price
        if order.is_iceberg:
            order.display_amount = Lots(order.display_amount - lots)
        if order.remaining == 0:
            self.reduce_only -= order.reduce_only
        elif order.offered == 0:
            order.show()
            half.add(order)

    def resize(self, order: Order, amount: Lots) -> None:
        """Lower a waiting order's amount; it keeps its place, and hidden lots go first."""
        assert order.price is not None
        assert order.filled < amount <= order.amount
        self._touch(order)
        before = order.visible
        order.amount = amount
        if order.is_iceberg:
            order.display_amount = min(order.display_amount, order.remaining)
        level = self.half(order.side).levels[order.price * order.side]
        level.amount -= before - order.visible

    def take_changes(self, instrument_id: InstrumentId) -> list[LevelChanged]:
        """Return the levels that differ from what they were, and number the change.

        A level that came and went within the command was never seen by anybody: it is left out.
        """
        if not self._touched:
            return []
        changes = [
            (side, price, amount)
            for (side, price), before in self._touched.items()
            if (amount := self.half(side).amount_at(price)) != before
        ]
        self._touched.clear()
        if changes:
            self.change_id += 1
        return [
            LevelChanged(instrument_id, side, price, Lots(amount), self.change_id)
            for side, price, amount in changes
        ]

    def flag(self, order: Order) -> None:
        """Make a waiting order one that only reduces, in its place."""
        assert not order.reduce_only
        self.reduce_only += 1
        order.reduce_only = True

    def load(self, order: Order) -> None:
        """Put back an order of a snapshot, behind all others at its price; nothing is announced."""
        self.half(order.side).add(order)
        self.reduce_only += order.reduce_only

    def _touch(self, order: Order) -> None:
        assert order.price is not None
        level = (order.side, order.price)
        if level not in self._touched:
            self._touched[level] = self.half(order.side).amount_at(order.price)
