"""How absurd a price may be: as long as what positions are worth at it fits into 64 bits.

A mark or a delivery price comes from outside, and may be anything that a broken source said. At
such a price the largest position that the venue allows could be worth more than a 64-bit word
holds, and then no state could be written down any more. So the price is refused where that could
happen, also if nobody holds anything: whether a command is refused must be plain to see.

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


def crowded_currency(state: State, marks: Iterable[Mark]) -> str | None:
    """Return a currency in which all that is held would together be worth too much; or None."""
    sums: dict[str, int] = {}
    for mark in marks:
        market = state.markets[mark.instrument_id]
        if market.open_interest and mark.price:
            contract = market.contract
            worth = abs(contract.exit_value(market.open_interest, mark.price))
            sums[contract.currency] = sums.get(contract.currency, 0) + worth
    return next((name for name in sorted(sums) if sums[name] > WORTH_MAX), None)
