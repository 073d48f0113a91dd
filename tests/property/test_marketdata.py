"""Every reader of every book channel has the public book, however the channels are read."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from strikewire.depth import DepthBook
from strikewire.marketdata import BookEdit, BookStream
from strikewire.model import Side

PRICES = st.integers(1, 12)
AMOUNTS = st.integers(0, 3)
CHANGES = st.lists(
    st.tuples(st.sampled_from([Side.BUY, Side.SELL]), PRICES, AMOUNTS), min_size=1, max_size=4
)


class Reader:
    """A client that keeps a book from a channel, as strict as the strictest there is."""

    def __init__(self, snapshot: BookEdit) -> None:
        assert snapshot.previous is None
        self.change_id = snapshot.change_id
        self.levels: dict[tuple[str, int], int] = {}
        self._apply(snapshot)

    def read(self, edit: BookEdit) -> None:
        assert edit.previous == self.change_id
        self.change_id = edit.change_id
        self._apply(edit)

    def _apply(self, edit: BookEdit) -> None:
        for side, edits in (("bids", edit.bids), ("asks", edit.asks)):
            for action, price, amount in edits:
                known = (side, price) in self.levels
                assert known is (action != "new")
                assert (amount == 0) is (action == "delete")
                if amount:
                    assert self.levels.get((side, price)) != amount
                    self.levels[side, price] = amount
                else:
                    del self.levels[side, price]


def levels_of(book: DepthBook) -> dict[tuple[str, int], int]:
    return {("bids", price): amount for price, amount in book.bids} | {
        ("asks", price): amount for price, amount in book.asks
    }


def change(book: DepthBook, streams: list[BookStream], edits: list[tuple[Side, int, int]]) -> None:
    """Change the book as a market does: each price once."""
    wanted = {(side, price): amount for side, price, amount in edits}
    for side, price in wanted:
        before = (book.bids if side is Side.BUY else book.asks).amount(price)
        for stream in streams:
            stream.touch(side, price, before)
    book.apply(
        book.change_id,
        book.change_id + 1,
        [(price, amount) for (side, price), amount in wanted.items() if side is Side.BUY],
        [(price, amount) for (side, price), amount in wanted.items() if side is Side.SELL],
    )


@given(
    steps=st.lists(
        st.one_of(CHANGES, st.sampled_from(["send first", "send second", "join"])), max_size=40
    )
)
def test_every_reader_of_every_chain_ends_with_the_public_book(
    steps: list[list[tuple[Side, int, int]] | str],
) -> None:
    book = DepthBook()
    streams = [BookStream(book), BookStream(book)]
    readers: list[list[Reader]] = [[Reader(stream.snapshot())] for stream in streams]

    def send(which: int) -> None:
        edit = streams[which].take()
        if edit is not None:
            for reader in readers[which]:
                reader.read(edit)

    def join() -> None:
        for stream, reading in zip(streams, readers, strict=True):
            reading.append(Reader(stream.snapshot()))

    act: dict[str, Callable[[], None]] = {
        "send first": lambda: send(0),
        "send second": lambda: send(1),
        "join": join,
    }
    for step in steps:
        if isinstance(step, str):
            act[step]()
        else:
            change(book, streams, step)
    send(0)
    send(1)

    for reader in readers[0] + readers[1]:
        assert reader.levels == levels_of(book)
