"""The doctor looks at what a venue needs, and says what would be better."""

import json
import resource
import socket
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from strikewire.cli import doctor
from strikewire.cli.doctor import Health, command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def test_on_a_machine_that_runs_the_tests_a_venue_can_run() -> None:
    result = CliRunner().invoke(command, ["--port", str(free_port()), "--json"])

    findings = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 0
    assert [finding["name"] for finding in findings] == [
        "python",
        "kernels",
        "event loop",
        "open files",
        "port",
        "disk",
        "tls",
    ]


def test_people_get_a_table() -> None:
    result = CliRunner().invoke(command, ["--port", str(free_port())])

    assert "an entry is durable after" in result.output


def test_a_taken_port_is_bad() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        result = CliRunner().invoke(command, ["--port", str(port), "--json"])

    assert result.exit_code == 1
    assert f"{port}: Address already in use" in result.output


@pytest.mark.parametrize(
    ("version", "health"), [((3, 10), Health.BAD), ((3, 11), Health.GOOD), ((3, 13), Health.GOOD)]
)
def test_python_must_be_new_enough(version: tuple[int, int], health: Health) -> None:
    assert doctor.python_version(version).health is health


def test_interpreted_kernels_are_slow_and_named() -> None:
    finding = doctor.kernels(("strikewire.pricing.kernels.black76",))

    assert finding.health is Health.SLOW
    assert "pricing.kernels.black76" in finding.detail
    assert doctor.kernels(()).health is Health.GOOD


def test_an_event_loop_is_found_with_or_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        raise ImportError

    monkeypatch.setattr("importlib.import_module", missing)

    assert doctor.event_loop().detail == "asyncio; uvloop is not installed"


@pytest.mark.parametrize(
    ("limits", "health", "words"),
    [
        ((65_536, 65_536), Health.GOOD, "65536 allowed"),
        ((256, 100_000), Health.SLOW, "`ulimit -n 4096`"),
        ((256, 1_024), Health.SLOW, "`ulimit -n 1024`"),
    ],
)
def test_few_open_files_are_slow(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], health: Health, words: str
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: limits)

    finding = doctor.open_files()

    assert finding.health is health
    assert words in finding.detail


@pytest.mark.parametrize(("step_ms", "health"), [(1, Health.GOOD), (25, Health.SLOW)])
def test_a_slow_disk_is_told_by_the_stopwatch(tmp_path: Path, step_ms: int, health: Health) -> None:
    ticks = count(step=step_ms * 1_000_000)

    finding = doctor.disk(tmp_path, lambda: next(ticks))

    assert finding.health is health
    assert f"{step_ms}.00 ms in {tmp_path}" in finding.detail
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/dev/null")

    assert doctor.disk(None, lambda: 0).health is Health.BAD


def test_tls_needs_1_2(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.tls().health is Health.GOOD
    monkeypatch.setattr("ssl.HAS_TLSv1_2", False)
    assert doctor.tls().health is Health.BAD
