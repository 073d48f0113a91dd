"""How much the index has moved: historical volatility."""

import math

import numpy as np
from numpy.typing import ArrayLike

from strikewire.pricing.columns import Doubles

DAYS_PER_YEAR = 365
"""Coins trade every day."""

HISTORICAL_DAYS = 15
"""Length of the window of the published figure, in days."""


def historical_volatility(prices: ArrayLike, *, periods_per_year: float = DAYS_PER_YEAR) -> float:
    """Return the volatility of a series of prices, as a fraction per year.

    It is the standard deviation of the logarithmic returns (their mean taken off, one less than
    their number in the denominator), times the root of the periods in a year.

    Args:
        prices: Shape (n,), in order of time and equally far apart, above 0; at least 3.
        periods_per_year: How many such intervals a year has; 365 for daily prices.

    Raises:
        ValueError: There are fewer than three prices, or one is not above 0.
    """
    returns = _returns(prices)
    if len(returns) < 2:
        raise ValueError(f"three prices are the least, not {len(returns) + 1}")
    return float(np.std(returns, ddof=1)) * math.sqrt(periods_per_year)


def historical_volatilities(
    prices: ArrayLike, *, days: int = HISTORICAL_DAYS, periods_per_year: float = DAYS_PER_YEAR
) -> Doubles:
    """Return the volatility of each window of `days` returns, oldest first.

    Args:
        prices: Shape (n,), one a day, taken at a fixed time, above 0.
        days: Returns in a window; at least 2.
        periods_per_year: As for `historical_volatility`.

    Returns:
        Shape (n - days,), fractions per year, the i-th ends with price i + days; empty where there
        are too few prices.

    Raises:
        ValueError: A price is not above 0, or `days` is below 2.

    Source: Deribit, "Historical volatility chart": the index once a day at a fixed time, annualised
    over 15 days.
    """
    if days < 2:
        raise ValueError(f"two returns are the least, not {days}")
    returns = _returns(prices)
    if len(returns) < days:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(returns, days)
    spread: Doubles = np.std(windows, axis=1, ddof=1) * math.sqrt(periods_per_year)
    return spread


def _returns(prices: ArrayLike) -> Doubles:
    column = np.asarray(prices, dtype=np.float64)
    if column.ndim != 1:
        raise ValueError(f"prices have one dimension, not {column.ndim}")
    if not np.all(column > 0.0):
        raise ValueError("prices are above 0")
    returns: Doubles = np.diff(np.log(column))
    return returns
