"""What is bid and asked for the options of one expiry, in volatility."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.smile import Smile

HALF_SPREAD_MIN: Final = 0.001
"""A quote is not trusted to better than a tenth of a volatility point."""


class ExpiryQuotes(NamedTuple):
    """Volatilities bid and asked for the options of one expiry.

    Attributes:
        years: Time left, above 0.
        moneyness: ln(strike / forward), shape (n,), in any order; a strike may stand twice.
        bids: Volatilities, fractions per year, shape (n,); 0.0 where there is none.
        asks: Likewise.
    """

    years: float
    moneyness: Doubles
    bids: Doubles
    asks: Doubles


def expiry_quotes(
    *, years: float, forward: float, strikes: ArrayLike, bids: ArrayLike, asks: ArrayLike
) -> ExpiryQuotes:
    """Return the quotes of one expiry as columns.

    Args:
        years: Time left.
        forward: Underlying price at the expiry.
        strikes: Shape (n,), same currency.
        bids: Volatilities as fractions; 0.0, as in tickers, or not finite where there is none.
        asks: Likewise.

    Returns:
        Quotes of an expiry without time left, without a forward above 0, or of a strike that is not
        above 0 are kept, and no surface takes them for usable.

    Raises:
        ValueError: Two lengths differ.
    """
    k, bid, ask = columns_of(strikes, bids, asks)
    bid, ask = (np.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0) for one in (bid, ask))
    with np.errstate(invalid="ignore", divide="ignore"):
        moneyness = np.log(k / np.float64(forward))
    return ExpiryQuotes(years, moneyness, bid, ask)


def in_doubles(quotes: ExpiryQuotes) -> ExpiryQuotes:
    """Return the quotes as contiguous columns of doubles; themselves where they are.

    Raises:
        ValueError: Two lengths differ.
    """
    return ExpiryQuotes(quotes.years, *columns_of(quotes.moneyness, quotes.bids, quotes.asks))


def usable(quotes: ExpiryQuotes) -> ExpiryQuotes:
    """Return those quotes that a smile can be fitted to: both sides there, and not crossed.

    Of an expiry without time left there are none.

    Raises:
        ValueError: Two lengths differ.
    """
    quotes = in_doubles(quotes)
    good = (quotes.bids > 0.0) & (quotes.asks >= quotes.bids)
    good &= np.isfinite(quotes.moneyness) & np.isfinite(quotes.asks) & (quotes.years > 0.0)
    return ExpiryQuotes(quotes.years, quotes.moneyness[good], quotes.bids[good], quotes.asks[good])


def middles(quotes: ExpiryQuotes) -> Doubles:
    """Return the volatilities halfway between bid and ask, shape (n,)."""
    return 0.5 * (quotes.bids + quotes.asks)


def half_spreads(quotes: ExpiryQuotes) -> Doubles:
    """Return half of each spread, at least `HALF_SPREAD_MIN`, shape (n,)."""
    halves: Doubles = np.maximum(0.5 * (quotes.asks - quotes.bids), HALF_SPREAD_MIN)
    return halves


def misses(quotes: ExpiryQuotes, smile: Smile) -> Doubles:
    """Return how many half spreads a smile lies above the middle of each quote, shape (n,)."""
    variances = smile.total_variances(quotes.moneyness)
    fitted = np.sqrt(np.maximum(variances, 0.0) / quotes.years)
    missed: Doubles = (fitted - middles(quotes)) / half_spreads(quotes)
    return missed
