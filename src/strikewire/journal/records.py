"""What a journal holds: records of entries, each sealed to the one before it; and snapshots.

An *entry* is the bytes of one command. A *record* is what became durable together: the entries of
one group commit, under one time. Its seal is a CRC-32 over its content and the seal before it, so
that a record which was altered, lost, or taken from another journal breaks the chain there.
"""

import zlib
from collections.abc import Iterator, Sequence
from struct import Struct as Layout
from typing import Protocol

import msgspec

SNAPSHOTS_KEPT = 2
"""How many snapshots stay: the latest, and one before it in case the latest is damaged."""

_HEADER = Layout(">QQqI")


class Record(msgspec.Struct, frozen=True):
    """The entries that one group commit made durable."""

    first_seq: int
    """Number of the first entry; the others follow without a gap. The journal's first is 1."""

    time_ns: int
    """When they entered the venue, in nanoseconds since the Unix epoch."""

    entries: tuple[bytes, ...]
    """At least one."""

    @property
    def last_seq(self) -> int:
        """Number of the last entry."""
        return self.first_seq + len(self.entries) - 1


class Snapshot(msgspec.Struct, frozen=True):
    """The state after an entry, so that recovery need not begin at the first one."""

    seq: int
    """The last entry whose effect it holds."""

    state_hash: bytes
    """Hash of the state, to be compared after restoring it."""

    blob: bytes


class Journal(Protocol):
    """An ordered, durable list of bytes, with snapshots beside it.

    One writer at a time. The methods block: they are called from a thread of their own, or where
    nothing else waits. Appending or saving once anything failed raises `JournalWriteError` again.
    """

    @property
    def last_seq(self) -> int:
        """Number of the last durable entry; 0 while there is none."""

    @property
    def last_time_ns(self) -> int:
        """Time of the last durable record; 0 while there is none."""

    def append(self, first_seq: int, time_ns: int, entries: Sequence[bytes]) -> None:
        """Make entries durable. They are when this returns, all of them.

        Args:
            first_seq: One more than `last_seq`.
            time_ns: Nanoseconds since the Unix epoch, not before `last_time_ns`.
            entries: At least one.

        Raises:
            JournalWriteError: They may or may not be durable, and no more is taken.
        """

    def read(self, from_seq: int = 1) -> Iterator[Record]:
        """Yield the records in order, beginning with the one that holds entry `from_seq`.

        Raises:
            JournalCorruptError: While iterating, where the first damage is met.
        """

    def snapshot_seqs(self) -> tuple[int, ...]:
        """Return the entries after which there is a snapshot, the latest first."""

    def load_snapshot(self, seq: int) -> Snapshot:
        """Return the snapshot that was taken after entry `seq`, one of `snapshot_seqs`.

        Raises:
            SnapshotCorruptError: It is not what was saved.
        """

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Make a snapshot durable, and drop all but the latest `SNAPSHOTS_KEPT`.

        Args:
            snapshot: After an entry that is durable.

        Raises:
            JournalWriteError: It may or may not be durable, and no more is taken.
        """

    def close(self) -> None:
        """Let go of the journal. Closing it again does nothing."""


def pack(entries: Sequence[bytes]) -> bytes:
    """Return the entries of a record as one run of bytes."""
    return msgspec.msgpack.encode(entries)


def unpack(packed: bytes) -> tuple[bytes, ...]:
    """Return the entries that `pack` was given.

    Raises:
        msgspec.DecodeError: The bytes are no packed entries.
    """
    return msgspec.msgpack.decode(packed, type=tuple[bytes, ...])


def seal_record(previous: int, first_seq: int, count: int, time_ns: int, packed: bytes) -> int:
    """Return the checksum of a record, chained to the one before it.

    Args:
        previous: Seal of the record before; 0 for the first.
        first_seq: Number of its first entry.
        count: How many entries it has.
        time_ns: Its time.
        packed: Its entries as `pack` gives them.

    Returns:
        CRC-32, from 0 to 2**32 - 1.
    """
    return zlib.crc32(packed, zlib.crc32(_HEADER.pack(first_seq, count, time_ns, previous)))


def seal_snapshot(snapshot: Snapshot) -> int:
    """Return the CRC-32 of everything in a snapshot."""
    header = zlib.crc32(snapshot.state_hash, zlib.crc32(snapshot.seq.to_bytes(8, "big")))
    return zlib.crc32(snapshot.blob, header)
