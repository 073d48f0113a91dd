"""The surface that a chain's quotes say: a smile for each expiry, together free of arbitrage.

Theory of operation. Expiries are fitted one by one (`fit`), those with too few quotes after the
others, with the shape of their neighbour for a prior. Then they are gone through from the nearest
to the furthest: where there is arbitrage, in a smile or with the one before, the smile is fitted
anew with arbitrage as a penalty, and what little is left is repaired (`arbitrage`). Between
expiries total variance is interpolated at equal log-moneyness, so it never falls with time there
either.

A surface is a value: fit one in a thread, hand it over, go on with the last until then.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from strikewire.pricing.arbitrage import arbitrages, repaired, suspects
from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.fit import (
    ExpiryQuotes,
    fit_smile,
    half_spreads_off,
    refit_smile,
    shape_of,
    usable,
)
from strikewire.pricing.smile import Smile

QUOTES_FEW: Final = 5
"""An expiry with fewer usable quotes than a smile has numbers takes its neighbour's shape."""


class FittedExpiry(Struct, frozen=True):
    """The smile of one expiry.

    Attributes:
        years: Time left when it was fitted, above 0.
        smile: In total variance over log-moneyness.
        quotes: Usable quotes it was fitted to.
    """

    years: float
    smile: Smile
    quotes: int


class FittedSurface(Struct, frozen=True):
    """The smiles of a chain, nearest expiry first; at least one.

    Total variance at log-moneyness k is, between two expiries, interpolated by time; before the
    first it grows from 0 in proportion to time, so that the volatility stays that of the first;
    after the last it grows at every k by the last one's variance a year at the money, so that
    smiles flatten with time.

    Source: Gatheral, Jacquier (2014), section 5 (interpolation of total variance).
    """

    expiries: tuple[FittedExpiry, ...]

    def total_variances(self, k: ArrayLike, years: ArrayLike) -> Doubles:
        """Return sigma squared times years.

        Args:
            k: ln(strike / forward), shape (n,) or one number.
            years: Time left, above 0, likewise.

        Raises:
            ValueError: Two lengths differ.
        """
        at, time = columns_of(k, years)
        times = np.array([one.years for one in self.expiries])
        after = np.clip(np.searchsorted(times, time), 1, max(len(times) - 1, 1)) % len(times)
        before = np.maximum(after - 1, 0)
        first, last = self._variances(before, at), self._variances(after, at)
        gap = times[after] - times[before]
        part = np.where(gap > 0.0, (time - times[before]) / np.where(gap > 0.0, gap, 1.0), 0.0)
        between = first + np.clip(part, 0.0, 1.0) * (last - first)
        nearest, furthest = self.expiries[0], self.expiries[-1]
        a_year = furthest.smile.total_variance(0.0) / furthest.years
        short = nearest.smile.total_variances(at) * (time / nearest.years)
        long = furthest.smile.total_variances(at) + a_year * (time - furthest.years)
        found: Doubles = np.where(
            time <= nearest.years, short, np.where(time >= furthest.years, long, between)
        )
        return found

    def volatilities(self, *, forwards: ArrayLike, strikes: ArrayLike, years: ArrayLike) -> Doubles:
        """Return implied volatilities as fractions per year, shape (n,).

        Each argument is a column of shape (n,) or one number for all.

        Args:
            forwards: Underlying prices at the expiries, above 0.
            strikes: Above 0, same currency.
            years: Time left, above 0.

        Raises:
            ValueError: Two lengths differ.
        """
        forward, strike, time = columns_of(forwards, strikes, years)
        volatilities: Doubles = np.sqrt(self.total_variances(np.log(strike / forward), time) / time)
        return volatilities

    def volatility(self, *, forward: float, strike: float, years: float) -> float:
        """Return one implied volatility; arguments as for `volatilities`."""
        return float(self.volatilities(forwards=forward, strikes=strike, years=years)[0])

    def at_the_money(self) -> Doubles:
        """Return the volatility at the forward of each expiry, shape (n,): the term structure."""
        return np.array(
            [math.sqrt(one.smile.total_variance(0.0) / one.years) for one in self.expiries]
        )

    def _variances(self, index: "np.ndarray[tuple[int], np.dtype[np.intp]]", k: Doubles) -> Doubles:
        smiles = [one.smile for one in self.expiries]
        table = np.array([(one.a, one.b, one.rho, one.m, one.s) for one in smiles])
        a, b, rho, m, s = table[index].T
        distance = k - m
        found: Doubles = a + b * (rho * distance + np.sqrt(distance * distance + s * s))
        return found


