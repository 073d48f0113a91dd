"""A whole chain priced, implied back, fitted and stressed: against QuantLib, numpy, scipy, twins.

The kernels are black76, lanes, scenarios and smile.

The chain is 20 expiries of 100 strikes, call and put, three deviations to both sides. Ours is
called as a user calls it, on columns of doubles; peers get the same columns, or what they want of
them made beforehand, and compute no greek that we do not.
"""

import math
import time
import warnings
from collections.abc import Callable, Sequence
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtr

from benchmarks.harness import Measure, Ratio, Reading, UnavailableError, interpreted_twin
from strikewire.pricing import (
    ExpiryQuotes,
    MarginRules,
    RiskInstrument,
    RiskMatrix,
    Scenario,
    Surface,
    chain,
    fit_surface,
    implied_volatilities,
)
from strikewire.pricing.kernels import black76, smile
from strikewire.pricing.kernels import scenarios as scenario_kernel
from strikewire.pricing.problem import Curve
from strikewire.testing.pricing import noisy_chain

SIGMA = 0.6
NS_PER_YEAR = 365 * 86_400_000_000_000
ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
Doubles = NDArray[np.float64]


class Chain(NamedTuple):
    """Options of one underlying in columns of doubles."""

    forwards: Doubles
    strikes: Doubles
    years: Doubles
    sigmas: Doubles
    calls: Doubles


def measures(*, quick: bool) -> list[Measure]:
    options = chain_of(expiries=5 if quick else 20)
    count = len(options.strikes)
    prices = chain(**options._asdict()).price.copy()
    quotes = (prices, options.forwards, options.strikes, options.years, options.calls)
    names = f"IV, {count:,}-option chain", f"greeks, {count:,} options"
    return [
        *implied_measures(names[0], quotes),
        *greeks_measures(names[1], options),
        Reading(
            measure=f"IV + greeks refresh of {count:,} options",
            read=lambda: milliseconds(lambda: refresh(options, prices)),
            unit="ms",
            better="lower",
            floor=1.0,
            aim=0.5,
        ),
        *single_measures(),
        *matrix_measures(options),
        *account_measures(options),
        *surface_measures(slices=5 if quick else 20),
    ]


def implied_measures(name: str, quotes: tuple[Doubles, ...]) -> list[Measure]:
    rows, twin, room = rows_of(quotes), twin_of_lanes(), room_for(quotes)

    def ours() -> object:
        return implied(quotes)

    return [
        Ratio(
            measure=name,
            ours=ours,
            against="QuantLib LiRS, called from Python",
            theirs=needs(quantlib_implied, quotes),
            floor=15.0,
            aim=21.0,
            packages=("QuantLib",),
        ),
        Ratio(
            measure=name,
            ours=ours,
            against="numpy, 12 steps of Halley",
            theirs=lambda: halley(*quotes),
            floor=5.0,
            aim=9.0,
            packages=("numpy", "scipy"),
        ),
        Ratio(
            measure=name,
            ours=ours,
            against="compiled scalar kernel, called one by one",
            theirs=lambda: [black76.implied(*row) for row in rows],
            floor=2.0,
            aim=8.0,
        ),
        Ratio(
            measure=name,
            ours=ours,
            against="interpreted twin",
            theirs=lambda: twin.implied(*quotes, *room),
            floor=10.0,
            aim=100.0,
        ),
    ]


def greeks_measures(name: str, options: Chain) -> list[Measure]:
    out, twin = np.empty((9, len(options.strikes))), twin_of_lanes()

    def ours() -> object:
        return chain(**options._asdict(), out=out)

    return [
        Ratio(
            measure=name,
            ours=ours,
            against="numpy and scipy.special, five greeks of our eight",
            theirs=lambda: vectorised(*options),
            floor=3.0,
            aim=5.0,
            packages=("numpy", "scipy"),
        ),
        Ratio(
            measure=name,
            ours=ours,
            against="QuantLib BlackCalculator, called from Python, four greeks",
            theirs=needs(quantlib_greeks, options),
            floor=200.0,
            aim=550.0,
            packages=("QuantLib",),
        ),
        Ratio(
            measure=name,
            ours=ours,
            against="interpreted twin",
            theirs=lambda: twin.greeks(*options, out),
            floor=10.0,
            aim=100.0,
        ),
    ]


