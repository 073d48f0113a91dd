"""Whether smiles leave somebody a profit without risk, and what to do about it.

Theory of operation. A smile has *butterfly* arbitrage where its g(k), which has the sign of the
implied density, is below 0. It is looked for on a grid of log-moneyness: eight deviations to both
sides in tenths and from there in growing steps to a factor of e^30; and from where the smile bends
outwards, for a bend may be much sharper than a tenth. The lowest places are then looked at more
closely. Two smiles have *calendar* arbitrage where the total variance of the later one is below
that of the earlier one; whether there is such a place `crossing` knows without a grid.
Far out smiles are straight lines, and there the slopes decide: at most 2, and never falling with
time. Raw SVI makes all of it a matter of five numbers a smile.

g = M^2 - w'^2 / 4 (1 / w + 1 / 4) + w'' / 2 with M = 1 - k w' / 2w, and a smile without butterfly
arbitrage has M above 0 everywhere. Where M crosses 0, g dips below 0 in a place so narrow that no
grid is sure to meet it, and beyond it g may be large again. So the square is counted with the sign
of M: what then is below 0 is a whole range, and there is one exactly where g is below 0 somewhere.

Source: M. Fukasawa, "The normalizing transformation of the implied volatility smile" (2012), for M.

`repaired` needs no quotes: it moves a smile as little as it can and always succeeds, because each
smile's earlier neighbour, put in its place, has neither arbitrage. How to refit a smile to its
quotes with arbitrage as a penalty stands in `fit`; `repaired` is the guarantee behind it.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewire.pricing.columns import Doubles
from strikewire.pricing.crossing import K_MAX, deepest_crossing
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

GRID_STEPS_BEYOND: Final = 24

GRID_STEPS_BEND: Final = 16
"""To either side of a bend, growing from half its roundness to eight deviations, or four of it."""

_Numbers = Doubles | tuple[float, float, float, float, float]

_BISECTIONS: Final = 40
_RETREATS: Final = 8
_INNER: Final = np.linspace(-1.0, 1.0, GRID_STEPS + 1)
_BEYOND: Final = np.arange(1, GRID_STEPS_BEYOND + 1) / GRID_STEPS_BEYOND
_BEND: Final = np.arange(GRID_STEPS_BEND) / (GRID_STEPS_BEND - 1)
_CLOSER_STEPS: Final = 8
_CLOSER: Final = np.linspace(-1.0, 1.0, 2 * _CLOSER_STEPS + 1)[:, np.newaxis]
_CLOSER_TIMES: Final = 3
_TINY: Final = 1e-300
_DIPS: Final = 4
_FALLS: Final = np.zeros(1, dtype=bool)
_RISES: Final = np.ones(1, dtype=bool)

# How far g may be lower between two points of a grid than at any of it. Of some ten thousand smiles
# of chance none was by more than 0.008.
_NEAR: Final = 0.02


class Arbitrage(NamedTuple):
    """One place where a surface leaves a profit without risk.

    Attributes:
        years: Of the smile at fault; of the later one, where it is two.
        kind: Between strikes of one expiry, between expiries, or in a wing beyond all strikes.
        k: The worst log-moneyness; of a wing -inf or inf.
        depth: How far g (from `DENSITY_MIN`, its square with the sign of what is squared), the
            variance or the slope is on the wrong side; above 0.
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

    Densities and wings in one pass over arrays for all: whoever is not suspected has none, the
    others are for `arbitrages` to judge.
    """
    if not smiles:
        return []
    table = np.array([_numbers(one) for one in smiles]).T[:, :, np.newaxis]
    w, density = _densities(table, _grid(table))
    bad = (np.min(w, axis=1) <= 0.0) | (np.min(density, axis=1) < _NEAR)
    _, b, rho, _, _ = table
    left, right = (b * (1.0 - rho))[:, 0], (b * (1.0 + rho))[:, 0]
    bad |= np.maximum(left, right) > SLOPE_MAX
    bad[1:] |= (left[1:] < left[:-1]) | (right[1:] < right[:-1])
    crosses = [deepest_crossing(later, nearer)[1] > 0.0 for nearer, later in pairwise(smiles)]
    bad |= np.array([False, *crosses])
    found: list[bool] = bad.tolist()
    return found


def arbitrages(smile: Smile, nearer: Smile | None, *, years: float = 0.0) -> list[Arbitrage]:
    """Return the arbitrages of one smile, in itself and with the one before it.

    Args:
        smile: Any.
        nearer: That of the expiry before; None where there is none.
        years: Of the smile; only named in what is found.
    """
    found = [_butterfly(smile, years)]
    found += _wings(smile, nearer, years)
    if nearer is not None:
        k, depth = deepest_crossing(smile, nearer)
        found.append(Arbitrage(years, "calendar", k, depth))
    return [one for one in found if one.depth > 0.0]


def grid_of(smile: Smile) -> Doubles:
    """Return the log-moneynesses at which a smile is looked at, shape (241,), ascending."""
    return np.sort(_grid(_numbers(smile)))


def signed_densities(smile: Smile, k: Doubles) -> Doubles:
    """Return g(k) with M |M| for its M^2: below 0 in a wide range where g is in a narrow one.

    Args:
        smile: One whose variance is above 0.
        k: ln(strike / forward), any shape.
    """
    return _densities(_numbers(smile), k)[1]


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


def furthest(scaled: Callable[[float], Smile], is_clean: Callable[[Smile], bool]) -> Smile:
    """Go from 0, which has no arbitrage, as far towards 1 as there is none.

    Args:
        scaled: Returns a smile for a part from 0 to 1.
        is_clean: Tells whether a smile has no arbitrage. What is returned has passed it, or is that
            for 0.
    """
    part = 1.0
    for _ in range(_RETREATS):
        found = scaled(part)
        if is_clean(found):
            return found
        # A smile may have arbitrage again for a lesser part: then it is a yet lesser one.
        part = _boundary(scaled, is_clean, part) * (1.0 - 1e-6)
    return scaled(0.0)


def _boundary(
    scaled: Callable[[float], Smile], is_clean: Callable[[Smile], bool], high: float
) -> float:
    low = 0.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if is_clean(scaled(middle)):
            low = middle
        else:
            high = middle
    return low


def _numbers(smile: Smile) -> tuple[float, float, float, float, float]:
    return smile.a, smile.b, smile.rho, smile.m, smile.s


def _butterfly(smile: Smile, years: float) -> Arbitrage:
    """Return where the density is lowest; its depth is not above 0 where it is positive."""
    grid = grid_of(smile)
    with np.errstate(divide="ignore", invalid="ignore"):  # where a variance is 0
        variances, densities = _densities(_numbers(smile), grid)
    if np.min(variances) > 0.0:
        k, density = _lowest(lambda k: signed_densities(smile, k), grid, densities, _NEAR)
        return Arbitrage(years, "butterfly", k, DENSITY_MIN - density)
    k, variance = _lowest(smile.total_variances, grid, variances, 0.0)
    return Arbitrage(years, "butterfly", k, -variance)


def _wings(smile: Smile, nearer: Smile | None, years: float) -> list[Arbitrage]:
    """Return both wings; the depth of one that is neither too steep nor too flat is not above 0."""
    least = (0.0, 0.0) if nearer is None else wing_slopes(nearer)
    return [
        Arbitrage(years, "wing", end, max(slope - SLOPE_MAX, below - slope))
        for end, slope, below in zip((-math.inf, math.inf), wing_slopes(smile), least, strict=True)
    ]


def _grid(numbers: _Numbers) -> Doubles:
    """Return the grid, unordered, for a smile's numbers, or a row for each of columns (5, n, 1)."""
    a, b, rho, m, s = numbers
    variance = a + b * (np.sqrt(m * m + s * s) - rho * m)
    reach = GRID_DEVIATIONS * np.sqrt(np.maximum(variance, 1e-12))
    beyond = reach * np.maximum(K_MAX / reach, 2.0) ** _BEYOND
    bend = 0.5 * s * np.maximum(2.0 * reach / s, 8.0) ** _BEND
    parts = (-beyond, reach * _INNER, beyond, m - bend, m + bend)
    return np.concatenate(parts, axis=-1)


