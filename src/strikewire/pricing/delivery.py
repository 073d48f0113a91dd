"""The delivery price: the average of the index over the last half hour before an expiry."""

from msgspec import Struct

from strikewire.model import PriceE8, divide_half_even

DELIVERY_WINDOW_NS = 30 * 60 * 1_000_000_000
"""How long before the expiry the average begins."""

SAMPLE_INTERVAL_NS = 4 * 1_000_000_000
"""Time between two samples of the index: 450 of them in the window."""


class DeliveryAverage(Struct, frozen=True):
    """The samples taken so far for one expiry.

    Attributes:
        expiry_ns: The expiry, nanoseconds since the Unix epoch.
        total: Sum of the samples, 1e-8 of the quote currency.
        count: How many were taken.
        next_ns: When the next is due.
    """

    expiry_ns: int
    total: int = 0
    count: int = 0
    next_ns: int = 0

    def sample(self, now_ns: int, index: PriceE8) -> "DeliveryAverage":
        """Return the average after the index was seen at `now_ns`; unchanged if none is due."""
        opens_ns = self.expiry_ns - DELIVERY_WINDOW_NS
        if not max(opens_ns, self.next_ns) <= now_ns <= self.expiry_ns:
            return self
        passed = (now_ns - opens_ns) // SAMPLE_INTERVAL_NS
        return DeliveryAverage(
            expiry_ns=self.expiry_ns,
            total=self.total + index,
            count=self.count + 1,
            next_ns=opens_ns + (passed + 1) * SAMPLE_INTERVAL_NS,
        )

    def price(self, index: PriceE8) -> PriceE8:
        """Return the delivery price; `index` stands in when no sample was taken at all.

        Source: Deribit, "Settlement and delivery": time-weighted average of the index over the
        last 30 minutes, sampled every 4 s.
        """
        if not self.count:
            return index
        return PriceE8(divide_half_even(self.total, self.count))
