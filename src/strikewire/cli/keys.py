"""`strikewire keys`: who may trade, and with which key."""

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strikewire.cli.errors import CommandError, StorageCommandError, explained
from strikewire.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from strikewire.gateway import ApiKey, KeyStore
    from strikewire.model import AccountId
    from strikewire.venue.datadir import DataDir

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Of the venue.  [default: as configured, see `strikewire config show`]",
)


@click.group(name="keys")
def command() -> None:
    """List, create and revoke the API keys of a data directory.

    A venue that is running takes the change over when it gets SIGHUP.
    """


@command.command(name="list")
@data_dir_option
@click.option("--secrets", "with_secrets", is_flag=True, help="Show the secrets too.")
@json_option
def list_(*, data_dir: Path | None, with_secrets: bool, as_json: bool) -> None:
    """List the keys, with their account and scope."""
    with explained():
        keys = _folder(data_dir).load_keys()
    rows = [_row(key, with_secret=with_secrets) for key in keys]
    if as_json:
        for row in rows:
            print_json(row)
        return
    from rich.table import Table

    table = Table(header_style="bold", border_style="dim")
    for name in rows[0] if rows else ("client_id", "name", "account", "scope"):
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    print_table(table)


@command.command(name="create")
@click.argument("account")
@click.option("--scope", default=None, help="What it may do.  [default: trade and read]")
@click.option(
    "--needs-approval",
    is_flag=True,
    help="For a broker: its block trades wait until another key of the account approves them.",
)
@data_dir_option
@json_option
def create(
    *,
    account: str,
    scope: str | None,
    needs_approval: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Create a key for ACCOUNT, which must exist, and print it with its secret."""
    from strikewire.gateway import DEFAULT_SCOPE
    from strikewire.gateway.approvals import APPROVAL_FEATURE
    from strikewire.gateway.scopes import Scope

    wanted = DEFAULT_SCOPE if scope is None else scope
    if (unknown := Scope.unknown_words(wanted)) or not Scope.parse(wanted).levels:
        reason = f"unknown: {', '.join(unknown)}" if unknown else "allows nothing"
        raise click.UsageError(f"--scope {wanted!r}: {reason}; for example {DEFAULT_SCOPE!r}")
    with explained():
        folder = _folder(data_dir)
        keys = folder.load_keys()
        account_id = _account_id(folder, keys, account)
        key = keys.create(
            account_id,
            entropy=secrets.token_bytes,
            scope=wanted,
            name=account,
            features=(APPROVAL_FEATURE,) if needs_approval else (),
        )
        folder.save_keys(keys)
    if as_json:
        print_json(_row(key, with_secret=True))
    else:
        click.echo(f"client id      {key.client_id}\nclient secret  {key.client_secret}")


@command.command(name="revoke")
@click.argument("client_id")
@data_dir_option
@json_option
def revoke(*, client_id: str, data_dir: Path | None, as_json: bool) -> None:
    """Revoke the key CLIENT_ID."""
    with explained():
        folder = _folder(data_dir)
        keys = folder.load_keys()
        try:
            keys.remove(client_id)
        except KeyError:
            raise CommandError(f"there is no key {client_id!r}") from None
        folder.save_keys(keys)
    if as_json:
        print_json({"client_id": client_id, "revoked": True})
    else:
        click.echo(f"{client_id} is revoked")


def _folder(chosen: Path | None) -> "DataDir":
    from strikewire.venue.datadir import DataDir
    from strikewire.venue.settings import default_data_dir, load_settings

    if chosen is None:
        settings = load_settings(flags={}, environment=os.environ, folder=Path.cwd())
        chosen = Path(settings.config.data_dir or default_data_dir(os.environ))
    if not chosen.is_dir():
        raise StorageCommandError(f"{chosen}: no such data directory")
    return DataDir(chosen)


def _account_id(folder: "DataDir", keys: "KeyStore", name: str) -> "AccountId":
    """Find an account by a key it has, or in the journal of a venue that is not running."""
    from strikewire.journal import JournalLockedError

    known = {key.name: key.account_id for key in keys}
    if name in known:
        return known[name]
    unseen = ""
    if folder.journal.exists():
        try:
            known |= _accounts_in_journal(folder)
        except JournalLockedError:
            unseen = " with a key, and which others there are can be seen only while no venue runs"
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise CommandError(f"there is no account {name!r}; there are: {names}{unseen}")
    return known[name]


def _accounts_in_journal(folder: "DataDir") -> "dict[str, AccountId]":
    from strikewire.journal import SqliteJournal
    from strikewire.sequencer import recover

    journal = SqliteJournal.open(folder.journal, read_only=True)
    try:
        exchange, _ = recover(journal)
    finally:
        journal.close()
    return {account.name: account.account_id for account in exchange.accounts}


def _row(key: "ApiKey", *, with_secret: bool) -> dict[str, object]:
    row: dict[str, object] = {"client_id": key.client_id}
    if with_secret:
        row["client_secret"] = key.client_secret
    return row | {"name": key.name, "account": key.account_id, "scope": key.scope}
