"""Black-76 over a whole chain, and back: the kernel against its twin, numpy and scipy."""

import math
from array import array
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from benchmarks.harness import Measure, Rate, Ratio, interpreted_twin
from strikewire.pricing.kernels import black76

KERNEL = "strikewire.pricing.kernels.black76"
SIGMA = 0.6


class Chain(NamedTuple):
    """Options of one underlying in columns of doubles."""

    forwards: Sequence[float]
    strikes: Sequence[float]
    years: Sequence[float]
    sigmas: Sequence[float]
    calls: Sequence[float]


def measures(*, quick: bool) -> list[Measure]:
    chain = chain_of(expiries=5 if quick else 20)
    count = len(chain.strikes)
    twin = interpreted_twin(KERNEL)
    columns = [np.array(column) for column in chain]
    values = with_prices(chain)
    one = (61_800.2, 65_000.0, 0.1, SIGMA, True)
    return [
        Ratio(
            measure=f"price and greeks of {count} options",
            ours=whole_chain(black76, chain),
            against="interpreted twin",
            theirs=whole_chain(twin, chain),
            floor=8.0,
            aim=20.0,
        ),
        Ratio(
            measure=f"price and greeks of {count} options",
            ours=whole_chain(black76, chain),
            against="numpy and scipy.special",
            theirs=lambda: vectorised(*columns),
            floor=0.5,
            aim=3.0,
            packages=("numpy", "scipy"),
        ),
        Rate(
            measure=f"price and greeks of {count} options",
            work=whole_chain(black76, chain),
            operations=count,
            unit="options/s",
            floor=2e6,
        ),
        Ratio(
            measure="price and greeks of one option, called from Python",
            ours=lambda: black76.greeks(*one),
            against="interpreted twin",
            theirs=lambda: twin.greeks(*one),
            floor=1.2,
            aim=2.0,
        ),
        Ratio(
            measure=f"implied volatility of {len(values)} quotes",
            ours=implied(black76, values),
            against="interpreted twin",
            theirs=implied(twin, values),
            floor=4.0,
            aim=10.0,
        ),
        Ratio(
            measure=f"implied volatility of {len(values)} quotes",
            ours=implied(black76, values),
            against="scipy brentq over the same kernel",
            theirs=lambda: [by_brentq(*value) for value in values],
            floor=2.0,
            aim=5.0,
            packages=("scipy",),
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
    return Chain(*(array("d", column) for column in zip(*rows, strict=True)))


def whole_chain(kernel: ModuleType, chain: Chain) -> Callable[[], object]:
    out = array("d", bytes(8 * 6 * len(chain.strikes)))
    return lambda: kernel.chain(*chain, out)


def vectorised(
    forwards: NDArray[np.float64],
    strikes: NDArray[np.float64],
    years: NDArray[np.float64],
    sigmas: NDArray[np.float64],
    calls: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Write the same formulas as one would in numpy."""
    root = np.sqrt(years)
    deviation = sigmas * root
    d1 = np.log(forwards / strikes) / deviation + 0.5 * deviation
    sign = 2.0 * calls - 1.0
    in_delta, in_money = ndtr(sign * d1), ndtr(sign * (d1 - deviation))
    density = np.exp(-0.5 * d1 * d1) / math.sqrt(2.0 * math.pi)
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


def with_prices(chain: Chain) -> list[tuple[float, float, float, float, bool]]:
    """Return the arguments of `implied_volatility` for each option that has time value."""
    result = []
    for forward, strike, years, sigma, call in zip(*chain, strict=True):
        value = black76.price(forward, strike, years, sigma, call != 0.0)
        result.append((value, forward, strike, years, call != 0.0))
    return result


def implied(
    kernel: ModuleType, values: list[tuple[float, float, float, float, bool]]
) -> Callable[[], object]:
    return lambda: [kernel.implied_volatility(*value) for value in values]


def by_brentq(value: float, forward: float, strike: float, years: float, is_call: bool) -> float:
    def missing(sigma: float) -> float:
        return black76.price(forward, strike, years, sigma, is_call) - value

    return float(brentq(missing, 1e-4, 10.0, xtol=1e-12, rtol=1e-12))
