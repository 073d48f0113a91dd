"""Play a recording into a feed handler over asyncio, and find the recordings of the package."""

from collections.abc import Awaitable, Callable, Iterable
from importlib import resources

from strikewire.feeds.binance import BinanceFeed
from strikewire.feeds.bybit import BybitFeed
from strikewire.feeds.outputs import Feed, FeedOutput
from strikewire.feeds.recording import MessageKind, Recording, RecordingError, RecordingHeader
from strikewire.feeds.replay import Replay, Replayed, Restarted

SHIPPED = {
    "btc_usd": "binance-btcusdt-2024-08-08.swrec.gz",
    "eth_usd": "bybit-ethusdt-2021-04-17.swrec.gz",
}
"""The recordings in the package by the index they stand for."""

WAKE_INTERVAL_NS = 10_000_000
"""Messages closer together than this are handed over together."""


def open_shipped(index: str) -> Recording:
    """Return the recording in the package that stands for a price index.

    Raises:
        KeyError: There is none for it; `SHIPPED` lists them.
    """
    return Recording(resources.files("strikewire.feeds") / "recordings" / SHIPPED[index])


def feed_for(header: RecordingHeader) -> Feed:
    """Return the handler that reads the payloads of a recording.

    Raises:
        RecordingError: No handler knows its venue.
    """
    match header.venue:
        case "binance":
            return BinanceFeed(header.symbol)
        case "bybit":
            return BybitFeed(header.symbol)
        case other:
            raise RecordingError(f"no feed handler for venue {other!r}")


async def play(
    recording: Recording,
    feed: Feed,
    on_output: Callable[[FeedOutput], None],
    *,
    clock: Callable[[], int],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Play a recording in a loop, in real time, until cancelled.

    Args:
        recording: What to play.
        feed: Takes the payloads; reset at every seam.
        on_output: Gets each output at once, in order; must not block.
        clock: Nanoseconds since the Unix epoch.
        sleep: Waits for that many seconds; `asyncio.sleep`.

    Raises:
        RecordingError: The recording is damaged.
    """
    replay = Replay(recording, clock())
    while True:
        now_ns = clock()
        for item in replay.due(now_ns):
            for output in take(feed, item, now_ns):
                on_output(output)
        wait_ns = max(WAKE_INTERVAL_NS, replay.next_ns - clock())
        await sleep(wait_ns / 1e9)


def take(feed: Feed, item: Restarted | Replayed, now_ns: int) -> Iterable[FeedOutput]:
    """Hand one replayed item to a handler and return what it says."""
    match item:
        case Restarted():
            return feed.reset(now_ns)
        case Replayed(kind=MessageKind.SNAPSHOT):
            return feed.receive_snapshot(now_ns, item.payload)
        case Replayed():
            return feed.receive(now_ns, item.payload)
