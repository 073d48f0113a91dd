"""Bringing in the orders whose price has come.

After a command has been carried out, the prices that it made are gone through in the order in which
they came up, and the orders that each one reaches come in one by one: those whose price it reached
first come first, at one price the oldest. What they trade makes further prices, which are gone
through behind those that are there. An order leaves those that wait before it comes in, so each
comes in once, and the work of a command has an end.

An order that comes in is judged like one that has just been sent. If it is refused, it ends as
`rejected`, and its owner is told why.
"""

from msgspec import structs

from strikewire.exchange.checks import refuse_closed, refuse_locked
from strikewire.exchange.conditional import ConditionalOrder, Watch
from strikewire.exchange.events import OrderState, Rejected
from strikewire.exchange.execution import Turn
from strikewire.exchange.markets import Market
from strikewire.exchange.trading import bring_in, judge, refuse_form
from strikewire.model import OrderId, PriceE8


def fire(turn: Turn) -> None:
    """Bring in every order that the prices of a command reach."""
    while turn.moves:
        market, price_type, price = turn.moves.popleft()
        watch = market.watches.get(price_type)
        # What has expired waits for its settlement, which ends its orders.
        if watch is not None and refuse_closed(market, turn.time_ns) is None:
            _reach(turn, market, watch, price)


def _reach(turn: Turn, market: Market, watch: Watch, price: PriceE8) -> None:
    watch.trail(price)
    while (order := watch.reached(price)) is not None:
        turn.settle()
        come_in(turn, market, order)


def come_in(turn: Turn, market: Market, order: ConditionalOrder) -> None:
    """Carry out an order that waited, as if it had just been sent; end what waited."""
    account = turn.state.accounts[order.account_id]
    command = structs.replace(
        order.command, order_type=order.command.order_type.enters_as, trigger=None
    )
    refused = refuse_locked(account) or refuse_form(market, command)
    entry = refused or judge(turn, account, market, command, is_own_doing=True)
    if isinstance(entry, Rejected):
        turn.end_conditional(order, OrderState.REJECTED, reject_reason=entry.reason)
        return
    next_order_id = OrderId(turn.state.next_order_id)
    turn.end_conditional(order, OrderState.TRIGGERED, triggered_order_id=next_order_id)
    bring_in(turn, account, market, command, entry, trigger_order_id=order.order_id)
