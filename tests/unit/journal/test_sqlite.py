import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from strikewire.journal.errors import (
    JournalCorruptError,
    JournalError,
    JournalLockedError,
    JournalOpenError,
    JournalVersionError,
    JournalWriteError,
    SnapshotCorruptError,
)
from strikewire.journal.records import Record, Snapshot
from strikewire.journal.sqlite import SqliteJournal

HOUR = 3_600 * 10**9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def write(path: Path, records: int, *, first_seq: int = 1) -> None:
    """Write a journal of records with two entries each, and close it."""
    journal = SqliteJournal.open(path)
    for seq in range(first_seq, first_seq + 2 * records, 2):
        journal.append(seq, HOUR + seq, [b"entry %d" % seq, b"entry %d" % (seq + 1)])
    journal.close()


def write_and_be_killed(path: Path, records: int) -> None:
    """Write the same journal in another process, which ends as `kill -9` ends it."""
    code = f"""
import os, signal
from pathlib import Path
from strikewire.journal import SqliteJournal
journal = SqliteJournal.open(Path({str(path)!r}))
for seq in range(1, {2 * records}, 2):
    journal.append(seq, {HOUR} + seq, [b"entry %d" % seq, b"entry %d" % (seq + 1)])
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode == -signal.SIGKILL


def change(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement, values)
    connection.close()


def end_of(log: Path) -> int:
    """Return where a log ends: there are only zeros behind it."""
    return len(log.read_bytes().rstrip(b"\0"))


def damage(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0x01
    path.write_bytes(content)


def contents(path: Path) -> dict[str, bytes]:
    """The journal's files, without SQLite's index of the log: it is rebuilt at will."""
    return {
        file.name: file.read_bytes()
        for file in path.parent.iterdir()
        if not file.name.endswith("-shm")
    }


def read_all(path: Path) -> list[Record]:
    journal = SqliteJournal.open(path, read_only=True)
    try:
        return list(journal.read())
    finally:
        journal.close()


def test_a_new_journal_is_empty(path: Path) -> None:
    journal = SqliteJournal.open(path)

    assert (journal.last_seq, journal.last_time_ns) == (0, 0)
    assert list(journal.read()) == []
    assert journal.snapshot_seqs() == ()
    journal.close()


def test_what_was_appended_is_read_in_order(path: Path) -> None:
    journal = SqliteJournal.open(path)
    journal.append(1, 100, [b"one", b"two"])
    journal.append(3, 100, [b"three"])

    assert (journal.last_seq, journal.last_time_ns) == (3, 100)
    assert list(journal.read()) == [Record(1, 100, (b"one", b"two")), Record(3, 100, (b"three",))]
    journal.close()


def test_a_journal_goes_on_where_it_was_closed(path: Path) -> None:
    write(path, 1)

    journal = SqliteJournal.open(path)
    assert (journal.last_seq, journal.last_time_ns) == (2, HOUR + 1)
    journal.append(3, 2 * HOUR, [b"three"])
    journal.close()

    assert [record.first_seq for record in read_all(path)] == [1, 3]


def test_a_closed_journal_is_one_file_and_the_note_beside_it(path: Path) -> None:
    write(path, 3)

    assert sorted(contents(path)) == ["journal.db", "journal.db-tail"]


def test_reading_begins_with_the_record_that_holds_the_entry(path: Path) -> None:
    write(path, 100)

    journal = SqliteJournal.open(path)

    assert next(journal.read(1)).first_seq == 1
    assert next(journal.read(2)).first_seq == 1
    assert next(journal.read(150)).first_seq == 149
    assert [record.first_seq for record in journal.read(197)] == [197, 199]
    assert list(journal.read(201)) == []
    with pytest.raises(AssertionError):
        next(journal.read(0))
    journal.close()


def test_entries_follow_each_other_in_number_and_time(path: Path) -> None:
    journal = SqliteJournal.open(path)
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
    journal.close()


def test_what_was_appended_before_a_kill_is_there_after_it(path: Path) -> None:
    write_and_be_killed(path, 10)

    journal = SqliteJournal.open(path)
    assert journal.last_seq == 20
    journal.append(21, 2 * HOUR, [b"after"])
    journal.close()

    assert [record.last_seq for record in read_all(path)] == [*range(2, 21, 2), 21]


def test_what_a_kill_left_in_memory_is_synced_before_it_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_and_be_killed(path, 3)
    log = path.with_name("journal.db-wal")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))

    SqliteJournal.open(path).close()

    assert synced == [path.stat().st_ino, log.stat().st_ino]


def test_a_journal_that_cannot_be_synced_is_not_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SqliteJournal.open(path).close()

    def refuse(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(JournalOpenError, match=r"journal\.db: Input/output error"):
        SqliteJournal.open(path)


def test_a_second_writer_is_kept_out_of_a_live_journal(path: Path) -> None:
    journal = SqliteJournal.open(path)

    with pytest.raises(JournalLockedError) as caught:
        SqliteJournal.open(path)
    assert caught.value.path == path
    with pytest.raises(JournalLockedError):
        SqliteJournal.open(path, read_only=True)

    journal.close()
    journal.close()
    SqliteJournal.open(path).close()


def test_another_process_is_kept_out_of_a_live_journal(path: Path) -> None:
    journal = SqliteJournal.open(path)
    code = f"""