def single_measures() -> list[Measure]:
    """One option, called from Python: what a ticker pays."""
    twin = interpreted_twin("strikewire.pricing.kernels.black76")
    option = (61_800.2, 65_000.0, 0.1, SIGMA, True)
    quote = (3_360.0, 61_800.2, 65_000.0, 0.1, True)
    return [
        Ratio(
            measure="greeks of one option, called from Python",
            ours=lambda: black76.greeks(*option),
            against="interpreted twin",
            theirs=lambda: twin.greeks(*option),
            floor=2.0,
            aim=8.0,
        ),
        Ratio(
            measure="implied volatility of one quote, called from Python",
            ours=lambda: black76.implied(*quote),
            against="interpreted twin",
            theirs=lambda: twin.implied(*quote),
            floor=4.0,
            aim=10.0,
        ),
    ]


def matrix_measures(options: Chain) -> list[Measure]:
    """The scenario matrix of the whole chain, all marks new."""
    count = len(options.strikes)
    matrix, marks = matrix_of(options), marks_of(options)
    scenarios = matrix.scenarios
    shocked = matrix.rules.shocked(options.sigmas, options.years)
    twin = interpreted_twin("strikewire.pricing.kernels.scenarios")
    twin.black76 = interpreted_twin("strikewire.pricing.kernels.black76")  # type: ignore[attr-defined]
    name = f"{len(scenarios)} x {count:,} risk matrix"
    columns, factors, volatilities = inputs_of(options, matrix.rules)
    table = np.zeros((count, scenario_kernel.ROW))

    def ours() -> None:
        scenario_kernel.fill(columns, factors, volatilities, None, table)

    def tick() -> object:
        # Two markets in turn, so that every mark is new and every row is revalued.
        marks.reverse()
        matrix.mark(None, **marks[0])
        return matrix.refresh(61_800.0)

    return [
        Ratio(
            measure=name,
            ours=ours,
            against="numpy and scipy.special, all scenarios at once",
            theirs=lambda: matrix_in_numpy(options, scenarios, shocked),
            floor=8.0,
            aim=15.0,
            packages=("numpy", "scipy"),
        ),
        Reading(
            measure=name,
            read=lambda: milliseconds(ours),
            unit="ms",
            better="lower",
            floor=3.0,
            aim=1.5,
        ),
        Reading(
            measure=f"{name}: marks taken, shocks, deltas and all",
            read=lambda: milliseconds(tick),
            unit="ms",
            better="lower",
            floor=4.0,
            aim=2.0,
        ),
        Ratio(
            measure=name,
            ours=ours,
            against="interpreted twin",
            theirs=lambda: twin.fill(columns, factors, volatilities, None, table),
            floor=10.0,
            aim=100.0,
        ),
    ]


