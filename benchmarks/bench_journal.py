"""The journal: one row and one sync per group commit, against the plainer ways to be as durable.

A sync is waiting, not work, so most of these are wall-clock readings: they say as much about the
disk and its other users as about us. The ratios are taken in interleaved pairs on the same disk.
"""

import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Compared, Measure, Rate, Reading
from strikewire.journal import SqliteJournal

ENTRY = bytes(range(64))
GROUP = [ENTRY] * 64
NOON = 12 * 3_600 * 10**9


def measures(*, quick: bool) -> list[Measure]:
    commands = 6_400 if quick else 64_000
    single = commands // 32
    return [
        Compared(
            measure="durable commands per second, 64 in each commit",
            ours=lambda: in_directory(lambda path: grouped(path, commands)),
            against="one row per command, 64 rows in each transaction",
            theirs=lambda: in_directory(lambda path: one_row_per_command(path, commands, 64)),
            floor=0.7,
            aim=1.8,
        ),
        Compared(
            measure="durable commands per second, 64 in each commit",
            ours=lambda: in_directory(lambda path: grouped(path, commands)),
            against="one row and one transaction per command",
            theirs=lambda: in_directory(lambda path: one_row_per_command(path, single, 1)),
            floor=5.0,
            aim=25.0,
        ),
        Reading(
            measure="durable commands, 64 in each commit, wall clock",
            read=lambda: in_directory(lambda path: grouped(path, commands)),
            unit="commands/s",
            floor=10_000.0,
            aim=100_000.0,
        ),
        Reading(
            measure="one commit of one command, median, wall clock",
            read=lambda: in_directory(lambda path: median_commit_ms(path, single)),
            unit="ms",
            floor=10.0,
            aim=0.3,
            better="lower",
        ),
        reading_back(10_000 if quick else 100_000),
    ]


def in_directory(measure: Callable[[Path], float]) -> float:
    """Measure in a fresh directory on the disk of the temporary files."""
    directory = Path(tempfile.mkdtemp())
    try:
        return measure(directory / "journal.db")
    finally:
        shutil.rmtree(directory)


def grouped(path: Path, commands: int) -> float:
    journal = SqliteJournal.open(path)
    began = time.perf_counter()
    for first_seq in range(1, commands + 1, len(GROUP)):
        journal.append(first_seq, NOON, GROUP)
    seconds = time.perf_counter() - began
    journal.close()
    return commands / seconds


def one_row_per_command(path: Path, commands: int, group: int) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE commands (seq INTEGER PRIMARY KEY, time_ns INTEGER, entry BLOB)"
    )
    began = time.perf_counter()
    for first_seq in range(1, commands + 1, group):
        connection.execute("BEGIN")
        rows = [(seq, NOON, ENTRY) for seq in range(first_seq, first_seq + group)]
        connection.executemany("INSERT INTO commands VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return commands / seconds


def median_commit_ms(path: Path, commits: int) -> float:
    journal = SqliteJournal.open(path)
    taken = []
    for seq in range(1, commits + 1):
        began = time.perf_counter()
        journal.append(seq, NOON, [ENTRY])
        taken.append(time.perf_counter() - began)
    journal.close()
    return 1_000 * statistics.median(taken)


def reading_back(commands: int) -> Rate:
    """Read a journal from its first entry, every seal checked."""
    directory = tempfile.TemporaryDirectory()
    path = Path(directory.name, "journal.db")
    grouped(path, commands)

    def read() -> int:
        assert directory.name
        journal = SqliteJournal.open(path, read_only=True)
        count = sum(len(record.entries) for record in journal.read())
        journal.close()
        return count

    return Rate(
        measure="commands read back and checked, per CPU second",
        work=read,
        operations=commands,
        unit="commands/s",
        floor=200_000.0,
        aim=2_000_000.0,
    )
