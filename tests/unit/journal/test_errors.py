from pathlib import Path

from strikewire.journal.errors import (
    JournalCorruptError,
    JournalError,
    JournalLockedError,
    JournalOpenError,
    JournalVersionError,
    JournalWriteError,
    SnapshotCorruptError,
)

PATH = Path("venue", "journal.db")


def test_every_error_says_what_is_wrong_and_what_to_do() -> None:
    errors: list[tuple[JournalError, str]] = [
        (
            JournalOpenError(PATH, "permission denied"),
            "cannot open the journal venue/journal.db: permission denied",
        ),
        (
            JournalLockedError(PATH),
            "the journal venue/journal.db is in use: stop the venue that has it open first",
        ),
        (
            JournalVersionError(PATH, found=3, expected=2),
            "the journal venue/journal.db has format 3, this version reads formats 1 to 2: "
            "open it with the version that wrote it, or start with another data directory",
        ),
        (
            JournalCorruptError(7, "the checksum of its record is wrong"),
            "the journal is damaged from entry 7 on: the checksum of its record is wrong. "
            "Nothing was changed. Restore the journal's files from a copy and check them with "
            "'strikewire journal verify'",
        ),
        (
            SnapshotCorruptError(7, "its checksum is wrong"),
            "the snapshot after entry 7 is damaged: its checksum is wrong",
        ),
        (
            JournalWriteError("database or disk is full"),
            "the journal cannot be written and takes no more entries: database or disk is full",
        ),
    ]

    for error, text in errors:
        assert str(error) == text


def test_the_facts_travel_with_the_error() -> None:
    version = JournalVersionError(PATH, found=3, expected=2)
    corrupt = JournalCorruptError(7, "why")

    assert (version.path, version.found, version.expected) == (PATH, 3, 2)
    assert (corrupt.seq, corrupt.reason) == (7, "why")
    assert JournalLockedError(PATH).path == PATH
    assert JournalOpenError(PATH, "why").reason == "why"
    assert SnapshotCorruptError(7, "why").seq == 7
    assert JournalWriteError("why").reason == "why"
