"""How exact the prices are: against 60 digits on the nasty grid, and against recorded tickers.

`python3 dev.py bench pricing --accuracy` prints it. Errors of prices and greeks are relative; of
vanna, volga and charm, which change their sign, relative to the terms they are differences of.
Errors of implied volatilities are absolute. Surfaces are measured in half spreads between a quote's
middle and the surface, scenario values as a part of the forward.
"""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.bench_pricing import twin_of_lanes
from benchmarks.harness import ROOT, interpreted_twin
from strikewire.pricing import (
    Greeks,
    MarginRules,
    Surface,
    chain,
    find_arbitrage,
    fit_surface,
)
from strikewire.pricing.kernels import lanes
from strikewire.pricing.kernels import scenarios as scenario_kernel
from strikewire.testing.pricing import (
    Option,
    chance_chain,
    exact_greeks,
    nasty_grid,
    noisy_chain,
    recorded_chains,
    recorded_tickers,
)

TICKERS = ROOT / "tests" / "data" / "deribit_tickers.jsonl"
WORST = 3
Doubles = NDArray[np.float64]


class Accuracy(NamedTuple):
    """Errors of one measure, one for each of `options`, and the bounds they must keep."""

    measure: str
    errors: Doubles
    options: list[Option]
    bound: float | None = None
    bound_median: float | None = None
    bound_95: float | None = None

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """What is bounded: its error and its bound, by name."""
        asked = (("median", 0.5, self.bound_median), ("95 %", 0.95, self.bound_95))
        return {
            name: (float(np.quantile(self.errors, part)), bound)
            for name, part, bound in (*asked, ("max", 1.0, self.bound))
            if bound is not None
        }


def report() -> list[Table]:
    """Measure everything; return what is to be printed."""
    grid = nasty_grid()
    exact = [exact_greeks(option) for option in grid]
    values = np.ascontiguousarray(np.array([row.greeks for row in exact]).T)
    scales = np.array([row.scales for row in exact]).T
    twin = twin_of_lanes()
    ways: list[tuple[str, Callable[..., None], Callable[..., None], int]] = [
        ("interpreted", twin.greeks, twin.implied, 0)
    ]
    if lanes.INSTRUCTION_SETS != ("interpreted",):
        ways += [
            (name, lanes.greeks, lanes.implied, index)
            for index, name in enumerate(lanes.INSTRUCTION_SETS)
        ]
    columns = [np.array(column, dtype=np.float64) for column in zip(*grid, strict=True)]
    tables = []
    for name, greeks, implied, index in ways:
        found = np.empty((len(Greeks._fields), len(grid)))
        greeks(*columns, found, index)
        errors = np.abs(found - values) / scales
        volatilities, codes = np.empty(len(grid)), np.empty(len(grid), dtype=np.int8)
        forwards, strikes, years, sigmas, calls = columns
        implied(values[0], forwards, strikes, years, calls, volatilities, codes, index)
        rows = [
            Accuracy("implied volatility", np.abs(volatilities - sigmas), grid, 1e-11),
            *(
                Accuracy(greek, row, grid, 1e-12)
                for greek, row in zip(Greeks._fields, errors, strict=True)
            ),
        ]
        tables.append(table(f"nasty grid of {len(grid):,} options, {name}", rows))
    return [
        *tables,
        table("Deribit's recorded tickers", recorded()),
        surfaces(),
        table("35 scenarios, against the scalar kernel", scenario_errors(grid)),
    ]


def surfaces() -> Table:
    """Draw how far fitted surfaces lie from their quotes, and what arbitrage is left in them."""
    truth = Surface(volatility=0.55, volatility_long=0.6, rho=-0.2, eta=0.9)
    years = [0.05 * number for number in range(1, 21)]
    chains = {
        f"recorded, {currency}, day {day}": chain
        for (currency, day), chain in recorded_chains(TICKERS).items()
    } | {
        f"synthetic, noise of {noise} half spreads": noisy_chain(
            truth, years, Random(1).random, noise=noise
        )
        for noise in (0.0, 0.5, 1.0)
    }
    chains |= {
        f"synthetic, of chance, seed {seed}": chance_chain(Random(seed).random)
        for seed in range(1, 5)
    }
    drawn = Table(title="surfaces: half spreads between a quote's middle and the surface")
    for name in ("chain", "expiries", "quotes", "median", "95 %", "max", "arbitrage"):
        drawn.add_column(name, justify="left" if name == "chain" else "right")
    for name, chain_quotes in chains.items():
        surface = fit_surface(chain_quotes)
        errors: list[float] = []
        for one in chain_quotes:
            good = (one.bids > 0.0) & (one.asks > one.bids)
            fair = np.sqrt(surface.total_variances(one.moneyness, one.years) / one.years)
            missing = np.abs(fair - 0.5 * (one.bids + one.asks))[good]
            errors += (missing / (0.5 * (one.asks - one.bids)[good])).tolist()
        left = find_arbitrage(
            [one.years for one in surface.expiries], [one.smile for one in surface.expiries]
        )
        kept = not left and np.median(errors) <= 0.5 + 0.1
        drawn.add_row(
            name,
            str(len(surface.expiries)),
            str(len(errors)),
            f"[{'green' if kept else 'red'}]{np.median(errors):.2f}[/]",
            f"{np.quantile(errors, 0.95):.2f}",
            f"{max(errors):.2f}",
            str(len(left)) if left else "none",
        )
    return drawn


