"""How absurd a price may be: as long as what positions are worth at it fits into 64 bits.

A mark or a delivery price comes from outside, and may be anything that a broken source said. At
such a price the largest position that the venue allows could be worth more than a 64-bit word
holds, and then no state could be written down any more. So the price is refused where that could
happen, also if nobody holds anything: whether it is refused must be plain to see. Other marks of
the same command are taken over: they are no worse for it.

Margin needs no such bound: see `state.margin.MARGIN_MAX`.
"""

from collections.abc import Iterable

from strikewire.exchange.commands import Mark
from strikewire.exchange.orders.admission import POSITION_LOTS_MAX
from strikewire.exchange.state.clearing import Contract
from strikewire.exchange.state.state import State
from strikewire.model import PriceE8

WORTH_MAX = 2**61
"""Settlement units that the largest position may be worth, and all positions together in the
instruments of one currency that a command marks: a quarter of what a 64-bit word holds."""


def is_markable(contract: Contract, price: PriceE8) -> bool:
    """Say whether the largest position could be valued at a mark."""
    if contract.is_spot or price == 0:
        return True
    return abs(contract.exit_value(POSITION_LOTS_MAX, price)) <= WORTH_MAX


def is_deliverable(contract: Contract, delivery_price: PriceE8) -> bool:
    """Say whether the largest position could be delivered at a price, long or short."""
    return all(
        abs(contract.delivery(side * POSITION_LOTS_MAX, delivery_price)) <= WORTH_MAX
        for side in (1, -1)
    )


def crowding(state: State, marks: Iterable[Mark]) -> list[tuple[int, str]]:
    """Return the marks at which all that is held would together be worth too much.

    Of each currency those that make most of it, until what is left of it is not too much: an absurd
    price is one that makes much. Of equals the one that comes later.

    Returns:
        Place among the marks, and currency.
    """
    worths: dict[str, list[tuple[int, int]]] = {}
    for place, mark in enumerate(marks):
        market = state.markets[mark.instrument_id]
        if market.open_interest and mark.price:
            contract = market.contract
            worth = abs(contract.exit_value(market.open_interest, mark.price))
            worths.setdefault(contract.currency, []).append((worth, place))
    found = []
    for currency, held in sorted(worths.items()):
        total = sum(worth for worth, _ in held)
        for worth, place in sorted(held, reverse=True):
            if total <= WORTH_MAX:
                break
            total -= worth
            found.append((place, currency))
    return found
