"""Black-76 of a whole chain: one pass over arrays, every greek at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.kernels import lanes

GREEKS_PER_OPTION = 9
"""Rows of a table of greeks: the fields of `ChainGreeks`, in order."""


class ChainGreeks(NamedTuple):
    """The greeks of n options, each of shape (n,); units and signs are those of `Greeks`.

    The nine are rows of one table of shape (9, n).
    """

    price: Doubles
    delta: Doubles
    gamma: Doubles
    vega: Doubles
    theta: Doubles
    rho: Doubles
    vanna: Doubles
    volga: Doubles
    charm: Doubles


def chain(
    *,
    forwards: ArrayLike,
    strikes: ArrayLike,
    years: ArrayLike,
    sigmas: ArrayLike,
    calls: ArrayLike,
    out: Doubles | None = None,
) -> ChainGreeks:
    """Return price and greeks of many options.

    Each argument is a column of shape (n,) or one number for all. Contiguous columns of doubles are
    read where they are; others are copied first. Per option the numbers are those of
    `black76.greeks` to 1e-13 of their size, whatever its neighbours are.

    Args:
        forwards: Underlying prices at the expiries, 1e-100 to 1e100, quote currency.
        strikes: Likewise, in any order.
        years: Time left, finite; at 0 or below an option is worth what it would pay now.
        sigmas: Volatilities per year as fractions: 0.8 is 80 %. Finite, not negative.
        calls: True or 1.0 for a call, False or 0.0 for a put.
        out: Where to write, shape (9, n), contiguous doubles, sharing no memory with the arguments;
            a new table if not given.

    Returns:
        Views of the table's rows. An option with an argument outside of its range has NaN for all
        its numbers; no other option has any.

    Raises:
        ValueError: Two lengths differ, an argument has more than one dimension or is complex, or
            `out` does not have the shape, type or order it must have.

    Source: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976).
    """
    f, k, t, sigma, call = columns_of(forwards, strikes, years, sigmas, calls)
    shape = (GREEKS_PER_OPTION, len(f))
    table = np.empty(shape) if out is None else out
    if table.shape != shape or table.dtype != np.float64 or not table.flags.carray:
        raise ValueError(
            f"out must be writable, contiguous and float64 of shape {shape}, "
            f"not {table.dtype} of shape {table.shape}"
        )
    lanes.greeks(f, k, t, sigma, call, table)
    return ChainGreeks(*table)