def scenario_errors(grid: list[Option]) -> list[Accuracy]:
    """Return how far the matrix of the nasty grid is from the scalar kernel's, cell by cell."""
    rules = MarginRules()
    scenarios = rules.scenarios()
    forwards, strikes, years, sigmas, calls = (
        np.array(column, dtype=np.float64) for column in zip(*grid, strict=True)
    )
    columns = np.zeros((scenario_kernel.INPUTS, len(grid)))
    columns[:3] = forwards, strikes, calls
    columns[5:] = rules.shocked(sigmas, years) * np.sqrt(years)
    factors = np.array([1.0 + one.move for one in scenarios])
    volatilities = np.array([one.volatility for one in scenarios], dtype=np.int64)
    found = np.zeros((len(grid), scenario_kernel.ROW))
    exact = np.zeros_like(found)
    scenario_kernel.fill(columns, factors, volatilities, None, found)
    interpreted_twin("strikewire.pricing.kernels.scenarios").fill(
        columns, factors, volatilities, None, exact
    )
    errors = np.max(np.abs(found - exact), axis=1) / forwards
    return [Accuracy("the worst cell of a row, of the forward", errors, grid, 1e-13)]


def recorded() -> list[Accuracy]:
    """Return how far our numbers are from those published, which are rounded."""
    tickers = recorded_tickers(TICKERS)
    options = [ticker.option for ticker in tickers]
    forwards, strikes, years, sigmas, calls = zip(*options, strict=True)
    found = chain(forwards=forwards, strikes=strikes, years=years, sigmas=sigmas, calls=calls)

    def published(name: str) -> Doubles:
        return np.array([ticker.published[name] for ticker in tickers])

    def relative(name: str) -> Doubles:
        theirs = published(name)
        missing: Doubles = np.abs(getattr(found, name) - theirs)
        return missing / np.maximum(np.abs(theirs), 1e-5)

    return [
        Accuracy(
            "mark price, coin",
            np.abs(found.price / forwards - published("price")),
            options,
            bound_median=1e-5,
            bound_95=2e-4,
        ),
        Accuracy("delta", np.abs(found.delta - published("delta")), options, 1e-4),
        Accuracy("gamma", np.abs(found.gamma - published("gamma")), options, 5e-6),
        Accuracy("vega, relative", relative("vega"), options, bound_median=1e-4),
        Accuracy("theta, relative", relative("theta"), options, bound_median=1e-4),
        Accuracy("rho, relative", relative("rho"), options),
    ]


def table(title: str, rows: list[Accuracy]) -> Table:
    """Draw one table; a broken bound is red."""
    drawn = Table(title=title)
    for name in ("measure", "median", "95 %", "99 %", "max", "bounds"):
        drawn.add_column(name, justify="left" if name == "measure" else "right")
    drawn.add_column("worst options: forward / strike, days, volatility")
    for row in rows:
        bounds = row.bounds
        kept = all(error <= bound for error, bound in bounds.values())
        told = ", ".join(f"{name} {bound:.0e}" for name, (_, bound) in bounds.items())
        drawn.add_row(
            row.measure,
            *(f"{np.quantile(row.errors, part):.1e}" for part in (0.5, 0.95, 0.99)),
            f"[{'green' if kept else 'red'}]{row.errors.max():.1e}[/]",
            told or "-",
            "; ".join(described(row.options[i]) for i in np.argsort(-row.errors)[:WORST]),
        )
    return drawn


def described(option: Option) -> str:
    """Write an option in a few characters."""
    kind = "C" if option.is_call else "P"
    moneyness = option.forward / option.strike
    return f"{kind} {moneyness:.4g}, {365 * option.years:.3g} d, {100 * option.sigma:.4g} %"
