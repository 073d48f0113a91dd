"""An order while it lives."""

from strikewire.exchange.commands import OrderType, TimeInForce
from strikewire.exchange.events import OrderState, OrderView
from strikewire.exchange.links import Link
from strikewire.exchange.mmp import MmpTag
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks, Units

NO_LOTS = Lots(0)
NO_UNITS = Units(0)


class Order:
    """An order while it lives."""

    __slots__ = (
        "account_id",
        "amount",
        "cancel_reason",
        "created_ns",
        "display_amount",
        "fee",
        "filled",
        "filled_value",
        "hidden",
        "instrument_id",
        "is_liquidation",
        "is_waiting",
        "label",
        "link",
        "mmp",
        "order_id",
        "order_type",
        "original_type",
        "post_only",
        "price",
        "reduce_only",
        "refresh_amount",
        "reject_post_only",
        "replaced",
        "side",
        "state",
        "time_in_force",
        "trigger_order_id",
        "updated_ns",
    )

    def __init__(
        self,
        *,
        order_id: OrderId,
        account_id: AccountId,
        instrument_id: InstrumentId,
        side: Side,
        order_type: OrderType,
        time_in_force: TimeInForce,
        price: Ticks | None,
        amount: Lots,
        created_ns: int,
        updated_ns: int,
        filled: Lots = NO_LOTS,
        filled_value: int = 0,
        fee: Units = NO_UNITS,
        state: OrderState = OrderState.OPEN,
        post_only: bool = False,
        reject_post_only: bool = False,
        reduce_only: bool = False,
        label: str = "",
        cancel_reason: str = "",
        replaced: bool = False,
        is_liquidation: bool = False,
        trigger_order_id: OrderId | None = None,
        original_type: OrderType | None = None,
        link: Link | None = None,
        display_amount: Lots = NO_LOTS,
        refresh_amount: Lots = NO_LOTS,
        mmp: MmpTag | None = None,
        hidden: bool = False,
    ) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.side = side
        self.order_type = order_type
        self.time_in_force = time_in_force
        self.price = price
        """None for a market order, which never rests."""

        self.amount = amount
        self.filled = filled
        self.filled_value = filled_value
        """Sum over its fills of ticks times lots."""

        self.fee = fee
        self.state = state
        self.post_only = post_only
        self.reject_post_only = reject_post_only
        self.reduce_only = reduce_only
        self.label = label
        self.created_ns = created_ns
        self.updated_ns = updated_ns
        self.cancel_reason = cancel_reason
        self.replaced = replaced
        self.is_liquidation = is_liquidation
        self.trigger_order_id = trigger_order_id
        self.original_type = original_type
        self.link = link
        self.mmp = mmp
        """What it is under, if it is protected."""

        self.display_amount = display_amount
        self.refresh_amount = refresh_amount
        """Of an iceberg: what is shown of it now, and what is shown anew when that has traded."""

        self.hidden = hidden
        """Whether the public never sees any of it while it waits."""

        self.is_waiting = False
        """Whether it stands in a book."""

    @property
    def remaining(self) -> Lots:
        """What is not filled yet."""
        return Lots(self.amount - self.filled)

    @property
    def is_iceberg(self) -> bool:
        """Whether a part of it may be hidden, and another is shown."""
        return self.refresh_amount > 0

    @property
    def visible(self) -> Lots:
        """What the public may see of it while it waits."""
        if self.hidden:
            return NO_LOTS
        return self.display_amount if self.refresh_amount else self.remaining

    @property
    def offered(self) -> Lots:
        """What of it trades before those behind it: what is shown, or all of what never is."""
        return self.remaining if self.hidden else self.visible

    def show(self) -> None:
        """Show the next slice of an iceberg, or all that is left of it."""
        self.display_amount = min(self.refresh_amount, self.remaining)

    def view(self) -> OrderView:
        """Return the order as its owner sees it now."""
        return OrderView(
            order_id=self.order_id,
            account_id=self.account_id,
            instrument_id=self.instrument_id,
            side=self.side,
            order_type=self.order_type,
            time_in_force=self.time_in_force,
            price=self.price,
            amount=self.amount,
            filled=self.filled,
            filled_value=self.filled_value,
            fee=self.fee,
            state=self.state,
            post_only=self.post_only,
            reject_post_only=self.reject_post_only,
            reduce_only=self.reduce_only,
            label=self.label,
            created_ns=self.created_ns,
            updated_ns=self.updated_ns,
            cancel_reason=self.cancel_reason,
            replaced=self.replaced,
            is_liquidation=self.is_liquidation,
            trigger_order_id=self.trigger_order_id,
            original_type=self.original_type,
            display_amount=self.display_amount,
            refresh_amount=self.refresh_amount,
            link=self.link,
            mmp=self.mmp,
            hidden=self.hidden,
        )

    @classmethod
    def restored(cls, view: OrderView) -> "Order":
        """Return the order that `view` was taken of."""
        return cls(
            order_id=view.order_id,
            account_id=view.account_id,
            instrument_id=view.instrument_id,
            side=view.side,
            order_type=view.order_type,
            time_in_force=view.time_in_force,
            price=view.price,
            amount=view.amount,
            filled=view.filled,
            filled_value=view.filled_value,
            fee=view.fee,
            state=view.state,
            post_only=view.post_only,
            reject_post_only=view.reject_post_only,
            reduce_only=view.reduce_only,
            label=view.label,
            created_ns=view.created_ns,
            updated_ns=view.updated_ns,
            cancel_reason=view.cancel_reason,
            replaced=view.replaced,
            is_liquidation=view.is_liquidation,
            trigger_order_id=view.trigger_order_id,
            original_type=view.original_type,
            display_amount=view.display_amount,
            refresh_amount=view.refresh_amount,
            link=view.link,
            mmp=view.mmp,
            hidden=view.hidden,
        )
