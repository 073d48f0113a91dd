"""Measure a room against its peers and its own floor, in CPU seconds.

How a room joins: write `benchmarks/bench_<room>.py` with one function,

```python
from benchmarks.harness import Fresh, Measure, Rate, Ratio, interpreted_twin
from strikewire.websocket.kernels import mask


def measures(*, quick: bool) -> list[Measure]:
    payload = bytes(4_096 if quick else 65_536)
    twin = interpreted_twin("strikewire.websocket.kernels.mask")
    return [
        Ratio(
            measure="mask 64 KiB",
            ours=lambda: mask.apply(payload, KEY),
            against="interpreted twin",
            theirs=lambda: twin.apply(payload, KEY),
            floor=20.0,
            aim=80.0,
        ),
    ]
```

and run `python3 dev.py bench websocket`. Building the inputs belongs inside `measures`, so that
importing the file does nothing. There are five kinds of measure:

- `Ratio`: two pieces of work on the same input, timed here, run in interleaved pairs. The value is
  the CPU time of theirs divided by ours: 2.0 x means that ours needs half.
- `Rate`: one piece of work, timed here. The value is operations per CPU second.
- `Compared`: two functions that each return their own reading (messages per CPU second of a server
  in a process of its own, say), run in interleaved pairs. The value is ours divided by theirs.
- `Contest`: the same for what has to be set up first and may have several opponents: `ours` and
  each opponent are entered once, stay until the end, and are read in turn, round by round. Every
  opponent gives a row of its own; one that cannot be measured leaves the others their rows.
- `Reading`: one function that returns the number itself, in a unit it names.

Work that needs a new state for every call is a `Fresh(build, run)`: `build` is not timed.
Functions that start servers or processes may take seconds: they are called once a run.
A measure that cannot run here raises `UnavailableError("why")`; it is printed and recorded
without a value, and a floor that was not measured counts as missed.

`floor` is the value below which (above which, where `better="lower"`) `--check` exits 1; `aim` is
what we work towards. Either may be None: then the number is recorded and judged by nobody.
Set a floor where a busy machine still passes: it guards against a loss, it is no claim.

Every value is the median of at least three runs. CPU seconds (of this process, all threads) are
used because wall time on a shared machine says more about the neighbours.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.machinery
import importlib.util
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import strikewire

ROOT = Path(__file__).resolve().parent.parent


class UnavailableError(Exception):
    """The measure cannot be taken here; its text says why."""


@dataclass(frozen=True)
class Fresh:
    """Work that needs a new state for each call: `run(build())`, of which only `run` is timed."""

    build: Callable[[], Any]
    run: Callable[[Any], object]


Work = Callable[[], object] | Fresh


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """CPU time of `theirs` divided by CPU time of `ours`; unit x, higher is better."""

    measure: str
    ours: Work
    against: str
    theirs: Work
    floor: float | None = None
    aim: float | None = None
    packages: tuple[str, ...] = ()
    unit: str = field(default="x", init=False)
    better: Literal["higher", "lower"] = field(default="higher", init=False)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Operations per CPU second, where one call of `work` does `operations` of them."""

    measure: str
    work: Work
    operations: int
    unit: str
    against: str = ""
    floor: float | None = None
    aim: float | None = None
    packages: tuple[str, ...] = ()
    better: Literal["higher", "lower"] = field(default="higher", init=False)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The reading that `ours` returns divided by the reading that `theirs` returns."""

    measure: str
    ours: Callable[[], float]
    against: str
    theirs: Callable[[], float]
    floor: float | None = None
    aim: float | None = None
    packages: tuple[str, ...] = ()
    unit: str = "x"
    better: Literal["higher", "lower"] = "higher"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A number that `read` measures itself."""

    measure: str
    read: Callable[[], float]
    unit: str
    against: str = ""
    floor: float | None = None
    aim: float | None = None
    packages: tuple[str, ...] = ()
    better: Literal["higher", "lower"] = "higher"


Reader = Callable[[], float]
"""Takes one reading of something that was set up before."""

Entrant = Callable[[], AbstractContextManager[Reader]]
"""Sets something up (a server, say), yields what reads it, and clears it away again."""


