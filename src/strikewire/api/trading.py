"""Messages about orders: place, edit, cancel, look up, and the fills they had."""

from decimal import Decimal
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from strikewire.api.errors import ApiError, ErrorCode, invalid_params
from strikewire.api.fields import (
    Continuation,
    Count,
    CurrencyName,
    Direction,
    InstrumentName,
    KindFilter,
    Label,
    Milliseconds,
    Offset,
    OrderIdText,
    OrderNumber,
    RequestTime,
    Sequence,
    Sorting,
    check_number,
    check_positive,
)
from strikewire.api.market_data import TRADES_COUNT_DEFAULT, Percent, check_span
from strikewire.api.repeatable import Repeatable

ORDERS_COUNT_DEFAULT: Final = 20

OrderType = Literal[
    "limit",
    "market",
    "market_limit",
    "stop_limit",
    "stop_market",
    "take_limit",
    "take_market",
    "trailing_stop",
]
LIMIT_TYPES: Final = ("limit", "stop_limit", "take_limit")
TRIGGER_TYPES: Final = ("stop_limit", "stop_market", "take_limit", "take_market", "trailing_stop")
TriggerPriceType = Literal["index_price", "mark_price", "last_price"]
TimeInForce = Literal["good_til_cancelled", "good_til_day", "fill_or_kill", "immediate_or_cancel"]
OrderState = Literal["open", "filled", "rejected", "cancelled", "untriggered", "triggered"]
OpenOrderType = Literal[
    "all",
    "limit",
    "trigger_all",
    "stop_all",
    "stop_limit",
    "stop_market",
    "take_all",
    "take_limit",
    "take_market",
    "trailing_all",
    "trailing_stop",
]
CancelOrderType = Literal["all", "limit", "trigger_all", "stop", "take", "trailing_stop"]
CancelReason = Literal[
    "user_request",
    "autoliquidation",
    "cancel_on_disconnect",
    "risk_mitigation",
    "position_locked",
    "edit_post_only_reject",
    "self_trade_prevention",
    "oco_other_closed",
    "oto_primary_closed",
    "settlement",
    "mmp_trigger",
    "mmp_config_curtailment",
]
LinkedOrderType = Literal[
    "one_triggers_other", "one_cancels_other", "one_triggers_one_cancels_other"
]
TriggerFillCondition = Literal["first_hit", "complete_fill", "incremental"]


class OtocoOrder(Struct, frozen=True, kw_only=True):
    """An order that comes with another one, in the same instrument.

    Without an `amount` it has that of the other. Without a `direction` it goes the other way, or
    the same way if the two cancel each other.
    """

    amount: OrderNumber | None = None
    direction: Direction | None = None
    type: OrderType = "limit"
    price: OrderNumber | None = None
    label: Label | None = None
    time_in_force: TimeInForce = "good_til_cancelled"
    post_only: bool | None = None
    reject_post_only: bool | None = None
    reduce_only: bool | None = None
    trigger: TriggerPriceType | None = None
    trigger_price: OrderNumber | None = None
    trigger_offset: OrderNumber | None = None

    def __post_init__(self) -> None:
        check_positive(self.amount, "amount")
        _check_price(self)
        _check_trigger(self)


class _PlaceOrder(Repeatable, frozen=True, kw_only=True):
    """What buy and sell have in common.

    `amount` is USD on inverse futures and coins elsewhere; `contracts` may stand for it. A
    limit order needs a price, a market order has none; an order of a trigger type needs a
    `trigger` and a `trigger_price`, a trailing stop a `trigger_offset` instead. Features this venue
    does not have are refused rather than ignored, because an order without them would be another
    order.
    """

    instrument_name: InstrumentName
    amount: OrderNumber | None = None
    contracts: OrderNumber | None = None
    type: OrderType = "limit"
    price: OrderNumber | None = None
    label: Label | None = None
    time_in_force: TimeInForce = "good_til_cancelled"
    post_only: bool | None = None
    reject_post_only: bool | None = None
    reduce_only: bool | None = None
    advanced: str | None = None
    display_amount: OrderNumber | None = None
    max_show: OrderNumber | None = None
    hidden: bool | None = None
    mmp: bool | None = None
    valid_until: RequestTime | None = None
    linked_order_type: LinkedOrderType | None = None
    trigger_fill_condition: TriggerFillCondition = "first_hit"
    otoco_config: list[OtocoOrder] | None = None
    trigger: TriggerPriceType | None = None
    trigger_price: OrderNumber | None = None
    trigger_offset: OrderNumber | None = None

    def __post_init__(self) -> None:
        _refuse_unsupported(self)
        check_positive(self.amount, "amount")
        check_positive(self.contracts, "contracts")
        check_positive(self.display_amount, "display_amount")
        _check_shown(self)
        if self.amount is None and self.contracts is None:
            raise invalid_params("amount", "is required")
        _check_price(self)
        _check_trigger(self)
        if (self.linked_order_type is None) != (not self.otoco_config):
            raise invalid_params("otoco_config", "comes with linked_order_type, and it with this")


