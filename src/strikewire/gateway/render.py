"""Orders and fills as their owners see them, in the shapes of the public API."""

from typing import Literal

from msgspec import UNSET, UnsetType

from strikewire.api.trading import Order, UserTrade
from strikewire.exchange import CancelReason, Fill, FillSide, OrderState, OrderType, OrderView
from strikewire.marketdata import (
    IV_E4_PER_PERCENT,
    MarketData,
    block_text_id,
    combo_trade_id,
    liquidated,
)
from strikewire.model import (
    AccountId,
    Instrument,
    Lots,
    OrderId,
    PriceE8,
    format_order_id,
    format_trade_id,
    lots_to_amount,
    ns_to_ms,
    price_e8_to_float,
    ticks_to_price,
    units_to_coins,
)

# The API's words for why an order was cancelled are fewer than ours. An order that was never meant
# to wait ends without a reason there.
_CANCEL_REASONS: dict[
    str,
    Literal[
        "user_request",
        "autoliquidation",
        "cancel_on_disconnect",
        "risk_mitigation",
        "self_trade_prevention",
        "oco_other_closed",
        "oto_primary_closed",
        "settlement",
        "mmp_trigger",
        "mmp_config_curtailment",
        "edit_post_only_reject",
    ],
] = {
    CancelReason.USER_REQUEST: "user_request",
    CancelReason.CANCEL_ON_DISCONNECT: "cancel_on_disconnect",
    CancelReason.REDUCE_ONLY: "risk_mitigation",
    CancelReason.INSUFFICIENT_FUNDS: "risk_mitigation",
    CancelReason.INSTRUMENT_INACTIVE: "risk_mitigation",
    CancelReason.SETTLEMENT: "settlement",
    CancelReason.AUTOLIQUIDATION: "autoliquidation",
    CancelReason.OCO_OTHER_CLOSED: "oco_other_closed",
    CancelReason.OTO_PRIMARY_CLOSED: "oto_primary_closed",
    CancelReason.SELF_TRADE_PREVENTION: "self_trade_prevention",
    CancelReason.MMP_TRIGGER: "mmp_trigger",
    CancelReason.MMP_CONFIG_CURTAILMENT: "mmp_config_curtailment",
    CancelReason.EDIT_POST_ONLY_REJECT: "edit_post_only_reject",
}


def order_text_id(instrument: Instrument, order_id: OrderId) -> str:
    """Return an order's id as clients see it: its currency and its number."""
    return format_order_id(instrument.settlement_currency, order_id)


def order(instrument: Instrument, view: OrderView) -> Order:
    """Return an order as its owner sees it."""
    amount = lots_to_amount(instrument, view.amount)
    trigger, link = view.trigger, view.link
    quote = view.mmp if view.mmp is not None and view.mmp.is_quote else None

    def text_id(one: OrderId | None) -> str | UnsetType:
        return UNSET if one is None else order_text_id(instrument, one)

    return Order(
        order_id=order_text_id(instrument, view.order_id),
        order_state=view.state.value,
        order_type=view.order_type.value,
        time_in_force=view.time_in_force.value,
        instrument_name=instrument.name,
        direction="buy" if view.side > 0 else "sell",
        price="market_price" if view.price is None else ticks_to_price(instrument, view.price),
        amount=amount,
        filled_amount=lots_to_amount(instrument, view.filled),
        average_price=average_price(instrument, view.filled_value, view.filled),
        contracts=_contracts(instrument, amount),
        label=view.label,
        post_only=view.post_only,
        reject_post_only=view.reject_post_only if view.post_only else UNSET,
        reduce_only=view.reduce_only,
        creation_timestamp=ns_to_ms(view.created_ns),
        last_update_timestamp=ns_to_ms(view.updated_ns),
        mmp=view.mmp is not None,
        mmp_cancelled=view.cancel_reason == CancelReason.MMP_TRIGGER or UNSET,
        mmp_group=quote.group if quote else UNSET,
        quote=True if quote else UNSET,
        quote_id=quote.quote_id if quote else UNSET,
        quote_set_id=quote.quote_set_id if quote else UNSET,
        replaced=view.replaced,
        is_liquidation=view.is_liquidation,
        cancel_reason=_CANCEL_REASONS.get(view.cancel_reason, UNSET),
        display_amount=_shown(instrument, view, view.display_amount),
        refresh_amount=_shown(instrument, view, view.refresh_amount),
        hidden=view.hidden or UNSET,
        reject_reason=view.reject_reason or UNSET,
        original_order_type=_original_type(view),
        triggered=_is_triggered(view),
        trigger=UNSET if trigger is None else trigger.price_type.value,
        trigger_price=_level(trigger.price if trigger else None),
        trigger_offset=_level(trigger.offset if trigger else None),
        trigger_reference_price=_level(view.trigger_reference),
        trigger_order_id=text_id(view.trigger_order_id),
        oto_order_ids=(
            [order_text_id(instrument, one) for one in link.secondary_ids]
            if link and link.secondary_ids
            else UNSET
        ),
        is_primary_otoco=(link is not None and link.triggers_pair) or UNSET,
        is_secondary_oto=view.is_dormant or UNSET,
        primary_order_id=text_id(link.primary_id if link else None),
        oco_ref=text_id(link.pair_id if link else None),
        trigger_fill_condition=link.fill_condition.value if link else UNSET,
    )


