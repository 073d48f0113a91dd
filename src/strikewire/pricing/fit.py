"""One expiry's smile fitted to its quotes: raw SVI by least squares.

Theory of operation. Each quote's residual is its distance from the smile in *half spreads*. A
spread in volatility is the spread in price over vega, so this weighs by vega and spread at once: a
wing whose price hardly knows a volatility counts little, and a smile inside all spreads has
residuals below 1. What is sought, and in which numbers, says `problem`.

Every smile is held by a weak thread to a prior shape: one with fewer quotes than numbers follows
it, one with many does not feel it. Quotes that lie far out count with a lesser power: in a cold
fit by a robust loss, in a warm one because the last smile knows already which they are.

Source: J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), equation 3.1, for
the curve; J. Moré's Levenberg-Marquardt (MINPACK) and scipy's trust regions for the search.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from strikewire.pricing.arbitrage import SLOPE_MAX, Slopes, grid_of, signed_densities, wing_slopes
from strikewire.pricing.columns import Doubles
from strikewire.pricing.problem import OUTLIER, Problem
from strikewire.pricing.quotes import ExpiryQuotes
from strikewire.pricing.smile import Smile

SLOPES_LEAST: Final[Slopes] = (0.0, 0.0)
SLOPES_MOST: Final[Slopes] = (SLOPE_MAX, SLOPE_MAX)

WARM_ENOUGH: Final = 1e-3
"""A warm search ends when a step changes the fit, or the numbers, by less than this part."""

_FORBIDDEN: Final = 3_000.0
"""What arbitrage costs in a refit, in half spreads for each unit of it."""

_MARGIN: Final = 1e-3

_Function = Callable[[Doubles], Doubles]


def fit_smile(
    quotes: ExpiryQuotes,
    *,
    start: Smile | None = None,
    prior: Smile | None = None,
    least: Slopes = SLOPES_LEAST,
    most: Slopes = SLOPES_MOST,
) -> Smile:
    """Return the smile of one expiry; it may have arbitrage, but none in its wings.

    Args:
        quotes: Usable ones, at least one.
        start: The last smile of the same expiry: the search then needs a few steps only.
        prior: Shape of a neighbour, for an expiry with few quotes; None is `PRIOR`.
        least: How steep its wings are at least, left and right.
        most: How steep at most.
    """
    assert len(quotes.moneyness)
    problem = Problem(quotes, prior, least=least, most=most)
    return problem.smile(_cold(problem) if start is None else _warm(problem, start))


def refit_smile(
    quotes: ExpiryQuotes,
    start: Smile,
    nearer: Smile | None,
    *,
    later: Smile | None = None,
    prior: Smile | None = None,
) -> Smile:
    """Return a smile near its quotes with as little arbitrage as there can be.

    Args:
        quotes: Usable ones, at least one.
        start: Their smile, which has some.
        nearer: The smile of the expiry before it, None where there is none.
        later: That of the one after it, likewise.
        prior: As for `fit_smile`.
    """
    least = SLOPES_LEAST if nearer is None else wing_slopes(nearer)
    most = SLOPES_MOST if later is None else wing_slopes(later)
    problem = Problem(quotes, prior, least=least, most=most)
    return problem.smile(_without_arbitrage(problem, start, nearer, later))


def shape_of(smile: Smile) -> Smile:
    """Return a smile in units of its own deviation: what a neighbour may take for its prior."""
    variance = smile.total_variance(0.0)
    deviation = math.sqrt(variance)
    return Smile(
        a=smile.a / variance,
        b=smile.b / deviation,
        rho=smile.rho,
        m=smile.m / deviation,
        s=smile.s / deviation,
    )


def _cold(problem: Problem) -> Doubles:
    from scipy.optimize import least_squares  # slow to import, and a venue may never fit

    found = least_squares(
        problem.residuals,
        problem.prior,
        jac=lambda numbers: problem.slopes(numbers).T,
        loss="soft_l1",
        f_scale=OUTLIER,
        xtol=1e-6,
        ftol=1e-6,
    )
    numbers: Doubles = found.x
    return numbers


def _warm(problem: Problem, start: Smile) -> Doubles:
    numbers = problem.numbers_of(start, problem.deviation)
    problem.distrust(numbers)
    return _marquardt(problem.residuals, problem.slopes, numbers, enough=WARM_ENOUGH)


def _without_arbitrage(
    problem: Problem, start: Smile, nearer: Smile | None, later: Smile | None
) -> Doubles:
    numbers = problem.numbers_of(start, problem.deviation)
    problem.distrust(numbers)
    penalties = _Penalties(problem, start, nearer, later)
    return _marquardt(
        lambda at: np.concatenate([problem.residuals(at), penalties.residuals(at)]),
        lambda at: np.hstack([problem.slopes(at), penalties.slopes(at)]),
        numbers,
        enough=1e-4,
        factor=1.0,  # long steps end where nothing has a slope
    )


def _marquardt(
    residuals: _Function,
    slopes: _Function,
    start: Doubles,
    *,
    enough: float,
    factor: float = 100.0,
) -> Doubles:
    """Search from `start` until a step changes sum or numbers by less than a part `enough`."""
    from scipy.optimize import leastsq

    found: Doubles = leastsq(
        residuals,
        start,
        Dfun=slopes,
        col_deriv=True,
        full_output=True,  # without it, what did not settle is a warning
        ftol=enough,
        xtol=enough,
        factor=factor,
        maxfev=60,
    )[0]
    return found


class _Penalties:
    """Residuals that are above 0 where a smile has arbitrage, or is about to have some."""

    def __init__(
        self, problem: Problem, start: Smile, nearer: Smile | None, later: Smile | None
    ) -> None:
        self._problem = problem
        beside = [one for one in (start, nearer, later) if one is not None]
        self._grid = np.concatenate([grid_of(one) for one in beside])
        self._x = self._grid / problem.deviation
        # What the variance must be above, and minus what it must be below.
        self._limits = [
            (sign, sign * one.total_variances(self._grid) / problem.deviation**2 + _MARGIN * unit)
            for sign, one in ((1.0, nearer), (-1.0, later))
            if one is not None
            for unit in [one.total_variances(self._grid) / problem.deviation**2]
        ]

    def residuals(self, numbers: Doubles) -> Doubles:
        found = [self._butterflies(numbers)]
        if self._limits:
            variance = self._problem.curve(numbers, self._x).variance
            found += [np.maximum(0.0, limit - sign * variance) for sign, limit in self._limits]
        return _FORBIDDEN * np.concatenate(found)

    def slopes(self, numbers: Doubles) -> Doubles:
        """Return derivatives; those of the density, which has no simple ones, by difference."""
        count = len(self._grid)
        found = np.zeros((5, count * (1 + len(self._limits))))
        here = self._butterflies(numbers)
        for row in range(5 if np.any(here) else 0):
            moved = numbers.copy()
            moved[row] += 1e-6
            found[row, :count] = (_FORBIDDEN / 1e-6) * (self._butterflies(moved) - here)
        if self._limits:
            curve = self._problem.curve(numbers, self._x)
            gradient = _FORBIDDEN * curve.gradient()
            for number, (sign, limit) in enumerate(self._limits, start=1):
                is_beyond = sign * curve.variance < limit
                found[:, number * count : (number + 1) * count] = -sign * gradient * is_beyond
        return found

    def _butterflies(self, numbers: Doubles) -> Doubles:
        smile = self._problem.smile(numbers)
        lacking: Doubles = np.maximum(0.0, _MARGIN - signed_densities(smile, self._grid))
        return lacking
