import pytest

from strikewire.depth import Delta, DepthBook, DepthSide, GapError, Level, NegativeAmountError
from strikewire.testing.depth import depth_of


def test_a_delta_of_zero_removes_the_level() -> None:
    book = depth_of("""
          | 101 | 5
        3 | 100 |
        9 |  99 |
    """)

    book.apply(7, 8, bids=[Delta(100, 0)], asks=[])

    assert book == depth_of(
        """
          | 101 | 5
        9 |  99 |
    """,
        change_id=8,
    )


def test_a_delta_replaces_the_amount_and_adds_the_level() -> None:
    book = depth_of("""
          | 101 | 5
        3 | 100 |
    """)

    book.apply(7, 9, bids=[Delta(100, 4), Delta(98, 1)], asks=[Delta(103, 2), Delta(101, 6)])

    assert book == depth_of(
        """
          | 103 | 2
          | 101 | 6
        4 | 100 |
        1 |  98 |
    """,
        change_id=9,
    )


def test_removing_a_level_that_is_not_there_changes_only_the_number() -> None:
    book = depth_of("3 | 100 |")

    book.apply(7, 8, bids=[Delta(90, 0)], asks=[Delta(110, 0)])

    assert book == depth_of("3 | 100 |", change_id=8)


def test_a_change_that_does_not_continue_the_book_is_refused_and_changes_nothing() -> None:
    book = depth_of("3 | 100 |")

    with pytest.raises(GapError, match="book is at change 7, message continues 8") as caught:
        book.apply(8, 9, bids=[Delta(100, 0)], asks=[])

    assert (caught.value.expected, caught.value.received) == (7, 8)
    assert book == depth_of("3 | 100 |")


@pytest.mark.parametrize("change_id", [7, 6])
def test_a_change_that_leads_backwards_is_refused_and_changes_nothing(change_id: int) -> None:
    book = depth_of("3 | 100 |")

    with pytest.raises(GapError):
        book.apply(7, change_id, bids=[Delta(100, 0)], asks=[])

    assert book == depth_of("3 | 100 |")


def test_an_amount_below_zero_is_refused_before_anything_changes() -> None:
    book = depth_of("3 | 100 |")

    with pytest.raises(NegativeAmountError, match="amount -2 at price 101 is below zero") as caught:
        book.apply(7, 8, bids=[Delta(100, 9)], asks=[Delta(101, -2)])

    assert (caught.value.price, caught.value.amount) == (101, -2)
    assert book == depth_of("3 | 100 |")


def test_a_snapshot_forgets_what_was_known() -> None:
    book = depth_of("""
          | 101 | 5
        3 | 100 |
    """)

    book.replace(40, bids=[(90, 1), (91, 0)], asks=[])

    assert book == DepthBook(40, bids=[(90, 1)])


def test_a_snapshot_with_an_amount_below_zero_changes_nothing() -> None:
    book = depth_of("3 | 100 |")

    with pytest.raises(NegativeAmountError):
        book.replace(40, bids=[(90, -1)], asks=[])

    assert book == depth_of("3 | 100 |")


def test_sides_are_read_best_first() -> None:
    book = depth_of("""
          | 103 | 7
          | 101 | 5
        3 | 100 |
        9 |  97 |
    """)

    assert book.bids.best() == Level(price=100, amount=3)
    assert book.asks.best() == Level(price=101, amount=5)
    assert list(book.bids) == [(100, 3), (97, 9)]
    assert book.asks.top(1) == [(101, 5)]
    assert book.asks.top(9) == [(101, 5), (103, 7)]
    assert (book.bids.amount(97), book.bids.amount(98)) == (9, 0)
    assert len(book.asks) == 2


def test_an_empty_side_has_no_best() -> None:
    book = DepthBook()

    assert book.bids.best() is None
    assert book.asks.top(5) == []
    assert not book.is_crossed()


def test_prices_below_zero_keep_their_order() -> None:
    book = DepthBook(1, bids=[(-3, 1), (-1, 2)], asks=[(2, 1), (0, 4)])

    assert list(book.bids) == [(-1, 2), (-3, 1)]
    assert list(book.asks) == [(0, 4), (2, 1)]


@pytest.mark.parametrize(("bid", "crossed"), [(100, False), (101, True), (102, True)])
def test_a_book_is_crossed_when_the_bid_reaches_the_ask(bid: int, crossed: bool) -> None:
    assert DepthBook(1, bids=[(bid, 1)], asks=[(101, 1)]).is_crossed() is crossed


def test_a_copy_goes_its_own_way() -> None:
    book = depth_of("3 | 100 |")

    copy = book.copy()
    copy.apply(7, 8, bids=[Delta(100, 0)], asks=[])

    assert book == depth_of("3 | 100 |")
    assert copy == DepthBook(8)


def test_books_differ_by_levels_by_sides_and_by_change() -> None:
    book = depth_of("3 | 100 |")

    assert book != depth_of("4 | 100 |")
    assert book != depth_of("| 100 | 3")
    assert book != depth_of("3 | 100 |", change_id=8)
    assert book != "3 | 100 |"
    assert book.bids != [(100, 3)]
    assert DepthSide(1) != DepthSide(-1)


def test_a_book_shows_its_levels() -> None:
    book = depth_of("""
          | 101 | 5
        3 | 100 |
    """)

    assert repr(book) == "DepthBook(change_id=7, bids[(100, 3)], asks[(101, 5)])"