class Buy(_PlaceOrder, frozen=True, kw_only=True):
    """Place an order to buy.

    `amount` is USD on inverse futures and coins elsewhere; `contracts` may stand for it.
    With `good_til_day` it waits until the next 08:00 UTC. A request with `valid_until` is
    refused with 13888 at that moment and later.
    `post_only` moves the price one tick inside the best ask instead of trading;
    with `reject_post_only` the order is refused with 11054 instead.
    An order of a trigger type is `untriggered` until `trigger` reaches `trigger_price`. Then
    it is `triggered`, and an order that names it in `trigger_order_id` takes its place.
    With `mmp` a limit order is under the market-maker protection of its index.
    A `hidden` order is never shown, and trades behind all that is shown at its price.
    `max_show` is the former name of `display_amount`, where 0 hides the order.
    `linked_order_type` says what this order and those of `otoco_config` do to each other, and
    `trigger_fill_condition` on which trades.
    """


class Sell(_PlaceOrder, frozen=True, kw_only=True):
    """Place an order to sell; the parameters are those of `private/buy`."""


class Edit(Repeatable, frozen=True, kw_only=True):
    """Change an open order's price or amount; what is left out stays.

    The order keeps its place in the queue if the price stays and the amount does not grow.
    `amount` counts from the beginning: it includes what has been filled already.
    `trigger_price` and `trigger_offset` are for orders that are untriggered.
    """

    order_id: OrderIdText
    amount: OrderNumber | None = None
    contracts: OrderNumber | None = None
    price: OrderNumber | None = None
    post_only: bool | None = None
    reject_post_only: bool | None = None
    reduce_only: bool | None = None
    advanced: str | None = None
    display_amount: OrderNumber | None = None
    mmp: bool | None = None
    valid_until: RequestTime | None = None
    trigger_price: OrderNumber | None = None
    trigger_offset: OrderNumber | None = None

    def __post_init__(self) -> None:
        _refuse_unsupported(self)
        check_positive(self.amount, "amount")
        check_positive(self.contracts, "contracts")
        check_positive(self.display_amount, "display_amount")
        check_number(self.price, "price")
        check_positive(self.trigger_price, "trigger_price")
        check_positive(self.trigger_offset, "trigger_offset")


# Parameters that change what an order is. `advanced=""` and the like ask for nothing and pass.
_UNSUPPORTED: Final = ("advanced",)


def _check_shown(request: _PlaceOrder) -> None:
    """Refuse to say twice, by its former name too, how much of an order is shown."""
    check_number(request.max_show, "max_show")
    if request.max_show is None:
        return
    if request.max_show < 0:
        raise ApiError(
            ErrorCode.INVALID_MAX_SHOW, param="max_show", reason="must not be below zero"
        )
    if request.display_amount is not None or request.hidden:
        raise invalid_params("max_show", "is the former name of display_amount and of hidden")


def _check_price(request: _PlaceOrder | OtocoOrder) -> None:
    """Refuse a price that is missing, or no price."""
    if request.type in LIMIT_TYPES:
        if request.price is None:
            raise invalid_params("price", f"is required for a {request.type} order")
        check_number(request.price, "price")


