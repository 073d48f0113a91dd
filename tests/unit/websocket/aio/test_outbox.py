import asyncio

from strikewire.testing.transport import MemoryTransport
from strikewire.websocket.aio.outbox import Outbox, Turn


class Owner(asyncio.Protocol):
    """Passes on what its transport says, as a connection does."""

    def __init__(self, transport: MemoryTransport, turn: Turn | None = None) -> None:
        transport.set_protocol(self)
        turn = turn or Turn(asyncio.get_running_loop())
        self.box = Outbox(transport, turn, high_bytes=100)

    def pause_writing(self) -> None:
        self.box.pause()

    def resume_writing(self) -> None:
        self.box.resume()


async def next_turn() -> None:
    await asyncio.sleep(0)


async def test_a_lone_message_leaves_at_once() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box

    box.write(b"a")

    assert transport.written == [b"a"]


async def test_messages_of_one_turn_after_the_first_leave_together_at_its_end() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box

    for data in (b"a", b"b", b"c"):
        box.write(data)
    assert transport.written == [b"a"]
    assert box.queued_bytes == 2

    await next_turn()
    assert transport.written == [b"a", b"bc"]

    box.write(b"d")
    assert transport.written == [b"a", b"bc", b"d"]


async def test_what_is_written_while_corked_leaves_in_one_write() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box

    box.cork()
    for data in (b"a", b"b", b"c"):
        box.write(data)
    assert transport.written == []
    box.uncork()

    assert transport.written == [b"abc"]


async def test_one_call_ends_the_turn_of_all_boxes() -> None:
    turn = Turn(asyncio.get_running_loop())
    transports = [MemoryTransport() for _ in range(3)]
    boxes = [Owner(transport, turn).box for transport in transports]

    for data in (b"a", b"b", b"c"):
        for box in boxes:
            box.write(data)
    await next_turn()

    assert [transport.written for transport in transports] == [[b"a", b"bc"]] * 3


async def test_a_full_transport_is_given_nothing_more_until_it_has_room() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box
    transport.stall()
    box.cork()
    box.write(bytes(101))
    box.uncork()

    assert box.is_full
    box.write(b"later")
    await next_turn()
    assert transport.written == [bytes(101)]
    assert box.queued_bytes == 106

    transport.flow()
    assert transport.written == [bytes(101), b"later"]
    assert (box.is_full, box.queued_bytes) == (False, 0)


async def test_much_at_once_leaves_in_pieces_the_transport_has_room_for() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box
    transport.stall()
    box.write(bytes(101))
    chunks = [bytes([n]) * 100_000 for n in range(10)]
    for chunk in chunks:
        box.write(chunk)
    assert box.queued_bytes == 101 + 1_000_000

    transport.flow()

    assert transport.all_written == bytes(101) + b"".join(chunks)
    assert [len(data) for data in transport.written] == [101, 300_000, 300_000, 300_000, 100_000]


async def test_a_lot_within_one_turn_does_not_wait_for_its_end() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box

    box.write(b"a")
    box.write(bytes(256 << 10))

    assert [len(data) for data in transport.written] == [1, 256 << 10]


async def test_at_the_end_everything_is_handed_over_room_or_not() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box
    transport.stall()
    box.write(bytes(101))
    box.write(b"close")

    box.flush_all()

    assert transport.written == [bytes(101), b"close"]


async def test_whoever_drains_waits_until_there_is_room() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box
    await box.drain()
    transport.stall()
    box.write(bytes(101))

    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(box.drain()) for _ in range(2)]
        await next_turn()
        assert [task.done() for task in waiting] == [False, False]
        transport.flow()

    assert [task.done() for task in waiting] == [True, True]


async def test_whoever_stops_waiting_is_forgotten() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box
    transport.stall()
    box.write(bytes(101))

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(box.drain())
        await next_turn()
        waiting.cancel()

    assert waiting.cancelled()
    assert box._waiters == []


async def test_a_box_without_socket_forgets_everything_and_wakes_everybody() -> None:
    transport = MemoryTransport()
    box = Owner(transport).box
    transport.stall()
    box.write(bytes(101))
    box.write(b"lost")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(box.drain())
        await next_turn()
        box.abandon()
    box.write(b"late")
    await next_turn()

    assert transport.written == [bytes(101)]
