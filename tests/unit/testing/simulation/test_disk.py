import pytest

from strikewire.journal import JournalWriteError, Record, Snapshot, SnapshotCorruptError
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.disk import Disk, DiskJournal


def disk_with(*entries: bytes) -> Disk:
    disk = Disk(Dice("1"))
    journal = DiskJournal(disk)
    for seq, entry in enumerate(entries, 1):
        journal.append(seq, seq, [entry])
    return disk


def test_what_was_synced_is_there_after_a_power_cut() -> None:
    disk = disk_with(b"one", b"two")

    disk.cut_power(rots=False)

    journal = DiskJournal(disk)
    assert list(journal.read()) == [Record(1, 1, (b"one",)), Record(2, 2, (b"two",))]
    assert list(journal.read(2)) == [Record(2, 2, (b"two",))]
    assert (journal.last_seq, journal.last_time_ns) == (2, 2)


def test_what_was_only_written_is_not_durable_yet() -> None:
    disk = disk_with(b"one")
    journal = DiskJournal(disk)

    journal.write(2, 2, [b"two"])

    assert journal.last_seq == 1
    assert [record.first_seq for record in journal.read()] == [1]


def test_a_power_cut_keeps_any_part_of_what_was_not_synced_and_opening_finds_whole_records() -> (
    None
):
    ends = set()
    for seed in range(40):
        disk = Disk(Dice(str(seed)))
        journal = DiskJournal(disk)
        journal.append(1, 1, [b"one"])
        journal.write(2, 2, [b"two"])
        disk.cut_power(rots=False)

        again = DiskJournal(disk)
        again.append(again.last_seq + 1, 3, [b"three"])

        ends.add(again.last_seq)
        assert DiskJournal(disk).last_seq == again.last_seq
    assert ends == {2, 3}


def test_a_killed_process_leaves_what_it_wrote_and_opening_makes_it_durable() -> None:
    disk = disk_with(b"one")
    DiskJournal(disk).write(2, 2, [b"two"])

    journal = DiskJournal(disk)
    disk.cut_power(rots=False)

    assert journal.last_seq == 2
    assert DiskJournal(disk).last_seq == 2


def test_after_a_failure_nothing_is_taken() -> None:
    disk = disk_with(b"one")
    journal = DiskJournal(disk)
    error = journal.refuse("input/output error")

    assert error.reason == "input/output error"
    with pytest.raises(JournalWriteError):
        journal.append(2, 2, [b"two"])
    with pytest.raises(JournalWriteError):
        journal.sync()
    with pytest.raises(JournalWriteError):
        journal.save_snapshot(Snapshot(1, b"hash", b"blob"))
    journal.close()


def test_two_snapshots_are_kept_and_a_crash_may_damage_the_latest() -> None:
    disk = disk_with(b"one", b"two", b"three")
    journal = DiskJournal(disk)
    for seq in (1, 2, 3):
        journal.save_snapshot(Snapshot(seq, b"hash", b"blob"))

    disk.cut_power(rots=True)

    assert journal.snapshot_seqs() == (3, 2)
    assert journal.load_snapshot(2).blob == b"blob"
    with pytest.raises(SnapshotCorruptError):
        journal.load_snapshot(3)
