"""The journal on a disk: one SQLite file, one row and one sync per group commit.

    journal.db          records and snapshots
    journal.db-wal      SQLite's write-ahead log; folded into the file from time to time
    journal.db-tail     the lock, and how far the journal was acknowledged

Opening and reading change nothing: a journal that turns out to be damaged is left as it was found.
Only the first append opens the file for writing, and from then on it is read the same way.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from strikewire.journal.errors import (
    JournalCorruptError,
    JournalError,
    JournalOpenError,
    JournalWriteError,
    SnapshotCorruptError,
)
from strikewire.journal.records import (
    SNAPSHOTS_KEPT,
    Record,
    Snapshot,
    pack,
    seal_record,
    seal_snapshot,
    unpack,
)
from strikewire.journal.schema import open_reader, open_writer, raise_for
from strikewire.journal.tail import SUFFIX, Note, Tail

_ROWS_PER_READ = 64
"""Rows fetched at a time, so that reading holds no lock on the file between them."""

_COLUMNS = "first_seq, count, time_ns, seal, entries"
_LAST_ROWS = f"SELECT {_COLUMNS} FROM records WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 2"
_NEXT_ROWS = f"SELECT {_COLUMNS} FROM records WHERE first_seq >= ? ORDER BY first_seq LIMIT ?"
_ADD_ROW = f"INSERT INTO records ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)"
_ONE_SNAPSHOT = "SELECT seal, state_hash, blob FROM snapshots WHERE seq = ?"
_OLD_SNAPSHOTS = (
    "DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)"
)

_SEQ_MAX = 2**63 - 1


class _End(NamedTuple):
    """The end of the journal, to which the next record is chained."""

    last_seq: int
    last_time_ns: int
    seal: int


_Row = tuple[int, int, int, int, bytes]
"""first_seq, count, time_ns, seal, entries."""

_Raw = tuple[Any, ...]
"""A row as SQLite returns it: where the file is damaged, a column may hold a value of any type."""


class SqliteJournal:
    """A journal in an SQLite file. At most one is open on a file, in all processes together."""

    def __init__(self, path: Path, tail: Tail | None) -> None:
        self.path = path
        self._tail = tail
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._end = _End(0, 0, 0)
        self._refusal = _Refusal()

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> "SqliteJournal":
        """Open a journal, and create it where there is none.

        Args:
            path: The journal's file; its directory exists.
            read_only: Only read, and create nothing. No one else can write meanwhile.

        Raises:
            JournalLockedError: It is open elsewhere.
            JournalOpenError: It is no journal, or the system does not let us open or create it.
            JournalVersionError: A newer version wrote it.
            JournalCorruptError: Its last record is damaged or gone.
        """
        if read_only and not path.exists():
            raise JournalOpenError(path, "there is no such file")
        # A copy of a journal need not come with the file beside it.
        lockable = not read_only or path.with_name(path.name + SUFFIX).exists()
        tail = Tail.open(path, read_only=read_only) if lockable else None
        journal = cls(path, tail)
        try:
            journal._reader = open_reader(path)
            journal._find_end()
            if read_only:
                journal._refusal.reason = "it is open for reading only"
            elif journal._reader is None:
                journal._open_writer()
            else:
                _make_durable(path)
        except BaseException:
            journal.close()
            raise
        return journal

    @property
    def last_seq(self) -> int:
        """Number of the last durable entry; 0 while there is none."""
        return self._end.last_seq

    @property
    def last_time_ns(self) -> int:
        """Time of the last durable record; 0 while there is none."""
        return self._end.last_time_ns

    def append(self, first_seq: int, time_ns: int, entries: Sequence[bytes]) -> None:
        """Make entries durable; see `Journal.append`."""
        assert entries
        assert first_seq == self._end.last_seq + 1
        assert time_ns >= self._end.last_time_ns
        packed = pack(entries)
        count = len(entries)
        seal = seal_record(self._end.seal, first_seq, count, time_ns, packed)

        with self._refusal:
            # One statement is one transaction; it is on the disk when execute returns.
            self._open_writer().execute(_ADD_ROW, (first_seq, count, time_ns, seal, packed))
            self._end = _End(first_seq + count - 1, time_ns, seal)
            self._note_end()

    def read(self, from_seq: int = 1) -> Iterator[Record]:
        """Yield the records in order; see `Journal.read`.

        Every seal is checked against its record and against the record before it.
        """
        assert from_seq >= 1
        last_seq = self._end.last_seq
        if from_seq > last_seq:
            return
        expected, seal = self._start_of(from_seq)
        while expected <= last_seq:
            rows = self._fetch(_NEXT_ROWS, (expected, _ROWS_PER_READ), seq=expected)
            for row in rows:
                record, seal = _checked(row, expected, seal)
                expected = record.last_seq + 1
                yield record
            if not rows:
                raise JournalCorruptError(expected, "the records end before the last one")

    def snapshot_seqs(self) -> tuple[int, ...]:
        """Return the entries after which there is a snapshot, the latest first."""
        rows = self._fetch("SELECT seq FROM snapshots ORDER BY seq DESC", (), seq=1)
        return tuple(int(seq) for (seq,) in rows)

    def load_snapshot(self, seq: int) -> Snapshot:
        """Return the snapshot that was taken after entry `seq`; see `Journal.load_snapshot`."""
        try:
            rows = self._fetch(_ONE_SNAPSHOT, (seq,), seq=seq)
        except JournalCorruptError as error:
            raise SnapshotCorruptError(seq, error.reason) from error
        if not rows:
            raise SnapshotCorruptError(seq, "it is gone")
        seal, state_hash, blob = rows[0]
        if not (isinstance(state_hash, bytes) and isinstance(blob, bytes)):
            raise SnapshotCorruptError(seq, "a column has the wrong type")
        snapshot = Snapshot(seq, state_hash, blob)
        if seal != seal_snapshot(snapshot):
            raise SnapshotCorruptError(seq, "its checksum is wrong")
        return snapshot

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Make a snapshot durable and drop the oldest; see `Journal.save_snapshot`."""
        assert snapshot.seq <= self._end.last_seq
        row = (snapshot.seq, seal_snapshot(snapshot), snapshot.state_hash, snapshot.blob)
        with self._refusal:
            writer = self._open_writer()
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", row)
            writer.execute(_OLD_SNAPSHOTS, (SNAPSHOTS_KEPT,))
            writer.execute("COMMIT")

    def close(self) -> None:
        """Let go of the files. Closing again does nothing."""
        _close_all(self._reader, self._writer, self._tail)
        self._reader = self._writer = None

    def _find_end(self) -> None:
        """Check the last record and the note beside the journal against each other."""
        rows = self._fetch(_LAST_ROWS, (_SEQ_MAX,), seq=1)
        if rows:
            expected, seal = _after(rows[1:])
            record, seal = _checked(rows[0], expected, seal)
            self._end = _End(record.last_seq, record.time_ns, seal)
        if self._tail is not None:
            self._compare(self._read_note(self._tail))

    def _read_note(self, tail: Tail) -> Note:
        try:
            return tail.read() or Note(0, 0)
        except ValueError as error:
            reason = f"{tail.path.name} cannot be trusted: {error}"
            raise JournalCorruptError(self._end.last_seq + 1, reason) from error

    def _compare(self, note: Note) -> None:
        """Refuse a journal that ends before the entry it was acknowledged to."""
        if note.last_seq > self._end.last_seq:
            reason = (
                f"it ends with entry {self._end.last_seq}, "
                f"but was acknowledged up to entry {note.last_seq} "
                f"(to go on without those entries, delete {self.path.name}{SUFFIX})"
            )
            raise JournalCorruptError(self._end.last_seq + 1, reason)
        if note.last_seq == self._end.last_seq and note.seal != self._end.seal:
            reason = "its last record is not the one that was acknowledged"
            raise JournalCorruptError(self._end.last_seq, reason)

    def _note_end(self) -> None:
        assert self._tail is not None
        self._tail.write(Note(self._end.last_seq, self._end.seal))

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            _close_all(self._reader)
            self._reader = None
            self._writer = open_writer(self.path)
        return self._writer

    def _start_of(self, from_seq: int) -> tuple[int, int]:
        """Return where the record that holds `from_seq` begins, and the seal before it."""
        rows = self._fetch(_LAST_ROWS, (from_seq,), seq=from_seq)
        return _after(rows[1:])

    def _fetch(self, query: str, values: tuple[int, ...], *, seq: int) -> list[_Raw]:
        connection = self._writer or self._reader
        if connection is None:
            return []
        try:
            return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise_for(error, self.path, seq=seq)