def account_measures(options: Chain) -> list[Measure]:
    """The portfolio margin of one account, from the matrix that all share."""
    count, held = len(options.strikes), 50
    matrix = matrix_of(options)
    matrix.mark(None, **marks_of(options)[0])
    matrix.refresh(61_800.0)
    # A step that shares no factor with the chain's length visits options in no simple order.
    rows = np.arange(held) * 1_237 % count
    sizes = np.where(np.arange(held) % 2, -1.0, 1.0) * (1.0 + np.arange(held) / held)
    account = matrix.account(rows, sizes)
    name = f"portfolio margin of a {held}-position account"
    return [
        Ratio(
            measure=name,
            ours=account.margin,
            against="numpy, the same margin",
            theirs=account_in_numpy(matrix, rows, sizes),
            floor=8.0,
            aim=12.0,
            packages=("numpy",),
        ),
        Ratio(
            measure=name,
            ours=account.margin,
            against="numpy, only the worst loss of it",
            theirs=loss_in_numpy(matrix, rows, sizes),
            floor=2.0,
            aim=5.0,
            packages=("numpy",),
        ),
        Reading(
            measure=name,
            read=lambda: 1e3 * milliseconds(account.margin, 20_000),
            unit="us",
            better="lower",
            floor=2.0,
            aim=1.0,
        ),
        Reading(
            measure="the same with one order more, from the sums kept",
            read=lambda: 1e3 * milliseconds(lambda: account.margin_with(7, 1.0), 20_000),
            unit="us",
            better="lower",
            floor=2.0,
            aim=0.5,
        ),
    ]


def surface_measures(*, slices: int) -> list[Measure]:
    """A surface fitted anew from scratch, and from the surface of a moment ago."""
    surface = Surface(volatility=0.55, volatility_long=0.6, rho=-0.2, eta=0.9)
    years = [0.05 * number for number in range(1, slices + 1)]
    chains = [
        noisy_chain(surface, years, Random(seed).random, quotes=100, noise=0.5) for seed in (1, 2)
    ]
    start = fit_surface(chains[0])

    def warm() -> object:
        return fit_surface(chains[1], start=start)

    return [
        Ratio(
            measure=f"surface fit of {slices} slices, warm, arbitrage checked and repaired",
            ours=warm,
            against="our own cold fit, by the same library",
            theirs=lambda: fit_surface(chains[1]),
            floor=3.0,
            aim=10.0,
            packages=("scipy",),
        ),
        Ratio(
            measure=f"surface fit of {slices} slices, warm, arbitrage checked and repaired",
            ours=warm,
            against="raw SVI by scipy.optimize.least_squares, cold, arbitrage unchecked",
            theirs=lambda: textbook_surface(chains[1]),
            floor=3.0,
            aim=10.0,
            packages=("scipy",),
        ),
        Ratio(
            measure="smile held against 100 quotes, with derivatives",
            ours=holding(chains[1][0]),
            against="numpy",
            theirs=holding_by_numpy(chains[1][0]),
            floor=2.0,
            aim=5.0,
            packages=("numpy",),
        ),
        Reading(
            measure=f"surface fit of {slices} slices, warm",
            read=lambda: milliseconds(warm, 20),
            unit="ms",
            better="lower",
            floor=20.0,
            aim=5.0,
        ),
    ]


HELD = np.array([0.3, -1.2, -0.4, 0.2, 0.1])
HELD_BOUNDS = (0.05, 0.85, 0.02, 0.68)


def held_columns(quotes: ExpiryQuotes) -> tuple[Doubles, Doubles, Doubles]:
    """Return moneynesses, wanted volatilities and weights in deviations of a half."""
    weights = 2.0 / (quotes.asks - quotes.bids)
    return 2.0 * quotes.moneyness, 0.5 * (quotes.bids + quotes.asks), weights


def holding(quotes: ExpiryQuotes) -> Callable[[], object]:
    """Hold a smile against quotes by the kernel."""
    columns = held_columns(quotes)
    residuals, slopes = np.empty(len(columns[0])), np.empty((5, len(columns[0])))
    return lambda: smile.hold(*columns, *smile.meaning(HELD, *HELD_BOUNDS), residuals, slopes)


def holding_by_numpy(quotes: ExpiryQuotes) -> Callable[[], object]:
    """Hold the same smile against the same quotes by operations on whole arrays."""
    x, wanted, weights = held_columns(quotes)

    def run() -> object:
        curve = Curve(*smile.meaning(HELD, *HELD_BOUNDS), x=x)
        volatilities = np.sqrt(np.maximum(curve.variance, 1e-12))
        residuals = (volatilities - wanted) * weights
        return residuals, curve.gradient() * (0.5 * weights / volatilities)

    return run


