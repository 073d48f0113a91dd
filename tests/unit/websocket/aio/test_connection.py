import asyncio
from collections.abc import Callable

import pytest

from strikewire.testing.transport import MemoryTransport, memory_pair
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.keepalive import Pulse
from strikewire.websocket.aio.turns import turn_of
from strikewire.websocket.errors import (
    ConnectionClosedError,
    LocalProtocolError,
    PingTimeoutError,
    SlowReaderError,
)
from strikewire.websocket.limits import Limits
from strikewire.websocket.prepared import prepare
from strikewire.websocket.protocol import Role

QUIET = Limits(ping_interval_s=0, close_timeout_s=0)
KEY = bytes(4)  # XOR with zero: what is masked can be read


def connection(role: Role, transport: MemoryTransport, limits: Limits = QUIET) -> Connection:
    loop = asyncio.get_running_loop()
    pulse = Pulse(loop, interval_s=limits.ping_interval_s, timeout_s=limits.ping_timeout_s)
    made = Connection(turn_of(loop), role, limits=limits, target="/ws?a=1", pulse=pulse)
    transport.set_protocol(made)
    made.connection_made(transport)
    return made


def begun(role: Role, transport: MemoryTransport, limits: Limits = QUIET) -> Connection:
    made = connection(role, transport, limits)
    made.begin()
    return made


def pair(limits: Limits = QUIET) -> tuple[Connection, Connection]:
    left, right = memory_pair()
    return begun("client", left, limits), begun("server", right, limits)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def text(payload: bytes) -> bytes:
    """Return a text frame of a client, masked with zeros."""
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


CLOSE_1000 = bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8])


class TestReceiving:
    async def test_messages_arrive_as_str_and_bytes(self) -> None:
        client, server = pair()

        await client.send("héllo")
        await client.send(b"\xff")

        assert await server.receive() == "héllo"
        assert await server.receive() == b"\xff"

    async def test_text_may_be_taken_undecoded(self) -> None:
        client, server = pair()
        client.send_nowait('{"a":"é"}')

        assert await server.receive(decode=False) == '{"a":"é"}'.encode()

    async def test_a_receiver_waits_for_its_message(self) -> None:
        client, server = pair()
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(server.receive())
            await settle()
            client.send_nowait("late")

        assert waiting.result() == "late"

    async def test_iteration_ends_with_a_normal_close(self) -> None:
        client, server = pair()
        client.send_nowait("a")
        client.send_nowait("b")
        client.close_nowait(1001)

        assert [message async for message in server] == ["a", "b"]

    async def test_iteration_raises_when_the_connection_is_lost(self) -> None:
        client, server = pair()
        client.send_nowait("a")
        await settle()
        client.abort()

        with pytest.raises(ConnectionClosedError) as caught:
            assert [message async for message in server] == ["a"]

        assert (caught.value.code, caught.value.by_us) == (1006, False)

    async def test_only_one_may_take_messages(self) -> None:
        _, server = pair()
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(server.receive())
            await settle()
            with pytest.raises(LocalProtocolError, match="one task or one callback"):
                await server.receive()
            with pytest.raises(LocalProtocolError, match="one task or one callback"):
                await server.deliver_to(lambda payload, is_text: None)
            waiting.cancel()

    async def test_a_receiver_that_gives_up_leaves_the_message_for_the_next(self) -> None:
        client, server = pair()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await server.receive()

        client.send_nowait("a")

        assert await server.receive() == "a"

    async def test_the_peer_is_slowed_down_while_messages_wait(self) -> None:
        left, right = memory_pair()
        client = begun("client", left)
        server = begun("server", right, Limits(received_messages_max=4, ping_interval_s=0))
        for n in range(10):
            client.send_nowait(str(n))
            await settle()
        assert right.is_paused

        assert [await server.receive() for _ in range(10)] == [str(n) for n in range(10)]
        assert not right.is_paused

    async def test_what_was_read_before_the_socket_was_lost_is_still_received(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, Limits(received_messages_max=2, ping_interval_s=0))
        transport.give(b"".join(text(b"%d" % n) for n in range(5)) + CLOSE_1000)
        transport.abort()
        await settle()

        assert [message async for message in server] == ["0", "1", "2", "3", "4"]
        assert server.close_code == 1000


