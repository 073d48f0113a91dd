"""Placing and editing orders: every reason to refuse comes before the first change.

The reasons are asked in a fixed order, most basic first, and the first that holds is the answer.
`docs/concepts/rejects.md` lists them row by row, and a test tries every two of them.
"""

import msgspec

from strikewire.exchange.commands import (
    CancelReason,
    EditOrder,
    OrderType,
    PlaceOrder,
    TimeInForce,
)
from strikewire.exchange.events import OrderState, Reject, Rejected
from strikewire.exchange.links import Link
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.orders import linking, triggering
from strikewire.exchange.orders.admission import Admission, Intent, admit, hold_to, paid_in
from strikewire.exchange.orders.checks import (
    find_account,
    find_market,
    find_open_order,
    refuse_amount,
    refuse_closed,
    refuse_late,
    refuse_locked,
    refuse_outside,
    refuse_price,
    refuse_reducing,
)
from strikewire.exchange.orders.execution import execute
from strikewire.exchange.orders.iceberg import refuse_display, refuse_hiding
from strikewire.exchange.orders.protecting import refuse_unprotected
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.state import Account
from strikewire.model import (
    PRICE_TICKS_MAX,
    Lots,
    OrderId,
    Side,
    Ticks,
    next_tick_down,
    next_tick_up,
)

LABEL_LENGTH_MAX = 64
"""Characters of an order's label; a longer one is rejected."""


def place(turn: Turn, command: PlaceOrder, *, quote: MmpTag | None = None) -> Rejected | None:
    """Let a new order trade, wait, or end; or refuse it.

    Args:
        turn: The work of the present command.
        command: The order.
        quote: What it is under, if it is a quote.
    """
    late = refuse_late(command.valid_until_ns, turn.time_ns)
    if late is not None:
        return late
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    market = find_market(turn.state, command.instrument_id)
    if isinstance(market, Rejected):
        return market
    refused = (
        refuse_locked(account)
        or refuse_closed(market, turn.time_ns)
        or refuse_form(market, command)
        or _refuse_others(market, command)
    )
    if refused is not None:
        return refused
    mmp = MmpTag() if command.mmp else quote
    entry = _prepare(turn, account, market, command, mmp)
    if isinstance(entry, Rejected):
        return entry
    refused = linking.refuse_others_now(turn, account, market, command)
    if refused is not None:
        return refused

    order_id = turn.state.take_order_id()
    others, link = linking.tie(turn, order_id, command)
    if isinstance(entry, Entry):
        bring_in(turn, account, market, command, entry, order_id=order_id, link=link, mmp=mmp)
    else:
        entry.link = link
        turn.wait(entry)
    linking.begin(turn, command, others)
    return None


def _prepare(
    turn: Turn, account: Account, market: Market, command: PlaceOrder, mmp: MmpTag | None
) -> "Entry | ConditionalOrder | Rejected":
    """Return how a new order comes in, or as what it waits for its price; or refuse it."""
    if not command.order_type.is_triggered:
        return judge(turn, account, market, command, mmp=mmp)
    return triggering.set_up(turn, market, command, OrderId(turn.state.next_order_id))


def _refuse_others(market: Market, command: PlaceOrder) -> Rejected | None:
    """Refuse orders that come with a new one for what can be seen on them and their instrument."""
    refused = linking.refuse_linked(command)
    for other in command.linked.others if command.linked else ():
        refused = refused or refuse_form(market, other, is_later=True)
    return refused


class Entry(msgspec.Struct, frozen=True):
    """A new order may come in, and this is what of it does."""

    order_type: OrderType
    price: Ticks | None
    lots: int
    admission: Admission


