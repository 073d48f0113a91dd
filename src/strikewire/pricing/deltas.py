"""A smile read by delta, as option traders speak of it: the 25-delta put, the 5-delta call."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from strikewire.pricing.chain import chain
from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.smile import Smile

_DEVIATIONS = 8.0
_STEPS = 1_600


class DeltaPoints(NamedTuple):
    """Where a smile has given deltas; each of shape (n,).

    Attributes:
        moneyness: ln(strike / forward).
        volatilities: Fractions per year.
    """

    moneyness: Doubles
    volatilities: Doubles


def at_deltas(smile: Smile, years: float, deltas: ArrayLike) -> DeltaPoints:
    """Return the strikes whose options have the given forward deltas, and their volatilities.

    Args:
        smile: Without butterfly arbitrage, so that deltas fall as strikes rise.
        years: Time left, above 0.
        deltas: Shape (n,): positive of calls, negative of puts; 0.05 is the 5-delta call. Those
            beyond eight deviations are held there.
    """
    assert years > 0.0
    (wanted,) = columns_of(deltas)
    reach = _DEVIATIONS * np.sqrt(smile.total_variance(0.0))
    k = np.linspace(-reach, reach, _STEPS + 1)
    sigmas = np.sqrt(smile.total_variances(k) / years)
    found = chain(forwards=1.0, strikes=np.exp(k), years=years, sigmas=sigmas, calls=True).delta
    # Of the call at the same strike; np.interp wants what rises.
    of_calls = np.where(wanted < 0.0, 1.0 + wanted, wanted)
    moneyness = np.interp(-of_calls, -found, k)
    return DeltaPoints(moneyness, np.sqrt(smile.total_variances(moneyness) / years))
