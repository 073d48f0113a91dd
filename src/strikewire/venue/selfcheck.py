"""What a demo knows about itself: did orders match, do books chain, is all money there.

The books are followed by an ordinary client of ours, link by link, and compared with the venue's
answers; orders and fills are counted where they are carried out; money is counted from both ends;
and the journal is replayed from its first entry.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from strikewire.client import BookStream, Client, VenueError
from strikewire.exchange import EditOrder, Exchange, Fill, OrderEvent, PlaceOrder, Rejected
from strikewire.journal import SqliteJournal
from strikewire.model import CURRENCIES
from strikewire.sequencer import Applied, replay

COMPARISONS_MAX: Final = 50
"""How often a book is asked for until the answer and the stream stand at the same change."""


class Tally:
    """Counts what the venue carries out; a subscriber of the sequencer."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __call__(self, applied: Applied) -> None:
        """Count one command."""
        self._counts["commands"] += 1
        if isinstance(applied.command, PlaceOrder):
            self._counts["orders"] += 1
        elif isinstance(applied.command, EditOrder):
            self._counts["edits"] += 1
        for event in applied.events:
            if isinstance(event, Fill):
                self._counts["fills"] += 1
            elif isinstance(event, Rejected):
                self._counts["rejected"] += 1
            elif isinstance(event, OrderEvent) and event.order.state == "filled":
                self._counts["filled"] += 1

    def __getitem__(self, name: str) -> int:
        return self._counts[name]


class BookWatch:
    """Follows every book there is on its raw channel, and compares it with the venue's answer.

    Args:
        client: Authenticated, for raw channels.

    Attributes:
        compared: Books that were found equal, level by level.
        faults: What was not as it should be, in words.
    """

    def __init__(self, client: Client) -> None:
        self.compared = 0
        self.faults: list[str] = []
        self._client = client
        self._streams: dict[str, BookStream] = {}

    @property
    def links(self) -> int:
        """Changes that continued their chain exactly."""
        return sum(stream.book.links for stream in self._streams.values())

    @property
    def gaps(self) -> int:
        """Times a chain broke."""
        return sum(stream.book.gaps for stream in self._streams.values())

    async def begin(self) -> None:
        """Follow the books of all instruments there are now."""
        for instrument in await self._client.get_instruments():
            name = instrument.instrument_name
            self._streams[name] = self._client.book(name, interval="raw")

    async def compare(self) -> None:
        """Compare every book with what the venue answers when asked for it."""
        for name, stream in self._streams.items():
            fault = await self._compare(name, stream)
            if fault:
                self.faults.append(f"book of {name}: {fault}")
            else:
                self.compared += 1

    async def _compare(self, name: str, stream: BookStream) -> str:
        for _ in range(COMPARISONS_MAX):
            answer = await self._client.get_order_book(instrument_name=name, depth=10_000)
            view = stream.book.view()
            if answer.state != "open":
                return ""  # it expired meanwhile
            if view.is_stale or view.change_id != answer.change_id:
                continue  # a change came between the answer and this line
            if (list(view.bids), list(view.asks)) == (answer.bids, answer.asks):
                return ""
            return f"at change {view.change_id} the stream and the answer differ"
        return "the stream never stood where the answers stand"


class Verdict(Struct, frozen=True, kw_only=True):
    """What a self-check found.

    Attributes:
        seconds: How long the venue ran.
        instruments: How many were open.
        commands: Commands carried out, everybody's.
        orders: Orders placed.
        edits: Edits made.
        fills: Times two orders met.
        quotes: Orders placed and edits made by the market makers.
        links: Changes of books that continued their chain exactly.
        gaps: Times a chain broke.
        books: Books that equal the venue's own, level by level.
        money: What each currency's two counts differ by.
        last_seq: Number of the last command.
        state_hash: Of the venue's state at its end, in hexadecimal digits.
        replay_hash: Of the state after replaying the journal from its first entry.
        latency_ms: Round trips of the market makers' requests: p50 and p99.
        cpu_percent: Share of one processor that the whole process took.
        faults: What was not as it should be; empty when all is well.
    """

    seconds: float
    instruments: int
    commands: int
    orders: int
    edits: int
    fills: int
    quotes: int
    links: int
    gaps: int
    books: int
    money: Mapping[str, int]
    last_seq: int
    state_hash: str
    replay_hash: str
    latency_ms: tuple[float, float]
    cpu_percent: float
    faults: tuple[str, ...]


async def trade_once(seller: Client, buyer: Client, instrument_name: str) -> str:
    """Let two clients trade with each other at the mark.

    Returns:
        Why they could not; empty when they did.
    """
    for _ in range(COMPARISONS_MAX):
        ticker = await seller.ticker(instrument_name=instrument_name)
        price = round(ticker.mark_price)
        offer = await seller.sell(
            instrument_name=instrument_name, amount=10, price=price, type="limit"
        )
        bid = await buyer.buy(
            instrument_name=instrument_name,
            amount=10,
            price=price,
            type="limit",
            time_in_force="immediate_or_cancel",
        )
        if offer.trades or bid.trades:
            return ""
        # The market moved between the two; it was taken, or is in the way of the next try.
        with suppress(VenueError):
            await seller.cancel(order_id=offer.order.order_id)
    return f"two accounts could not trade {instrument_name} with each other"


def replayed_hash(journal: Path) -> tuple[str, int]:
    """Replay a journal from its first entry; return the state's hash and the last number."""
    opened = SqliteJournal.open(journal, read_only=True)
    try:
        _, report = replay(opened)
    finally:
        opened.close()
    return report.state_hash.hex(), report.last_seq


def count_money(exchange: Exchange) -> dict[str, int]:
    """Return what the two counts of each currency differ by: zeros, unless money is lost."""
    return {name: exchange.money(name).difference for name in CURRENCIES}


def percentiles_ms(latencies_ns: list[int]) -> tuple[float, float]:
    """Return the median and the 99th percentile, in milliseconds; zeros without any."""
    if not latencies_ns:
        return (0.0, 0.0)
    ordered = sorted(latencies_ns)
    median, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return (round(median / 1e6, 2), round(late / 1e6, 2))


def find_faults(verdict: Verdict, *, has_makers: bool) -> tuple[str, ...]:
    """Return what is not as it should be, in words."""
    faults = list(verdict.faults)
    if not verdict.fills:
        faults.append("no orders matched")
    if has_makers and not verdict.quotes:
        faults.append("the market makers made no quotes")
    if verdict.gaps:
        faults.append(f"{verdict.gaps} gaps in the chains of the books")
    if not verdict.links:
        faults.append("no book moved")
    faults += [
        f"{difference} units of {currency} came from nowhere"
        for currency, difference in verdict.money.items()
        if difference
    ]
    if verdict.replay_hash != verdict.state_hash:
        faults.append(
            f"the journal replays to {verdict.replay_hash}, the venue stood at {verdict.state_hash}"
        )
    return tuple(faults)