def user_trades(data: MarketData, fill: Fill, account_id: AccountId) -> list[UserTrade]:
    """Return a fill as one account sees it: nothing, one side, or both where it met itself."""
    trades = []
    if fill.maker.account_id == account_id:
        trades.append(user_trade(data, fill, "M"))
    if fill.taker.account_id == account_id:
        trades.append(user_trade(data, fill, "T"))
    return trades


def user_trade(data: MarketData, fill: Fill, liquidity: Literal["M", "T"]) -> UserTrade:
    """Return one side of a fill; nothing in it tells who was on the other.

    Args:
        data: Knows the instruments.
        fill: Of which.
        liquidity: The maker's side, or the taker's.
    """
    side = fill.maker if liquidity == "M" else fill.taker
    instrument = data[fill.instrument_id].instrument
    combo = None if fill.combo_id is None else data[fill.combo_id].instrument
    assert fill.tick_direction in (0, 1, 2, 3)
    amount = lots_to_amount(instrument, fill.amount)
    quote = side.mmp if side.mmp is not None and side.mmp.is_quote else None
    return UserTrade(
        trade_id=format_trade_id(instrument.settlement_currency, fill.trade_id),
        trade_seq=fill.trade_seq,
        order_id=order_text_id(instrument, side.order_id),
        instrument_name=instrument.name,
        timestamp=ns_to_ms(fill.time_ns),
        direction="buy" if side.side > 0 else "sell",
        price=ticks_to_price(instrument, fill.price),
        amount=amount,
        contracts=_contracts(instrument, amount),
        order_type=_order_type(side),
        state=_state(side),
        liquidity=liquidity,
        fee=units_to_coins(side.fee_currency, side.fee),
        fee_currency=side.fee_currency,
        profit_loss=units_to_coins(instrument.settlement_currency, side.profit_loss),
        tick_direction=fill.tick_direction,  # type: ignore[arg-type]  # asserted above
        index_price=price_e8_to_float(fill.index),
        mark_price=price_e8_to_float(fill.mark),
        iv=_iv(instrument, fill),
        label=side.label or UNSET,
        post_only=side.post_only,
        reduce_only=side.reduce_only,
        mmp=side.mmp is not None,
        quote_id=quote.quote_id if quote else UNSET,
        quote_set_id=quote.quote_set_id if quote else UNSET,
        block_trade_id=block_text_id(fill),
        block_trade_leg_count=fill.block_trade_legs or UNSET,
        self_trade=fill.maker.account_id == fill.taker.account_id,
        liquidation=liquidated(fill),
        combo_id=UNSET if combo is None else combo.name,
        combo_trade_id=combo_trade_id(combo, fill),
        legs=[user_trade(data, leg, liquidity) for leg in fill.legs] or UNSET,
    )


def average_price(instrument: Instrument, filled_value: int, filled: Lots) -> float:
    """Return the float nearest to the average price of fills; 0.0 without any.

    Args:
        instrument: Whose ticks and lots.
        filled_value: Sum of ticks times lots.
        filled: Lots.
    """
    if not filled:
        return 0.0
    return filled_value * instrument.tick_numerator / (filled * instrument.tick_denominator)


def _is_triggered(view: OrderView) -> bool | UnsetType:
    """Tell of a trigger order whether its time has come; of others nothing."""
    if view.trigger is None:
        return UNSET if view.trigger_order_id is None else True
    return view.state is OrderState.TRIGGERED


def _original_type(view: OrderView) -> Literal["market_limit"] | UnsetType:
    return "market_limit" if view.original_type is OrderType.MARKET_LIMIT else UNSET


def _level(price: PriceE8 | None) -> float | UnsetType:
    return UNSET if price is None else price_e8_to_float(price)


def _shown(instrument: Instrument, view: OrderView, lots: Lots) -> float | UnsetType:
    """Return how much of an iceberg is shown; nothing of an order that is shown whole."""
    return lots_to_amount(instrument, lots) if view.refresh_amount else UNSET


def _contracts(instrument: Instrument, amount: float) -> float:
    return amount / float(instrument.contract_size)


def _iv(instrument: Instrument, fill: Fill) -> float | UnsetType:
    return fill.iv_e4 / IV_E4_PER_PERCENT if instrument.is_option else UNSET


def _order_type(side: FillSide) -> Literal["limit", "market", "liquidation"]:
    if side.is_liquidation:
        return "liquidation"
    return "market" if side.order_type is OrderType.MARKET else "limit"


def _state(side: FillSide) -> Literal["open", "filled", "cancelled"]:
    match side.order_state:
        case OrderState.FILLED:
            return "filled"
        case OrderState.CANCELLED:
            return "cancelled"
        case _:
            return "open"
