"""The delivery price: the average of the index over the last half hour before an expiry."""

from msgspec import Struct

from strikewire.model import PriceE8, divide_half_even
from strikewire.pricing.marks import UNDERLYING_STEP_E8

DELIVERY_WINDOW_NS = 30 * 60 * 1_000_000_000
"""How long before the expiry the average begins."""

SAMPLE_INTERVAL_NS = 4 * 1_000_000_000
"""Time between two samples of the index."""

SAMPLES = DELIVERY_WINDOW_NS // SAMPLE_INTERVAL_NS
"""450 of them are in the window: the first as it opens, the last 4 s before the expiry."""

_NS_PER_S = 1_000_000_000


class ExpirationEstimate(Struct, frozen=True):
    """What `estimated_expiration_price` says: where the next delivery price is heading.

    Attributes:
        price: In 1e-8 of the quote currency: the index until the window opens, then what the
            average will be if the index stays where it is.
        seconds: Whole seconds until the expiry; 0 once it has passed.
        is_estimated: Whether the window is open.
        left_samples: Samples that are still to come.
        total_samples: Samples of the whole window.
    """

    price: PriceE8
    seconds: int
    is_estimated: bool
    left_samples: int
    total_samples: int


def delivery_average(expiry_ns: int, now_ns: int) -> "DeliveryAverage":
    """Return an average that begins now: samples that were due before are missing.

    Args:
        expiry_ns: The expiry, nanoseconds since the Unix epoch.
        now_ns: Likewise.
    """
    opens_ns = expiry_ns - DELIVERY_WINDOW_NS
    passed = -(-max(0, now_ns - opens_ns) // SAMPLE_INTERVAL_NS)
    return DeliveryAverage(expiry_ns, next_ns=opens_ns + passed * SAMPLE_INTERVAL_NS)


def share_left(expiry_ns: int, now_ns: int) -> float:
    """Return how much of a move of the index a delivery price still takes part in.

    Args:
        expiry_ns: The expiry, nanoseconds since the Unix epoch.
        now_ns: Likewise.

    Returns:
        1.0 until the window opens, from then on the part of it that is left, 0.0 at the expiry.
    """
    left = min(max(expiry_ns - now_ns, 0), DELIVERY_WINDOW_NS)
    return left / DELIVERY_WINDOW_NS


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
        """Return the average after the index was seen; unchanged if no sample is due.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            index: In 1e-8 of the quote currency, as is every index here.
        """
        opens_ns = self.expiry_ns - DELIVERY_WINDOW_NS
        if not max(opens_ns, self.next_ns) <= now_ns < self.expiry_ns:
            return self
        passed = (now_ns - opens_ns) // SAMPLE_INTERVAL_NS
        return DeliveryAverage(
            expiry_ns=self.expiry_ns,
            total=self.total + index,
            count=self.count + 1,
            next_ns=opens_ns + (passed + 1) * SAMPLE_INTERVAL_NS,
        )

    def catch_up(self, now_ns: int, index: PriceE8) -> "DeliveryAverage":
        """Return the average after the index stood at `index` since it was last looked at.

        Every sample that has become due since then, up to `now_ns`, is taken of it.
        """
        opens_ns = self.expiry_ns - DELIVERY_WINDOW_NS
        first_ns = max(opens_ns, self.next_ns)
        due = (min(now_ns, self.expiry_ns - 1) - first_ns) // SAMPLE_INTERVAL_NS + 1
        if due <= 0:
            return self
        return DeliveryAverage(
            expiry_ns=self.expiry_ns,
            total=self.total + due * index,
            count=self.count + due,
            next_ns=first_ns + due * SAMPLE_INTERVAL_NS,
        )

    def price(self, index: PriceE8) -> PriceE8:
        """Return the delivery price; `index` stands in when no sample was taken at all.

        Source: Deribit, "Settlement and delivery": time-weighted average of the index over the
        last 30 minutes, sampled every 4 s.
        """
        if not self.count:
            return index
        return PriceE8(divide_half_even(self.total, self.count))

    def underlying(self, now_ns: int, forward: PriceE8) -> PriceE8:
        """Return what futures and options of the expiry are worth by: what has been averaged, too.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            forward: What the index is expected to be at the expiry.

        Returns:
            To four decimals.

        Source: Deribit, "Settlement and delivery": the average so far times the part of the window
        that has passed, plus the forward times the part that is left.
        """
        left_ns = min(max(self.expiry_ns - now_ns, 0), DELIVERY_WINDOW_NS)
        passed_ns = DELIVERY_WINDOW_NS - left_ns
        settled = self.price(forward)
        total = settled * passed_ns + forward * left_ns
        steps = divide_half_even(total, DELIVERY_WINDOW_NS * UNDERLYING_STEP_E8)
        return PriceE8(steps * UNDERLYING_STEP_E8)

    def estimate(self, now_ns: int, index: PriceE8) -> ExpirationEstimate:
        """Return where the delivery price is heading.

        Samples that are still to come are taken to be the present index, so the estimate is as sure
        of itself as the window has passed, and at its end it is the delivery price.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            index: In 1e-8 of the quote currency.

        Source: Deribit API v2, channel `estimated_expiration_price.{index_name}`.
        """
        left = self._samples_left(now_ns)
        is_open = now_ns >= self.expiry_ns - DELIVERY_WINDOW_NS
        counted = self.count + left
        price = index
        if is_open and counted:
            price = PriceE8(divide_half_even(self.total + left * index, counted))
        return ExpirationEstimate(
            price=price,
            seconds=max(0, self.expiry_ns - now_ns) // _NS_PER_S,
            is_estimated=is_open,
            left_samples=left,
            total_samples=SAMPLES,
        )

    def _samples_left(self, now_ns: int) -> int:
        """Return how many samples can still be taken: one now, if it is due, and those after it."""
        opens_ns = self.expiry_ns - DELIVERY_WINDOW_NS
        first_ns = max(opens_ns, self.next_ns, now_ns)
        if first_ns >= self.expiry_ns:
            return 0
        taken = (first_ns - opens_ns) // SAMPLE_INTERVAL_NS
        # One that is late counts for the interval it falls into.
        is_due = now_ns >= max(opens_ns, self.next_ns)
        on_time = opens_ns + taken * SAMPLE_INTERVAL_NS >= first_ns
        return SAMPLES - taken - (0 if is_due or on_time else 1)
