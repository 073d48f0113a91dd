"""A journal is proved by replaying it."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from strikewire.cli.journal import Proof, _tell, command
from strikewire.exchange import Command, Deposit, Exchange, OpenAccount, encode
from strikewire.journal import SqliteJournal
from strikewire.model import AccountId, Units
from strikewire.sequencer import take_snapshot
from strikewire.venue.datadir import DataDir

COMMANDS: list[Command] = [
    OpenAccount(AccountId(1), "desk"),
    Deposit(AccountId(1), "BTC", Units(500)),
]


@pytest.fixture
def folder(tmp_path: Path) -> DataDir:
    folder, exchange = DataDir(tmp_path), Exchange()
    journal = SqliteJournal.open(folder.journal)
    for seq, one in enumerate(COMMANDS, start=1):
        journal.append(seq, seq, [encode(one)])
        exchange.apply(seq, seq, one)
    journal.save_snapshot(take_snapshot(exchange, 2))
    journal.close()
    return folder


def state_hash() -> str:
    exchange = Exchange()
    for seq, one in enumerate(COMMANDS, start=1):
        exchange.apply(seq, seq, one)
    return exchange.state_hash().hex()


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["verify", *arguments])


def test_a_sound_journal_is_proved(folder: DataDir) -> None:
    by_folder = invoke(str(folder.path), "--json")
    by_file = invoke(str(folder.journal), "--json")

    proof = json.loads(by_folder.output)
    assert by_folder.exit_code == 0
    assert proof == json.loads(by_file.output)
    assert proof == {
        "journal": str(folder.journal),
        "last_seq": 2,
        "last_time_ns": 2,
        "state_hash": state_hash(),
        "hashes": 0,
        "snapshots": [2],
        "unusable_snapshots": [],
        "money": {"BTC": 0, "ETH": 0, "USDC": 0},
        "is_sound": True,
    }


def test_people_get_the_same_in_words(folder: DataDir) -> None:
    output = invoke(str(folder.path)).output

    assert "last entry  2\n" in output
    assert f"state hash  {state_hash()}\n" in output
    assert "snapshots   2 equal the state at their entry\n" in output
    assert "money       BTC all there, ETH all there, USDC all there\n" in output


def test_a_damaged_entry_is_a_storage_error(folder: DataDir) -> None:
    database = sqlite3.connect(folder.journal)
    database.execute("UPDATE records SET entries = x'00' WHERE first_seq = 1")
    database.commit()
    database.close()

    result = invoke(str(folder.path))

    assert result.exit_code == 5
    assert "the journal is damaged from entry 1 on" in result.output


def test_a_snapshot_of_another_state_fails(folder: DataDir) -> None:
    other = Exchange()
    other.apply(1, 1, OpenAccount(AccountId(9), "someone else"))
    journal = SqliteJournal.open(folder.journal)
    journal.append(3, 3, [encode(OpenAccount(AccountId(2), "next"))])
    journal.save_snapshot(take_snapshot(other, 3))
    journal.close()

    result = invoke(str(folder.path))

    assert result.exit_code == 1
    assert "3" in result.output


def test_a_journal_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    result = invoke(str(tmp_path))

    assert result.exit_code == 5
    assert "there is no such file" in result.output


def test_missing_money_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    _tell(
        Proof(
            journal="j",
            last_seq=1,
            last_time_ns=1,
            state_hash="aa",
            hashes=0,
            snapshots=(),
            unusable_snapshots=("the snapshot after entry 1 is damaged",),
            money={"BTC": -2},
            is_sound=False,
        )
    )

    output = capsys.readouterr().out
    assert "snapshots   none equal" in output
    assert "not usable  the snapshot after entry 1 is damaged" in output
    assert "BTC off by -2" in output
