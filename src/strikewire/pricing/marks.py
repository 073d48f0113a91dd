"""The prices positions are valued at, as integers that anyone can recompute.

An option's mark is made in this order: the underlying is rounded to four decimals and the
volatility to 0.01 %, the two numbers a ticker shows, and only then Black-76 gives the price *of the
rounded numbers*. Whoever reads the ticker gets the mark to its last digit.
"""

import math

from msgspec import Struct

from strikewire.model import PRICE_SCALE, PriceE8, divide_half_even
from strikewire.pricing.black76 import greeks, price
from strikewire.pricing.smile import Smile

UNDERLYING_STEP_E8 = 10_000
"""Marks of futures and underlying prices are published to four decimals."""

IV_STEP_E4 = 100
"""Mark volatilities are published to 0.01 %; `iv_e4` counts 1e-4 of a percent."""

IV_E4_MIN = 1 * 10_000
IV_E4_MAX = 999 * 10_000
"""Bounds of a mark volatility: 1 % and 999 % a year; beyond them it is held there."""

GREEKS_SCALE = 100_000
"""Deltas and vegas are published to five decimals."""

OPTION_PRICE_MIN = PriceE8(100)
"""An option is never marked below 0.000001: while it lives it is worth something."""

PREMIUM_BOUND_PPM = 5_000
"""How far a perpetual's mark may lie from the index: 0.5 %, in parts per million."""

# An exponential average over 30 s: each second keeps 29/31 of the old value.
_KEPT_PER_SECOND = 29 / 31


class OptionMark(Struct, frozen=True):
    """What a `Mark` of the exchange needs for an option.

    Attributes:
        price: In 1e-8 of the currency the option is quoted in (BTC, ETH, USDC).
        iv_e4: Volatility a year in 1e-4 of a percent: 801200 is 80.12 %.
        underlying: Forward of its expiry, in 1e-8 of the quote currency, to four decimals.
        delta_e5: In 1e-5, as a ticker shows it.
        vega_e5: In 1e-5 of the counter currency for a volatility point, as a ticker shows it.
    """

    price: PriceE8
    iv_e4: int
    underlying: PriceE8
    delta_e5: int
    vega_e5: int


class Premium(Struct, frozen=True):
    """How far a future trades above its index, or above another price, averaged.

    Attributes:
        ratio: (price - index) / index, within its bound.
        time_ns: When it was last brought up to date.
    """

    ratio: float
    time_ns: int


def next_premium(
    premium: Premium | None,
    *,
    now_ns: int,
    index: PriceE8,
    mid: PriceE8 | None,
    bound: float = PREMIUM_BOUND_PPM / 1e6,
) -> Premium:
    """Return the premium after the future's book was looked at.

    Args:
        premium: The last one; None at the start, which begins at zero.
        now_ns: Nanoseconds since the Unix epoch.
        index: Above 0.
        mid: Between best bid and ask, in the unit of `index`; None when a side is empty, and then
            the premium fades towards zero.
        bound: How far from `index` a mid may lie, as a fraction; beyond, it is held there.

    Source: Thalex, "Mark price": an average over 30 s whose newest second weighs 2/31.
    """
    assert index > 0
    if premium is None:
        return Premium(0.0, now_ns)
    seconds = max(0, now_ns - premium.time_ns) / 1e9
    kept = math.pow(_KEPT_PER_SECOND, seconds)
    seen = 0.0 if mid is None else min(max((mid - index) / index, -bound), bound)
    return Premium(kept * premium.ratio + (1.0 - kept) * seen, max(now_ns, premium.time_ns))


def perpetual_mark(index: PriceE8, premium: Premium) -> PriceE8:
    """Return the mark of a perpetual: index plus averaged premium, to four decimals."""
    return _four_decimals(index * (1.0 + premium.ratio))


def dated_mark(
    index: PriceE8, *, basis: float, years: float, premium: Premium | None = None
) -> PriceE8:
    """Return the mark of a dated future, which is also the underlying of its expiry's options.

    Args:
        index: In 1e-8 of the quote currency.
        basis: Premium over the index as a fraction per year: 0.05 is 5 %.
        years: Time left; at 0 the mark is the index.
        premium: What books add to that, averaged; None where nobody looks at any.
    """
    ratio = premium.ratio if premium is not None else 0.0
    return _four_decimals(index * (1.0 + basis * years) * (1.0 + ratio))


