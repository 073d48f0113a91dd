"""A disk as databases fear it: what was written is not there until it was synced.

Writes go to a cache, which the system keeps while it lives. A sync moves them to the platter.
A killed process leaves the cache as it is. A power cut keeps the platter, and of the cache any
part, torn anywhere, zeros in the place of what is missing. A failed sync has written some of it or
none, and the cache is gone: syncing again would wrongly succeed.

`DiskJournal` is a journal on such a disk, in records of the real journal's seals.
"""

from collections.abc import Iterator, Sequence
from struct import Struct as Layout

from msgspec import Struct

from strikewire.journal import JournalWriteError, Record, Snapshot, SnapshotCorruptError
from strikewire.journal.records import (
    SNAPSHOTS_KEPT,
    pack,
    seal_record,
    seal_snapshot,
    unpack,
)
from strikewire.testing.simulation.dice import Dice

_HEADER = Layout(">QQqIQ")
"""First number, count, time, seal, length of what follows."""


class Disk:
    """The log and the snapshots of one machine.

    Attributes:
        platter: The log as a power cut leaves it at least.
        cache: What was written behind it and not synced yet.
        snapshots: By the entry they follow, each with its seal; each is written as a whole.
    """

    def __init__(self, dice: Dice) -> None:
        self.platter = b""
        self.cache = b""
        self.snapshots: dict[int, tuple[int, Snapshot]] = {}
        self._dice = dice

    @property
    def log(self) -> bytes:
        """The log as a program reads it."""
        return self.platter + self.cache

    def write(self, data: bytes) -> None:
        """Put bytes at the end of the log."""
        self.cache += data

    def sync(self) -> None:
        """Make everything that was written durable."""
        self.platter += self.cache
        self.cache = b""

    def fail_to_sync(self) -> None:
        """Lose what was not synced, or not all of it."""
        self.platter += self._torn()
        self.cache = b""

    def cut_power(self, *, rots: bool) -> None:
        """Lose what was not synced, or not all of it, and perhaps damage the latest snapshot."""
        self.fail_to_sync()
        if rots and self.snapshots:
            seq = max(self.snapshots)
            seal, snapshot = self.snapshots[seq]
            rotten = Snapshot(seq, snapshot.state_hash, snapshot.blob[:-1] + b"?")
            self.snapshots[seq] = (seal, rotten)

    def _torn(self) -> bytes:
        """Return what of the cache reached the platter: nothing, all of it, or any beginning.

        A file may have grown before its content came: then zeros stand for the rest.
        """
        size = len(self.cache)
        kept = self.cache[: self._dice.pick((0, size, self._dice.up_to(size)))]
        return kept.ljust(size, b"\0") if self._dice.chance(0.3) else kept


class _End(Struct, frozen=True):
    """Where a log ends: in bytes, in entries, in time, and with which seal."""

    size: int = 0
    last_seq: int = 0
    last_time_ns: int = 0
    seal: int = 0


class DiskJournal:
    """A `Journal` on a disk. Its append is two steps, so that time can pass between them.

    Opening it reads the log up to the first record that is not whole and leaves out the rest, as
    SQLite does with its write-ahead log; what was found is synced, because a process that was
    killed may have left it in the cache alone.
    """

    def __init__(self, disk: Disk) -> None:
        self.damaged = 0
        """Snapshots that it did not give because they are damaged."""

        self._disk = disk
        self._refusal = ""
        self._records: list[Record] = []
        self._end = _End()
        self._written = _End()
        self._load()

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
        self.write(first_seq, time_ns, entries)
        self.sync()

    def write(self, first_seq: int, time_ns: int, entries: Sequence[bytes]) -> None:
        """Hand a record to the disk. It is not durable yet."""
        assert entries
        assert first_seq == self._end.last_seq + 1
        assert time_ns >= self._end.last_time_ns
        if self._refusal:
            raise JournalWriteError(self._refusal)
        packed = pack(entries)
        seal = seal_record(self._end.seal, first_seq, len(entries), time_ns, packed)
        header = _HEADER.pack(first_seq, len(entries), time_ns, seal, len(packed))
        self._disk.write(header + packed)
        self._records.append(Record(first_seq, time_ns, tuple(entries)))
        size = len(self._disk.log)
        self._written = _End(size, first_seq + len(entries) - 1, time_ns, seal)

    def sync(self) -> None:
        """Make what was written durable."""
        if self._refusal:
            raise JournalWriteError(self._refusal)
        self._disk.sync()
        self._end = self._written

    def refuse(self, reason: str) -> JournalWriteError:
        """Take nothing more, and return what says so."""
        self._refusal = reason
        return JournalWriteError(reason)

    def read(self, from_seq: int = 1) -> Iterator[Record]:
        """Yield the records in order; see `Journal.read`."""
        last_seq = self.last_seq
        return iter([one for one in self._records if from_seq <= one.last_seq <= last_seq])

    def snapshot_seqs(self) -> tuple[int, ...]:
        """Return the entries after which there is a snapshot, the latest first."""
        return tuple(sorted(self._disk.snapshots, reverse=True))

    def load_snapshot(self, seq: int) -> Snapshot:
        """Return a snapshot; see `Journal.load_snapshot`."""
        seal, snapshot = self._disk.snapshots[seq]
        if seal != seal_snapshot(snapshot):
            self.damaged += 1
            raise SnapshotCorruptError(seq, "its checksum is wrong")
        return snapshot

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Make a snapshot durable, and drop the oldest; see `Journal.save_snapshot`."""
        if self._refusal:
            raise JournalWriteError(self._refusal)
        self._disk.snapshots[snapshot.seq] = (seal_snapshot(snapshot), snapshot)
        for old in self.snapshot_seqs()[SNAPSHOTS_KEPT:]:
            del self._disk.snapshots[old]

    def close(self) -> None:
        """Do nothing: the disk is simulated."""

    def _load(self) -> None:
        log, end = self._disk.log, _End()
        while (found := _read(log, end)) is not None:
            record, end = found
            self._records.append(record)
        # Whatever stands behind is of a write that was never confirmed.
        self._disk.cache = log[len(self._disk.platter) : end.size]
        self._disk.platter = log[: min(end.size, len(self._disk.platter))]
        self._disk.sync()
        self._end = self._written = end


def _read(log: bytes, end: _End) -> tuple[Record, _End] | None:
    """Return the record behind `end`, and where that one ends; None if it is not whole."""
    start = end.size + _HEADER.size
    if start > len(log):
        return None
    first_seq, count, time_ns, seal, length = _HEADER.unpack_from(log, end.size)
    packed = log[start : start + length]
    if len(packed) < length or seal != seal_record(end.seal, first_seq, count, time_ns, packed):
        return None
    record = Record(first_seq, time_ns, unpack(packed))
    return record, _End(start + length, record.last_seq, time_ns, seal)
