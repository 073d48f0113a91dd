"""The volatility index: what the whole chain expects of the next thirty days, in one number.

Theory of operation. Options of all strikes, each weighted by 1 / strike squared, are worth the
variance until their expiry, whatever the distribution (a variance swap's strip). `strip_variance`
takes it from quotes, as the VIX does; `smile_variance` from a smile and `quoted_variance` from the
volatilities of strikes, with strikes as fine as one likes, as DVOL does with the implied smiles.
`volatility_index` interpolates the total variance of
the two expiries around thirty days.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from strikewire.pricing.chain import chain
from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.smile import Smile

INDEX_DAYS = 30
"""The horizon of the index."""

_DAYS_PER_YEAR = 365

STRIP_DEVIATIONS = 10.0
STRIP_STEPS = 1_600
"""How far a smile's strip reaches to both sides, and how fine it is."""


class ExpiryVariance(NamedTuple):
    """The variance a year that the options of one expiry expect.

    Attributes:
        years: Time left, above 0.
        variance: Of a year: 0.36 is a volatility of 60 %.
    """

    years: float
    variance: float


def strip_variance(
    *, forward: float, strikes: ArrayLike, values: ArrayLike, years: float
) -> ExpiryVariance:
    """Return the variance that the out-of-the-money options of one expiry are worth.

    variance = 2 / T sum(dK / K^2 Q(K)) - 1 / T (F / K0 - 1)^2

    Args:
        forward: Underlying price at the expiry, above 0.
        strikes: Shape (n,), ascending, quote currency; at least two, one of them at or below the
            forward.
        values: Shape (n,), mid values in quote currency: puts below K0, calls above it, the average
            of both at K0, which is the highest strike at or below the forward.
        years: Time left, above 0.

    Raises:
        ValueError: There are fewer than two strikes, they do not ascend, or all are above the
            forward.

    Source: Cboe, "VIX methodology"; the strip of K. Demeterfi, E. Derman, M. Kamal, J. Zou, "More
    than you ever wanted to know about volatility swaps" (1999), equation 27.
    """
    k, value = columns_of(strikes, values)
    if len(k) < 2 or np.any(np.diff(k) <= 0.0):
        raise ValueError("two strikes are the least, and they ascend")
    below = k[k <= forward]
    if not len(below):
        raise ValueError(f"no strike at or below the forward {forward}")
    # np.gradient of positions: half the distance of the neighbours, at the ends the whole of one.
    widths = np.gradient(k)
    strip = 2.0 * float(np.sum(widths / (k * k) * value))
    missing = forward / float(below[-1]) - 1.0
    return ExpiryVariance(years, (strip - missing * missing) / years)


def smile_variance(smile: Smile, years: float) -> ExpiryVariance:
    """Return the variance that a smile is worth: the strip over ten deviations to both sides.

    Args:
        smile: In total variance over log-moneyness.
        years: Time left, above 0.

    Source: as for `strip_variance`; a flat smile gives its own variance, to 1e-9 of it.
    """
    assert years > 0.0
    k, width = _strip_grid(math.sqrt(max(smile.total_variance(0.0), 1e-12)))
    return _strip(k, width, np.sqrt(smile.total_variances(k) / years), years)


def quoted_variance(
    *, moneyness: ArrayLike, volatilities: ArrayLike, years: float
) -> ExpiryVariance:
    """Return the variance that the volatilities of one expiry are worth.

    Between strikes they are interpolated, beyond the outermost they go on: what `smile_variance`
    is for a smile that is only known at its strikes.

    Args:
        moneyness: ln(strike / forward), shape (n,), ascending; at least one.
        volatilities: Fractions per year, shape (n,) or one number, above 0.
        years: Time left, above 0.

    Raises:
        ValueError: Two lengths differ.
    """
    assert years > 0.0
    at, sigmas = columns_of(moneyness, volatilities)
    if sigmas.min() == sigmas.max():
        return ExpiryVariance(years, float(sigmas[0]) ** 2)  # what the strip of a flat smile is
    k, width = _strip_grid(float(np.interp(0.0, at, sigmas)) * math.sqrt(years))
    return _strip(k, width, np.interp(k, at, sigmas), years)


def volatility_index(expiries: Iterable[ExpiryVariance], *, days: float = INDEX_DAYS) -> float:
    """Return the volatility of the next `days`, as a fraction per year: 0.6 is shown as 60.

    Total variance is interpolated between the expiries on both sides of the horizon. Where all are
    on one side, the nearest one's variance stands for the horizon's.

    Args:
        expiries: In any order, at least one.
        days: The horizon, above 0.

    Raises:
        ValueError: There is no expiry.

    Source: Deribit, "DVOL - Deribit implied volatility index": 30 days annualised, from the smiles
    of the expiries around them.
    """
    terms = sorted(expiries)
    if not terms:
        raise ValueError("a volatility index needs an expiry")
    horizon = days / _DAYS_PER_YEAR
    years = [term.years for term in terms]
    totals = [term.years * term.variance for term in terms]
    if horizon <= years[0]:
        variance = terms[0].variance
    elif horizon >= years[-1]:
        variance = terms[-1].variance
    else:
        variance = float(np.interp(horizon, years, totals)) / horizon
    return float(np.sqrt(max(0.0, variance)))


def _strip_grid(deviation: float) -> tuple[Doubles, float]:
    reach = STRIP_DEVIATIONS * deviation
    return np.linspace(-reach, reach, STRIP_STEPS + 1), 2.0 * reach / STRIP_STEPS


def _strip(k: Doubles, width: float, sigmas: Doubles, years: float) -> ExpiryVariance:
    """Add up the strip of options with these volatilities, by the trapezoid rule."""
    strikes = np.exp(k)
    # Normalised: forward 1, so that Q(K) / K^2 dK is Q e^-k dk.
    priced = chain(forwards=1.0, strikes=strikes, years=years, sigmas=sigmas, calls=k >= 0.0)
    weighted = priced.price / strikes
    # The rule sees too much at the money, where puts become calls and the slope falls by one:
    # width^2 / 12 of it (Euler and Maclaurin).
    strip = width * float(np.sum(weighted[1:] + weighted[:-1])) - width * width / 6.0
    return ExpiryVariance(years, strip / years)
