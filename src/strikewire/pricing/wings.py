"""Wings that rise with time: how steep each smile of a chain may be, said for all at once.

Theory of operation. Far out, total variance is as steep as a smile's wing, so wings must not
flatten from one expiry to the next. How steep one is, a few noisy quotes hardly know. Were each
expiry held above the one before it, the steepest mistake would lead all that follow astray; so the
slopes that rise and lie nearest to all those found are sought, each counting by how well its quotes
know it (isotonic regression), and each expiry is bounded halfway to its neighbours' slopes.

Source: M. Best, N. Chakravarti, "Active set algorithms for isotonic regression" (1990).
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from strikewire.pricing.arbitrage import SLOPE_MAX, Slopes
from strikewire.pricing.columns import Doubles
from strikewire.pricing.problem import OUTLIER, PRIOR_WEIGHT
from strikewire.pricing.quotes import ExpiryQuotes, half_spreads, misses
from strikewire.pricing.smile import Smile

_APART: Final = 1e-5
"""Slopes that come out equal are set apart by this part, so that there is room to search in."""


def rising_wings(slopes: Doubles, weights: Sequence[Slopes]) -> tuple[Doubles, Doubles]:
    """Return how steep the wings of each expiry may be at least and at most.

    Args:
        slopes: Of each smile, nearest expiry first, left and right, shape (n, 2).
        weights: How well each is known, as `slope_weights` says.

    Returns:
        Two tables of shape (n, 2); what one expiry may have at most the next has at least.
    """
    from scipy.optimize import isotonic_regression  # slow to import, and a venue may never fit

    counted = np.array(weights)
    pooled = np.column_stack(
        [isotonic_regression(slopes[:, side], weights=counted[:, side]).x for side in (0, 1)]
    )
    pooled *= 1.0 + _APART * np.arange(len(pooled))[:, np.newaxis]
    middles = 0.5 * (pooled[1:] + pooled[:-1])
    least = np.vstack([np.zeros((1, 2)), middles])
    most = np.vstack([middles, np.full((1, 2), SLOPE_MAX)])
    return least, np.minimum(most, SLOPE_MAX)


def slope_weights(quotes: ExpiryQuotes, smile: Smile) -> Slopes:
    """Return how well quotes know the slopes of their smile's wings: one over the variance of each.

    Args:
        quotes: Usable ones, at least one.
        smile: Fitted to them.
    """
    unit = math.sqrt(smile.total_variance(0.0))
    distance = quotes.moneyness - smile.m
    over = 1.0 / np.sqrt(distance * distance + smile.s * smile.s)
    missed = misses(quotes, smile) / OUTLIER
    # By both slopes, level, place and roundness, each in deviations; in half spreads.
    gradient = np.empty((5, len(over)))
    gradient[0] = (0.5 * unit) * (1.0 / over - distance)
    gradient[1] = gradient[0] + unit * distance
    gradient[2] = unit * unit
    gradient[3] = (-smile.b * unit) * (smile.rho + distance * over)
    gradient[4] = (smile.b * unit * smile.s) * over
    fitted = np.sqrt(smile.total_variances(quotes.moneyness) * (4.0 * quotes.years))
    gradient /= fitted * half_spreads(quotes) * np.sqrt(np.sqrt(1.0 + missed * missed))
    # The prior's thread holds what quotes say nothing of.
    known = gradient @ gradient.T + PRIOR_WEIGHT**2 * np.eye(5)
    left, right = np.diag(np.linalg.inv(known))[:2].tolist()
    return 1.0 / (left * unit * unit), 1.0 / (right * unit * unit)