@dataclass(frozen=True, kw_only=True)
class Opponent:
    """One that `ours` is compared with in a Contest, and the marks of that comparison."""

    against: str
    entrant: Entrant
    floor: float | None = None
    aim: float | None = None
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The reading of `ours` divided by that of each opponent, in interleaved rounds.

    Attributes:
        counted: What the readings count; it stands with their medians in the note of a row.
        caveat: What else belongs into every note.
    """

    measure: str
    ours: Entrant
    opponents: tuple[Opponent, ...]
    counted: str
    caveat: str = ""
    unit: str = "x"
    better: Literal["higher", "lower"] = "higher"


Single = Ratio | Rate | Compared | Reading
Measure = Single | Contest


@dataclass(frozen=True)
class Pace:
    """How much time a measure may take: how many runs, and how long a timed run lasts at least."""

    runs: int
    run_seconds: float


FULL = Pace(runs=7, run_seconds=0.2)
QUICK = Pace(runs=3, run_seconds=0.05)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of `results/ROOM.json`.

    Attributes:
        value: Median of the runs; None where the measure could not be taken (`note` says why).
        runs: How many runs the median is over.
        spread: Lowest and highest run.
        versions: What it was measured with: python, machine, kernels and the packages named.
    """

    measure: str
    against: str
    value: float | None
    unit: str
    floor: float | None
    aim: float | None
    runs: int
    versions: dict[str, str]
    spread: tuple[float, float] | None
    better: str
    quick: bool
    note: str = ""

    @property
    def meets_floor(self) -> bool:
        """Say whether the floor is held; without a floor there is nothing to miss."""
        return self._reaches(self.floor)

    @property
    def meets_aim(self) -> bool:
        """Say whether the aim is reached; without an aim it counts as reached."""
        return self._reaches(self.aim)

    def _reaches(self, mark: float | None) -> bool:
        if mark is None:
            return True
        if self.value is None:
            return False
        return self.value >= mark if self.better == "higher" else self.value <= mark


def take_all(measure: Measure, pace: Pace, *, quick: bool) -> list[Result]:
    """Take a measure of any kind at the given pace; a Contest has a result for each opponent."""
    if not isinstance(measure, Contest):
        return [take(measure, pace, quick=quick)]
    rounds = _Rounds(measure)
    rounds.run(pace.runs)
    return [
        _result(measure, opponent, *rounds.outcome(opponent), quick=quick)
        for opponent in measure.opponents
    ]


def take(measure: Single, pace: Pace, *, quick: bool) -> Result:
    """Take one measure at the given pace and return its result."""
    note = ""
    try:
        values = _values(measure, pace)
    except UnavailableError as reason:
        values, note = [], str(reason)
    return _result(measure, measure, values, note, quick=quick)


def _result(
    measure: Measure, judged: Single | Opponent, values: list[float], note: str, *, quick: bool
) -> Result:
    return Result(
        measure=measure.measure,
        against=judged.against,
        value=_significant(statistics.median(values)) if values else None,
        unit=measure.unit,
        floor=judged.floor,
        aim=judged.aim,
        runs=len(values),
        versions=versions(judged.packages),
        spread=(_significant(min(values)), _significant(max(values))) if values else None,
        better=measure.better,
        quick=quick,
        note=note,
    )


