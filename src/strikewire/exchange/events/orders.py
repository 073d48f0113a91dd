"""Events of orders, and of the levels of the books that they wait in."""

from enum import StrEnum

import msgspec

from strikewire.exchange.commands import OrderType, TimeInForce, Trigger
from strikewire.exchange.links import Link
from strikewire.exchange.mmp import MmpTag
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, PriceE8, Side, Ticks, Units


class OrderState(StrEnum):
    """Where an order is in its life, in Deribit's words."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    """It waited outside of the book and was refused when its turn came: see `reject_reason`. A
    command that is rejected leaves no order behind."""

    UNTRIGGERED = "untriggered"
    """It waits outside of the book."""

    TRIGGERED = "triggered"
    """Its turn came, and another order took its place: see `triggered_order_id`."""


class OrderView(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True):
    """An order as its owner sees it, at one moment."""

    order_id: OrderId
    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: Ticks | None
    """None for a market order."""

    amount: Lots
    """In total, what is filled included."""

    filled: Lots
    filled_value: int
    """Sum over its fills of ticks times lots; `filled_value / filled` is the average in ticks."""

    fee: Units
    """Fees paid so far, in the settlement currency."""

    state: OrderState
    post_only: bool
    reject_post_only: bool
    reduce_only: bool
    label: str
    created_ns: int
    updated_ns: int
    cancel_reason: str = ""
    """A `CancelReason`, empty unless cancelled."""

    replaced: bool = False
    """Whether it was ever edited."""

    is_liquidation: bool = False
    """Whether the venue placed it, to close a position whose margin had run out."""
    trigger: Trigger | None = None
    """What it waits for, or waited for. Of a trailing stop its price is where it stands now."""

    trigger_reference: PriceE8 | None = None
    """Of a trailing stop: the price it was placed at."""

    trigger_order_id: OrderId | None = None
    """The order whose turn came, and in whose place this one is."""

    triggered_order_id: OrderId | None = None
    """The order that took its place."""

    reject_reason: str = ""
    """Why it was refused when its turn came, as in `Rejected.reason`; empty unless rejected."""

    original_type: OrderType | None = None
    """What it was placed as, where it became another type as it came in."""

    display_amount: Lots = Lots(0)
    """Of an iceberg: what of it is shown now; 0 of every other order, which is shown whole."""

    refresh_amount: Lots = Lots(0)
    """Of an iceberg: what is shown anew when all that was shown has traded."""
    link: Link | None = None
    """What ties it to other orders."""

    is_dormant: bool = False
    """Whether it waits for another order, and not yet for a price."""

    mmp: MmpTag | None = None
    """Of an order under market-maker protection."""

    hidden: bool = False
    """Whether the public never sees any of it while it waits."""

    @property
    def remaining(self) -> Lots:
        """What is not filled yet, wanted or not."""
        return Lots(self.amount - self.filled)


class OrderEvent(msgspec.Struct, gc=False, frozen=True, array_like=True, tag="order"):
    """An order changed; this is all of it, afterwards."""

    order: OrderView


class LevelChanged(msgspec.Struct, gc=False, frozen=True, array_like=True, tag="level"):
    """A level of a book changed; at most one of these per level and command."""

    instrument_id: InstrumentId
    side: Side
    price: Ticks
    amount: Lots
    """The whole level, afterwards; 0 when it is gone."""

    change_id: int
    """One more than the book's last; shared by all levels that one command changed in it."""
