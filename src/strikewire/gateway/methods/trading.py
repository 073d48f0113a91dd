"""Methods that change orders: each becomes commands, and is answered from their events."""

from collections.abc import Iterable, Sequence

from strikewire.api import ApiError, ErrorCode, invalid_params
from strikewire.api import trading as api
from strikewire.api.trading import requested_amount
from strikewire.exchange import (
    CancelOrder,
    CancelOrders,
    CancelReason,
    EditOrder,
    Event,
    Fill,
    OrderEvent,
    OrderState,
    OrderType,
    OrderView,
    PlaceOrder,
    Rejected,
    TimeInForce,
)
from strikewire.gateway.catalogue import kinds_of
from strikewire.gateway.desk import Call, Desk, Plan
from strikewire.gateway.linked import with_others
from strikewire.gateway.order_types import types_of
from strikewire.gateway.orders import (
    deadline_ns,
    level_of,
    lots_of,
    order_id_of,
    shown_amount,
    shown_lots_of,
    ticks_of,
    trigger_of,
)
from strikewire.gateway.rejects import rejection
from strikewire.gateway.render import order, user_trade
from strikewire.marketdata import Market
from strikewire.model import AccountId, InstrumentId, OrderId, Side

Events = Sequence[Event]

_MADE_WAY = (CancelReason.SELF_TRADE_PREVENTION, CancelReason.INSUFFICIENT_FUNDS)
"""Reasons for which only orders that waited are cancelled, never the one that comes in."""


def buy(desk: Desk, call: Call, params: api.Buy) -> Plan:
    """Place an order to buy."""
    return _place(desk, call, params, Side.BUY)


def sell(desk: Desk, call: Call, params: api.Sell) -> Plan:
    """Place an order to sell."""
    return _place(desk, call, params, Side.SELL)


def edit(desk: Desk, call: Call, params: api.Edit) -> Plan:
    """Change an open order; what is left out stays as it is."""
    order_id = order_id_of(params.order_id)
    view = _own_order(desk, call, order_id)
    market = desk.market[view.instrument_id]
    instrument = market.instrument
    amount = requested_amount(params.amount, params.contracts, instrument.contract_size)
    if params.mmp is not None and params.mmp is not (view.mmp is not None):
        raise invalid_params("mmp", "cannot be changed by an edit")
    command = EditOrder(
        account_id=call.account_id,
        order_id=order_id,
        amount=view.amount if amount is None else lots_of(instrument, amount),
        price=None if params.price is None else ticks_of(instrument, params.price),
        post_only=params.post_only,
        reject_post_only=bool(params.reject_post_only),
        reduce_only=params.reduce_only,
        display_amount=shown_lots_of(instrument, params.display_amount),
        trigger_price=level_of(params.trigger_price, "trigger_price"),
        trigger_offset=level_of(params.trigger_offset, "trigger_offset"),
        valid_until_ns=deadline_ns(params.valid_until),
    )
    return Plan([command], lambda events: _order_and_trades(desk, market, events[0], order_id))


def cancel(desk: Desk, call: Call, params: api.Cancel) -> Plan:
    """Cancel one order."""
    order_id = order_id_of(params.order_id)

    def answer(events: Sequence[Events]) -> api.Order:
        _check(events[0], None)
        view = last_view(events[0], order_id)
        return order(desk.market[view.instrument_id].instrument, view)

    return Plan([CancelOrder(call.account_id, order_id)], answer)


def cancel_all(desk: Desk, call: Call, params: api.CancelAll) -> Plan:
    """Cancel every order of the account."""
    return _cancel_many(desk, [CancelOrders(call.account_id)], params.detailed)


def cancel_all_by_instrument(desk: Desk, call: Call, params: api.CancelAllByInstrument) -> Plan:
    """Cancel the account's orders in an instrument."""
    market = desk.market_of(params.instrument_name)
    command = CancelOrders(
        call.account_id,
        instrument_id=InstrumentId(market.instrument.instrument_id),
        order_types=types_of(params.type),
    )
    return _cancel_many(desk, [command], params.detailed)


def cancel_all_by_currency(desk: Desk, call: Call, params: api.CancelAllByCurrency) -> Plan:
    """Cancel the account's orders in a currency."""
    commands = [
        CancelOrders(
            call.account_id,
            currency=None if params.currency == "any" else params.currency.upper(),
            kind=kind,
            order_types=types_of(params.type),
        )
        for kind in kinds_of(params.kind)
    ]
    return _cancel_many(desk, commands, params.detailed)


def cancel_by_label(desk: Desk, call: Call, params: api.CancelByLabel) -> Plan:
    """Cancel the account's orders that carry a label."""
    command = CancelOrders(
        call.account_id,
        currency=None if params.currency in (None, "any") else params.currency.upper(),
        label=params.label,
    )
    return _cancel_many(desk, [command], detailed=None)


