from strikewire.depth import DepthBook
from strikewire.marketdata.streams import BookEdit, BookStream, LevelEdit
from strikewire.model import Side


def test_the_first_message_is_the_whole_book_at_the_change_it_is_at() -> None:
    stream = BookStream(DepthBook(7, bids=[(99, 5), (100, 3)], asks=[(102, 1), (101, 2)]))

    assert stream.snapshot() == BookEdit(
        previous=None,
        change_id=7,
        bids=[LevelEdit("new", 100, 3), LevelEdit("new", 99, 5)],
        asks=[LevelEdit("new", 101, 2), LevelEdit("new", 102, 1)],
    )


def test_an_empty_book_is_an_empty_snapshot() -> None:
    assert BookStream(DepthBook()).snapshot() == BookEdit(None, 0, [], [])


def test_a_message_says_what_is_new_what_changed_and_what_is_gone() -> None:
    book = DepthBook(7, bids=[(100, 3), (99, 5)], asks=[(101, 2)])
    stream = BookStream(book)

    move(book, stream, bids={100: 4, 99: 0, 98: 1}, asks={101: 0, 103: 9})

    assert stream.take() == BookEdit(
        previous=7,
        change_id=8,
        bids=[LevelEdit("change", 100, 4), LevelEdit("delete", 99, 0), LevelEdit("new", 98, 1)],
        asks=[LevelEdit("delete", 101, 0), LevelEdit("new", 103, 9)],
    )


def test_each_message_continues_the_one_before() -> None:
    book = DepthBook(7)
    stream = BookStream(book)
    links = []

    for amount in (1, 2, 3):
        move(book, stream, bids={100: amount})
        edit = stream.take()
        assert edit is not None
        links.append((edit.previous, edit.change_id))

    assert links == [(7, 8), (8, 9), (9, 10)]


def test_changes_between_two_messages_become_one() -> None:
    book = DepthBook(7, bids=[(100, 3)])
    stream = BookStream(book)

    move(book, stream, bids={100: 5})
    move(book, stream, bids={100: 4, 99: 1})
    move(book, stream, bids={99: 0})

    assert stream.take() == BookEdit(
        previous=7, change_id=10, bids=[LevelEdit("change", 100, 4)], asks=[]
    )


def test_a_level_that_came_and_went_is_never_told_so_it_is_never_deleted_either() -> None:
    book = DepthBook(7)
    stream = BookStream(book)

    move(book, stream, bids={100: 5})
    move(book, stream, bids={100: 0})

    assert stream.take() is None
    assert stream.snapshot().change_id == 7


def test_the_chain_goes_on_from_where_it_was_after_changes_that_undid_each_other() -> None:
    book = DepthBook(7)
    stream = BookStream(book)
    move(book, stream, bids={100: 5})
    move(book, stream, bids={100: 0})
    assert stream.take() is None

    move(book, stream, asks={101: 1})

    assert stream.take() == BookEdit(
        previous=7, change_id=10, bids=[], asks=[LevelEdit("new", 101, 1)]
    )


def test_who_joins_late_gets_what_the_others_know_and_not_what_they_do_not_know_yet() -> None:
    book = DepthBook(7, bids=[(100, 3), (99, 5)])
    stream = BookStream(book)
    move(book, stream, bids={100: 0, 99: 6, 98: 1}, asks={101: 2})

    snapshot = stream.snapshot()
    edit = stream.take()

    assert snapshot == BookEdit(
        previous=None,
        change_id=7,
        bids=[LevelEdit("new", 100, 3), LevelEdit("new", 99, 5)],
        asks=[],
    )
    assert edit is not None
    assert edit.previous == snapshot.change_id


def test_two_streams_of_one_book_have_their_own_chains() -> None:
    book = DepthBook(7)
    fast, slow = BookStream(book), BookStream(book)

    move(book, fast, slow, bids={100: 1})
    first = fast.take()
    move(book, fast, slow, bids={100: 2})
    second, both = fast.take(), slow.take()

    assert first == BookEdit(7, 8, [LevelEdit("new", 100, 1)], [])
    assert second == BookEdit(8, 9, [LevelEdit("change", 100, 2)], [])
    assert both == BookEdit(7, 9, [LevelEdit("new", 100, 2)], [])


def move(
    book: DepthBook,
    *streams: BookStream,
    bids: dict[int, int] | None = None,
    asks: dict[int, int] | None = None,
) -> None:
    """Change the book by one change, and let the streams see it as a market does."""
    bids, asks = bids or {}, asks or {}
    for stream in streams:
        for price in bids:
            stream.touch(Side.BUY, price, book.bids.amount(price))
        for price in asks:
            stream.touch(Side.SELL, price, book.asks.amount(price))
    book.apply(book.change_id, book.change_id + 1, list(bids.items()), list(asks.items()))