def _lowest(
    curve: Callable[[Doubles], Doubles], grid: Doubles, values: Doubles, near: float
) -> tuple[float, float]:
    """Return where a curve is lowest, and how low: on the grid, then closer and closer up.

    Args:
        curve: Returns values for log-moneynesses.
        grid: Where it is looked at, ascending.
        values: Of the curve there.
        near: What stays above it on the grid is nowhere below 0, and the grid will do; and so on
            for what has been looked at closely, and a lesser `near`.
    """
    if np.all(values > near):
        lowest = int(np.argmin(values))
        return float(grid[lowest]), float(values[lowest])
    return _lowest_close_up(curve, grid, _dips(values), near)


def _lowest_close_up(
    curve: Callable[[Doubles], Doubles], grid: Doubles, dips: NDArray[np.int64], near: float
) -> tuple[float, float]:
    at = grid[dips]
    # A point may stand in the grid more than once.
    below, above = np.searchsorted(grid, at) - 1, np.searchsorted(grid, at, side="right")
    widths = np.maximum(grid[np.minimum(above, len(grid) - 1)] - at, at - grid[below])
    each = np.arange(len(dips))
    for _ in range(_CLOSER_TIMES):
        closer = at + widths * _CLOSER
        values = curve(closer)
        lowest = np.argmin(values, axis=0)
        at, widths, near = closer[lowest, each], widths / _CLOSER_STEPS, near / _CLOSER_STEPS
        if np.all(values[lowest, each] > near):
            break
    inside = np.clip(lowest, 1, 2 * _CLOSER_STEPS - 1)
    before, here, after = (values[inside + step, each] for step in (-1, 0, 1))
    # The lowest point of the parabola through the three last.
    bend = np.maximum(before + after - 2.0 * here, _TINY)
    at = closer[inside, each] + widths * np.clip(0.5 * (before - after) / bend, -1.0, 1.0)
    found = np.minimum(curve(at), values[lowest, each])
    worst = int(np.argmin(found))
    return float(at[worst]), float(found[worst])


