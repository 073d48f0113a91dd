"""What can go wrong with a journal.

JournalError
├── JournalOpenError       it cannot be opened or created: permissions, a foreign file
├── JournalLockedError     another process has it open
├── JournalVersionError    it was written by a newer version
├── JournalCorruptError    what is read is not what was written
├── SnapshotCorruptError   the same for a snapshot; the records do not need it
└── JournalWriteError      the disk refused; nothing more is taken
"""

from pathlib import Path


class JournalError(Exception):
    """Anything that is wrong with a journal, rather than with its use."""


class JournalOpenError(JournalError):
    """The file cannot be opened as a journal, or not be created.

    Attributes:
        path: The journal's file.
        reason: Why not.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot open the journal {path}: {reason}")


class JournalLockedError(JournalError):
    """Another process, or another part of this one, has the journal open.

    Attributes:
        path: The journal's file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"the journal {path} is in use: stop the venue that has it open first")


class JournalVersionError(JournalError):
    """The journal was written by a newer version, whose records this one cannot read.

    Attributes:
        path: The journal's file.
        found: Format version of the file.
        expected: Format version that this Strikewire writes; it reads that and all before.
    """

    def __init__(self, path: Path, *, found: int, expected: int) -> None:
        self.path = path
        self.found = found
        self.expected = expected
        super().__init__(
            f"the journal {path} has format {found}, this version reads formats 1 to {expected}: "
            f"open it with the version that wrote it, or start with another data directory"
        )


class JournalCorruptError(JournalError):
    """What is read from the journal is not what was written to it.

    Attributes:
        seq: The first entry that was looked at and cannot be trusted.
        reason: What disagrees.
    """

    def __init__(self, seq: int, reason: str) -> None:
        self.seq = seq
        self.reason = reason
        super().__init__(
            f"the journal is damaged from entry {seq} on: {reason}. Nothing was changed. "
            f"Restore the journal's files from a copy and check them with "
            f"'strikewire journal verify'"
        )


class SnapshotCorruptError(JournalError):
    """A snapshot is not what was saved. The journal's records can do without it.

    Attributes:
        seq: The entry after which the snapshot was taken.
        reason: What disagrees.
    """

    def __init__(self, seq: int, reason: str) -> None:
        self.seq = seq
        self.reason = reason
        super().__init__(f"the snapshot after entry {seq} is damaged: {reason}")


class JournalWriteError(JournalError):
    """The journal could not make something durable, now or earlier, and takes no more.

    What the refused write was about may or may not be on the disk; only opening the journal
    again can tell.

    Attributes:
        reason: What the disk said the first time.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the journal cannot be written and takes no more entries: {reason}")
