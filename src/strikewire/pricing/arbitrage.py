"""Whether smiles leave somebody a profit without risk, and what to do about it.

Theory of operation. A smile has *butterfly* arbitrage where its g(k), which has the sign of the
implied density, is below 0. Two smiles have *calendar* arbitrage where the total variance of the
later one is below that of the earlier one. Both are looked for on a grid of log-moneyness: of
either expiry, eight deviations to both sides in tenths, so that it is fine where the smile bends,
and from there in growing steps to a factor of e^30; the lowest place is then looked at more
closely.
Far out smiles are straight lines, and there the slopes decide: at most 2, and never falling with
time. Raw SVI makes all of it a matter of five numbers a smile.

`repaired` needs no quotes: it moves a smile as little as it can and always succeeds, because each
smile's earlier neighbour, put in its place, has neither arbitrage. How to refit a smile to its
quotes with arbitrage as a penalty stands in `fit`; `repaired` is the guarantee behind it.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from strikewire.pricing.columns import Doubles
from strikewire.pricing.smile import Smile

GRID_DEVIATIONS: Final = 8.0
GRID_STEPS: Final = 160

SLOPE_MAX: Final = 1.98
"""Of a wing's total variance by log-moneyness. At 2 the density ends.

Source: R. Lee, "The moment formula for implied volatility at extreme strikes" (2004).
"""

Slopes = tuple[float, float]
"""Of a left and a right wing: total variance by log-moneyness, both positive."""

DENSITY_MIN: Final = 1e-6
"""A g below this counts as arbitrage: between two points of a grid it may well be below 0."""

GRID_END: Final = 30.0
GRID_STEPS_BEYOND: Final = 24

_BISECTIONS: Final = 40
_INNER: Final = np.linspace(-1.0, 1.0, GRID_STEPS + 1)
_BEYOND: Final = np.arange(1, GRID_STEPS_BEYOND + 1) / GRID_STEPS_BEYOND
_CLOSER: Final = np.linspace(-1.0, 1.0, 33)

# The coarse pass passes on whatever comes near: a lowest place lies between two of its points.
_NEAR: Final = 0.02


class Arbitrage(NamedTuple):
    """One place where a surface leaves a profit without risk.

    Attributes:
        years: Of the smile at fault; of the later one, where it is two.
        kind: Between strikes of one expiry, between expiries, or in a wing beyond all strikes.
        k: The worst log-moneyness; of a wing -inf or inf.
        depth: How far g (from `DENSITY_MIN`), the variance or the slope is on the wrong side; above
            0.
    """

    years: float
    kind: Literal["butterfly", "calendar", "wing"]
    k: float
    depth: float


def wing_slopes(smile: Smile) -> Slopes:
    """Return how steep total variance is far to the left and far to the right, both positive."""
    return smile.b * (1.0 - smile.rho), smile.b * (1.0 + smile.rho)


def find_arbitrage(years: Sequence[float], smiles: Sequence[Smile]) -> list[Arbitrage]:
    """Return every arbitrage of a surface, the worst place of each kind, by expiry.

    Args:
        years: Of each smile, ascending.
        smiles: As many.
    """
    assert len(years) == len(smiles)
    nearer: list[Smile | None] = [None, *smiles]
    return [
        found
        for time, smile, before in zip(years, smiles, nearer, strict=False)
        for found in arbitrages(smile, before, years=time)
    ]


def suspects(smiles: Sequence[Smile]) -> list[bool]:
    """Tell of each smile whether it may have arbitrage, in itself or with the one before it.

    One pass over arrays for all: whoever is not suspected has none, the others are for
    `arbitrages` to judge.
    """
    if not smiles:
        return []
    table = np.array([(one.a, one.b, one.rho, one.m, one.s) for one in smiles]).T[:, :, np.newaxis]
    a, b, rho, m, s = table
    grid = _grid(a + b * (np.sqrt(m * m + s * s) - rho * m))
    distance = grid - m
    root = np.sqrt(distance * distance + s * s)
    w = a + b * (rho * distance + root)
    slope = b * (rho + distance / root)
    moneyness = 1.0 - 0.5 * grid * slope / w
    density = moneyness * moneyness - 0.25 * slope * slope * (1.0 / w + 0.25)
    density += 0.5 * b * s * s / (root * root * root)
    bad = (np.min(w, axis=1) <= 0.0) | (np.min(density, axis=1) < _NEAR)
    left, right = (b * (1.0 - rho))[:, 0], (b * (1.0 + rho))[:, 0]
    bad |= np.maximum(left, right) > SLOPE_MAX
    # The later of two on the grid of the earlier, and the other way round.
    later = _variances(table[:, 1:], grid[:-1])
    earlier = _variances(table[:, :-1], grid[1:])
    bad[1:] |= np.min(later / w[:-1], axis=1) < 1.0 + _NEAR
    bad[1:] |= np.min(w[1:] / earlier, axis=1) < 1.0 + _NEAR
    bad[1:] |= (left[1:] < left[:-1]) | (right[1:] < right[:-1])
    found: list[bool] = bad.tolist()
    return found


def arbitrages(smile: Smile, nearer: Smile | None, *, years: float = 0.0) -> list[Arbitrage]:
    """Return the arbitrages of one smile, in itself and with the one before it.

    Args:
        smile: Any.
        nearer: That of the expiry before; None where there is none.
        years: Of the smile; only named in what is found.
    """
    found: list[Arbitrage] = []
    grid = grid_of(smile)
    if np.min(smile.total_variances(grid)) > 0.0:
        k, density = _lowest(smile.butterflies, grid)
        missing = DENSITY_MIN - density
    else:
        k, variance = _lowest(smile.total_variances, grid)
        missing = -variance
    if missing > 0.0:
        found.append(Arbitrage(years, "butterfly", k, missing))
    slopes = wing_slopes(smile)
    least = (0.0, 0.0) if nearer is None else wing_slopes(nearer)
    for end, slope, below in zip((-math.inf, math.inf), slopes, least, strict=True):
        if slope > SLOPE_MAX or slope < below:
            depth = max(slope - SLOPE_MAX, below - slope)
            found.append(Arbitrage(years, "wing", end, depth))
    if nearer is not None:
        k, least_more = _lowest_of_difference(smile, nearer)
        if least_more < 0.0:
            found.append(Arbitrage(years, "calendar", k, -least_more))
    return found


def grid_of(smile: Smile) -> Doubles:
    """Return the log-moneynesses at which a smile is looked at, shape (209,), ascending."""
    return _grid(np.array(smile.total_variance(0.0)))


def repaired(smile: Smile, nearer: Smile | None) -> Smile:
    """Return the smile without arbitrage; the same one where it has none.

    Args:
        smile: Any.
        nearer: The smile of the expiry before it, which has none.

    First the wings are made as steep as those before, and the smile is lifted until it lies above;
    should its density still be negative somewhere, the first smile is flattened, and a later one
    becomes a multiple of its neighbour.
    """
    if not arbitrages(smile, nearer):
        return smile
    if nearer is None:
        return _flattened(smile)
    lifted = _lifted(smile, nearer)
    if not arbitrages(lifted, nearer):
        return lifted
    return _multiple(nearer, smile.total_variance(0.0) / nearer.total_variance(0.0))


def furthest(scaled: Callable[[float], Smile], nearer: Smile | None) -> Smile:
    """Go from 0, which has no arbitrage, as far towards 1 as there is none.

    Args:
        scaled: Returns a smile for a part from 0 to 1.
        nearer: The smile of the expiry before, None where there is none.
    """
    if not arbitrages(scaled(1.0), nearer):
        return scaled(1.0)
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if arbitrages(scaled(middle), nearer):
            high = middle
        else:
            low = middle
    return scaled(low * (1.0 - 1e-6))  # where the grid sees nothing, there may be a little


def _grid(variance: Doubles) -> Doubles:
    """Return the grid for a variance at the money, or a row for each of a column (n, 1)."""
    reach = GRID_DEVIATIONS * np.sqrt(np.maximum(variance, 1e-12))
    beyond = reach * np.maximum(GRID_END / reach, 2.0) ** _BEYOND
    parts = (-beyond[..., ::-1], reach * _INNER, beyond)
    return np.concatenate(parts, axis=-1)


def _lowest(curve: Callable[[Doubles], Doubles], grid: Doubles) -> tuple[float, float]:
    """Return where a curve is lowest, and how low: on the grid, then twice as close up."""
    for _ in range(2):
        worst = int(np.argmin(curve(grid)))
        width = max(
            grid[min(worst + 1, len(grid) - 1)] - grid[worst], grid[worst] - grid[max(worst - 1, 0)]
        )
        grid = grid[worst] + width * _CLOSER
    values = curve(grid)
    worst = int(np.argmin(values))
    return float(grid[worst]), float(values[worst])


def _lowest_of_difference(smile: Smile, nearer: Smile) -> tuple[float, float]:
    both = np.sort(np.concatenate([grid_of(smile), grid_of(nearer)]))
    return _lowest(lambda k: smile.total_variances(k) - nearer.total_variances(k), both)


def _variances(table: Doubles, grid: Doubles) -> Doubles:
    a, b, rho, m, s = table
    distance = grid - m
    variances: Doubles = a + b * (rho * distance + np.sqrt(distance * distance + s * s))
    return variances


def _flattened(smile: Smile) -> Smile:
    """Take from the slopes what is too much; the variance at the money stays."""
    level = max(smile.total_variance(0.0), 1e-8)

    def scaled(part: float) -> Smile:
        at_zero = math.hypot(smile.m, smile.s) - smile.rho * smile.m
        return Smile(
            a=level - part * smile.b * at_zero,
            b=part * smile.b,
            rho=smile.rho,
            m=smile.m,
            s=smile.s,
        )

    return furthest(scaled, None)


def _multiple(nearer: Smile, factor: float) -> Smile:
    """Return the neighbour, made larger by as much of `factor` as leaves no arbitrage."""

    def scaled(part: float) -> Smile:
        times = 1.0 + part * max(0.0, factor - 1.0)
        return Smile(a=times * nearer.a, b=times * nearer.b, rho=nearer.rho, m=nearer.m, s=nearer.s)

    return furthest(scaled, nearer)


def lowered(smile: Smile, later: Smile) -> Smile:
    """Return the smile below that of an expiry after it; what it has else may come of it."""
    left, right = map(min, wing_slopes(smile), wing_slopes(later))
    flat = _with_slopes(smile, left, right)
    for _ in range(3):
        _, least = _lowest_of_difference(later, flat)
        flat = _raised(flat, min(0.0, least))
    return flat


def _with_slopes(smile: Smile, left: float, right: float) -> Smile:
    b = 0.5 * (left + right)
    return Smile(
        a=smile.a,
        b=b,
        rho=(right - left) / (left + right) if b > 0.0 else smile.rho,
        m=smile.m,
        s=smile.s,
    )


def _lifted(smile: Smile, nearer: Smile) -> Smile:
    left, right = (
        min(max(ours, theirs), SLOPE_MAX)
        for ours, theirs in zip(wing_slopes(smile), wing_slopes(nearer), strict=True)
    )
    steep = _with_slopes(smile, left, right)
    # The grid is that of the smile, which moves with it: again for what then shows.
    for _ in range(3):
        _, least = _lowest_of_difference(steep, nearer)
        steep = _raised(steep, max(0.0, -least))
    return steep


def _raised(smile: Smile, amount: float) -> Smile:
    # A little more than what is missing: the same sum in another order must not be below.
    more = amount * (1.0 + 1e-6) + (math.copysign(1e-14, amount) if amount else 0.0)
    return Smile(a=smile.a + more, b=smile.b, rho=smile.rho, m=smile.m, s=smile.s)
