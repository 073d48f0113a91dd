"""Black-76 as the venue publishes it: zero rate, forward = the underlying price of the expiry.

The conventions are those seen in Deribit's recorded tickers: years are counted as actual days over
365 up to 08:00 UTC of the expiry day, vega is per volatility point, theta per day. This file is for
one option; `chain` is for many.
"""

from typing import NamedTuple

from strikewire.pricing.kernels import black76 as kernel

NS_PER_YEAR = 365 * 86_400 * 1_000_000_000


class Greeks(NamedTuple):
    """One option's value and how it moves.

    Attributes:
        price: Value in quote currency (USD, USDC) for one unit of the underlying.
        delta: Change of price per unit of the forward; -1 to 1.
        gamma: Change of delta per unit of the forward.
        vega: Change of price per volatility point (0.01).
        theta: Change of price per day, at most 0. Capped as Deribit does: an option with less than
            a day left shows what is left of the day, and none loses more than it is worth.
        rho: Change of price per percentage point of the interest rate, the spot price held still.
        vanna: Change of delta per volatility point.
        volga: Change of vega per volatility point.
        charm: Change of delta per day that passes; with less than a day left, in what is left.
    """

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    vanna: float
    volga: float
    charm: float


def years_to_expiry(now_ns: int, expiry_ns: int) -> float:
    """Return the time left in years of 365 days, 0.0 after the expiry.

    Args:
        now_ns: Nanoseconds since the Unix epoch.
        expiry_ns: The same; 08:00 UTC of the expiry day.
    """
    return max(0, expiry_ns - now_ns) / NS_PER_YEAR


def price(*, forward: float, strike: float, years: float, sigma: float, is_call: bool) -> float:
    """Return the value of one option in quote currency, undiscounted.

    Args:
        forward: Underlying price at the expiry, 1e-100 to 1e100.
        strike: Likewise, same currency.
        years: Time left, finite; at 0 or below the option is worth what it would pay now.
        sigma: Volatility per year as a fraction: 0.8 is 80 %. Finite, not negative.
        is_call: False for a put.

    Returns:
        NaN for arguments outside of these ranges, and only then.

    The relative error is at most 1e-12, however far out of the money the option is.

    Source: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976).
    """
    return kernel.price(forward, strike, years, sigma, is_call)


def greeks(*, forward: float, strike: float, years: float, sigma: float, is_call: bool) -> Greeks:
    """Return value and greeks of one option; arguments as for `price`.

    All of them are NaN for arguments outside of their ranges, and only then.
    """
    return Greeks(*kernel.greeks(forward, strike, years, sigma, is_call))
