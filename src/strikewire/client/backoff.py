"""How long to wait before connecting again."""

from collections.abc import Callable
from typing import Final

RETRY_MS_FIRST: Final = 250
RETRY_MS_MAX: Final = 30_000


def retry_delay_ms(
    attempt: int, *, jitter: Callable[[int], int], delay_ms_max: int = RETRY_MS_MAX
) -> int:
    """Return how long to wait before reconnect number `attempt` (the first is 0).

    The ceiling doubles from `RETRY_MS_FIRST` with every attempt; half of it is always waited, the
    other half is chance, so that many clients of one venue do not come back at once.

    Args:
        attempt: Attempts that have failed since the last good connection.
        jitter: Returns a whole number from 0 to its argument.
        delay_ms_max: The highest ceiling, in milliseconds.
    """
    assert attempt >= 0
    ceiling = min(delay_ms_max, RETRY_MS_FIRST << min(attempt, 20))
    return ceiling // 2 + jitter(ceiling // 2)