def _check_trigger(request: _PlaceOrder | OtocoOrder) -> None:
    """Refuse a trigger that is missing or not finite; what fits which type the exchange says."""
    check_positive(request.trigger_price, "trigger_price")
    check_positive(request.trigger_offset, "trigger_offset")
    is_triggered = request.type in TRIGGER_TYPES
    if is_triggered and request.trigger is None:
        raise invalid_params("trigger", f"is required for a {request.type} order")
    if not is_triggered:
        for param in ("trigger", "trigger_price", "trigger_offset"):
            if getattr(request, param) is not None:
                raise invalid_params(param, f"is not for a {request.type} order")


def _refuse_unsupported(request: Struct) -> None:
    for param in _UNSUPPORTED:
        if getattr(request, param, None):
            raise ApiError(
                ErrorCode.NOT_IMPLEMENTED, param=param, reason="is not offered by this venue"
            )


def requested_amount(
    amount: Decimal | None, contracts: Decimal | None, contract_size: Decimal
) -> Decimal | None:
    """Return the amount a request asks for, whichever of its two names it uses.

    Args:
        amount: The request's `amount`.
        contracts: The request's `contracts`.
        contract_size: Amount of one contract of the instrument.

    Returns:
        The amount, exact; None when the request names neither.

    Raises:
        ApiError: -32602 when both are given and disagree.
    """
    if contracts is None:
        return amount
    implied = contracts * contract_size
    if amount is not None and amount != implied:
        raise invalid_params("contracts", f"{contracts} is {implied}, not the amount {amount}")
    return implied


class Cancel(Repeatable, frozen=True, kw_only=True):
    """Cancel one order."""

    order_id: OrderIdText


class CancelAll(Repeatable, frozen=True, kw_only=True):
    """Cancel every open order of the account; the answer is how many there were.

    With `detailed=true` the answer lists the cancelled orders, one group per instrument.
    """

    detailed: bool | None = None


class CancelAllByInstrument(Repeatable, frozen=True, kw_only=True):
    """Cancel the account's open orders in one instrument."""

    instrument_name: InstrumentName
    type: CancelOrderType | None = None
    detailed: bool | None = None


class CancelAllByCurrency(Repeatable, frozen=True, kw_only=True):
    """Cancel the account's open orders in one currency, or in one kind of its instruments."""

    currency: CurrencyName
    kind: KindFilter | None = None
    type: CancelOrderType | None = None
    detailed: bool | None = None


class CancelByLabel(Repeatable, frozen=True, kw_only=True):
    """Cancel the account's open orders with this label; the answer is how many there were."""

    label: Label
    currency: CurrencyName | None = None


class GetOrderState(Struct, frozen=True, kw_only=True):
    """Read one order, open or closed."""

    order_id: OrderIdText


class GetOpenOrders(Struct, frozen=True, kw_only=True):
    """List all open orders of the account."""

    kind: KindFilter | None = None
    type: OpenOrderType | None = None


class GetOpenOrdersByInstrument(Struct, frozen=True, kw_only=True):
    """List the account's open orders in one instrument."""

    instrument_name: InstrumentName
    type: OpenOrderType | None = None


class GetOpenOrdersByCurrency(Struct, frozen=True, kw_only=True):
    """List the account's open orders in one currency."""

    currency: CurrencyName
    kind: KindFilter | None = None
    type: OpenOrderType | None = None


class GetOrderHistoryByInstrument(Struct, frozen=True, kw_only=True):
    """List the account's closed orders in one instrument, newest first.

    Orders that never traded are listed with `include_unfilled=true` only.
    """

    instrument_name: InstrumentName
    count: Count = ORDERS_COUNT_DEFAULT
    offset: Offset = 0
    include_old: bool | None = None
    include_unfilled: bool | None = None


class GetOrderHistoryByCurrency(Struct, frozen=True, kw_only=True):
    """List the account's closed orders in one currency, newest first."""

    currency: CurrencyName
    kind: KindFilter | None = None
    count: Count = ORDERS_COUNT_DEFAULT
    offset: Offset = 0
    include_old: bool | None = None
    include_unfilled: bool | None = None


