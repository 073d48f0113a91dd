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

from strikewire.exchange.events import LevelChanged
from strikewire.exchange.state.orders import Order
from strikewire.model import InstrumentId, Lots, OrderId, Side, Ticks


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
