"""The funding rate of perpetuals: what keeps them near their index, in integers.

The rate is said for eight hours. `strikewire.exchange.state.funding` accrues it.
"""

from strikewire.model import FUNDING_SCALE, PriceE8, divide_half_even

DAMPENER = 250_000_000
"""A premium within 0.025 % costs nothing, and a larger one 0.025 % less; in 1e-12."""


def funding_rate_e12(mark: PriceE8, index: PriceE8, *, cap_e12: int | None = None) -> int:
    """Return what longs pay to shorts for eight hours, in 1e-12 of their value.

    Args:
        mark: Mark price of the perpetual.
        index: In the same unit, above 0.
        cap_e12: The rate stays within plus and minus this; None: no cap.

    Source: Deribit, "Funding specifications" (support article 31424939178397): premium rate =
    (mark - index) / index; rate = max(0.025 %, premium) + min(-0.025 %, premium), capped.
    """
    assert index > 0
    premium = divide_half_even((mark - index) * FUNDING_SCALE, index)
    rate = max(DAMPENER, premium) + min(-DAMPENER, premium)
    return rate if cap_e12 is None else min(max(rate, -cap_e12), cap_e12)
