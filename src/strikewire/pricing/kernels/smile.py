# cython: annotation_typing=False, boundscheck=False, wraparound=False, cdivision=True
"""A smile held against its quotes: residuals and their derivatives, in one pass.

`smile.pxd` beside this file gives the C types; without a compiler the file runs as it stands.
A search asks for these some hundred times a surface, and each time they are a dozen operations on
arrays too short for numpy to be quick with. `strikewire.pricing.problem` says what they mean.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

VARIANCE_MIN = 1e-12
"""A variance is taken for no less, so that a volatility has a slope."""


LOWEST = -12.0
HIGHEST = 12.0
HIGHEST_LEAST = 3.0
HIGHEST_S = 2.5
"""Reach of the numbers: beyond it nothing differs that quotes could show.

A bend rounder than twelve deviations is as straight as any at the strikes, and has arbitrage where
there are none.
"""


def meaning(
    numbers: NDArray[np.float64],
    left_bound: float,
    left_span: float,
    right_bound: float,
    right_span: float,
) -> tuple[float, float, float, float, float, float, float]:
    """Return what five numbers mean: `left` to `right_slope` of `hold`.

    Args:
        numbers: Logits of both slopes within their bounds, the logarithm of the least variance, the
            place and the logarithm of the roundness of the bend; shape (5,).
        left_bound: The least that the slope of the left wing may be.
        left_span: How much more.
        right_bound: Of the right wing.
        right_span: Likewise.
    """
    left = left_span / (1.0 + math.exp(-min(max(numbers[0], LOWEST), HIGHEST)))
    right = right_span / (1.0 + math.exp(-min(max(numbers[1], LOWEST), HIGHEST)))
    least = math.exp(min(max(numbers[2], LOWEST), HIGHEST_LEAST))
    m = min(max(numbers[3], LOWEST), HIGHEST)
    s = math.exp(min(max(numbers[4], LOWEST), HIGHEST_S))
    left_slope = left * (1.0 - left / left_span)
    right_slope = right * (1.0 - right / right_span)
    return left_bound + left, right_bound + right, least, m, s, left_slope, right_slope


def hold(  # noqa: PLR0917 - arrays and numbers in their natural order, called by one place
    x: NDArray[np.float64],
    wanted: NDArray[np.float64],
    weight: NDArray[np.float64],
    left: float,
    right: float,
    least: float,
    m: float,
    s: float,
    left_slope: float,
    right_slope: float,
    residuals: NDArray[np.float64],
    slopes: NDArray[np.float64],
) -> None:
    """Fill the first n of `residuals`, and of each row of `slopes`.

    All arrays are contiguous doubles, everything is counted in deviations.

    Args:
        x: Log-moneynesses, shape (n,).
        wanted: Volatilities halfway between bid and ask, shape (n,).
        weight: One over the half spreads, shape (n,).
        left: Slope of the left wing, above 0.
        right: Of the right one, above 0.
        least: The least variance, above 0.
        m: Where the smile bends.
        s: How round, above 0.
        left_slope: Derivative of `left` by the number that is sought.
        right_slope: Of `right`.
        residuals: Shape (n or more,): weighted distances from the smile.
        slopes: Shape (5, n or more): their derivatives by the numbers sought, which are those of
            `left` and `right`, the logarithm of `least`, `m` and the logarithm of `s`.
    """
    assert len(x) == len(wanted) == len(weight) <= len(residuals)
    assert len(slopes) == 5
    assert slopes.shape[1] >= len(x)
    middle = math.sqrt(left * right)
    tilt = math.sqrt(right / left)
    across = 0.5 * (right - left)
    steep = 0.5 * (left + right)
    level = least - s * middle
    for i in range(len(x)):
        distance = x[i] - m
        root = math.sqrt(distance * distance + s * s)
        variance = level + across * distance + steep * root
        volatility = math.sqrt(max(variance, VARIANCE_MIN))
        share = 0.5 * weight[i] / volatility
        over = 1.0 / root
        residuals[i] = (volatility - wanted[i]) * weight[i]
        slopes[0, i] = share * 0.5 * left_slope * (root - distance - s * tilt)
        slopes[1, i] = share * 0.5 * right_slope * (root + distance - s / tilt)
        slopes[2, i] = share * least
        slopes[3, i] = -share * (steep * distance * over + across)
        slopes[4, i] = share * s * (steep * s * over - middle)
