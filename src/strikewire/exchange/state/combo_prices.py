"""What a combo is worth by its legs, and what its legs cost at a price of the combo.

Prices are in ticks. A combo's tick is the largest step of which whatever its legs can come to is a
multiple, so a leg's *weight* (its ratio times its ticks per tick of the combo) is a whole number,
and the weights have no common factor:

    price of the combo = sum over the legs of weight times price of the leg

exactly, in integers, for every trade. The rule:

1. Every leg starts at its mark, rounded half to even to its tick, at least one tick.
2. The first leg of the least weight, the *balancing* leg, takes what the others leave of the price.
   Where its weight is not one, the others rise before that by as few ticks as make it come out
   even: the first that can by the fewest, then the next.
3. Should that be less than one tick, the others make room: the first leg whose price moves the
   balancing leg up as it rises does so; where there is none, they fall, one after the other, each
   as far as it has to and down to one tick at most. Then the balancing leg takes the rest. All this
   in steps that leave it even.

A price that leaves less than one tick for a leg is refused when an order names it.
"""

from collections.abc import Sequence
from math import gcd

from strikewire.exchange.state.margin import PriceBand
from strikewire.model import PRICE_TICKS_MAX, PriceE8, Ticks, divide_half_even, divide_up


def leg_prices(weights: Sequence[int], price: int, marks: Sequence[int]) -> list[Ticks]:
    """Return what each leg of a combo costs at a price of the combo.

    Args:
        weights: Of the legs; without a common factor.
        price: Of the combo, in its ticks; not below `lowest_price(weights)`.
        marks: Of the legs, in their ticks, at least 1.

    Returns:
        Ticks of each leg, at least 1. Weight times price over all legs sums to the combo's price.
    """
    assert price >= lowest_price(weights)
    least = min(map(abs, weights))
    balancing = next(n for n, weight in enumerate(weights) if abs(weight) == least)
    others = [n for n in range(len(weights)) if n != balancing]
    prices, sign = list(marks), weights[balancing] // least
    _come_out_even(weights, price, prices, least=least, others=others)

    def left() -> int:
        """Return what the others leave for the balancing leg."""
        return sign * (price - sum(weights[n] * prices[n] for n in others)) // least

    def steps(number: int) -> tuple[int, int, int]:
        """Return a step of a leg's price, what it brings the balancing leg, how many it takes."""
        step = least // gcd(least, weights[number])
        brings = abs(weights[number]) * step // least
        return step, brings, divide_up(1 - left(), brings)

    raising = [n for n in others if weights[n] * sign < 0]
    if left() < 1 and raising:
        step, _, wanted = steps(raising[0])
        prices[raising[0]] += wanted * step
    for number in others:
        if left() < 1:
            step, _, wanted = steps(number)
            prices[number] -= min((prices[number] - 1) // step, wanted) * step
    prices[balancing] = left()

    assert min(prices) >= 1
    assert _sum(weights, prices) == price
    return [Ticks(one) for one in prices]


def _come_out_even(
    weights: Sequence[int], price: int, prices: list[int], *, least: int, others: Sequence[int]
) -> None:
    """Let the others rise so that they leave a whole multiple of the balancing leg's weight."""
    rest = (price - sum(weights[n] * prices[n] for n in others)) % least
    for place, number in enumerate(others):
        # What the legs after this one can still make up for.
        unit = gcd(least, *(weights[n] for n in others[place + 1 :]))
        rise = next(rise for rise in range(unit) if (rest - weights[number] * rise) % unit == 0)
        prices[number] += rise
        rest = (rest - weights[number] * rise) % least
    assert rest == 0


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
    """Return the lowest price of a combo, in its ticks: with legs to be sold it may be negative.

    With a weight of one it is a tick for each leg. Without one not every price above that is some
    sum of prices; from this one on each is.
    """
    if min(weights) < 0:
        return -PRICE_TICKS_MAX
    least = min(weights)
    return least * (sum(weights) - least) + least


def _sum(weights: Sequence[int], prices: Sequence[int]) -> int:
    return sum(weight * price for weight, price in zip(weights, prices, strict=True))
