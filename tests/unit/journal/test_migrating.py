"""A journal that an earlier build wrote (tests/data/ORIGIN.md) is read, migrated and kept."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from strikewire.journal import JournalWriteError, SqliteJournal, migrating
from strikewire.journal.migrating import copy_of
from strikewire.model import AccountId
from strikewire.sequencer import recover

DATA = Path(__file__).resolve().parents[2] / "data"
OLD = DATA / "journal-v1.db"
LAST_SEQ = 316
ENTRY = b"\x95\xa5state\x01\xc4\x00"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(OLD, tmp_path / "journal.db"))


def version(path: Path) -> int:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    ((found,),) = connection.execute("PRAGMA user_version").fetchall()
    connection.close()
    return int(found)


def entries(path: Path) -> list[bytes]:
    journal = SqliteJournal.open(path, read_only=True)
    found = [one for record in journal.read() for one in record.entries]
    journal.close()
    return found


def append(path: Path) -> None:
    journal = SqliteJournal.open(path)
    try:
        journal.append(journal.last_seq + 1, journal.last_time_ns, [ENTRY])
    finally:
        journal.close()


def test_an_older_journal_is_read_as_it_is(path: Path) -> None:
    assert len(entries(path)) == LAST_SEQ
    journal = SqliteJournal.open(path)
    assert journal.last_seq == LAST_SEQ
    journal.close()

    assert path.read_bytes() == OLD.read_bytes()
    assert not copy_of(path, 1).exists()


def test_the_first_append_migrates_it_and_keeps_a_copy(path: Path) -> None:
    append(path)

    assert (version(path), version(copy_of(path, 1))) == (3, 1)
    assert entries(path) == [*entries(OLD), ENTRY]
    assert entries(copy_of(path, 1)) == entries(OLD)
    connection = sqlite3.connect(path)
    formats = connection.execute("SELECT * FROM formats").fetchall()
    assert formats == [(1, 0), (2, LAST_SEQ), (3, LAST_SEQ)]
    connection.close()


def test_it_is_migrated_once(path: Path) -> None:
    append(path)
    copy_of(path, 1).unlink()

    append(path)

    assert not copy_of(path, 1).exists()
    assert entries(path) == [*entries(OLD), ENTRY, ENTRY]


def test_a_new_journal_begins_in_our_format(tmp_path: Path) -> None:
    SqliteJournal.open(tmp_path / "new.db").close()

    connection = sqlite3.connect(tmp_path / "new.db")
    assert connection.execute("SELECT * FROM formats").fetchall() == [(3, 0)]
    connection.close()
    assert [one.name for one in tmp_path.glob("*-v*")] == []


def test_where_no_copy_can_be_kept_nothing_is_changed(path: Path) -> None:
    copy_of(path, 1).mkdir()
    (copy_of(path, 1) / "something").touch()

    with pytest.raises(JournalWriteError, match="no copy can be kept of it"):
        append(path)

    assert version(path) == 1
    assert entries(path) == entries(OLD)


def test_a_step_that_fails_is_taken_back_and_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute(migrating.FORMATS_TABLE)
        connection.execute("DELETE FROM records")
        connection.execute("no SQL")

    with monkeypatch.context() as patch:
        patch.setattr(migrating, "STEPS", {1: fail})
        with pytest.raises(JournalWriteError):
            append(path)
    assert version(path) == 1
    assert entries(path) == entries(OLD)

    append(path)

    assert version(path) == 3
    assert entries(path) == [*entries(OLD), ENTRY]


def test_a_step_that_sqlite_itself_takes_back_leaves_the_journal_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM records")
        connection.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON records "
            "BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END"
        )
        connection.execute("INSERT INTO records DEFAULT VALUES")

    with monkeypatch.context() as patch:
        patch.setattr(migrating, "STEPS", {1: full})
        with pytest.raises(JournalWriteError, match="the disk is full"):
            append(path)

    assert version(path) == 1
    assert entries(path) == entries(OLD)


def test_what_an_older_build_wrote_leads_to_what_it_said(path: Path) -> None:
    told: dict[str, Any] = json.loads((DATA / "journal-v1.json").read_text())

    exchange, report = recover(SqliteJournal.open(path, read_only=True))

    assert report.last_seq == told["last_seq"] == LAST_SEQ
    assert report.skipped_snapshots
    for key, balance in told["balances"].items():
        account_id, currency = key.split()
        summary = exchange.summary(AccountId(int(account_id)), currency)
        assert summary is not None
        # Deliveries were free then.
        assert summary.balance + summary.fees_paid == balance + told["fees"][key]
    for key, orders in told["open_orders"].items():
        views = exchange.open_orders(AccountId(int(key)))
        shown = [[one.order_id, one.amount, one.filled, one.price, one.label] for one in views]
        assert shown == orders
    for key, count in told["fills"].items():
        assert len(exchange.fills(AccountId(int(key)))) == count
    for key, size in told["positions"].items():
        account_id, name = key.split()
        instrument_id = exchange.instrument_by_name[name]
        position = exchange.position(AccountId(int(account_id)), instrument_id)
        assert position is not None
        assert position.size == size
