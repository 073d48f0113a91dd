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


def trailing_volatilities(
    prices: ArrayLike, *, returns_max: int, periods_per_year: float
) -> Doubles:
    """Return the volatility at each price: of the returns before it, of `returns_max` at most.

    Args:
        prices: Shape (n,), in order of time and equally far apart, above 0.
        returns_max: Returns in a whole window, at least 2; the first windows have fewer.
        periods_per_year: As for `historical_volatility`.

    Returns:
        Shape (n - 2,), fractions per year, the i-th ends with price i + 2; empty where there are
        too few prices.

    Raises:
        ValueError: A price is not above 0, or `returns_max` is below 2.
    """
    if returns_max < 2:
        raise ValueError(f"two returns are the least, not {returns_max}")
    returns = _returns(prices)
    if len(returns) < 2:
        return np.empty(0)
    # By sums up to each end less those up to each start; taken off their mean, they lose no digits.
    returns = returns - np.mean(returns)
    sums, squares = (np.concatenate([[0.0], np.cumsum(one)]) for one in (returns, returns**2))
    ends = np.arange(2, len(returns) + 1)
    starts = np.maximum(ends - returns_max, 0)
    count = ends - starts
    total = sums[ends] - sums[starts]
    variances = (squares[ends] - squares[starts] - total * total / count) / (count - 1)
    found: Doubles = np.sqrt(np.maximum(variances, 0.0) * periods_per_year)
    return found


def _returns(prices: ArrayLike) -> Doubles:
    column = np.asarray(prices, dtype=np.float64)
    if column.ndim != 1:
        raise ValueError(f"prices have one dimension, not {column.ndim}")
    if not np.all(column > 0.0):
        raise ValueError("prices are above 0")
    returns: Doubles = np.diff(np.log(column))
    return returns
