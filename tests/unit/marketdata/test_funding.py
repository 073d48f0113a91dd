from strikewire.exchange import Funding
from strikewire.marketdata.funding import (
    current_funding,
    funding_8h,
    funding_chart,
    funding_hours,
    funding_over,
    interest_value,
)
from strikewire.model import NS_PER_HOUR, PriceE8

HOUR_MS = 3_600_000
START_MS = 1_000_000 * HOUR_MS


def venue(*rates: float) -> Funding:
    """Return funding with one rate an hour, in percent; the index rises by a dollar an hour."""
    funding = Funding()
    for hour, rate in enumerate(rates):
        funding.change(
            (1_000_000 + hour) * NS_PER_HOUR,
            rate=round(rate * 1e10),
            value=1,
            index=PriceE8((60_000 + hour) * 10**8),
        )
    return funding


def test_the_rate_in_force_is_shown_as_a_fraction() -> None:
    assert current_funding(venue(0.1, -0.05)) == -0.0005


def test_eight_hours_at_a_rate_pay_it_once() -> None:
    funding = venue(0.1)

    assert funding_8h(funding, START_MS + 2 * HOUR_MS) == 0.00025
    assert funding_8h(funding, START_MS + 8 * HOUR_MS) == 0.001
    assert funding_8h(funding, START_MS + 20 * HOUR_MS) == 0.001


def test_only_the_last_eight_hours_count() -> None:
    funding = venue(*[0.2] * 12, *[-0.1] * 12)

    assert funding_8h(funding, START_MS + 24 * HOUR_MS) == -0.001
    assert interest_value(funding, START_MS + 24 * HOUR_MS) == 0.0015


def test_a_span_may_begin_between_two_hours() -> None:
    funding = venue(0.8, 0.4)

    assert funding_over(funding, START_MS + HOUR_MS // 2, START_MS + 2 * HOUR_MS) == 0.001


def test_the_history_has_a_line_for_each_whole_hour_of_the_span() -> None:
    funding = venue(0.8, 0.4, 0.0)

    lines = funding_hours(funding, START_MS + 1, START_MS + 2 * HOUR_MS)

    assert [line.timestamp - START_MS for line in lines] == [HOUR_MS, 2 * HOUR_MS]
    assert [line.interest_1h for line in lines] == [0.001, 0.0005]
    assert [line.interest_8h for line in lines] == [0.001, 0.0015]
    assert (lines[1].prev_index_price, lines[1].index_price) == (60_000.0, 60_001.0)


def test_a_chart_ends_now_and_has_evenly_spaced_points() -> None:
    funding = venue(0.8, 0.4, 0.0)

    chart = funding_chart(funding, "8h", START_MS + 3 * HOUR_MS)

    assert (chart.current_interest, chart.interest_8h) == (0.0, 0.0015)
    assert [point.timestamp - START_MS for point in chart.data] == [
        minutes * 60_000 for minutes in range(0, 121, 5)
    ]
    assert chart.data[-1].interest_8h == 0.0015
    assert len(funding_chart(funding, "1m", START_MS + 3 * HOUR_MS).data) == 3
    assert funding_chart(Funding(), "24h", START_MS).data == []
