"""A stream is bounded, and says what it loses."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from msgspec import Raw

from strikewire.client.errors import ClientClosedError, SlowReaderError
from strikewire.client.streams import Loss, Note, Stream


class Told:
    """Remembers what the stream told its client."""

    def __init__(self) -> None:
        self.lost: list[tuple[str, int]] = []
        self.ended: list[Sequence[str]] = []

    def stream(self, loss: Loss, capacity: int = 3) -> Stream[int]:
        return Stream(
            ["numbers"],
            capacity=capacity,
            loss=loss,
            on_lost=lambda name, count: self.lost.append((name, count)),
            on_end=self.ended.append,
        )


async def test_items_come_in_order() -> None:
    stream = Told().stream(Loss.FAIL)
    for number in (1, 2, 3):
        stream.put("numbers", number)
    stream.end()

    assert [number async for number in stream] == [1, 2, 3]


async def test_a_reader_waits_for_the_next_item() -> None:
    stream = Told().stream(Loss.FAIL)

    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(anext(stream))
        await asyncio.sleep(0)
        stream.put("numbers", 7)

    assert reading.result() == 7


async def test_a_full_stream_drops_the_oldest_and_tells_when_the_reader_is_back() -> None:
    told = Told()
    stream = told.stream(Loss.OLDEST)
    for number in range(5):
        stream.put("numbers", number)

    assert await anext(stream) == 2
    assert await anext(stream) == 3
    assert stream.lost == 2
    assert told.lost == [("numbers", 2)]


async def test_a_stream_of_states_keeps_the_latest_and_counts_no_loss() -> None:
    told = Told()
    stream = told.stream(Loss.LATEST)
    for number in range(5):
        stream.put("numbers", number)
    stream.end()

    assert [number async for number in stream] == [4]
    assert stream.lost == 0
    assert told.lost == []


async def test_of_many_channels_of_states_each_keeps_its_latest_and_its_turn() -> None:
    stream: Stream[int] = Stream(
        ["a", "b"],
        capacity=1,
        loss=Loss.LATEST,
        on_lost=lambda _name, _count: None,
        on_end=lambda _channels: None,
    )
    stream.put("a", 1)
    stream.put("b", 2)
    stream.put("a", 3)
    stream.end()

    assert [number async for number in stream] == [3, 2]
    assert stream.name == "a and 1 more"


async def test_a_stream_that_may_lose_nothing_fails_after_what_it_holds() -> None:
    stream = Told().stream(Loss.FAIL)
    for number in range(5):
        stream.put("numbers", number)

    assert [await anext(stream) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SlowReaderError, match="numbers: more than 3 notes"):
        await anext(stream)
    assert not stream.is_open


async def test_an_ended_stream_takes_nothing_more() -> None:
    stream = Told().stream(Loss.FAIL)
    stream.end(ClientClosedError())
    stream.end()
    stream.put("numbers", 1)

    with pytest.raises(ClientClosedError):
        await anext(stream)


async def test_leaving_the_block_ends_the_stream_and_tells() -> None:
    told = Told()

    async with told.stream(Loss.FAIL) as stream:
        stream.put("numbers", 1)

    assert told.ended == [("numbers",)]
    assert [number async for number in stream] == []


def test_a_note_is_read_as_plain_values_or_as_a_struct() -> None:
    class Quote(msgspec.Struct):
        bid: float

    note = Note("quote.A", Raw(b'{"bid":1.5}'), 0, True)

    assert note.data == {"bid": 1.5}
    assert note.read(Quote) == Quote(1.5)
    with pytest.raises(msgspec.ValidationError):
        note.read(list[int])
