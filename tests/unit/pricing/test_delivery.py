import pytest

from strikewire.model import PriceE8
from strikewire.pricing import (
    DeliveryAverage,
    ExpirationEstimate,
    delivery_average,
    share_left,
)

SECOND = 1_000_000_000
EXPIRY = 100_000 * SECOND
OPENS = EXPIRY - 1_800 * SECOND


def test_the_delivery_price_is_the_average_of_the_samples() -> None:
    average = DeliveryAverage(EXPIRY)
    for index, price in enumerate((100, 110, 150)):
        average = average.sample(OPENS + 4 * index * SECOND, PriceE8(price))

    assert average.count == 3
    assert average.price(PriceE8(999)) == 120


def test_the_index_is_sampled_every_four_seconds_and_no_more() -> None:
    average = DeliveryAverage(EXPIRY)
    for second in range(10):
        average = average.sample(OPENS + second * SECOND, PriceE8(100))

    # At 0, 4 and 8 s.
    assert average.count == 3


def test_a_sample_that_came_late_does_not_shift_the_next_one() -> None:
    average = DeliveryAverage(EXPIRY).sample(OPENS + 7 * SECOND, PriceE8(100))

    assert average.next_ns == OPENS + 8 * SECOND


def test_outside_the_last_half_hour_nothing_is_sampled() -> None:
    average = DeliveryAverage(EXPIRY)

    assert average.sample(OPENS - 1, PriceE8(5)) == average
    assert average.sample(EXPIRY, PriceE8(5)) == average
    assert average.sample(OPENS, PriceE8(5)).count == 1
    assert average.sample(EXPIRY - 1, PriceE8(5)).count == 1


def test_a_whole_window_holds_450_samples() -> None:
    average = DeliveryAverage(EXPIRY)
    for second in range(1_801):
        average = average.sample(OPENS + second * SECOND, PriceE8(7))

    assert average.count == 450
    assert average.price(PriceE8(999)) == 7


def test_without_a_sample_the_index_stands_in() -> None:
    assert DeliveryAverage(EXPIRY).price(PriceE8(123)) == 123


def test_before_the_window_the_index_is_all_there_is_to_say() -> None:
    estimate = DeliveryAverage(EXPIRY).estimate(OPENS - 90 * SECOND, PriceE8(123))

    assert estimate == ExpirationEstimate(PriceE8(123), 1_890, False, 450, 450)


def test_in_the_window_the_present_index_stands_for_what_is_to_come() -> None:
    average = DeliveryAverage(EXPIRY)
    for number in range(150):
        average = average.sample(OPENS + 4 * number * SECOND, PriceE8(100))

    estimate = average.estimate(OPENS + 597 * SECOND, PriceE8(160))

    # A third of the samples at 100, two thirds to come at 160.
    assert estimate == ExpirationEstimate(PriceE8(140), 1_203, True, 300, 450)


def test_at_its_end_the_estimate_is_the_delivery_price() -> None:
    average = DeliveryAverage(EXPIRY)
    for number in range(450):
        average = average.sample(OPENS + 4 * number * SECOND, PriceE8(100 + number % 2))

    estimate = average.estimate(EXPIRY, PriceE8(999))

    assert estimate == ExpirationEstimate(average.price(PriceE8(999)), 0, True, 0, 450)


def test_a_sample_that_is_due_is_still_to_come() -> None:
    average = DeliveryAverage(EXPIRY)

    assert average.estimate(OPENS, PriceE8(1)).left_samples == 450
    assert average.estimate(OPENS + SECOND, PriceE8(1)).left_samples == 450
    assert average.estimate(EXPIRY - 1, PriceE8(1)).left_samples == 1
    assert average.sample(OPENS, PriceE8(1)).estimate(OPENS, PriceE8(1)).left_samples == 449


def test_samples_left_are_those_that_will_be_taken() -> None:
    for late in (0, 1, 3, 4, 5, 402):
        average = DeliveryAverage(EXPIRY)
        left = average.estimate(OPENS + late * SECOND, PriceE8(1)).left_samples
        for second in range(late, 1_801):
            average = average.sample(OPENS + second * SECOND, PriceE8(1))

        assert average.count == left


def test_without_any_sample_left_the_estimate_is_the_index() -> None:
    assert DeliveryAverage(EXPIRY).estimate(EXPIRY, PriceE8(77)).price == 77


def test_an_index_that_stood_still_is_sampled_as_often_as_was_due() -> None:
    average = DeliveryAverage(EXPIRY).catch_up(OPENS + 9 * SECOND, PriceE8(100))

    # At 0, 4 and 8 s; then at 12, 16 and 20 s.
    assert (average.count, average.next_ns) == (3, OPENS + 12 * SECOND)
    later = average.catch_up(OPENS + 20 * SECOND, PriceE8(110))
    assert (later.count, later.price(PriceE8(0))) == (6, 105)
    assert later.catch_up(OPENS + 23 * SECOND, PriceE8(1)) == later


def test_catching_up_is_sampling_at_every_moment() -> None:
    often = DeliveryAverage(EXPIRY)
    for second in range(1_801):
        often = often.sample(OPENS + second * SECOND, PriceE8(7))

    assert DeliveryAverage(EXPIRY).catch_up(EXPIRY + 60 * SECOND, PriceE8(7)) == often
    assert DeliveryAverage(EXPIRY).catch_up(OPENS - 1, PriceE8(7)) == DeliveryAverage(EXPIRY)


def test_an_average_that_begins_late_lacks_what_was_before() -> None:
    begun = delivery_average(EXPIRY, OPENS + 5 * SECOND)

    assert begun.catch_up(OPENS + 12 * SECOND, PriceE8(7)).count == 2
    early = delivery_average(EXPIRY, OPENS - 99 * SECOND)
    assert early.catch_up(EXPIRY, PriceE8(7)).count == 450


@pytest.mark.parametrize(
    ("seconds", "share"),
    [(-1, 1.0), (0, 1.0), (450, 0.75), (1_350, 0.25), (1_800, 0.0), (9_999, 0.0)],
)
def test_a_delivery_price_takes_part_in_ever_less_of_a_move(seconds: int, share: float) -> None:
    assert share_left(EXPIRY, OPENS + seconds * SECOND) == share


def test_an_underlying_is_the_average_so_far_and_the_forward_for_the_rest() -> None:
    average = DeliveryAverage(EXPIRY)
    for number in range(150):
        average = average.sample(OPENS + 4 * number * SECOND, PriceE8(60_000 * 10**8))

    # A third has passed.
    found = average.underlying(OPENS + 600 * SECOND, PriceE8(63_000 * 10**8))

    assert found == 62_000 * 10**8


def test_an_underlying_has_four_decimals() -> None:
    average = DeliveryAverage(EXPIRY).sample(OPENS, PriceE8(60_000 * 10**8))

    # 60,000 plus two thirds of a dollar.
    found = average.underlying(OPENS + 600 * SECOND, PriceE8(60_001 * 10**8))

    assert found == 60_000_6667 * 10**4


def test_outside_of_its_window_an_underlying_is_the_forward_and_at_its_end_the_price() -> None:
    average = DeliveryAverage(EXPIRY)
    forward = PriceE8(63_000 * 10**8)

    assert average.underlying(OPENS - SECOND, forward) == forward
    assert average.underlying(OPENS + 600 * SECOND, forward) == forward
    average = average.sample(OPENS, PriceE8(60_000 * 10**8))
    assert average.underlying(EXPIRY, forward) == 60_000 * 10**8
