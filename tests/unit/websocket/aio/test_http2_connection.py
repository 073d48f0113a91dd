import asyncio

import h2.errors
import h2.events
import pytest
from hyperframe.frame import GoAwayFrame, PingFrame

from strikewire.websocket import Limits
from strikewire.websocket.aio.http2_stream import Http2StreamTransport
from strikewire.websocket.http2 import ConnectionFailed, GoingAway, SettingsReceived

from .http2_peers import InMemory, Recorder, until


def opened(pair: InMemory) -> tuple[Http2StreamTransport, Recorder]:
    stream_id = pair.open()
    recorder = Recorder()
    transport = Http2StreamTransport(pair.connection, stream_id, linger_s=0)
    transport.set_protocol(recorder)
    pair.connection.adopt(stream_id, transport)
    return transport, recorder


async def until_lost(pair: InMemory) -> None:
    while not pair.lost:
        await pair.turn()


async def test_a_full_socket_leaves_data_with_its_stream_and_takes_everything_else() -> None:
    pair = InMemory()
    transport, recorder = opened(pair)
    await pair.turn()
    pair.socket.stall()
    transport.write(b"x" * 60_000)
    await pair.turn()
    pair.connection.pause_writing()
    transport.write(b"y" * 60_000)
    pair.client.ping(b"12345678")
    writes = len(pair.socket.written)
    await pair.turn()
    assert len(pair.socket.written) == writes + 1
    assert transport.get_write_buffer_size() == 60_000

    pair.connection.resume_writing()
    assert transport.get_write_buffer_size() < 60_000
    transport.abort()
    assert "lost" not in recorder.told


async def test_a_peer_that_asks_and_reads_nothing_is_hung_up_on() -> None:
    pair = InMemory(limits=Limits(queued_bytes_high=100), unread_bytes_max=1000)
    pair.socket.stall()
    for _ in range(64):  # 17 bytes each
        pair.socket.give(PingFrame(0, b"12345678").serialize())
    assert not pair.connection.is_closing

    pair.socket.give(PingFrame(0, b"12345678").serialize())
    assert pair.connection.is_closing
    await until(lambda: bool(pair.lost))


async def test_events_that_concern_no_owned_stream_are_passed_on() -> None:
    pair = InMemory()
    pair.open()

    assert isinstance(pair.events[0], SettingsReceived)
    assert len(pair.events) == 2


async def test_a_broken_connection_is_told_and_hung_up() -> None:
    pair = InMemory()
    _, recorder = opened(pair)
    pair.socket.give(bytes.fromhex("ffffff 00 00 00000001"))
    await pair.turn()

    assert isinstance(pair.events[-1], ConnectionFailed)
    assert [type(told) for told in recorder.told] == [ConnectionResetError]
    assert pair.has_heard(h2.events.ConnectionTerminated)
    assert pair.socket.has_ended
    pair.socket.close()
    await until_lost(pair)


class TestGoingAway:
    async def test_the_socket_is_hung_up_after_the_last_stream(self) -> None:
        pair = InMemory()
        transport, _ = opened(pair)
        pair.connection.close()
        await asyncio.sleep(0)
        assert not pair.socket.has_ended
        transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert pair.socket.has_ended

        pair.socket.abort()
        await until(lambda: bool(pair.lost))

    async def test_at_once_if_there_is_none(self) -> None:
        pair = InMemory(limits=Limits(close_timeout_s=0.001))
        pair.connection.close()
        await until_lost(pair)  # the client did not hang up: the socket was aborted

        assert pair.socket.has_ended
        assert pair.has_heard(h2.events.ConnectionTerminated)

    async def test_a_client_that_goes_away_may_finish_its_streams(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        pair.socket.give(GoAwayFrame(0, 0).serialize())
        transport.write(b"goodbye")
        await pair.turn()

        assert pair.events[-1] == GoingAway(0, 0)
        assert pair.got(1) == b"goodbye"
        assert recorder.told == []
        assert not pair.socket.has_ended
        transport.abort()
        await pair.turn()
        assert pair.socket.has_ended
        pair.socket.abort()
        await until_lost(pair)


class TestTimes:
    async def test_a_client_that_opens_no_stream_is_hung_up_on(self) -> None:
        pair = InMemory(limits=Limits(open_timeout_s=0.001, close_timeout_s=0.001))
        await until_lost(pair)

        assert pair.has_heard(h2.events.ConnectionTerminated)

    async def test_one_whose_streams_are_over_too(self) -> None:
        pair = InMemory(limits=Limits(idle_timeout_s=0.001, close_timeout_s=0.001))
        transport, _ = opened(pair)
        await pair.turn()
        assert not pair.lost
        transport.abort()
        await until_lost(pair)

    async def test_zero_waits_forever(self) -> None:
        pair = InMemory(limits=Limits(open_timeout_s=0, idle_timeout_s=0))
        transport, _ = opened(pair)
        transport.abort()
        await pair.turn()

        assert not pair.lost
        pair.connection.abort()
        await until_lost(pair)


@pytest.mark.parametrize("closes_with_last_stream", [True, False])
async def test_a_stream_that_owns_its_socket_is_gone_when_that_is(
    closes_with_last_stream: bool,
) -> None:
    pair = InMemory(closes_with_last_stream=closes_with_last_stream)
    transport, recorder = opened(pair)
    transport.abort()
    await pair.turn()
    assert recorder.told == ([] if closes_with_last_stream else ["lost"])

    pair.socket.abort()
    await until_lost(pair)
    assert recorder.told == ["lost"]
