"""A served venue says where it is and how it came back, and ends when told."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from strikewire.cli import serve
from strikewire.cli.serve import command
from strikewire.journal import SqliteJournal

TOML = """
[server]
port = 0
tls_port = 0
[instruments]
families = ["BTC"]
option_expiries = 0
[[accounts]]
name = "desk"
deposits = { BTC = 5 }
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "venue.toml").write_text(TOML)
    return iter(())


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send these signals to the venue as soon as it has introduced itself."""
    introduce = serve._introduce

    def introduce_and_stop(venue: object, *, as_json: bool) -> None:
        introduce(venue, as_json=as_json)  # type: ignore[arg-type] # passed on
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(serve, "_introduce", introduce_and_stop)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["--config", "venue.toml", "--data-dir", "data", *arguments])


@pytest.mark.usefixtures("told")
def test_it_introduces_itself_to_people() -> None:
    result = invoke()

    assert result.exit_code == 0
    assert result.stdout.startswith("http     http://127.0.0.1:")
    assert "wss      wss://127.0.0.1:" in result.stdout
    assert "account  desk, key " in result.stdout
    assert "recovered: last entry 0, from the first entry, 0 replayed, state " in result.stderr


@pytest.mark.usefixtures("told")
def test_it_introduces_itself_to_programs_in_one_line() -> None:
    result = invoke("--json", "--no-tls")

    (line,) = result.stdout.splitlines()
    address = json.loads(line)
    assert list(address) == ["http", "ws", "wss", "ca_file", "data_dir"]
    assert (address["wss"], address["ca_file"], address["data_dir"]) == ("", "", "data")


@pytest.mark.usefixtures("told")
def test_a_second_start_goes_on_from_the_snapshot_of_the_first() -> None:
    invoke()

    result = invoke()

    assert "replayed, state" in result.stderr
    assert "from snapshot " in result.stderr
    assert ", 0 replayed" in result.stderr


def test_an_unknown_key_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "venue.toml").write_text("[server]\nprt = 1")

    result = invoke()

    assert result.exit_code == 3
    assert "unknown key 'server.prt'; did you mean 'server.port'?" in result.stderr


def test_a_file_that_is_not_there_is_a_configuration_error() -> None:
    result = CliRunner().invoke(command, ["--config", "absent.toml"])

    assert result.exit_code == 3
    assert result.stderr == "Error: absent.toml: no such file\n"


def test_a_deposit_that_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "venue.toml").write_text(TOML.replace("BTC = 5", "DOGE = 5"))

    result = invoke()

    assert result.exit_code == 3
    assert "no currency 'DOGE'" in result.stderr


def test_a_taken_port_has_a_code_of_its_own() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        result = invoke("--port", str(port))

    assert result.exit_code == 6
    assert f"Error: 127.0.0.1:{port} is taken by another program\n" in result.stderr


def test_an_address_that_is_not_ours_has_the_same_code() -> None:
    result = invoke("--host", "192.0.2.1")

    assert result.exit_code == 6
    assert "cannot listen on 192.0.2.1" in result.stderr


def test_a_folder_in_use_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    journal = SqliteJournal.open(tmp_path / "data" / "journal.db")
    try:
        result = invoke()
    finally:
        journal.close()

    assert result.exit_code == 5
    assert "is in use" in result.stderr


def test_a_file_that_is_no_journal_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal.db").write_bytes(b"not a journal at all" * 100)

    result = invoke()

    assert result.exit_code == 5
    assert "the journal is damaged from entry 1 on" in result.stderr