def judge(
    turn: Turn,
    account: Account,
    market: Market,
    command: PlaceOrder,
    *,
    mmp: MmpTag | None = None,
    is_own_doing: bool = False,
) -> Entry | Rejected:
    """Decide over a new order whose form is right. Nothing changes.

    Args:
        turn: The work of the present command.
        account: The owner.
        market: Where it comes in.
        command: The order.
        mmp: What it is to be under, if it is protected.
        is_own_doing: Whether the exchange brings it in, and not its owner's command.
    """
    if mmp is not None:
        assert command.price is not None
        refused = refuse_unprotected(
            account,
            market,
            mmp,
            time_ns=turn.time_ns,
            side=command.side,
            lots=command.amount,
            price=command.price,
        )
        if refused is not None:
            return refused
    lots = _reducing_lots(account, market, command.side, command.amount, command.reduce_only)
    if isinstance(lots, Rejected):
        return lots
    order_type, price = command.order_type, command.price
    if order_type is OrderType.MARKET_LIMIT:
        price = _best_inside_band(market, command.side)
        order_type = OrderType.MARKET if price is None else OrderType.LIMIT
    elif command.post_only and price is not None:
        inside = _inside(market, command.side, price, reject=command.reject_post_only)
        if isinstance(inside, Rejected):
            return inside
        price = inside
    admission = admit(
        turn.state,
        account,
        market,
        Intent(
            side=command.side,
            limit=_market_limit(market, command.side) if price is None else price,
            lots=lots,
            waits=price is not None and command.time_in_force.can_wait,
            all_or_nothing=command.time_in_force is TimeInForce.FOK,
            reduce_only=command.reduce_only,
            verdict=command.verdict,
            is_own_doing=is_own_doing,
        ),
    )
    if isinstance(admission, Rejected):
        return admission
    return Entry(order_type, price, lots, admission)


def bring_in(
    turn: Turn,
    account: Account,
    market: Market,
    command: PlaceOrder,
    entry: Entry,
    *,
    order_id: OrderId,
    link: Link | None = None,
    mmp: MmpTag | None = None,
    trigger_order_id: OrderId | None = None,
) -> None:
    """Let an order that was judged trade, wait, or end.

    Args:
        turn: The work of the present command.
        account: The owner.
        market: Where it comes in.
        command: The order.
        entry: What `judge` said.
        order_id: The order's own.
        link: What ties it to other orders.
        mmp: What it is under, if it is protected.
        trigger_order_id: The order whose turn came, if this one takes its place.
    """
    order = Order(
        order_id=order_id,
        account_id=command.account_id,
        instrument_id=command.instrument_id,
        side=command.side,
        order_type=entry.order_type,
        time_in_force=command.time_in_force,
        price=entry.price,
        amount=Lots(entry.lots),
        post_only=command.post_only,
        reject_post_only=command.reject_post_only,
        reduce_only=command.reduce_only,
        label=command.label,
        created_ns=turn.time_ns,
        updated_ns=turn.time_ns,
        trigger_order_id=trigger_order_id,
        original_type=None if command.order_type is entry.order_type else command.order_type,
        refresh_amount=Lots(command.display_amount or 0),
        link=link,
        mmp=mmp,
        hidden=command.hidden,
    )
    _enter(turn, market, order, entry.admission)
    if not entry.admission.killed:
        hold_to(account, paid_in(market, order.side), command.verdict)


def edit(turn: Turn, command: EditOrder) -> Rejected | None:
    """Change a waiting order in its place, bring it in anew, or end it; or refuse."""
    late = refuse_late(command.valid_until_ns, turn.time_ns)
    if late is not None:
        return late
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    order = find_open_order(turn.state, command.account_id, command.order_id)
    if isinstance(order, Rejected):
        return order
    if isinstance(order, ConditionalOrder):
        if command.display_amount is not None:
            reason = "display_of_untriggered_order"
            return Rejected(Reject.UNSUPPORTED_COMBINATION, reason, "display_amount")
        return triggering.edit(turn, order, command)
    if order.mmp is not None and order.mmp.is_quote:
        return Rejected(Reject.ORDER_NOT_FOUND, "order_is_quote", "order_id")
    if command.trigger_price is not None or command.trigger_offset is not None:
        return Rejected(Reject.INVALID_ARGUMENTS, "trigger_of_open_order", "trigger_price")
    return revise(turn, account, order, command, wrong_amount=refuse_amount(command.amount))


