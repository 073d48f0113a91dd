"""A smile looked for among its quotes: residuals and their slopes, for a least-squares search.

Theory of operation. Five numbers are sought, without bounds: logits of the two wings' slopes (so
that they stay within bounds), the logarithm of the least variance (so that no variance is
negative), where the smile bends, and the logarithm of how round it is. Log-moneyness is counted in
deviations and variance in that at the money, so one hour and two years look alike.
"""

import math
from typing import Final

import numpy as np

from strikewire.pricing.arbitrage import Slopes, wing_slopes
from strikewire.pricing.columns import Doubles
from strikewire.pricing.quotes import ExpiryQuotes, half_spreads, middles
from strikewire.pricing.smile import Smile

OUTLIER: Final = 3.0
"""Half spreads beyond which a quote counts with a lesser power."""

PRIOR_WEIGHT: Final = 0.05
"""What it costs, in half spreads, to move one of the five numbers by one from the prior."""

PRIOR: Final = Smile(a=0.488, b=0.4, rho=-0.15, m=0.1875, s=1.2358)
"""Shape of a smile nothing is known of, in deviations: slightly dearer puts, eta 0.8.

It is the slice of `Surface(rho=-0.15, eta=0.8)` whose variance at the money is 1.
"""

_LOWEST: Final = np.full(5, -12.0)
_HIGHEST: Final = np.array([12.0, 12.0, 3.0, 12.0, 2.5])
"""Reach of each number: beyond it nothing differs that quotes could show.

A bend rounder than twelve deviations is as straight as any at the strikes, and has arbitrage where
there are none.
"""


class Problem:
    """Residuals and their slopes for one expiry, in deviations.

    Args:
        quotes: Usable ones, at least one.
        prior: Shape that the smile is held to by a weak thread; None is `PRIOR`.
        least: How steep its wings are at least.
        most: How steep at most.

    Attributes:
        deviation: The unit: of log-moneyness, and squared of variance.
        prior: The numbers of the prior.
    """

    def __init__(
        self, quotes: ExpiryQuotes, prior: Smile | None, *, least: Slopes, most: Slopes
    ) -> None:
        mids = middles(quotes)
        central = np.argsort(np.abs(quotes.moneyness))[:5]
        root = math.sqrt(quotes.years)
        self.deviation = float(np.sort(mids[central])[len(central) // 2]) * root
        self._x = quotes.moneyness / self.deviation
        self._wanted = mids * (root / self.deviation)
        self._weight = (self.deviation / root) / half_spreads(quotes)
        self._bounds = _Bounds(least, most, self.deviation)
        self.prior = self.numbers_of(prior if prior is not None else PRIOR, 1.0)
        self._last: tuple[bytes, Curve] | None = None
        count = len(mids)
        self._count = count
        # Rows of numbers, columns of residuals: the five last are the prior's.
        self._slopes = np.zeros((5, count + 5))
        self._slopes[:, count:] = PRIOR_WEIGHT * np.eye(5)

    def residuals(self, numbers: Doubles) -> Doubles:
        """Return half spreads between smile and quotes, and the pull of the prior, (n + 5,)."""
        curve = self._curve_of_quotes(numbers)
        found = np.empty(self._count + 5)
        found[: self._count] = (curve.volatility - self._wanted) * self._weight
        found[self._count :] = PRIOR_WEIGHT * (numbers - self.prior)
        return found

    def slopes(self, numbers: Doubles) -> Doubles:
        """Return the derivatives of all residuals by each of the five numbers, (5, n + 5)."""
        curve = self._curve_of_quotes(numbers)
        share = 0.5 * self._weight / curve.volatility
        np.multiply(curve.gradient(), share, out=self._slopes[:, : self._count])
        return self._slopes

    def curve(self, numbers: Doubles, x: Doubles) -> "Curve":
        """Return the smile at moneynesses `x`, both in deviations."""
        return Curve(_meaning(numbers, self._bounds), self._bounds, x)

    def _curve_of_quotes(self, numbers: Doubles) -> "Curve":
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

    def distrust(self, numbers: Doubles) -> None:
        """Take weight from the quotes that lie far out, as a robust loss would: soft L1.

        How far out they are, the last smile can tell.
        """
        missing = np.abs(self.residuals(numbers)[: self._count])
        self._weight = self._weight / np.sqrt(np.sqrt(1.0 + (missing / OUTLIER) ** 2))

    def numbers_of(self, smile: Smile, unit: float) -> Doubles:
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

    def __init__(self, least: Slopes, most: Slopes, deviation: float) -> None:
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


class Curve:
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
        """In deviations, (n,)."""
        if self._volatility is None:
            self._volatility = np.sqrt(np.maximum(self.variance, 1e-12))
        return self._volatility

    def gradient(self) -> Doubles:
        """Return the derivatives of the variance by each of the five numbers, (5, n)."""
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
