"""What follows from a command: orders answer to those that they are tied to, others come in.

Ties come before orders that they let go, and those before prices. All are worked off one by one, in
the order in which they came up. How orders answer to ties stands in `ties`.
"""

from strikewire.exchange.events import OrderState
from strikewire.exchange.orders.firing import come_in, fire
from strikewire.exchange.orders.ties import answer
from strikewire.exchange.orders.triggering import arm, refuse_too_many
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.conditional import ConditionalOrder


def follow(turn: Turn) -> None:
    """Carry out all that follows from a command."""
    while True:
        if turn.facts:
            answer(turn, turn.facts.popleft())
        elif turn.waking:
            _wake(turn, turn.waking.pop(next(iter(turn.waking))))
        elif turn.moves:
            fire(turn)
        else:
            turn.settle()
            if not turn.facts:
                return


def _wake(turn: Turn, order: ConditionalOrder) -> None:
    """Let a dormant order come in, or wait for its price; if it still waits at all."""
    if turn.state.conditional.get(order.order_id) is not order:
        return
    if order.trigger is None:
        come_in(turn, order)
        return
    account, market = turn.state.accounts[order.account_id], turn.state.markets[order.instrument_id]
    # It is counted already, but a part may be one more than was counted when it was placed.
    refused = refuse_too_many(account, market, 0) or arm(turn, order)
    if refused is not None:
        turn.end_conditional(order, OrderState.REJECTED, reject_reason=refused.reason)
