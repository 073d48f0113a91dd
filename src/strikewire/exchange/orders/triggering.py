"""Orders that wait for a price: how they begin to wait, and how they are changed meanwhile.

They are refused for the reasons at the top of `trading`, in the same order, with these in between:

| #   | place                                         | edit                                   |
|-----|-----------------------------------------------|----------------------------------------|
| 5a  | no trigger, or one that does not fit the type | a trigger that does not fit the type   |
| 5b  | trigger price or offset out of range          | trigger price or offset out of range   |
| 5c  | trigger price between two ticks               | trigger price between two ticks        |
| 6a  | a trailing stop has no price to follow yet    |                                        |
| 6b  | the price has been reached already            | the price has been reached already     |
| 10a | too many orders that wait for a price         |                                        |

Rows 7 to 9, 11 and 12 (band, position, book, margin) are not asked of them: all that is judged when
their turn comes, because by then it will be another.
"""

from msgspec import structs

from strikewire.exchange.commands import (
    EditOrder,
    OrderType,
    PlaceOrder,
    TimeInForce,
    Trigger,
    TriggerPriceType,
)
from strikewire.exchange.events import Reject, Rejected
from strikewire.exchange.orders.checks import (
    refuse_amount,
    refuse_closed,
    refuse_locked,
    refuse_price,
    refuse_reducing,
)
from strikewire.exchange.orders.iceberg import refuse_display
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.conditional import ConditionalOrder, rises, trailing_level
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account, State
from strikewire.model import OrderId, PriceE8, Ticks, tick_above, ticks_to_e8

CONDITIONAL_ORDERS_MAX = 500
"""Orders of an account that may wait outside of the books; one more is rejected."""

CONDITIONAL_ORDERS_INSTRUMENT_MAX = 100
"""Orders of an account that may wait outside of one book; one more is rejected."""

TRIGGER_PRICE_E8_MAX = 10**17
"""The highest trigger price or offset: a billion of its currency."""


def set_up(
    turn: Turn, market: Market, command: PlaceOrder, order_id: OrderId
) -> ConditionalOrder | Rejected:
    """Return an order that is ready to wait for its price; or refuse it. Nothing changes.

    Args:
        turn: The work of the present command.
        market: Where it will come in.
        command: Its form is right.
        order_id: The order's.
    """
    found = _set_up(turn.state, market, command)
    if isinstance(found, Rejected):
        return found
    trigger, reference = found
    return ConditionalOrder(
        order_id=order_id,
        command=kept_command(command),
        trigger=trigger,
        reference=reference,
        created_ns=turn.time_ns,
        updated_ns=turn.time_ns,
    )


def kept_command(command: PlaceOrder) -> PlaceOrder:
    """Return what of a command is kept while its order waits."""
    return structs.replace(command, verdict=None, valid_until_ns=None, linked=None)


def arm(turn: Turn, order: ConditionalOrder) -> Rejected | None:
    """Let an order that was dormant wait for its price; or refuse it, and change nothing.

    Here a price that has been reached already is no reason to refuse: the order comes in at once.
    """
    trigger = order.trigger
    assert trigger is not None
    market = turn.state.markets[order.instrument_id]
    now = price_now(turn.state, market, trigger.price_type)
    reference = None
    if trigger.offset is not None:
        if now is None:
            return Rejected(Reject.RETRY, f"no_{trigger.price_type}", "trigger")
        reference = now
        level = trailing_level(order.command.side, now, trigger.offset)
        if level <= 0:
            return Rejected(Reject.INVALID_TRIGGER_PRICE, f"{level} against 1", "trigger_offset")
        trigger = structs.replace(trigger, price=level)

    turn.state.release(order)
    order.trigger, order.reference, order.is_dormant = trigger, reference, False
    turn.state.keep(order)
    turn.announce(order)
    if now is not None:
        turn.moved(market, trigger.price_type, now)
    return None


