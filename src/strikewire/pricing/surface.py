"""A whole volatility surface from seven numbers, free of arbitrage by construction.

The at-the-money variance decays from today's level to a long-run one; each expiry's smile is the
SSVI slice through it. Total variance therefore never falls with time (no calendar arbitrage), and
the bounds checked at construction keep every slice's density positive (no butterfly arbitrage).
"""

import math

from msgspec import Struct

from strikewire.pricing.smile import Smile


class ArbitrageError(ValueError):
    """The parameters would let somebody earn without risk; the message names the bound."""


class Surface(Struct, frozen=True):
    """Parameters of the surface.

    Attributes:
        volatility: At-the-money volatility of the shortest expiries, fraction per year.
        volatility_long: The level it reverts to.
        reversion: Speed of that, per year.
        rho: Tilt of every smile, inside -1 to 1.
        eta: How curved the smiles are; 0 is flat.

    Raises:
        ArbitrageError: A volatility or the reversion is not above 0, or `rho` and `eta` break the
            butterfly bound eta (1 + abs(rho)) <= 2.

    Source: J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), section 4,
    theorem 4.2 and the power law of equation 4.5 with gamma = 1/2.
    """

    volatility: float = 0.55
    volatility_long: float = 0.60
    reversion: float = 3.0
    rho: float = -0.25
    eta: float = 0.8

    def __post_init__(self) -> None:
        if min(self.volatility, self.volatility_long, self.reversion) <= 0.0:
            raise ArbitrageError("volatilities and reversion must be above 0")
        if not -1.0 < self.rho < 1.0:
            raise ArbitrageError(f"rho {self.rho} is not inside -1 to 1")
        if not 0.0 < self.eta * (1.0 + abs(self.rho)) <= 2.0:
            raise ArbitrageError(f"eta {self.eta} with rho {self.rho} breaks eta (1 + |rho|) <= 2")

    def variance(self, years: float) -> float:
        """Return the total at-the-money variance of an expiry, rising with `years`.

        It is the integral of a variance that reverts exponentially to its long-run level.
        """
        short, long = self.volatility**2, self.volatility_long**2
        decayed = -math.expm1(-self.reversion * years) / self.reversion
        return long * years + (short - long) * decayed

    def smile(self, years: float) -> Smile:
        """Return the smile of the expiry `years` away; above 0.

        Source: Gatheral, Jacquier (2014), lemma 3.1 and equation 4.1: the slice in raw SVI form.
        """
        assert years > 0.0
        theta = self.variance(years)
        phi = self.eta / math.sqrt(theta * (1.0 + theta))
        roundness = 1.0 - self.rho * self.rho
        return Smile(
            a=0.5 * theta * roundness,
            b=0.5 * theta * phi,
            rho=self.rho,
            m=-self.rho / phi,
            s=math.sqrt(roundness) / phi,
        )