def revise(
    turn: Turn,
    account: Account,
    order: Order,
    command: EditOrder,
    *,
    wrong_amount: Rejected | None,
    quote: MmpTag | None = None,
) -> Rejected | None:
    """Change an order that waits in the book, bring it in anew, or end it; or refuse.

    Args:
        turn: The work of the present command.
        account: The owner.
        order: That waits.
        command: What is to change.
        wrong_amount: What there is to say against its amount alone.
        quote: What the order is under from now on, if it is a quote.
    """
    assert order.price is not None
    mmp = quote or order.mmp
    market = turn.state.markets[order.instrument_id]
    price = order.price if command.price is None else command.price
    reduce_only = order.reduce_only if command.reduce_only is None else command.reduce_only
    post_only = order.post_only if command.post_only is None else command.post_only
    refresh = command.display_amount or order.refresh_amount
    wanted = command.amount - order.filled
    refused = (
        refuse_locked(account)
        or refuse_closed(market, turn.time_ns)
        or wrong_amount
        or refuse_price(market, price)
        or _refuse_display(order, command, wanted)
        or refuse_reducing(market, reduce_only)
    )
    if refused is None and price != order.price:
        refused = refuse_outside(market.band, order.side, price)
    if refused is None and mmp is not None:
        refused = refuse_unprotected(
            account,
            market,
            mmp,
            time_ns=turn.time_ns,
            side=order.side,
            lots=max(wanted, 0),
            price=price,
            freed=order,
        )
    if refused is not None:
        return refused

    if wanted <= 0:
        _end_filled(turn, market, order)
        return None
    lots = _reducing_lots(account, market, order.side, wanted, reduce_only)
    if isinstance(lots, Rejected):
        return lots
    if post_only:
        inside = _inside(market, order.side, price, reject=command.reject_post_only)
        if isinstance(inside, Rejected):
            if quote is not None:
                return inside
            turn.cancel(market, order, CancelReason.EDIT_POST_ONLY_REJECT)
            return None
        price = inside
    amount = Lots(order.filled + lots)
    # An order that only reduced was let in without asking for funds: now they are asked for.
    frees = order.reduce_only and not reduce_only
    stays = (
        price == order.price
        and amount <= order.amount
        and refresh == order.refresh_amount
        and not frees
    )
    intent = Intent(
        side=order.side,
        limit=price,
        lots=lots,
        waits=True,
        all_or_nothing=False,
        reduce_only=reduce_only,
        freed=order,
        verdict=command.verdict,
    )
    admission = None if stays else admit(turn.state, account, market, intent)
    if isinstance(admission, Rejected):
        return admission

    order.post_only, order.reject_post_only = post_only, command.reject_post_only
    order.replaced, order.mmp = True, mmp
    if admission is None:
        turn.change(market, order, amount, reduce_only=reduce_only)
    else:
        turn.lift(market, order)
        order.price, order.amount, order.reduce_only = price, amount, reduce_only
        order.refresh_amount = refresh
        _enter(turn, market, order, admission)
        if not admission.killed:
            hold_to(account, paid_in(market, order.side), command.verdict)
    return None


def _refuse_display(order: Order, command: EditOrder, wanted: int) -> Rejected | None:
    """Refuse an edit that shows too little of what is still wanted, or some of a hidden order."""
    if order.hidden and command.display_amount is not None:
        reason = "display_of_hidden_order"
        return Rejected(Reject.INVALID_MAX_SHOW, reason, "display_amount")
    if command.display_amount is not None:
        return refuse_display(command.display_amount, wanted) if wanted > 0 else None
    grows = command.amount > order.amount
    return refuse_display(order.refresh_amount, wanted) if grows and order.is_iceberg else None


def _enter(turn: Turn, market: Market, order: Order, admission: Admission) -> None:
    """Trade as planned, then wait, or end."""
    execute(turn, market, order, admission.plan)
    if order.remaining == 0:
        turn.end(order, OrderState.FILLED)
    elif order.price is not None and order.time_in_force.can_wait:
        turn.rest(market, order)
    else:
        order.cancel_reason = _left_over(order)
        turn.end(order, OrderState.CANCELLED)


