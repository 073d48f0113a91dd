"""Taking orders out of their books, one by one or all at once."""

from strikewire.exchange.book import Order
from strikewire.exchange.checks import find_account, find_market, find_open_order
from strikewire.exchange.commands import CancelOrder, CancelOrders
from strikewire.exchange.events import Rejected
from strikewire.exchange.execution import Turn
from strikewire.exchange.state import State


def cancel(turn: Turn, command: CancelOrder) -> Rejected | None:
    """Cancel one order; or refuse, if it is not there, not the account's own, or not open."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    order = find_open_order(turn.state, command.account_id, command.order_id)
    if isinstance(order, Rejected):
        return order
    turn.cancel(turn.state.markets[order.instrument_id], order, command.reason)
    return None


def cancel_all(turn: Turn, command: CancelOrders) -> Rejected | None:
    """Cancel every open order that passes the filters, oldest first. There may be none."""
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
    for order_id in sorted(orders):
        order = account.orders[order_id]
        if _passes(turn.state, order, command):
            turn.cancel(turn.state.markets[order.instrument_id], order, command.reason)
    return None


def _passes(state: State, order: Order, command: CancelOrders) -> bool:
    instrument = state.markets[order.instrument_id].instrument
    if command.currency is not None and instrument.settlement_currency != command.currency:
        return False
    return command.kind is None or instrument.kind is command.kind
