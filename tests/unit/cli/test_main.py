"""The command finds its subcommands, and says what it can do."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from strikewire import __version__
from strikewire.cli.main import COMMANDS, LazyGroup, main


def test_help_lists_every_command_and_the_exit_codes() -> None:
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.output
    assert "Exit codes:" in result.output
    assert "  6  the address or port is taken" in result.output


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "path",
    [
        "demo",
        "serve",
        "watch",
        "book",
        "chain",
        "surface",
        "stress",
        "doctor",
        "keys list",
        "keys create",
        "keys revoke",
        "journal verify",
        "config show",
    ],
)
def test_every_command_speaks_json(path: str) -> None:
    result = CliRunner().invoke(main, [*path.split(), "--help"])

    assert "--json" in result.output


def test_the_version_is_the_packages() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"strikewire, version {__version__}\n"


def test_an_unknown_command_is_a_usage_error_that_names_it() -> None:
    result = CliRunner().invoke(main, ["dmeo"])

    assert result.exit_code == 2
    assert "No such command 'dmeo'" in result.output


def test_asking_for_help_imports_no_room_of_the_house() -> None:
    # What is imported decides how long a person waits for the first line.
    script = (
        "import sys\n"
        "from strikewire.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "rooms = {name.split('.')[1] for name in sys.modules if name.startswith('strikewire.')}\n"
        "assert rooms == {'cli'}, rooms\n"
        "assert 'rich' not in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_commands_are_found_by_name_only() -> None:
    assert isinstance(main, LazyGroup)
    context = click.Context(main)

    assert main.list_commands(context) == list(COMMANDS)
    assert main.get_command(context, "os") is None
