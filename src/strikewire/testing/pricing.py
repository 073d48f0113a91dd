"""Options that are hard to price and what they are worth to sixty digits; chains with noise.

The sixty digits need mpmath, which only development brings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from strikewire.model import NS_PER_MS, OptionType, parse_name
from strikewire.pricing import GREEKS_PER_OPTION, ExpiryQuotes, Surface, years_to_expiry

if TYPE_CHECKING:
    from mpmath import mpf

HOUR = 1.0 / (365 * 24)
YEARS = (HOUR, 4 * HOUR, 24 * HOUR, 3 / 365, 7 / 365, 30 / 365, 0.25, 1.0, 2.0)
SIGMAS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0)
STEPS = 20
DEVIATIONS = 8.0
LOG_MONEYNESS_MAX = 3.0
DIGITS = 60

_DAY_MS = 86_400_000


class Option(NamedTuple):
    """Arguments of `pricing.greeks`, in the kernels' order."""

    forward: float
    strike: float
    years: float
    sigma: float
    is_call: bool


class Exact(NamedTuple):
    """What an option's nine greeks are, and how large the terms are that they are sums of.

    Where a greek changes its sign it is the difference of two equal terms, and no double of its
    arguments gives it a relative accuracy; an error is then to be measured by its terms.
    """

    greeks: tuple[float, ...]
    scales: tuple[float, ...]


def nasty_grid(forward: float = 61_800.2) -> list[Option]:
    """Return 4,428 options at and out of the money: 9 times, 12 volatilities, 41 strikes.

    From an hour to two years, from 5 % to 500 %, and from 8 deviations below the forward to 8
    above it, but no further than a log-moneyness of 3. The smallest price is 4e-20 forwards.
    """
    options = []
    for years in YEARS:
        for sigma in SIGMAS:
            reach = min(DEVIATIONS * sigma * math.sqrt(years), LOG_MONEYNESS_MAX)
            for step in range(-STEPS, STEPS + 1):
                strike = forward * math.exp(reach * step / STEPS)
                options.append(Option(forward, strike, years, sigma, strike >= forward))
    return options


