"""The index: one price from the quotes of many venues, hard to move by any one of them."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from strikewire.model import PriceE8, divide_half_even

QUOTE_AGE_NS_MAX = 60 * 1_000_000_000
"""A quote that has not been confirmed for this long is left out."""

CLAMP_PPM = 5_000
"""How far a venue may lie from the median before it is held there: 0.5 %, in parts per million."""

_PPM = 1_000_000


class VenueQuote(Struct, frozen=True):
    """The best bid and ask of one venue.

    Attributes:
        venue: Its name; one quote per venue.
        bid: Best bid in 1e-8 of the quote currency, None when the side is empty.
        ask: Best ask, likewise.
        time_ns: When it was last known to hold, nanoseconds since the Unix epoch.
        problem: Why the venue's prices are not known at the moment, for people; empty while they
            are.
        weight: How much its mid counts beside the others', any scale; above 0.
    """

    venue: str
    bid: PriceE8 | None
    ask: PriceE8 | None
    time_ns: int
    problem: str = ""
    weight: int = 1


class Exclusion(Struct, frozen=True):
    """Why a venue does not count; `reason` is for people."""

    venue: str
    reason: str


class Index(Struct, frozen=True):
    """The index and how it came about.

    Attributes:
        price: In 1e-8 of the quote currency; None when no venue counts, and then nothing may be
            priced by it.
        venues: Those that count, in the order given.
        clamped: Those among them that were held 0.5 % from the median.
        excluded: The others.
    """

    price: PriceE8 | None
    venues: tuple[str, ...]
    clamped: tuple[str, ...]
    excluded: tuple[Exclusion, ...]


def index_price(
    quotes: Iterable[VenueQuote], now_ns: int, *, age_ns_max: int = QUOTE_AGE_NS_MAX
) -> Index:
    """Return the index at `now_ns`.

    Unknown, stale, one-sided and crossed quotes are left out. Each remaining mid is held within
    0.5 % of their median, and the index is the average of those by their weights, equal if nothing
    is said: three venues or more outvote one that is wrong, two meet in the middle, a single one is
    believed, none gives no price. The median knows no weights: no venue can be made heavy enough to
    move it alone.

    Args:
        quotes: One per venue.
        now_ns: Nanoseconds since the Unix epoch.
        age_ns_max: Age at which a quote stops counting.

    Source: Deribit, "Index price" (support article 25944739377309).
    """
    mids: dict[str, int] = {}
    weights: dict[str, int] = {}
    excluded: list[Exclusion] = []
    for quote in quotes:
        reason = _reason_against(quote, now_ns, age_ns_max)
        if reason is None:
            assert quote.bid is not None
            assert quote.ask is not None
            mids[quote.venue] = divide_half_even(quote.bid + quote.ask, 2)
            weights[quote.venue] = quote.weight
        else:
            excluded.append(Exclusion(quote.venue, reason))
    if not mids:
        return Index(None, (), (), tuple(excluded))

    median = _median(sorted(mids.values()))
    reach = divide_half_even(median * CLAMP_PPM, _PPM)
    held = {venue: min(max(mid, median - reach), median + reach) for venue, mid in mids.items()}
    return Index(
        price=PriceE8(
            divide_half_even(
                sum(weights[venue] * mid for venue, mid in held.items()), sum(weights.values())
            )
        ),
        venues=tuple(mids),
        clamped=tuple(venue for venue, mid in mids.items() if held[venue] != mid),
        excluded=tuple(excluded),
    )


def _reason_against(quote: VenueQuote, now_ns: int, age_ns_max: int) -> str | None:
    if quote.problem:
        return quote.problem
    if quote.weight <= 0:
        return f"weight {quote.weight} is not above zero"
    if quote.bid is None or quote.ask is None:
        return "a side of the book is empty"
    if quote.bid <= 0:
        return f"bid {quote.bid} is not above zero"
    if quote.bid >= quote.ask:
        return f"crossed: bid {quote.bid}, ask {quote.ask}"
    age_ns = now_ns - quote.time_ns
    if age_ns > age_ns_max:
        return f"stale: {age_ns / 1e9:.1f} s old, {age_ns_max / 1e9:.1f} s allowed"
    return None


def _median(ascending: Sequence[int]) -> int:
    middle = len(ascending) // 2
    if len(ascending) % 2:
        return ascending[middle]
    return divide_half_even(ascending[middle - 1] + ascending[middle], 2)
