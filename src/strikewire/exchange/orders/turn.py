"""The work of one command: what becomes of orders, in which order it is told, what follows.

A `Turn` collects what happened in the order in which readers need it, and settles what follows from
it: protections act, orders that may only reduce are cut back to the position that is left, margin
sums are brought up to date. What is told once, when all is done, is in `touched`.
"""

from collections import deque

from msgspec import Struct

from strikewire.exchange.commands import CancelOrder, CancelReason, Command, TriggerPriceType
from strikewire.exchange.events import Event, MmpTriggered, OrderEvent, OrderState
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.orders.plain_lane import PlainLane
from strikewire.exchange.orders.protecting import is_under
from strikewire.exchange.orders.touched import Touched
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.state import Account, State
from strikewire.model import Lots, OrderId, PriceE8


class Fact(Struct, frozen=True):
    """Something that happened to an order that is tied to others: a trade, its price, its end."""

    order: Order | ConditionalOrder
    lots: int = 0
    """Traded; 0 if its price came."""

    before: int = 0
    """What it still wanted before that."""

    is_over: bool = False
    """Whether it has ended, and not traded."""


class Turn:
    """One command's work on the state, and the events of it.

    Args:
        state: Of the exchange.
        time_ns: Of the command, in nanoseconds since the Unix epoch.
        lane: Carries out plain parts of the command; None where there is none.
    """

    __slots__ = (
        "events",
        "facts",
        "lane",
        "last",
        "moves",
        "state",
        "time_ns",
        "touched",
        "triggered",
        "waking",
    )

    def __init__(self, state: State, time_ns: int, lane: PlainLane | None = None) -> None:
        self.state = state
        self.time_ns = time_ns
        self.lane = lane
        self.events: list[Event] = []
        self.last: Event | None = None
        """An event that comes after all others."""

        self.touched = Touched()
        """What has changed, and is told at the end."""

        self.facts: deque[Fact] = deque()
        """What happened to orders that are tied to others, until those have answered to it."""

        self.waking: dict[OrderId, ConditionalOrder] = {}
        """Dormant orders that others have let go, in that order, until they come in."""

        self.moves: deque[tuple[Market, TriggerPriceType, PriceE8]] = deque()
        """Prices that somebody waits for, in the order in which they came up, until they have
        been looked at."""

        self.triggered: deque[tuple[Account, Protection]] = deque()
        """Protections whose limit was reached, in that order, until they have acted."""

    def carry(
        self, account: Account, market: Market, command: Command, tag: MmpTag | None = None
    ) -> bool:
        """Carry out a plain part of the command, if the lane takes it.

        Args:
            account: Whose part it is.
            market: Where its order is.
            command: The part.
            tag: What its order is under, if it is a quote.
        """
        if self.lane is None or not self.touched.is_valued:
            return False
        events = self.lane.carry_part(self.time_ns, account, command, tag)
        if events is None:
            return False
        self.events += events
        self.touched.add_valued(account, market)
        return True

    def rest(self, market: Market, order: Order) -> None:
        """Let an order wait in the book."""
        account = self.state.accounts[order.account_id]
        self.state.orders.put(order)
        self.state.begin_day(order)
        account.track(market, order)
        market.book.add(order)
        self.touched.add_orders(account, market)
        self.announce(order)

    def lift(self, market: Market, order: Order) -> None:
        """Take an order out of the book, to end it or to bring it in again."""
        account = self.state.accounts[order.account_id]
        market.book.remove(order)
        account.untrack(market, order)
        self.state.day_orders.pop(order.order_id, None)
        self.touched.add_orders(account, market)

    def change(self, market: Market, order: Order, amount: Lots, *, reduce_only: bool) -> None:
        """Change a waiting order in its place, which never asks for more than it asked before.

        Args:
            market: Where it waits.
            order: Is changed.
            amount: As before, or lower.
            reduce_only: As before, or from now on.
        """
        assert reduce_only or not order.reduce_only
        account = self.state.accounts[order.account_id]
        if amount < order.amount:
            account.shrink(market, order, order.amount - amount)
            market.book.resize(order, amount)
        if reduce_only and not order.reduce_only:
            market.book.flag(order)
            account.holding(market).flag(order)
        self.touched.add_orders(account, market)
        self.announce(order)

    def cancel(self, market: Market, order: Order, reason: str) -> None:
        """Take an order out of the book for good."""
        account = self.state.accounts[order.account_id]
        command = CancelOrder(order.account_id, order.order_id, reason)
        if self.carry(account, market, command):
            return
        self.lift(market, order)
        order.cancel_reason = reason
        self.end(order, OrderState.CANCELLED)

    def end(self, order: Order, state: OrderState) -> None:
        """Close an order that waits in no book, and keep it to be looked up."""
        order.state = state
        order.updated_ns = self.time_ns
        # An order with ties loses them as the others answer; it is looked up as it was.
        self.state.archive_order(self.state.accounts[order.account_id], order)
        self.events.append(OrderEvent(order.view()))
        if order.link is not None:
            self.facts.append(Fact(order, is_over=True))

    def announce(self, order: Order | ConditionalOrder) -> None:
        """Tell what has become of an order that waits, in the book or outside of it."""
        order.updated_ns = self.time_ns
        self.events.append(OrderEvent(order.view()))

    def wait(self, order: ConditionalOrder) -> None:
        """Let an order wait outside of the book."""
        self.state.keep(order)
        self.events.append(OrderEvent(order.view()))

    def end_conditional(
        self,
        order: ConditionalOrder,
        state: OrderState,
        *,
        cancel_reason: str = "",
        reject_reason: str = "",
        triggered_order_id: OrderId | None = None,
    ) -> None:
        """Close an order that waits outside of the book, and keep it to be looked up."""
        self.state.release(order)
        order.updated_ns = self.time_ns
        view = order.view(
            state,
            cancel_reason=cancel_reason,
            reject_reason=reject_reason,
            triggered_order_id=triggered_order_id,
        )
        self.state.archive_order(self.state.accounts[order.account_id], view)
        self.events.append(OrderEvent(view))
        if order.link is not None and state is not OrderState.TRIGGERED:
            self.facts.append(Fact(order, is_over=True))

    def wake(self, order: ConditionalOrder) -> None:
        """Let a dormant order come in when all ties have been worked off."""
        self.waking[order.order_id] = order

    def moved(self, market: Market, price_type: TriggerPriceType, price: PriceE8) -> None:
        """Note a price at which orders that wait for it may come in."""
        if price_type in market.watches:
            self.moves.append((market, price_type, price))

    def settle(self) -> None:
        """Let follow what follows from trades so far, so that another order may come in.

        Protections act, orders that may only reduce are cut back, and margin sums are brought up
        to date.
        """
        self.protect()
        for holding in self.touched.take_uncut():
            self._cut_back(holding)
        self.touched.revalue()

    def protect(self) -> None:
        """Let the protections act that trades have triggered: cancel all that is under them."""
        while self.triggered:
            account, one = self.triggered.popleft()
            about = (account.account_id, one.index, one.group)
            self.events.append(MmpTriggered(*about, one.frozen_until_ns))
            self.unprotect(account, one, CancelReason.MMP_TRIGGER)

    def unprotect(self, account: Account, protection: Protection, reason: CancelReason) -> None:
        """Cancel every order of an account that is under a protection, oldest first."""
        self.touched.revalue()  # so that the lane takes what there is to cancel
        for order in account.orders.values():
            market = self.state.markets[order.instrument_id]
            if is_under(protection, market, order):
                self.cancel(market, order, reason)

    def finish(self) -> tuple[Event, ...]:
        """Settle what follows from what was done, and return all events in order."""
        self.settle()
        self.events += self.touched.tell(self.state)
        if self.last is not None:
            self.events.append(self.last)
        self.touched.forget_settled()
        return tuple(self.events)

    def _cut_back(self, holding: Holding) -> None:
        """Cut the orders that may only reduce a position back to what is left of it."""
        for _, order in sorted((holding.reduce_only or {}).items()):
            left = holding.reducible(order.side)
            if left == 0:
                self.cancel(holding.market, order, CancelReason.REDUCE_ONLY)
            elif left < order.remaining:
                self.change(holding.market, order, Lots(order.filled + left), reduce_only=True)