from pathlib import Path
from strikewire.journal import JournalLockedError, SqliteJournal
try:
    SqliteJournal.open(Path({str(path)!r}))
except JournalLockedError as error:
    print(error)
"""

    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert ended.stdout == (
        f"the journal {path} is in use: stop the venue that has it open first\n"
    )
    journal.close()


def test_reading_only_changes_nothing_and_writes_nothing(path: Path) -> None:
    write_and_be_killed(path, 3)
    before = contents(path)

    journal = SqliteJournal.open(path, read_only=True)
    assert len(list(journal.read())) == 3
    with pytest.raises(JournalWriteError, match="open for reading only"):
        journal.append(7, 2 * HOUR, [b"x"])
    with pytest.raises(JournalWriteError, match="open for reading only"):
        journal.save_snapshot(Snapshot(6, b"hash", b"state"))
    journal.close()

    assert contents(path) == before


def test_a_copy_without_the_note_can_be_read(path: Path) -> None:
    write(path, 3)
    (path.parent / "journal.db-tail").unlink()

    assert len(read_all(path)) == 3
    assert sorted(contents(path)) == ["journal.db"]


def test_reading_only_does_not_create_a_journal(path: Path) -> None:
    with pytest.raises(JournalOpenError, match="there is no such file"):
        SqliteJournal.open(path, read_only=True)
    assert contents(path) == {}

    path.touch()
    assert read_all(path) == []


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalOpenError, match="No such file or directory"):
        SqliteJournal.open(tmp_path / "gone" / "journal.db")


def test_a_journal_of_another_version_is_refused_and_unlocked_again(path: Path) -> None:
    write(path, 1)
    change(path, "PRAGMA user_version = 7")

    for _ in range(2):
        with pytest.raises(JournalVersionError, match="has format 7, this version"):
            SqliteJournal.open(path)


# Damage.


@pytest.mark.parametrize(
    ("statement", "seq", "reason"),
    [
        ("UPDATE records SET entries = x'9100' WHERE first_seq = 5", 5, "checksum"),
        ("UPDATE records SET time_ns = time_ns + 1 WHERE first_seq = 5", 5, "checksum"),
        ("UPDATE records SET seal = seal + 1 WHERE first_seq = 5", 5, "checksum"),
        ("UPDATE records SET count = 3 WHERE first_seq = 5", 5, "checksum"),
        ("UPDATE records SET entries = 'text' WHERE first_seq = 5", 5, "checksum"),
        ("UPDATE records SET entries = 1.5 WHERE first_seq = 5", 5, "wrong type"),
        ("UPDATE records SET time_ns = 'noon' WHERE first_seq = 5", 5, "wrong type"),
        ("UPDATE records SET seal = -1 WHERE first_seq = 5", 5, "out of range"),
        ("UPDATE records SET count = 0 WHERE first_seq = 5", 5, "out of range"),
        ("UPDATE records SET first_seq = 6 WHERE first_seq = 5", 5, "begins with entry 6"),
        ("DELETE FROM records WHERE first_seq = 5", 5, "begins with entry 7"),
        ("DELETE FROM records WHERE first_seq IN (1, 3)", 1, "begins with entry 5"),
    ],
)
def test_damage_in_the_middle_is_met_where_it_is(
    path: Path, statement: str, seq: int, reason: str
) -> None:
    write(path, 10)
    change(path, statement)
    before = contents(path)

    journal = SqliteJournal.open(path)
    with pytest.raises(JournalCorruptError, match=reason) as caught:
        list(journal.read())
    journal.close()

    assert caught.value.seq == seq
    assert contents(path) == before


def test_a_record_of_another_journal_does_not_fit_in(path: Path, tmp_path: Path) -> None:
    write(path, 4)
    other = tmp_path / "other.db"
    journal = SqliteJournal.open(other)
    journal.append(1, HOUR, [b"another", b"past"])
    journal.append(3, HOUR + 3, [b"entry 3", b"entry 4"])
    journal.close()
    change(path, "DELETE FROM records WHERE first_seq = 3")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("ATTACH ? AS other", (str(other),))
    connection.execute("INSERT INTO records SELECT * FROM other.records WHERE first_seq = 3")
    connection.close()

    journal = SqliteJournal.open(path)
    with pytest.raises(JournalCorruptError, match="checksum") as caught:
        list(journal.read())
    journal.close()

    assert caught.value.seq == 3


@pytest.mark.parametrize(
    ("statement", "seq", "reason"),
    [
        ("UPDATE records SET entries = x'9100' WHERE first_seq = 19", 19, "checksum"),
        ("UPDATE records SET seal = 1.5 WHERE first_seq = 19", 19, "wrong type"),
        ("UPDATE records SET seal = 1.5 WHERE first_seq = 17", 17, "wrong type"),
        ("DELETE FROM records WHERE first_seq = 17", 17, "begins with entry 19"),
        ("DELETE FROM records WHERE first_seq = 19", 19, "acknowledged up to entry 20"),
        ("DELETE FROM records", 1, "ends with entry 0, but was acknowledged up to entry 20"),
    ],
)
def test_damage_at_the_tail_is_met_when_the_journal_is_opened(
    path: Path, statement: str, seq: int, reason: str
) -> None:
    write(path, 10)
    change(path, statement)
    before = contents(path)

    for read_only in (False, True):
        with pytest.raises(JournalCorruptError, match=reason) as caught:
            SqliteJournal.open(path, read_only=read_only)
        assert caught.value.seq == seq

    assert contents(path) == before


def test_a_last_record_that_was_exchanged_is_met_when_the_journal_is_opened(path: Path) -> None:
    write(path, 2)
    note = (path.parent / "journal.db-tail").read_bytes()
    path.unlink()
    (path.parent / "journal.db-tail").unlink()
    journal = SqliteJournal.open(path)
    journal.append(1, HOUR, [b"a", b"b", b"c", b"d"])
    journal.close()
    (path.parent / "journal.db-tail").write_bytes(note)

    with pytest.raises(JournalCorruptError, match="not the one that was acknowledged") as caught:
        SqliteJournal.open(path)
    assert caught.value.seq == 4


def test_one_wrong_bit_in_the_log_of_a_killed_venue_is_met(path: Path) -> None:
    write_and_be_killed(path, 10)
    log = path.parent / "journal.db-wal"
    damage(log, end_of(log) - 100)
    before = contents(path)

    # SQLite alone would open it without a word, one record shorter.
    with pytest.raises(JournalCorruptError, match=r"delete journal\.db-tail") as caught:
        SqliteJournal.open(path)

    assert caught.value.seq == 19
    assert contents(path) == before


def test_a_log_that_was_cut_is_met(path: Path) -> None:
    write_and_be_killed(path, 10)
    log = path.parent / "journal.db-wal"
    log.write_bytes(log.read_bytes()[: end_of(log) // 2])

    with pytest.raises(JournalCorruptError, match="acknowledged up to entry 20"):
        SqliteJournal.open(path)


def test_who_deletes_the_note_goes_on_without_what_was_lost(path: Path) -> None:
    write_and_be_killed(path, 10)
    log = path.parent / "journal.db-wal"
    damage(log, end_of(log) - 100)
    (path.parent / "journal.db-tail").unlink()

    journal = SqliteJournal.open(path)

    assert journal.last_seq == 18
    journal.append(19, 2 * HOUR, [b"again"])
    journal.close()


def test_a_note_that_lags_behind_is_no_damage(path: Path) -> None:
    write(path, 1)
    note = (path.parent / "journal.db-tail").read_bytes()
    write(path, 1, first_seq=3)
    (path.parent / "journal.db-tail").write_bytes(note)

    assert len(read_all(path)) == 2


def test_damaged_notes_are_met(path: Path) -> None:
    write(path, 2)
    damage(path.parent / "journal.db-tail", 10)
    damage(path.parent / "journal.db-tail", 34)

    with pytest.raises(JournalCorruptError, match=r"journal\.db-tail cannot be trusted") as caught:
        SqliteJournal.open(path)
    assert caught.value.seq == 5


def test_a_file_that_was_cut_is_met(path: Path) -> None:
    write(path, 1_000)
    path.write_bytes(path.read_bytes()[:8_192])

    with pytest.raises(JournalCorruptError, match="malformed"):
        read_all(path)


def test_an_emptied_file_is_met(path: Path) -> None:
    write(path, 1)
    path.write_bytes(b"")

    with pytest.raises(JournalCorruptError, match="ends with entry 0"):
        SqliteJournal.open(path)


def test_records_that_end_too_early_are_met(path: Path) -> None:
    write(path, 10)
    journal = SqliteJournal.open(path)
    journal.append(21, 2 * HOUR, [b"x"])
    assert journal._writer is not None
    journal._writer.execute("DELETE FROM records WHERE first_seq > 4")

    with pytest.raises(JournalCorruptError, match="end before the last one") as caught:
        list(journal.read())
    journal.close()

    assert caught.value.seq == 5


def test_no_damaged_page_is_ever_read_as_if_it_were_sound(path: Path) -> None:
    write(path, 400)
    expected = read_all(path)
    sound = path.read_bytes()

    met = 0
    for position in range(0, len(sound), 331):
        damage(path, position)
        try:
            # Some bytes of a page are free, and some of the header say nothing about the content.
            assert read_all(path) == expected
        except JournalError:
            met += 1
        path.write_bytes(sound)

    assert met > 50


# Failing writes.


class FailingConnection:
    """A connection whose disk fails."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def execute(self, _statement: str, _values: object = ()) -> object:
        raise self.error

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.OperationalError("database or disk is full"),
        OSError(28, "No space left on device"),
    ],
)
def test_after_one_failed_append_the_journal_takes_no_more(
    path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = SqliteJournal.open(path)
    journal.append(1, 100, [b"one"])
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_writer", FailingConnection(error))
        with pytest.raises(JournalWriteError) as caught:
            journal.append(2, 100, [b"two"])
        assert caught.value.reason == str(error)

    # The disk works again; that does not help.
    with pytest.raises(JournalWriteError, match="takes no more entries"):
        journal.append(2, 100, [b"two"])
    with pytest.raises(JournalWriteError, match="takes no more entries"):
        journal.save_snapshot(Snapshot(1, b"hash", b"state"))
    assert journal.last_seq == 1
    journal.close()

    assert len(read_all(path)) == 1


def test_a_fault_of_our_own_in_the_middle_of_a_write_also_ends_the_writing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = SqliteJournal.open(path)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_writer", FailingConnection(MemoryError()))
        with pytest.raises(MemoryError):
            journal.append(1, 100, [b"one"])

    with pytest.raises(JournalWriteError, match="MemoryError"):
        journal.append(1, 100, [b"one"])
    journal.close()


def test_a_full_disk_refuses_the_record_and_keeps_those_before(path: Path) -> None:
    journal = SqliteJournal.open(path)
    journal.append(1, 100, [b"one"])
    assert journal._writer is not None
    journal._writer.execute("PRAGMA max_page_count = 8")

    with pytest.raises(JournalWriteError, match="full"):
        journal.append(2, 100, [bytes(1_000_000)])
    journal.close()

    assert read_all(path) == [Record(1, 100, (b"one",))]


def test_a_journal_that_cannot_be_opened_for_writing_refuses_the_first_append(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, 1)
    journal = SqliteJournal.open(path)
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)

    with pytest.raises(JournalWriteError, match="permission denied"):
        journal.append(3, 2 * HOUR, [b"three"])
    journal.close()


