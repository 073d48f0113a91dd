"""What a combo is worth by its legs, and what its legs cost at a price of the combo.

Prices are in ticks. A combo's tick is the finest one of its legs with a ratio of one, and divides
all others, so a leg's *weight* (its ratio times its ticks per tick of the combo) is a whole number:

    price of the combo = sum over the legs of weight times price of the leg

exactly, in integers, for every trade. The rule:

1. Every leg starts at its mark, rounded half to even to its tick, at least one tick.
2. The first leg of weight one, the *balancing* leg, takes what the others leave of the price.
3. Should that be less than one tick, the others make room: the first leg whose price moves the
   balancing leg up as it rises does so; where there is none, they fall, one after the other, each
   as far as it has to and down to one tick at most. Then the balancing leg takes the rest.

A price that leaves less than one tick for every leg is refused when an order names it.
"""

from collections.abc import Sequence

from strikewire.exchange.state.margin import PriceBand
from strikewire.model import PRICE_TICKS_MAX, PriceE8, Ticks, divide_half_even, divide_up


def leg_prices(weights: Sequence[int], price: int, marks: Sequence[int]) -> list[Ticks]:
    """Return what each leg of a combo costs at a price of the combo.

    Args:
        weights: Of the legs; at least one is 1 or -1.
        price: Of the combo, in its ticks; not below `lowest_price(weights)`.
        marks: Of the legs, in their ticks, at least 1.

    Returns:
        Ticks of each leg, at least 1. Weight times price over all legs sums to the combo's price.
    """
    assert price >= lowest_price(weights)
    balancing = next(n for n, weight in enumerate(weights) if abs(weight) == 1)
    prices, sign = list(marks), weights[balancing]

    def left() -> int:
        """Return what the others leave for the balancing leg."""
        others = _sum(weights, prices) - sign * prices[balancing]
        return sign * (price - others)

    raising = [n for n, weight in enumerate(weights) if weight * sign < 0]
    if left() < 1 and raising:
        prices[raising[0]] += divide_up(1 - left(), abs(weights[raising[0]]))
    for number, weight in enumerate(weights):
        if left() < 1 and number != balancing:
            prices[number] -= min(prices[number] - 1, divide_up(1 - left(), abs(weight)))
    prices[balancing] = left()

    assert min(prices) >= 1
    assert _sum(weights, prices) == price
    return [Ticks(one) for one in prices]


def mark_ticks(mark: PriceE8, tick_e8: int) -> Ticks:
    """Return the price that a leg starts from: its mark, between one tick and the highest price."""
    return Ticks(min(max(divide_half_even(mark, tick_e8), 1), PRICE_TICKS_MAX))


def combo_mark(marks: Sequence[tuple[PriceE8 | None, int]]) -> PriceE8 | None:
    """Return what a combo is worth; None as long as a leg has no mark.

    Args:
        marks: Mark and ratio of each leg.
    """
    if any(mark is None for mark, _ in marks):
        return None
    return PriceE8(sum(mark * ratio for mark, ratio in marks if mark is not None))


def combo_band(bands: Sequence[tuple[PriceBand, int]]) -> PriceBand:
    """Return the prices that orders in a combo may have.

    Buyers may bid what the legs would come to if each cost them the most that its own band allows;
    sellers may ask what they would come to if each brought the least.

    Args:
        bands: Price band and weight of each leg.
    """
    highest = sum(w * (band.highest if w > 0 else band.lowest) for band, w in bands)
    lowest = sum(w * (band.lowest if w > 0 else band.highest) for band, w in bands)
    floor = lowest_price([weight for _, weight in bands])
    return PriceBand(
        lowest=Ticks(max(min(lowest, PRICE_TICKS_MAX), floor)),
        highest=Ticks(min(max(highest, floor), PRICE_TICKS_MAX)),
    )


def lowest_price(weights: Sequence[int]) -> int:
    """Return the lowest price of a combo, in its ticks: with legs to be sold it may be negative."""
    return -PRICE_TICKS_MAX if min(weights) < 0 else sum(weights)


def _sum(weights: Sequence[int], prices: Sequence[int]) -> int:
    return sum(weight * price for weight, price in zip(weights, prices, strict=True))
