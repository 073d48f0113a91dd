"""Orders that are tied to each other: how they answer to what happens to one of them.

| what happened to an order | condition     | its partner     | its dormant secondaries           |
|---------------------------|---------------|-----------------|-----------------------------------|
| it traded                 | first_hit     | is cancelled    | come in                           |
|                           | complete_fill | stays           | stay                              |
|                           | incremental   | shrinks with it | come in with it                   |
| its price came            | first_hit     | is cancelled    | stay                              |
|                           | others        | stays           | stay                              |
| it was filled             | complete_fill | is cancelled    | come in                           |
| it ended otherwise        | all           | is cancelled    | are cancelled, if they still wait |

In proportion to what the order still wanted before it traded, rounded down to whole lots: so what
is left of the two keeps its proportion, and the last trade takes all that is left.

Where a command trades in several parts (quotes, positions that are closed), ties answer between
them, so that no later part trades with an order which an earlier one has cancelled. What is let go
then comes in at the end of the command: see `following`.
"""

from msgspec import structs

from strikewire.exchange.commands import CancelReason, TriggerFillCondition
from strikewire.exchange.events import OrderState
from strikewire.exchange.orders.cancelling import take_back
from strikewire.exchange.orders.linking import dormant, paired
from strikewire.exchange.orders.turn import Fact, Turn
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.orders import Order
from strikewire.model import Lots, OrderId

FIRST_HIT = TriggerFillCondition.FIRST_HIT
COMPLETE_FILL = TriggerFillCondition.COMPLETE_FILL
INCREMENTAL = TriggerFillCondition.INCREMENTAL


def answer_ties(turn: Turn) -> None:
    """Settle a part of a command, and let orders answer that are tied to what it did."""
    turn.settle()
    while turn.facts:
        answer(turn, turn.facts.popleft())
        turn.settle()


def answer(turn: Turn, fact: Fact) -> None:
    """Let the orders that are tied to one answer to what happened to it."""
    order, link = fact.order, fact.order.link
    assert link is not None
    _answer_partner(turn, fact)
    secondaries = [turn.state.conditional.get(one) for one in link.secondary_ids]
    waiting = [
        one
        for one in secondaries
        if one is not None and one.is_dormant and one.order_id not in turn.waking
    ]
    is_filled = isinstance(order, Order) and order.state is OrderState.FILLED
    if fact.is_over:
        for one in waiting:
            if is_filled and link.fill_condition is COMPLETE_FILL:
                turn.wake(one)
            else:
                take_back(turn, one, CancelReason.OTO_PRIMARY_CLOSED)
    elif fact.lots and link.fill_condition is INCREMENTAL:
        _wake_parts(turn, fact, waiting)
    elif fact.lots and link.fill_condition is FIRST_HIT:
        for one in waiting:
            turn.wake(one)


def _answer_partner(turn: Turn, fact: Fact) -> None:
    link = fact.order.link
    assert link is not None
    partner = turn.state.live(link.partner_id)
    if partner is None:
        return
    if fact.is_over or link.fill_condition is FIRST_HIT:
        _untie(turn, fact.order, partner)
        take_back(turn, partner, CancelReason.OCO_OTHER_CLOSED)
    elif fact.lots and link.fill_condition is INCREMENTAL:
        _shrink(turn, partner, partner.remaining * fact.lots // fact.before)


def _untie(turn: Turn, order: Order | ConditionalOrder, partner: Order | ConditionalOrder) -> None:
    """Make two orders no pair any more, so that the end of the one does not hit the other again."""
    assert partner.link is not None
    # Another order may have taken the place of the first meanwhile.
    for one in (order, partner, turn.state.live(partner.link.partner_id)):
        if one is not None and one.link is not None:
            one.link = structs.replace(one.link, partner_id=None)


def _shrink(turn: Turn, order: Order | ConditionalOrder, lots: int) -> None:
    """Take lots away from an order that waits; it ends when there are no others."""
    if lots == order.remaining:
        take_back(turn, order, CancelReason.OCO_OTHER_CLOSED)
    elif lots and isinstance(order, ConditionalOrder):
        _resize(turn, order, order.remaining - lots)
    elif lots and isinstance(order, Order):
        market = turn.state.markets[order.instrument_id]
        turn.change(market, order, Lots(order.amount - lots), reduce_only=order.reduce_only)


def _wake_parts(turn: Turn, fact: Fact, waiting: list[ConditionalOrder]) -> None:
    """Let of dormant orders come in as much as was traded, in proportion.

    The last part is the order itself. Each other one is an order of its own, unless the part before
    still waits for its price: then that one grows. The parts of a pair grow both or none.
    """
    assert fact.order.link is not None
    is_pair = fact.order.link.triggers_pair
    last_parts = [_last_part(turn, order) for order in waiting]
    if is_pair and None in last_parts:
        last_parts = [None] * len(waiting)
    parts: list[ConditionalOrder] = []
    for order, last in zip(waiting, last_parts, strict=True):
        lots = order.remaining * fact.lots // fact.before
        if lots and last is not None:
            _resize(turn, last, last.remaining + lots)
        elif lots == order.remaining:
            turn.wake(order)
        elif lots:
            parts.append(_split(turn, order, lots))
        if lots < order.remaining:
            if lots:
                _resize(turn, order, order.remaining - lots)
        elif last is not None:
            turn.end_conditional(order, OrderState.TRIGGERED, triggered_order_id=last.order_id)
    if is_pair and len(parts) == 2:
        _pair(*parts)
    for part in parts:
        turn.wake(part)


def _last_part(turn: Turn, order: ConditionalOrder) -> ConditionalOrder | None:
    """Return the part of an order that was let go last, if it waits for its price."""
    assert order.link is not None
    return turn.state.conditional.get(order.link.part_id or OrderId(0))


def _split(turn: Turn, order: ConditionalOrder, lots: int) -> ConditionalOrder:
    """Make an order of a part of a dormant one."""
    assert order.link is not None
    part_id = turn.state.take_order_id()
    link = structs.replace(order.link, partner_id=None, pair_id=None, part_id=None)
    command = structs.replace(order.command, amount=Lots(lots))
    order.link = structs.replace(order.link, part_id=part_id)
    return dormant(turn, command, part_id, link)


def _pair(one: ConditionalOrder, other: ConditionalOrder) -> None:
    """Tie two parts to each other."""
    assert one.link is not None
    assert other.link is not None
    one.link, other.link = paired([one.link, other.link], (one.order_id, other.order_id))


def _resize(turn: Turn, order: ConditionalOrder, lots: int) -> None:
    order.command = structs.replace(order.command, amount=Lots(lots))
    turn.announce(order)
