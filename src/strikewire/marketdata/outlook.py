"""What the options on an index expect of its next thirty days, by their marks."""

import math

from strikewire.marketdata.marketdata import MarketData
from strikewire.marketdata.tape import IV_E4_PER_PERCENT
from strikewire.model import PRICE_SCALE
from strikewire.pricing import quoted_variance, volatility_index, years_to_expiry

HORIZON_DAYS = 30
_NS_PER_DAY = 86_400_000_000_000


def implied_outlook(data: MarketData, index_name: str) -> float | None:
    """Return the volatility index as a fraction per year; None where no option is marked.

    It is made of the marks of the options that expire last before and first after the horizon.

    Args:
        data: As of its last command, which is when "now" is.
        index_name: Of the index that the options settle on.
    """
    expiries: dict[int, dict[float, float]] = {}
    for market in data:
        one, mark = market.instrument, market.mark
        is_ours = one.is_option and one.price_index == index_name and market.is_open
        if not is_ours or mark is None or mark.underlying <= 0 or mark.iv_e4 <= 0:
            continue
        assert one.expiry_ns is not None
        assert one.strike is not None
        if one.expiry_ns > data.now_ns:
            k = math.log(float(one.strike) * PRICE_SCALE / mark.underlying)
            expiries.setdefault(one.expiry_ns, {})[k] = mark.iv_e4 / IV_E4_PER_PERCENT / 100
    if not expiries:
        return None
    terms = []
    for expiry_ns in _around(sorted(expiries), data.now_ns + HORIZON_DAYS * _NS_PER_DAY):
        smile = expiries[expiry_ns]
        moneyness = sorted(smile)
        terms.append(
            quoted_variance(
                moneyness=moneyness,
                volatilities=[smile[k] for k in moneyness],
                years=years_to_expiry(data.now_ns, expiry_ns),
            )
        )
    return volatility_index(terms, days=HORIZON_DAYS)


def _around(ascending: list[int], horizon_ns: int) -> list[int]:
    """Return the last at or before the horizon and the first after it, where there are such."""
    before = [ns for ns in ascending if ns <= horizon_ns]
    after = [ns for ns in ascending if ns > horizon_ns]
    return before[-1:] + after[:1]
