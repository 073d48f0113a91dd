"""The scenarios and charges of portfolio margin, as parameters.

The scenarios are nine moves of the price, each with volatility down, same and up, and eight larger
moves with volatility up of whose loss a part counts. To the worst of them are added the roll shock,
a charge for the delta of each expiry, whose forwards need not move alike, and the delta shock, one
for a delta too large to be sold in a hurry.

Source: Deribit, "Portfolio margin" (support article 25944756247837), and the answer that the
reference of `private/pme/simulate` shows.
"""

from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct

from strikewire.pricing.columns import Doubles

DOWN, SAME, UP = range(3)
"""What a scenario does to volatility."""

_DAYS_PER_YEAR: Final = 365.0
_TERM_DAYS: Final = 30.0
_DAYS_MIN: Final = 1.0 / 24.0


class Scenario(NamedTuple):
    """One thing that could happen.

    Attributes:
        move: Of the underlying price as a fraction: -0.16 is 16 % down.
        volatility: DOWN, SAME or UP.
        weight: What part of the gain or loss counts, 0 to 1.
    """

    move: float
    volatility: int
    weight: float


class MarginRules(Struct, frozen=True):
    """The parameters of portfolio margin; the defaults are Deribit's of 2024 for BTC.

    Attributes:
        price_range: The largest move of the inner scenarios, as a fraction.
        price_steps: Moves to each side; the nine moves are evenly spaced.
        volatility_up: How far volatility goes up at thirty days, as a fraction of itself.
        volatility_down: How far down.
        power_short: Exponent of 30 / days below thirty days.
        power_long: From thirty days on.
        volatility_up_min: After going up a volatility is at least this.
        extended_moves: The eight larger moves, volatility up.
        extended_dampener: Loss in quote currency that an extended scenario forgives for each time
            that its move is larger than the price range.
        maintenance_factor: Maintenance margin as a part of the initial margin.
        move_risk: How far the forward of an expiry a year away may move by itself, as the logarithm
            of a fraction: what a coin of delta in it costs.
        move_risk_min: The least that it costs, as a fraction of the coin; of a perpetual, all.
        delta_shock: What a coin of delta costs at most, as a fraction of the coin.
        delta_shock_growth: How much a coin costs for each coin beyond the liquidity.
        delta_liquidity: Delta in quote currency that costs nothing.
    """

    price_range: float = 0.16
    price_steps: int = 4
    volatility_up: float = 0.5
    volatility_down: float = 0.25
    power_short: float = 0.30
    power_long: float = 0.13
    volatility_up_min: float = 0.5
    extended_moves: tuple[float, ...] = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
    extended_dampener: float = 100_000.0
    maintenance_factor: float = 0.8
    move_risk: float = 0.075
    move_risk_min: float = 0.01
    delta_shock: float = 0.1
    delta_shock_growth: float = 0.00005
    delta_liquidity: float = 20_000_000.0

    def scenarios(self) -> tuple[Scenario, ...]:
        """Return the inner scenarios by move and volatility, then the extended ones.

        An extended scenario counts by price range / move of its gain in quote currency: as if that
        were of the inner range, on the line from here to there.
        """
        inner = (
            Scenario(self.price_range * step / self.price_steps, volatility, 1.0)
            for step in range(-self.price_steps, self.price_steps + 1)
            for volatility in (DOWN, SAME, UP)
        )
        extended = (
            Scenario(move, UP, min(1.0, self.price_range / abs(move)))
            for move in self.extended_moves
        )
        return (*inner, *extended)

    def shocked(self, sigmas: Doubles, years: Doubles) -> Doubles:
        """Return volatilities down, same and up, shape (3, n).

        Args:
            sigmas: Mark volatilities, fractions per year, shape (n,); 0.0 stays 0.0.
            years: Time left, shape (n,).

        sigma (1 +- range (30 / days)^power), at least 0 down and `volatility_up_min` up. The last
        hour counts as an hour.

        Source: as above; the form also in Oreome, "Advanced risk scenarios".
        """
        days = np.maximum(years * _DAYS_PER_YEAR, _DAYS_MIN)
        power = np.where(days < _TERM_DAYS, self.power_short, self.power_long)
        scale = np.exp(power * np.log(_TERM_DAYS / days))
        moved = np.empty((3, len(sigmas)))
        moved[DOWN] = sigmas * np.maximum(0.0, 1.0 - self.volatility_down * scale)
        moved[SAME] = sigmas
        up = np.maximum(sigmas * (1.0 + self.volatility_up * scale), self.volatility_up_min)
        moved[UP] = np.where(sigmas > 0.0, up, 0.0)
        return moved

    def weight(self, scenario: Scenario, *, is_inverse: bool) -> float:
        """Return what a scenario's gain in settlement currency is multiplied by.

        What counts of a gain in dollars is turned into coins at the edge of the price range, not
        at the price of the scenario: a future gains there what it gains at the edge.

        Args:
            scenario: Of `scenarios`.
            is_inverse: Whether the settlement currency is the coin.
        """
        if not is_inverse:
            return scenario.weight
        return scenario.weight * (1.0 + scenario.move) / (1.0 + self._held(scenario.move))

    def times_forgiven(self, scenario: Scenario, *, is_inverse: bool) -> float:
        """Return how many dampeners a scenario forgives, in dollars, or over the index in coins.

        Args:
            scenario: Of `scenarios`.
            is_inverse: Whether the settlement currency is the coin.
        """
        times = max(abs(scenario.move) / self.price_range, 1.0) - 1.0
        return times / (1.0 + self._held(scenario.move)) if is_inverse else times

    def _held(self, move: float) -> float:
        """Return a move, held within the price range."""
        return max(-self.price_range, min(move, self.price_range))
