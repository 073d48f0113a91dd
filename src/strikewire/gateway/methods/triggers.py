"""The method that reads what became of an account's trigger orders."""

from msgspec import UNSET

from strikewire.api import trading as api
from strikewire.exchange import OrderState, OrderType, OrderView
from strikewire.gateway.catalogue import is_of
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.gateway.orders import order_id_of
from strikewire.gateway.render import order_text_id
from strikewire.model import (
    Instrument,
    PriceE8,
    lots_to_amount,
    ns_to_ms,
    price_e8_to_float,
    ticks_to_price,
)


def get_trigger_order_history(desk: Desk, call: Call, params: api.GetTriggerOrderHistory) -> Reply:
    """List the account's trigger orders that have ended, newest first."""
    ended = [
        view
        for view in desk.exchange.closed_orders(call.account_id)
        if view.trigger is not None and _is_wanted(desk, view, params)
    ]
    ended.reverse()
    if params.continuation is not None:
        last = order_id_of(params.continuation)
        # Of an order that is forgotten meanwhile nothing older is left either.
        before = [at for at, view in enumerate(ended) if view.order_id == last]
        ended = ended[before[0] + 1 :] if before else []
    page = ended[: params.count]
    records = [_record(desk.market[view.instrument_id].instrument, view) for view in page]
    has_more = len(ended) > len(page)
    return Reply(
        api.TriggerOrders(
            entries=records, continuation=records[-1].trigger_order_id if has_more else UNSET
        )
    )


def _is_wanted(desk: Desk, view: OrderView, params: api.GetTriggerOrderHistory) -> bool:
    instrument = desk.market[view.instrument_id].instrument
    name = params.instrument_name
    return is_of(instrument, params.currency, None) and name in (None, instrument.name)


def _record(instrument: Instrument, view: OrderView) -> api.TriggerOrderRecord:
    trigger, became = view.trigger, view.triggered_order_id
    assert trigger is not None
    is_limit = view.order_type.enters_as is OrderType.LIMIT
    is_cancelled = view.state is OrderState.CANCELLED
    state = view.state.value
    return api.TriggerOrderRecord(
        timestamp=ns_to_ms(view.updated_ns),
        trigger=trigger.price_type.value,
        # A trailing stop that waits for another order does not stand anywhere yet.
        trigger_price=price_e8_to_float(trigger.price or PriceE8(0)),
        trigger_offset=None if trigger.offset is None else price_e8_to_float(trigger.offset),
        trigger_order_id=order_text_id(instrument, view.order_id),
        order_id=None if became is None else order_text_id(instrument, became),
        order_state=f"{state}:{view.reject_reason}" if view.reject_reason else state,
        instrument_name=instrument.name,
        request="cancel" if is_cancelled else "trigger:order",
        direction="buy" if view.side > 0 else "sell",
        price="market_price" if view.price is None else ticks_to_price(instrument, view.price),
        amount=lots_to_amount(instrument, view.amount),
        last_update_timestamp=ns_to_ms(view.updated_ns),
        reduce_only=view.reduce_only,
        post_only=view.post_only,
        order_type="limit" if is_limit else "market",
        label=view.label,
        is_secondary_oto=view.link is not None and view.link.primary_id is not None,
        oco_ref=(
            UNSET
            if view.link is None or view.link.pair_id is None
            else order_text_id(instrument, view.link.pair_id)
        ),
    )
