import pytest

from strikewire.depth import DepthBook
from strikewire.testing.depth import depth_of


def test_a_drawing_becomes_the_book_it_shows() -> None:
    book = depth_of("""
          | 102 | 7
          | 101 | 5
        3 | 100 |
        9 |  99 |
    """)

    assert book == DepthBook(7, bids=[(100, 3), (99, 9)], asks=[(101, 5), (102, 7)])


def test_a_drawing_may_show_a_crossed_book() -> None:
    book = depth_of("""
        3 | 101 |
          | 100 | 5
    """)

    assert book.is_crossed()


def test_a_drawing_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="price 101 is drawn below 100"):
        depth_of("""
            3 | 100 |
              | 101 | 5
        """)
