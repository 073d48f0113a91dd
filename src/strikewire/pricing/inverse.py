"""Inverse options: quoted and settled in the coin, though their strike is in dollars."""

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from strikewire.pricing.columns import Doubles, columns_of

Number = TypeVar("Number", float, Doubles)
"""One number, or a column of shape (n,)."""


def coin_price(value: Number, underlying: Number) -> Number:
    """Return what an option costs in the coin.

    Args:
        value: Black-76 value, quote currency per unit of the underlying.
        underlying: Forward of its expiry, the ticker's `underlying_price`; above 0.

    Source: Deribit tickers: `mark_price` is the value of `mark_iv` over `underlying_price`.
    """
    return value / underlying


def quote_value(price: Number, underlying: Number) -> Number:
    """Return the Black-76 value of an option, quote currency per unit of the underlying.

    Args:
        price: What it costs in the coin.
        underlying: Forward of its expiry, quote currency; above 0.
    """
    return price * underlying


def coin_payoff(settlement: float, strike: float, *, is_call: bool) -> float:
    """Return what an inverse option pays at its expiry, in the coin per unit.

    Args:
        settlement: Delivery price, quote currency; above 0.
        strike: Same currency.
        is_call: False for a put. A put can pay more than a coin, a call never.

    Source: Deribit, "Inverse options": max(S - K, 0) / S for a call, max(K - S, 0) / S for a put.
    """
    difference = settlement - strike if is_call else strike - settlement
    return max(0.0, difference) / settlement


def net_delta(delta: Number, price: Number) -> Number:
    """Return the delta that a bought inverse option adds to an account: net of its premium.

    The premium was paid in the coin, and coins have a delta of one: whoever pays 0.10 BTC for a
    call with a delta of 0.50 is long 0.40 BTC. As the option's mark moves, so does this number.

    It is also the derivative of the option's coin price by the underlying, times the underlying:
    F d(V / F)/dF = delta - V / F.

    Args:
        delta: Black-76 delta, as tickers show it.
        price: Mark price in the coin.

    Source: Deribit, "Net transaction delta": DeltaTotal adds Black-Scholes delta less mark price;
    C. Alexander, A. Imeraj, "Inverse options in a Black-Scholes world" (arXiv 2107.12041).
    """
    return delta - price


def delta_total(*, sizes: ArrayLike, deltas: ArrayLike, prices: ArrayLike) -> float:
    """Return the delta of all positions of an account in one coin, net of the premiums.

    Each argument is a column of shape (n,) or one number for all.

    Args:
        sizes: In coins; positive long, negative short. Of an inverse future, its value in dollars
            over its mark.
        deltas: As tickers show them; 1.0 for futures.
        prices: Mark prices in the coin of inverse options; 0.0 for everything else, whose profit
            is not paid in the coin, or which has no premium.

    Raises:
        ValueError: Two lengths differ.

    Source: Deribit, "Net transaction delta".
    """
    size, delta, price = columns_of(sizes, deltas, prices)
    return float(np.dot(size, net_delta(delta, price)))
