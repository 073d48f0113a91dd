"""From the format of an older build to ours: a copy first, then everything in one transaction.

Who dies on the way leaves the old journal as it was, with or without a copy beside it, and the next
attempt begins anew. Records are never rewritten: their bytes and seals stay those of the build that
made them durable.
"""

import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

FORMATS_TABLE: Final = """
    CREATE TABLE formats (
        version   INTEGER PRIMARY KEY,
        after_seq INTEGER NOT NULL
    )
"""
"""Which format the entries behind one are written in: format 1 had no such table."""

_LAST_SEQ = "SELECT coalesce(max(first_seq + count - 1), 0) FROM records"
_ADD_FORMAT = "INSERT INTO formats VALUES (?, ?)"


def begin_formats(connection: sqlite3.Connection, version: int) -> None:
    """Make the table of formats in a new journal."""
    connection.execute(FORMATS_TABLE)
    connection.execute(_ADD_FORMAT, (version, 0))


def _from_1(connection: sqlite3.Connection) -> None:
    """Begin to keep which formats a journal was written in."""
    begin_formats(connection, 1)


def _from_2(_connection: sqlite3.Connection) -> None:
    """Change nothing: only from here on are there packed commands."""


STEPS: Final[Mapping[int, Callable[[sqlite3.Connection], None]]] = MappingProxyType(
    {1: _from_1, 2: _from_2}
)
"""What leads from each format to the next, inside of a transaction."""


def copy_of(path: Path, version: int) -> Path:
    """Return where the copy of a journal is kept that had an older format."""
    return path.with_name(f"{path.name}-v{version}")


def migrate(connection: sqlite3.Connection, path: Path, *, found: int, wanted: int) -> None:
    """Bring a journal to a newer format, and keep what it was beside it.

    Args:
        connection: To the journal, open for writing; each commit is durable.
        path: The journal's file.
        found: Its format.
        wanted: A later one.

    Raises:
        sqlite3.Error: The disk refuses. The journal is as it was.
        OSError: The same.
    """
    assert found < wanted
    _keep_copy(connection, path, copy_of(path, found))
    connection.execute("BEGIN IMMEDIATE")
    try:
        ((last_seq,),) = connection.execute(_LAST_SEQ).fetchall()
        for version in range(found, wanted):
            STEPS[version](connection)
            connection.execute(_ADD_FORMAT, (version + 1, last_seq))
        connection.execute(f"PRAGMA user_version = {wanted}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _keep_copy(connection: sqlite3.Connection, path: Path, copy: Path) -> None:
    """Copy a journal, its write-ahead log included; the copy appears whole or not at all."""
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    target = sqlite3.connect(part, isolation_level=None)
    try:
        connection.backup(target)
    finally:
        target.close()
    _sync(part)
    part.replace(copy)
    _sync(path.absolute().parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
