# cython: annotation_typing=False, boundscheck=False, wraparound=False, cdivision=True
"""Black-76 of one option in doubles: value, greeks, and the way back to the volatility.

`black76.pxd` beside this file gives the C types; without a compiler the file runs as it stands.
Nothing is checked here: `strikewire.pricing.black76` and `.implied` are the doors. `lanes` does the
same for arrays; docs/concepts/black76.md and docs/concepts/implied-volatility.md say why it is done
this way.

Theory of operation. Only the out-of-the-money option is ever computed; the other one is its
intrinsic value more. With low <= high the two of forward and strike, x = ln(high / low),
s = sigma sqrt(years), h = -x / s and t = s / 2, the value over sqrt(low high) is

    b = exp(-(h^2 + t^2) / 2) / 2 * (erfcx(z1) - erfcx(z2))
    z1 = -(h + t) / sqrt(2),  z2 = (t - h) / sqrt(2)

which neither overflows nor underflows before the exponential does. The difference is not made by
subtracting: erfcx is a polynomial over (z + 4), and the divided difference of a polynomial comes
out of Horner's scheme with all its digits, for any distance of z1 and z2.

Source: F. Black, "The pricing of commodity contracts" (1976); P. Jaeckel, "Let's be rational"
(2015), sections 2 and 6, for the normalised form and erfcx; J. F. Steffensen, "Interpolation"
(1927), for divided differences.
"""

import math

SQRT_HALF = 0.7071067811865476
SQRT_TWO = 1.4142135623730951
SQRT_TWO_PI = 2.5066282746310002
ONE_OVER_SQRT_TWO_PI = 0.3989422804014327
LN_TWO = 0.6931471805599453
DAYS_PER_YEAR = 365.0

DEVIATION_MAX = 1e3
"""From a deviation of 76 on, prices are at their ceiling to the last digit."""

LOWEST = -1e3
"""Below h = -39 every value is smaller than the smallest double."""

# erfcx(z) = Q(1 - 7.5 / (z + 4)) / (z + 4) for z >= -0.25; made by tools/fit_lane_constants.py.
ERFCX = [
    1.1647024170667073,
    -1.1597488360537451,
    1.0134654764161766,
    -0.7734292397084725,
    0.510344904940382,
    -0.28600900858858314,
    0.1317552633117965,
    -0.046594502336590495,
    0.01035825752996318,
    0.00011724444546050975,
    -0.001113711134854418,
    0.00035128272060868266,
    3.121786636101932e-05,
    -5.193236052785077e-05,
    7.004032645634746e-06,
    5.928764404475595e-06,
    -1.8892729887279152e-06,
    -6.586069773808717e-07,
    3.392213310665344e-07,
    7.80817429749793e-08,
    -4.8384501389193034e-08,
    -9.277274240871556e-09,
    4.127213455365744e-09,
    7.4747841478381e-10,
]

NAN = float("nan")

IMPLIED = 0
BELOW_INTRINSIC = 1
ABOVE_BOUND = 2
NOT_A_NUMBER = 3
EXPIRED = 4

PRICE_MIN = 1e-100
PRICE_MAX = 1e100
"""Forwards and strikes beyond these are taken for mistakes; so no product here overflows."""

QUANTITY_MIN = 1e-100
"""Of a volatility or a time no larger nothing comes: the option is worth what it would pay now."""

QUANTITY_MAX = 1e100
"""Volatilities and times beyond this are taken for mistakes as well."""

BETA_MIN = 1e-290
"""A time value smaller than this part of the underlying counts as none."""

CLOSE = 1e-5
"""A relative step this small leaves an error of its fourth power: less than a rounding."""

STEPS_MAX = 64
UNBOUNDED = 1e300


def log_ratio(high: float, low: float) -> float:
    """Return ln(high / low) for high >= low, with all digits where they are close."""
    if high < 2.0 * low:
        return math.log1p((high - low) / low)
    return math.log(high / low)


