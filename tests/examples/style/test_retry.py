from __future__ import annotations

import pytest

from examples.style.retry import retry_delay_ms


@pytest.mark.parametrize(
    ("attempt", "shortest_ms", "longest_ms"),
    [(0, 125, 250), (1, 250, 500), (6, 8_000, 16_000), (7, 15_000, 30_000), (99, 15_000, 30_000)],
)
def test_the_delay_doubles_up_to_its_limit(attempt: int, shortest_ms: int, longest_ms: int) -> None:
    assert retry_delay_ms(attempt, jitter=lambda _: 0) == shortest_ms
    assert retry_delay_ms(attempt, jitter=lambda most: most) == longest_ms