def _dips(values: Doubles) -> NDArray[np.int64]:
    """Return where the lowest dips of a curve are: the lowest point need not be in the deepest."""
    rises = np.concatenate([_FALLS, values[1:] >= values[:-1], _RISES])
    dips = np.flatnonzero(rises[1:] & ~rises[:-1])
    if len(dips) > _DIPS:
        dips = dips[np.argpartition(values[dips], _DIPS)[:_DIPS]]
    return dips


def _densities(numbers: _Numbers, k: Doubles) -> tuple[Doubles, Doubles]:
    """Return total variances and signed densities, of one smile or of a row for each."""
    a, b, rho, m, s = numbers
    distance = k - m
    root = np.sqrt(distance * distance + s * s)
    w: Doubles = a + b * (rho * distance + root)
    over = 1.0 / root
    half_slope = (0.5 * b) * (rho + distance * over)
    ratio = half_slope / w
    moneyness = 1.0 - k * ratio
    density: Doubles = moneyness * np.abs(moneyness)
    density -= half_slope * (ratio + 0.25 * half_slope)
    density += (0.5 * b * s * s) * (over * over * over)
    return w, density


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

    return furthest(scaled, lambda one: not arbitrages(one, None))


def _multiple(nearer: Smile, factor: float) -> Smile:
    """Return the neighbour, made larger by as much of `factor` as leaves no arbitrage."""

    def scaled(part: float) -> Smile:
        times = 1.0 + part * max(0.0, factor - 1.0)
        return Smile(a=times * nearer.a, b=times * nearer.b, rho=nearer.rho, m=nearer.m, s=nearer.s)

    return furthest(scaled, lambda one: not arbitrages(one, nearer))


def lowered(smile: Smile, later: Smile) -> Smile:
    """Return the smile below that of an expiry after it; what it has else may come of it."""
    left, right = map(min, wing_slopes(smile), wing_slopes(later))
    flat = _with_slopes(smile, left, right)
    _, depth = deepest_crossing(later, flat)
    return _raised(flat, -depth)


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
    _, depth = deepest_crossing(steep, nearer)
    return _raised(steep, depth)


def _raised(smile: Smile, amount: float) -> Smile:
    # A little more than what is missing: the same sum in another order must not be below.
    more = amount * (1.0 + 1e-6) + (math.copysign(1e-14, amount) if amount else 0.0)
    return Smile(a=smile.a + more, b=smile.b, rho=smile.rho, m=smile.m, s=smile.s)