def is_known(forward: float, strike: float, years: float, sigma: float) -> bool:
    """Return whether there can be such an option; one of which there cannot has NaN for numbers."""
    return (
        PRICE_MIN <= forward <= PRICE_MAX
        and PRICE_MIN <= strike <= PRICE_MAX
        and -QUANTITY_MAX <= years <= QUANTITY_MAX
        and 0.0 <= sigma <= QUANTITY_MAX
    )


def intrinsic(forward: float, strike: float, is_call: bool) -> float:
    """Return what the option pays if the forward is delivered now."""
    value = forward - strike if is_call else strike - forward
    return max(0.0, value)


def curve(h: float, t: float) -> tuple[float, float, float, float, bool]:
    """Return the parts of the normalised value at h <= 0, t >= 0.

    Returns:
        The exponent -(h^2 + t^2) / 2; erfcx(abs(z1)) where the last is True, else erfcx(z1);
        erfcx(z2); their difference, or where the last is True their sum; whether z1 < -0.25.
    """
    z1 = -(h + t) * SQRT_HALF
    z2 = (t - h) * SQRT_HALF
    is_far = z1 < -0.25
    y1 = 1.0 / ((-z1 if is_far else z1) + 4.0)
    y2 = 1.0 / (z2 + 4.0)
    q1 = 1.0 - 7.5 * y1
    q2 = 1.0 - 7.5 * y2
    p = ERFCX[23]
    d = 0.0
    for i in range(22, -1, -1):
        d = d * q1 + p
        p = p * q2 + ERFCX[i]
    # y1 - y2, from the distance of z1 and z2, which needs no subtraction either.
    gap = (-h if is_far else t) * SQRT_TWO * y1 * y2
    p1 = p - 7.5 * d * gap
    first = y1 * p1
    second = y2 * p
    whole = first + second if is_far else gap * (p1 - 7.5 * y2 * d)
    return -0.5 * (h * h + t * t), first, second, whole, is_far


def price(forward: float, strike: float, years: float, sigma: float, is_call: bool) -> float:
    """Return the undiscounted Black-76 value, in the unit of `forward`."""
    if not is_known(forward, strike, years, sigma):
        return NAN
    if years <= QUANTITY_MIN or sigma <= QUANTITY_MIN:
        return intrinsic(forward, strike, is_call)
    deviation = min(sigma * math.sqrt(years), DEVIATION_MAX)
    low = min(forward, strike)
    high = max(forward, strike)
    h = max(-log_ratio(high, low) / deviation, LOWEST)
    exponent, _, _, whole, is_far = curve(h, 0.5 * deviation)
    value = 0.5 * low * math.sqrt(high / low) * math.exp(exponent) * whole
    if is_far:
        value = low - value
    return value + intrinsic(forward, strike, is_call)


def greeks(
    forward: float, strike: float, years: float, sigma: float, is_call: bool
) -> tuple[float, float, float, float, float, float, float, float, float]:
    """Return price, delta, gamma, vega, theta, rho, vanna, volga and charm.

    Units are those of `pricing.black76.Greeks`.
    """
    if not is_known(forward, strike, years, sigma):
        return NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN
    if years <= QUANTITY_MIN or sigma <= QUANTITY_MIN:
        return expired_greeks(forward, strike, years, is_call)
    root = math.sqrt(years)
    deviation = min(sigma * root, DEVIATION_MAX)
    low = min(forward, strike)
    high = max(forward, strike)
    ratio = math.sqrt(high / low)
    h = max(-log_ratio(high, low) / deviation, LOWEST)
    t = 0.5 * deviation
    exponent, first, second, whole, is_far = curve(h, t)
    size = math.exp(exponent)
    half = 0.5 * size

    # The normal probabilities of h + t and h - t, and the rest to one of the first.
    tail = half * ratio * first
    above = 1.0 - tail if is_far else tail
    below = tail if is_far else 1.0 - tail
    small = half / ratio * second
    value = low * ratio * half * whole
    if is_far:
        value = low - value
    value = value + intrinsic(forward, strike, is_call)

    if forward > strike:
        d1 = t - h
        d2 = -h - t
        in_delta = 1.0 - small if is_call else small
        in_money = below if is_call else above
    else:
        d1 = h + t
        d2 = h - t
        in_delta = above if is_call else below
        in_money = small if is_call else 1.0 - small
    sign = 1.0 if is_call else -1.0
    delta = sign * in_delta
    rho = sign * 0.01 * strike * years * in_money

    density = ONE_OVER_SQRT_TWO_PI * size * ratio * low / forward
    gamma = density / (forward * deviation)
    vega = 0.01 * forward * density * root
    vanna = -0.01 * density * d2 / sigma
    volga = 0.01 * vega * d1 * d2 / sigma
    # An option cannot lose more in a day than it is worth, nor go on losing after its expiry.
    day = min(1.0 / DAYS_PER_YEAR, years)
    decay = min(0.5 * forward * density * sigma / root * day, value)
    charm = 0.5 * density * d2 / years * day
    return value, delta, gamma, vega, -decay, rho, vanna, volga, charm


