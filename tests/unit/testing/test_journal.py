import pytest

from strikewire.journal import JournalWriteError, MemoryJournal, Record, Snapshot
from strikewire.testing.journal import FailingJournal


def test_everything_before_the_fault_is_kept() -> None:
    journal = FailingJournal(fails_at=2)
    journal.append(1, 5, [b"one"])
    journal.save_snapshot(Snapshot(1, b"hash", b"state"))

    with pytest.raises(JournalWriteError):
        journal.append(2, 5, [b"two"])

    assert (journal.last_seq, journal.last_time_ns) == (1, 5)
    assert list(journal.read()) == [Record(1, 5, (b"one",))]
    assert journal.snapshot_seqs() == (1,)
    assert journal.load_snapshot(1).blob == b"state"
    journal.close()


def test_after_the_fault_nothing_is_taken() -> None:
    journal = FailingJournal(fails_at=1)
    for _ in range(2):
        with pytest.raises(JournalWriteError):
            journal.append(1, 5, [b"one"])
    with pytest.raises(JournalWriteError):
        journal.save_snapshot(Snapshot(0, b"hash", b"state"))

    assert journal.last_seq == 0


def test_a_disk_may_keep_what_it_failed_to_confirm() -> None:
    behind = MemoryJournal()
    journal = FailingJournal(behind, fails_at=1, keeps_it=True)

    with pytest.raises(JournalWriteError):
        journal.append(1, 5, [b"one"])

    assert behind.last_seq == 1
