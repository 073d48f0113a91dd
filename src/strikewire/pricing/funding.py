"""Funding of perpetuals: what keeps them near their index, in integers that replay exactly.

The rate is said for eight hours and paid for every millisecond. What a long pays per unit of value
is therefore the sum of rate times milliseconds: an exact integer, whatever the order in which
positions are settled from it.
"""

from msgspec import Struct

from strikewire.model import PriceE8, divide_half_even, divide_up

RATE_SCALE = 1_000_000_000_000
"""Rates are counted in 1e-12 per eight hours."""

DAMPENER = 250_000_000
"""A premium within 0.025 % costs nothing, and a larger one 0.025 % less; in 1e-12."""

PERIOD_MS = 8 * 3_600_000
"""The time for which the rate is said."""

_NS_PER_MS = 1_000_000


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
    premium = divide_half_even((mark - index) * RATE_SCALE, index)
    rate = max(DAMPENER, premium) + min(-DAMPENER, premium)
    return rate if cap_e12 is None else min(max(rate, -cap_e12), cap_e12)


def funding_rate(mark: PriceE8, index: PriceE8) -> float:
    """Return the rate of `funding_rate_e12` without a cap as a fraction, for showing."""
    return funding_rate_e12(mark, index) / RATE_SCALE


class FundingAccrual(Struct, frozen=True):
    """What one unit of a long position's value has paid since the beginning.

    Attributes:
        rate_e12: The rate in force, 1e-12 per eight hours.
        paid: Sum of rate times milliseconds up to `time_ms`; negative where longs were paid.
        time_ms: Up to when it is summed, milliseconds since the Unix epoch.
    """

    rate_e12: int
    paid: int
    time_ms: int

    def at(self, now_ns: int) -> "FundingAccrual":
        """Return the same, summed up to the last whole millisecond before `now_ns`."""
        now_ms = max(now_ns // _NS_PER_MS, self.time_ms)
        return FundingAccrual(
            self.rate_e12, self.paid + self.rate_e12 * (now_ms - self.time_ms), now_ms
        )

    def change(self, now_ns: int, rate_e12: int) -> "FundingAccrual":
        """Return the sum up to `now_ns`, with another rate in force from then on."""
        summed = self.at(now_ns)
        return FundingAccrual(rate_e12, summed.paid, summed.time_ms)


def funding_payment(value: int, since: FundingAccrual, until: FundingAccrual) -> int:
    """Return what a position pays between two sums; negative where it is paid.

    Args:
        value: Of the position, in settlement units; positive long, negative short.
        since: When the position was last settled.
        until: Now.

    Returns:
        Settlement units, rounded up: the payer a unit more, the receiver a unit less, so that no
        unit is paid out that was not paid in.

    Source: Deribit, as above: payment = rate x position size x time / 8 h.
    """
    assert until.time_ms >= since.time_ms
    return divide_up(value * (until.paid - since.paid), RATE_SCALE * PERIOD_MS)
