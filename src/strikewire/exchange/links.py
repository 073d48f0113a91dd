"""What ties orders to each other, as each of them remembers it.

A *primary* triggers *secondaries*, which are dormant until it trades. Two *partners* are a pair of
which one cancels the other. Both may be said of the same orders: two secondaries may be partners.
"""

import msgspec

from strikewire.exchange.commands import TriggerFillCondition
from strikewire.model import OrderId


class Link(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The ties of one order."""

    fill_condition: TriggerFillCondition
    secondary_ids: tuple[OrderId, ...] = ()
    """Of a primary: the orders that it triggers."""

    triggers_pair: bool = False
    """Of a primary: whether its secondaries are partners."""

    primary_id: OrderId | None = None
    """Of a secondary: the order that triggers it, or did."""

    partner_id: OrderId | None = None
    """The other one of a pair, which lives as long as this order does."""

    pair_id: OrderId | None = None
    """What both of a pair have in common, also when one is gone."""

    part_id: OrderId | None = None
    """Of a secondary that is released in parts: the part that was released last."""