def chain_of(*, expiries: int) -> Chain:
    """Return 200 options an expiry, three deviations to both sides."""
    rows = []
    for expiry in range(1, expiries + 1):
        years = 0.05 * expiry
        for step in range(100):
            strike = 61_800.2 * math.exp(SIGMA * math.sqrt(years) * (step - 49.5) / 16.5)
            rows += [(61_800.2, strike, years, SIGMA, is_call) for is_call in (0.0, 1.0)]
    return Chain(*(np.array(column) for column in zip(*rows, strict=True)))


def rows_of(quotes: tuple[Doubles, ...]) -> list[tuple[float, float, float, float, bool]]:
    return [
        (value, forward, strike, years, call != 0.0)
        for value, forward, strike, years, call in zip(*(q.tolist() for q in quotes), strict=True)
    ]


def room_for(quotes: tuple[Doubles, ...]) -> tuple[Doubles, NDArray[np.int8]]:
    return np.empty(len(quotes[0])), np.empty(len(quotes[0]), dtype=np.int8)


def twin_of_lanes() -> ModuleType:
    """Return the array kernel as it is where nothing is compiled: it calls the twin of another."""
    twin = interpreted_twin("strikewire.pricing.kernels.lanes")
    twin.black76 = interpreted_twin("strikewire.pricing.kernels.black76")  # type: ignore[attr-defined]
    return twin


def implied(quotes: tuple[Doubles, ...]) -> object:
    prices, forwards, strikes, years, calls = quotes
    return implied_volatilities(
        prices=prices, forwards=forwards, strikes=strikes, years=years, calls=calls
    )


def refresh(options: Chain, prices: Doubles) -> object:
    """Imply all volatilities from prices, and price the chain anew by them."""
    found = implied_volatilities(
        prices=prices,
        forwards=options.forwards,
        strikes=options.strikes,
        years=options.years,
        calls=options.calls,
    )
    return chain(**options._replace(sigmas=found.volatilities)._asdict())


def milliseconds(work: Callable[[], object], calls: int = 200) -> float:
    work()
    start = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - start) / calls * 1e3


def matrix_of(options: Chain) -> RiskMatrix:
    """Return the matrix of the chain's inverse options, without marks."""
    rows = zip(options.strikes.tolist(), options.years.tolist(), options.calls, strict=True)
    return RiskMatrix(
        [RiskInstrument(round(years * NS_PER_YEAR), k, bool(call)) for k, years, call in rows],
        is_inverse=True,
    )


def marks_of(options: Chain) -> list[dict[str, Doubles]]:
    """Return the marks of two markets, a tick apart."""
    markets = []
    for forwards in (options.forwards, options.forwards + 0.5):
        prices = chain(**options._replace(forwards=forwards)._asdict()).price
        markets.append(
            {
                "forwards": forwards,
                "sigmas": options.sigmas,
                "values": prices / forwards,
                "years": options.years,
            }
        )
    return markets


def inputs_of(options: Chain, rules: MarginRules) -> tuple[Doubles, Doubles, NDArray[np.int64]]:
    """Return the columns and the scenarios as the kernel wants them."""
    columns = np.zeros((scenario_kernel.INPUTS, len(options.strikes)))
    columns[:3] = options.forwards, options.strikes, options.calls
    columns[3] = 1.0
    columns[4] = chain(**options._asdict()).price / options.forwards
    columns[5:] = rules.shocked(options.sigmas, options.years) * np.sqrt(options.years)
    scenarios = rules.scenarios()
    return (
        columns,
        np.array([1.0 + one.move for one in scenarios]),
        np.array([one.volatility for one in scenarios], dtype=np.int64),
    )


# --------------------------------------------------------------------------------------- peers


