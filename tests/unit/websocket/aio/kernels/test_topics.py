"""The topic, compiled and interpreted, with the links of its kind."""

import asyncio
from types import ModuleType
from typing import Any

import pytest

from strikewire.websocket.shared_deflate import SharedMessage
from tests.unit.websocket.aio.kernels.test_link import owner
from tests.unit.websocket.aio.kernels.twins import twins


class Shared:
    """A made-up deflate stream; every fourth message is a keyframe."""

    def __init__(self) -> None:
        self.sequence = -1
        self.asked = 0

    def add(self, payload: bytes) -> Any:
        self.sequence += 1

        return SharedMessage(
            stream=self,  # type: ignore[arg-type]  # stands in for one
            sequence=self.sequence,
            is_keyframe=self.sequence % 4 == 0,
            deflated=b"#%d" % self.sequence,
        )

    def ask_for_keyframe(self) -> None:
        self.asked += 1


@pytest.fixture(params=["interpreted", "compiled"])
async def kernels(request: pytest.FixtureRequest) -> Any:
    """A topic and three links that share its turn."""
    _, link, topics = twins(request.param, "engine", "link", "topics")

    def make(group: Any = None, flush: str | float = "turn") -> Any:
        links = [owner(link) for _ in range(3)]
        turn = links[0].turn
        links = [links[0], *(sharing(link, turn) for _ in range(2))]
        topic = topics.Topic(turn, flush=flush, slow_reader="policy", group=group)
        for one in links:
            one.shared_group = group
            topic.add(one)
        return topic, links

    def sharing(kernel: ModuleType, turn: Any) -> Any:
        class Same:
            Link = kernel.Link

            @staticmethod
            def Turn(loop: asyncio.AbstractEventLoop) -> Any:  # noqa: N802 - stands in for the class
                return turn

        return owner(Same)  # type: ignore[arg-type]  # as much of a module as is used

    return make


async def test_without_a_group_all_get_the_same_in_one_write(kernels: Any) -> None:
    topic, links = kernels()

    topic.publish_bytes(b"a", False, None)
    topic.publish_bytes(b"b", True, None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert [link.transport.written for link in links] == [[b"\x82\x01a\x81\x01b"]] * 3


def long(number: int) -> bytes:
    """Return a message that is worth compressing."""
    return b"%d" % number * 40


def plain(*numbers: int) -> bytes:
    return b"".join(b"\x82\x28" + long(number) for number in numbers)


async def test_followers_begin_with_a_keyframe_and_go_on(kernels: Any) -> None:
    topic, links = kernels(Shared(), "immediate")

    for number in range(3):
        topic.publish_bytes(long(number), False, None)

    expected = b"\xc2\x02#0\xc2\x02#1\xc2\x02#2"
    assert [b"".join(link.transport.written) for link in links] == [expected] * 3


async def test_who_joins_late_gets_them_plain_until_a_keyframe(kernels: Any) -> None:
    group = Shared()
    topic, links = kernels(group, "immediate")
    late = links[2]
    topic.remove(late)
    topic.publish_bytes(long(0), False, None)

    topic.add(late)
    for number in range(1, 6):
        topic.publish_bytes(long(number), False, None)

    sent = b"".join(late.transport.written)
    assert sent == plain(1, 2, 3) + b"\xc2\x02#4\xc2\x02#5"
    assert group.asked > 0


async def test_a_keyframe_inside_a_flush_lets_followers_in(kernels: Any) -> None:
    topic, links = kernels(Shared())
    late = links[2]
    topic.remove(late)
    topic.publish_bytes(long(0), False, None)
    topic.flush()
    topic.add(late)

    for number in range(1, 6):
        topic.publish_bytes(long(number), False, None)
    topic.flush()
    for link in links:
        link.flush()

    assert b"".join(late.transport.written) == (plain(1, 2, 3) + b"\xc2\x02#4\xc2\x02#5")
    assert b"".join(links[0].transport.written) == b"".join(
        b"\xc2\x02#%d" % number for number in range(6)
    )


async def test_a_short_message_goes_plain_to_all_and_leaves_no_gap(kernels: Any) -> None:
    topic, links = kernels(Shared())

    topic.publish_bytes(long(0), False, None)
    topic.publish_bytes(b"short", False, None)
    topic.publish_bytes(long(1), False, None)
    topic.flush()
    topic.publish_bytes(long(2), False, None)
    topic.flush()
    for link in links:
        link.flush()

    expected = b"\xc2\x02#0" + b"\x82\x05short" + b"\xc2\x02#1" + b"\xc2\x02#2"
    assert [b"".join(link.transport.written) for link in links] == [expected] * 3


async def test_who_is_full_gets_each_message_with_the_policy(kernels: Any) -> None:
    topic, links = kernels()
    told: list[Any] = []
    links[1].is_full = True
    type(links[1]).send_published = lambda self, *told_: told.append(told_)

    topic.publish_bytes(b"a", False, "k")
    topic.publish_bytes(b"b", False, None)
    topic.flush()

    assert [(of is topic, message.plain, key, policy) for of, message, key, policy in told] == [
        (True, b"\x82\x01a", "k", "policy"),
        (True, b"\x82\x01b", None, "policy"),
    ]
    links[0].flush()
    assert links[0].transport.written == [b"\x82\x01a\x82\x01b"]


async def test_nothing_is_made_for_nobody(kernels: Any) -> None:
    group = Shared()
    topic, links = kernels(group)
    for link in links:
        topic.remove(link)

    topic.publish_bytes(b"a", False, None)

    assert group.sequence == -1
    assert topic.published == 1
