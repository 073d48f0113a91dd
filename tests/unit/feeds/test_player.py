from pathlib import Path

import pytest

from strikewire.feeds import (
    BinanceFeed,
    BybitFeed,
    FeedOutput,
    MessageKind,
    QuoteChanged,
    RecordedMessage,
    Recording,
    RecordingError,
    RecordingHeader,
    RecordingWriter,
    Replayed,
    Restarted,
    SnapshotWanted,
    open_shipped,
    play,
)
from strikewire.feeds.player import SHIPPED, feed_for, take

SNAPSHOT = b'{"lastUpdateId":10,"bids":[["100","1"]],"asks":[["101","1"]]}'
TICKER = b'{"data":{"e":"bookTicker","s":"BTCUSDT","u":11,"b":"100.5","B":"1","a":"101","A":"1"}}'


def header(venue: str) -> RecordingHeader:
    return RecordingHeader(
        venue=venue, symbol="BTCUSDT", index="btc_usd", start_ns=0, origin="me", licence="MIT"
    )


class Enough(Exception):
    """The clock of a test has run out."""


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, sleeps: int) -> None:
        self.now_ns = 0
        self.left = sleeps

    def __call__(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        if self.left == 0:
            raise Enough
        self.left -= 1
        self.now_ns += round(seconds * 1e9)


async def test_a_recording_is_played_into_a_feed_and_starts_over(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "a", header("binance")) as writer:
        writer.write(RecordedMessage(0, MessageKind.SNAPSHOT, SNAPSHOT))
        writer.write(RecordedMessage(2_000_000_000, MessageKind.STREAM, TICKER))
    recording = Recording(tmp_path / "a")
    clock = Clock(sleeps=2)
    told: list[tuple[int, FeedOutput]] = []

    with pytest.raises(Enough):
        await play(
            recording,
            feed_for(recording.header),
            lambda output: told.append((clock.now_ns, output)),
            clock=clock,
            sleep=clock.sleep,
        )

    bids = [
        (time_ns, output.quote.bid) for time_ns, output in told if isinstance(output, QuoteChanged)
    ]
    assert bids == [
        (0, None),
        (0, 10_000_000_000),
        (2_000_000_000, 10_050_000_000),
        (2_010_000_000, None),
        (2_010_000_000, 10_000_000_000),
    ]


def test_each_kind_of_item_reaches_its_door() -> None:
    feed = BinanceFeed("BTCUSDT")

    restarted = take(feed, Restarted(0), 1)
    snapshot = take(feed, Replayed(MessageKind.SNAPSHOT, SNAPSHOT), 2)
    message = take(feed, Replayed(MessageKind.STREAM, TICKER), 3)

    assert SnapshotWanted("the connection began anew") in restarted
    assert [type(output) for output in snapshot] == [QuoteChanged]
    assert [type(output) for output in message] == [QuoteChanged]


def test_the_header_names_the_handler() -> None:
    assert isinstance(feed_for(header("binance")), BinanceFeed)
    assert isinstance(feed_for(header("bybit")), BybitFeed)
    with pytest.raises(RecordingError, match="no feed handler for venue 'mtgox'"):
        feed_for(header("mtgox"))


@pytest.mark.parametrize("index", list(SHIPPED))
def test_what_is_shipped_stands_for_its_index_and_names_its_origin(index: str) -> None:
    shipped = open_shipped(index).header

    assert shipped.index == index
    assert "github.com/" in shipped.origin
    assert shipped.licence


def test_an_index_without_a_recording_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        open_shipped("doge_usd")
