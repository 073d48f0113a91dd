from strikewire.model import PriceE8
from strikewire.pricing import DeliveryAverage

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
    assert average.sample(EXPIRY + 1, PriceE8(5)) == average
    assert average.sample(OPENS, PriceE8(5)).count == 1
    assert average.sample(EXPIRY, PriceE8(5)).count == 1


def test_a_whole_window_holds_450_samples_and_the_last() -> None:
    average = DeliveryAverage(EXPIRY)
    for second in range(1_801):
        average = average.sample(OPENS + second * SECOND, PriceE8(7))

    assert average.count == 451
    assert average.price(PriceE8(999)) == 7


def test_without_a_sample_the_index_stands_in() -> None:
    assert DeliveryAverage(EXPIRY).price(PriceE8(123)) == 123
