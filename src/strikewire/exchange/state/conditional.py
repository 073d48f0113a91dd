"""Orders that wait outside of the book, and the prices at which their turn comes.

An order that waits here is a command kept for later: when its turn comes, it is carried out as if
it had just been sent. Until then it has no place in a queue and ties up no money.

Each instrument keeps, for each kind of price that somebody waits for, two sorted lists:

    falling    101, 99, 98      come in at or below: the highest first
    rising     104, 105, 110    come in at or above: the lowest first

so that a price which jumps over several of them brings them in as it would have reached them, and
at one price the oldest comes first.
"""

from bisect import bisect_left, insort

import msgspec

from strikewire.exchange.commands import OrderType, PlaceOrder, TimeInForce, Trigger
from strikewire.exchange.events import OrderState, OrderView
from strikewire.exchange.links import Link
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, PriceE8, Side, Units

_TAKES = (OrderType.TAKE_LIMIT, OrderType.TAKE_MARKET)


class ConditionalOrder(msgspec.Struct, kw_only=True, array_like=True):
    """An order while it waits outside of the book. A struct, because snapshots keep it."""

    order_id: OrderId
    command: PlaceOrder
    """What is carried out when its turn comes; without verdict and deadline, which were of then."""

    trigger: Trigger | None
    """As in the command; but the price of a trailing stop moves, and is known once it follows.
    None if it waits for another order alone."""

    reference: PriceE8 | None = None
    """Of a trailing stop: the price it was placed at."""

    created_ns: int
    updated_ns: int
    replaced: bool = False
    link: Link | None = None
    is_dormant: bool = False
    """Whether it waits for another order; only after that for its price, if it has one."""

    @property
    def remaining(self) -> Lots:
        """What is not filled yet: all of it."""
        return self.command.amount

    @property
    def account_id(self) -> AccountId:
        """Its owner."""
        return self.command.account_id

    @property
    def instrument_id(self) -> InstrumentId:
        """What it would trade."""
        return self.command.instrument_id

    @property
    def order_type(self) -> OrderType:
        """What it was placed as."""
        return self.command.order_type

    @property
    def time_in_force(self) -> TimeInForce:
        """How long it may wait, outside of the book and then in it."""
        return self.command.time_in_force

    @property
    def label(self) -> str:
        """The owner's own word for it."""
        return self.command.label

    @property
    def is_rising(self) -> bool:
        """Whether it comes in at or above its price; otherwise at or below."""
        return rises(self.command)

    def view(
        self,
        state: OrderState = OrderState.UNTRIGGERED,
        *,
        cancel_reason: str = "",
        reject_reason: str = "",
        triggered_order_id: OrderId | None = None,
    ) -> OrderView:
        """Return the order as its owner sees it now, in the state that is named."""
        command = self.command
        return OrderView(
            order_id=self.order_id,
            account_id=command.account_id,
            instrument_id=command.instrument_id,
            side=command.side,
            order_type=command.order_type,
            time_in_force=command.time_in_force,
            price=command.price,
            amount=command.amount,
            filled=Lots(0),
            filled_value=0,
            fee=Units(0),
            state=state,
            post_only=command.post_only,
            reject_post_only=command.reject_post_only,
            reduce_only=command.reduce_only,
            label=command.label,
            created_ns=self.created_ns,
            updated_ns=self.updated_ns,
            cancel_reason=cancel_reason,
            replaced=self.replaced,
            trigger=self.trigger,
            trigger_reference=self.reference,
            triggered_order_id=triggered_order_id,
            reject_reason=reject_reason,
            link=self.link,
            is_dormant=self.is_dormant and state is OrderState.UNTRIGGERED,
        )


class Watch:
    """The orders of one instrument that wait for one kind of price."""

    __slots__ = ("falling", "orders", "rising", "trailed_at", "trailing")

    def __init__(self) -> None:
        self.orders: dict[OrderId, ConditionalOrder] = {}
        self.trailing: dict[OrderId, ConditionalOrder] = {}
        self.trailed_at: PriceE8 | None = None
        """The price that all trailing stops have followed last; None if one has come since."""

        self.falling: list[tuple[int, int]] = []
        self.rising: list[tuple[int, int]] = []
        """Price and id of each order, both with a sign so that the next to come in is the last."""

    def add(self, order: ConditionalOrder) -> None:
        """Let an order wait for its price."""
        self.orders[order.order_id] = order
        assert order.trigger is not None
        if order.trigger.offset is not None:
            self.trailing[order.order_id] = order
            self.trailed_at = None
        insort(*self._place(order))

    def remove(self, order: ConditionalOrder) -> None:
        """Let an order wait no longer."""
        del self.orders[order.order_id]
        self.trailing.pop(order.order_id, None)
        places, key = self._place(order)
        del places[bisect_left(places, key)]

    def trail(self, price: PriceE8) -> None:
        """Let trailing stops follow a price that is better than any before.

        A price is looked at anew for each order that it brings in: they follow it once.
        """
        if price == self.trailed_at:
            return
        self.trailed_at = price
        for order in self.trailing.values():
            assert order.trigger is not None
            level = trailing_level(order.command.side, price, order.trigger.offset)
            assert order.trigger.price is not None
            if level * order.command.side < order.trigger.price * order.command.side:
                places, key = self._place(order)
                del places[bisect_left(places, key)]
                order.trigger = msgspec.structs.replace(order.trigger, price=level)
                insort(*self._place(order))

    def reached(self, price: PriceE8) -> ConditionalOrder | None:
        """Return the order that comes in first at a price, if any does."""
        if self.falling and price <= self.falling[-1][0]:
            return self.orders[OrderId(-self.falling[-1][1])]
        if self.rising and price >= -self.rising[-1][0]:
            return self.orders[OrderId(-self.rising[-1][1])]
        return None

    def _place(self, order: ConditionalOrder) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        assert order.trigger is not None
        assert order.trigger.price is not None
        if order.is_rising:
            return self.rising, (-order.trigger.price, -order.order_id)
        return self.falling, (order.trigger.price, -order.order_id)


def rises(command: PlaceOrder) -> bool:
    """Say whether an order comes in at or above its trigger price; otherwise at or below."""
    return (command.side is Side.BUY) != (command.order_type in _TAKES)


def trailing_level(side: Side, price: PriceE8, offset: PriceE8 | None) -> PriceE8:
    """Return where a trailing stop comes in if a price is the best there was."""
    assert offset is not None
    return PriceE8(price + side * offset)
