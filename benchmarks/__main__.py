"""`python -m benchmarks ROOM [--quick] [--check] [--only TEXT]`: measure, print, write results.

`--accuracy` prints how exact a room is instead, where `benchmarks/accuracy_ROOM.py` says.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys

from rich.console import Console
from rich.table import Table

from benchmarks.harness import FULL, QUICK, ROOT, Result, take_all

RESULTS = ROOT / "benchmarks" / "results"


def main(argv: list[str] | None = None) -> int:
    """Run one room's benchmark; return the exit status.

    Returns:
        0, or 1 where `--check` was given and a floor is missed, or 2 for a room without benchmark.
    """
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument("room", help="room to measure, such as websocket")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter runs: a minute or two")
    parser.add_argument("--check", action="store_true", help="exit 1 where a floor is missed")
    parser.add_argument(
        "--only", metavar="TEXT", default="", help="measures whose name holds TEXT; writes nothing"
    )
    parser.add_argument(
        "--accuracy", action="store_true", help="print how exact the room is instead"
    )
    options = parser.parse_args(argv)
    if not (ROOT / "benchmarks" / f"bench_{options.room}.py").exists():
        print(
            f"no benchmark for {options.room!r}; there are: {', '.join(rooms())}", file=sys.stderr
        )
        return 2

    # Without a terminal there is no width to keep to, and a folded table is hard to read.
    console = Console(width=None if sys.stdout.isatty() else 160)
    if options.accuracy:
        return print_accuracy(options.room, console)
    results = measure_room(options.room, quick=options.quick, only=options.only)
    if not options.only:
        write(options.room, results)
    console.print(table(options.room, results))
    missed = [result for result in results if not result.meets_floor]
    for result in missed:
        print(
            f"floor missed: {result.measure}: {result.value} {result.unit}, floor {result.floor}",
            file=sys.stderr,
        )
    return 1 if options.check and missed else 0


def print_accuracy(room: str, console: Console) -> int:
    """Print the tables of `benchmarks/accuracy_ROOM.py`; return 2 where there is no such file."""
    if not (ROOT / "benchmarks" / f"accuracy_{room}.py").exists():
        print(f"no report of accuracy for {room!r}", file=sys.stderr)
        return 2
    for drawn in importlib.import_module(f"benchmarks.accuracy_{room}").report():
        console.print(drawn)
    return 0


def rooms() -> list[str]:
    """Return the rooms that have a benchmark."""
    files = (ROOT / "benchmarks").glob("bench_*.py")
    return sorted(file.stem.removeprefix("bench_") for file in files)


def measure_room(room: str, *, quick: bool, only: str = "") -> list[Result]:
    """Take every measure of a room whose name holds `only`, telling on stderr which is running."""
    module = importlib.import_module(f"benchmarks.bench_{room}")
    results: list[Result] = []
    with Console(stderr=True).status(f"{room} ...") as status:
        for measure in module.measures(quick=quick):
            if only not in measure.measure:
                continue
            status.update(f"{room}: {measure.measure} ...")
            results += take_all(measure, QUICK if quick else FULL, quick=quick)
    return results


def write(room: str, results: list[Result]) -> None:
    """Write the results as `benchmarks/results/ROOM.json`, a list of objects."""
    RESULTS.mkdir(exist_ok=True)
    rows = [dataclasses.asdict(result) for result in results]
    (RESULTS / f"{room}.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def table(room: str, results: list[Result]) -> Table:
    """Draw the results; a missed floor is red, a reached aim green."""
    drawn = Table(title=f"{room}: median of {max((r.runs for r in results), default=0)} runs")
    for name in ("measure", "against"):
        drawn.add_column(name)
    for name in ("value", "lowest - highest", "floor", "aim"):
        drawn.add_column(name, justify="right")
    for result in results:
        drawn.add_row(
            result.measure,
            result.against or "-",
            _value(result),
            "-" if result.spread is None else " - ".join(number(end) for end in result.spread),
            "-" if result.floor is None else number(result.floor),
            "-" if result.aim is None else number(result.aim),
        )
    return drawn


def _value(result: Result) -> str:
    if result.value is None:
        return f"[yellow]not run: {result.note}[/]"
    colour = "red" if not result.meets_floor else "green" if result.meets_aim else "default"
    return f"[{colour}]{number(result.value)} {result.unit}[/]"


def number(value: float) -> str:
    """Write a number for people: four digits, thousands apart, no exponent."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())