def expired_greeks(
    forward: float, strike: float, years: float, is_call: bool
) -> tuple[float, float, float, float, float, float, float, float, float]:
    """Return the greeks where nothing can move any more: a step of delta, the rest zero."""
    value = intrinsic(forward, strike, is_call)
    if value <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    sign = 1.0 if is_call else -1.0
    rho = sign * 0.01 * strike * years if years > 0.0 else 0.0
    return value, sign, 0.0, 0.0, 0.0, rho, 0.0, 0.0, 0.0


def implied(
    value: float, forward: float, strike: float, years: float, is_call: bool
) -> tuple[float, int]:
    """Return the volatility at which `price` gives `value`, and `IMPLIED`.

    Where there is none the volatility is 0.0 and the code says why: NOT_A_NUMBER before EXPIRED
    before BELOW_INTRINSIC before ABOVE_BOUND.
    """
    if not (PRICE_MIN <= forward <= PRICE_MAX and PRICE_MIN <= strike <= PRICE_MAX):
        return 0.0, NOT_A_NUMBER
    if not (-UNBOUNDED < value < UNBOUNDED and -UNBOUNDED < years < UNBOUNDED):
        return 0.0, NOT_A_NUMBER
    if years <= 0.0:
        return 0.0, EXPIRED
    low = min(forward, strike)
    high = max(forward, strike)
    ratio = math.sqrt(high / low)
    # The out-of-the-money side holds all the digits: by parity, take the intrinsic value off.
    beta = (value - intrinsic(forward, strike, is_call)) / (low * ratio)
    if beta < BETA_MIN:
        return 0.0, BELOW_INTRINSIC
    rest = ((forward if is_call else strike) - value) / (low * ratio)
    if rest <= 0.0:
        return 0.0, ABOVE_BOUND
    deviation = implied_deviation(beta, rest, log_ratio(high, low), 1.0 / ratio)
    return deviation / math.sqrt(years), IMPLIED


def implied_deviation(beta: float, rest: float, x: float, ceiling: float) -> float:
    """Return the deviation s at which the normalised value is `beta`.

    The value b(s) rises from 0 to its ceiling exp(-x / 2), steepest at s = sqrt(2 x), where it is
    less than half of it. Far below that point 1 / ln b is nearly straight, from there to half the
    ceiling b itself, above it ln(ceiling - b). Householder's method of third order on the straight
    one of the three converges in two or three steps from the first guess; a bracket guards it.

    Args:
        beta: From `BETA_MIN` to below the ceiling.
        rest: The ceiling less `beta`, not made by subtracting; above 0.
        x: ln(high / low), not negative.
        ceiling: exp(-x / 2).

    Source: P. Jaeckel, "By implication" (2006) and "Let's be rational" (2015), section 3.
    """
    steepest = math.sqrt(2.0 * x)
    _, _, _, whole, _ = curve(-0.5 * steepest, 0.5 * steepest)
    at_steepest = 0.5 * ceiling * whole
    is_low = beta < at_steepest
    is_high = not is_low and beta > 0.5 * ceiling
    low = 0.0
    high = UNBOUNDED
    wanted = 0.0
    if is_low:
        high = steepest
        wanted = math.log(beta)
        s = min(guess_by_bachelier(beta, x), steepest)
    elif is_high:
        low = steepest
        wanted = math.log(rest)
        s = max(guess_by_tail(rest, ceiling), steepest + 1e-3)
    else:
        low = steepest
        # The slope at its steepest is ceiling / sqrt(2 pi).
        s = steepest + (beta - at_steepest) * SQRT_TWO_PI / ceiling
    for _i in range(STEPS_MAX):
        newton, second, third = objective(beta, x, s, ceiling, wanted, is_low, is_high)
        if newton > 0.0:
            low = max(low, s)
        else:
            high = min(high, s)
        size = abs(newton) / s
        step = newton * (1.0 + 0.5 * second * newton)
        step = step / (1.0 + newton * (second + newton * third / 6.0))
        following = s + step
        if size >= CLOSE and not low < following < high:
            following = min(2.0 * s, high) if newton > 0.0 else max(0.5 * s, low)
        s = following
        if size < CLOSE:
            break
    return s


