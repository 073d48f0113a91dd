"""No hidden clocks or dice: what varies is an argument."""

from __future__ import annotations

from collections.abc import Callable


def retry_delay_ms(
    attempt: int, *, jitter: Callable[[int], int], delay_ms_max: int = 30_000
) -> int:
    """Return how long to wait before reconnect number `attempt` (the first is 0)."""
    ceiling = min(delay_ms_max, 250 << min(attempt, 20))
    return ceiling // 2 + jitter(ceiling // 2)
