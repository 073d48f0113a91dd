"""Run simulations from a shell: `python -m strikewire.testing.simulation SEEDS [COUNT [BUG...]]`.

SEEDS is the first of COUNT seeds, or several with commas between them. A line of JSON for each
seed goes to stdout, failures and the speed to stderr; the exit status is 1 if a seed failed.

With the names of planted bugs, or `all`, each is looked for until a seed finds it. A line of JSON
for each bug goes to stdout; the exit status is 1 if one was not found.
"""

import gc
import sys
import time
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from strikewire.model import NS_PER_S
from strikewire.testing.simulation.mutants import MUTANTS, planted
from strikewire.testing.simulation.simulation import SimulationFailure, simulate

GARBAGE_MIN = 50_000
"""Objects that are made before garbage is looked for."""


class Found(Struct, frozen=True):
    """What became of a planted bug.

    Attributes:
        bug: Its name.
        seed: The first that found it; None if none did.
        rule: The promise that it broke.
        took_s: Seconds of the processor that this took.
    """

    bug: str
    seed: int | None
    rule: str
    took_s: float


def main(arguments: list[str]) -> int:
    """Run the seeds that the arguments name; return the exit status."""
    numbers, bugs = arguments[:2], arguments[2:]
    digits = "".join(numbers).replace(",", "")
    if not digits.isdecimal() or not ({*bugs} <= {*MUTANTS, "all"}):
        sys.stderr.write(f"{__doc__}\nPlanted bugs: {', '.join(MUTANTS)}\n")
        return 2
    seeds = [int(one) for one in numbers[0].split(",") if one]
    if len(numbers) > 1:
        seeds = list(range(seeds[0], seeds[0] + int(numbers[1])))
    # A simulation makes little garbage that counting references does not find.
    gc.freeze()
    gc.set_threshold(GARBAGE_MIN, 20, 20)
    if not bugs:
        return _run(seeds)
    return _hunt(seeds, [*MUTANTS] if "all" in bugs else bugs)


def _run(seeds: Sequence[int]) -> int:
    simulated_ns, failed = 0, 0
    begun, busy = time.perf_counter_ns(), time.process_time_ns()  # noqa: TID251 - for the speed
    for seed in seeds:
        try:
            report = simulate(seed)
        except SimulationFailure as failure:
            failed += 1
            sys.stderr.write(f"{failure}\n\n")
        else:
            simulated_ns += report.simulated_ns
            sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    took_ns = time.perf_counter_ns() - begun  # noqa: TID251 - for the speed
    busy_ns = time.process_time_ns() - busy
    sys.stderr.write(
        f"seeds {seeds[0]} to {seeds[-1]}: {failed} failed; "
        f"{simulated_ns / NS_PER_S:.0f} simulated seconds in {took_ns / NS_PER_S:.1f} s, "
        f"of which this process had a processor for {busy_ns / NS_PER_S:.1f} s: "
        f"{simulated_ns / busy_ns:.0f} times as fast as life on a processor of its own, "
        f"{simulated_ns / took_ns:.0f} times as it was\n"
    )
    return 1 if failed else 0


def _hunt(seeds: Sequence[int], bugs: Sequence[str]) -> int:
    missed = 0
    for bug in bugs:
        found = _look_for(bug, seeds)
        missed += found.seed is None
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    sys.stderr.write(f"{len(bugs)} planted, {missed} not found\n")
    return 1 if missed else 0


def _look_for(bug: str, seeds: Sequence[int]) -> Found:
    begun = time.process_time()

    def took_s() -> float:
        return round(time.process_time() - begun, 3)

    with planted(bug):
        for seed in seeds:
            try:
                simulate(seed)
            except SimulationFailure as failure:
                return Found(bug, seed, failure.rule, took_s())
    return Found(bug, None, "", took_s())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
