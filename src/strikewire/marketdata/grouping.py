"""A book's best levels with neighbouring prices put together, as a complete view."""

from collections.abc import Callable, Iterable

from strikewire.depth import DepthBook, Level


def grouped(book: DepthBook, group: int, depth: int) -> tuple[list[Level], list[Level]]:
    """Return at most `depth` levels per side, best first, with prices on multiples of `group`.

    A bid is counted at the multiple at or below it, an ask at the one at or above it, so that
    grouping never makes the spread look narrower than it is.

    Args:
        book: Prices in ticks, amounts in lots.
        group: Ticks; 1 leaves the levels as they are.
        depth: Levels per side; positive.
    """
    assert group > 0
    assert depth > 0
    bids = _side(book.bids, lambda price: price // group * group, depth)
    asks = _side(book.asks, lambda price: -(-price // group) * group, depth)
    return bids, asks


def _side(levels: Iterable[Level], multiple: Callable[[int], int], depth: int) -> list[Level]:
    found: list[Level] = []
    for price, amount in levels:
        at = multiple(price)
        if found and found[-1].price == at:
            found[-1] = Level(at, found[-1].amount + amount)
        elif len(found) == depth:
            break
        else:
            found.append(Level(at, amount))
    return found
