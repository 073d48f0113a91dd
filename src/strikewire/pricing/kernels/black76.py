# cython: annotation_typing=False, boundscheck=False, wraparound=False, cdivision=True
"""Black-76 in doubles: value, greeks, and the way back to the volatility.

`black76.pxd` beside this file gives the C types; without a compiler the file runs as it stands.
Nothing is checked here: `strikewire.pricing.black76` and `.implied` are the doors.

Source: F. Black, "The pricing of commodity contracts" (1976); M. Stefanica and R. Radoicic,
"An explicit implied volatility formula" (2017) for the normalised form; P. Jaeckel, "By
implication" (2006) for the objectives of the inversion.
"""

import math
from collections.abc import MutableSequence, Sequence

SQRT_HALF = 0.7071067811865476
ONE_OVER_SQRT_TWO_PI = 0.3989422804014327
DAYS_PER_YEAR = 365.0

NO_VOLATILITY = -1.0
STEPS_MAX = 64
UNBOUNDED = 1e300


def normal_cdf(x: float) -> float:
    """Return the probability that a standard normal number is below `x`."""
    return 0.5 * math.erfc(-x * SQRT_HALF)


def normal_pdf(x: float) -> float:
    """Return the density of a standard normal number at `x`."""
    return ONE_OVER_SQRT_TWO_PI * math.exp(-0.5 * x * x)


def intrinsic(forward: float, strike: float, is_call: bool) -> float:
    """Return what the option pays if the forward is delivered now."""
    value = forward - strike if is_call else strike - forward
    return max(0.0, value)


def price(forward: float, strike: float, years: float, sigma: float, is_call: bool) -> float:
    """Return the undiscounted Black-76 value, in the unit of `forward`."""
    deviation = sigma * math.sqrt(years) if years > 0.0 else 0.0
    if deviation <= 0.0:
        return intrinsic(forward, strike, is_call)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    if is_call:
        return forward * normal_cdf(d1) - strike * normal_cdf(d2)
    return strike * normal_cdf(-d2) - forward * normal_cdf(-d1)


def greeks(
    forward: float, strike: float, years: float, sigma: float, is_call: bool
) -> tuple[float, float, float, float, float, float]:
    """Return price, delta, gamma, vega, theta and rho; units as in `pricing.black76.Greeks`."""
    root = math.sqrt(years) if years > 0.0 else 0.0
    deviation = sigma * root
    if deviation <= 0.0:
        return expired_greeks(forward, strike, years, is_call)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    density = normal_pdf(d1)
    gamma = density / (forward * deviation)
    vega = 0.01 * forward * density * root
    if is_call:
        delta = normal_cdf(d1)
        in_the_money = normal_cdf(d2)
        value = forward * delta - strike * in_the_money
        rho = 0.01 * strike * years * in_the_money
    else:
        delta = -normal_cdf(-d1)
        in_the_money = normal_cdf(-d2)
        value = strike * in_the_money + forward * delta
        rho = -0.01 * strike * years * in_the_money
    # An option cannot lose more in a day than it is worth, nor go on losing after its expiry.
    days_left = DAYS_PER_YEAR * years
    decay = 0.5 * forward * density * sigma / (root * DAYS_PER_YEAR)
    if days_left < 1.0:
        decay = decay * days_left
    decay = min(decay, value)
    return value, delta, gamma, vega, -decay, rho


def expired_greeks(
    forward: float, strike: float, years: float, is_call: bool
) -> tuple[float, float, float, float, float, float]:
    """Return the greeks where nothing can move any more: a step of delta, the rest zero."""
    value = intrinsic(forward, strike, is_call)
    if value <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    sign = 1.0 if is_call else -1.0
    rho = sign * 0.01 * strike * years if years > 0.0 else 0.0
    return value, sign, 0.0, 0.0, 0.0, rho


