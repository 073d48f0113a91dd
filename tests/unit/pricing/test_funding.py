import pytest

from strikewire.model import price_e8
from strikewire.pricing import FundingAccrual, funding_payment, funding_rate, funding_rate_e12

HOUR_NS = 3_600_000_000_000
MS_NS = 1_000_000
TENTH_PERCENT = 1_000_000_000  # of the value, in 1e-12


@pytest.mark.parametrize(
    ("mark", "rate"),
    [
        (100_000, 0.0),
        (100_025, 0.0),  # within 0.025 % nothing is paid
        (99_975, 0.0),
        (100_125, 0.001),  # the premium of 0.125 % less the dampener
        (99_875, -0.001),
    ],
)
def test_the_rate_is_the_premium_beyond_the_dampener(mark: float, rate: float) -> None:
    assert funding_rate(price_e8(mark), price_e8(100_000)) == rate
    assert funding_rate_e12(price_e8(mark), price_e8(100_000)) == round(rate * 1e12)


def test_a_rate_stays_within_its_cap() -> None:
    far = price_e8(110_000), price_e8(100_000)

    assert funding_rate_e12(*far) == 99_750_000_000
    assert funding_rate_e12(*far, cap_e12=5 * TENTH_PERCENT) == 5 * TENTH_PERCENT
    assert funding_rate_e12(*far[::-1], cap_e12=5 * TENTH_PERCENT) == -5 * TENTH_PERCENT


def test_a_rate_is_paid_for_every_millisecond_that_it_was_in_force() -> None:
    start = FundingAccrual(TENTH_PERCENT, 0, 0)

    # 0.1 % of 8 BTC over eight hours.
    assert funding_payment(8_00000000, start, start.at(8 * HOUR_NS)) == 800_000
    # A millisecond is 1 / 28,800,000 of that: a 36th of a unit, charged whole.
    assert funding_payment(8_00000000, start, start.at(MS_NS)) == 1
    assert funding_payment(8_00000000, start, start.at(MS_NS - 1)) == 0


def test_a_new_rate_counts_from_the_millisecond_it_was_made() -> None:
    start = FundingAccrual(TENTH_PERCENT, 0, 0)

    changed = start.change(6 * HOUR_NS, -TENTH_PERCENT)

    # Six hours at 0.1 %, then two the other way: half of eight hours.
    assert funding_payment(8_00000000, start, changed.at(8 * HOUR_NS)) == 400_000
    assert changed.rate_e12 == -TENTH_PERCENT
    assert changed.at(0) == changed


def test_the_sum_is_the_same_in_one_step_and_in_many() -> None:
    once = FundingAccrual(123_456_789, 0, 0).at(HOUR_NS)
    often = FundingAccrual(123_456_789, 0, 0)
    for ms in range(0, 3_600_001, 977):
        often = often.at(ms * MS_NS + 999_999)

    assert often.at(HOUR_NS) == once


def test_what_longs_pay_is_at_least_what_shorts_are_paid() -> None:
    start = FundingAccrual(TENTH_PERCENT, 0, 0)
    end = start.at(12_345 * MS_NS)

    long, short = (funding_payment(sign * 777, start, end) for sign in (1, -1))

    assert long == 1
    assert short == 0