def guess_by_bachelier(beta: float, x: float) -> float:
    """Return the deviation that gives `beta` in a model with normal prices, set right for t.

    There the value over x is a function of x / s alone, phi(h) / h - Phi(-h); its inverse is fitted
    to 0.3 % over all doubles.
    """
    w_squared = 2.0 * math.log1p(x / beta)
    w = math.sqrt(w_squared)
    above = 0.1999804025175167 + w * (0.019577822662025977 + w * 0.014267696504299628)
    under = 1.0 + w * (0.12373348794990618 + w * (0.03586315332814092 + w * 0.013958251307022588))
    h = w_squared * above / under
    s = x / h
    t_squared = 0.25 * s * s
    missing = t_squared * (0.5 - 1.0 / (3.0 + h * (1.5 + 0.5 * h)))
    return s * (1.0 + missing / (1.0 + h * (0.8 + h)))


def guess_by_tail(rest: float, ceiling: float) -> float:
    """Return about the deviation that leaves `rest` to the ceiling.

    Source: Abramowitz and Stegun, 26.2.23: the inverse of the normal distribution to 4.5e-4.
    """
    w = math.sqrt(-2.0 * math.log(min(rest / (ceiling + 1.0 / ceiling), 0.5)))
    above = 2.515517 + w * (0.802853 + w * 0.010328)
    under = 1.0 + w * (1.432788 + w * (0.189269 + w * 0.001308))
    return 2.0 * (w - above / under)


def objective(  # noqa: PLR0917 - a leaf of the loop above
    beta: float, x: float, s: float, ceiling: float, wanted: float, is_low: bool, is_high: bool
) -> tuple[float, float, float]:
    """Return Newton's step at `s`, and the second and third derivative over the first."""
    h = -x / s
    exponent, _, _, whole, is_far = curve(h, 0.5 * s)
    half = 0.5 * whole
    hh = h * h / s - 0.25 * s
    third = hh * hh - 3.0 * (h / s) * (h / s) - 0.25
    if is_low:
        # Quotients by the slope leave the exponential out, and nothing underflows.
        over = half * SQRT_TWO_PI
        log_b = math.log(half) + exponent
        d = 1.0 / over
        u = 1.0 / log_b
        second = hh - d * (1.0 + 2.0 * u)
        third = third + d * d * (2.0 + 6.0 * u * (1.0 + u)) - 3.0 * hh * d * (1.0 + 2.0 * u)
        return (wanted - log_b) * log_b / wanted * over, second, third
    size = math.exp(exponent)
    if not is_high:
        b = ceiling - size * half if is_far else size * half
        return (beta - b) * SQRT_TWO_PI / size, hh, third
    if is_far:
        over = half * SQRT_TWO_PI
        log_rest = math.log(half) + exponent
    else:
        left = ceiling - size * half
        over = left * SQRT_TWO_PI / size
        log_rest = math.log(left)
    d = 1.0 / over
    return (log_rest - wanted) * over, hh + d, third + d * (2.0 * d + 3.0 * hh)