class GetTriggerOrderHistory(Struct, frozen=True, kw_only=True):
    """List the account's trigger orders that have ended, newest first.

    `continuation` of one page asks for the next; there is none after the last.
    """

    currency: CurrencyName
    instrument_name: InstrumentName | None = None
    count: Count = ORDERS_COUNT_DEFAULT
    continuation: Continuation | None = None


class TriggerOrderRecord(Struct, frozen=True, kw_only=True):
    """A trigger order that has ended.

    `request` is what ended it: `trigger:order` when its price came, `cancel` otherwise.
    `order_state` is `triggered`, `cancelled`, or `rejected:` and why. `order_id` is the order that
    took its place, null if there is none.
    """

    timestamp: Milliseconds
    trigger: TriggerPriceType
    trigger_price: float
    trigger_offset: float | None
    trigger_order_id: str
    order_id: str | None
    order_state: str
    instrument_name: str
    request: str
    direction: Direction
    price: float | Literal["market_price"] | None
    amount: float
    last_update_timestamp: Milliseconds
    reduce_only: bool
    post_only: bool
    order_type: Literal["limit", "market"]
    label: str = ""
    is_secondary_oto: bool = False
    oco_ref: str | UnsetType = UNSET


class TriggerOrders(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of trigger orders; without `continuation` it is the last."""

    entries: list[TriggerOrderRecord]
    continuation: str | UnsetType = UNSET


class Order(Struct, frozen=True, kw_only=True):
    """An order as its owner sees it.

    `price` is `market_price` on a market order. `average_price` is 0.0 until the first fill.
    `amount` and `filled_amount` are USD on inverse futures and coins elsewhere; `contracts`
    is the amount in contracts. `reject_post_only` is there only on post-only orders,
    `cancel_reason` only on cancelled ones, `reject_reason` only on those that were refused when
    they were triggered. `trigger`, `trigger_price` and `triggered` are there only on trigger
    orders, `trigger_offset` and `trigger_reference_price` only on trailing ones,
    `trigger_order_id` only on orders that took the place of one. `oto_order_ids` are those that
    this order triggers, `is_secondary_oto` is there on one that waits for its `primary_order_id`,
    and two with the same `oco_ref` cancel each other. `quote`, `quote_id`, `quote_set_id` and
    `mmp_group` are there only on quotes, `mmp_cancelled` only where a protection cancelled it.
    """

    order_id: str
    order_state: OrderState
    order_type: OrderType
    original_order_type: Literal["market", "market_limit"] | UnsetType = UNSET
    time_in_force: TimeInForce
    instrument_name: str
    direction: Direction
    price: float | Literal["market_price"]
    amount: float
    filled_amount: float
    average_price: float
    contracts: float | UnsetType = UNSET
    label: str = ""
    post_only: bool = False
    reject_post_only: bool | UnsetType = UNSET
    reduce_only: bool | UnsetType = UNSET
    creation_timestamp: Milliseconds
    last_update_timestamp: Milliseconds
    api: bool = True
    web: bool = False
    mmp: bool = False
    mmp_cancelled: bool | UnsetType = UNSET
    mmp_group: str | UnsetType = UNSET
    quote: bool | UnsetType = UNSET
    quote_id: str | UnsetType = UNSET
    quote_set_id: str | UnsetType = UNSET
    replaced: bool = False
    risk_reducing: bool = False
    is_liquidation: bool = False
    display_amount: float | UnsetType = UNSET
    refresh_amount: float | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    cancel_reason: CancelReason | UnsetType = UNSET
    reject_reason: str | UnsetType = UNSET
    triggered: bool | UnsetType = UNSET
    trigger: TriggerPriceType | UnsetType = UNSET
    trigger_price: float | UnsetType = UNSET
    trigger_offset: float | UnsetType = UNSET
    trigger_reference_price: float | UnsetType = UNSET
    trigger_order_id: str | UnsetType = UNSET
    oto_order_ids: list[str] | UnsetType = UNSET
    is_primary_otoco: bool | UnsetType = UNSET
    is_secondary_oto: bool | UnsetType = UNSET
    primary_order_id: str | UnsetType = UNSET
    oco_ref: str | UnsetType = UNSET
    trigger_fill_condition: TriggerFillCondition | UnsetType = UNSET


class UserTrade(Struct, frozen=True, kw_only=True):
    """One fill as one of its two owners sees it.

    `fee` is in `fee_currency` and positive when paid; `profit_loss` is in the settlement
    currency; `state` is the order's state after this fill; `liquidity` M for maker, T for taker.
    `block_trade_id` is there only on legs of a block trade, and so is how many legs that had.
    A fill in a combo has `legs`, each of which is also a fill in its own instrument, with the
    combo's name and this fill's id in `combo_id` and `combo_trade_id`.
    """

    trade_id: str
    trade_seq: int
    order_id: str
    instrument_name: str
    timestamp: Milliseconds
    direction: Direction
    price: float
    amount: float
    contracts: float | UnsetType = UNSET
    order_type: Literal["limit", "market", "liquidation"]
    state: Literal["open", "filled", "rejected", "cancelled", "untriggered", "archive"]
    liquidity: Literal["M", "T"]
    fee: float
    fee_currency: str
    profit_loss: float | UnsetType = UNSET
    tick_direction: Literal[0, 1, 2, 3]
    index_price: float
    mark_price: float
    underlying_price: float | UnsetType = UNSET
    iv: Percent | UnsetType = UNSET
    label: str | UnsetType = UNSET
    post_only: bool | UnsetType = UNSET
    reduce_only: bool | UnsetType = UNSET
    matching_id: None = None
    api: bool = True
    mmp: bool = False
    quote_id: str | UnsetType = UNSET
    quote_set_id: str | UnsetType = UNSET
    risk_reducing: bool = False
    block_trade_id: str | UnsetType = UNSET
    block_trade_leg_count: int | UnsetType = UNSET
    self_trade: bool = False
    liquidation: Literal["M", "T", "MT"] | UnsetType = UNSET
    combo_id: str | UnsetType = UNSET
    combo_trade_id: str | UnsetType = UNSET
    legs: list["UserTrade"] | UnsetType = UNSET


class OrderAndTrades(Struct, frozen=True, kw_only=True):
    """The order after the request and the fills the request caused, in order."""

    order: Order
    trades: list[UserTrade]


class CancelGroup(Struct, frozen=True, kw_only=True):
    """The cancelled orders of one instrument."""

    type: str
    result: list[Order]
    instrument_name: str
    currency: str


class GetUserTradesByInstrument(Struct, frozen=True, kw_only=True):
    """List the account's fills in one instrument, newest first unless `sorting` is asc."""

    instrument_name: InstrumentName
    start_seq: Sequence | None = None
    end_seq: Sequence | None = None
    start_timestamp: RequestTime | None = None
    end_timestamp: RequestTime | None = None
    count: Count = TRADES_COUNT_DEFAULT
    sorting: Sorting | None = None


class GetUserTradesByInstrumentAndTime(Struct, frozen=True, kw_only=True):
    """List the account's fills in one instrument in a span of time; it ends now by default."""

    instrument_name: InstrumentName
    start_timestamp: RequestTime
    end_timestamp: RequestTime | None = None
    count: Count = TRADES_COUNT_DEFAULT
    sorting: Sorting | None = None

    def __post_init__(self) -> None:
        check_span(self.start_timestamp, self.end_timestamp)


class GetUserTradesByCurrency(Struct, frozen=True, kw_only=True):
    """List the account's fills in one currency, newest first unless `sorting` is asc."""

    currency: CurrencyName
    kind: KindFilter | None = None
    start_id: str | None = None
    end_id: str | None = None
    start_timestamp: RequestTime | None = None
    end_timestamp: RequestTime | None = None
    count: Count = TRADES_COUNT_DEFAULT
    sorting: Sorting | None = None


class GetUserTradesByOrder(Struct, frozen=True, kw_only=True):
    """List the fills of one order, oldest first unless `sorting` is desc."""

    order_id: OrderIdText
    sorting: Sorting | None = None


class UserTrades(Struct, frozen=True, kw_only=True):
    """A page of fills; `has_more` when there are further ones that match."""

    trades: list[UserTrade]
    has_more: bool
