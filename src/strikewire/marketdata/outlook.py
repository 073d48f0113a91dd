"""What the options on an index expect of its next thirty days, by their marks."""

import math
from collections.abc import Iterable
from typing import Final

from strikewire.marketdata.market import Market
from strikewire.marketdata.marketdata import MarketData
from strikewire.marketdata.tape import IV_E4_PER_ONE
from strikewire.model import PRICE_SCALE
from strikewire.pricing import ExpiryVariance, quoted_variance, volatility_index, years_to_expiry

HORIZON_DAYS = 30
_NS_PER_DAY = 86_400_000_000_000


VOLATILITY_DECIMALS: Final = 2
"""Of a volatility index in percent."""

_Expiries = dict[int, list[Market]]


def implied_outlook(data: MarketData, index_name: str) -> float | None:
    """Return the volatility index as a fraction per year; None where no option is marked.

    It is made of the marks of the options that expire last before and first after the horizon.

    Args:
        data: As of its last command, which is when "now" is.
        index_name: Of the index that the options settle on.
    """
    expiries = _marked(data).get(index_name)
    return _expected(expiries, data.now_ns) if expiries else None


def implied_outlooks(data: MarketData) -> dict[str, float]:
    """Return the volatility index of every index on which options are marked."""
    return {name: _expected(expiries, data.now_ns) for name, expiries in _marked(data).items()}


def in_percent(volatility: float) -> float:
    """Return a volatility index as it is shown."""
    return round(100 * volatility, VOLATILITY_DECIMALS)


def _marked(data: MarketData) -> dict[str, _Expiries]:
    """Return the living options with marks, by index and expiry."""
    found: dict[str, _Expiries] = {}
    for market in data:
        one, mark = market.instrument, market.mark
        if not one.is_option or mark is None or not market.is_open:
            continue
        assert one.expiry_ns is not None
        if mark.underlying > 0 and mark.iv_e4 > 0 and one.expiry_ns > data.now_ns:
            found.setdefault(one.price_index, {}).setdefault(one.expiry_ns, []).append(market)
    return found


def _expected(expiries: _Expiries, now_ns: int) -> float:
    terms = [
        _variance(expiries[expiry_ns], years_to_expiry(now_ns, expiry_ns))
        for expiry_ns in _around(sorted(expiries), now_ns + HORIZON_DAYS * _NS_PER_DAY)
    ]
    return volatility_index(terms, days=HORIZON_DAYS)


def _variance(options: Iterable[Market], years: float) -> ExpiryVariance:
    smile: dict[float, float] = {}
    for market in options:
        assert market.mark is not None
        assert market.instrument.strike is not None
        k = math.log(float(market.instrument.strike) * PRICE_SCALE / market.mark.underlying)
        smile[k] = market.mark.iv_e4 / IV_E4_PER_ONE
    moneyness = sorted(smile)
    return quoted_variance(
        moneyness=moneyness, volatilities=[smile[k] for k in moneyness], years=years
    )


def _around(ascending: list[int], horizon_ns: int) -> list[int]:
    """Return the last at or before the horizon and the first after it, where there are such."""
    before = [ns for ns in ascending if ns <= horizon_ns]
    after = [ns for ns in ascending if ns > horizon_ns]
    return before[-1:] + after[:1]
