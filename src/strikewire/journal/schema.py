"""The journal as an SQLite file: its tables, its version, and the ways of opening it."""

import os
import sqlite3
from pathlib import Path
from typing import NoReturn

from strikewire.journal.errors import (
    JournalCorruptError,
    JournalError,
    JournalLockedError,
    JournalOpenError,
    JournalVersionError,
)
from strikewire.journal.migrating import begin_formats, migrate

FORMAT_VERSION = 3
"""Kept as SQLite's `user_version`; raised whenever older code could not read what we write.

1: records and snapshots. 2: which formats it was written in; commands that came since, idempotency
keys among them. 3: packed commands (`exchange.packed`). Older formats are read as they are, and
migrated before the first append.
"""

APPLICATION_ID = 0x53574A4C
"""Kept as SQLite's `application_id`: the letters "SWJL"."""

LOG_BYTES_AT_ONCE = 4 * 1024 * 1024
"""Bytes that the write-ahead log has from the first commit on: about what SQLite lets it grow to
before it folds it into the file and begins it anew. To sync what overwrites bytes is one write to
the disk; where a file grows, the file system has to write down where, too, which takes as long."""

LOG_BYTES_KEPT = 64 * 1024 * 1024
"""Bytes that the write-ahead log keeps on the disk after it was emptied."""

_TABLES = (
    """
    CREATE TABLE records (
        first_seq INTEGER PRIMARY KEY,
        count     INTEGER NOT NULL,
        time_ns   INTEGER NOT NULL,
        seal      INTEGER NOT NULL,
        entries   BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE snapshots (
        seq        INTEGER PRIMARY KEY,
        seal       INTEGER NOT NULL,
        state_hash BLOB NOT NULL,
        blob       BLOB NOT NULL
    )
    """,
)


def open_reader(path: Path) -> sqlite3.Connection | None:
    """Open a journal for reading, without changing a byte of it.

    Returns:
        A connection that any one thread at a time may use, or None where there is no journal yet.

    Raises:
        JournalLockedError: Another program is writing to the file.
        JournalOpenError: It is not a journal, or the system does not let us read it.
        JournalVersionError: A newer version wrote it.
        JournalCorruptError: SQLite itself cannot make sense of it.
    """
    if not path.exists():
        return None
    # Opened plainly, SQLite would fold the write-ahead log into the file on closing, and the
    # traces of any damage with it; where there is no log, it would leave an empty one behind.
    log = path.with_name(path.name + "-wal")
    has_log = log.exists() and log.stat().st_size > 0
    uri = f"{path.absolute().as_uri()}?{'mode=ro' if has_log else 'immutable=1'}"
    connection = None
    try:
        connection = _connect(uri, uri=True)
        is_journal = _check_format(connection, path)
    except sqlite3.Error as error:
        _close(connection)
        raise_for(error, path, seq=1)
    except JournalError:
        _close(connection)
        raise
    if not is_journal:
        connection.close()
        return None
    return connection


def open_writer(path: Path) -> sqlite3.Connection:
    """Open a journal for writing; create it where there is none, migrate it where it is older.

    Returns:
        A connection that any one thread at a time may use, on which each statement is durable
        when it returns. Until it is closed nobody else can open the file, not even to read.

    Raises:
        JournalLockedError: Another program is writing to the file.
        JournalOpenError: The system does not let us write to it.
        JournalVersionError: A newer version wrote it.
        JournalCorruptError: SQLite itself cannot make sense of it.
    """
    if path.exists() and not os.access(path, os.W_OK):
        raise JournalOpenError(path, "permission denied")
    connection = None
    try:
        connection = _connect(str(path), uri=False)
        _make_durable(connection, path)
        found = _check_format(connection, path)
        _make_room(path)
        if found == 0:
            _create(connection)
        elif found < FORMAT_VERSION:
            _migrate(connection, path, found)
    except sqlite3.Error as error:
        _close(connection)
        raise_for(error, path, seq=1)
    except JournalError:
        _close(connection)
        raise
    return connection


def raise_for(error: sqlite3.Error, path: Path, *, seq: int) -> NoReturn:
    """Raise the journal's own error for one of SQLite's that came up while opening or reading.

    Args:
        error: What SQLite raised.
        path: The journal's file.
        seq: The first entry that could not be read.

    Raises:
        JournalError: Always.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        raise JournalLockedError(path) from error
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        raise JournalCorruptError(seq, str(error)) from error
    raise JournalOpenError(path, str(error)) from error


def _connect(database: str, *, uri: bool) -> sqlite3.Connection:
    # The sequencer reads at start on one thread and appends on another, never on both at once:
    # that promise replaces the check of Python's sqlite3.
    connection = sqlite3.connect(
        database, uri=uri, timeout=0, isolation_level=None, check_same_thread=False
    )
    # Only damage makes text of a column of ours; the checksum is to find it, not the decoder.
    connection.text_factory = bytes
    return connection


def _make_durable(connection: sqlite3.Connection, path: Path) -> None:
    """Make each commit an append to the write-ahead log and one sync of it."""
    # Nobody else may look: so SQLite keeps the log's index to itself, a commit needs no locks, and
    # no reader keeps the log from beginning anew. After the mode, the index would be shared.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != b"wal":
        raise JournalOpenError(path, "its file system does not support a write-ahead log")
    # NORMAL would leave the last commits to the mercy of a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    # Only macOS knows this: there, a plain fsync leaves the disk's own cache unwritten.
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES_KEPT}")


def _make_room(path: Path) -> None:
    """Let the log have all of its bytes: zeros, which the next commit syncs with its own page.

    SQLite reads a log up to the first page whose checksum is wrong, as that of zeros is.

    Raises:
        JournalOpenError: The system does not let us, or there is no room.
    """
    log = path.with_name(path.name + "-wal")
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            while size < LOG_BYTES_AT_ONCE:
                size += os.pwrite(descriptor, bytes(LOG_BYTES_AT_ONCE - size), size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise JournalOpenError(path, f"{log.name}: {error.strerror}") from error


def _check_format(connection: sqlite3.Connection, path: Path) -> int:
    """Return the format of a journal of ours; 0 of a file that is still empty."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (application_id, version, tables) == (0, 0, 0):
        return 0
    if application_id != APPLICATION_ID:
        raise JournalOpenError(path, "it is a file of some other program")
    if not 1 <= version <= FORMAT_VERSION:
        raise JournalVersionError(path, found=version, expected=FORMAT_VERSION)
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path, found: int) -> None:
    try:
        migrate(connection, path, found=found, wanted=FORMAT_VERSION)
    except OSError as error:
        reason = f"it has format {found} and no copy can be kept of it: {error.strerror}"
        raise JournalOpenError(path, reason) from error


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for table in _TABLES:
        connection.execute(table)
    begin_formats(connection, FORMAT_VERSION)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    connection.execute("COMMIT")


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()
