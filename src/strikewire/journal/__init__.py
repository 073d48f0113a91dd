"""An ordered, durable list of bytes: what the sequencer's flow must survive, and replays from."""

from strikewire.journal.errors import (
    JournalCorruptError,
    JournalError,
    JournalLockedError,
    JournalOpenError,
    JournalVersionError,
    JournalWriteError,
    SnapshotCorruptError,
)
from strikewire.journal.memory import MemoryJournal
from strikewire.journal.records import SNAPSHOTS_KEPT, Journal, Record, Snapshot
from strikewire.journal.sqlite import SqliteJournal

__all__ = [
    "SNAPSHOTS_KEPT",
    "Journal",
    "JournalCorruptError",
    "JournalError",
    "JournalLockedError",
    "JournalOpenError",
    "JournalVersionError",
    "JournalWriteError",
    "MemoryJournal",
    "Record",
    "Snapshot",
    "SnapshotCorruptError",
    "SqliteJournal",
]
