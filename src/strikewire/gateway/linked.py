"""The orders that come with another one, from the words of a request to its command."""

from msgspec import structs

from strikewire.api import ApiError, ErrorCode
from strikewire.api import trading as api
from strikewire.exchange import (
    Linked,
    LinkedOrderType,
    OrderType,
    PlaceOrder,
    TimeInForce,
    TriggerFillCondition,
)
from strikewire.gateway.orders import lots_of, ticks_of, trigger_of
from strikewire.model import Instrument, Side


def with_others(
    instrument: Instrument, params: api.Buy | api.Sell, command: PlaceOrder
) -> PlaceOrder:
    """Return a command with the orders that come with it; as it is without any.

    Args:
        instrument: Of all of them.
        params: The request.
        command: What the request says about the first order.

    Raises:
        ApiError: A price or an amount of one of them is off its grid, or a price is no price.
    """
    if params.linked_order_type is None:
        return command
    kind = LinkedOrderType(params.linked_order_type)
    is_pair = kind is LinkedOrderType.ONE_CANCELS_OTHER
    usual = command.side if is_pair else command.side.opposite
    others = tuple(_other(instrument, one, command, usual) for one in params.otoco_config or ())
    condition = TriggerFillCondition(params.trigger_fill_condition)
    linked = Linked(type=kind, others=others, fill_condition=condition)
    return structs.replace(command, linked=linked)


def _other(
    instrument: Instrument, one: api.OtocoOrder, command: PlaceOrder, usual: Side
) -> PlaceOrder:
    if one.type not in api.LIMIT_TYPES and one.price is not None:
        reason = f"a {one.type} order has no price"
        raise ApiError(ErrorCode.UNSUPPORTED_ARG_COMBINATION, param="otoco_config", reason=reason)
    side = {"buy": Side.BUY, "sell": Side.SELL, None: usual}[one.direction]
    return PlaceOrder(
        account_id=command.account_id,
        instrument_id=command.instrument_id,
        side=side,
        order_type=OrderType(one.type),
        amount=command.amount if one.amount is None else lots_of(instrument, one.amount),
        price=None if one.price is None else ticks_of(instrument, one.price),
        time_in_force=TimeInForce(one.time_in_force),
        post_only=bool(one.post_only),
        reject_post_only=bool(one.reject_post_only),
        reduce_only=bool(one.reduce_only),
        label=one.label or "",
        trigger=trigger_of(one.trigger, one.trigger_price, one.trigger_offset),
    )
