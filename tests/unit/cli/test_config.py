"""The configuration can be looked at, with its origins and without its secrets."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from strikewire.cli.config import command


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["show", *arguments])


def test_every_value_is_printed_as_toml() -> None:
    lines = invoke().output.splitlines()

    assert any(line.split() == ["server.port", "=", "8080"] for line in lines)
    assert any(line.split() == ["log.level", "=", '"info"'] for line in lines)


def test_origins_are_told_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strikewire.toml").write_text("[server]\nport = 1")
    monkeypatch.setenv("STRIKEWIRE_LOG_LEVEL", "debug")

    output = invoke("--origin").output

    assert f"= 1  # file {tmp_path}/strikewire.toml" in output
    assert '= "debug"  # env STRIKEWIRE_LOG_LEVEL' in output
    assert "# default" in output


def test_json_is_one_line_a_value() -> None:
    rows = [json.loads(line) for line in invoke("--json", "--origin").output.splitlines()]

    assert {"key": "server.port", "value": 8080, "origin": "default"} in rows


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text("[[accounts]]\nname = 'a'\nclient_id = 'i'\nclient_secret = 'hidden'")

    for arguments in ([], ["--json"]):
        output = invoke("--config", str(file), *arguments).output
        assert "hidden" not in output
        assert "***" in output


def test_a_file_that_cannot_be_used_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "strikewire.toml").write_text("[server]\nprt = 1")

    result = invoke()

    assert result.exit_code == 3
    assert "did you mean 'server.port'?" in result.output
