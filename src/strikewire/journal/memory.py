"""A journal that lives as long as the process: for tests, simulations and venues without a past."""

from collections.abc import Iterator, Sequence

from strikewire.journal.records import SNAPSHOTS_KEPT, Record, Snapshot


class MemoryJournal:
    """Keeps everything in this process; nothing of it can be lost, and nothing of it stays."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._snapshots: dict[int, Snapshot] = {}

    @property
    def last_seq(self) -> int:
        """Number of the last entry; 0 while there is none."""
        return self._records[-1].last_seq if self._records else 0

    @property
    def last_time_ns(self) -> int:
        """Time of the last record; 0 while there is none."""
        return self._records[-1].time_ns if self._records else 0

    def append(self, first_seq: int, time_ns: int, entries: Sequence[bytes]) -> None:
        """Keep entries; see `Journal.append`."""
        assert entries
        assert first_seq == self.last_seq + 1
        assert time_ns >= self.last_time_ns
        self._records.append(Record(first_seq, time_ns, tuple(entries)))

    def read(self, from_seq: int = 1) -> Iterator[Record]:
        """Yield the records in order, beginning with the one that holds entry `from_seq`."""
        return iter([record for record in self._records if record.last_seq >= from_seq])

    def snapshot_seqs(self) -> tuple[int, ...]:
        """Return the entries after which there is a snapshot, the latest first."""
        return tuple(sorted(self._snapshots, reverse=True))

    def load_snapshot(self, seq: int) -> Snapshot:
        """Return the snapshot that was taken after entry `seq`."""
        return self._snapshots[seq]

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, and drop all but the latest `SNAPSHOTS_KEPT`."""
        assert snapshot.seq <= self.last_seq
        self._snapshots[snapshot.seq] = snapshot
        for old in self.snapshot_seqs()[SNAPSHOTS_KEPT:]:
            del self._snapshots[old]

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
