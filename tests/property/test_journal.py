"""Both journals keep the same promises, whatever is written to them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from strikewire.journal import Journal, JournalError, MemoryJournal, Record, Snapshot, SqliteJournal

ENTRIES = st.lists(st.binary(max_size=40), min_size=1, max_size=5)
RECORDS = st.lists(st.tuples(st.integers(0, 1_000), ENTRIES), min_size=1, max_size=12)


@contextmanager
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    try:
        yield path
    finally:
        shutil.rmtree(path)


def write(journal: Journal, records: list[tuple[int, list[bytes]]]) -> list[Record]:
    """Append records of given entries, each some nanoseconds after the one before."""
    written = []
    for after_ns, entries in records:
        first_seq, time_ns = journal.last_seq + 1, journal.last_time_ns + after_ns
        journal.append(first_seq, time_ns, entries)
        written.append(Record(first_seq, time_ns, tuple(entries)))
    return written


@settings(deadline=None, max_examples=40)
@given(RECORDS, st.data())
def test_both_journals_return_what_was_appended_from_any_entry_on(
    records: list[tuple[int, list[bytes]]], data: st.DataObject
) -> None:
    with directory() as path:
        memory = MemoryJournal()
        written = write(memory, records)
        with closing(SqliteJournal.open(path / "journal.db")) as sqlite:
            assert write(sqlite, records) == written

        from_seq = data.draw(st.integers(1, memory.last_seq + 2), label="from_seq")
        expected = [record for record in written if record.last_seq >= from_seq]
        assert list(memory.read(from_seq)) == expected
        with closing(SqliteJournal.open(path / "journal.db")) as sqlite:
            assert list(sqlite.read(from_seq)) == expected
            assert (sqlite.last_seq, sqlite.last_time_ns) == (memory.last_seq, memory.last_time_ns)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 10), st.binary(max_size=30)), min_size=1, max_size=6))
def test_both_journals_keep_the_same_snapshots(snapshots: list[tuple[int, bytes]]) -> None:
    with directory() as path:
        memory = MemoryJournal()
        with closing(SqliteJournal.open(path / "journal.db")) as sqlite:
            both: tuple[Journal, Journal] = (memory, sqlite)
            for journal in both:
                write(journal, [(1, [b"x"] * 10)])
                for seq, blob in snapshots:
                    journal.save_snapshot(Snapshot(seq, blob[:4], blob))

            assert sqlite.snapshot_seqs() == memory.snapshot_seqs()
            for seq in memory.snapshot_seqs():
                assert sqlite.load_snapshot(seq) == memory.load_snapshot(seq)


@settings(deadline=None, max_examples=60)
@given(RECORDS, st.data())
def test_no_flipped_bit_is_read_as_if_it_had_been_written(
    records: list[tuple[int, list[bytes]]], data: st.DataObject
) -> None:
    with directory() as path:
        file = path / "journal.db"
        with closing(SqliteJournal.open(file)) as journal:
            written = write(journal, records)
        content = bytearray(file.read_bytes())
        bit = data.draw(st.integers(0, 8 * len(content) - 1), label="bit")
        content[bit // 8] ^= 1 << bit % 8
        file.write_bytes(content)

        read = []
        try:
            with closing(SqliteJournal.open(file, read_only=True)) as journal:
                for record in journal.read():
                    read.append(record)  # noqa: PERF402 - it keeps what came before an error
        except JournalError:
            assert read == written[: len(read)]
        else:
            assert read == written
