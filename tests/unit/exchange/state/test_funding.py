from strikewire.exchange import Funding
from strikewire.exchange.state.funding import HOURS_MAX, LOTS, MINUTES_MAX, funding_payment
from strikewire.model import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS, PriceE8

TENTH_PERCENT = 1_000_000_000  # of the value, in 1e-12 per eight hours
INDEX = PriceE8(60_000 * 10**8)
START_NS = 1_000_000 * NS_PER_HOUR
START_MS = 1_000_000 * 3_600_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def funding(rate: int = TENTH_PERCENT, value: int = LOTS) -> Funding:
    """Return what a perpetual with lots of one unit each began with."""
    begun = Funding()
    begun.change(START_NS, rate=rate, value=value, index=INDEX)
    return begun


def test_a_rate_is_paid_for_every_millisecond_that_it_was_in_force() -> None:
    one = funding()

    # 0.1 % of 8 BTC over eight hours; a millisecond is 1 / 28,800,000 of that, charged whole.
    size = 8_00000000
    assert funding_payment(size, one.paid_at(START_NS + 8 * NS_PER_HOUR)) == 800_000
    assert funding_payment(size, one.paid_at(START_NS + NS_PER_MS)) == 1
    assert funding_payment(size, one.paid_at(START_NS + NS_PER_MS - 1)) == 0


def test_the_payer_pays_a_unit_more_and_the_receiver_gets_a_unit_less() -> None:
    paid = funding().paid_at(START_NS + 12_345 * NS_PER_MS)

    assert funding_payment(777, paid) == 1
    assert funding_payment(-777, paid) == 0
    assert funding_payment(-777_000_000, paid) == -333  # of 333.06...
    assert funding_payment(777_000_000, paid) == 334


def test_a_new_rate_counts_from_the_millisecond_it_was_made() -> None:
    one = funding()

    one.change(START_NS + 6 * NS_PER_HOUR, rate=-TENTH_PERCENT, value=LOTS, index=INDEX)

    # Six hours at 0.1 %, then two the other way: half of eight hours.
    assert funding_payment(8_00000000, one.paid_at(START_NS + 8 * NS_PER_HOUR)) == 400_000
    assert one.over(START_MS, START_MS + 8 * HOUR_MS) == TENTH_PERCENT * 4 * HOUR_MS


def test_a_position_pays_by_its_value_at_the_mark_in_force() -> None:
    one = funding()

    one.change(START_NS + 4 * NS_PER_HOUR, rate=TENTH_PERCENT, value=3 * LOTS, index=INDEX)

    assert funding_payment(1_000_000, one.paid_at(START_NS + 8 * NS_PER_HOUR)) == 500 + 1_500
    # What the public reads is a part of the value, whatever that was.
    assert one.over(START_MS, START_MS + 8 * HOUR_MS) == TENTH_PERCENT * 8 * HOUR_MS


def test_the_sums_are_the_same_in_one_step_and_in_many() -> None:
    once, often = funding(), funding()

    for ms in range(0, 3_600_001, 977):
        often.change(
            START_NS + ms * NS_PER_MS + 999_999, rate=TENTH_PERCENT, value=LOTS, index=INDEX
        )

    end_ns = START_NS + NS_PER_HOUR
    assert often.paid_at(end_ns) == once.paid_at(end_ns)
    assert often.accrued_at(START_MS + HOUR_MS) == once.accrued_at(START_MS + HOUR_MS)


def test_time_does_not_go_back() -> None:
    one = funding()

    one.change(START_NS - NS_PER_HOUR, rate=5, value=7, index=INDEX)

    assert (one.rate, one.paid, one.accrued, one.time_ms) == (5, 0, 0, START_MS)


def test_sums_at_whole_minutes_are_exact_and_between_them_even() -> None:
    one = funding(rate=60)
    one.change(START_NS + 30_000 * NS_PER_MS, rate=0, value=LOTS, index=INDEX)
    one.change(START_NS + 3 * NS_PER_MINUTE, rate=0, value=LOTS, index=INDEX)

    assert one.accrued_at(START_MS + MINUTE_MS) == 60 * 30_000
    assert one.accrued_at(START_MS + 30_000) == 60 * 15_000  # half of the minute
    assert one.accrued_at(START_MS + 2 * MINUTE_MS) == 60 * 30_000
    assert one.accrued_at(START_MS - 1) == 0


def test_a_day_of_minutes_and_a_month_of_hours_are_remembered() -> None:
    one = funding(rate=1)
    month_ms = 40 * 24 * HOUR_MS

    one.change(START_NS + month_ms * NS_PER_MS, rate=1, value=LOTS, index=INDEX)

    assert (len(one.minutes), len(one.hours)) == (MINUTES_MAX, HOURS_MAX) == (1_441, 752)
    for ms in (MINUTE_MS, 24 * 60 * MINUTE_MS, 25 * HOUR_MS, 31 * 24 * HOUR_MS):
        assert one.over(START_MS + month_ms - ms, START_MS + month_ms) == ms
    # What was before the oldest hour counts as nothing.
    assert one.over(START_MS, START_MS + month_ms) == (HOURS_MAX - 1) * HOUR_MS


def test_nothing_is_paid_before_the_first_mark() -> None:
    one = Funding()

    assert one.paid_at(START_NS) == 0
    assert one.over(START_MS, START_MS + HOUR_MS) == 0
    assert one.points() == []


def test_a_copy_goes_its_own_way() -> None:
    one = funding()

    other = one.copy()
    other.change(START_NS + NS_PER_HOUR, rate=0, value=0, index=INDEX)

    assert one.paid == 0
    assert other.paid == TENTH_PERCENT * LOTS * HOUR_MS
    assert len(one.minutes) == 1