def _left_over(order: Order) -> CancelReason:
    """Say why what is left of an order that does not wait is cancelled."""
    if order.time_in_force is TimeInForce.FOK:
        return CancelReason.FILL_OR_KILL
    if order.price is None:
        return CancelReason.NO_LIQUIDITY
    return CancelReason.IMMEDIATE_OR_CANCEL


def _end_filled(turn: Turn, market: Market, order: Order) -> None:
    """End an order of which no more is wanted than is filled."""
    turn.lift(market, order)
    order.amount, order.replaced = order.filled, True
    turn.end(order, OrderState.FILLED)


def refuse_form(market: Market, command: PlaceOrder, *, is_later: bool = False) -> Rejected | None:
    """Refuse a new order for what can be seen on the order itself and its instrument.

    Args:
        market: Where it comes in.
        command: The order.
        is_later: Whether it comes in later, and is not yet held to what may change until then.
    """
    is_market = command.order_type.enters_as is not OrderType.LIMIT
    refused = refuse_amount(command.amount)
    if refused is not None:
        return refused
    if is_market and command.price is not None:
        return Rejected(Reject.INVALID_ARGUMENTS, "price_of_market_order", "price")
    if not is_market:
        refused = refuse_price(market, Ticks(0) if command.price is None else command.price)
        if refused is not None:
            return refused
    refused = triggering.refuse_trigger(market, command)
    if refused is not None:
        return refused
    if command.post_only and (is_market or command.time_in_force is not TimeInForce.GTC):
        return Rejected(Reject.UNSUPPORTED_COMBINATION, "post_only_cannot_take", "post_only")
    if command.mmp and (is_later or command.order_type is not OrderType.LIMIT):
        return Rejected(Reject.UNSUPPORTED_COMBINATION, "mmp_without_own_limit", "mmp")
    if len(command.label) > LABEL_LENGTH_MAX:
        reason = f"{len(command.label)} against {LABEL_LENGTH_MAX} characters"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "label")
    refused = refuse_hiding(command) or refuse_reducing(market, command.reduce_only)
    if refused is not None:
        return refused
    if is_later or command.order_type.is_triggered:
        # Marks and bands are asked when it comes in: by then they are others.
        return None
    if market.mark_price is None and not market.instrument.is_spot:
        return Rejected(Reject.RETRY, "no_mark_price", "instrument_id")
    if command.price is None:
        return None
    return refuse_outside(market.band, command.side, command.price)


def _reducing_lots(
    account: Account, market: Market, side: Side, lots: int, reduce_only: bool
) -> int | Rejected:
    """Return how much of an order may be wanted: all, or what there is to reduce."""
    if not reduce_only:
        return lots
    holding = account.find_holding(market)
    reducible = holding.reducible(side) if holding else 0
    if reducible == 0:
        return Rejected(Reject.OTHER_REJECT, "reduce_only", "reduce_only")
    return min(lots, reducible)


def _inside(market: Market, side: Side, price: Ticks, *, reject: bool) -> Ticks | Rejected:
    """Return the price at which a post-only order waits without taking.

    Source: Deribit API v2, `private/buy`: `post_only` and `reject_post_only`.
    """
    if not market.book.crosses(side, price):
        return price
    if reject:
        return Rejected(Reject.POST_ONLY_REJECT, "post_only_reject", "price")
    best = market.book.half(side.opposite).best()
    assert best is not None
    next_tick = next_tick_down if side is Side.BUY else next_tick_up
    inside = next_tick(market.instrument, best)
    if not market.lowest_price <= inside <= PRICE_TICKS_MAX:
        return Rejected(Reject.POST_ONLY_REJECT, "no_price_inside", "price")
    return inside


def _best_inside_band(market: Market, side: Side) -> Ticks | None:
    """Return the best opposite price; None where nobody waits inside the band."""
    best = market.book.half(side.opposite).best()
    if best is None or refuse_outside(market.band, side, best) is not None:
        return None
    return best


def _market_limit(market: Market, side: Side) -> Ticks | None:
    """Return how far a market order may go: to the edge of the price band."""
    band = market.band
    if band is None:
        return None
    return band.highest if side is Side.BUY else band.lowest
