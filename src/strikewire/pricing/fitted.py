"""The surface that a chain's quotes say: a smile for each expiry, together free of arbitrage.

Theory of operation. Expiries are fitted one by one (`fit`), with the shape of a neighbour for a
prior where they have too few quotes. Where wings come out less steep than those of an expiry
before, all are told together how steep they may be (`wings`), and those beyond it are fitted anew.
Then they are gone through, the well quoted ones from the nearest to the furthest, the others, the
most quoted first: where there is arbitrage, in a smile or with one beside it that stands already,
it is fitted anew with arbitrage as a penalty, and what little is left is repaired (`arbitrage`). So
a few quotes never lead those of a well quoted expiry astray. Between expiries total variance is
interpolated at equal log-moneyness, so it never falls with time there either.

A surface is a value: fit one in a thread, hand it over, go on with the last until then.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from strikewire.pricing.arbitrage import (
    arbitrages,
    furthest,
    lowered,
    repaired,
    suspects,
    wing_slopes,
)
from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.fit import fit_smile, refit_smile, shape_of
from strikewire.pricing.quotes import ExpiryQuotes, middles, misses, usable
from strikewire.pricing.smile import Smile
from strikewire.pricing.wings import rising_wings, slope_weights

QUOTES_FEW: Final = 5
"""An expiry with fewer usable quotes than a smile has numbers takes its neighbour's shape."""


QUOTES_MANY: Final = 10
"""An expiry with so many stands before any with fewer, and gives way to none."""


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
    order = sorted(
        range(len(chain)), key=lambda number: -min(len(chain[number].moneyness), QUOTES_MANY)
    )
    alone = [
        fit_smile(one, start=_start(one, start), prior=prior)
        for one, prior in zip(chain, priors, strict=True)
    ]
    smiles = _with_rising_wings(chain, alone, priors)
    fitted = _without_arbitrage(chain, smiles, priors, order)
    return FittedSurface(
        tuple(
            FittedExpiry(one.years, fitted[number], len(one.moneyness))
            for number, one in enumerate(chain)
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


def _beside(number: int, smiles: Mapping[int, Smile]) -> tuple[Smile | None, Smile | None]:
    """Return the smiles that stand next before an expiry and next after it."""
    before = max((one for one in smiles if one < number), default=None)
    after = min((one for one in smiles if one > number), default=None)
    return (
        None if before is None else smiles[before],
        None if after is None else smiles[after],
    )


def _with_rising_wings(
    chain: Sequence[ExpiryQuotes], smiles: Sequence[Smile], priors: Sequence[Smile | None]
) -> list[Smile]:
    """Return the smiles with wings no less steep than those of the expiries before."""
    slopes = np.array([wing_slopes(one) for one in smiles])
    if np.all(np.diff(slopes, axis=0) >= 0.0):
        return list(smiles)
    least, most = rising_wings(
        slopes, [slope_weights(*one) for one in zip(chain, smiles, strict=True)]
    )
    inside = np.all((slopes >= least) & (slopes <= most), axis=1)
    return [
        one
        if inside[number]
        else fit_smile(
            chain[number],
            start=one,
            prior=priors[number],
            least=tuple(least[number].tolist()),
            most=tuple(most[number].tolist()),
        )
        for number, one in enumerate(smiles)
    ]


def _without_arbitrage(
    chain: Sequence[ExpiryQuotes],
    smiles: Sequence[Smile],
    priors: Sequence[Smile | None],
    order: Sequence[int],
) -> Sequence[Smile]:
    """Return the smiles with the arbitrage taken out, in the order in which they have a say."""
    suspected = suspects(smiles)
    if not any(suspected):
        return smiles
    placed: dict[int, Smile] = {}
    has_moved = False  # any of them, since the suspects were named
    for number in order:
        smile = smiles[number]
        nearer, later = _beside(number, placed)
        before = max((one for one in placed if one < number), default=-1)
        after = min((one for one in placed if one > number), default=number)
        is_suspected = has_moved or any(suspected[before + 1 : after + 1])
        if is_suspected and not _is_clean(smile, nearer, later):
            smile = _mended(chain[number], smile, priors[number], nearer, later)
            has_moved = True
        placed[number] = smile
    return [placed[number] for number in range(len(chain))]


def _is_clean(smile: Smile, nearer: Smile | None, later: Smile | None) -> bool:
    return not arbitrages(smile, nearer) and (later is None or not arbitrages(later, smile))


def _mended(
    quotes: ExpiryQuotes,
    smile: Smile,
    prior: Smile | None,
    nearer: Smile | None,
    later: Smile | None,
) -> Smile:
    """Return the nearest to the quotes of what can be done: without arbitrage beside both."""
    # Quotes that contradict those beside too much lead the refit astray.
    refitted = refit_smile(quotes, smile, nearer, later=later, prior=prior)
    found = [repaired(one, nearer) for one in (refitted, smile)]
    if later is not None:
        found += [lowered(one, later) for one in found]
        found = [one for one in found if _is_clean(one, nearer, later)]
        found.append(_part_of(later, nearer, quotes))
    return min(found, key=lambda one: float(np.mean(np.abs(misses(quotes, one)))))


def _part_of(later: Smile, nearer: Smile | None, quotes: ExpiryQuotes) -> Smile:
    """Return a part of the smile after, as near to the quotes as the one before lets it come.

    A part of a smile without butterfly arbitrage has none: its g is no less than the part of the
    whole's. What is near to having some may come too near.
    """
    wanted = middles(quotes) ** 2 * quotes.years
    target = float(np.median(wanted / later.total_variances(quotes.moneyness)))

    def scaled(part: float) -> Smile:
        times = 1.0 - part * (1.0 - min(max(target, 1e-6), 1.0))
        return Smile(a=times * later.a, b=times * later.b, rho=later.rho, m=later.m, s=later.s)

    return furthest(scaled, lambda one: _is_clean(one, nearer, later))
