"""What is in a journal, entry by entry."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from strikewire.cli.journal import command
from strikewire.exchange import (
    Command,
    Deposit,
    Exchange,
    ListInstrument,
    NoteState,
    OpenAccount,
    PlaceOrder,
    encode,
)
from strikewire.journal import SqliteJournal
from strikewire.model import AccountId, InstrumentId, Lots, Side, Ticks, Units, instrument

NOON = 1_767_268_800_000_001_500
COMMANDS: list[Command] = [
    OpenAccount(AccountId(1), "desk"),
    Deposit(AccountId(1), "BTC", Units(500)),
    NoteState(3, b"\x01\xff"),
    ListInstrument(instrument("BTC_USDC", instrument_id=1)),
    PlaceOrder(
        account_id=AccountId(1),
        instrument_id=InstrumentId(1),
        side=Side.SELL,
        amount=Lots(1),
        price=Ticks(10),
    ),
]


def written(path: Path, commands: list[Command], group: int = 1) -> Path:
    journal = SqliteJournal.open(path)
    for first in range(0, len(commands), group):
        journal.append(first + 1, NOON, [encode(one) for one in commands[first : first + group]])
    journal.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "journal.db", COMMANDS)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_commands_are_dumped_for_people_with_what_is_unusual_about_them(path: Path) -> None:
    result = invoke("dump", path)

    assert result.exit_code == 0
    first, second, third, _, last = result.output.splitlines()
    assert first == '1  2026-01-01T12:00:00.000001Z  OpenAccount account_id=1 name="desk"'
    assert second.endswith('Deposit account_id=1 currency="BTC" amount=500')
    assert third.endswith('NoteState version=3 state_hash="01ff"')
    assert last.endswith("PlaceOrder account_id=1 instrument_id=1 side=-1 amount=1 price=10")


def test_commands_are_dumped_for_programs_in_full(path: Path) -> None:
    result = invoke("dump", path, "--from", 2, "--to", 4, "--json")

    lines = [json.loads(one) for one in result.output.splitlines()]
    assert [one["seq"] for one in lines] == [2, 3, 4]
    assert lines[0] == {
        "seq": 2,
        "time_ns": NOON,
        "kind": "Deposit",
        "account_id": 1,
        "currency": "BTC",
        "amount": 500,
    }
    assert lines[1]["state_hash"] == "01ff"
    assert lines[2]["instrument"]["name"] == "BTC_USDC"


def test_an_entry_that_is_no_command_is_an_error_of_storage(tmp_path: Path) -> None:
    journal = SqliteJournal.open(tmp_path / "journal.db")
    journal.append(1, NOON, [b"\x01"])
    journal.close()

    result = invoke("dump", tmp_path)

    assert result.exit_code == 5
    assert "entry 1 is no command of this version" in result.output


def test_the_same_entries_are_the_same_however_they_were_committed(
    path: Path, tmp_path: Path
) -> None:
    other = written(tmp_path / "other.db", COMMANDS, group=3)

    result = invoke("diff", path, other)

    assert (result.exit_code, result.output) == (0, "the same 5 entries\n")
    assert json.loads(invoke("diff", path, other, "--json").output) == {
        "equal": True,
        "last_seq": 5,
    }


def test_the_first_entry_that_differs_is_shown_from_both(path: Path, tmp_path: Path) -> None:
    changed = [COMMANDS[0], Deposit(AccountId(1), "BTC", Units(501)), *COMMANDS[2:]]
    other = written(tmp_path / "other.db", changed)

    people, programs = invoke("diff", path, other), invoke("diff", path, other, "--json")

    assert people.exit_code == programs.exit_code == 1
    assert people.output.splitlines()[0] == "entry 2 differs"
    assert "amount=500" in people.output
    assert "amount=501" in people.output
    told = json.loads(programs.output)
    assert (told["seq"], told["one"]["amount"], told["other"]["amount"]) == (2, 500, 501)


def test_a_journal_that_ends_first_differs_there(path: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.db", COMMANDS[:3])

    assert "other  ends before it" in invoke("diff", path, other).output
    assert json.loads(invoke("diff", other, path, "--json").output)["one"] is None


def test_a_replay_stops_where_it_is_told_to(path: Path) -> None:
    exchange = Exchange()
    for seq, one in enumerate(COMMANDS[:2], start=1):
        exchange.apply(seq, NOON, one)

    result = invoke("replay", path, "--to", 2, "--json")

    state = json.loads(result.output)
    assert state["state_hash"] == exchange.state_hash().hex()
    assert (state["last_seq"], state["accounts"], state["instruments"]) == (2, 1, 0)
    assert not any(state["money"].values())
    assert f"state hash    {state['state_hash']}" in invoke("replay", path, "--to", 2).output


def test_a_replay_tells_its_events_on_the_way(path: Path) -> None:
    *events, state = map(json.loads, invoke("replay", path, "--events").output.splitlines())

    assert [(one["seq"], one["kind"]) for one in events][:2] == [
        (1, "AccountOpened"),
        (2, "BalanceChanged"),
    ]
    assert events[-1]["kind"] == "Rejected"
    assert state["last_seq"] == 5


def test_a_journal_that_is_not_there_is_an_error_of_storage(tmp_path: Path) -> None:
    for name in ("dump", "replay"):
        assert invoke(name, tmp_path / "none.db").exit_code == 5
