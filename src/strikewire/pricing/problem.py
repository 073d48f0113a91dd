"""A smile looked for among its quotes: residuals and their slopes, for a least-squares search.

Theory of operation. Five numbers are sought, without bounds: logits of the two wings' slopes (so
that they stay within bounds), the logarithm of the least variance (so that no variance is
negative), where the smile bends, and the logarithm of how round it is. Log-moneyness is counted in
deviations and variance in that at the money, so one hour and two years look alike.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from strikewire.pricing.arbitrage import Slopes, wing_slopes
from strikewire.pricing.columns import Doubles
from strikewire.pricing.kernels import smile as kernel
from strikewire.pricing.quotes import ExpiryQuotes, half_spreads, in_doubles, middles
from strikewire.pricing.smile import Smile

OUTLIER: Final = 3.0
"""Half spreads beyond which a quote counts with a lesser power."""

PRIOR_WEIGHT: Final = 0.05
"""What it costs, in half spreads, to move one of the five numbers by one from the prior."""

PRIOR: Final = Smile(a=0.488, b=0.4, rho=-0.15, m=0.1875, s=1.2358)
"""Shape of a smile nothing is known of, in deviations: slightly dearer puts, eta 0.8.

It is the slice of `Surface(rho=-0.15, eta=0.8)` whose variance at the money is 1.
"""

_PULL: Final = PRIOR_WEIGHT * np.eye(5)


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
        quotes = in_doubles(quotes)
        mids = middles(quotes)
        central = sorted(mids[np.abs(quotes.moneyness).argsort()[:5]].tolist())
        root = math.sqrt(quotes.years)
        self.deviation = central[len(central) // 2] * root
        self._x = quotes.moneyness / self.deviation
        self._wanted = mids * (root / self.deviation)
        self._weight = (self.deviation / root) / half_spreads(quotes)
        self._bounds = _bounds(least, most, self.deviation)
        self.prior = self.numbers_of(prior if prior is not None else PRIOR, 1.0)
        self._last = b""
        count = len(mids)
        self._count = count
        # Rows of numbers, columns of residuals: the five last are the prior's.
        self._residuals = np.empty(count + 5)
        self._slopes = np.zeros((5, count + 5))
        self._slopes[:, count:] = _PULL

    def residuals(self, numbers: Doubles) -> Doubles:
        """Return half spreads between smile and quotes, and the pull of the prior, (n + 5,)."""
        self._look(numbers)
        return self._residuals.copy()

    def slopes(self, numbers: Doubles) -> Doubles:
        """Return the derivatives of all residuals by each of the five numbers, (5, n + 5)."""
        self._look(numbers)
        return self._slopes.copy()

    def curve(self, numbers: Doubles, x: Doubles) -> "Curve":
        """Return the smile at moneynesses `x`, both in deviations."""
        return Curve(*kernel.meaning(numbers, *self._bounds), x=x)

    def _look(self, numbers: Doubles) -> None:
        # The search asks for residuals and slopes at the same place, one after the other.
        key = numbers.tobytes()
        if self._last == key:
            return
        kernel.hold(
            self._x,
            self._wanted,
            self._weight,
            *kernel.meaning(numbers, *self._bounds),
            self._residuals,
            self._slopes,
        )
        self._residuals[self._count :] = PRIOR_WEIGHT * (numbers - self.prior)
        self._last = key

    def smile(self, numbers: Doubles) -> Smile:
        """Return what the numbers mean, in log-moneyness."""
        left, right, least, m, s, _, _ = kernel.meaning(numbers, *self._bounds)
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
        self._last = b""

    def numbers_of(self, smile: Smile, unit: float) -> Doubles:
        """Return the numbers of a smile whose log-moneyness is counted in 1 / `unit`."""
        left, right = wing_slopes(smile)
        bounds = self._bounds
        return np.array(
            [
                _logit((left / unit - bounds.left) / bounds.left_span),
                _logit((right / unit - bounds.right) / bounds.right_span),
                math.log(max(smile.least_variance() / (unit * unit), 1e-9)),
                smile.m / unit,
                math.log(max(smile.s / unit, 1e-9)),
            ]
        )


class _Bounds(NamedTuple):
    """The least that the slopes of the wings may be, and how much more, in deviations."""

    left: float
    left_span: float
    right: float
    right_span: float


def _bounds(least: Slopes, most: Slopes, deviation: float) -> _Bounds:
    found = []
    for low, high in zip(least, most, strict=True):
        # Neighbours as steep as each other leave a little room, so that there is a slope to seek.
        held = min(low, high * (1.0 - 1e-6))
        found += [held / deviation, max((high - held) / deviation, 1e-9)]
    return _Bounds(*found)


def _logit(part: float) -> float:
    # Not too near to a bound: there the search sees no slope.
    held = min(max(part, 0.01), 0.99)
    return math.log(held / (1.0 - held))


class Curve:
    """Total variance at some moneynesses in deviations, and its derivatives by the five numbers.

    Arguments are what `kernels.smile.meaning` returns, and the moneynesses.
    """

    __slots__ = ("_distance", "_root", "_shape", "_slopes", "variance")

    def __init__(  # noqa: PLR0917 - as above
        self,
        left: float,
        right: float,
        least: float,
        m: float,
        s: float,
        left_slope: float,
        right_slope: float,
        *,
        x: Doubles,
    ) -> None:
        self._shape = left, right, least, s
        self._slopes = left_slope, right_slope
        self._distance = distance = x - m
        self._root = root = np.sqrt(distance * distance + s * s)
        self.variance: Doubles = (
            (least - s * math.sqrt(left * right))
            + (0.5 * (right - left)) * distance
            + (0.5 * (left + right)) * root
        )

    def gradient(self) -> Doubles:
        """Return the derivatives of the variance by each of the five numbers, (5, n)."""
        left, right, least, s = self._shape
        left_slope, right_slope = self._slopes
        distance, root = self._distance, self._root
        tilt = math.sqrt(right / left)
        found = np.empty((5, len(root)))
        found[0] = (root - distance - s * tilt) * (0.5 * left_slope)
        found[1] = (root + distance - s / tilt) * (0.5 * right_slope)
        found[2] = least
        found[3] = (-0.5 * (left + right)) * (distance / root) - 0.5 * (right - left)
        found[4] = (0.5 * (left + right) * s * s) / root - s * math.sqrt(left * right)
        return found