# Snapshots.


def test_the_latest_two_snapshots_stay(path: Path) -> None:
    write(path, 2)
    journal = SqliteJournal.open(path)
    for seq in (1, 2, 4):
        journal.save_snapshot(Snapshot(seq, b"hash", b"state %d" % seq))
    assert journal.snapshot_seqs() == (4, 2)
    journal.close()

    journal = SqliteJournal.open(path)
    assert journal.snapshot_seqs() == (4, 2)
    assert journal.load_snapshot(2) == Snapshot(2, b"hash", b"state 2")
    journal.close()


def test_a_snapshot_may_be_taken_again(path: Path) -> None:
    write(path, 1)
    journal = SqliteJournal.open(path)

    journal.save_snapshot(Snapshot(2, b"hash", b"old"))
    journal.save_snapshot(Snapshot(2, b"hash", b"new"))

    assert journal.snapshot_seqs() == (2,)
    assert journal.load_snapshot(2).blob == b"new"
    journal.close()


def test_a_snapshot_of_what_is_not_durable_is_our_own_fault(path: Path) -> None:
    journal = SqliteJournal.open(path)
    with pytest.raises(AssertionError):
        journal.save_snapshot(Snapshot(1, b"hash", b"state"))
    journal.close()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE snapshots SET blob = x'00'", "checksum"),
        ("UPDATE snapshots SET state_hash = x'00'", "checksum"),
        ("UPDATE snapshots SET seal = seal + 1", "checksum"),
        ("UPDATE snapshots SET blob = 1", "wrong type"),
        ("DELETE FROM snapshots", "it is gone"),
    ],
)
def test_a_damaged_snapshot_is_met(path: Path, statement: str, reason: str) -> None:
    write(path, 1)
    journal = SqliteJournal.open(path)
    journal.save_snapshot(Snapshot(2, b"hash", b"state"))
    journal.close()
    change(path, statement)

    journal = SqliteJournal.open(path)
    with pytest.raises(SnapshotCorruptError, match=reason) as caught:
        journal.load_snapshot(2)
    journal.close()

    assert caught.value.seq == 2


def test_a_snapshot_whose_pages_are_lost_is_met(path: Path) -> None:
    write(path, 1)
    journal = SqliteJournal.open(path)
    journal.save_snapshot(Snapshot(2, b"hash", b"S" * 200_000))
    journal.close()
    content = bytearray(path.read_bytes())
    # A page of the blob begins with the number of the next one.
    page = next(at for at in range(0, len(content), 4_096) if content[at + 4 : at + 8] == b"SSSS")
    content[page : page + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)

    journal = SqliteJournal.open(path)
    with pytest.raises(SnapshotCorruptError, match="malformed"):
        journal.load_snapshot(2)
    assert len(list(journal.read())) == 1
    journal.close()
