import asyncio
from collections.abc import Callable

import pytest

from strikewire.testing.transport import MemoryTransport
from strikewire.websocket.aio.backlog import SlowReader
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.topics import Topic
from strikewire.websocket.aio.turns import turn_of
from strikewire.websocket.errors import LocalProtocolError
from strikewire.websocket.limits import Limits

QUIET = Limits(ping_interval_s=0, close_timeout_s=0)


def subscriber(*topics: Topic, role: str = "server") -> tuple[Connection, MemoryTransport]:
    """Return a connection that subscribes to topics, and what it sends through."""
    transport = MemoryTransport()
    made = Connection(turn_of(asyncio.get_running_loop()), role, limits=QUIET)  # type: ignore[arg-type]  # a role
    transport.set_protocol(made)
    made.connection_made(transport)
    made.begin()
    for topic in topics:
        topic.subscribe(made)
    return made, transport


def frames(*texts: str) -> bytes:
    return b"".join(bytes([0x81, len(text)]) + text.encode() for text in texts)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class TestFlush:
    async def test_messages_of_a_turn_leave_in_one_write(self) -> None:
        topic = Topic()
        _, one = subscriber(topic)
        _, other = subscriber(topic)

        topic.publish("a")
        topic.publish("b")
        assert one.written == []
        await settle()

        assert one.written == other.written == [frames("a", "b")]

    async def test_immediate_ones_leave_as_they_are_published(self) -> None:
        topic = Topic(flush="immediate")
        _, transport = subscriber(topic)

        topic.publish("a")

        assert transport.written == [frames("a")]

    async def test_an_interval_begins_with_the_first_message(self) -> None:
        topic = Topic(flush=0.01)
        _, transport = subscriber(topic)

        topic.publish("a")
        await settle()
        assert transport.written == []
        topic.publish("b")
        await asyncio.sleep(0.02)

        assert transport.written == [frames("a", "b")]

    async def test_a_flush_by_hand_comes_before_the_interval(self) -> None:
        topic = Topic(flush=60.0)
        _, transport = subscriber(topic)
        topic.publish("a")

        topic.flush()

        assert transport.written == [frames("a")]

    async def test_two_topics_of_one_turn_leave_in_one_write(self) -> None:
        topic, other = Topic(), Topic()
        _, transport = subscriber(topic, other)

        topic.publish("a")
        other.publish("b")
        await settle()

        assert transport.written == [frames("a", "b")]

    @pytest.mark.parametrize("flush", [0, -1.0, "soon"])
    async def test_what_is_no_time_is_refused(self, flush: float | str) -> None:
        with pytest.raises(ValueError, match="flush"):
            Topic(flush=flush)  # type: ignore[arg-type]  # the mistake


class TestSubscribing:
    async def test_who_joins_gets_nothing_from_before(self) -> None:
        topic = Topic()
        _, first = subscriber(topic)
        topic.publish("before")

        _, late = subscriber(topic)
        topic.publish("after")
        await settle()

        assert first.written == [frames("before", "after")]
        assert late.written == [frames("after")]

    async def test_who_leaves_gets_what_waits(self) -> None:
        topic = Topic()
        connection, transport = subscriber(topic)
        topic.publish("before")

        topic.unsubscribe(connection)
        topic.publish("after")
        await settle()

        assert transport.written == [frames("before")]
        assert len(topic) == 0

    async def test_who_joins_and_leaves_while_messages_wait_gets_its_part(self) -> None:
        topic = Topic()
        subscriber(topic)
        topic.publish("before")
        connection, transport = subscriber(topic)
        topic.publish("between")

        topic.unsubscribe(connection)
        topic.publish("after")
        await settle()

        assert transport.written == [frames("between")]

    async def test_subscribing_twice_is_subscribing_once(self) -> None:
        topic = Topic()
        connection, transport = subscriber(topic, topic)
        topic.publish("a")
        await settle()

        assert transport.written == [frames("a")]
        assert list(topic) == [connection]
        assert connection in topic

    async def test_any_of_many_may_leave(self) -> None:
        topic = Topic()
        subscribers = [subscriber(topic) for _ in range(4)]

        topic.unsubscribe(subscribers[1][0])
        topic.unsubscribe(subscribers[1][0])
        topic.publish("a")
        await settle()

        assert [transport.written for _, transport in subscribers] == [
            [frames("a")],
            [],
            [frames("a")],
            [frames("a")],
        ]

    async def test_who_is_lost_is_no_subscriber(self) -> None:
        topic = Topic()
        connection, _ = subscriber(topic)

        connection.abort()
        await settle()

        assert len(topic) == 0

    async def test_who_is_closing_gets_nothing(self) -> None:
        topic = Topic()
        connection, transport = subscriber(topic)
        connection.close_nowait()
        written = list(transport.written)

        topic.publish("a")
        topic.subscribe(connection)
        await settle()

        assert transport.written == written

    async def test_a_client_cannot_subscribe(self) -> None:
        with pytest.raises(LocalProtocolError, match="framed for many"):
            subscriber(Topic(), role="client")

    async def test_text_and_binary_travel_as_they_are(self) -> None:
        topic = Topic()
        _, transport = subscriber(topic)

        topic.publish("t")
        topic.publish(b"b")
        topic.publish(b"u", text=True)
        topic.publish("v", text=False)
        await settle()

        assert transport.all_written == b"\x81\x01t\x82\x01b\x81\x01u\x82\x01v"

    async def test_a_lone_surrogate_is_refused(self) -> None:
        topic = Topic()
        subscriber(topic)

        with pytest.raises(LocalProtocolError, match="lone surrogate"):
            topic.publish("\ud800")


