"""The funding of a perpetual as the public sees it: the exchange's own sums, as fractions.

What a ticker shows and what a position is charged come from the same integers, so they cannot
disagree; only here they become floats.
"""

from strikewire.api.market_data import FundingChart, FundingChartPoint, FundingHour
from strikewire.exchange.state.funding import HOUR_MS, MINUTE_MS, Funding
from strikewire.model import FUNDING_PERIOD_MS, FUNDING_SCALE, PriceE8, price_e8_to_float

FUNDING_DECIMALS = 8
"""Decimals of the rates in tickers; histories are not rounded."""

CHART_STEPS_MS = {"8h": 5 * MINUTE_MS, "24h": 15 * MINUTE_MS, "1m": HOUR_MS}
"""Distance of the points of a chart, by its length."""

CHART_LENGTHS_MS = {"8h": 8 * HOUR_MS, "24h": 24 * HOUR_MS, "1m": 31 * 24 * HOUR_MS}


def current_funding(funding: Funding) -> float:
    """Return the rate in force, as a fraction per eight hours."""
    return round(funding.rate / FUNDING_SCALE, FUNDING_DECIMALS)


def funding_8h(funding: Funding, now_ms: int) -> float:
    """Return what a long has paid over the last eight hours, as a fraction of its value."""
    return round(funding_over(funding, now_ms - FUNDING_PERIOD_MS, now_ms), FUNDING_DECIMALS)


def interest_value(funding: Funding, now_ms: int) -> float:
    """Return what a long has paid since the perpetual was first marked, as a fraction."""
    return _fraction(funding.accrued_at(now_ms))


def funding_over(funding: Funding, start_ms: int, end_ms: int) -> float:
    """Return what a long pays over a span of time, as a fraction of its value."""
    return _fraction(funding.over(start_ms, end_ms))


def funding_hours(funding: Funding, start_ms: int, end_ms: int) -> list[FundingHour]:
    """Return one line for every whole hour of a span of time, oldest first."""
    prices: dict[int, PriceE8] = {point.time_ms: point.index for point in funding.points()}
    return [
        FundingHour(
            timestamp=ms,
            index_price=price_e8_to_float(prices[ms]),
            prev_index_price=price_e8_to_float(prices.get(ms - HOUR_MS, prices[ms])),
            interest_1h=funding_over(funding, ms - HOUR_MS, ms),
            interest_8h=funding_over(funding, ms - FUNDING_PERIOD_MS, ms),
        )
        for ms in sorted(prices)
        if ms % HOUR_MS == 0 and start_ms <= ms <= end_ms
    ]


def funding_chart(funding: Funding, length: str, now_ms: int) -> FundingChart:
    """Return the points of a chart that ends now, oldest first.

    Args:
        funding: Of a perpetual.
        length: A key of `CHART_STEPS_MS`.
        now_ms: Milliseconds since the Unix epoch.
    """
    step_ms, first_ms = CHART_STEPS_MS[length], now_ms - CHART_LENGTHS_MS[length]
    return FundingChart(
        current_interest=current_funding(funding),
        interest_8h=funding_over(funding, now_ms - FUNDING_PERIOD_MS, now_ms),
        data=[
            FundingChartPoint(
                timestamp=point.time_ms,
                index_price=price_e8_to_float(point.index),
                interest_8h=funding_over(funding, point.time_ms - FUNDING_PERIOD_MS, point.time_ms),
            )
            for point in funding.points()
            if point.time_ms % step_ms == 0 and point.time_ms >= first_ms
        ],
    )


def _fraction(accrued: int) -> float:
    return accrued / (FUNDING_SCALE * FUNDING_PERIOD_MS)