def chain(  # noqa: PLR0917 - arrays in their natural order, called once per chain
    forwards: Sequence[float],
    strikes: Sequence[float],
    years: Sequence[float],
    sigmas: Sequence[float],
    calls: Sequence[float],
    out: MutableSequence[float],
) -> None:
    """Fill `out` with the six greeks of each option, option by option.

    All are contiguous doubles. Shapes: inputs (n,), `calls` 1.0 for a call and 0.0 for a put,
    `out` (6 n,).
    """
    for i in range(len(strikes)):
        value, delta, gamma, vega, theta, rho = greeks(
            forwards[i], strikes[i], years[i], sigmas[i], calls[i] != 0.0
        )
        out[6 * i] = value
        out[6 * i + 1] = delta
        out[6 * i + 2] = gamma
        out[6 * i + 3] = vega
        out[6 * i + 4] = theta
        out[6 * i + 5] = rho


def normalised_call(x: float, deviation: float) -> float:
    """Return the call value over sqrt(forward strike), for x = ln(forward / strike) <= 0."""
    h = x / deviation
    t = 0.5 * deviation
    up = math.exp(0.5 * x)
    return up * normal_cdf(h + t) - normal_cdf(h - t) / up


def implied_deviation(beta: float, x: float) -> float:
    """Return the deviation s with `normalised_call(x, s) == beta`, or `NO_VOLATILITY`.

    Newton's method inside a bracket that shrinks at every step. The curve has three parts, and in
    each another function of it is nearly straight: 1 / ln b far below the inflection at sqrt(2|x|),
    b itself around it, ln(b_max - b) near the ceiling b_max = exp(x / 2).
    """
    ceiling = math.exp(0.5 * x)
    if not 0.0 < beta < ceiling:
        return NO_VOLATILITY
    inflection = math.sqrt(-2.0 * x)
    low, high = 0.0, UNBOUNDED
    at_inflection = normalised_call(x, inflection) if inflection > 0.0 else 0.0
    is_low = beta < at_inflection
    is_high = beta > 0.5 * (at_inflection + ceiling)
    s = inflection
    if is_low:
        high = inflection
    else:
        low = inflection
        # b rises from the inflection with a slope of at most 1 / sqrt(2 pi).
        s = inflection + (beta - at_inflection) / ONE_OVER_SQRT_TWO_PI
    for _ in range(STEPS_MAX):
        b = normalised_call(x, s) if s > 0.0 else 0.0
        if b < beta:
            low = s
        else:
            high = s
        step = newton_step(beta, x, s, b, ceiling, is_low, is_high)
        candidate = s + step
        if not low <= candidate <= high:
            candidate = 0.5 * (low + high) if high < UNBOUNDED else 2.0 * low
        if abs(candidate - s) <= 2e-16 * s:
            return candidate
        s = candidate
    return s


def newton_step(  # noqa: PLR0917 - a leaf of the loop above
    beta: float, x: float, s: float, b: float, ceiling: float, is_low: bool, is_high: bool
) -> float:
    """Return how far Newton's method moves from `s`, `UNBOUNDED` where it has nothing to go by."""
    if s <= 0.0 or b <= 0.0 or b >= ceiling:
        return UNBOUNDED
    h = x / s
    slope = ONE_OVER_SQRT_TWO_PI * math.exp(-0.5 * (h * h + 0.25 * s * s))
    if slope <= 0.0:
        return UNBOUNDED
    if is_low:
        log_b = math.log(b)
        return log_b * (1.0 - log_b / math.log(beta)) * b / slope
    if is_high:
        return (ceiling - b) * math.log((ceiling - b) / (ceiling - beta)) / slope
    return (beta - b) / slope


def implied_volatility(
    value: float, forward: float, strike: float, years: float, is_call: bool
) -> float:
    """Return the volatility at which `price` gives `value`, or `NO_VOLATILITY`."""
    # The out-of-the-money side holds all the digits: by parity, take the intrinsic value off.
    time_value = value - intrinsic(forward, strike, is_call)
    if not 0.0 < time_value < min(forward, strike):
        return NO_VOLATILITY
    beta = time_value / math.sqrt(forward * strike)
    deviation = implied_deviation(beta, -abs(math.log(forward / strike)))
    if deviation < 0.0:
        return NO_VOLATILITY
    return deviation / math.sqrt(years)
