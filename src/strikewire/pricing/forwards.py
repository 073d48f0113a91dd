"""Forwards from options and from the futures' own books, and the basis between them and the index.

Theory of operation. A call less a put of the same strike is a forward, so every strike with both
quoted gives a bid and an ask for the forward of its expiry: the *tightest* of them counts. With the
future's own book it makes one depth; the mid of what a given amount would be sold and bought for
is the price. Its distance from the index is the *premium*, which is averaged and bounded before a
mark is made of it (`marks.next_premium`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from strikewire.pricing.columns import Doubles, columns_of


class ForwardQuote(NamedTuple):
    """What a strike's four quotes say of the forward.

    Attributes:
        bid: The forward can be sold at this (call sold, put bought); quote currency.
        ask: It can be bought at this.
        strike: Whose options these are.
    """

    bid: float
    ask: float
    strike: float

    @property
    def mid(self) -> float:
        """Middle of both, quote currency."""
        return 0.5 * (self.bid + self.ask)


class BookLevel(NamedTuple):
    """Price in quote currency, and the amount there is at it."""

    price: float
    amount: float


def parity_forwards(
    *,
    strikes: ArrayLike,
    call_bids: ArrayLike,
    call_asks: ArrayLike,
    put_bids: ArrayLike,
    put_asks: ArrayLike,
    is_inverse: bool,
) -> tuple[Doubles, Doubles]:
    """Return bids and asks of the forward that the strikes of one expiry imply.

    With r = 0, call - put = F - K; of inverse options, whose prices are in the coin,
    call - put = 1 - K / F.

    Args:
        strikes: Shape (n,), above 0, quote currency.
        call_bids: Shape (n,) or one number, as all that follow; quote currency, or coin where
            `is_inverse`. 0.0 or NaN: nobody quotes.
        call_asks: Likewise.
        put_bids: Likewise.
        put_asks: Likewise.
        is_inverse: Whether prices are in the coin.

    Returns:
        Two columns of shape (n,), quote currency; NaN where a quote is missing, or where inverse
        prices differ by a coin or more, which no forward explains.

    Raises:
        ValueError: Two lengths differ.
    """
    k, cb, ca, pb, pa = columns_of(strikes, call_bids, call_asks, put_bids, put_asks)
    bids, asks = _by_parity(k, cb, pa, is_inverse), _by_parity(k, ca, pb, is_inverse)
    return bids, asks


def tightest_forward(
    *,
    strikes: ArrayLike,
    call_bids: ArrayLike,
    call_asks: ArrayLike,
    put_bids: ArrayLike,
    put_asks: ArrayLike,
    is_inverse: bool,
) -> ForwardQuote | None:
    """Return the forward of the strike that leaves the least between bid and ask.

    Arguments are those of `parity_forwards`. Strikes whose bid is above their ask are passed over:
    one of their quotes is stale. None where no strike has all four quotes.

    Source: Deribit, "Futures mark price" (support article 25944746962973): synthetic futures from
    the tightest strike.
    """
    bids, asks = parity_forwards(
        strikes=strikes,
        call_bids=call_bids,
        call_asks=call_asks,
        put_bids=put_bids,
        put_asks=put_asks,
        is_inverse=is_inverse,
    )
    spreads = np.where(asks >= bids, asks - bids, np.inf)  # NaN compares as false
    if not len(spreads) or not np.isfinite(np.min(spreads)):
        return None
    best = int(np.argmin(spreads))
    (k,) = columns_of(strikes)
    return ForwardQuote(float(bids[best]), float(asks[best]), float(k[best]))


def impact_mid(
    bids: Sequence[BookLevel], asks: Sequence[BookLevel], *, amount: float
) -> float | None:
    """Return the middle of the prices at which `amount` could be sold and bought.

    Args:
        bids: Best first. An implied forward stands in it as a level like any other.
        asks: Best first.
        amount: How deep to look, in the levels' unit; above 0. Where a side holds less, its
            average is over what it holds.

    Returns:
        Quote currency, None where a side is empty.

    Source: Deribit, as above: the average price of both sides down to a given amount.
    """
    assert amount > 0.0
    sold, bought = _average(bids, amount), _average(asks, amount)
    return None if sold is None or bought is None else 0.5 * (sold + bought)


def basis(mark: float, index: float, years: float) -> float:
    """Return a future's premium over the index as a fraction per year, 0.0 without time left.

    Args:
        mark: Price of the future, above 0.
        index: Same currency, above 0.
        years: Time left.
    """
    assert index > 0.0
    return (mark / index - 1.0) / years if years > 0.0 else 0.0


def _by_parity(strikes: Doubles, calls: Doubles, puts: Doubles, is_inverse: bool) -> Doubles:
    difference = np.where((calls > 0.0) & (puts > 0.0), calls - puts, np.nan)
    if not is_inverse:
        return strikes + difference
    share = np.where(difference < 1.0, 1.0 - difference, np.nan)
    forwards: Doubles = strikes / share
    return forwards


def _average(levels: Sequence[BookLevel], amount: float) -> float | None:
    value = taken = 0.0
    for level in levels:
        part = min(level.amount, amount - taken)
        value += part * level.price
        taken += part
        if taken >= amount:
            break
    return value / taken if taken > 0.0 else None
