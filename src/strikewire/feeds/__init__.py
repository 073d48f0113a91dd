"""One small handler per external venue, and replay of what was recorded from them.

Flow: external feed in. Raw payloads become one best bid and ask per venue (over `depth`), which
`pricing` makes an index of.
"""

from strikewire.feeds.binance import BinanceFeed
from strikewire.feeds.bybit import BybitFeed
from strikewire.feeds.outputs import (
    BadMessage,
    BadMessageReason,
    Feed,
    FeedOutput,
    QuoteChanged,
    SnapshotWanted,
)
from strikewire.feeds.player import SHIPPED, feed_for, open_shipped, play
from strikewire.feeds.recording import (
    MessageKind,
    RecordedMessage,
    Recording,
    RecordingError,
    RecordingFormatError,
    RecordingHeader,
    RecordingTruncatedError,
    RecordingVersionError,
    RecordingWriter,
)
from strikewire.feeds.replay import Replay, Replayed, Restarted

__all__ = [
    "SHIPPED",
    "BadMessage",
    "BadMessageReason",
    "BinanceFeed",
    "BybitFeed",
    "Feed",
    "FeedOutput",
    "MessageKind",
    "QuoteChanged",
    "RecordedMessage",
    "Recording",
    "RecordingError",
    "RecordingFormatError",
    "RecordingHeader",
    "RecordingTruncatedError",
    "RecordingVersionError",
    "RecordingWriter",
    "Replay",
    "Replayed",
    "Restarted",
    "SnapshotWanted",
    "feed_for",
    "open_shipped",
    "play",
]
