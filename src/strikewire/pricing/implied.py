"""From option prices back to the volatilities they imply."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.kernels import black76, lanes


class ImpliedCode(IntEnum):
    """Whether a price has an implied volatility, and if not, why.

    Where several reasons hold, the one named is the first of NOT_A_NUMBER, EXPIRED,
    BELOW_INTRINSIC and ABOVE_BOUND.
    """

    OK = 0
    """It has one."""
    BELOW_INTRINSIC = 1
    """The price is at or below what the option would pay now: its time value is not above 0."""
    ABOVE_BOUND = 2
    """The price is at or above the forward (call) or the strike (put)."""
    NOT_A_NUMBER = 3
    """An argument is NaN or infinite, or forward or strike are not within 1e-100 to 1e100."""
    EXPIRED = 4
    """No time is left."""


class ImpliedVolatilities(NamedTuple):
    """What n prices imply.

    Attributes:
        volatilities: shape (n,), fractions per year; 0.0 where there is none, never NaN.
        codes: shape (n,), the `ImpliedCode` of each.
    """

    volatilities: Doubles
    codes: NDArray[np.int8]


def implied_volatility(
    *, price: float, forward: float, strike: float, years: float, is_call: bool
) -> float | None:
    """Return the volatility at which Black-76 gives `price`, as a fraction per year.

    In-the-money quotes are turned to their out-of-the-money twin by put-call parity first: the
    intrinsic value only costs digits.

    Args:
        price: Value in quote currency; a Deribit inverse option's price times the underlying price.
        forward: Underlying price at the expiry.
        strike: Same currency.
        years: Time left.
        is_call: False for a put.

    Returns:
        None where no volatility gives the price: at or below the intrinsic value, at or above the
        forward (call) or the strike (put), no time left, or an argument that can be of no option
        (see `ImpliedCode`). A ticker then shows 0.0.

    Source: P. Jaeckel, "Let's be rational" (2015), for the shape of the three objectives.
    """
    volatility, code = black76.implied(price, forward, strike, years, is_call)
    return volatility if code == ImpliedCode.OK else None


def implied_volatilities(
    *,
    prices: ArrayLike,
    forwards: ArrayLike,
    strikes: ArrayLike,
    years: ArrayLike,
    calls: ArrayLike,
) -> ImpliedVolatilities:
    """Return the volatilities at which Black-76 gives `prices`.

    Each argument is a column of shape (n,) or one number for all. Per quote the answer is that of
    `implied_volatility` to 1e-13 of its size, whatever its neighbours are. The largest error over
    hours to years, 5 % to 500 % and eight deviations is below 1e-12 of volatility.

    Args:
        prices: Values in quote currency; any number, also one that nobody should quote.
        forwards: Underlying prices at the expiries, quote currency.
        strikes: Quote currency, in any order.
        years: Time left.
        calls: True or 1.0 for a call, False or 0.0 for a put.

    Raises:
        ValueError: Two lengths differ, or an argument has more than one dimension or is complex.
    """
    value, f, k, t, call = columns_of(prices, forwards, strikes, years, calls)
    volatilities = np.empty(len(f))
    codes = np.empty(len(f), dtype=np.int8)
    lanes.implied(value, f, k, t, call, volatilities, codes)
    return ImpliedVolatilities(volatilities, codes)
