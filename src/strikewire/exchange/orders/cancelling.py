"""Taking orders back, from their books or from waiting outside of them; one by one or all."""

from strikewire.exchange.commands import CancelOrder, CancelOrders, CancelReason
from strikewire.exchange.events import OrderState, Rejected
from strikewire.exchange.orders.checks import find_account, find_market, find_open_order
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.state import State
from strikewire.model import OrderId


def cancel(turn: Turn, command: CancelOrder) -> Rejected | None:
    """Cancel one order; or refuse, if it is not there, not the account's own, or not open."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    order = find_open_order(turn.state, command.account_id, command.order_id)
    if isinstance(order, Rejected):
        return order
    take_back(turn, order, command.reason)
    return None


def take_back(turn: Turn, order: Order | ConditionalOrder, reason: str) -> None:
    """Cancel an order, wherever it waits."""
    if isinstance(order, ConditionalOrder):
        turn.end_conditional(order, OrderState.CANCELLED, cancel_reason=reason)
    else:
        turn.cancel(turn.state.markets[order.instrument_id], order, reason)


def cancel_all(turn: Turn, command: CancelOrders) -> Rejected | None:
    """Cancel every order that waits and passes the filters, oldest first. There may be none."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    orders = account.orders
    if command.instrument_id is not None:
        market = find_market(turn.state, command.instrument_id)
        if isinstance(market, Rejected):
            return market
        holding = account.find_holding(market)
        orders = holding.orders if holding else {}
    waiting: dict[OrderId, Order | ConditionalOrder] = {**orders, **account.conditional}
    for order_id in sorted(waiting):
        if _passes(turn.state, waiting[order_id], command):
            take_back(turn, waiting[order_id], command.reason)
    return None


def clear(turn: Turn, market: Market, reason: CancelReason) -> None:
    """Cancel every order of an instrument, in its book or outside of it, oldest first."""
    waiting: list[Order | ConditionalOrder] = [
        *market.book.bids.orders(),
        *market.book.asks.orders(),
        *(order for watch in market.watches.values() for order in watch.orders.values()),
    ]
    for order in sorted(waiting, key=_order_id):
        take_back(turn, order, reason)


def _passes(state: State, order: Order | ConditionalOrder, command: CancelOrders) -> bool:
    instrument = state.markets[order.instrument_id].instrument
    if command.instrument_id not in (None, order.instrument_id):
        return False
    if command.label is not None and order.label != command.label:
        return False
    if command.order_types and order.order_type not in command.order_types:
        return False
    if command.currency is not None and instrument.settlement_currency != command.currency:
        return False
    return command.kind is None or instrument.kind is command.kind


def _order_id(order: Order | ConditionalOrder) -> OrderId:
    return order.order_id
