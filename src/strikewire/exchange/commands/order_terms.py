"""What an order is placed with and how it ends, in Deribit's words."""

from enum import StrEnum

import msgspec

from strikewire.model import PriceE8


class OrderType(StrEnum):
    """How an order names its price, in Deribit's words."""

    LIMIT = "limit"

    MARKET = "market"
    """Takes what is there inside the price band; what is left over is cancelled."""

    MARKET_LIMIT = "market_limit"
    """Takes what is there at the best price; what is left over waits as a limit order there."""

    STOP_LIMIT = "stop_limit"
    STOP_MARKET = "stop_market"
    """Come in once the price has gone against them that far: buyers up, sellers down."""

    TAKE_LIMIT = "take_limit"
    TAKE_MARKET = "take_market"
    """Come in once the price has gone their way that far: buyers down, sellers up."""

    TRAILING_STOP = "trailing_stop"
    """A stop that follows the price at a distance, and comes in as a market order."""

    @property
    def is_triggered(self) -> bool:
        """Whether such an order waits for a price before it comes in."""
        return self in _ENTERS_AS

    @property
    def enters_as(self) -> "OrderType":
        """What an order of this type is when it comes in."""
        return _ENTERS_AS.get(self, self)


_ENTERS_AS = {
    OrderType.STOP_LIMIT: OrderType.LIMIT,
    OrderType.STOP_MARKET: OrderType.MARKET,
    OrderType.TAKE_LIMIT: OrderType.LIMIT,
    OrderType.TAKE_MARKET: OrderType.MARKET,
    OrderType.TRAILING_STOP: OrderType.MARKET,
}


class TriggerPriceType(StrEnum):
    """Which price an order waits for, in Deribit's words."""

    LAST = "last_price"
    """Of the instrument's last trade."""

    MARK = "mark_price"
    INDEX = "index_price"


class Trigger(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What an order waits for before it comes in."""

    price_type: TriggerPriceType
    price: PriceE8 | None = None
    """Where it comes in; of a trailing stop the exchange works it out and moves it."""

    offset: PriceE8 | None = None
    """Exactly of a trailing stop: how far the price must turn back from its best."""


class TimeInForce(StrEnum):
    """How long an order may wait, in Deribit's words."""

    GTC = "good_til_cancelled"

    GTD = "good_til_day"
    """Until the trading day ends, at 08:00 UTC."""

    IOC = "immediate_or_cancel"
    """Fill what can be filled at once, cancel the rest."""

    FOK = "fill_or_kill"
    """Fill all of it at once or nothing."""

    @property
    def can_wait(self) -> bool:
        """Whether what is left over waits in the book."""
        return self in (TimeInForce.GTC, TimeInForce.GTD)


class LinkedOrderType(StrEnum):
    """What the orders of one command do to each other, in Deribit's words."""

    ONE_TRIGGERS_OTHER = "one_triggers_other"
    """The trades of the first let the others come in."""

    ONE_CANCELS_OTHER = "one_cancels_other"
    """Two orders; when one trades or ends, the other is cancelled."""

    ONE_TRIGGERS_ONE_CANCELS_OTHER = "one_triggers_one_cancels_other"
    """The trades of the first let two others come in, of which one cancels the other."""


class TriggerFillCondition(StrEnum):
    """Which trades of an order move those that are linked to it, in Deribit's words."""

    FIRST_HIT = "first_hit"
    """The first one, whatever its amount."""

    COMPLETE_FILL = "complete_fill"
    """The one that fills it."""

    INCREMENTAL = "incremental"
    """Each, in proportion."""


class CancelReason(StrEnum):
    """Why an order ended before it was filled, as clients see it in `cancel_reason`."""

    USER_REQUEST = "user_request"
    CANCEL_ON_DISCONNECT = "cancel_on_disconnect"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    GOOD_TIL_DAY = "good_til_day"
    """Its day is over."""

    NO_LIQUIDITY = "no_liquidity"
    """A market order found nothing more inside the price band."""

    REDUCE_ONLY = "reduce_only"
    """The position that the order was to reduce is gone."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    """A resting spot order could no longer be paid for when its turn came."""

    OCO_OTHER_CLOSED = "oco_other_closed"
    """The other order of its pair has traded or ended."""

    OTO_PRIMARY_CLOSED = "oto_primary_closed"
    """The order that was to trigger it has ended."""

    SETTLEMENT = "settlement"
    """The instrument expired."""

    AUTOLIQUIDATION = "autoliquidation"
    """The account is being liquidated."""

    INSTRUMENT_INACTIVE = "instrument_inactive"
    """The venue took the instrument out of trading."""

    SELF_TRADE_PREVENTION = "self_trade_prevention"
    """An order of the same owner would have traded with it."""

    MMP_TRIGGER = "mmp_trigger"
    """The protection that it was under has acted."""

    MMP_CONFIG_CURTAILMENT = "mmp_config_curtailment"
    """Its protection was taken away, or lets less wait from now on."""

    EDIT_POST_ONLY_REJECT = "edit_post_only_reject"
    """It was edited to a price where it would take, and must not be moved from there."""
