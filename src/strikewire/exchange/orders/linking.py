"""Orders that come with another one: what is asked of them, and how they are tied.

They are refused for the reasons at the top of `trading`, in the same order, with these in between:

| #   | place                                                                       |
|-----|-----------------------------------------------------------------------------|
| 6c  | not as many others as the type of link has, or more than `LINKED_ORDERS_MAX` |
| 6d  | one of another account or instrument, with a deadline or others of its own  |
| 6e  | one whose form is not right: rows 5 and 6 for each, in their order          |
| 9a  | of a pair: the other one's price has been reached, or is not known yet      |
| 10a | too many orders that wait outside of the book, all of them counted          |

Whether those that others trigger can come in is asked when they do.
"""

from msgspec import structs

from strikewire.exchange.commands import LinkedOrderType, PlaceOrder
from strikewire.exchange.events import OrderEvent, Reject, Rejected
from strikewire.exchange.links import Link
from strikewire.exchange.orders.triggering import kept_command, refuse_too_many, set_up
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account
from strikewire.model import OrderId

LINKED_ORDERS_MAX = 8
"""Orders that may come with another one; with more it is rejected."""

_COUNTS = {
    LinkedOrderType.ONE_TRIGGERS_OTHER: range(1, LINKED_ORDERS_MAX + 1),
    LinkedOrderType.ONE_CANCELS_OTHER: range(1, 2),
    LinkedOrderType.ONE_TRIGGERS_ONE_CANCELS_OTHER: range(2, 3),
}


def refuse_linked(command: PlaceOrder) -> Rejected | None:
    """Refuse others that cannot come with an order, whatever they are themselves."""
    linked = command.linked
    if linked is None:
        return None
    if len(linked.others) not in _COUNTS[linked.type]:
        reason = f"{len(linked.others)} others of {linked.type}"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "otoco_config")
    for other in linked.others:
        is_alien = (other.account_id, other.instrument_id) != (
            command.account_id,
            command.instrument_id,
        )
        if is_alien or other.linked is not None or other.valid_until_ns is not None:
            return Rejected(Reject.INVALID_ARGUMENTS, "other_cannot_be_linked", "otoco_config")
    return None


def refuse_others_now(
    turn: Turn, account: Account, market: Market, command: PlaceOrder
) -> Rejected | None:
    """Refuse for what others need at once: room outside of the book, and of a pair their price."""
    linked = command.linked
    others = linked.others if linked else ()
    if linked is not None and linked.type is LinkedOrderType.ONE_CANCELS_OTHER:
        for other in others:
            if other.order_type.is_triggered:
                found = set_up(turn, market, other, OrderId(0))
                if isinstance(found, Rejected):
                    return found
    more = len(others) + command.order_type.is_triggered
    return refuse_too_many(account, market, more) if more else None


def tie(
    turn: Turn, order_id: OrderId, command: PlaceOrder
) -> tuple[list[ConditionalOrder], Link | None]:
    """Let the others of an order wait, dormant and tied to it, and return them.

    Args:
        turn: The work of the present command.
        order_id: Of the first order, which has not come in yet.
        command: It.

    Returns:
        The others, and what ties the first order to them.
    """
    linked = command.linked
    if linked is None:
        return [], None
    ids = tuple(turn.state.take_order_id() for _ in linked.others)
    condition = linked.fill_condition
    if linked.type is LinkedOrderType.ONE_CANCELS_OTHER:
        links = [Link(fill_condition=condition, partner_id=order_id, pair_id=order_id)]
        first = Link(fill_condition=condition, partner_id=ids[0], pair_id=order_id)
    else:
        links = [Link(fill_condition=condition, primary_id=order_id) for _ in ids]
        is_pair = linked.type is LinkedOrderType.ONE_TRIGGERS_ONE_CANCELS_OTHER
        if is_pair:
            links = paired(links, ids)
        first = Link(fill_condition=condition, secondary_ids=ids, triggers_pair=is_pair)
    others = [
        dormant(turn, other, other_id, link)
        for other, other_id, link in zip(linked.others, ids, links, strict=True)
    ]
    return others, first


def begin(turn: Turn, command: PlaceOrder, others: list[ConditionalOrder]) -> None:
    """Announce the others of an order; of a pair the other one comes in too, if it still can."""
    turn.events += [OrderEvent(other.view()) for other in others]
    linked = command.linked
    if linked is not None and linked.type is LinkedOrderType.ONE_CANCELS_OTHER:
        for other in others:
            turn.wake(other)


def dormant(turn: Turn, command: PlaceOrder, order_id: OrderId, link: Link) -> ConditionalOrder:
    """Let an order wait for another one, and return it; nothing is announced."""
    order = ConditionalOrder(
        order_id=order_id,
        command=kept_command(command),
        trigger=command.trigger,
        created_ns=turn.time_ns,
        updated_ns=turn.time_ns,
        link=link,
        is_dormant=True,
    )
    turn.state.keep(order)
    return order


def paired(links: list[Link], ids: tuple[OrderId, ...]) -> list[Link]:
    """Return the links of two orders with each other as partners."""
    first, second = ids
    one, other = links
    return [
        structs.replace(one, partner_id=second, pair_id=first),
        structs.replace(other, partner_id=first, pair_id=first),
    ]
