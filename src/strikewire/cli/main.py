"""The command `strikewire`: finds its subcommands, and turns errors into one line and a code."""

import importlib
from typing import Final

import click

from strikewire import __version__
from strikewire.cli.errors import EXIT_CODES

COMMANDS: Final = {
    "demo": "Run a whole venue with market makers, funded accounts and real market data.",
    "serve": "Run a venue from a configuration file.",
    "watch": "Print what channels say, as it happens.",
    "book": "Show an instrument's order book.",
    "chain": "Show a currency's option chain: calls, strikes, puts.",
    "surface": "Fit a currency's volatility surface and show it, in the terminal or as pictures.",
    "stress": "Show what a portfolio gains if prices and volatilities move.",
    "keys": "List, create and revoke the API keys of a data directory.",
    "journal": "Read a journal, compare it, replay it, prove it.",
    "config": "Show the configuration, and where each value is from.",
    "doctor": "Check whether this machine can run a venue well.",
}
"""Every subcommand and its one line; the module of the same name is imported when it is used."""


class LazyGroup(click.Group):
    """Subcommands whose modules are imported only when they are run or asked for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"strikewire.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the exit codes mean."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="strikewire")
def main() -> None:
    """A self-hosted, WebSocket-first venue for crypto options and derivatives.

    `strikewire demo` is the place to begin. Results go to standard output, everything else to
    standard error; --json makes results one JSON value a line.
    """
