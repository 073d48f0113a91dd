"""Journals that misbehave when told to."""

from collections.abc import Iterator, Sequence

from strikewire.journal import Journal, JournalWriteError, MemoryJournal, Record, Snapshot


class FailingJournal:
    """A journal whose disk fails at a given append, and does not recover.

    Example:
        >>> journal = FailingJournal(fails_at=2)
        >>> journal.append(1, 0, [b"kept"])
        >>> journal.append(2, 0, [b"lost"])
        Traceback (most recent call last):
        strikewire.journal.errors.JournalWriteError: ...
    """

    def __init__(
        self, journal: Journal | None = None, *, fails_at: int, keeps_it: bool = False
    ) -> None:
        """Put a fault before a journal.

        Args:
            journal: Keeps what is written until then; a new `MemoryJournal` if None.
            fails_at: Number of the append that fails, counted from 1.
            keeps_it: Whether what the failed append was about is kept all the same, as a disk may
                have done that failed to say so.
        """
        assert fails_at > 0
        self.journal = journal or MemoryJournal()
        self._appends_left = fails_at
        self._keeps_it = keeps_it

    @property
    def last_seq(self) -> int:
        """Number of the last entry that was confirmed or kept."""
        return self.journal.last_seq

    @property
    def last_time_ns(self) -> int:
        """Time of that entry."""
        return self.journal.last_time_ns

    def append(self, first_seq: int, time_ns: int, entries: Sequence[bytes]) -> None:
        """Append, or fail when it is time to."""
        self._appends_left -= 1
        if self._appends_left < 0:
            raise JournalWriteError("the disk failed")
        if self._appends_left > 0 or self._keeps_it:
            self.journal.append(first_seq, time_ns, entries)
        if self._appends_left == 0:
            raise JournalWriteError("the disk failed")

    def read(self, from_seq: int = 1) -> Iterator[Record]:
        """Yield what was kept."""
        return self.journal.read(from_seq)

    def snapshot_seqs(self) -> tuple[int, ...]:
        """Return the snapshots that were kept."""
        return self.journal.snapshot_seqs()

    def load_snapshot(self, seq: int) -> Snapshot:
        """Return a snapshot that was kept."""
        return self.journal.load_snapshot(seq)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Save, or fail once an append has."""
        if self._appends_left <= 0:
            raise JournalWriteError("the disk failed")
        self.journal.save_snapshot(snapshot)

    def close(self) -> None:
        """Close the journal behind it."""
        self.journal.close()
