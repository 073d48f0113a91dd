import pytest

from strikewire.websocket.aio.backlog import Backlog, SlowReader
from strikewire.websocket.published import Published


class Peer:
    """A connection, as its backlog sees it."""

    def __init__(self) -> None:
        self.shared_group: object = None
        self.next_shared = -1
        self.messages_sent = 0
        self.bytes_sent = 0


def message(payload: bytes) -> Published:
    return Published(payload, is_text=False)


def frames(*payloads: bytes) -> bytes:
    return b"".join(bytes([0x82, len(payload)]) + payload for payload in payloads)


CLOSE = SlowReader(messages_max=2, bytes_max=100)
DROP = SlowReader(policy="drop_oldest", messages_max=2, bytes_max=100)
CONFLATE = SlowReader(policy="conflate", messages_max=2, bytes_max=100)


class TestOrder:
    def test_what_waits_leaves_in_order(self) -> None:
        backlog = Backlog()
        backlog.add(b"first", 1, 0.0)
        assert backlog.add_published("topic", message(b"second"), None, CLOSE, 1.0)
        backlog.add(b"third", 1, 2.0)

        assert backlog.take(Peer()) == b"first" + frames(b"second") + b"third"

        assert not backlog
        assert (backlog.messages, backlog.bytes) == (0, 0)

    def test_the_newest_pong_leaves_before_everything(self) -> None:
        backlog = Backlog()
        backlog.add(b"message", 1, 0.0)
        backlog.add_control(b"\x8a\x01a")
        backlog.add_control(b"\x8a\x01b")

        assert backlog.take(Peer()) == b"\x8a\x01b" + b"message"

    def test_a_long_queue_leaves_in_pieces(self) -> None:
        backlog = Backlog()
        for _ in range(3):
            backlog.add(bytes(40_000), 1, 0.0)

        assert len(backlog.take(Peer())) == 80_000
        assert len(backlog.take(Peer())) == 40_000

    def test_its_age_is_that_of_the_oldest(self) -> None:
        backlog = Backlog()
        assert backlog.age_s(5.0) == 0.0
        backlog.add(b"old", 1, 5.0)
        backlog.add(b"new", 1, 8.0)

        assert backlog.age_s(9.0) == 4.0

    def test_what_a_topic_sent_late_is_counted_as_sent(self) -> None:
        backlog, peer = Backlog(), Peer()
        backlog.add_published("topic", message(b"late"), None, CLOSE, 0.0)

        backlog.take(peer)

        assert (peer.messages_sent, peer.bytes_sent) == (1, 4)


class TestPolicies:
    def test_close_says_so_at_the_limit_of_messages(self) -> None:
        backlog = Backlog()

        kept = [backlog.add_published("t", message(b"x"), None, CLOSE, 0.0) for _ in range(3)]

        assert kept == [True, True, False]

    def test_close_says_so_at_the_limit_of_bytes(self) -> None:
        backlog = Backlog()

        assert not backlog.add_published("t", message(bytes(99)), None, CLOSE, 0.0)

    def test_drop_oldest_keeps_the_newest(self) -> None:
        backlog = Backlog()

        for payload in (b"1", b"2", b"3", b"4"):
            assert backlog.add_published("t", message(payload), None, DROP, 0.0)

        assert backlog.take(Peer()) == frames(b"3", b"4")
        assert backlog.dropped == 2

    def test_drop_oldest_makes_room_for_bytes_too(self) -> None:
        backlog = Backlog()
        backlog.add_published("t", message(bytes(60)), None, DROP, 0.0)

        backlog.add_published("t", message(b"x" * 60), None, DROP, 0.0)

        assert backlog.take(Peer()) == frames(b"x" * 60)

    def test_only_the_topic_s_own_messages_are_dropped(self) -> None:
        backlog = Backlog()
        backlog.add(b"mine", 1, 0.0)
        backlog.add_published("other", message(b"o"), None, DROP, 0.0)

        for payload in (b"1", b"2", b"3"):
            backlog.add_published("t", message(payload), None, DROP, 0.0)

        assert backlog.take(Peer()) == b"mine" + frames(b"o", b"2", b"3")

    def test_what_was_dropped_leaves_no_graveyard(self) -> None:
        backlog = Backlog()

        for number in range(10_000):
            backlog.add_published("t", message(b"%d" % number), None, DROP, 0.0)

        assert len(backlog._entries) < 200
        assert backlog.take(Peer()) == frames(b"9998", b"9999")

    def test_conflate_gives_a_newer_message_the_place_of_its_key(self) -> None:
        backlog = Backlog()
        for key, payload in (("a", b"a1"), ("b", b"b1"), ("a", b"a2"), ("a", b"a3")):
            assert backlog.add_published("t", message(payload), key, CONFLATE, 0.0)

        assert backlog.take(Peer()) == frames(b"a3", b"b1")
        assert backlog.conflated == 2

    def test_conflate_keeps_two_topics_apart(self) -> None:
        backlog = Backlog()

        backlog.add_published("t", message(b"1"), "key", CONFLATE, 0.0)
        backlog.add_published("u", message(b"2"), "key", CONFLATE, 0.0)

        assert backlog.take(Peer()) == frames(b"1", b"2")

    def test_conflate_closes_when_there_are_too_many_keys(self) -> None:
        backlog = Backlog()

        kept = [backlog.add_published("t", message(b"x"), key, CONFLATE, 0.0) for key in "abc"]

        assert kept == [True, True, False]

    def test_a_message_without_key_takes_no_place(self) -> None:
        backlog = Backlog()

        backlog.add_published("t", message(b"1"), None, CONFLATE, 0.0)
        backlog.add_published("t", message(b"2"), None, CONFLATE, 0.0)

        assert backlog.take(Peer()) == frames(b"1", b"2")

    def test_a_key_that_left_is_free_again(self) -> None:
        backlog = Backlog()
        backlog.add_published("t", message(b"1"), "key", CONFLATE, 0.0)
        backlog.take(Peer())

        backlog.add_published("t", message(b"2"), "key", CONFLATE, 0.0)

        assert backlog.take(Peer()) == frames(b"2")
        assert backlog.conflated == 0


def test_the_highest_marks_stay() -> None:
    backlog = Backlog()
    backlog.add(b"12345", 2, 0.0)
    backlog.clear()

    assert (backlog.messages_high, backlog.bytes_high) == (2, 5)
    assert (backlog.messages, backlog.bytes) == (0, 0)
    assert not backlog


@pytest.mark.parametrize("policy", ["close", "drop_oldest", "conflate"])
def test_one_message_over_the_limit_of_bytes_on_an_empty_queue(policy: str) -> None:
    # Of a message that can never fit, drop_oldest keeps nothing else; the others give up.
    slow = SlowReader(policy=policy, bytes_max=10)  # type: ignore[arg-type]  # one of the three

    kept = Backlog().add_published("t", message(bytes(50)), "key", slow, 0.0)

    assert kept == (policy == "drop_oldest")