def vectorised(
    forwards: Doubles, strikes: Doubles, years: Doubles, sigmas: Doubles, calls: Doubles
) -> Doubles:
    """Write the same formulas as one would in numpy."""
    root = np.sqrt(years)
    deviation = sigmas * root
    d1 = np.log(forwards / strikes) / deviation + 0.5 * deviation
    sign = 2.0 * calls - 1.0
    in_delta, in_money = ndtr(sign * d1), ndtr(sign * (d1 - deviation))
    density = np.exp(-0.5 * d1 * d1) / ROOT_TWO_PI
    value = sign * (forwards * in_delta - strikes * in_money)
    decay = 0.5 * forwards * density * sigmas / (365.0 * root) * np.minimum(1.0, 365.0 * years)
    return np.stack(
        [
            value,
            sign * in_delta,
            density / (forwards * deviation),
            0.01 * forwards * density * root,
            -np.minimum(decay, value),
            sign * 0.01 * strikes * years * in_money,
        ]
    )


def halley(
    prices: Doubles, forwards: Doubles, strikes: Doubles, years: Doubles, calls: Doubles
) -> Doubles:
    """Imply by Halley's method on the out-of-the-money side, from the inflection point."""
    sign = 2.0 * calls - 1.0
    inside = np.maximum(sign * (forwards - strikes), 0.0)
    x = np.log(forwards / strikes)
    beta = (prices - inside) / np.sqrt(forwards * strikes)
    side = np.where(x > 0.0, -1.0, 1.0)
    up = np.exp(0.5 * x)
    s = np.maximum(np.sqrt(2.0 * np.abs(x)), 1e-3)
    for _ in range(12):
        h, t = x / s, 0.5 * s
        b = side * (up * ndtr(side * (h + t)) - ndtr(side * (h - t)) / up)
        slope = np.exp(-0.5 * (h * h + t * t)) / ROOT_TWO_PI
        newton = (b - beta) / slope
        step = newton / (1.0 - 0.5 * newton * (h * h / s - 0.25 * s))
        s = np.maximum(s - step, 0.5 * s)
    return s / np.sqrt(years)


def matrix_in_numpy(options: Chain, scenarios: Sequence[Scenario], sigmas: Doubles) -> Doubles:
    """Revalue all scenarios at once, as one would in numpy; `sigmas` are down, same and up."""
    moves = np.array([[one.move] for one in scenarios])
    forwards = options.forwards * (1.0 + moves)
    deviation = sigmas[[one.volatility for one in scenarios]] * np.sqrt(options.years)
    d1 = np.log(forwards / options.strikes) / deviation + 0.5 * deviation
    sign: Doubles = 2.0 * options.calls - 1.0
    worth: Doubles = sign * (
        forwards * ndtr(sign * d1) - options.strikes * ndtr(sign * (d1 - deviation))
    )
    gains: Doubles = worth / forwards
    return gains


def account_in_numpy(
    matrix: RiskMatrix, rows: NDArray[np.int64], sizes: Doubles
) -> Callable[[], object]:
    """Make the same margin of an account as one would in numpy: gather, multiply, count."""
    rules = matrix.rules
    table = matrix.vectors()
    moves = np.array([one.move for one in matrix.scenarios])
    times = np.maximum(np.abs(moves) / rules.price_range, 1.0) - 1.0
    edges = 61_800.0 * (1.0 + np.clip(moves, -rules.price_range, rules.price_range))
    forgiven = times * rules.extended_dampener / edges
    is_option = np.array([one.is_option for one in matrix.instruments])
    expiries = [one.expiry_ns for one in matrix.instruments]
    years, slots = np.unique(expiries, return_inverse=True)
    charges = np.maximum(rules.move_risk_min, np.expm1(rules.move_risk * years / NS_PER_YEAR))
    deltas = matrix.net_deltas
    liquidity = rules.delta_liquidity / 61_800.0

    def run() -> float:
        loss = max(0.0, -float((sizes @ table[rows] + forgiven).min()))
        held = sizes * deltas[rows]
        nets = np.bincount(slots[rows], held, len(charges))
        roll = np.abs(nets) @ charges
        net = nets.sum()
        rest = net - held[is_option[rows] & (sizes > 0.0)].sum()
        size = min(abs(net), abs(rest)) if net * rest > 0.0 else 0.0
        shock = min(rules.delta_shock, rules.delta_shock_growth * max(0.0, size - liquidity))
        return float(loss + roll + size * shock)

    return run