def fit_surface(
    expiries: Sequence[ExpiryQuotes], *, start: FittedSurface | None = None
) -> FittedSurface:
    """Return the surface of a chain's quotes, free of butterfly and calendar arbitrage.

    Args:
        expiries: In any order; those without a usable quote are passed over.
        start: The surface of a moment ago. Smiles are looked for from its smiles of the same
            expiries (the nearest in time), which is several times as fast.

    Raises:
        ValueError: No expiry has a usable quote, or two have the same time left.

    Source: Gatheral, Jacquier (2014); the search is scipy's.
    """
    chain = sorted((usable(one) for one in expiries), key=lambda one: one.years)
    chain = [one for one in chain if len(one.moneyness)]
    if not chain:
        raise ValueError("no expiry has a quote with both sides")
    if len({one.years for one in chain}) < len(chain):
        raise ValueError("two expiries have the same time left")
    priors = _priors(chain, start)
    smiles: list[Smile] = []
    for one, prior in zip(chain, priors, strict=True):
        nearer = smiles[-1] if smiles else None
        smiles.append(fit_smile(one, start=_start(one, start), prior=prior, nearer=nearer))
    _repair(chain, smiles, priors)
    return FittedSurface(
        tuple(
            FittedExpiry(one.years, smile, len(one.moneyness))
            for one, smile in zip(chain, smiles, strict=True)
        )
    )


def mark_volatilities(surface_ivs: ArrayLike, bids: ArrayLike, asks: ArrayLike) -> Doubles:
    """Return mark volatilities: those of the surface, held between the best bid and ask.

    Each argument is a column of shape (n,) or one number for all; fractions per year.

    Args:
        surface_ivs: What the surface says.
        bids: Volatilities of the best bids; 0.0 where there is none, and then nothing holds below.
        asks: Of the best asks, likewise. A crossed pair is not believed, and holds nothing.

    Raises:
        ValueError: Two lengths differ.
    """
    fair, bid, ask = columns_of(surface_ivs, bids, asks)
    ceiling = np.where(ask > 0.0, ask, np.inf)
    is_crossed = bid > ceiling
    held: Doubles = np.where(is_crossed, fair, np.minimum(np.maximum(fair, bid), ceiling))
    return held


def _start(quotes: ExpiryQuotes, start: FittedSurface | None) -> Smile | None:
    if start is None:
        return None
    nearest = min(start.expiries, key=lambda one: abs(one.years - quotes.years))
    # A smile of quite another time is no place to start from.
    return nearest.smile if 0.5 < nearest.years / quotes.years < 2.0 else None


def _priors(chain: Sequence[ExpiryQuotes], start: FittedSurface | None) -> list[Smile | None]:
    """Return the shape of the nearest well quoted expiry, for those that are not."""
    rich = [one for one in chain if len(one.moneyness) >= QUOTES_FEW]
    if len(rich) == len(chain) or not rich:
        return [None] * len(chain)
    priors: list[Smile | None] = []
    for one in chain:
        if len(one.moneyness) >= QUOTES_FEW:
            priors.append(None)
            continue
        neighbour = min(rich, key=lambda other: abs(math.log(other.years / one.years)))
        shape = fit_smile(neighbour, start=_start(neighbour, start))
        priors.append(shape_of(repaired(shape, None)))
    return priors


def _repair(
    chain: Sequence[ExpiryQuotes], smiles: list[Smile], priors: Sequence[Smile | None]
) -> None:
    """Take the arbitrage out of `smiles`, from the nearest expiry to the furthest."""
    suspected = suspects(smiles)
    nearer: Smile | None = None
    has_moved = False  # the smile before this one, since the suspects were named
    for number, one in enumerate(chain):
        smile = smiles[number]
        has_moved = (has_moved or suspected[number]) and bool(arbitrages(smile, nearer))
        if has_moved:
            refitted = refit_smile(one, smile, nearer, prior=priors[number])
            # Quotes that contradict those before too much lead the refit astray.
            smiles[number] = min(
                (repaired(refitted, nearer), repaired(smile, nearer)),
                key=lambda mended: half_spreads_off(one, mended),
            )
        nearer = smiles[number]
