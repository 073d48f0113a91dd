import os
import resource
import shutil
import sqlite3
from pathlib import Path

import pytest

from strikewire.journal.errors import (
    JournalCorruptError,
    JournalError,
    JournalLockedError,
    JournalOpenError,
    JournalVersionError,
)
from strikewire.journal.schema import LOG_BYTES_AT_ONCE, open_reader, open_writer, raise_for


def pragma(connection: sqlite3.Connection, name: str) -> object:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return value


def killed(path: Path) -> Path:
    """Return what a journal's file and log would be if its process were killed now."""
    copy = path.with_name(f"killed-{path.name}")
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            shutil.copy(file, copy.with_name(copy.name + suffix))
    return copy


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()


def test_a_new_journal_is_marked_as_ours_and_empty(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "journal.db")

    assert pragma(writer, "application_id") == 0x53574A4C
    assert pragma(writer, "user_version") == 3
    assert writer.execute("SELECT * FROM records").fetchall() == []
    assert writer.execute("SELECT * FROM snapshots").fetchall() == []
    writer.close()


def test_every_commit_is_synced_in_the_write_ahead_log(tmp_path: Path) -> None:
    open_writer(tmp_path / "journal.db").close()

    writer = open_writer(tmp_path / "journal.db")

    full = 2
    assert pragma(writer, "journal_mode") == b"wal"
    assert pragma(writer, "synchronous") == full
    assert writer.isolation_level is None
    writer.close()


def test_the_log_has_all_of_its_bytes_before_the_first_commit(tmp_path: Path) -> None:
    path, log = tmp_path / "journal.db", tmp_path / "journal.db-wal"

    writer = open_writer(path)

    assert log.stat().st_size == LOG_BYTES_AT_ONCE
    # What the commits behind it write stays within them.
    for seq in range(1, 101):
        writer.execute("INSERT INTO records VALUES (?, 1, 1, 1, ?)", (seq, bytes(64)))
    assert log.stat().st_size == LOG_BYTES_AT_ONCE
    writer.close()
    assert not log.exists()


def test_what_stands_in_a_log_stays_there(tmp_path: Path) -> None:
    first = open_writer(tmp_path / "journal.db")
    first.execute("INSERT INTO records VALUES (1, 1, 1, 1, ?)", (b"kept",))
    path, log = killed(tmp_path / "journal.db"), tmp_path / "killed-journal.db-wal"
    os.truncate(log, len(log.read_bytes().rstrip(b"\0")))

    second = open_writer(path)

    assert log.stat().st_size == LOG_BYTES_AT_ONCE
    assert second.execute("SELECT entries FROM records").fetchall() == [(b"kept",)]
    second.close()
    first.close()


def test_a_log_that_was_shared_is_read_and_its_index_is_not(tmp_path: Path) -> None:
    open_writer(tmp_path / "journal.db").close()
    sharing = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    sharing.execute("INSERT INTO records VALUES (1, 1, 1, 1, ?)", (b"shared",))
    path = killed(tmp_path / "journal.db")
    sharing.close()
    assert path.with_name("killed-journal.db-shm").exists()

    alone = open_writer(path)
    alone.execute("INSERT INTO records VALUES (2, 1, 1, 1, ?)", (b"alone",))
    again = killed(path)
    alone.close()

    reader = open_reader(again)
    assert reader is not None
    rows = reader.execute("SELECT entries FROM records ORDER BY first_seq").fetchall()
    assert rows == [(b"shared",), (b"alone",)]
    reader.close()


def test_while_a_journal_is_written_nobody_else_can_open_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = open_writer(path)

    other = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        other.execute("SELECT count(*) FROM records")
    other.close()

    assert not path.with_name("journal.db-shm").exists()
    writer.close()


def test_where_the_log_cannot_have_its_bytes_no_journal_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LOG_BYTES_AT_ONCE // 2, before[1]))

    try:
        # The first write ends at the limit, the next one finds no room at all.
        with pytest.raises(JournalOpenError, match=r"journal\.db-wal: "):
            open_writer(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_system_without_a_write_ahead_log_is_refused() -> None:
    # SQLite keeps ":memory:" in memory, where it has no write-ahead log either.
    with pytest.raises(JournalOpenError, match="does not support a write-ahead log"):
        open_writer(Path(":memory:"))


def test_where_there_is_nothing_there_is_nothing_to_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    assert open_reader(path) is None
    assert list(tmp_path.iterdir()) == []

    path.touch()
    assert open_reader(path) is None


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "a journal? #1.db"
    open_writer(path).close()

    reader = open_reader(path)

    assert reader is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM records")
    reader.close()


def test_a_journal_of_another_version_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    open_writer(path).close()
    change(path, "PRAGMA user_version = 4")
    before = path.read_bytes()

    for open_it in (open_reader, open_writer):
        with pytest.raises(JournalVersionError) as caught:
            open_it(path)
        assert (caught.value.found, caught.value.expected) == (4, 3)

    assert path.read_bytes() == before


def test_the_database_of_some_other_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    change(path, "CREATE TABLE holidays (day TEXT)")

    for open_it in (open_reader, open_writer):
        with pytest.raises(JournalOpenError, match="some other program"):
            open_it(path)


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this was a journal once " * 100)

    for open_it in (open_reader, open_writer):
        with pytest.raises(JournalCorruptError, match="not a database"):
            open_it(path)


def test_a_directory_is_no_journal(tmp_path: Path) -> None:
    for open_it in (open_reader, open_writer):
        with pytest.raises(JournalOpenError, match="cannot open the journal"):
            open_it(tmp_path)


def test_a_file_that_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    open_writer(path).close()
    # Root may write to any file: the answer of the system is played, not provoked.
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)

    with pytest.raises(JournalOpenError, match="permission denied"):
        open_writer(path)


def test_a_file_that_another_program_is_writing_to_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    open_writer(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("INSERT INTO records VALUES (1, 1, 0, 0, x'90')")

    for open_it in (open_reader, open_writer):
        with pytest.raises(JournalLockedError):
            open_it(path)

    other.close()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY, JournalLockedError),
        (sqlite3.SQLITE_BUSY_RECOVERY, JournalLockedError),
        (sqlite3.SQLITE_LOCKED, JournalLockedError),
        (sqlite3.SQLITE_CORRUPT, JournalCorruptError),
        (sqlite3.SQLITE_NOTADB, JournalCorruptError),
        (sqlite3.SQLITE_IOERR_READ, JournalOpenError),
        (sqlite3.SQLITE_CANTOPEN, JournalOpenError),
    ],
)
def test_each_answer_of_sqlite_is_one_of_ours(code: int, expected: type[JournalError]) -> None:
    error = sqlite3.OperationalError("what SQLite said")
    error.sqlite_errorcode = code

    with pytest.raises(expected):
        raise_for(error, Path("journal.db"), seq=7)


def test_an_error_without_a_code_is_passed_on_in_its_words() -> None:
    with pytest.raises(JournalOpenError, match="what Python said"):
        raise_for(sqlite3.InterfaceError("what Python said"), Path("journal.db"), seq=7)