def edit(turn: Turn, order: ConditionalOrder, command: EditOrder) -> Rejected | None:
    """Change an order while it waits for its price; or refuse."""
    market = turn.state.markets[order.instrument_id]
    changed = _changed(order, command)
    refused = (
        refuse_locked(turn.state.accounts[order.account_id])
        or refuse_closed(market, turn.time_ns)
        or _refuse_change(market, order, command)
    )
    if refused is not None:
        return refused
    trigger = _moved(order, command)
    if trigger is not None and not order.is_dormant:
        refused = _refuse_reached(turn.state, market, changed, trigger)
        if refused is not None:
            return refused

    turn.state.release(order)
    order.command, order.trigger, order.replaced = changed, trigger, True
    turn.state.keep(order)
    turn.announce(order)
    return None


def refuse_trigger(market: Market, command: PlaceOrder) -> Rejected | None:
    """Refuse a trigger for what can be seen on the order itself and its instrument."""
    trigger, order_type = command.trigger, command.order_type
    if trigger is None:
        missing = order_type.is_triggered
        return Rejected(Reject.INVALID_ARGUMENTS, "no_trigger", "trigger") if missing else None
    if not order_type.is_triggered:
        return Rejected(Reject.INVALID_ARGUMENTS, f"trigger_of_{order_type}_order", "trigger")
    if market.legs:
        return Rejected(Reject.INVALID_ARGUMENTS, "trigger_on_combo", "trigger")
    refused = _refuse_misfit(order_type, trigger.price, trigger.offset)
    if refused is not None:
        return refused
    if order_type is OrderType.TRAILING_STOP:
        return _refuse_level(market, trigger.price_type, trigger.offset or 0, "trigger_offset")
    return _refuse_level(market, trigger.price_type, trigger.price or 0, "trigger_price")


def refuse_too_many(account: Account, market: Market, more: int) -> Rejected | None:
    """Refuse when an account would have more orders outside of the books than it may have."""
    if len(account.conditional) + more > CONDITIONAL_ORDERS_MAX:
        return Rejected(Reject.NO_MORE_TRIGGERS, "max_trigger_orders_per_account")
    instrument_id = market.instrument_id
    here = sum(one.instrument_id == instrument_id for one in account.conditional.values())
    if here + more > CONDITIONAL_ORDERS_INSTRUMENT_MAX:
        return Rejected(Reject.NO_MORE_TRIGGERS, "max_trigger_orders_per_instrument")
    return None


def price_now(state: State, market: Market, price_type: TriggerPriceType) -> PriceE8 | None:
    """Return the price that orders wait for, as it is now; None as long as there was none."""
    if price_type is TriggerPriceType.LAST:
        last = market.last_price
        return None if last is None else ticks_to_e8(market.instrument, last)
    if price_type is TriggerPriceType.MARK:
        return None if market.mark is None else market.mark.price
    return state.indices.get(market.instrument.price_index)


def _set_up(
    state: State, market: Market, command: PlaceOrder
) -> tuple[Trigger, PriceE8 | None] | Rejected:
    """Return what a new order waits for, and of a trailing stop what it is measured from."""
    trigger = command.trigger
    assert trigger is not None
    reference = None
    if trigger.offset is not None:
        reference = price_now(state, market, trigger.price_type)
        if reference is None:
            return Rejected(Reject.RETRY, f"no_{trigger.price_type}", "trigger")
        level = trailing_level(command.side, reference, trigger.offset)
        trigger = structs.replace(trigger, price=level)
    refused = _refuse_reached(state, market, command, trigger)
    return refused or (trigger, reference)


def _changed(order: ConditionalOrder, command: EditOrder) -> PlaceOrder:
    """Return the command that an edit makes of the one that waits."""
    kept = order.command
    trigger = kept.trigger
    if trigger is not None:
        trigger = structs.replace(
            trigger,
            price=trigger.price if command.trigger_price is None else command.trigger_price,
            offset=trigger.offset if command.trigger_offset is None else command.trigger_offset,
        )
    return structs.replace(
        kept,
        amount=command.amount,
        price=kept.price if command.price is None else command.price,
        post_only=kept.post_only if command.post_only is None else command.post_only,
        reject_post_only=command.reject_post_only,
        reduce_only=kept.reduce_only if command.reduce_only is None else command.reduce_only,
        trigger=trigger,
    )