def option_mark(
    smile: Smile | None,
    *,
    underlying: PriceE8,
    strike: float,
    years: float,
    is_call: bool,
    is_inverse: bool,
) -> OptionMark:
    """Return the mark of an option from the smile of its expiry.

    Args:
        smile: None when no time is left; the option is then worth what it would pay.
        underlying: Forward of the expiry in 1e-8; rounded to four decimals here.
        strike: Above 0, in quote currency.
        years: Time left.
        is_call: False for a put.
        is_inverse: True when the option is quoted in the coin itself.
    """
    volatility = None
    if smile is not None and years > 0.0:
        forward = _four_decimals(underlying) / PRICE_SCALE
        volatility = smile.volatility(forward=forward, strike=strike, years=years)
    return mark_at_volatility(
        volatility,
        underlying=underlying,
        strike=strike,
        years=years,
        is_call=is_call,
        is_inverse=is_inverse,
    )


def mark_at_volatility(
    volatility: float | None,
    *,
    underlying: PriceE8,
    strike: float,
    years: float,
    is_call: bool,
    is_inverse: bool,
    share: float = 1.0,
) -> OptionMark:
    """Return the mark of an option from its volatility.

    Args:
        volatility: Fraction per year; None when no time is left.
        underlying: Forward of the expiry in 1e-8; rounded to four decimals here.
        strike: Above 0, in quote currency.
        years: Time left.
        is_call: False for a put.
        is_inverse: True when the option is quoted in the coin itself.
        share: How much of a move of the index the underlying takes part in: see `share_left`.
    """
    rounded = _four_decimals(underlying)
    iv_e4 = IV_E4_MIN if volatility is None else _iv_e4(volatility)
    value = option_price_e8(
        underlying=rounded,
        strike=strike,
        years=years,
        iv_e4=iv_e4,
        is_call=is_call,
        is_inverse=is_inverse,
    )
    found = greeks(
        forward=rounded / PRICE_SCALE,
        strike=strike,
        years=years,
        sigma=iv_e4 / 1e6,
        is_call=is_call,
    )
    return OptionMark(
        price=value,
        iv_e4=iv_e4,
        underlying=rounded,
        delta_e5=round(found.delta * share * GREEKS_SCALE),
        vega_e5=round(found.vega * GREEKS_SCALE),
    )


def option_price_e8(
    *,
    underlying: PriceE8,
    strike: float,
    years: float,
    iv_e4: int,
    is_call: bool,
    is_inverse: bool,
) -> PriceE8:
    """Return the mark price of an option from the numbers its ticker shows.

    Args:
        underlying: Forward of the expiry in 1e-8 of the quote currency, above 0.
        strike: Quote currency, above 0.
        years: Time left; at 0 or below the option is worth what it would pay now.
        iv_e4: Volatility a year in 1e-4 of a percent.
        is_call: False for a put.
        is_inverse: True when the option is quoted in the coin itself.

    Returns:
        1e-8 of the coin (inverse: the value in quote currency over the underlying price) or of the
        quote currency (linear), rounded to the nearest and at least `OPTION_PRICE_MIN`.
    """
    forward = underlying / PRICE_SCALE
    value = price(forward=forward, strike=strike, years=years, sigma=iv_e4 / 1e6, is_call=is_call)
    shown = value / forward if is_inverse else value
    return max(OPTION_PRICE_MIN, PriceE8(round(shown * PRICE_SCALE)))


def _iv_e4(volatility: float) -> int:
    rounded = round(volatility * 1e6 / IV_STEP_E4) * IV_STEP_E4
    return min(max(rounded, IV_E4_MIN), IV_E4_MAX)


def _four_decimals(price_e8: float) -> PriceE8:
    return PriceE8(divide_half_even(round(price_e8), UNDERLYING_STEP_E8) * UNDERLYING_STEP_E8)