def _place(desk: Desk, call: Call, params: api.Buy | api.Sell, side: Side) -> Plan:
    market = desk.market_of(params.instrument_name)
    instrument = market.instrument
    amount = requested_amount(params.amount, params.contracts, instrument.contract_size)
    assert amount is not None
    if params.type not in api.LIMIT_TYPES and params.price is not None:
        # A buyer who names a price means it: without one the order would be another order.
        raise ApiError(
            ErrorCode.UNSUPPORTED_ARG_COMBINATION,
            param="price",
            reason=f"a {params.type} order has no price",
        )
    command = PlaceOrder(
        account_id=call.account_id,
        instrument_id=InstrumentId(instrument.instrument_id),
        side=side,
        order_type=OrderType(params.type),
        amount=lots_of(instrument, amount),
        price=None if params.price is None else ticks_of(instrument, params.price),
        time_in_force=TimeInForce(params.time_in_force),
        post_only=bool(params.post_only),
        reject_post_only=bool(params.reject_post_only),
        reduce_only=bool(params.reduce_only),
        display_amount=shown_lots_of(instrument, shown_amount(params, amount)),
        label=params.label or "",
        trigger=trigger_of(params.trigger, params.trigger_price, params.trigger_offset),
        valid_until_ns=deadline_ns(params.valid_until),
        mmp=bool(params.mmp),
        hidden=bool(params.hidden) or params.max_show == 0,
    )
    command = with_others(instrument, params, command)
    return Plan([command], lambda events: _order_and_trades(desk, market, events[0], None))


def _order_and_trades(
    desk: Desk, market: Market, events: Events, order_id: OrderId | None
) -> api.OrderAndTrades:
    """Return an order after its command, and the trades it took part in as the taker.

    Of a combo those of the combo, with their legs.
    """
    _check(events, market)
    if order_id is None:
        order_id = placed_order_id(events)
    instrument = market.instrument
    return api.OrderAndTrades(
        order=order(instrument, last_view(events, order_id)),
        trades=[
            user_trade(desk.market, event, "T")
            for event in events
            if isinstance(event, Fill)
            and event.taker.order_id == order_id
            and event.combo_id is None
        ],
    )


def placed_order_id(events: Iterable[Event]) -> OrderId:
    """Return the order that an accepted `PlaceOrder` made.

    It is the taker of its fills; without a fill the first order event is its own, but for those of
    waiting orders that had to make way for it.
    """
    for event in events:
        if isinstance(event, Fill):
            return event.taker.order_id
        if isinstance(event, OrderEvent) and event.order.cancel_reason not in _MADE_WAY:
            return event.order.order_id
    raise AssertionError("an accepted order has an event")


def _cancel_many(desk: Desk, commands: Sequence[CancelOrders], detailed: bool | None) -> Plan:
    def answer(events: Sequence[Events]) -> int | list[api.CancelGroup]:
        for one in events:
            _check(one, None)
        account_id = commands[0].account_id
        found = [view for one in events for view in cancelled(account_id, one)]
        return groups_of(desk, found) if detailed else len(found)

    return Plan(commands, answer)


def cancelled(account_id: AccountId, events: Events) -> list[OrderView]:
    """Return the account's orders that were cancelled; those of others may have ended as well."""
    return [
        event.order
        for event in events
        if isinstance(event, OrderEvent)
        and event.order.account_id == account_id
        and event.order.state is OrderState.CANCELLED
    ]


def groups_of(desk: Desk, ended: Iterable[OrderView]) -> list[api.CancelGroup]:
    """Return cancelled orders by instrument, and by whether they waited for a price."""
    groups: dict[tuple[InstrumentId, str], list[OrderView]] = {}
    for view in ended:
        group = "limit" if view.trigger is None else "trigger"
        groups.setdefault((view.instrument_id, group), []).append(view)
    return [
        api.CancelGroup(
            type=group,
            result=[order(market.instrument, view) for view in views],
            instrument_name=market.instrument.name,
            currency=market.instrument.settlement_currency,
        )
        for market, group, views in (
            (desk.market[key], group, views) for (key, group), views in groups.items()
        )
    ]


def _own_order(desk: Desk, call: Call, order_id: OrderId) -> OrderView:
    view = desk.exchange.order(order_id)
    if view is None:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, param="order_id")
    if view.account_id != call.account_id:
        raise ApiError(ErrorCode.NOT_OWNER_OF_ORDER, param="order_id")
    return view


def last_view(events: Iterable[Event], order_id: OrderId) -> OrderView:
    """Return an order as a command left it; one of the command's events is about it."""
    views = [
        event.order
        for event in events
        if isinstance(event, OrderEvent) and event.order.order_id == order_id
    ]
    return views[-1]


def _check(events: Events, market: Market | None) -> None:
    if events and isinstance(events[0], Rejected):  # A cancel of all may find nothing to do.
        raise rejection(events[0], market)
