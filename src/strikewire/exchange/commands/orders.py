"""Commands of orders: placed, edited and cancelled."""

import msgspec

from strikewire.exchange.commands.margin import Verdict
from strikewire.exchange.commands.order_terms import (
    CancelReason,
    LinkedOrderType,
    OrderType,
    TimeInForce,
    Trigger,
    TriggerFillCondition,
)
from strikewire.model import AccountId, InstrumentId, Kind, Lots, OrderId, PriceE8, Side, Ticks


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="place"):
    """Trade against the book, then perhaps wait in it; or wait for a price first."""

    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType = OrderType.LIMIT
    amount: Lots
    price: Ticks | None = None
    """Base ticks; None exactly for a market order, now or once it comes in."""

    time_in_force: TimeInForce = TimeInForce.GTC
    """A market order never waits, whatever this says."""

    post_only: bool = False
    """Never take: an order that would cross is moved one tick inside the best opposite price."""

    reject_post_only: bool = False
    """With `post_only`: reject instead of moving."""

    reduce_only: bool = False
    """Never let the position grow or turn."""

    label: str = ""
    """The owner's own word for it; at most `LABEL_LENGTH_MAX` characters."""

    verdict: Verdict | None = None
    """For accounts with portfolio margin, which are refused without one."""

    trigger: Trigger | None = None
    """Exactly for those types of orders that wait for a price."""

    valid_until_ns: int | None = None
    """The command is refused at this moment and later; what became an order stays one."""

    display_amount: Lots | None = None
    """Of an iceberg: what of it is shown at a time; None shows all of it.

    Source: Deribit API v2, `private/buy`: `display_amount`.
    """

    linked: "Linked | None" = None
    """Orders that come with it and are tied to it."""

    mmp: bool = False
    """Under the market-maker protection of its index; for limit orders alone."""

    hidden: bool = False
    """Never shown, and at its price behind all that is; not of an iceberg.

    Source: Deribit's API before June 2025, `max_show`: 0 for an invisible order.
    """


class Linked(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Orders that come with another one."""

    type: LinkedOrderType
    others: tuple[PlaceOrder, ...]
    """Of the same account and in the same instrument, and without others of their own."""

    fill_condition: TriggerFillCondition = TriggerFillCondition.FIRST_HIT


class EditOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="edit"):
    """Change an open order.

    The same price with the same or a lower amount keeps its place in the queue; anything else
    (and no longer only reducing, and another amount on display) takes the order out and brings it
    in again, as a taker where it crosses.

    Source: Deribit API v2, `private/edit`; notes on queue priority.
    """

    account_id: AccountId
    order_id: OrderId
    amount: Lots
    """The new total, what is filled already included. At or below that, it ends the order."""

    price: Ticks | None = None
    """None leaves the price as it is."""

    post_only: bool | None = None
    """None leaves it as it is."""

    reject_post_only: bool = False
    reduce_only: bool | None = None
    """None leaves it as it is."""

    verdict: Verdict | None = None
    """As of `PlaceOrder`; an edit that asks for no more than before needs none."""

    trigger_price: PriceE8 | None = None
    trigger_offset: PriceE8 | None = None
    """Of an order that waits for a price; None leaves them as they are."""

    valid_until_ns: int | None = None
    """As of `PlaceOrder`."""

    display_amount: Lots | None = None
    """None leaves it as it is; another amount than before takes the order to the back."""


class CancelOrder(msgspec.Struct, frozen=True, array_like=True, tag="cancel"):
    """Take back an order that waits, in its book or for a price."""

    account_id: AccountId
    order_id: OrderId
    reason: str = CancelReason.USER_REQUEST


class CancelOrders(msgspec.Struct, frozen=True, array_like=True, tag="cancel_all"):
    """Take back all of an account's orders that wait, in books or for a price.

    Each filter that is set narrows.
    """

    account_id: AccountId
    instrument_id: InstrumentId | None = None
    currency: str | None = None
    """Settlement currency of the instruments."""

    kind: Kind | None = None
    reason: str = CancelReason.USER_REQUEST
    order_types: tuple[OrderType, ...] = ()
    """Only these; empty for all."""

    label: str | None = None
    """Only those that carry it."""
