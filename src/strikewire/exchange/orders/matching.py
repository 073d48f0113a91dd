"""Whom an order would trade with: decided in full before anything moves.

The walk through the book is price first, then what is shown before what is hidden, then time.
Because it only looks, the same plan answers whether a fill-or-kill order can be filled, what a
trade would cost its taker, and, once accepted, what happens. Nothing between the plan and its
execution can make the two differ.
"""

from collections.abc import Callable

import msgspec

from strikewire.exchange.commands import TriggerFillCondition
from strikewire.exchange.state.book import Book
from strikewire.exchange.state.orders import Order
from strikewire.model import OrderId, Side, Ticks


class Match(msgspec.Struct, frozen=True):
    """Part or all of what a waiting order shows, or will show then, that will be filled.

    It trades at that order's price. An iceberg has a match for each of its slices.
    """

    maker: Order
    lots: int


class Plan(msgspec.Struct, frozen=True):
    """What an incoming order will do to the orders that wait."""

    matches: tuple[Match, ...]
    unpaid: tuple[Order, ...]
    """Waiting orders on the way whose owners can no longer pay for them; they are cancelled
    after the fills, for an iceberg may have been filled before its owner's money ran out."""

    lots: int
    """Filled in total."""

    own: tuple[Order, ...] = ()
    """Waiting orders on the way that belong to the same owner; they are cancelled first."""


Room = Callable[[Order, int], int]
"""How many of these lots a waiting order may be filled with now; 0 to pass it by."""

Own = Callable[[Order], bool]
"""Whether a waiting order belongs to the owner of the incoming one, and must not meet it."""


def plan(
    book: Book,
    side: Side,
    limit: Ticks | None,
    lots: int,
    room: Room | None = None,
    *,
    own: Own | None = None,
) -> Plan:
    """Walk the opposite side of the book, best price first and first come first.

    Args:
        book: Where the order comes in. It is not changed.
        side: Of the incoming order.
        limit: The worst price it takes; None takes any.
        lots: Wanted; positive.
        room: Asked about every waiting order before it is matched, in order. None if every
            waiting order may be filled in full.
        own: Asked first; an own order is passed by. None if there is none to pass by.
    """
    assert lots > 0
    matches: list[Match] = []
    unpaid: list[Order] = []
    passed: list[Order] = []
    finished: set[OrderId] = set()
    left: dict[OrderId, int] = {}
    wanted = lots
    for maker, shown in book.half(side.opposite).slices():
        assert maker.price is not None
        if limit is not None and maker.price * side > limit * side:
            break
        if maker.order_id in finished or _is_cancelled(maker, left):
            continue
        offered = min(wanted, shown)
        filled = 0
        if own is not None and own(maker):
            passed.append(maker)
        else:
            filled = offered if room is None else room(maker, offered)
            if filled > 0:
                matches.append(Match(maker, filled))
                wanted -= filled
                if maker.link is not None:
                    left[maker.order_id] = left.get(maker.order_id, maker.remaining) - filled
            elif not maker.reduce_only:
                unpaid.append(maker)
        if filled < offered:
            # Its next slices could be filled as little.
            finished.add(maker.order_id)
        if wanted == 0:
            break
    return Plan(tuple(matches), tuple(unpaid), lots - wanted, tuple(passed))


def _is_cancelled(maker: Order, left: dict[OrderId, int]) -> bool:
    """Say whether matches so far will cancel a waiting order, as the other one of its pair.

    Args:
        maker: Perhaps one of a pair.
        left: What will be left of orders with ties that were matched.
    """
    link = maker.link
    if link is None or link.partner_id is None or link.partner_id not in left:
        return False
    return link.fill_condition is TriggerFillCondition.FIRST_HIT or left[link.partner_id] == 0
