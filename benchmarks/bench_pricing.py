"""A whole chain priced, and implied back: black76 and lanes against QuantLib, numpy, their twins.

The chain is 20 expiries of 100 strikes, call and put, three deviations to both sides. Ours is
called as a user calls it, on columns of doubles; peers get the same columns, or what they want of
them made beforehand, and compute no greek that we do not.
"""

import math
import time
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from benchmarks.harness import Measure, Ratio, Reading, UnavailableError, interpreted_twin
from strikewire.pricing import chain, implied_volatilities
from strikewire.pricing.kernels import black76

SIGMA = 0.6
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
