"""Ending orders with their day.

An order that is good for a day ends with the first command whose time is at or after the end of it,
whatever that command is and whatever becomes of it; and before it, so that nobody trades with an
order whose time is over, nor with one that ends with it.
"""

from strikewire.exchange.commands import CancelReason
from strikewire.exchange.orders.cancelling import take_back
from strikewire.exchange.orders.ties import answer_ties
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.days import day_end_ns


def end_day(turn: Turn) -> None:
    """Cancel the orders whose day is over by the time of the present command, oldest first."""
    state = turn.state
    if state.day_end_ns is None or turn.time_ns < state.day_end_ns:
        return
    state.day_end_ns = None
    for order_id in sorted(state.day_orders):
        order = state.orders.get(order_id) or state.conditional[order_id]
        end_ns = day_end_ns(order.created_ns)
        if end_ns <= turn.time_ns:
            take_back(turn, order, CancelReason.GOOD_TIL_DAY)
        else:
            state.begin_day(order)
    answer_ties(turn)
