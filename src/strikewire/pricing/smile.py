"""The volatility smile of one expiry: raw SVI, five numbers."""

import math

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from strikewire.pricing.columns import Doubles


class Smile(Struct, frozen=True):
    """Total implied variance over log-moneyness k.

    w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + s^2))

    Attributes:
        a: Level.
        b: Slope of the wings; not negative.
        rho: Tilt, inside -1 to 1; negative makes puts dearer than calls.
        m: Where the smile bends, in log-moneyness.
        s: How round the bend is; above 0.

    Source: J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), equation 3.1.
    """

    a: float
    b: float
    rho: float
    m: float
    s: float

    def total_variance(self, k: float) -> float:
        """Return sigma squared times years at log-moneyness k = ln(strike / forward)."""
        distance = k - self.m
        return self.a + self.b * (self.rho * distance + math.hypot(distance, self.s))

    def least_variance(self) -> float:
        """Return the least total variance that the smile has at any strike."""
        return self.a + self.b * self.s * math.sqrt(max(0.0, 1.0 - self.rho * self.rho))

    def total_variances(self, k: ArrayLike) -> Doubles:
        """Return sigma squared times years.

        Args:
            k: ln(strike / forward), shape (n,).
        """
        distance = np.asarray(k, dtype=np.float64) - self.m
        root = np.sqrt(distance * distance + self.s * self.s)
        variances: Doubles = self.a + self.b * (self.rho * distance + root)
        return variances

    def volatility(self, *, forward: float, strike: float, years: float) -> float:
        """Return the implied volatility of a strike as a fraction per year.

        Args:
            forward: Underlying price at the expiry, above 0.
            strike: Above 0, same currency.
            years: Time left; above 0.
        """
        assert years > 0.0
        return math.sqrt(self.total_variance(math.log(strike / forward)) / years)

    def butterfly(self, k: float) -> float:
        """Return g(k), which has the sign of the implied density: below 0 there is arbitrage.

        Source: Gatheral, Jacquier (2014), equation 2.1.
        """
        distance = k - self.m
        root = math.hypot(distance, self.s)
        w = self.total_variance(k)
        slope = self.b * (self.rho + distance / root)
        curvature = self.b * self.s * self.s / root**3
        moneyness = 1.0 - 0.5 * k * slope / w
        return moneyness * moneyness - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * curvature

    def butterflies(self, k: ArrayLike) -> Doubles:
        """Return g(k) as `butterfly` does, for many log-moneynesses of shape (n,)."""
        at = np.asarray(k, dtype=np.float64)
        distance = at - self.m
        root = np.sqrt(distance * distance + self.s * self.s)
        w = self.a + self.b * (self.rho * distance + root)
        slope = self.b * (self.rho + distance / root)
        curvature = self.b * self.s * self.s / (root * root * root)
        moneyness = 1.0 - 0.5 * at * slope / w
        density: Doubles = (
            moneyness * moneyness - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * curvature
        )
        return density
