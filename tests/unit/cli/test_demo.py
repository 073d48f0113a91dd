"""The demo's output: for people, and for programs."""

import json
import socket
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from strikewire.cli.demo import _report, _tls_port, command
from strikewire.venue.selfcheck import Verdict

VERDICT = Verdict(
    seconds=5.0,
    instruments=400,
    commands=100,
    orders=50,
    edits=20,
    fills=7,
    quotes=60,
    links=80,
    gaps=0,
    books=400,
    money={"BTC": 0, "ETH": 0},
    last_seq=100,
    state_hash="aa" * 32,
    replay_hash="aa" * 32,
    latency_ms=(1.0, 2.0),
    cpu_percent=10.0,
    faults=(),
)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["--port", "0", "--makers", "off", *arguments])


def test_people_get_addresses_keys_and_what_happened() -> None:
    result = invoke("--for", "0.01")

    assert result.exit_code == 0
    assert "  ws       ws://127.0.0.1:" in result.stdout
    assert "demo-1: 100 BTC, 1,000 ETH, 1,000,000 USDC" in result.stdout
    assert result.stdout.count("client secret") == 2
    assert result.stdout.endswith("All is well.\n")


def test_programs_get_one_line_and_nothing_else_on_standard_output() -> None:
    result = invoke("--for", "0.01", "--json")

    (line,) = result.stdout.splitlines()
    assert list(json.loads(line)) == ["http", "ws", "wss", "ca_file", "accounts"]
    assert result.stderr.endswith("All is well.\n")


def test_a_named_folder_is_kept_and_a_temporary_one_is_not(tmp_path: Path) -> None:
    kept = json.loads(invoke("--for", "0.01", "--json", "--data-dir", str(tmp_path)).stdout)
    temporary = json.loads(invoke("--for", "0.01", "--json").stdout)

    assert (tmp_path / "journal.db").exists()
    assert Path(kept["ca_file"]).exists()
    assert not Path(temporary["ca_file"]).exists()


def test_a_taken_port_is_one_line_and_a_code_of_its_own() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        result = CliRunner().invoke(command, ["--port", str(port), "--makers", "off"])

    assert result.exit_code == 6
    assert result.stdout == ""
    assert result.stderr == f"Error: 127.0.0.1:{port} is taken by another program\n"


@pytest.mark.parametrize(("port", "tls_port"), [(0, 0), (8080, 8443), (9000, 9001)])
def test_the_port_with_tls_follows_the_other(port: int, tls_port: int) -> None:
    assert _tls_port(port) == tls_port


def test_faults_are_told_and_the_report_is_not_called_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    verdict = msgspec.structs.replace(
        VERDICT, money={"BTC": 3}, replay_hash="bb" * 32, faults=("no orders matched",)
    )

    _report(verdict, to_stderr=False)

    output = capsys.readouterr().out
    assert "BTC off by 3" in output
    assert "ANOTHER STATE" in output
    assert "FAULT: no orders matched\nThe self-check failed.\n" in output


def test_a_self_check_that_fails_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*_: object, **__: object) -> Verdict:
        return msgspec.structs.replace(VERDICT, faults=("no orders matched",))

    monkeypatch.setattr("strikewire.venue.demo.run_demo", failing)

    result = invoke("--for", "1")

    assert result.exit_code == 1
    assert "FAULT: no orders matched" in result.stdout


def test_without_room_for_a_temporary_folder_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)

    result = invoke("--for", "0.01")

    assert result.exit_code == 5
    assert result.stderr == "Error: no temporary folder: [Errno 28] No space left on device\n"
