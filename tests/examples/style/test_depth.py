from __future__ import annotations

import pytest

from examples.style.depth import Delta, Depth
from examples.style.errors import GapError
from examples.style.money import Lots, Ticks


def depth_of(ladder: str, *, change_id: int = 7) -> Depth:
    """Read a book drawn as `bid | price | ask` rows."""
    depth = Depth(change_id)
    for row in ladder.strip().splitlines():
        bid, price, ask = (cell.strip() for cell in row.split("|"))
        if bid:
            depth.bids[Ticks(int(price))] = Lots(int(bid))
        if ask:
            depth.asks[Ticks(int(price))] = Lots(int(ask))
    return depth


def test_a_delta_of_zero_removes_the_level() -> None:
    book = depth_of("""
          | 101 | 5
        3 | 100 |
        9 |  99 |
    """)

    book.apply(7, 8, bids=[Delta(Ticks(100), Lots(0))], asks=[])

    expected = depth_of(
        """
          | 101 | 5
        9 |  99 |
        """,
        change_id=8,
    )
    assert book == expected


def test_a_gap_leaves_the_book_as_it_was() -> None:
    book = depth_of("""
          | 101 | 5
        3 | 100 |
    """)

    with pytest.raises(GapError, match="expected change 7, received 9"):
        book.apply(9, 10, bids=[Delta(Ticks(100), Lots(0))], asks=[])

    assert book == depth_of("""
          | 101 | 5
        3 | 100 |
    """)


def test_a_change_that_crosses_the_book_is_our_own_mistake() -> None:
    book = depth_of("""
          | 101 | 5
        3 | 100 |
    """)

    with pytest.raises(AssertionError):
        book.apply(7, 8, bids=[Delta(Ticks(101), Lots(1))], asks=[])
