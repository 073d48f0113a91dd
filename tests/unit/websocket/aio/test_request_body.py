import asyncio

import pytest

from strikewire.websocket import ConnectionClosedError
from strikewire.websocket.aio.request_body import RequestBody


def body() -> tuple[RequestBody, list[str]]:
    taken: list[str] = []
    return RequestBody(lambda: taken.append("taken")), taken


async def test_pieces_come_in_order_and_end() -> None:
    stream, _ = body()
    stream.feed(b"a", is_last=False)
    stream.feed(b"b", is_last=False)
    stream.feed(b"", is_last=True)

    assert [piece async for piece in stream] == [b"a", b"b"]


async def test_a_piece_is_waited_for() -> None:
    stream, _ = body()
    asyncio.get_running_loop().call_soon(lambda: stream.feed(b"a", is_last=True))

    assert await anext(stream) == b"a"
    assert stream.is_whole


async def test_a_body_that_is_lost_says_so_after_what_came() -> None:
    stream, _ = body()
    stream.feed(b"a", is_last=False)
    stream.lose()

    assert await anext(stream) == b"a"
    with pytest.raises(ConnectionClosedError):
        await anext(stream)


async def test_a_reader_that_waits_learns_of_the_loss() -> None:
    stream, _ = body()
    asyncio.get_running_loop().call_soon(stream.lose)

    with pytest.raises(ConnectionClosedError):
        await anext(stream)


async def test_it_is_full_until_enough_is_taken_and_tells() -> None:
    stream, taken = body()
    for _ in range(2):
        stream.feed(bytes(40 << 10), is_last=False)
    assert stream.is_full

    await anext(stream)

    assert not stream.is_full
    assert taken == ["taken", "taken"]  # wanted for the first time, and no more full
