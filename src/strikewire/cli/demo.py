"""`strikewire demo`: a whole venue, ready to be traded on."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strikewire.cli.errors import FAILED, StorageCommandError, explained
from strikewire.cli.output import json_option, print_json, progress

if TYPE_CHECKING:
    from strikewire.venue.demo import Ready
    from strikewire.venue.selfcheck import Verdict
    from strikewire.venue.venue import Venue


@click.command(name="demo")
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End by itself after so long, check everything, and say what happened.",
)
@json_option
@click.option(
    "--makers",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    help="Market makers quote and trade; off leaves the books to you.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_534),
    default=8080,
    show_default=True,
    help="HTTP and WebSocket; 0 picks free ports.",
)
@click.option(
    "--tls-port",
    type=click.IntRange(0, 65_535),
    default=None,
    help="The same with TLS.  [default: 8443 beside 8080, else --port plus one]",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Repeats the market makers' choices."
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Keep journal, keys and certificates here.  [default: a temporary folder]",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="What is told on standard error.",
)
def command(
    *,
    seconds: float | None,
    as_json: bool,
    makers: str,
    port: int,
    tls_port: int | None,
    seed: int,
    data_dir: Path | None,
    log_level: str,
) -> None:
    """Run a whole venue with market makers, funded accounts and real market data.

    Prints the addresses and two API keys of funded accounts (100 BTC, 1 000 ETH and 1 000 000 USDC
    each) once everything answers. With --json that is one JSON line {http, ws, wss, ca_file,
    accounts: [{client_id, client_secret}, ...]}, and nothing else on standard output.

    Ctrl-C ends it. With --for it ends by itself and exits 0 only if orders matched, every book
    chained and equals the venue's, no money was lost, and the journal replays to the same state.
    """
    from strikewire.cli.running import log_to_stderr, run, stay, surroundings
    from strikewire.venue.datadir import DataDir
    from strikewire.venue.demo import DemoOptions, run_demo

    log_to_stderr(log_level)
    options = DemoOptions(
        port=port,
        tls_port=_tls_port(port) if tls_port is None else tls_port,
        makers=makers == "on",
        seed=seed,
        seconds=seconds,
    )

    def announce(ready: "Ready", venue: "Venue") -> None:
        stay()
        if as_json:
            print_json(ready)
        else:
            _introduce(ready, venue)

    async def work(stopped: asyncio.Event) -> "Verdict | None":
        with _folder(data_dir) as path, progress("replaying the journal") as told:
            return await run_demo(
                options, DataDir(path), surroundings(told), announce=announce, stopped=stopped
            )

    with explained():
        verdict = run(work)
    if verdict is not None:
        _report(verdict, to_stderr=as_json)
        if verdict.faults:
            raise SystemExit(FAILED)


def _tls_port(port: int) -> int:
    if port == 0:
        return 0
    return 8443 if port == 8080 else port + 1


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="strikewire-demo-")
    except OSError as error:
        raise StorageCommandError(f"no temporary folder: {error}") from None
    with folder as path:
        yield Path(path)


def _introduce(ready: "Ready", venue: "Venue") -> None:
    quoted = f"{len(venue.makers)} market makers quote them" if venue.makers else "no market makers"
    accounts = venue.config.accounts
    lines = [
        f"A venue of {len(venue.exchange.instruments)} instruments; {quoted}.",
        "",
        f"  http     {ready.http}",
        f"  ws       {ready.ws}",
        f"  wss      {ready.wss}",
        f"  ca file  {ready.ca_file}",
    ]
    for account, key in zip(accounts, ready.accounts, strict=True):
        funds = ", ".join(f"{coins:,} {name}" for name, coins in account.deposits.items())
        lines += [
            "",
            f"  {account.name}: {funds}",
            f"    client id      {key.client_id}",
            f"    client secret  {key.client_secret}",
        ]
    lines += ["", "Try `strikewire chain BTC` in another shell. Ctrl-C ends the venue."]
    click.echo("\n".join(lines))


def _report(verdict: "Verdict", *, to_stderr: bool) -> None:
    median, late = verdict.latency_ms
    money = ", ".join(
        f"{name} {'conserved' if not difference else f'off by {difference}'}"
        for name, difference in verdict.money.items()
    )
    is_same = verdict.replay_hash == verdict.state_hash
    lines = [
        "",
        f"What happened in {verdict.seconds} s on {verdict.instruments} instruments:",
        f"  matched   {verdict.fills} fills of {verdict.orders} orders and {verdict.edits} edits",
        f"  quoted    {verdict.quotes} quotes by the market makers, "
        f"answered in {median} ms (median), {late} ms (99th percentile)",
        f"  chained   {verdict.links} changes of books, {verdict.gaps} gaps; "
        f"{verdict.books} books equal the venue's at every level",
        f"  money     {money}",
        f"  journal   {verdict.last_seq} commands replay to "
        f"{'the same state' if is_same else 'ANOTHER STATE'}, {verdict.state_hash[:16]}",
        f"  cost      {verdict.cpu_percent} % of one processor",
        "",
        *(f"FAULT: {fault}" for fault in verdict.faults),
        "All is well." if not verdict.faults else "The self-check failed.",
    ]
    click.echo("\n".join(lines), err=to_stderr)
