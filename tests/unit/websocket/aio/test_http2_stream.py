import h2.errors
import h2.events
import pytest

from strikewire.websocket.aio.http2_stream import Http2StreamTransport

from .http2_peers import InMemory, Recorder


def opened(
    pair: InMemory, recorder: Recorder | None = None, *, linger_s: float = 0
) -> tuple[Http2StreamTransport, Recorder]:
    stream_id = pair.open()
    recorder = recorder or Recorder()
    transport = Http2StreamTransport(pair.connection, stream_id, linger_s=linger_s)
    transport.set_protocol(recorder)
    pair.connection.adopt(stream_id, transport)
    return transport, recorder


class TestReading:
    async def test_data_is_handed_on_as_it_comes_and_then_the_end(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair, Recorder(keeps_open=True))
        pair.client.send_data(1, b"one")
        pair.client.send_data(1, b"two", end_stream=True)
        await pair.turn()

        assert recorder.told == [b"one", b"two", "eof"]
        assert not transport.is_closing()
        transport.abort()

    async def test_a_protocol_that_lets_go_at_the_end_closes_the_stream(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.write(b"last words")
        pair.client.end_stream(1)
        await pair.turn()

        assert recorder.told == ["eof", "lost"]
        assert pair.got(1) == b"last words"
        assert pair.has_heard(h2.events.StreamEnded)
        assert pair.connection.protocol.open_streams == 0

    async def test_while_reading_is_paused_everything_waits(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.pause_reading()
        assert not transport.is_reading()
        pair.client.send_data(1, b"one")
        pair.client.send_data(1, b"two", end_stream=True)
        await pair.turn()
        assert recorder.told == []

        transport.resume_reading()
        assert recorder.told == []  # not before the caller is done
        await pair.turn()
        assert recorder.told == [b"one", b"two", "eof", "lost"]

    async def test_what_waits_is_not_given_back_to_the_window(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.pause_reading()
        for _ in range(3):
            pair.client.send_data(1, b"x" * 16_384)
            await pair.turn()
        assert pair.client.local_flow_control_window(1) == 65_535 - 3 * 16_384

        transport.resume_reading()
        await pair.turn()
        assert pair.client.local_flow_control_window(1) == 65_535 - 16_384 * 3 + 16_384 * 3
        assert b"".join(part for part in recorder.told if isinstance(part, bytes)) == b"x" * 49_152
        transport.abort()

    async def test_a_protocol_may_pause_while_it_is_handed_something(self) -> None:
        class Pausing(Recorder):
            def data_received(self, data: bytes) -> None:
                super().data_received(data)
                transport.pause_reading()

        pair = InMemory()
        transport, recorder = opened(pair, Pausing())
        pair.client.send_data(1, b"one")
        pair.client.send_data(1, b"two")
        await pair.turn()
        assert recorder.told == [b"one"]

        transport.resume_reading()
        await pair.turn()
        assert recorder.told == [b"one", b"two"]
        transport.abort()


class TestWriting:
    async def test_what_is_written_in_one_turn_leaves_in_one_write(self) -> None:
        pair = InMemory()
        transport, _ = opened(pair)
        await pair.turn()
        writes = len(pair.socket.written)
        transport.write(b"one")
        transport.writelines([b"two", bytearray(b"three"), memoryview(b"four")])
        transport.write(b"")
        assert len(pair.socket.written) == writes
        await pair.turn()

        assert len(pair.socket.written) == writes + 1
        assert pair.got(1) == b"onetwothreefour"
        transport.abort()

    async def test_the_protocol_is_paused_above_the_high_mark_and_resumed_below_the_low(
        self,
    ) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.set_write_buffer_limits(high=1000, low=100)
        transport.write(b"x" * 1000)
        assert recorder.told == []
        transport.write(b"x")
        assert recorder.told == ["pause"]
        await pair.turn()

        assert recorder.told == ["pause", "resume"]
        assert transport.get_write_buffer_size() == 0
        transport.abort()

    async def test_a_window_that_the_peer_does_not_give_back_holds_what_is_written(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.write(b"x" * 200_000)
        await pair.turn()
        assert recorder.told == ["pause"]
        assert transport.get_write_buffer_size() == 200_000 - 65_535

        pair.client.increment_flow_control_window(200_000)
        pair.client.increment_flow_control_window(200_000, 1)
        await pair.turn()
        assert recorder.told == ["pause", "resume"]
        assert pair.got(1) == b"x" * 200_000
        transport.abort()

    async def test_marks_have_defaults_and_an_order(self) -> None:
        pair = InMemory()
        transport, _ = opened(pair)
        transport.set_write_buffer_limits()
        assert transport.get_write_buffer_limits() == (16 << 10, 64 << 10)
        transport.set_write_buffer_limits(low=10)
        assert transport.get_write_buffer_limits() == (10, 40)
        with pytest.raises(ValueError, match="low mark 2, high mark 1"):
            transport.set_write_buffer_limits(high=1, low=2)
        transport.abort()

    async def test_our_half_can_be_closed_by_itself(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.write(b"last")
        assert transport.can_write_eof()
        transport.write_eof()
        transport.write_eof()
        transport.write(b"not any more")
        await pair.turn()
        assert pair.got(1) == b"last"
        assert pair.has_heard(h2.events.StreamEnded)

        pair.client.send_data(1, b"still", end_stream=True)
        await pair.turn()
        assert recorder.told == [b"still", "eof", "lost"]


class TestTheEnd:
    async def test_closing_sends_what_waits_and_reads_no_more(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.write(b"x" * 100_000)
        transport.close()
        transport.close()
        transport.write(b"too late")
        pair.client.send_data(1, b"unread")
        await pair.turn()
        assert recorder.told == ["pause"]
        assert transport.is_closing()

        pair.client.increment_flow_control_window(100_000)
        pair.client.increment_flow_control_window(100_000, 1)
        await pair.turn()
        assert recorder.told == ["pause", "lost"]
        assert pair.got(1) == b"x" * 100_000

    async def test_a_peer_that_does_not_close_its_half_is_waited_for_so_long(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair, linger_s=0.001)
        transport.close()
        while not pair.has_heard(h2.events.StreamReset):
            await pair.turn()

        assert recorder.told == ["lost"]
        assert pair.has_heard(h2.events.StreamEnded)
        assert pair.connection.protocol.open_streams == 0

    async def test_or_forever_where_no_time_is_set(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair, linger_s=0)
        transport.close()
        await pair.turn()

        assert recorder.told == ["lost"]
        assert pair.connection.protocol.open_streams == 1
        assert not pair.has_heard(h2.events.StreamReset)

    async def test_closing_gives_back_what_was_never_read(self) -> None:
        pair = InMemory()
        transport, _ = opened(pair)
        transport.pause_reading()
        for _ in range(3):
            pair.client.send_data(1, b"x" * 16_384)
            await pair.turn()
        pair.client.send_data(1, b"x" * (65_535 - 3 * 16_384))
        await pair.turn()
        transport.close()
        await pair.turn()

        pair.client.send_data(1, b"goodbye", end_stream=True)
        await pair.turn()
        assert pair.connection.protocol.open_streams == 0

    async def test_aborting_resets_the_stream(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.write(b"x" * 100_000)
        transport.abort()
        transport.abort()
        assert recorder.told == ["pause"]  # and not more within the call
        await pair.turn()

        assert recorder.told == ["pause", "lost"]
        resets = [event for event in pair.heard if isinstance(event, h2.events.StreamReset)]
        assert [event.error_code for event in resets] == [h2.errors.ErrorCodes.CANCEL]
        assert transport.get_write_buffer_size() == 0

    async def test_a_reset_by_the_peer_is_a_lost_connection(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.pause_reading()
        pair.client.send_data(1, b"never read")
        pair.client.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
        await pair.turn()

        assert [type(told) for told in recorder.told] == [ConnectionResetError]
        assert transport.is_closing()
        transport.close()
        transport.resume_reading()
        await pair.turn()
        assert len(recorder.told) == 1

    async def test_a_reset_while_the_last_words_wait_ends_the_wait(self) -> None:
        pair = InMemory()
        transport, recorder = opened(pair)
        transport.write(b"x" * 100_000)
        transport.close()
        await pair.turn()
        pair.client.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
        await pair.turn()

        assert isinstance(recorder.told[-1], ConnectionResetError)

    async def test_a_lost_socket_loses_its_streams(self) -> None:
        pair = InMemory()
        _, first = opened(pair)
        _, second = opened(pair)
        pair.socket.abort()
        await pair.turn()

        assert first.told == second.told == ["lost"]


async def test_what_is_known_of_the_socket_is_passed_on_but_not_the_socket() -> None:
    pair = InMemory()
    transport, recorder = opened(pair)

    assert transport.get_extra_info("peername") == ("10.0.0.1", 5)
    assert transport.get_extra_info("socket") is None
    assert transport.get_extra_info("socket", 7) == 7
    assert transport.get_protocol() is recorder
    assert transport.stream_id == 1
    transport.abort()
