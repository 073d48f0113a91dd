import asyncio

from strikewire.testing.transport import MemoryTransport, memory_pair


class Recorder(asyncio.Protocol):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def data_received(self, data: bytes) -> None:
        self.told.append(data)

    def eof_received(self) -> None:
        self.told.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_one_end_writes_the_other_is_given() -> None:
    left, right = memory_pair()
    right.set_protocol(recorder := Recorder())

    left.write(b"a")
    left.write(b"b")
    await settle()

    assert recorder.told == [b"a", b"b"]
    assert left.written == [b"a", b"b"]


async def test_a_paused_end_is_given_nothing_until_it_resumes() -> None:
    left, right = memory_pair()
    right.set_protocol(recorder := Recorder())
    right.pause_reading()
    left.write(b"a")
    await settle()
    assert recorder.told == []

    right.resume_reading()
    await settle()

    assert recorder.told == [b"a"]


async def test_a_stalled_end_fills_up_and_flows_again() -> None:
    left, right = memory_pair()
    left.set_protocol(writer := Recorder())
    right.set_protocol(reader := Recorder())
    left.set_write_buffer_limits(high=3)
    left.stall()

    left.write(b"abc")
    assert writer.told == []
    left.write(b"d")
    assert (writer.told, left.get_write_buffer_size()) == (["pause"], 4)

    left.flow()
    await settle()
    assert (writer.told, left.get_write_buffer_size()) == (["pause", "resume"], 0)
    assert reader.told == [b"abc", b"d"]


async def test_an_end_that_closes_its_half_can_still_read() -> None:
    left, right = memory_pair()
    left.set_protocol(first := Recorder())
    right.set_protocol(second := Recorder())

    left.write_eof()
    await settle()

    assert second.told == ["eof", "lost"]
    assert first.told == ["eof", "lost"]


async def test_an_aborted_end_drops_what_waits() -> None:
    left, right = memory_pair()
    left.set_protocol(first := Recorder())
    right.set_protocol(second := Recorder())
    left.stall()
    left.write(b"a")

    left.abort()
    await settle()

    assert first.told == ["lost"]
    assert second.told == ["eof", "lost"]
    assert left.is_lost


async def test_a_closing_end_sends_what_waits_first() -> None:
    left, right = memory_pair()
    right.set_protocol(recorder := Recorder())
    left.stall()
    left.write(b"a")
    left.close()
    await settle()
    assert recorder.told == []

    left.flow()
    await settle()

    assert recorder.told == [b"a", "eof", "lost"]


async def test_an_end_alone_swallows_what_it_is_given() -> None:
    alone = MemoryTransport(recorder := Recorder())

    alone.write(b"a")
    alone.give(b"b")

    assert alone.all_written == b"a"
    assert recorder.told == [b"b"]


async def test_the_end_of_an_end_can_be_waited_for() -> None:
    for end in (MemoryTransport.close, MemoryTransport.abort, MemoryTransport.write_eof):
        alone = MemoryTransport(Recorder())
        asyncio.get_running_loop().call_soon(end, alone)

        await alone.wait_ended()
