"""`strikewire serve`: the same venue as the demo's, from a configuration and for good."""

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from strikewire.cli.errors import explained
from strikewire.cli.output import json_option, print_json, progress

if TYPE_CHECKING:
    from strikewire.sequencer import RecoveryReport
    from strikewire.venue.venue import Venue

log: Final = logging.getLogger(__name__)


@click.command(name="serve")
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    help="TOML file.  [default: ./strikewire.toml, where there is one]",
)
@click.option("--data-dir", default=None, help="Where journal, keys and certificates are kept.")
@click.option("--host", default=None, help="Address to bind.")
@click.option("--port", type=int, default=None, help="HTTP and WebSocket; 0 picks a free port.")
@click.option("--tls/--no-tls", default=None, help="Also listen with TLS.")
@click.option("--tls-port", type=int, default=None, help="The port for it; 0 picks a free one.")
@click.option("--makers", type=click.Choice(["on", "off"]), default=None, help="Market makers.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default=None,
    help="What is told on standard error.",
)
@json_option
def command(
    *,
    file: Path | None,
    data_dir: str | None,
    host: str | None,
    port: int | None,
    tls: bool | None,
    tls_port: int | None,
    makers: str | None,
    log_level: str | None,
    as_json: bool,
) -> None:
    """Run a venue from a configuration file.

    Values come from flags, then STRIKEWIRE_* variables, then the file, then the user's own
    configuration file; `strikewire config show --origin` tells which. Everything the venue does is
    in the journal of its data directory, and is there again after a restart.

    SIGINT and SIGTERM end it: clients are closed with 1001, what was acknowledged is kept, a
    snapshot is taken. SIGHUP makes it read its API keys again.
    """
    from strikewire.cli.running import log_to_stderr, run, stay, surroundings
    from strikewire.venue.datadir import DataDir, DataDirError
    from strikewire.venue.settings import default_data_dir, load_settings
    from strikewire.venue.venue import open_venue

    flags: dict[str, object] = {
        "data_dir": data_dir,
        "server.host": host,
        "server.port": port,
        "server.tls": tls,
        "server.tls_port": tls_port,
        "makers.enabled": None if makers is None else makers == "on",
        "log.level": log_level,
    }
    running: list[Venue] = []

    def reload_keys() -> None:
        for venue in running:
            try:
                venue.reload_keys()
            except DataDirError as error:
                log.error("the keys stay as they were: %s", error)
            else:
                log.info("%d keys read", len(venue.keys))

    with explained():
        settings = load_settings(
            flags={key: value for key, value in flags.items() if value is not None},
            environment=os.environ,
            file=file,
            folder=Path.cwd(),
        )
        config = settings.config
        log_to_stderr(config.log.level)
        folder = DataDir(Path(config.data_dir or default_data_dir(os.environ)))

        async def work(stopped: asyncio.Event) -> None:
            with progress("replaying the journal") as told:
                async with open_venue(config, folder, surroundings(told)) as venue:
                    running.append(venue)
                    stay()
                    _tell_recovery(venue.recovery)
                    _introduce(venue, as_json=as_json)
                    await stopped.wait()

        run(work, on_hangup=reload_keys)


def _tell_recovery(report: "RecoveryReport") -> None:
    for reason in report.skipped_snapshots:
        click.echo(f"not used: {reason}", err=True)
    begun = f"snapshot {report.snapshot_seq}" if report.snapshot_seq else "the first entry"
    click.echo(
        f"recovered: last entry {report.last_seq}, from {begun}, {report.replayed} replayed, "
        f"state {report.state_hash.hex()}",
        err=True,
    )


def _introduce(venue: "Venue", *, as_json: bool) -> None:
    addresses = venue.addresses
    if as_json:
        print_json(
            {
                "http": addresses.http,
                "ws": addresses.ws,
                "wss": addresses.wss,
                "ca_file": addresses.ca_file,
                "data_dir": str(venue.folder.path),
            }
        )
        return
    lines = [f"http     {addresses.http}", f"ws       {addresses.ws}"]
    if addresses.wss:
        lines += [f"wss      {addresses.wss}", f"ca file  {addresses.ca_file or '(yours)'}"]
    lines.append(f"data     {venue.folder.path}")
    for account, key in zip(venue.config.accounts, venue.account_keys, strict=True):
        lines.append(f"account  {account.name}, key {key.client_id}")
    click.echo("\n".join(lines))
