from pathlib import Path

import pytest

from strikewire.feeds import (
    MessageKind,
    RecordedMessage,
    Recording,
    RecordingHeader,
    RecordingWriter,
    Replay,
    Replayed,
    Restarted,
)
from strikewire.feeds.replay import DUE_MESSAGES_MAX, LAG_NS_MAX, SEAM_NS

HEADER = RecordingHeader(
    venue="binance", symbol="BTCUSDT", index="btc_usd", start_ns=5, origin="me", licence="MIT"
)
SECOND = 1_000_000_000


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Two messages, one and three seconds after the start."""
    with RecordingWriter(tmp_path / "a", HEADER) as writer:
        writer.write(RecordedMessage(1 * SECOND, MessageKind.SNAPSHOT, b"one"))
        writer.write(RecordedMessage(3 * SECOND, MessageKind.STREAM, b"three"))
    return Recording(tmp_path / "a")


ONE = Replayed(MessageKind.SNAPSHOT, b"one")
THREE = Replayed(MessageKind.STREAM, b"three")


def test_messages_come_due_in_their_own_rhythm(recording: Recording) -> None:
    replay = Replay(recording, start_ns=100 * SECOND)

    assert replay.due(100 * SECOND) == [Restarted(0)]
    assert replay.next_ns == 101 * SECOND
    assert replay.due(101 * SECOND - 1) == []
    assert replay.due(101 * SECOND) == [ONE]
    assert replay.due(103 * SECOND) == [THREE]


def test_nothing_is_due_before_the_start(recording: Recording) -> None:
    replay = Replay(recording, start_ns=100 * SECOND)

    assert replay.due(100 * SECOND - 1) == []
    assert replay.next_ns == 100 * SECOND


def test_what_came_due_meanwhile_is_given_at_once(recording: Recording) -> None:
    replay = Replay(recording, start_ns=0)

    assert replay.due(3 * SECOND) == [Restarted(0), ONE, THREE]


def test_behind_the_last_message_the_next_pass_says_that_it_begins(recording: Recording) -> None:
    replay = Replay(recording, start_ns=0)
    seam_ns = 3 * SECOND + SEAM_NS

    first = replay.due(3 * SECOND)
    second = replay.due(seam_ns + 1 * SECOND)
    replay.due(seam_ns + 3 * SECOND)

    assert first == [Restarted(0), ONE, THREE]
    assert second == [Restarted(1), ONE]
    assert replay.passes == 2
    assert replay.next_ns == 2 * seam_ns


def test_after_a_long_sleep_the_replay_goes_on_from_where_it_was(recording: Recording) -> None:
    replay = Replay(recording, start_ns=0)
    replay.due(0)
    woke_ns = 1 * SECOND + LAG_NS_MAX + 1

    assert replay.due(woke_ns) == [ONE]
    assert replay.next_ns == woke_ns + 2 * SECOND


def test_a_clock_that_goes_backwards_gives_nothing_twice(recording: Recording) -> None:
    replay = Replay(recording, start_ns=0)
    replay.due(1 * SECOND)

    assert replay.due(0) == []
    assert replay.due(3 * SECOND) == [THREE]


def test_no_more_than_a_bounded_number_is_given_at_once(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "a", HEADER) as writer:
        for _ in range(DUE_MESSAGES_MAX):
            writer.write(RecordedMessage(0, MessageKind.STREAM, b"x"))
    replay = Replay(Recording(tmp_path / "a"), start_ns=0)

    assert len(replay.due(0)) == DUE_MESSAGES_MAX
    assert len(replay.due(0)) == 1


def test_an_empty_recording_moves_on(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "a", HEADER):
        pass
    replay = Replay(Recording(tmp_path / "a"), start_ns=0)

    assert replay.due(0) == [Restarted(0)]
    assert replay.due(SEAM_NS) == [Restarted(1)]
