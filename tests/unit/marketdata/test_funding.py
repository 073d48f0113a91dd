import pytest

from strikewire.marketdata.funding import Funding
from strikewire.model import NS_PER_HOUR, NS_PER_MINUTE

START = 1_000 * NS_PER_HOUR


def test_a_rate_in_force_for_eight_hours_is_paid_once() -> None:
    funding = Funding(START)

    funding.record(START, 0.001)

    assert funding.current == 0.001
    assert funding.eight_hours(START) == 0.0
    assert funding.eight_hours(START + 2 * NS_PER_HOUR) == pytest.approx(0.00025)
    assert funding.eight_hours(START + 8 * NS_PER_HOUR) == pytest.approx(0.001)
    assert funding.eight_hours(START + 11 * NS_PER_HOUR) == pytest.approx(0.001)


def test_only_the_last_eight_hours_count() -> None:
    funding = Funding(START)
    for minute in range(24 * 60):
        rate = 0.002 if minute < 12 * 60 else -0.001
        funding.record(START + minute * NS_PER_MINUTE, rate)
    end = START + 24 * NS_PER_HOUR

    funding.record(end, -0.001)

    assert funding.eight_hours(end) == pytest.approx(-0.001)


def test_rates_that_follow_each_other_quickly_take_no_more_memory_than_the_minutes() -> None:
    funding = Funding(START)

    for second in range(3_600):
        funding.record(START + second * NS_PER_HOUR // 3_600, 0.001)

    assert len(funding._points) == 60
