"""`strikewire doctor`: can this machine run a venue well."""

import importlib
import os
import platform
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from strikewire.cli.errors import FAILED
from strikewire.cli.output import json_option, print_json, print_table

FILES_WANTED: Final = 4_096
APPENDS: Final = 50
APPEND_MS_SLOW: Final = 20.0
PYTHON_MIN: Final = (3, 11)


class Health(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    SLOW = "slow"
    """It works, but not as well as it could."""

    BAD = "bad"
    """A venue cannot run like this."""


class Finding(Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    health: Health
    detail: str


@click.command(name="doctor")
@click.option("--port", type=int, default=8080, show_default=True, help="Port that should be free.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where the journal would be; its disk is measured.  [default: a temporary folder]",
)
@json_option
def command(*, port: int, data_dir: Path | None, as_json: bool) -> None:
    """Check Python, kernels, limits, port, disk and TLS; exit 1 if a venue cannot run."""
    findings = list(examine(port, data_dir))
    if as_json:
        for finding in findings:
            print_json(finding)
    else:
        _show(findings)
    if any(finding.health is Health.BAD for finding in findings):
        raise SystemExit(FAILED)


def examine(port: int, data_dir: Path | None) -> Iterator[Finding]:
    """Look at everything, and yield one finding for each."""
    from strikewire.venue.compiled import interpreted_kernels

    yield python_version(sys.version_info[:2])
    yield kernels(interpreted_kernels())
    yield event_loop()
    yield open_files()
    yield free_port(port)
    yield disk(data_dir, time.perf_counter_ns)  # noqa: TID251 - a stopwatch for the disk
    yield tls()


def python_version(version: tuple[int, ...]) -> Finding:
    """Judge the interpreter."""
    health = Health.GOOD if version >= PYTHON_MIN else Health.BAD
    return Finding("python", health, f"{platform.python_version()}, needs 3.11 or later")


def kernels(interpreted: tuple[str, ...]) -> Finding:
    """Tell whether the kernels are compiled."""
    if not interpreted:
        return Finding("kernels", Health.GOOD, "compiled")
    shown = ", ".join(name.removeprefix("strikewire.") for name in interpreted)
    return Finding("kernels", Health.SLOW, f"interpreted: {shown}; install with a C compiler")


def event_loop() -> Finding:
    """Tell which event loop there is."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return Finding("event loop", Health.GOOD, "asyncio; uvloop is not installed")
    version = getattr(uvloop, "__version__", "?")
    return Finding("event loop", Health.GOOD, f"asyncio; uvloop {version} is installed, not used")


def open_files() -> Finding:
    """Judge how many files, and so connections, may be open."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= FILES_WANTED:
        return Finding("open files", Health.GOOD, f"{soft} allowed")
    advice = f"{soft} allowed; `ulimit -n {min(hard, FILES_WANTED)}` allows more connections"
    return Finding("open files", Health.SLOW, advice)


def free_port(port: int) -> Finding:
    """Try to bind the port on this machine alone."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return Finding("port", Health.BAD, f"{port}: {error.strerror}; use another --port")
    return Finding("port", Health.GOOD, f"{port} is free")


def disk(data_dir: Path | None, stopwatch: Callable[[], int]) -> Finding:
    """Measure how long the journal takes to make one entry durable."""
    from strikewire.journal import JournalError, SqliteJournal

    parent = data_dir if data_dir is not None and data_dir.is_dir() else None
    try:
        with tempfile.TemporaryDirectory(prefix="strikewire-doctor-", dir=parent) as folder:
            journal = SqliteJournal.open(Path(folder) / "journal.db")
            durations_ns = []
            for seq in range(1, APPENDS + 1):
                begun_ns = stopwatch()
                journal.append(seq, seq, [b"0" * 64])
                durations_ns.append(stopwatch() - begun_ns)
            journal.close()
    except (OSError, JournalError) as error:
        return Finding("disk", Health.BAD, str(error))
    median_ms = sorted(durations_ns)[APPENDS // 2] / 1e6
    health = Health.GOOD if median_ms < APPEND_MS_SLOW else Health.SLOW
    where = parent or tempfile.gettempdir()
    return Finding("disk", health, f"an entry is durable after {median_ms:.2f} ms in {where}")


def tls() -> Finding:
    """Tell which TLS there is."""
    version = ssl.OPENSSL_VERSION
    if not ssl.HAS_TLSv1_2:
        return Finding("tls", Health.BAD, f"{version} lacks TLS 1.2")
    return Finding("tls", Health.GOOD, f"{version}, TLS 1.3" if ssl.HAS_TLSv1_3 else version)


def _show(findings: list[Finding]) -> None:
    from rich.table import Table

    colours = {Health.GOOD: "green", Health.SLOW: "yellow", Health.BAD: "red"}
    table = Table(
        header_style="bold", border_style="dim", title=f"strikewire on {os.uname().sysname}"
    )
    for name in ("what", "how", "detail"):
        table.add_column(name)
    for finding in findings:
        colour = colours[finding.health]
        table.add_row(finding.name, f"[{colour}]{finding.health}[/]", finding.detail)
    print_table(table)
