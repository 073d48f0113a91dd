"""From an option's price back to the volatility it implies."""

from strikewire.pricing.kernels import black76 as kernel


def implied_volatility(
    *, price: float, forward: float, strike: float, years: float, is_call: bool
) -> float | None:
    """Return the volatility at which Black-76 gives `price`, as a fraction per year.

    In-the-money quotes are turned to their out-of-the-money twin by put-call parity first: the
    intrinsic value only costs digits.

    Args:
        price: Value in quote currency; a Deribit inverse option's price times the underlying price.
        forward: Underlying price at the expiry, above 0.
        strike: Above 0, same currency.
        years: Time left.
        is_call: False for a put.

    Returns:
        None where no volatility gives the price: at or below the intrinsic value, at or above the
        forward (call) or the strike (put), or no time left. A ticker then shows 0.0.

    Source: P. Jaeckel, "By implication" (2006) for the shape of the three objectives.
    """
    assert forward > 0.0
    assert strike > 0.0
    if years <= 0.0:
        return None
    volatility = kernel.implied_volatility(price, forward, strike, years, is_call)
    return volatility if volatility >= 0.0 else None