def exact_greeks(option: Option) -> Exact:
    """Return price, delta, gamma, vega, theta, rho, vanna, volga and charm of one option.

    They are computed from the doubles given, in the textbook's form, with `DIGITS` digits, and then
    rounded.
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        forward, strike, years, sigma = (mpmath.mpf(value) for value in option[:4])
        root = mpmath.sqrt(years)
        h = mpmath.log(forward / strike) / (sigma * root)
        t = sigma * root / 2
        d1, d2 = h + t, h - t
        sign = 1 if option.is_call else -1
        in_delta, in_money = _normal(sign * d1), _normal(sign * d2)
        density = mpmath.npdf(d1)
        day = min(mpmath.mpf(1) / 365, years)
        value = sign * (forward * in_delta - strike * in_money)
        vega = forward * density * root / 100
        decay = min(forward * density * sigma / (2 * root) * day, value)
        found = (
            value,
            sign * in_delta,
            density / (forward * sigma * root),
            vega,
            -decay,
            sign * strike * years * in_money / 100,
            -density * d2 / sigma / 100,
            vega * d1 * d2 / sigma / 100,
            density * d2 / (2 * years) * day,
        )
        terms = abs(h) + t
        scales = (
            *found[:6],
            density * terms / sigma / 100,
            vega * (h * h + t * t) / sigma / 100,
            density * terms / (2 * years) * day,
        )
        assert len(found) == len(scales) == GREEKS_PER_OPTION
        return Exact(
            tuple(float(number) for number in found),
            tuple(abs(float(number)) for number in scales),
        )


def _normal(x: mpf) -> mpf:
    import mpmath

    # Not by mpmath.ncdf: that loses the small tail's digits to the large one.
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


class Recorded(NamedTuple):
    """A ticker that Deribit published: what it was computed from, and what came out.

    Attributes:
        option: With `mark_iv` as its volatility, and the years from the ticker's timestamp.
        published: The mark price, in the coin, as `price`, and the greeks by their names.
    """

    option: Option
    published: dict[str, float]


class _Ticker(msgspec.Struct):
    instrument_name: str
    timestamp: int
    underlying_price: float
    mark_price: float
    mark_iv: float
    greeks: dict[str, float]


def recorded_tickers(path: Path) -> list[Recorded]:
    """Read option tickers from a file with one JSON object a line, in Deribit's field names.

    Args:
        path: Each line holds at least `instrument_name`, `timestamp` (ms), `underlying_price`,
            `mark_price`, `mark_iv` (percent) and `greeks`.
    """
    decoder = msgspec.json.Decoder(_Ticker)
    return [_recorded(ticker) for ticker in decoder.decode_lines(path.read_bytes())]


def _recorded(ticker: _Ticker) -> Recorded:
    name = parse_name(ticker.instrument_name)
    assert name.strike is not None
    assert name.expiry_ns is not None
    option = Option(
        forward=ticker.underlying_price,
        strike=float(name.strike),
        years=years_to_expiry(ticker.timestamp * NS_PER_MS, name.expiry_ns),
        sigma=ticker.mark_iv / 100,
        is_call=name.option_type is OptionType.CALL,
    )
    return Recorded(option, {"price": ticker.mark_price, **ticker.greeks})


class _Quoted(_Ticker):
    bid_iv: float
    ask_iv: float


def recorded_chains(path: Path) -> dict[tuple[str, int], list[ExpiryQuotes]]:
    """Read the last quotes of each option, by currency and day of the recording.

    Args:
        path: As for `recorded_tickers`, with `bid_iv` and `ask_iv` (percent).

    Returns:
        Expiries in no order. The day counts from the Unix epoch. Time left is counted from the
        last ticker of the day, so that options of one expiry have one.
    """
    tickers = msgspec.json.Decoder(_Quoted).decode_lines(path.read_bytes())
    last = {(one.instrument_name, one.timestamp // _DAY_MS): one for one in tickers}
    now_ms: dict[int, int] = {}
    for one in tickers:
        day = one.timestamp // _DAY_MS
        now_ms[day] = max(one.timestamp, now_ms.get(day, 0))
    found: dict[tuple[str, int], dict[int, list[tuple[float, float, float]]]] = {}
    for (instrument, day), one in last.items():
        name = parse_name(instrument)
        assert name.strike is not None
        assert name.expiry_ns is not None
        of_day = found.setdefault((instrument.partition("-")[0], day), {})
        moneyness = math.log(float(name.strike) / one.underlying_price)
        row = (moneyness, one.bid_iv / 100, one.ask_iv / 100)
        of_day.setdefault(name.expiry_ns, []).append(row)
    return {
        key: [
            ExpiryQuotes(
                years_to_expiry(now_ms[key[1]] * NS_PER_MS, expiry_ns), *np.array(rows).T.copy()
            )
            for expiry_ns, rows in of_day.items()
        ]
        for key, of_day in found.items()
    }


def noisy_chain(
    surface: Surface,
    years: Sequence[float],
    chance: Callable[[], float],
    *,
    quotes: int = 40,
    noise: float = 0.7,
    reach: float = 3.0,
) -> list[ExpiryQuotes]:
    """Return quotes around a surface: their mids miss it by up to `noise` half spreads.

    Args:
        surface: The truth.
        years: Of the expiries.
        chance: Returns numbers from 0 to 1.
        quotes: Strikes of each expiry, evenly spaced.
        noise: In half spreads, which grow from 0.3 points at the money to 2.3 at the ends.
        reach: Of the strikes to both sides, in deviations.
    """
    chain = []
    for time in years:
        smile = surface.smile(time)
        deviation = math.sqrt(smile.total_variance(0.0))
        k = np.linspace(-reach, reach, quotes) * deviation
        halves = 0.003 + 0.02 * (k / (reach * deviation)) ** 2
        missed = np.array([noise * (2.0 * chance() - 1.0) for _ in range(quotes)])
        mids = np.sqrt(smile.total_variances(k) / time) + missed * halves
        chain.append(ExpiryQuotes(time, k, mids - halves, mids + halves))
    return chain


CHANCE_DAYS = (1, 2, 3, 7, 14, 21, 28, 56, 90, 180, 270, 365)


def chance_chain(chance: Callable[[], float]) -> list[ExpiryQuotes]:
    """Return quotes of which all is chance: the surface, how many, where, how wide and how wrong.

    Twelve expiries have 9 to 60 quotes each within two and a half deviations, whose mids miss the
    truth by up to a half spread. Wings that few of them show are found too steep or too flat.

    Args:
        chance: Returns numbers from 0 to 1.
    """

    def between(low: float, high: float) -> float:
        return low + (high - low) * chance()

    truth = Surface(
        volatility=between(0.3, 1.3),
        volatility_long=between(0.4, 1.0),
        reversion=between(0.5, 8.0),
        rho=between(-0.6, 0.4),
        eta=between(0.4, 1.1),
    )
    chain = []
    for days in CHANCE_DAYS:
        years = days / 365
        smile = truth.smile(years)
        count, width = int(between(9, 61)), between(0.004, 0.03)
        x = np.sort([between(-2.5, 2.5) for _ in range(count)])
        k = x * math.sqrt(smile.total_variance(0.0))
        halves = width * (1.0 + np.abs(x))
        missed = np.array([between(-1.0, 1.0) for _ in range(count)])
        mids = np.sqrt(smile.total_variances(k) / years) + missed * halves
        chain.append(ExpiryQuotes(years, k, np.maximum(mids - halves, 0.0), mids + halves))
    return chain
