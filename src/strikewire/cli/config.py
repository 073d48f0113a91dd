"""`strikewire config show`: what a venue would be told, and where each value is from."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from strikewire.cli.errors import explained
from strikewire.cli.output import json_option, print_json

if TYPE_CHECKING:
    from strikewire.venue.settings import Setting


@click.group(name="config")
def command() -> None:
    """Show the configuration, and where each value is from."""


@command.command(name="show")
@click.option("--config", "file", type=click.Path(path_type=Path), help="TOML file, as for serve.")
@click.option("--origin", is_flag=True, help="Also say where each value is from.")
@json_option
def show(*, file: Path | None, origin: bool, as_json: bool) -> None:
    """Print every value that `strikewire serve` would use from here. Secrets are not shown."""
    from strikewire.venue.settings import load_settings

    with explained():
        settings = load_settings(flags={}, environment=os.environ, file=file, folder=Path.cwd())
    if as_json:
        for one in settings.values:
            row: dict[str, object] = {"key": one.key, "value": shown(one)}
            print_json(row | ({"origin": str(one.origin)} if origin else {}))
        return
    width = max(len(one.key) for one in settings.values)
    for one in settings.values:
        text = msgspec.json.encode(shown(one), enc_hook=str).decode()
        comment = f"  # {one.origin}" if origin else ""
        click.echo(f"{one.key:<{width}} = {text}{comment}")


def shown(setting: "Setting") -> object:
    """Return a value as it may be shown: keys of accounts without their secrets."""
    plain = msgspec.to_builtins(setting.value, enc_hook=str)
    if setting.key != "accounts" or not isinstance(plain, list | tuple):
        return plain
    return [row | {"client_secret": "***" if row.get("client_secret") else ""} for row in plain]
