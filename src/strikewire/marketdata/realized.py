"""How much an index has moved, from the prices that the funding of its perpetual remembers."""

from strikewire.exchange.state.funding import HOUR_MS, MINUTE_MS, Funding, FundingPoint
from strikewire.model import price_e8_to_float
from strikewire.pricing import HISTORICAL_DAYS, trailing_volatilities

DECIMALS = 4
"""Of a volatility in percent."""

_MS_PER_YEAR = 365 * 24 * HOUR_MS
_WINDOW = HISTORICAL_DAYS * 24


def historical_points(funding: Funding) -> list[tuple[int, float]]:
    """Return times and volatilities in percent a year, oldest first, of the last fifteen days.

    Each is of the hourly prices of the fifteen days before it. In its first day a venue has too few
    of them: its points are of the prices of every minute, on each hour and at the last minute.

    Source: Deribit API v2, `public/get_historical_volatility`: a point an hour.
    """
    hours = [point for point in funding.hours if point.index > 0]
    if len(hours) > 24:
        return _points(hours, HOUR_MS)[-_WINDOW:]
    points = _points([point for point in funding.minutes if point.index > 0], MINUTE_MS)
    return [one for one in points if one[0] % HOUR_MS == 0 or one is points[-1]]


def _points(points: list[FundingPoint], step_ms: int) -> list[tuple[int, float]]:
    found = trailing_volatilities(
        [price_e8_to_float(point.index) for point in points],
        returns_max=_WINDOW * HOUR_MS // step_ms,
        periods_per_year=_MS_PER_YEAR / step_ms,
    )
    times = [point.time_ms for point in points[len(points) - len(found) :]]
    percents = (100 * found).round(DECIMALS).tolist()
    return list(zip(times, percents, strict=True))
