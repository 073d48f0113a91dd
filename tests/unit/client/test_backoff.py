"""Waits between attempts grow, and are spread by chance."""

import pytest

from strikewire.client.backoff import retry_delay_ms


@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [
        (0, 125, 250),
        (1, 250, 500),
        (2, 500, 1_000),
        (6, 8_000, 16_000),
        (7, 15_000, 30_000),
        (1_000, 15_000, 30_000),
    ],
)
def test_the_wait_doubles_up_to_its_ceiling(attempt: int, least: int, most: int) -> None:
    assert retry_delay_ms(attempt, jitter=lambda _: 0) == least
    assert retry_delay_ms(attempt, jitter=lambda limit: limit) == most


def test_the_ceiling_can_be_chosen() -> None:
    assert retry_delay_ms(9, jitter=lambda limit: limit, delay_ms_max=100) == 100
