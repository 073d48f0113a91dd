from strikewire.depth import DepthBook, Level
from strikewire.marketdata.grouping import grouped


def test_without_a_group_the_best_levels_are_as_they_are() -> None:
    book = DepthBook(1, bids=[(99, 5), (100, 3), (98, 1)], asks=[(101, 2), (102, 4)])

    assert grouped(book, group=1, depth=2) == (
        [Level(100, 3), Level(99, 5)],
        [Level(101, 2), Level(102, 4)],
    )


def test_bids_are_rounded_down_and_asks_up_so_that_the_spread_never_looks_narrower() -> None:
    book = DepthBook(1, bids=[(104, 1), (101, 2), (99, 4)], asks=[(106, 1), (110, 2), (111, 4)])

    assert grouped(book, group=10, depth=20) == (
        [Level(100, 3), Level(90, 4)],
        [Level(110, 3), Level(120, 4)],
    )


def test_the_depth_counts_groups_and_the_last_one_is_complete() -> None:
    book = DepthBook(1, bids=[(105, 1), (104, 1), (95, 1), (94, 1), (85, 1)])

    assert grouped(book, group=10, depth=2) == ([Level(100, 2), Level(90, 2)], [])


def test_an_empty_book_has_no_groups() -> None:
    assert grouped(DepthBook(), group=5, depth=1) == ([], [])
