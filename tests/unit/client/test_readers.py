"""Notes reach the streams that follow their channel, and channels without readers are left."""

import gc
import json

import pytest
from msgspec import Raw

from strikewire.client.errors import ClientClosedError, SubscriptionRefusedError
from strikewire.client.events import (
    Connected,
    Disconnected,
    Gap,
    Lost,
    Refused,
    Resynced,
    Stale,
)
from strikewire.client.readers import Readers
from strikewire.client.streams import Loss


class House:
    """Readers, and what they asked of the connection."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.readers = Readers(
            want=lambda channels: self.asked.extend(("want", one) for one in channels),
            drop=lambda channels: self.asked.extend(("drop", one) for one in channels),
            renew=lambda channel: self.asked.append(("renew", channel)),
        )

    def push(self, channel: str, data: object, *, is_first: bool = False) -> None:
        raw = Raw(json.dumps(data).encode())
        self.readers.deliver(channel, raw, now_ns=9, is_first=is_first)

    def book(self, kind: str, change_id: int, previous: int = 0) -> None:
        data = {"type": kind, "timestamp": 1, "change_id": change_id, "bids": [], "asks": []}
        self.push("book.A.raw", data | {"prev_change_id": previous})


async def test_a_note_reaches_every_stream_of_its_channel() -> None:
    house = House()
    one = house.readers.add_notes(["trades.A.raw"], loss=None, capacity=10)
    two = house.readers.add_notes(["trades.A.raw"], loss=None, capacity=10)
    other = house.readers.add_notes(["trades.B.raw"], loss=None, capacity=10)

    house.push("trades.A.raw", [1], is_first=True)
    house.readers.end(None)

    assert [(note.data, note.is_first, note.received_ns) async for note in one] == [([1], True, 9)]
    assert [note.data async for note in two] == [[1]]
    assert [note.data async for note in other] == []


@pytest.mark.parametrize("channel", ["ticker.A.raw", "quote.A", "user.portfolio.BTC"])
async def test_channels_of_states_keep_the_latest_by_default(channel: str) -> None:
    house = House()
    stream = house.readers.add_notes([channel], loss=None, capacity=10)

    house.push(channel, 1)
    house.push(channel, 2)

    assert (await anext(stream)).data == 2


async def test_a_lossy_stream_tells_the_listeners() -> None:
    house = House()
    listener = house.readers.add_listener()
    stream = house.readers.add_notes(["trades.A.raw"], loss=Loss.OLDEST, capacity=1)
    house.push("trades.A.raw", 1)
    house.push("trades.A.raw", 2)

    await anext(stream)

    assert await anext(listener) == Lost("trades.A.raw", 1)


async def test_a_stream_that_nobody_holds_any_more_ends_its_subscription() -> None:
    house = House()
    stream = house.readers.add_notes(["trades.A.raw"], loss=None, capacity=10)
    house.push("trades.A.raw", 1)
    assert house.asked == [("want", "trades.A.raw")]

    del stream
    gc.collect()
    house.push("trades.A.raw", 2)

    assert house.asked[-1] == ("drop", "trades.A.raw")


async def test_the_last_reader_to_leave_ends_the_subscription() -> None:
    house = House()
    async with house.readers.add_notes(["trades.A.raw"], loss=None, capacity=10):
        async with house.readers.add_notes(["trades.A.raw"], loss=None, capacity=10):
            pass
        assert ("drop", "trades.A.raw") not in house.asked
    assert house.asked[-1] == ("drop", "trades.A.raw")


async def test_a_book_that_breaks_is_renewed_and_every_reader_told() -> None:
    house = House()
    listener = house.readers.add_listener()
    stream = house.readers.add_book("A", "raw", None)
    house.book("snapshot", 5)
    house.book("change", 6, 5)
    house.book("change", 8, 7)
    house.book("snapshot", 9)

    views = [await anext(stream) for _ in range(3)]

    assert house.asked == [("want", "book.A.raw"), ("renew", "book.A.raw")]
    gap = Gap("A", "book is at change 6, message continues 7")
    assert [view.event for view in views] == [Resynced("A", 5), gap, Resynced("A", 9)]
    assert [await anext(listener) for _ in range(3)] == [Resynced("A", 5), gap, Resynced("A", 9)]


async def test_changes_wake_the_readers_of_a_book_without_an_event() -> None:
    house = House()
    stream = house.readers.add_book("A", "raw", None)
    house.book("snapshot", 5)
    await anext(stream)
    house.book("change", 6, 5)

    view = await anext(stream)

    assert (view.change_id, view.event) == (6, None)


async def test_books_are_stale_while_disconnected_and_wait_for_their_snapshot() -> None:
    house = House()
    stream = house.readers.add_book("A", "raw", None)
    house.book("snapshot", 5)
    await anext(stream)

    house.readers.tell(Disconnected("reset", 125))
    house.readers.tell(Disconnected("refused", 250))
    house.book("change", 6, 5)
    house.readers.tell(Connected(2))
    house.book("snapshot", 100)

    views = [await anext(stream) for _ in range(2)]
    assert [view.event for view in views] == [Stale("A", "reset"), Resynced("A", 100)]


async def test_a_refused_channel_fails_its_streams() -> None:
    house = House()
    stream = house.readers.add_notes(["nonsense"], loss=None, capacity=10)
    book = house.readers.add_book("A", "raw", None)

    house.readers.tell(Refused("nonsense", "unknown"))
    house.readers.tell(Refused("book.A.raw", "needs a key"))

    with pytest.raises(SubscriptionRefusedError, match="nonsense: not subscribed: unknown"):
        await anext(stream)
    with pytest.raises(SubscriptionRefusedError, match="needs a key"):
        await anext(book)


async def test_a_book_beside_a_stream_of_notes_asks_for_a_snapshot_of_its_own() -> None:
    house = House()
    notes = house.readers.add_notes(["book.A.raw"], loss=None, capacity=10)

    house.readers.add_book("A", "raw", None)

    assert notes.is_open
    assert ("renew", "book.A.raw") in house.asked


async def test_two_readers_share_one_book() -> None:
    house = House()
    one = house.readers.add_book("A", "raw", None)
    house.book("snapshot", 5)

    two = house.readers.add_book("A", "raw", 1)

    assert one.book is two.book
    assert (await anext(two)).change_id == 5


async def test_the_end_of_the_client_ends_every_stream() -> None:
    house = House()
    notes = house.readers.add_notes(["trades.A.raw"], loss=None, capacity=10)
    book = house.readers.add_book("A", "raw", None)
    listener = house.readers.add_listener()

    house.readers.end(ClientClosedError())

    for stream in (notes, book):
        with pytest.raises(ClientClosedError):
            await anext(stream)
    assert [event async for event in listener] == []


async def test_one_stream_may_follow_many_channels_and_leaves_them_all() -> None:
    house = House()
    async with house.readers.add_notes(["quote.A", "quote.B"], loss=None, capacity=1) as stream:
        house.push("quote.A", 1)
        house.push("quote.B", 2)
        house.push("quote.B", 3)

        notes = [await anext(stream) for _ in range(2)]

    assert [(note.channel, note.data) for note in notes] == [("quote.A", 1), ("quote.B", 3)]
    assert house.asked == [
        ("want", "quote.A"),
        ("want", "quote.B"),
        ("drop", "quote.A"),
        ("drop", "quote.B"),
    ]
