import pytest

from strikewire.model import price_e8
from strikewire.pricing import funding_rate_e12

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
    assert funding_rate_e12(price_e8(mark), price_e8(100_000)) == round(rate * 1e12)


def test_a_rate_stays_within_its_cap() -> None:
    far = price_e8(110_000), price_e8(100_000)

    assert funding_rate_e12(*far) == 99_750_000_000
    assert funding_rate_e12(*far, cap_e12=5 * TENTH_PERCENT) == 5 * TENTH_PERCENT
    assert funding_rate_e12(*far[::-1], cap_e12=5 * TENTH_PERCENT) == -5 * TENTH_PERCENT