class TestCallback:
    async def test_messages_are_handed_over_as_they_are_read(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        taken: list[tuple[bytes, bool]] = []

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                server.deliver_to(lambda payload, is_text: taken.append((payload, is_text)))
            )
            await settle()
            transport.give(text("é".encode()) + b"\x82\x81\0\0\0\0\xff")
            assert taken == [("é".encode(), True), (b"\xff", False)]
            transport.abort()

    async def test_replies_to_one_packet_leave_in_one_write(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                server.deliver_to(lambda p, is_text: server.send_nowait(p, text=True))
            )
            await settle()
            transport.give(text(b"a") + text(b"b") + text(b"c"))
            assert transport.written == [b"\x81\x01a\x81\x01b\x81\x01c"]
            transport.abort()

    async def test_messages_that_came_before_are_handed_over_first(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        transport.give(text(b"a"))
        taken: list[bytes] = []

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.deliver_to(lambda p, is_text: taken.append(p)))
            await settle()
            transport.give(text(b"b"))
            transport.abort()

        assert taken == [b"a", b"b"]

    async def test_messages_before_a_violation_are_answered_before_it(self) -> None:
        transport = MemoryTransport()
        server = connection("server", transport)
        transport.give(text(b"a") + b"\x83\x80\0\0\0\0")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                server.deliver_to(lambda p, is_text: server.send_nowait(p, text=True))
            )
            await settle()
            transport.abort()

        assert transport.all_written == b"\x81\x01a\x88\x13\x03\xeareserved opcode 3"

    async def test_a_callback_that_fails_closes_1011_and_is_told(self) -> None:
        client, server = pair()

        def fail(payload: bytes, is_text: bool) -> None:
            raise KeyError(payload)

        client.send_nowait("a")
        with pytest.raises(KeyError):
            await server.deliver_to(fail)

        assert (client.close_code, server.closed_by_us) == (1011, True)

    async def test_a_reply_to_a_closed_peer_is_no_failure(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        transport.give(text(b"a") + CLOSE_1000)

        await server.deliver_to(lambda p, is_text: server.send_nowait(p))

        assert transport.all_written == b"\x88\x02\x03\xe8"

    async def test_another_connection_lost_in_a_callback_is_a_failure(self) -> None:
        client, server = pair()
        gone, _ = pair()
        gone.abort()
        await settle()
        client.send_nowait("a")

        with pytest.raises(ConnectionClosedError):
            await server.deliver_to(lambda p, is_text: gone.send_nowait(p))

    async def test_reading_may_be_paused_and_resumed(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        taken: list[bytes] = []

        def take_one(payload: bytes, is_text: bool) -> None:
            taken.append(payload)
            server.pause_reading()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.deliver_to(take_one))
            await settle()
            transport.give(text(b"a") + text(b"b"))
            assert (taken, transport.is_paused) == ([b"a"], True)
            server.resume_reading()
            assert (taken, transport.is_paused) == ([b"a", b"b"], True)
            server.resume_reading()
            assert (taken, transport.is_paused) == ([b"a", b"b"], False)
            transport.abort()

    async def test_a_callback_that_resumes_is_not_called_inside_itself(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        taken: list[bytes] = []

        def take(payload: bytes, is_text: bool) -> None:
            server.pause_reading()
            server.resume_reading()
            taken.append(payload)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.deliver_to(take))
            await settle()
            transport.give(text(b"a") + text(b"b") + text(b"c"))
            transport.abort()

        assert taken == [b"a", b"b", b"c"]


class TestSending:
    async def test_bytes_are_binary_and_str_is_text_unless_said_otherwise(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)

        server.send_nowait("a")
        server.send_nowait(b"a")
        server.send_nowait(b"a", text=True)
        server.send_nowait("a", text=False)
        server.send_prepared(prepare("a"))
        await settle()

        assert [transport.all_written[i] for i in range(0, 15, 3)] == [0x81, 0x82, 0x81, 0x82, 0x81]

    async def test_sending_waits_while_the_peer_does_not_read(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, Limits(queued_bytes_high=100, ping_interval_s=0))
        transport.stall()

        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(server.send(bytes(200)))
            await settle()
            assert not sending.done()
            assert server.queued_bytes == 204
            transport.flow()

        assert server.queued_bytes == 0

    async def test_a_sender_that_waits_when_the_socket_is_lost_is_let_go(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, Limits(queued_bytes_high=100, ping_interval_s=0))
        transport.stall()
        await settle()
        server.send_nowait(bytes(200))

        asyncio.get_running_loop().call_soon(transport.abort)

        with pytest.raises(ConnectionClosedError) as caught:
            await server.send("more")

        assert caught.value.code == 1006

    async def test_draining_waits_as_well(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, Limits(queued_bytes_high=100, ping_interval_s=0))
        transport.stall()
        server.send_nowait(bytes(200))
        asyncio.get_running_loop().call_soon(transport.flow)

        await server.drain()

        assert server.queued_bytes == 0

    @pytest.mark.parametrize(
        "send",
        [
            lambda c: c.send_nowait("a"),
            lambda c: c.send_prepared(prepare("a")),
        ],
    )
    async def test_nothing_can_be_sent_on_a_closed_connection(
        self, send: Callable[[Connection], None]
    ) -> None:
        client, server = pair()
        await client.close()
        await server.wait_closed()

        assert not server.is_open
        with pytest.raises(ConnectionClosedError):
            send(server)
        with pytest.raises(ConnectionClosedError):
            await server.send("a")
        with pytest.raises(ConnectionClosedError):
            await server.ping()


class TestSlowReader:
    LIMITS = Limits(
        queued_bytes_high=100, queued_bytes_max=1000, ping_interval_s=0, close_timeout_s=0
    )

    async def test_a_reader_past_its_limit_is_closed_1008(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, self.LIMITS)
        transport.stall()
        for _ in range(4):
            server.send_nowait(bytes(200))
        assert server.is_open

        server.send_nowait(bytes(200))

        assert (server.is_open, server.close_code, server.closed_by_us) == (False, 1008, True)
        assert transport.all_written.endswith(b"\x88\x12\x03\xf0reads too slowly")
        with pytest.raises(SlowReaderError):
            server.send_nowait("a")

    async def test_while_it_says_open_sending_raises_nothing(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, self.LIMITS)
        transport.stall()

        sent = 0
        while server.is_open:
            server.send_nowait(bytes(100))
            sent += 1

        assert sent == 10

    async def test_one_long_message_on_an_empty_queue_is_no_slow_reader(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, self.LIMITS)
        transport.stall()

        server.send_nowait(bytes(5000))

        assert server.is_open

    async def test_of_the_pongs_for_it_only_the_newest_waits_and_leaves_first(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, self.LIMITS)
        transport.stall()
        server.send_nowait(b"stuck")
        server.send_nowait(b"later")

        for number in range(10):
            transport.give(b"\x89\x81\0\0\0\0%d" % number)
        before = len(transport.all_written)
        transport.flow()

        assert server.is_open
        assert transport.all_written[before:] == b"\x8a\x019" + b"\x82\x05later"

    async def test_a_reader_that_never_reads_again_is_hung_up_on(self) -> None:
        transport = MemoryTransport()
        limits = Limits(queued_bytes_high=100, queued_bytes_max=300, close_timeout_s=0.01)
        server = begun("server", transport, limits)
        transport.stall()
        for _ in range(2):
            server.send_nowait(bytes(200))

        await server.wait_closed()

        assert server.close_code == 1008


class TestPings:
    async def test_a_ping_is_answered_with_its_payload(self) -> None:
        transport = MemoryTransport()
        begun("server", transport)

        transport.give(b"\x89\x82\0\0\0\0hi")

        assert transport.all_written == b"\x8a\x02hi"

    async def test_a_round_trip_is_measured(self) -> None:
        client, _ = pair()

        seconds = await client.ping()

        assert seconds >= 0
        assert client.latency_s == seconds

    async def test_a_peer_that_does_not_answer_is_given_up(self) -> None:
        transport = MemoryTransport()
        limits = Limits(ping_interval_s=0.01, ping_timeout_s=0.01, close_timeout_s=0.01)
        server = begun("server", transport, limits)

        with pytest.raises(PingTimeoutError) as caught:
            await server.receive()

        assert (caught.value.code, caught.value.by_us) == (1011, True)
        await server.wait_closed()

    async def test_a_ping_unanswered_while_we_close_changes_nothing(self) -> None:
        transport = MemoryTransport()
        limits = Limits(ping_interval_s=0.001, ping_timeout_s=0.001, close_timeout_s=0.05)
        server = begun("server", transport, limits)
        server.close_nowait(4000)

        await server.wait_closed()

        with pytest.raises(ConnectionClosedError) as caught:
            server.send_nowait("a")
        assert type(caught.value) is ConnectionClosedError
        assert caught.value.code == 4000

    async def test_whoever_waits_for_an_answer_hears_of_the_end(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        asyncio.get_running_loop().call_soon(transport.abort)

        with pytest.raises(ConnectionClosedError):
            await server.ping()

    async def test_nothing_is_answered_after_our_close(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        server.close_nowait()

        transport.give(b"\x89\x80\0\0\0\0")

        assert transport.all_written == b"\x88\x02\x03\xe8"


class TestClosing:
    async def test_both_ends_agree_on_code_and_reason(self) -> None:
        client, server = pair()

        await client.close(4000, "enough")
        await server.wait_closed()

        assert (client.close_code, client.close_reason, client.closed_by_us) == (
            4000,
            "enough",
            True,
        )
        assert (server.close_code, server.close_reason, server.closed_by_us) == (
            4000,
            "enough",
            False,
        )

    async def test_the_server_hangs_up_first(self) -> None:
        left, right = memory_pair()
        client, server = begun("client", left), begun("server", right)

        server.close_nowait()
        await settle()

        assert (right.is_closing(), left.is_lost) == (True, True)
        assert client.close_code == 1000

    async def test_what_was_queued_leaves_before_the_close(self) -> None:
        client, server = pair()
        for n in range(5):
            server.send_nowait(str(n))
        server.close_nowait()

        assert [message async for message in client] == ["0", "1", "2", "3", "4"]

    async def test_closing_twice_changes_nothing(self) -> None:
        client, server = pair()
        client.close_nowait(1001, "first")
        client.close_nowait(4000, "second")
        await client.close(4001)
        await server.wait_closed()

        assert (server.close_code, server.close_reason) == (1001, "first")

    async def test_messages_that_come_after_our_close_are_dropped(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        server.close_nowait()

        transport.give(text(b"late") + CLOSE_1000)

        with pytest.raises(ConnectionClosedError):
            await server.receive()

    async def test_a_close_is_seen_though_messages_wait(self) -> None:
        left, right = memory_pair()
        client = begun("client", left)
        server = begun("server", right, Limits(received_messages_max=2, ping_interval_s=0))
        for n in range(6):
            client.send_nowait(str(n))
        await settle()
        assert right.is_paused

        await server.close()

        assert server.close_code == 1000

    async def test_a_peer_that_does_not_answer_is_hung_up_on(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, Limits(close_timeout_s=0.01))

        await server.close()

        assert transport.is_lost

    async def test_a_violation_is_told_and_our_half_closed(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)

        transport.give(text(b"\xff"))

        assert transport.all_written == b"\x88\x13\x03\xeftext is not utf-8"
        assert (transport.has_ended, transport.is_closing()) == (True, False)
        assert (server.close_code, server.closed_by_us) == (1007, True)

    async def test_a_violation_after_our_close_just_ends_it(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport)
        server.close_nowait()

        transport.give(b"\x83\x80\0\0\0\0")

        assert transport.all_written == b"\x88\x02\x03\xe8"
        assert transport.has_ended

    async def test_tls_is_closed_whole_after_a_violation(self) -> None:
        transport = MemoryTransport(half_close=False)
        begun("server", transport)

        transport.give(b"\x83\x80\0\0\0\0")

        assert transport.is_closing()

    async def test_a_stream_that_ends_without_close_is_1006(self) -> None:
        client, server = pair()

        client.abort()
        await server.wait_closed()

        assert (server.close_code, server.closed_by_us) == (1006, False)

    async def test_a_client_waits_for_the_server_to_hang_up_but_not_for_ever(self) -> None:
        transport = MemoryTransport()
        client = begun("client", transport, Limits(close_timeout_s=0.01))
        client.close_nowait()
        transport.give(b"\x88\x02\x03\xe8")
        assert not transport.is_closing()

        await client.wait_closed()

        assert client.close_code == 1000

    async def test_a_peer_that_hangs_up_without_reading_is_not_waited_for(self) -> None:
        transport = MemoryTransport()
        server = begun("server", transport, Limits(close_timeout_s=0.01))
        transport.stall()
        server.send_nowait("a")

        server.eof_received()
        transport.close()
        await server.wait_closed()

        assert server.close_code == 1006

    async def test_the_owner_is_told_once_it_is_gone(self) -> None:
        told: list[Connection] = []
        transport = MemoryTransport()
        turn = turn_of(asyncio.get_running_loop())
        made = Connection(turn, "server", limits=QUIET, on_lost=told.append)
        transport.set_protocol(made)
        made.connection_made(transport)

        transport.abort()
        await settle()

        assert told == [made]


class TestLateCallbacks:
    async def test_what_was_read_before_the_peer_closed_is_handed_to_it(self) -> None:
        client, server = pair()
        client.send_nowait("a")
        client.send_nowait("b")
        client.close_nowait()
        await settle()
        got: list[bytes] = []

        server.on_message(lambda payload, is_text: got.append(payload))

        assert got == [b"a", b"b"]

    async def test_a_full_inbox_is_emptied_and_read_on(self) -> None:
        client, server = pair(Limits(ping_interval_s=0, close_timeout_s=0, received_messages_max=8))
        for number in range(100):
            client.send_nowait(f"{number}")
        await settle()
        got: list[bytes] = []

        server.on_message(lambda payload, is_text: got.append(payload))
        await settle()

        assert got == [b"%d" % number for number in range(100)]


class TestBeginning:
    async def test_nothing_is_looked_at_before_the_owner_had_a_moment(self) -> None:
        transport = MemoryTransport()
        server = connection("server", transport)
        transport.give(text(b"early") + b"\x89\x80\0\0\0\0")
        assert transport.written == []

        server.begin()

        assert transport.all_written == b"\x8a\x00"
        assert await server.receive() == "early"

    async def test_a_stream_that_ends_before_is_looked_at_then(self) -> None:
        transport = MemoryTransport()
        server = connection("server", transport)
        transport.give(text(b"early") + CLOSE_1000)
        server.eof_received()
        transport.close()

        assert [message async for message in server] == ["early"]

    async def test_the_request_is_told(self) -> None:
        server = connection("server", MemoryTransport())

        assert (server.path, server.query, server.subprotocol) == ("/ws", "a=1", None)
