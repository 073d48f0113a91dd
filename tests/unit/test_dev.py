"""dev.py decides what to do from stamps and versions; here it decides, and does nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import dev


class Shell:
    """Stands in for the commands that dev.py would run."""

    def __init__(self, status: int = 0) -> None:
        self.commands: list[list[str]] = []
        self.status = status

    def call(self, command: list[str], **_: object) -> int:
        self.commands.append(command)
        return self.status

    def ran(self, *words: str) -> bool:
        return any(set(words) <= set(command) for command in self.commands)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A project in a folder of its own, whose environment is already there."""
    (tmp_path / "requirements").mkdir()
    for name in dev.LOCKS:
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "hatch_build.py").write_text("\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "strikewire.json")
    shell = Shell()
    monkeypatch.setattr("subprocess.call", shell.call)
    return shell


def test_the_first_time_everything_is_installed_from_the_locks_with_hashes(shell: Shell) -> None:
    dev.prepare(["run", "build"])

    assert shell.ran("--require-hashes", "-rrequirements/run.txt", "-rrequirements/build.txt")
    assert not shell.ran("-rrequirements/dev.txt")
    assert shell.ran("--editable", "--no-deps", "--no-build-isolation")
    assert shell.commands[-1][-1] == "hatch_build.py"


def test_the_second_time_only_the_kernels_are_looked_at(shell: Shell) -> None:
    dev.prepare(["run", "build"])
    shell.commands.clear()

    dev.prepare(["run", "build"])

    assert [command[-1] for command in shell.commands] == ["hatch_build.py"]


def test_a_changed_lock_is_installed_and_the_others_are_not(shell: Shell) -> None:
    dev.prepare(["run", "build", "dev"])
    shell.commands.clear()
    (dev.ROOT / "requirements" / "dev.txt").write_text("dev==2\n")

    dev.prepare(["run", "build", "dev"])

    assert shell.ran("-rrequirements/dev.txt")
    assert not shell.ran("-rrequirements/run.txt")


def test_a_command_that_needs_less_keeps_what_another_installed(shell: Shell) -> None:
    dev.prepare(["run", "build", "dev"])
    dev.prepare(["run", "build"])
    shell.commands.clear()

    dev.prepare(["run", "build", "dev"])

    assert not shell.ran("--require-hashes")


def test_a_changed_project_file_reinstalls_the_project_alone(shell: Shell) -> None:
    dev.prepare(["run", "build"])
    shell.commands.clear()
    (dev.ROOT / "pyproject.toml").write_text("[project]\nname = 'x'\n")

    dev.prepare(["run", "build"])

    assert shell.ran("--editable")
    assert not shell.ran("--require-hashes")


def test_an_environment_of_another_interpreter_is_made_anew(shell: Shell) -> None:
    dev.STAMP.write_text(json.dumps({"python": "3.9.1"}))

    dev.prepare(["run", "build"])

    assert shell.commands[0] == [sys.executable, "-m", "venv", "--clear", str(dev.VENV)]


def test_a_failed_install_leaves_no_stamp_and_names_the_cures(shell: Shell) -> None:
    shell.status = 1

    with pytest.raises(dev.Stop, match="needs to reach a package index"):
        dev.prepare(["run", "build"])

    assert not dev.STAMP.exists()


def test_a_missing_venv_module_names_the_package_to_install(shell: Shell) -> None:
    shell.status = 1
    dev.PYTHON.unlink()

    with pytest.raises(dev.Stop, match="apt-get install python3-venv"):
        dev.prepare(["run", "build"])


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_an_unreadable_stamp_counts_as_none(shell: Shell, text: str) -> None:
    dev.STAMP.write_text(text)

    assert dev.read_stamp() == {}


def test_an_old_interpreter_hands_over_to_a_supported_one(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def become(_: str, command: list[str]) -> None:
        started.append(command)
        raise SystemExit

    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr("shutil.which", {"python3.12": "/usr/bin/python3.12"}.get)
    monkeypatch.setattr(dev, "runs", lambda _: True)
    monkeypatch.setattr("os.execv", become)

    with pytest.raises(SystemExit):
        dev.need_supported_python(["demo", "--for", "30"])

    script = str(dev.ROOT / "dev.py")
    assert started == [["/usr/bin/python3.12", script, "demo", "--for", "30"]]


def test_an_old_interpreter_alone_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(dev.Stop, match=r"^Python 3\.11 or later is needed; this is 3\.9\.18$"):
        dev.need_supported_python(["demo"])


def test_a_newer_interpreter_goes_on_with_a_word_about_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    monkeypatch.setattr("shutil.which", lambda _: None)

    dev.need_supported_python(["demo"])

    assert "Python 3.14.0 is newer than the newest one tested, 3.13" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["--help"]) == 0

    shown = capsys.readouterr().out
    for command in ["demo", "test", "check", "bench", "build", "generate", "docs", "lock"]:
        assert f"python3 dev.py {command} " in shown


def test_an_unknown_command_is_an_error_that_names_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dev.main(["tset"]) == 2

    assert capsys.readouterr().err.startswith("no command 'tset'; there are: demo, test, ")


def test_an_unknown_argument_is_an_error(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["build", "--fast"]) == 1

    assert "unknown argument '--fast'" in capsys.readouterr().err


def test_the_demo_becomes_the_command_with_its_arguments(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    become: list[list[str]] = []
    monkeypatch.setattr(dev, "become", become.append)

    dev.main(["demo", "--for", "30", "--json"])

    script = str(dev.VENV / "bin" / "strikewire")
    assert become == [[script, "demo", "--for", "30", "--json"]]


def test_progress_stays_off_stdout(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    dev.prepare(["run", "build"])

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "installing the pinned requirements (run, build)" in captured.err


@pytest.fixture
def failing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Run the static checks with one of them failing; return the checks that were run."""

    def run(broken: str) -> list[str]:
        ran: list[str] = []

        def call(step: str, _: list[str]) -> int:
            ran.append(step)
            return int(step == broken)

        monkeypatch.setattr(dev, "call", call)
        assert dev.main(["check"]) == (1 if broken else 0)
        return ran

    return run


def test_a_check_stops_at_the_first_step_that_fails(
    failing: Callable[[str], list[str]],
) -> None:
    assert failing("") == ["format", "lint", "types", "unit tests"]
    assert failing("lint") == ["format", "lint"]


@pytest.mark.parametrize("name", dev.LOCKS)
def test_locks_are_made_with_hashes_and_without_addresses(name: str) -> None:
    command = dev.lock_command(name)

    assert {"--generate-hashes", "--universal"} <= set(command)
    assert {"--no-emit-index-url", "--no-emit-find-links"} <= set(command)
    assert command[-1] == f"--output-file=requirements/{name}.txt"
