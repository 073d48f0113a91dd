"""One expiry's smile fitted to its quotes: raw SVI by least squares.

Theory of operation. Five numbers are sought, without bounds: logits of the two wings' slopes (so
that they stay between those of the expiry before, or 0, and Lee's 2), the logarithm of the least
variance (so that no variance is negative), where the smile bends, and the logarithm of how round
it is. Log-moneyness is counted in deviations and variance in that at the money, so one hour and
two years look alike.

Each quote's residual is its distance from the smile in *half spreads*. A spread in volatility is
the spread in price over vega, so this weighs by vega and spread at once: a wing whose price hardly
knows a volatility counts little, and a smile inside all spreads has residuals below 1.

Every smile is held by a weak thread to a prior shape: one with fewer quotes than numbers follows
it, one with many does not feel it. Quotes that lie far out count with a lesser power: in a cold
fit by a robust loss, in a warm one because the last smile knows already which they are.

Source: J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), equation 3.1, for
the curve; J. Moré's Levenberg-Marquardt (MINPACK) and scipy's trust regions for the search.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from strikewire.pricing.arbitrage import SLOPE_MAX, grid_of, wing_slopes
from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.smile import Smile

HALF_SPREAD_MIN: Final = 0.001
"""A quote is not trusted to better than a tenth of a volatility point."""

OUTLIER: Final = 3.0
"""Half spreads beyond which a quote counts with a lesser power."""

PRIOR_WEIGHT: Final = 0.05
"""What it costs, in half spreads, to move one of the five numbers by one from the prior."""

PRIOR: Final = Smile(a=0.488, b=0.4, rho=-0.15, m=0.1875, s=1.2358)
"""Shape of a smile nothing is known of, in deviations: slightly dearer puts, eta 0.8.

It is the slice of `Surface(rho=-0.15, eta=0.8)` whose variance at the money is 1.
"""

WARM_ENOUGH: Final = 1e-3
"""A warm search ends when a step changes the fit, or the numbers, by less than this part."""

_FORBIDDEN: Final = 3_000.0
"""What arbitrage costs in a refit, in half spreads for each unit of it."""

_MARGIN: Final = 1e-3
_LOWEST: Final = np.full(5, -12.0)
_HIGHEST: Final = np.array([12.0, 12.0, 3.0, 12.0, 2.5])
"""Reach of each number: beyond it nothing differs that quotes could show.

A bend rounder than twelve deviations is as straight as any at the strikes, and has arbitrage where
there are none.
"""


class ExpiryQuotes(NamedTuple):
    """Volatilities bid and asked for the options of one expiry.

    Attributes:
        years: Time left, above 0.
        moneyness: ln(strike / forward), shape (n,), in any order; a strike may stand twice.
        bids: Volatilities, fractions per year, shape (n,); 0.0 where there is none.
        asks: Likewise.
    """

    years: float
    moneyness: Doubles
    bids: Doubles
    asks: Doubles


def expiry_quotes(
    *, years: float, forward: float, strikes: ArrayLike, bids: ArrayLike, asks: ArrayLike
) -> ExpiryQuotes:
    """Return the quotes of one expiry as columns.

    Args:
        years: Time left, above 0.
        forward: Underlying price at the expiry, above 0.
        strikes: Shape (n,), above 0.
        bids: Volatilities as fractions; 0.0, as in tickers, or not finite where there is none.
        asks: Likewise.

    Raises:
        ValueError: Two lengths differ.
    """
    assert years > 0.0
    assert forward > 0.0
    k, bid, ask = columns_of(strikes, bids, asks)
    bid, ask = (np.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0) for one in (bid, ask))
    return ExpiryQuotes(years, np.log(k / forward), bid, ask)


def usable(quotes: ExpiryQuotes) -> ExpiryQuotes:
    """Return those quotes that a smile can be fitted to: both sides there, and not crossed.

    Of an expiry without time left there are none.
    """
    good = (quotes.bids > 0.0) & (quotes.asks >= quotes.bids)
    good &= np.isfinite(quotes.moneyness) & np.isfinite(quotes.asks) & (quotes.years > 0.0)
    return ExpiryQuotes(quotes.years, quotes.moneyness[good], quotes.bids[good], quotes.asks[good])


def fit_smile(
    quotes: ExpiryQuotes,
    *,
    start: Smile | None = None,
    prior: Smile | None = None,
    nearer: Smile | None = None,
    later: Smile | None = None,
) -> Smile:
    """Return the smile of one expiry; it may have arbitrage, but none in its wings.

    Args:
        quotes: Usable ones, at least one.
        start: The last smile of the same expiry: the search then needs a few steps only.
        prior: Shape of a neighbour, for an expiry with few quotes; None is `PRIOR`.
        nearer: The smile of an expiry before, whose wings are no steeper; None where there is
            none.
        later: That of one after, whose wings are no flatter, likewise.
    """
    assert len(quotes.moneyness)
    problem = _Problem(quotes, prior, nearer, later)
    if start is None:
        return problem.smile(problem.solved_cold())
    return problem.smile(problem.solved_warm(start))


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
    problem = _Problem(quotes, prior, nearer, later)
    return problem.smile(problem.solved_without_arbitrage(start, nearer, later))


def half_spreads_off(quotes: ExpiryQuotes, smile: Smile) -> float:
    """Return the mean distance of the quotes' middles from a smile, in half spreads."""
    fitted = np.sqrt(np.maximum(smile.total_variances(quotes.moneyness), 0.0) / quotes.years)
    halves = np.maximum(0.5 * (quotes.asks - quotes.bids), HALF_SPREAD_MIN)
    return float(np.mean(np.abs(fitted - 0.5 * (quotes.bids + quotes.asks)) / halves))


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


