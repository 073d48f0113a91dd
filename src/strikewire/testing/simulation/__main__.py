"""Run simulations from a shell: `python -m strikewire.testing.simulation FIRST [COUNT [MUTANT]]`.

A line of JSON for each seed goes to stdout, failures and the speed to stderr. The exit status is 1
if a seed failed. With the name of a planted bug the first seed that finds it is the last one run.
"""

import gc
import sys
import time
from contextlib import nullcontext

import msgspec

from strikewire.model import NS_PER_S
from strikewire.testing.simulation.mutants import MUTANTS, planted
from strikewire.testing.simulation.simulation import SimulationFailure, simulate

GARBAGE_MIN = 50_000
"""Objects that are made before garbage is looked for."""


def main(arguments: list[str]) -> int:
    """Run the seeds that the arguments name; return the exit status."""
    numbers, mutant = arguments[:2], arguments[2] if len(arguments) == 3 else ""
    is_understood = 1 <= len(arguments) <= 3 and (not mutant or mutant in MUTANTS)
    if not is_understood or not all(one.isdigit() for one in numbers):
        sys.stderr.write(f"{__doc__}\nPlanted bugs: {', '.join(MUTANTS)}\n")
        return 2
    first, count = int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else 1
    with planted(mutant) if mutant else nullcontext():
        return _run(range(first, first + count), stops=bool(mutant))


def _run(seeds: range, *, stops: bool) -> int:
    # A simulation makes little garbage that counting references does not find.
    gc.freeze()
    gc.set_threshold(GARBAGE_MIN, 20, 20)
    simulated_ns, failed = 0, 0
    begun_ns = time.perf_counter_ns()  # noqa: TID251 - only to report the speed
    for seed in seeds:
        try:
            report = simulate(seed)
        except SimulationFailure as failure:
            failed += 1
            sys.stderr.write(f"{failure}\n\n")
            if stops:
                break
        else:
            simulated_ns += report.simulated_ns
            sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    took_ns = time.perf_counter_ns() - begun_ns  # noqa: TID251 - only to report the speed
    sys.stderr.write(
        f"seeds {seeds[0]} to {seeds[-1]}: {failed} failed; "
        f"{simulated_ns / NS_PER_S:.0f} simulated seconds in {took_ns / NS_PER_S:.1f} s, "
        f"{simulated_ns / took_ns:.0f} times as fast as life\n"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
