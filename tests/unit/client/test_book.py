"""A book follows its channel link by link, and says when it cannot."""

import asyncio
import json
from typing import Any

import pytest
from msgspec import Raw

from strikewire.client.book import EVENTS_MAX, BookStep, BookStream, LocalBook
from strikewire.client.errors import ClientClosedError
from strikewire.client.events import Gap, Resynced, Stale


def data(kind: str, change_id: int, previous: int | None = None, **sides: Any) -> Raw:
    body = {"type": kind, "timestamp": 1_000 + change_id, "change_id": change_id}
    if previous is not None:
        body["prev_change_id"] = previous
    return Raw(json.dumps(body | {"bids": [], "asks": []} | sides).encode())


def synced() -> LocalBook:
    book = LocalBook("A")
    book.receive(
        data(
            "snapshot",
            5,
            bids=[["new", 99.5, 10], ["new", 99.0, 20]],
            asks=[["new", 100.0, 30]],
        )
    )
    return book


def test_a_snapshot_is_taken_whole_best_levels_first() -> None:
    view = synced().view()

    assert view.bids == ((99.5, 10.0), (99.0, 20.0))
    assert view.asks == ((100.0, 30.0),)
    assert (view.change_id, view.timestamp_ms, view.is_stale) == (5, 1_005, False)


def test_a_view_can_be_cut() -> None:
    assert synced().view(levels=1).bids == ((99.5, 10.0),)


def test_changes_set_and_delete_levels() -> None:
    book = synced()

    step = book.receive(
        data(
            "change",
            6,
            5,
            bids=[["delete", 99.5, 0], ["change", 99.0, 21]],
            asks=[["new", 100.5, 0.0001]],
        )
    )

    assert step is BookStep.CHANGED
    assert book.view().bids == ((99.0, 21.0),)
    assert book.view().asks == ((100.0, 30.0), (100.5, 0.0001))
    assert book.links == 1


def test_small_option_prices_stay_exact() -> None:
    book = LocalBook("A")

    book.receive(data("snapshot", 1, bids=[["new", 0.0105, 0.1]], asks=[["new", 0.011, 12.3]]))

    assert book.view().bids == ((0.0105, 0.1),)
    assert book.view().asks == ((0.011, 12.3),)


@pytest.mark.parametrize(
    "broken",
    [
        data("change", 7, 6),
        data("change", 6),
        data("change", 5, 5),
        data("change", 6, 5, bids=[["new", 101.0, 1]]),
        data("change", 6, 5, bids=[["new", 99.0, -1]]),
        data("surprise", 6, 5),
        Raw(b"{}"),
        Raw(b"["),
    ],
)
def test_a_change_that_does_not_fit_breaks_the_chain(broken: Raw) -> None:
    book = synced()

    assert book.receive(broken) is BookStep.BROKEN
    assert book.view().is_stale
    assert book.gaps == 1
    assert book.reason


def test_changes_are_ignored_until_a_snapshot_comes() -> None:
    book = synced()
    book.receive(data("change", 9, 8))

    assert book.receive(data("change", 10, 9)) is BookStep.IGNORED
    assert book.receive(data("snapshot", 11, bids=[["new", 1.0, 1]])) is BookStep.RESYNCED
    assert book.view().bids == ((1.0, 1.0),)
    assert book.receive(data("change", 12, 11)) is BookStep.CHANGED


def test_a_snapshot_forgets_the_levels_before_it() -> None:
    book = synced()

    assert book.receive(data("snapshot", 50)) is BookStep.CHANGED
    assert book.view().bids == book.view().asks == ()


def test_distrust_is_news_once() -> None:
    book = synced()

    assert book.distrust("connection lost")
    assert not book.distrust("again")
    assert (book.is_stale, book.reason) == (True, "connection lost")


# -- the stream --------------------------------------------------------------------------------


def stream(book: LocalBook, ended: list[str] | None = None) -> BookStream:
    told = [] if ended is None else ended
    return BookStream(book, "book.A.raw", levels=None, on_end=told.extend)


async def test_a_reader_of_a_book_that_is_there_gets_it_at_once() -> None:
    view = await anext(stream(synced()))

    assert view.change_id == 5


async def test_a_slow_reader_skips_states_but_sees_the_newest() -> None:
    book = synced()
    reader = stream(book)
    for change_id in (6, 7, 8):
        book.receive(data("change", change_id, change_id - 1))
        reader.changed()

    assert (await anext(reader)).change_id == 8
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(reader), 0)


async def test_events_are_yielded_each_in_order() -> None:
    book = LocalBook("A")
    reader = stream(book)
    book.receive(data("snapshot", 5))
    reader.changed(Resynced("A", 5))
    book.receive(data("change", 9, 8))
    reader.changed(Gap("A", "lost"))
    reader.changed(Stale("A", "down"))

    views = [await anext(reader) for _ in range(3)]

    assert [view.event for view in views] == [
        Resynced("A", 5),
        Gap("A", "lost"),
        Stale("A", "down"),
    ]
    assert all(view.is_stale for view in views)


async def test_more_events_than_fit_drop_the_oldest() -> None:
    reader = stream(LocalBook("A"))
    for number in range(EVENTS_MAX + 1):
        reader.changed(Resynced("A", number))

    assert (await anext(reader)).event == Resynced("A", 1)


async def test_a_waiting_reader_is_woken() -> None:
    book = synced()
    reader = stream(book)
    await anext(reader)

    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(anext(reader))
        await asyncio.sleep(0)
        reader.changed()

    assert reading.result().change_id == 5


async def test_an_ended_stream_stops_or_raises() -> None:
    stopped = stream(synced())
    stopped.end()
    failed = stream(synced())
    failed.end(ClientClosedError())

    assert [view async for view in stopped] == []
    with pytest.raises(ClientClosedError):
        await anext(failed)


async def test_leaving_the_block_ends_the_stream_and_tells() -> None:
    ended: list[str] = []

    async with stream(synced(), ended) as reader:
        assert reader.is_open

    assert not reader.is_open
    assert ended == ["book.A.raw"]
