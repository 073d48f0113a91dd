"""The forward of each expiry, as the venue's own books see it.

Theory of operation. Where nobody quotes, a forward is the index and the basis that the coin's
market is taken to have. What the books say is a premium over that: the middle of what an amount
would be sold and bought for in the future of the expiry, with the forward that the options'
tightest strike implies standing in its book as one more level. The premium is bounded and averaged,
so nobody moves a mark at once, nor far, and it fades when the quotes are gone. An expiry without a
future has only its options to look at.

Source: Deribit, "Futures mark price" (support article 25944746962973).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from strikewire.model import PRICE_SCALE, Instrument, InstrumentId, OptionType, PriceE8
from strikewire.pricing import (
    BookLevel,
    DeliveryAverage,
    ForwardQuote,
    Premium,
    dated_mark,
    impact_mid,
    next_premium,
    share_left,
    tightest_forward,
)

IMPACT: Final = {"BTC": 1.0, "ETH": 15.0}
"""How deep a mark looks into a book, in coins; of every other coin `IMPACT_OTHER`."""

IMPACT_OTHER: Final = 1.0

LEVELS_MAX: Final = 10
"""Levels of each side that it looks at."""

PREMIUM_BOUND: Final = 0.005
"""How far the books may take a forward from what it would be without them, as a fraction."""

BASIS_BOUND: Final = 0.25
"""How much further for each year until the expiry: nobody knows what a year will cost."""


class Depth(NamedTuple):
    """The best levels of a book, prices as quoted and amounts in coins, best first."""

    bids: Sequence[BookLevel] = ()
    asks: Sequence[BookLevel] = ()


DepthOf = Callable[[InstrumentId, int], Depth]
"""Returns at most so many levels of an instrument's book."""


class Forwards:
    """What the machine above remembers: premiums and implied forwards, by index and expiry.

    Args:
        depth: Returns an instrument's best levels.
    """

    def __init__(self, depth: DepthOf) -> None:
        self._depth = depth
        self._implied: dict[tuple[str, int], ForwardQuote | None] = {}
        self._premiums: dict[tuple[str, int], Premium] = {}

    def imply(self, series: tuple[str, int], options: Iterable[Instrument]) -> None:
        """Look at the options of an index and expiry; what they imply counts until the next time.

        Args:
            series: The index and the expiry.
            options: All of them.
        """
        strikes: dict[float, dict[OptionType, Instrument]] = {}
        for one in options:
            assert one.option_type is not None
            strikes.setdefault(float(one.strike or 0), {})[one.option_type] = one
        pairs = {k: both for k, both in strikes.items() if len(both) == 2}
        quotes = [
            (*self._best(both[OptionType.CALL]), *self._best(both[OptionType.PUT]))
            for both in pairs.values()
        ]
        if not quotes:
            self._implied[series] = None
            return
        call_bids, call_asks, put_bids, put_asks = np.array(quotes).T
        self._implied[series] = tightest_forward(
            strikes=list(pairs),
            call_bids=call_bids,
            call_asks=call_asks,
            put_bids=put_bids,
            put_asks=put_asks,
            is_inverse=any(one.is_inverse for both in pairs.values() for one in both.values()),
        )

    def price(
        self,
        series: tuple[str, int],
        future: Instrument | None,
        *,
        now_ns: int,
        index: PriceE8,
        coin: str,
        basis: float,
        years: float,
        average: DeliveryAverage | None = None,
    ) -> PriceE8:
        """Return the forward of an index and expiry, to four decimals; it moves with every call.

        Args:
            series: The index and the expiry.
            future: That expires then, if there is one.
            now_ns: Nanoseconds since the Unix epoch.
            index: In 1e-8 of the quote currency.
            coin: The base currency.
            basis: Premium over the index without any quotes, as a fraction per year.
            years: Time left.
            average: What has been averaged of the delivery price; None where nobody counts.
        """
        plain = dated_mark(index, basis=basis, years=years)
        if average is not None and share_left(average.expiry_ns, now_ns) < 1.0:
            # The books of this expiry know of the average: they are compared with it.
            index, basis = average.underlying(now_ns, plain), 0.0
            plain = index
        premium = next_premium(
            self._premiums.get(series),
            now_ns=now_ns,
            index=plain,
            mid=self._seen(series, future, impact_amount(coin)),
            bound=PREMIUM_BOUND + BASIS_BOUND * years,
        )
        self._premiums[series] = premium
        return dated_mark(index, basis=basis, years=years, premium=premium)

    def keep(self, alive: set[tuple[str, int]]) -> None:
        """Forget what has expired."""
        self._implied = {key: one for key, one in self._implied.items() if key in alive}
        self._premiums = {key: one for key, one in self._premiums.items() if key in alive}

    def _seen(
        self, series: tuple[str, int], future: Instrument | None, amount: float
    ) -> PriceE8 | None:
        """Return the middle of the book that the future and the options make together."""
        depth = Depth()
        if future is not None:
            depth = self._depth(InstrumentId(future.instrument_id), LEVELS_MAX)
        return impact_price(depth, amount, self._implied.get(series))

    def _best(self, option: Instrument) -> tuple[float, float]:
        """Return an option's best bid and ask, 0.0 where there is none."""
        bids, asks = self._depth(InstrumentId(option.instrument_id), 1)
        return bids[0].price if bids else 0.0, asks[0].price if asks else 0.0


def impact_amount(coin: str) -> float:
    """Return how many coins deep a mark looks into a book."""
    return IMPACT.get(coin, IMPACT_OTHER)


def impact_price(
    depth: Depth, amount: float, implied: ForwardQuote | None = None
) -> PriceE8 | None:
    """Return the middle of what an amount would be sold and bought for; None with an empty side.

    Args:
        depth: Of a future.
        amount: In coins.
        implied: By options: stands in the book as one more level, of the whole amount.
    """
    bids, asks = list(depth.bids), list(depth.asks)
    if implied is not None:
        bids.append(BookLevel(implied.bid, amount))
        asks.append(BookLevel(implied.ask, amount))
    bids.sort(reverse=True)
    asks.sort()
    mid = impact_mid(bids, asks, amount=amount)
    return None if mid is None else PriceE8(round(mid * PRICE_SCALE))
