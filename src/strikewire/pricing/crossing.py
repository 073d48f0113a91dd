"""Whether the smile of one expiry lies above that of the one before it, and how far it does not.

Theory of operation. The gap between two raw SVI smiles is convex where b s^2 / r^3 of the later is
above that of the earlier, r being sqrt((k - m)^2 + s^2). Raised to the power 2 / 3 both sides are
quadratic in k, so two points at most cut the axis into ranges in which the gap is convex or
concave. A concave gap is lowest at an end of its range. A convex one lies above its tangents: where
those at both ends cross, it is no lower than they are. If that is above 0, so is the gap; if not,
the tangent there takes the place of one of the two, and so on. Far from their bends smiles are
nearly straight, so few tangents do. There is no grid, and nothing falls between two of its points.

Source: J. Kelley, "The cutting-plane method for solving convex programs" (1960).
"""

import math
from itertools import pairwise
from operator import attrgetter
from typing import Final, NamedTuple

from strikewire.pricing.smile import Smile

K_MAX: Final = 30.0
"""Log-moneyness to either side beyond which only the slopes of the wings are compared."""

_TANGENTS_MAX: Final = 100
"""In one range. Each at least about halves it: some thirty reach the last digit."""

_PRECISION: Final = 1e-15
"""Of a total variance: what it is known to."""


class _Point(NamedTuple):
    k: float
    gap: float
    slope: float


_GAP: Final = attrgetter("gap")


def deepest_crossing(smile: Smile, nearer: Smile) -> tuple[float, float]:
    """Return the log-moneyness at which a smile is furthest below another, and how far it is.

    Args:
        smile: Of the later expiry.
        nearer: Of the earlier one.

    Returns:
        The depth is a total variance, not negative. Where it is 0.0 the smile is nowhere below, and
        the place says nothing.
    """
    ends = (-K_MAX, *_inflections(smile, nearer), K_MAX)
    points = [_point(smile, nearer, k) for k in ends]
    lowest = min(points, key=_GAP)
    for left, right in pairwise(points):
        if left.slope < 0.0 < right.slope:
            lowest = min(lowest, _lowest_between(smile, nearer, left, right), key=_GAP)
    return lowest.k, max(0.0, -lowest.gap)


def _point(smile: Smile, nearer: Smile, k: float) -> _Point:
    x, y = k - smile.m, k - nearer.m
    root, root_nearer = math.hypot(x, smile.s), math.hypot(y, nearer.s)
    variance = smile.a + smile.b * (smile.rho * x + root)
    variance_nearer = nearer.a + nearer.b * (nearer.rho * y + root_nearer)
    slope = smile.b * (smile.rho + x / root) - nearer.b * (nearer.rho + y / root_nearer)
    return _Point(k, variance - variance_nearer, slope)


def _inflections(smile: Smile, nearer: Smile) -> list[float]:
    """Return where the gap changes from convex to concave or back, ascending, at most two."""
    bend = (smile.b * smile.s * smile.s) ** (2.0 / 3.0)
    bend_nearer = (nearer.b * nearer.s * nearer.s) ** (2.0 / 3.0)
    apart = nearer.m - smile.m
    # With x = k - m: square x^2 - 2 half x + rest = 0.
    square = bend - bend_nearer
    half = bend * apart
    rest = bend * (apart * apart + nearer.s * nearer.s) - bend_nearer * smile.s * smile.s
    discriminant = half * half - square * rest
    if discriminant <= 0.0:
        return []
    larger = half + math.copysign(math.sqrt(discriminant), half)
    roots = [rest / larger] + ([larger / square] if square else [])
    return sorted(smile.m + x for x in roots if abs(smile.m + x) < K_MAX)


def _lowest_between(smile: Smile, nearer: Smile, left: _Point, right: _Point) -> _Point:
    """Return the lowest point of a convex range, or one above 0 where all of it is.

    Args:
        smile: Of the later expiry.
        nearer: Of the earlier one.
        left: End of the range where the gap falls.
        right: End where it rises.
    """
    lowest = min(left, right, key=_GAP)
    for _ in range(_TANGENTS_MAX):
        fall, rise = left.slope, right.slope
        step = (left.gap - right.gap + rise * (right.k - left.k)) / (rise - fall)
        k, bound = left.k + step, left.gap + fall * step
        if bound >= 0.0 or not left.k < k < right.k:
            break
        here = _point(smile, nearer, k)
        lowest = min(lowest, here, key=_GAP)
        if here.gap - bound <= _PRECISION * nearer.total_variance(k):
            break
        left, right = (here, right) if here.slope < 0.0 else (left, here)
    return lowest
