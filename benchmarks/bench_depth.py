"""A book kept over a recorded stream, its best read after each change, against its likes."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from sortedcontainers import SortedDict  # type: ignore[import-untyped]  # no annotations

from benchmarks.harness import Fresh, Measure, Rate, Ratio
from strikewire.depth import DepthBook, DepthUpdate
from strikewire.feeds import BinanceFeed, MessageKind, RecordedMessage, open_shipped
from strikewire.feeds.scaling import parse_e8

Pairs = list[tuple[int, int]]


class Stream(NamedTuple):
    """The depth of the shipped BTC recording: the book after its snapshot, and what follows."""

    base: DepthBook
    updates: list[DepthUpdate]


def measures(*, quick: bool) -> list[Measure]:
    whole = recorded(500 if quick else 3_000)
    single = one_by_one(whole, 2_000 if quick else 10_000)
    return [
        *against_others("recorded messages of ~60 levels, best read after each", whole, 1.2, 1.5),
        *against_others("the same levels one at a time, best read after each", single, 0.5, 5.0),
        Ratio(
            measure="a snapshot of 1000 levels a side",
            ours=lambda: DepthBook(1, *snapshot_of(whole.base)),
            against="sortedcontainers SortedDict",
            theirs=lambda: [SortedDict(side) for side in snapshot_of(whole.base)],
            floor=0.6,
            aim=1.5,
            packages=("sortedcontainers",),
        ),
    ]


def against_others(
    name: str, stream: Stream, floor_sorted: float, floor_plain: float
) -> list[Measure]:
    """Measure ours, which also checks the chain and the amounts, and theirs, which do not."""
    ours = Fresh(stream.base.copy, lambda book: follow(book, stream))
    levels = sum(len(update.bids) + len(update.asks) for update in stream.updates)
    return [
        Rate(measure=name, work=ours, operations=levels, unit="levels/s", floor=2e5),
        Ratio(
            measure=name,
            ours=ours,
            against="sortedcontainers SortedDict",
            theirs=Fresh(lambda: sorted_dicts(stream.base), lambda at: follow_sorted(at, stream)),
            floor=floor_sorted,
            aim=2.0,
            packages=("sortedcontainers",),
        ),
        Ratio(
            measure=name,
            ours=ours,
            against="plain dicts, min and max",
            theirs=Fresh(lambda: plain_dicts(stream.base), lambda at: follow_plain(at, stream)),
            floor=floor_plain,
        ),
    ]


def recorded(count: int) -> Stream:
    """Read the recording up to its first `count` depth changes after the snapshot."""
    feed = BinanceFeed("BTCUSDT")
    base: DepthBook | None = None
    updates: list[DepthUpdate] = []
    for message in open_shipped("btc_usd"):
        assert isinstance(message, RecordedMessage)
        if base is not None and (update := decoded(message)) is not None:
            updates.append(update)
        if len(updates) == count:
            break
        if base is None:
            take = feed.receive if message.kind is MessageKind.STREAM else feed.receive_snapshot
            take(message.offset_ns, message.payload)
            base = feed.sync.book.copy() if feed.sync.is_synced else None
    assert base is not None
    return Stream(base, updates)


def decoded(message: RecordedMessage) -> DepthUpdate | None:
    data = msgspec.json.decode(message.payload)["data"]
    if data["e"] != "depthUpdate":
        return None
    bids, asks = (
        [(parse_e8(price), parse_e8(amount)) for price, amount in data[side]] for side in "ba"
    )
    return DepthUpdate(data["pu"], data["u"], bids, asks)


def one_by_one(stream: Stream, count: int) -> Stream:
    """Give every level a message of its own, as a venue's own book changes."""
    base = stream.base.copy()
    base.change_id = 0
    deltas = [
        (bids, asks)
        for update in stream.updates
        for bids, asks in (
            *(([level], []) for level in update.bids),
            *(([], [level]) for level in update.asks),
        )
    ]
    return Stream(
        base, [DepthUpdate(at, at + 1, *delta) for at, delta in enumerate(deltas[:count])]
    )


def follow(book: DepthBook, stream: Stream) -> object:
    for update in stream.updates:
        book.apply(update.previous, update.change_id, update.bids, update.asks)
        best = book.bids.best(), book.asks.best()
    return best


def sorted_dicts(base: DepthBook) -> tuple[SortedDict, SortedDict]:
    return SortedDict(list(base.bids)), SortedDict(list(base.asks))


def follow_sorted(sides: tuple[SortedDict, SortedDict], stream: Stream) -> object:
    bids, asks = sides
    for update in stream.updates:
        overwrite(bids, update.bids)
        overwrite(asks, update.asks)
        best = bids.peekitem(-1), asks.peekitem(0)
    return best


def plain_dicts(base: DepthBook) -> tuple[dict[int, int], dict[int, int]]:
    return dict(list(base.bids)), dict(list(base.asks))


def follow_plain(sides: tuple[dict[int, int], dict[int, int]], stream: Stream) -> object:
    bids, asks = sides
    for update in stream.updates:
        overwrite(bids, update.bids)
        overwrite(asks, update.asks)
        bid, ask = max(bids), min(asks)
        best = (bid, bids[bid]), (ask, asks[ask])
    return best


def overwrite(side: dict[int, int], deltas: Iterable[tuple[int, int]]) -> None:
    for price, amount in deltas:
        if amount:
            side[price] = amount
        else:
            side.pop(price, None)


def snapshot_of(book: DepthBook) -> tuple[Pairs, Pairs]:
    return list(book.bids), list(book.asks)
