"""Keys are listed, created and revoked where the venue keeps them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from strikewire.cli.keys import command
from strikewire.exchange import OpenAccount, encode
from strikewire.gateway import ApiKey, KeyStore
from strikewire.journal import SqliteJournal
from strikewire.model import AccountId
from strikewire.venue.datadir import DataDir


@pytest.fixture
def folder(tmp_path: Path) -> DataDir:
    folder = DataDir(tmp_path)
    key = ApiKey(client_id="id", client_secret="hidden", account_id=AccountId(3), name="desk")
    folder.save_keys(KeyStore([key]))
    return folder


def invoke(folder: DataDir, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--data-dir", str(folder.path)])


def test_a_list_shows_no_secrets_unless_asked(folder: DataDir) -> None:
    table, line = invoke(folder, "list"), invoke(folder, "list", "--json")
    full = invoke(folder, "list", "--secrets", "--json")

    assert "desk" in table.output
    assert "hidden" not in table.output + line.output
    assert json.loads(line.output)["account"] == 3
    assert json.loads(full.output)["client_secret"] == "hidden"


def test_an_empty_list_is_a_table_without_rows(tmp_path: Path) -> None:
    assert invoke(DataDir(tmp_path), "list").exit_code == 0


def test_a_new_key_is_shown_once_and_works_for_the_same_account(folder: DataDir) -> None:
    made = json.loads(invoke(folder, "create", "desk", "--json").output)
    shown = invoke(folder, "create", "desk")

    key = folder.load_keys().get(made["client_id"])
    assert key is not None
    assert (key.client_secret, key.account_id, key.name) == (made["client_secret"], 3, "desk")
    assert "client secret" in shown.output
    assert len(folder.load_keys()) == 3


def test_a_key_may_allow_less(folder: DataDir) -> None:
    made = json.loads(
        invoke(folder, "create", "desk", "--scope", "account:read trade:read", "--json").output
    )

    key = folder.load_keys().get(made["client_id"])
    assert key is not None
    assert "read_write" not in key.scope


def test_an_account_without_a_key_is_found_in_the_journal(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    journal = SqliteJournal.open(folder.journal)
    journal.append(1, 1, [encode(OpenAccount(AccountId(7), "quiet"))])
    journal.close()

    made = json.loads(invoke(folder, "create", "quiet", "--json").output)

    assert made["account"] == 7


def test_an_unknown_account_is_an_error_that_names_those_there_are(folder: DataDir) -> None:
    result = invoke(folder, "create", "dsk")

    assert result.exit_code == 1
    assert "there is no account 'dsk'; there are: desk" in result.output


def test_an_unknown_account_of_a_running_venue_says_what_cannot_be_seen(folder: DataDir) -> None:
    journal = SqliteJournal.open(folder.journal)
    try:
        result = invoke(folder, "create", "dsk")
    finally:
        journal.close()

    assert result.exit_code == 1
    assert "there are: desk with a key, and which others there are" in result.output


@pytest.mark.parametrize(
    ("scope", "reason"),
    [("trade:all", "unknown: trade:all"), ("", "allows nothing"), ("name:x", "allows nothing")],
)
def test_a_scope_that_means_nothing_makes_no_key(folder: DataDir, scope: str, reason: str) -> None:
    result = invoke(folder, "create", "desk", "--scope", scope)

    assert result.exit_code == 2
    assert reason in result.output
    assert len(folder.load_keys()) == 1


def test_a_key_is_revoked_once(folder: DataDir) -> None:
    first = invoke(folder, "revoke", "id")
    second = invoke(folder, "revoke", "id", "--json")

    assert (first.exit_code, first.output) == (0, "id is revoked\n")
    assert second.exit_code == 1
    assert "there is no key 'id'" in second.output
    assert len(folder.load_keys()) == 0


def test_a_revocation_speaks_json(folder: DataDir) -> None:
    assert json.loads(invoke(folder, "revoke", "id", "--json").output) == {
        "client_id": "id",
        "revoked": True,
    }


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    result = invoke(DataDir(tmp_path / "absent"), "list")

    assert result.exit_code == 5
    assert "no such data directory" in result.output


def test_a_damaged_key_file_is_a_storage_error(folder: DataDir) -> None:
    folder.keys.write_text("{")

    assert invoke(folder, "list").exit_code == 5


def test_the_configured_folder_is_used_when_none_is_named(
    folder: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIKEWIRE_DATA_DIR", str(folder.path))

    result = CliRunner().invoke(command, ["list", "--json"])

    assert json.loads(result.output)["client_id"] == "id"
