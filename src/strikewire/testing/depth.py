"""Books drawn as ladders, so that a test shows its state instead of describing it."""

from strikewire.depth import DepthBook


def depth_of(ladder: str, *, change_id: int = 7) -> DepthBook:
    """Return the book that a drawing shows.

    Args:
        ladder: One line a price, `bid amount | price | ask amount`, highest price on top, the empty
            side left blank.
        change_id: The change the book is at.

    Raises:
        ValueError: A line is not of that form, or the prices do not fall from line to line.

    Example:
        >>> book = depth_of('''
        ...       | 101 | 5
        ...     3 | 100 |
        ...     9 |  99 |
        ... ''')
        >>> book.bids.best()
        Level(price=100, amount=3)
    """
    bids: list[tuple[int, int]] = []
    asks: list[tuple[int, int]] = []
    above: int | None = None
    for line in filter(None, map(str.strip, ladder.splitlines())):
        bid, price_text, ask = (cell.strip() for cell in line.split("|"))
        price = int(price_text)
        if above is not None and price >= above:
            raise ValueError(f"price {price} is drawn below {above}")
        above = price
        if bid:
            bids.append((price, int(bid)))
        if ask:
            asks.append((price, int(ask)))
    return DepthBook(change_id, bids, asks)