class _Problem:
    """Residuals and their slopes for one expiry, in deviations."""

    def __init__(
        self,
        quotes: ExpiryQuotes,
        prior: Smile | None,
        nearer: Smile | None,
        later: Smile | None,
    ) -> None:
        mids = 0.5 * (quotes.bids + quotes.asks)
        halves = np.maximum(0.5 * (quotes.asks - quotes.bids), HALF_SPREAD_MIN)
        central = np.argsort(np.abs(quotes.moneyness))[:5]
        root = math.sqrt(quotes.years)
        self.deviation = float(np.sort(mids[central])[len(central) // 2]) * root
        self._x = quotes.moneyness / self.deviation
        self._wanted = mids * (root / self.deviation)
        self._weight = (self.deviation / root) / halves
        least = (0.0, 0.0) if nearer is None else wing_slopes(nearer)
        most = (SLOPE_MAX, SLOPE_MAX) if later is None else wing_slopes(later)
        self._bounds = _Bounds(least, most, self.deviation)
        self._prior = self._numbers(prior if prior is not None else PRIOR, 1.0)
        self._last: tuple[bytes, _Curve] | None = None
        count = len(mids)
        self._count = count
        # Rows of numbers, columns of residuals: the five last are the prior's.
        self._slopes = np.zeros((5, count + 5))
        self._slopes[:, count:] = PRIOR_WEIGHT * np.eye(5)

    def solved_cold(self) -> Doubles:
        from scipy.optimize import least_squares  # slow to import, and a venue may never fit

        found = least_squares(
            self.residuals,
            self._prior,
            jac=lambda numbers: self.slopes(numbers).T,
            loss="soft_l1",
            f_scale=OUTLIER,
            xtol=1e-6,
            ftol=1e-6,
        )
        numbers: Doubles = found.x
        return numbers

    def solved_warm(self, start: Smile) -> Doubles:
        from scipy.optimize import leastsq

        numbers = self._numbers(start, self.deviation)
        self._distrust(numbers)
        found: Doubles = leastsq(
            self.residuals,
            numbers,
            Dfun=self.slopes,
            col_deriv=True,
            full_output=True,  # without it, what did not settle is a warning
            ftol=WARM_ENOUGH,
            xtol=WARM_ENOUGH,
            maxfev=60,
        )[0]
        return found

    def solved_without_arbitrage(
        self, start: Smile, nearer: Smile | None, later: Smile | None
    ) -> Doubles:
        from scipy.optimize import leastsq

        numbers = self._numbers(start, self.deviation)
        self._distrust(numbers)
        penalties = _Penalties(self, start, nearer, later)
        found: Doubles = leastsq(
            lambda at: np.concatenate([self.residuals(at), penalties.residuals(at)]),
            numbers,
            Dfun=lambda at: np.hstack([self.slopes(at), penalties.slopes(at)]),
            col_deriv=True,
            full_output=True,
            ftol=1e-4,
            xtol=1e-4,
            factor=1.0,  # long steps end where nothing has a slope
            maxfev=60,
        )[0]
        return found

    def residuals(self, numbers: Doubles) -> Doubles:
        """Return half spreads between smile and quotes, and the pull of the prior, (n + 5,)."""
        curve = self._curve_of_quotes(numbers)
        found = np.empty(self._count + 5)
        found[: self._count] = (curve.volatility - self._wanted) * self._weight
        found[self._count :] = PRIOR_WEIGHT * (numbers - self._prior)
        return found

    def slopes(self, numbers: Doubles) -> Doubles:
        """Return the derivatives of all residuals by each of the five numbers, (5, n + 5)."""
        curve = self._curve_of_quotes(numbers)
        share = 0.5 * self._weight / curve.volatility
        np.multiply(curve.gradient(), share, out=self._slopes[:, : self._count])
        return self._slopes

    def curve(self, numbers: Doubles, x: Doubles) -> "_Curve":
        """Return the smile at moneynesses `x`, both in deviations."""
        return _Curve(_meaning(numbers, self._bounds), self._bounds, x)

    def _curve_of_quotes(self, numbers: Doubles) -> "_Curve":
        # The search asks for residuals and slopes at the same place, one after the other.
        key = numbers.tobytes()
        if self._last is None or self._last[0] != key:
            self._last = key, self.curve(numbers, self._x)
        return self._last[1]

    def smile(self, numbers: Doubles) -> Smile:
        """Return what the numbers mean, in log-moneyness."""
        left, right, least, m, s = _meaning(numbers, self._bounds)
        unit = self.deviation
        return Smile(
            a=(least - s * math.sqrt(left * right)) * unit * unit,
            b=0.5 * (left + right) * unit,
            rho=(right - left) / (right + left),
            m=m * unit,
            s=s * unit,
        )

    def _distrust(self, numbers: Doubles) -> None:
        """Take weight from the quotes that lie far out, as a robust loss would: soft L1.

        How far out they are, the last smile can tell.
        """
        missing = np.abs(self.residuals(numbers)[: self._count])
        self._weight = self._weight / np.sqrt(np.sqrt(1.0 + (missing / OUTLIER) ** 2))

    def _numbers(self, smile: Smile, unit: float) -> Doubles:
        """Return the numbers of a smile whose log-moneyness is counted in 1 / `unit`."""
        left, right = wing_slopes(smile)
        bounds = self._bounds
        least = smile.a + smile.b * smile.s * math.sqrt(max(0.0, 1.0 - smile.rho * smile.rho))
        return np.array(
            [
                _logit((left / unit - bounds.left) / bounds.left_span),
                _logit((right / unit - bounds.right) / bounds.right_span),
                math.log(max(least / (unit * unit), 1e-9)),
                smile.m / unit,
                math.log(max(smile.s / unit, 1e-9)),
            ]
        )


class _Bounds:
    """Between what the slopes of the wings must lie, in deviations."""

    __slots__ = ("left", "left_span", "right", "right_span")

    def __init__(
        self, least: tuple[float, float], most: tuple[float, float], deviation: float
    ) -> None:
        # Neighbours as steep as each other leave a little room, so that there is a slope to seek.
        lows = [min(low, high * (1 - 1e-6)) for low, high in zip(least, most, strict=True)]
        self.left, self.right = (low / deviation for low in lows)
        self.left_span, self.right_span = (
            max((high - low) / deviation, 1e-9) for low, high in zip(lows, most, strict=True)
        )


def _meaning(numbers: Doubles, bounds: _Bounds) -> tuple[float, float, float, float, float]:
    """Return both slopes, the least variance, the place and the roundness of the bend."""
    held: list[float] = np.minimum(np.maximum(numbers, _LOWEST), _HIGHEST).tolist()
    left, right, least, m, s = held
    return (
        bounds.left + bounds.left_span / (1.0 + math.exp(-left)),
        bounds.right + bounds.right_span / (1.0 + math.exp(-right)),
        math.exp(least),
        m,
        math.exp(s),
    )


def _logit(part: float) -> float:
    # Not too near to a bound: there the search sees no slope.
    held = min(max(part, 0.01), 0.99)
    return math.log(held / (1.0 - held))


class _Curve:
    """Total variance in deviations, and its derivatives by the five numbers."""

    __slots__ = ("_bounds", "_distance", "_root", "_shape", "_volatility", "variance")

    def __init__(
        self, shape: tuple[float, float, float, float, float], bounds: _Bounds, x: Doubles
    ) -> None:
        left, right, least, m, s = shape
        self._shape = shape
        self._bounds = bounds
        self._distance = distance = x - m
        self._root = root = np.sqrt(distance * distance + s * s)
        self._volatility: Doubles | None = None
        self.variance: Doubles = (
            (least - s * math.sqrt(left * right))
            + (0.5 * (right - left)) * distance
            + (0.5 * (left + right)) * root
        )

    @property
    def volatility(self) -> Doubles:
        if self._volatility is None:
            self._volatility = np.sqrt(np.maximum(self.variance, 1e-12))
        return self._volatility

    def gradient(self) -> Doubles:
        left, right, least, _, s = self._shape
        distance, root, bounds = self._distance, self._root, self._bounds
        left_part = (left - bounds.left) * (1.0 - (left - bounds.left) / bounds.left_span)
        right_part = (right - bounds.right) * (1.0 - (right - bounds.right) / bounds.right_span)
        tilt = math.sqrt(right / left)
        found = np.empty((5, len(root)))
        found[0] = (root - distance - s * tilt) * (0.5 * left_part)
        found[1] = (root + distance - s / tilt) * (0.5 * right_part)
        found[2] = least
        found[3] = (-0.5 * (left + right)) * (distance / root) - 0.5 * (right - left)
        found[4] = (0.5 * (left + right) * s * s) / root - s * math.sqrt(left * right)
        return found


class _Penalties:
    """Residuals that are above 0 where a smile has arbitrage, or is about to have some."""

    def __init__(
        self, problem: _Problem, start: Smile, nearer: Smile | None, later: Smile | None
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
        lacking: Doubles = np.maximum(0.0, _MARGIN - smile.butterflies(self._grid))
        return lacking
