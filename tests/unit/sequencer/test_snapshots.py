import zlib

import pytest

from strikewire.exchange import Exchange, OpenAccount
from strikewire.journal import Snapshot
from strikewire.model import AccountId
from strikewire.sequencer.snapshots import (
    UNREADABLE,
    SnapshotPolicy,
    compressed,
    encoded,
    restored,
    take_snapshot,
)


def state(accounts: int) -> Exchange:
    exchange = Exchange()
    for number in range(1, accounts + 1):
        exchange.apply(number, 0, OpenAccount(AccountId(number), f"account {number}"))
    return exchange


def test_snapshots_are_due_by_the_number_of_commands() -> None:
    policy = SnapshotPolicy(every_commands=100)

    assert not policy.is_due(last_seq=99, snapshot_seq=0)
    assert policy.is_due(last_seq=100, snapshot_seq=0)
    assert not policy.is_due(last_seq=199, snapshot_seq=100)
    assert policy.is_due(last_seq=250, snapshot_seq=100)


def test_a_large_snapshot_is_due_when_the_journal_has_grown_by_as_much() -> None:
    policy = SnapshotPolicy(every_commands=100, small_bytes=1_000)

    def is_due(snapshot_bytes: int, grown_bytes: int, last_seq: int = 100) -> bool:
        return policy.is_due(
            last_seq=last_seq,
            snapshot_seq=0,
            snapshot_bytes=snapshot_bytes,
            grown_bytes=grown_bytes,
        )

    assert is_due(1_000, 0)
    assert not is_due(1_001, 1_000)
    assert is_due(1_001, 1_001)
    assert not is_due(1_001, 9_999, last_seq=99)


def test_a_snapshot_holds_the_state_and_its_hash_in_fewer_bytes() -> None:
    exchange = state(50)

    snapshot = take_snapshot(exchange, 50)

    assert snapshot.seq == 50
    assert snapshot.state_hash == exchange.state_hash()
    assert restored(snapshot).snapshot() == exchange.snapshot()
    assert 2 * len(snapshot.blob) < len(exchange.snapshot())
    assert snapshot == compressed(encoded(exchange, 50))


def test_a_snapshot_that_an_earlier_build_did_not_compress_is_read_as_it_is() -> None:
    exchange = state(3)

    assert restored(encoded(exchange, 3)).state_hash() == exchange.state_hash()


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"no snapshot",
        b"x",
        zlib.compress(b"no snapshot"),
        zlib.compress(Exchange().snapshot())[:-5],
    ],
)
def test_what_is_no_snapshot_is_told(blob: bytes) -> None:
    with pytest.raises(UNREADABLE):
        restored(Snapshot(1, b"hash", blob))