class _Refusal:
    """Guards every write: what failed once is not tried again.

    After a failed sync nobody knows what the disk holds: the system may have dropped the pages
    that it could not write, and a second sync would then report success.
    """

    def __init__(self) -> None:
        self.reason: str | None = None

    def __enter__(self) -> None:
        if self.reason is not None:
            raise JournalWriteError(self.reason)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        self.reason = str(error) or type(error).__name__
        if isinstance(error, sqlite3.Error | OSError | JournalError):
            raise JournalWriteError(self.reason) from error


def _make_durable(path: Path) -> None:
    """Sync what is there: a process that was killed may have left a record in memory alone.

    We read that record as durable and tell of it, so it has to survive the next power cut, even if
    nothing is appended before.

    Raises:
        JournalOpenError: The disk refuses.
    """
    for file in (path, path.with_name(path.name + "-wal")):
        if file.exists():
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            except OSError as error:
                raise JournalOpenError(path, f"{file.name}: {error.strerror}") from error
            finally:
                os.close(descriptor)


def _after(rows: list[_Raw]) -> tuple[int, int]:
    """Return where the record behind a row must begin, and the seal that it is chained to."""
    if not rows:
        return 1, 0
    first_seq, count, _, seal, _ = _typed(rows[0])
    return first_seq + count, seal


def _checked(row: _Raw, expected: int, previous: int) -> tuple[Record, int]:
    """Return a row as a record, and its seal.

    Raises:
        JournalCorruptError: It is not the record that must begin at `expected` behind one that was
            sealed with `previous`.
    """
    first_seq, count, time_ns, seal, packed = _typed(row)
    if first_seq != expected:
        raise JournalCorruptError(expected, f"the next record begins with entry {first_seq}")
    if seal != seal_record(previous, first_seq, count, time_ns, packed):
        raise JournalCorruptError(expected, "the checksum of its record is wrong")
    entries = unpack(packed)
    assert len(entries) == count
    return Record(first_seq, time_ns, entries), seal


def _typed(row: _Raw) -> _Row:
    """Return a row whose columns are what they were declared to be.

    Raises:
        JournalCorruptError: They are not.
    """
    first_seq, count, time_ns, seal, packed = row
    numbers = (first_seq, count, time_ns, seal)
    if not all(isinstance(number, int) for number in numbers) or not isinstance(packed, bytes):
        raise JournalCorruptError(first_seq, "a column of its record has the wrong type")
    if first_seq < 1 or count < 1 or not 0 <= seal < 2**32:
        raise JournalCorruptError(first_seq, "a column of its record is out of range")
    return first_seq, count, time_ns, seal, packed


def _close_all(*closables: sqlite3.Connection | Tail | None) -> None:
    for closable in closables:
        if closable is not None:
            closable.close()
