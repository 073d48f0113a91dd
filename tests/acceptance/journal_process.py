"""Append to a journal and say what it acknowledged, entry by entry, until something fails.

python -m tests.acceptance.journal_process JOURNAL RECORDS
"""

import sys
from pathlib import Path

from strikewire.journal import JournalError, JournalWriteError, Snapshot, SqliteJournal

GROUP = 3
SNAPSHOT_EVERY = 4
REFUSED = 3
NOT_OPENED = 4


def entry(seq: int) -> bytes:
    """Return the bytes of an entry, which are never those of another."""
    return b"%d:" % seq * 400


def main(path: Path, records: int) -> int:
    """Append so many records; return the exit status."""
    try:
        journal = SqliteJournal.open(path)
    except JournalError as error:
        say(f"not opened: {error}")
        return NOT_OPENED
    try:
        for number in range(records):
            first = journal.last_seq + 1
            time_ns = max(first, journal.last_time_ns)
            journal.append(first, time_ns, [entry(seq) for seq in range(first, first + GROUP)])
            say(str(journal.last_seq))
            if number % SNAPSHOT_EVERY == SNAPSHOT_EVERY - 1:
                journal.save_snapshot(Snapshot(journal.last_seq, b"hash", entry(journal.last_seq)))
    except JournalWriteError as error:
        say(f"refused: {error}")
        return REFUSED if is_refused_again(journal) else 1
    journal.close()
    return 0


def is_refused_again(journal: SqliteJournal) -> bool:
    """Say whether a journal that failed takes nothing more."""
    first = journal.last_seq + 1
    try:
        journal.append(first, max(first, journal.last_time_ns), [entry(first)])
    except JournalWriteError:
        return True
    return False


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