def loss_in_numpy(
    matrix: RiskMatrix, rows: NDArray[np.int64], sizes: Doubles
) -> Callable[[], object]:
    """Make only its worst loss, from a table without a spare column."""
    table = np.ascontiguousarray(matrix.table[:, : len(matrix.scenarios)])
    weights = np.array([one.weight for one in matrix.scenarios])
    return lambda: float((weights * (sizes @ table[rows])).min())


def textbook_surface(chain: list[ExpiryQuotes]) -> object:
    """Fit each smile's five numbers as they stand, from a guess at the money, within bounds."""
    found = []
    for one in chain:
        mids = 0.5 * (one.bids + one.asks)
        weights = 2.0 / (one.asks - one.bids)
        middle = float(mids[np.argmin(np.abs(one.moneyness))]) ** 2 * one.years

        def residuals(
            at: Doubles, one: ExpiryQuotes = one, mids: Doubles = mids, weights: Doubles = weights
        ) -> Doubles:
            a, b, rho, m, s = at
            distance = one.moneyness - m
            variance = a + b * (rho * distance + np.sqrt(distance * distance + s * s))
            missing: Doubles = np.sqrt(np.maximum(variance, 1e-12) / one.years) - mids
            return weights * missing

        found.append(
            least_squares(
                residuals,
                [0.5 * middle, 0.1, -0.1, 0.0, 0.1],
                bounds=([-1.0, 0.0, -0.999, -2.0, 1e-4], [4.0, 2.0, 0.999, 2.0, 5.0]),
                x_scale="jac",
            )
        )
    return found


def quantlib() -> Any:
    """Import QuantLib, whose wrapper was made for older Pythons."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import QuantLib
        except ImportError:
            raise UnavailableError("QuantLib is not installed") from None
    return QuantLib


def needs(prepare: Callable[..., Callable[[], object]], argument: object) -> Callable[[], object]:
    """Prepare a peer's work when it is first called, so that its absence is told then."""
    prepared: list[Callable[[], object]] = []

    def run() -> object:
        if not prepared:
            prepared.append(prepare(argument))
        return prepared[0]()

    return run


def quantlib_implied(quotes: tuple[Doubles, ...]) -> Callable[[], object]:
    library = quantlib()
    types = (library.Option.Put, library.Option.Call)
    rows = [
        (types[call], strike, forward, value, 1.0, 0.0, library.nullDouble(), 1.0, 1e-12, 100)
        for value, forward, strike, _, call in rows_of(quotes)
    ]
    solve = library.blackFormulaImpliedStdDevLiRS
    return lambda: [solve(*row) for row in rows]


def quantlib_greeks(options: Chain) -> Callable[[], object]:
    library = quantlib()
    types = (library.Option.Put, library.Option.Call)
    calculator = library.BlackCalculator
    payoff = library.PlainVanillaPayoff
    rows = [
        (types[call != 0.0], strike, forward, sigma * math.sqrt(years), years)
        for forward, strike, years, sigma, call in zip(*(c.tolist() for c in options), strict=True)
    ]

    def run() -> object:
        found = []
        for kind, strike, forward, deviation, years in rows:
            one = calculator(payoff(kind, strike), forward, deviation, 1.0)
            found.append(
                (
                    one.value(),
                    one.deltaForward(),
                    one.gammaForward(),
                    one.vega(years),
                    one.thetaPerDay(forward, years),
                )
            )
        return found

    return run