class TestSlowReaders:
    async def test_one_that_does_not_read_gets_the_latest_of_each_key(self) -> None:
        topic = Topic(slow_reader=SlowReader(policy="conflate"))
        connection, transport = subscriber(topic)
        transport.stall()
        connection.send_nowait("stuck")

        for number in range(5):
            topic.publish(f"a{number}", key="a")
            topic.publish(f"b{number}", key="b")
            await settle()
        assert connection.queue.conflated == 8
        assert connection.queue.messages == 2
        transport.flow()
        await settle()

        assert transport.all_written == frames("stuck", "a4", "b4")

    async def test_one_that_does_not_read_is_closed_with_the_policy_s_code(self) -> None:
        topic = Topic(slow_reader=SlowReader(messages_max=3, close_code=1013))
        connection, transport = subscriber(topic)
        transport.stall()
        connection.send_nowait("stuck")

        for number in range(5):
            topic.publish(f"{number}")
            await settle()
        transport.flow()

        assert connection.close_code == 1013
        assert transport.all_written.startswith(frames("stuck") + b"\x88")

    async def test_the_oldest_are_dropped_where_the_policy_says_so(self) -> None:
        topic = Topic(slow_reader=SlowReader(policy="drop_oldest", messages_max=2))
        connection, transport = subscriber(topic)
        transport.stall()
        connection.send_nowait("stuck")

        for number in range(5):
            topic.publish(f"{number}")
        await settle()
        transport.flow()

        assert transport.all_written == frames("stuck", "3", "4")
        assert connection.queue.dropped == 3

    async def test_the_others_are_not_held_up(self) -> None:
        topic = Topic(slow_reader=SlowReader(policy="conflate"))
        slow, stalled = subscriber(topic)
        _, quick = subscriber(topic)
        stalled.stall()
        slow.send_nowait("stuck")

        topic.publish("a", key="k")
        topic.publish("b", key="k")
        await settle()

        assert quick.all_written == frames("a", "b")


async def test_what_was_published_and_delivered_is_counted() -> None:
    topic = Topic()
    connections = [subscriber(topic)[0] for _ in range(3)]
    topic.publish("abc")
    await settle()

    assert (topic.published, topic.delivered) == (1, 3)
    assert [connection.statistics.bytes_sent for connection in connections] == [3, 3, 3]


async def test_a_message_reaches_each_in_the_order_of_publishing() -> None:
    topic = Topic()
    received: list[Callable[[], bytes]] = []
    for _ in range(3):
        _, transport = subscriber(topic)
        received.append(lambda transport=transport: transport.all_written)  # type: ignore[misc]  # of its own turn

    for number in range(50):
        topic.publish(f"{number}")
        if number % 7 == 0:
            await settle()
    await settle()

    assert {get() for get in received} == {frames(*map(str, range(50)))}
