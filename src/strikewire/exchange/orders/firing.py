"""Bringing in the orders whose price has come, and those that another order let go.

After a command has been carried out, the prices that it made are gone through in the order in which
they came up, and the orders that each one reaches come in one by one: those whose price it reached
first come first, at one price the oldest. What they trade makes further prices, which are gone
through behind those that are there. An order leaves those that wait before it comes in, so each
comes in once, and the work of a command has an end.

An order that comes in is judged like one that has just been sent. If it is refused, it ends as
`rejected`, and its owner is told why.
"""

from msgspec import structs

from strikewire.exchange.events import OrderState, Rejected
from strikewire.exchange.links import Link
from strikewire.exchange.orders.checks import refuse_closed, refuse_locked
from strikewire.exchange.orders.iceberg import still_shown
from strikewire.exchange.orders.trading import bring_in, judge, refuse_form
from strikewire.exchange.orders.turn import Fact, Turn
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.ledgers import Ledger
from strikewire.exchange.state.state import State
from strikewire.model import OrderId, Units


def fire(turn: Turn) -> None:
    """Bring in the next order that the first of the prices reaches, or be done with that price."""
    market, price_type, price = turn.moves[0]
    watch = market.watches.get(price_type)
    # What has expired waits for its settlement, which ends its orders.
    if watch is not None and refuse_closed(market, turn.time_ns) is None:
        watch.trail(price)
        order = watch.reached(price)
        if order is not None:
            come_in(turn, order)
            return
    turn.moves.popleft()


def come_in(turn: Turn, order: ConditionalOrder) -> None:
    """Carry out an order that waited, as if it had just been sent.

    One that waited for a price ends, and another one takes its place, its ties included. One that
    waited for another order alone goes on under its own id.
    """
    turn.settle()
    account = turn.state.accounts[order.account_id]
    market = turn.state.markets[order.instrument_id]
    command = structs.replace(
        order.command,
        order_type=order.command.order_type.enters_as,
        trigger=None,
        display_amount=still_shown(order.command),
    )
    refused = (
        refuse_locked(account)
        or refuse_closed(market, turn.time_ns)
        or refuse_form(market, command)
    )
    entry = refused or judge(turn, account, market, command, is_own_doing=True)
    if isinstance(entry, Rejected):
        turn.end_conditional(order, OrderState.REJECTED, reject_reason=entry.reason)
        return
    if order.trigger is None:
        turn.state.release(order)
        order_id, trigger_order_id, link = order.order_id, None, order.link
    else:
        order_id, trigger_order_id = turn.state.take_order_id(), order.order_id
        turn.end_conditional(order, OrderState.TRIGGERED, triggered_order_id=order_id)
        link = _hand_on(turn.state, order.link, order_id)
        if link is not None and link.partner_id is not None:
            turn.facts.append(Fact(order, 0, order.remaining))
    ledger = turn.state.ledger(account, market.contract.currency)
    before = ledger.initial_margin, ledger.maintenance_margin
    bring_in(
        turn,
        account,
        market,
        command,
        entry,
        order_id=order_id,
        link=link,
        trigger_order_id=trigger_order_id,
    )
    turn.touched.revalue()
    _hold_more(ledger, *before)


def _hold_more(ledger: Ledger, initial: int, maintenance: int) -> None:
    """Let what an order has added to the standard margin be needed on top of the last verdict.

    Otherwise each order that comes in before the next verdict would be judged against funds that
    the ones before it have used up.

    Args:
        ledger: Of the order's owner and currency.
        initial: Standard initial margin before it came in.
        maintenance: The same of maintenance margin.
    """
    if ledger.verdict is None:
        return
    ledger.verdict = structs.replace(
        ledger.verdict,
        initial=Units(ledger.verdict.initial + max(ledger.initial_margin - initial, 0)),
        maintenance=Units(
            ledger.verdict.maintenance + max(ledger.maintenance_margin - maintenance, 0)
        ),
    )


def _hand_on(state: State, link: Link | None, order_id: OrderId) -> Link | None:
    """Tie the others to the order that takes the place of the one that they were tied to."""
    if link is None:
        return None
    partner = state.live(link.partner_id)
    if partner is not None:
        assert partner.link is not None
        partner.link = structs.replace(partner.link, partner_id=order_id)
    for secondary_id in link.secondary_ids:
        secondary = state.conditional.get(secondary_id)
        if secondary is not None and secondary.is_dormant:
            assert secondary.link is not None
            secondary.link = structs.replace(secondary.link, primary_id=order_id)
    return link
