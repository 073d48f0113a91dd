import math

import pytest

from strikewire.exchange.state.funding import Funding
from strikewire.marketdata import historical_points
from strikewire.model import PriceE8

MINUTE_NS, HOUR_NS, HOUR_MS = 60 * 10**9, 3_600 * 10**9, 3_600_000
START_NS = 1_000 * HOUR_NS


def seen(steps: int, step_ns: int, ratio: float = 1.01) -> Funding:
    """The index goes up and down by a factor, a step before each whole minute or hour."""
    funding = Funding()
    for step in range(steps + 1):
        price = PriceE8(round(60_000e8 * ratio ** (step % 2)))
        funding.change(START_NS + step * step_ns, rate=0, value=0, index=price)
    return funding


def test_two_prices_are_too_few() -> None:
    assert historical_points(seen(0, MINUTE_NS)) == []
    assert historical_points(seen(1, MINUTE_NS)) == []


def test_a_young_venue_counts_minutes_and_tells_hours_and_the_last() -> None:
    points = historical_points(seen(90, MINUTE_NS))

    assert [ms - START_NS // 10**6 for ms, _ in points] == [HOUR_MS, 90 * 60_000]
    # As many up as down, or one more: log 1.01 a minute, 525,600 minutes a year.
    wanted = 100 * math.log(1.01) * math.sqrt(525_600)
    assert [percent for _, percent in points] == pytest.approx([wanted] * 2, rel=0.02)


def test_from_the_second_day_on_hours_are_counted() -> None:
    points = historical_points(seen(24 * 40, HOUR_NS))

    assert len(points) == 15 * 24
    assert points[-1][0] - points[0][0] == (15 * 24 - 1) * HOUR_MS
    wanted = 100 * math.log(1.01) * math.sqrt(8_760)
    assert points[-1][1] == pytest.approx(wanted * math.sqrt(360 / 359), rel=1e-6)


def test_an_index_that_stands_still_has_no_volatility() -> None:
    points = historical_points(seen(5, MINUTE_NS, ratio=1.0))

    assert [percent for _, percent in points] == [0.0]