def _refuse_change(market: Market, order: ConditionalOrder, command: EditOrder) -> Rejected | None:
    is_limit = order.order_type.enters_as is OrderType.LIMIT
    refused = refuse_amount(command.amount)
    if refused is None and command.price is not None:
        if not is_limit:
            return Rejected(Reject.INVALID_ARGUMENTS, "price_of_market_order", "price")
        refused = refuse_price(market, command.price)
    if refused is not None:
        return refused
    given = (command.trigger_price, command.trigger_offset)
    if given != (None, None):
        if order.trigger is None:
            reason = f"trigger_of_{order.order_type}_order"
            return Rejected(Reject.INVALID_ARGUMENTS, reason, "trigger_price")
        refused = _refuse_misfit(order.order_type, *given)
        level, param = (
            (given[0], "trigger_price") if given[1] is None else (given[1], "trigger_offset")
        )
        refused = refused or _refuse_level(market, order.trigger.price_type, level or 0, param)
    if refused is not None:
        return refused
    shown = order.command.display_amount
    if shown is not None and command.amount > order.command.amount:
        refused = refuse_display(shown, command.amount)
        if refused is not None:
            return refused
    can_post = is_limit and order.command.time_in_force is TimeInForce.GTC
    if command.post_only and not can_post:
        return Rejected(Reject.UNSUPPORTED_COMBINATION, "post_only_cannot_take", "post_only")
    return refuse_reducing(market, bool(command.reduce_only))


def _moved(order: ConditionalOrder, command: EditOrder) -> Trigger | None:
    """Return what an order waits for after an edit; a trailing stop keeps the best price it saw."""
    trigger, offset = order.trigger, command.trigger_offset
    if trigger is None:
        return None
    if offset is not None:
        if trigger.price is None:  # It does not follow yet.
            return structs.replace(trigger, offset=offset)
        assert trigger.offset is not None
        level = trigger.price + order.command.side * (offset - trigger.offset)
        return structs.replace(trigger, price=PriceE8(level), offset=offset)
    if command.trigger_price is not None:
        return structs.replace(trigger, price=command.trigger_price)
    return trigger


def _refuse_misfit(
    order_type: OrderType, price: PriceE8 | None, offset: PriceE8 | None
) -> Rejected | None:
    """Refuse a price where an offset belongs, and the reverse."""
    is_trailing = order_type is OrderType.TRAILING_STOP
    wanted, unwanted = (offset, price) if is_trailing else (price, offset)
    name, other = ("offset", "price") if is_trailing else ("price", "offset")
    if unwanted is not None:
        reason = f"{other}_of_{order_type}_order"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, f"trigger_{other}")
    if wanted is None:
        return Rejected(Reject.INVALID_ARGUMENTS, f"no_trigger_{name}", f"trigger_{name}")
    return None


def _refuse_level(
    market: Market, price_type: TriggerPriceType, level: int, param: str
) -> Rejected | None:
    """Refuse a trigger price or offset that is none, or lies between two ticks.

    The index of an option is no price that the option has: it has no ticks.
    """
    if level <= 0:
        return Rejected(Reject.TRIGGER_PRICE_TOO_LOW, f"{level} against 1", param)
    if level > TRIGGER_PRICE_E8_MAX:
        reason = f"{level} against {TRIGGER_PRICE_E8_MAX}"
        return Rejected(Reject.TRIGGER_PRICE_TOO_HIGH, reason, param)
    if market.contract.is_option and price_type is TriggerPriceType.INDEX:
        return None
    base = market.contract.tick_e8
    tick = base * tick_above(market.instrument, Ticks(level // base))
    if level % tick:
        return Rejected(Reject.TRIGGER_WRONG_TICK, f"{level} between ticks of {tick}", param)
    return None


def _refuse_reached(
    state: State, market: Market, command: PlaceOrder, trigger: Trigger
) -> Rejected | None:
    """Refuse what would not wait. As long as there is no price, everything waits."""
    assert trigger.price is not None
    if trigger.price <= 0:
        return Rejected(
            Reject.INVALID_TRIGGER_PRICE, f"{trigger.price} against 1", "trigger_offset"
        )
    now = price_now(state, market, trigger.price_type)
    if now is None:
        return None
    sign = 1 if rises(command) else -1
    if now * sign < trigger.price * sign:
        return None
    reason = f"{trigger.price} reached by {now}"
    return Rejected(Reject.INVALID_TRIGGER_PRICE, reason, "trigger_price")
