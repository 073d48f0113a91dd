import pytest

from strikewire.journal.memory import MemoryJournal
from strikewire.journal.records import Record, Snapshot


def test_a_new_journal_is_empty() -> None:
    journal = MemoryJournal()

    assert (journal.last_seq, journal.last_time_ns) == (0, 0)
    assert list(journal.read()) == []
    assert journal.snapshot_seqs() == ()


def test_what_was_appended_is_read_in_order() -> None:
    journal = MemoryJournal()

    journal.append(1, 100, [b"one", b"two"])
    journal.append(3, 100, [b"three"])

    assert (journal.last_seq, journal.last_time_ns) == (3, 100)
    assert list(journal.read()) == [Record(1, 100, (b"one", b"two")), Record(3, 100, (b"three",))]
    assert [record.first_seq for record in journal.read(2)] == [1, 3]
    assert [record.first_seq for record in journal.read(3)] == [3]
    assert list(journal.read(4)) == []


def test_entries_follow_each_other_in_number_and_time() -> None:
    journal = MemoryJournal()
    journal.append(1, 100, [b"one"])

    for first_seq, time_ns, entries in [
        (1, 100, [b"x"]),
        (3, 100, [b"x"]),
        (2, 99, [b"x"]),
        (2, 100, []),
    ]:
        with pytest.raises(AssertionError):
            journal.append(first_seq, time_ns, entries)

    assert journal.last_seq == 1


def test_the_latest_two_snapshots_stay() -> None:
    journal = MemoryJournal()
    for seq in (1, 2, 3):
        journal.append(seq, 0, [b"x"])
        journal.save_snapshot(Snapshot(seq, b"hash", b"state %d" % seq))

    assert journal.snapshot_seqs() == (3, 2)
    assert journal.load_snapshot(2) == Snapshot(2, b"hash", b"state 2")


def test_a_snapshot_of_what_is_not_durable_is_our_own_fault() -> None:
    with pytest.raises(AssertionError):
        MemoryJournal().save_snapshot(Snapshot(1, b"hash", b"state"))


def test_a_closed_journal_still_has_its_entries_for_who_opens_it_next() -> None:
    journal = MemoryJournal()
    journal.append(1, 0, [b"x"])

    journal.close()

    assert journal.last_seq == 1
