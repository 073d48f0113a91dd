"""The journal fails at every single call that it makes to its files, one run for each.

A layer under the files (`faulty_files.c`, preloaded) kills the process before the call, kills it
with half of the write done, or lets the call and all that follow fail. Whatever was acknowledged
must be there afterwards, nothing that was never sent, no half of a record, and the journal must go
on.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from strikewire.journal import SqliteJournal
from strikewire.journal.migrating import copy_of
from tests.acceptance.journal_process import GROUP, NOT_OPENED, REFUSED, entry

RECORDS = 3
RECORDS_FULL = 40
CALLS_MAX = 2_000
SOURCE = Path(__file__).with_name("faulty_files.c")
OLD = Path(__file__).parents[1] / "data" / "journal-v1.db"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gcc") is None,
    reason="a layer under the files needs Linux and gcc",
)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("layer") / "faulty_files.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror"]
    command = ["gcc", *flags, str(SOURCE), "-o", str(library), "-ldl"]
    subprocess.run(command, check=True)
    return library


def failing_at(layer: Path, path: Path, how: str, call: int, records: int) -> tuple[int, int]:
    """Run the process that appends; return its exit status and the last entry acknowledged."""
    surroundings = os.environ | {
        "LD_PRELOAD": str(layer),
        "FAULTY_NAME": path.name,
        "FAULTY_AT": str(call),
        "FAULTY_HOW": how,
    }
    command = [sys.executable, "-m", "tests.acceptance.journal_process", str(path), str(records)]
    finished = subprocess.run(
        command, env=surroundings, capture_output=True, text=True, check=False
    )
    acknowledged = [int(line) for line in finished.stdout.split("\n") if line.isdigit()]
    assert finished.stderr == "", finished.stderr
    return finished.returncode, max(acknowledged, default=0)


def check(path: Path, acknowledged: int) -> None:
    """Check that a journal holds what was acknowledged, whole records of it, and goes on."""
    journal = SqliteJournal.open(path)
    entries = [one for record in journal.read() for one in record.entries]
    assert len(entries) == journal.last_seq
    assert acknowledged <= journal.last_seq <= acknowledged + GROUP
    assert journal.last_seq % GROUP == 0
    assert entries == [entry(seq) for seq in range(1, journal.last_seq + 1)]
    for seq in journal.snapshot_seqs():
        assert journal.load_snapshot(seq).blob == entry(seq)
    following = journal.last_seq + 1
    journal.append(following, max(following, journal.last_time_ns), [entry(following)])
    journal.close()
    again = SqliteJournal.open(path)
    assert again.last_seq == following
    again.close()


def fails_everywhere(layer: Path, folder: Path, how: str, records: int) -> int:
    """Fail at every call in turn; return how many there are."""
    for call in range(1, CALLS_MAX):
        path = folder / f"{call}" / "journal.db"
        path.parent.mkdir()
        status, acknowledged = failing_at(layer, path, how, call, records)
        if status == 0 and acknowledged == records * GROUP:
            return call - 1
        assert status in (-signal.SIGKILL, REFUSED, NOT_OPENED)
        check(path, acknowledged)
        shutil.rmtree(path.parent)
    raise AssertionError("it makes more calls than this test allows for")


def entries_of(path: Path) -> list[bytes]:
    journal = SqliteJournal.open(path)
    entries = [one for record in journal.read() for one in record.entries]
    journal.close()
    return entries


def check_migrated(path: Path, old: list[bytes], acknowledged: int) -> None:
    """Check that an older journal and its copy are whole, and that it goes on in our format."""
    entries = entries_of(path)
    assert entries[: len(old)] == old
    assert acknowledged <= len(entries) <= len(old) + GROUP
    assert entries[len(old) :] in ([], [entry(len(old) + one) for one in range(1, GROUP + 1)])
    copy = copy_of(path, 1)
    if copy.exists():
        assert entries_of(copy) == old
    journal = SqliteJournal.open(path)
    journal.append(journal.last_seq + 1, journal.last_time_ns, [b"next"])
    journal.close()
    assert entries_of(path) == [*entries, b"next"]
    assert entries_of(copy) == old


def migrates_whatever_fails(layer: Path, folder: Path, how: str) -> int:
    """Fail at every call of a migration and the append behind it; return how many there are."""
    old = entries_of(Path(shutil.copy(OLD, folder / "old.db")))
    for call in range(1, CALLS_MAX):
        path = folder / f"{call}" / "journal.db"
        path.parent.mkdir()
        shutil.copy(OLD, path)
        status, acknowledged = failing_at(layer, path, how, call, 1)
        if status == 0 and acknowledged == len(old) + GROUP:
            return call - 1
        assert status in (-signal.SIGKILL, REFUSED, NOT_OPENED)
        check_migrated(path, old, acknowledged)
        shutil.rmtree(path.parent)
    raise AssertionError("it makes more calls than this test allows for")


@pytest.mark.parametrize("how", ["kill", "broken"])
def test_an_older_journal_survives_a_fault_at_any_call_of_its_migration(
    layer: Path, tmp_path: Path, how: str
) -> None:
    calls = migrates_whatever_fails(layer, tmp_path, how)

    sys.stdout.write(f"{how}: {calls} calls\n")
    assert calls > 10


@pytest.mark.full
@pytest.mark.parametrize("how", ["torn", "full"])
def test_so_it_does_other_faults(layer: Path, tmp_path: Path, how: str) -> None:
    assert migrates_whatever_fails(layer, tmp_path, how) > 10


@pytest.mark.parametrize("how", ["kill", "torn", "full", "broken"])
def test_what_was_acknowledged_survives_a_fault_at_any_call(
    layer: Path, tmp_path: Path, how: str
) -> None:
    calls = fails_everywhere(layer, tmp_path, how, RECORDS)

    sys.stdout.write(f"{how}: {calls} calls\n")
    assert calls > RECORDS * 3


@pytest.mark.full
@pytest.mark.parametrize("how", ["kill", "torn", "full", "broken"])
def test_so_it_is_over_many_more_records(layer: Path, tmp_path: Path, how: str) -> None:
    assert fails_everywhere(layer, tmp_path, how, RECORDS_FULL) > RECORDS_FULL * 3