class _Rounds:
    """The readings of a Contest, and why whoever has none has none."""

    def __init__(self, contest: Contest) -> None:
        self._contest = contest
        self._reasons: dict[str, str] = {}
        # Pairs of one round, ours first.
        self._pairs: dict[str, list[tuple[float, float]]] = {
            opponent.against: [] for opponent in contest.opponents
        }

    def run(self, rounds: int) -> None:
        with contextlib.ExitStack() as stack:
            try:
                ours = stack.enter_context(self._contest.ours())
                theirs = {}
                for opponent in self._contest.opponents:
                    with self._excused(opponent.against):
                        theirs[opponent.against] = stack.enter_context(opponent.entrant())
                for _ in range(rounds):
                    self._run_one(ours, theirs)
            except UnavailableError as reason:
                self._reasons |= dict.fromkeys(self._pairs, str(reason))

    def _run_one(self, ours: Reader, theirs: dict[str, Reader]) -> None:
        value = ours()
        for name, read in theirs.items():
            if name not in self._reasons:
                with self._excused(name):
                    self._pairs[name].append((value, read()))

    @contextlib.contextmanager
    def _excused(self, name: str) -> Iterator[None]:
        try:
            yield
        except UnavailableError as reason:
            self._reasons[name] = str(reason)

    def outcome(self, opponent: Opponent) -> tuple[list[float], str]:
        """Return the ratios of an opponent's rounds and the note to them."""
        if opponent.against in self._reasons:
            return [], self._reasons[opponent.against]
        pairs = self._pairs[opponent.against]
        ours, theirs = (_significant(statistics.median(side)) for side in zip(*pairs, strict=True))
        note = f"{ours:,.0f} against {theirs:,.0f} {self._contest.counted}"
        if self._contest.caveat:
            note += f"; {self._contest.caveat}"
        return [ours * _invert(theirs) for ours, theirs in pairs], note


def interpreted_twin(name: str) -> ModuleType:
    """Load a kernel's `.py` file beside its compiled module, under another name.

    Args:
        name: The kernel's dotted name, such as `strikewire.pricing.kernels.black76`.

    Raises:
        UnavailableError: The kernel has no `.py` file.
    """
    path = ROOT.joinpath("src", *name.split(".")).with_suffix(".py")
    if not path.exists():
        raise UnavailableError(f"{name} has no interpreted twin")
    twin_name = f"{name}__interpreted"
    loader = importlib.machinery.SourceFileLoader(twin_name, str(path))
    spec = importlib.util.spec_from_loader(twin_name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return what a number depends on: interpreter, machine, build of the kernels, peers."""
    found = {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}",
        "kernels": _build_of_kernels(),
        "strikewire": strikewire.__version__,
    }
    for package in packages:
        found[package] = metadata.version(package)
    return found


def _build_of_kernels() -> str:
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    built = any(ROOT.glob(f"src/strikewire/**/kernels/*{suffix}"))
    return "compiled" if built else "interpreted"


def _values(measure: Single, pace: Pace) -> list[float]:
    match measure:
        case Ratio():
            calls_ours = _calibrate(measure.ours, pace.run_seconds)
            calls_theirs = _calibrate(measure.theirs, pace.run_seconds)
            return [
                _invert(_seconds_a_call(measure.ours, calls_ours))
                * _seconds_a_call(measure.theirs, calls_theirs)
                for _ in range(pace.runs)
            ]
        case Rate():
            calls = _calibrate(measure.work, pace.run_seconds)
            return [
                measure.operations * _invert(_seconds_a_call(measure.work, calls))
                for _ in range(pace.runs)
            ]
        case Compared():
            return [measure.ours() * _invert(measure.theirs()) for _ in range(pace.runs)]
        case Reading():
            return [measure.read() for _ in range(pace.runs)]


def _calibrate(work: Work, run_seconds: float) -> int:
    """Return how many calls fill a run, and warm the work up on the way."""
    calls = 1
    while True:
        seconds = _seconds_a_call(work, calls) * calls
        if seconds >= run_seconds or calls >= 1 << 22:
            return calls
        # Aim a little above the wanted time, at most tenfold at once: first calls mislead.
        wanted = run_seconds * 1.2 / seconds if seconds > 0 else 10.0
        calls = max(calls + 1, int(calls * min(wanted, 10.0)))


def _seconds_a_call(work: Work, calls: int) -> float:
    if isinstance(work, Fresh):
        states = [work.build() for _ in range(calls)]
        run = work.run
        gc.collect()
        start = time.process_time()
        for state in states:
            run(state)
    else:
        gc.collect()
        start = time.process_time()
        for _ in range(calls):
            work()
    return (time.process_time() - start) / calls


def _invert(seconds: float) -> float:
    return 1.0 / seconds if seconds > 0.0 else float("inf")


def _significant(value: float) -> float:
    """Round to four significant digits: more would be noise in the diff of a result file."""
    return float(f"{value:.4g}")


if __name__ == "__main__":
    sys.exit("run: python3 dev.py bench ROOM")
