"""Bybit's first public stream of linear perpetuals: 25 levels, a snapshot and then changes.

The stream names no previous change, only a `cross_seq` that rises. What betrays a lost message is
its wake: a change to a level that is not there, or the insertion of one that is.

Source: Bybit, "Websocket API, linear perpetual", topic `orderBookL2_25` (before v5).
"""

from collections import Counter
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from strikewire.depth import DepthSide, DepthSnapshot, DepthSync, DepthUpdate, SyncLoss, SyncOutcome
from strikewire.feeds.outputs import BadMessageReason, FeedOutput, SnapshotWanted
from strikewire.feeds.report import UNREADABLE, FeedReport
from strikewire.feeds.scaling import NumberError, parse_e8, scale_e8
from strikewire.model import PriceE8
from strikewire.pricing import VenueQuote

_BOOK_TOPIC = "orderBookL2_25."
_SEQUENCE_DIGITS_MAX = 18


class _Message(Struct):
    topic: str = ""  # the answers to requests have none
    type: str = ""
    cross_seq: str = ""
    data: Raw = Raw()


class _Level(Struct):
    symbol: str
    price: str
    side: Literal["Buy", "Sell"]
    size: Decimal = Decimal(0)  # a deleted level has none


class _Levels(Struct):
    order_book: list[_Level]


class _Changes(Struct):
    delete: list[_Level]
    update: list[_Level]
    insert: list[_Level]


_decode_message = msgspec.json.Decoder(_Message).decode
_decode_levels = msgspec.json.Decoder(_Levels).decode
_decode_changes = msgspec.json.Decoder(_Changes).decode


class BybitFeed:
    """One symbol of Bybit's linear perpetuals; a `Feed`.

    Args:
        symbol: As Bybit writes it: "ETHUSDT".
        venue: The name its quotes carry.
    """

    def __init__(self, symbol: str, *, venue: str = "bybit") -> None:
        self.symbol = symbol
        self.venue = venue
        self.sync = DepthSync()
        self._report = FeedReport(venue)
        self._book_time_ns = 0

    @property
    def quote(self) -> VenueQuote:
        """The best bid and ask now; with `problem` set while they are not known."""
        return self._report.quote

    @property
    def bad_messages(self) -> Counter[BadMessageReason]:
        """How often each reason occurred since construction."""
        return self._report.bad_messages

    def receive(self, now_ns: int, payload: bytes) -> tuple[FeedOutput, ...]:
        """Take one message of the stream, as it came from the socket."""
        try:
            message = _decode_message(payload)
            if not message.topic.startswith(_BOOK_TOPIC):
                return ()
            if message.topic != _BOOK_TOPIC + self.symbol:
                detail = f"{message.topic}, not {_BOOK_TOPIC}{self.symbol}"
                return self._report.bad(BadMessageReason.WRONG_SYMBOL, detail)
            return self._receive_book(now_ns, message)
        except UNREADABLE as error:
            told = self._report.unreadable(error)
            # Nothing later would show that a change was lost here.
            return (*told, *self._lose(now_ns, SyncLoss.BAD_MESSAGE))

    def receive_snapshot(self, now_ns: int, payload: bytes) -> tuple[FeedOutput, ...]:
        """Take a snapshot; this venue sends it in the stream after each subscription."""
        return self.receive(now_ns, payload)

    def reset(self, now_ns: int) -> tuple[FeedOutput, ...]:
        """Forget everything, as when a connection begins."""
        return self._lose(now_ns, SyncLoss.RECONNECTED)

    def _receive_book(self, now_ns: int, message: _Message) -> tuple[FeedOutput, ...]:
        sequence = _sequence(message.cross_seq)
        if message.type == "snapshot":
            outcome = self.sync.snapshot(_snapshot(sequence, _decode_levels(message.data)))
        elif self.sync.is_synced:
            changes = _decode_changes(message.data)
            if sequence > self.sync.book.change_id and not self._fits(changes):
                return self._broken(now_ns, sequence, SyncLoss.GAP)
            outcome = self.sync.update(_update(self.sync.book.change_id, sequence, changes))
        else:
            return ()  # the snapshot to come holds it
        if outcome is SyncOutcome.LOST:
            assert self.sync.loss is not None
            return self._broken(now_ns, sequence, self.sync.loss)
        if outcome is not SyncOutcome.STALE:
            self._book_time_ns = now_ns
        return self._report.requote(self._best(now_ns))

    def _fits(self, changes: _Changes) -> bool:
        """Tell whether each changed level is there and each inserted one is not."""
        gone = {(level.side, level.price) for level in changes.delete}
        return all(map(self._is_there, changes.delete + changes.update)) and not any(
            self._is_there(level) and (level.side, level.price) not in gone
            for level in changes.insert
        )

    def _is_there(self, level: _Level) -> bool:
        book = self.sync.book
        side: DepthSide = book.bids if level.side == "Buy" else book.asks
        return side.amount(parse_e8(level.price)) > 0

    def _broken(self, now_ns: int, sequence: int, loss: SyncLoss) -> tuple[FeedOutput, ...]:
        told = self._report.bad(BadMessageReason.BROKEN_CHAIN, f"change {sequence}: {loss}")
        return (*told, *self._lose(now_ns, loss))

    def _lose(self, now_ns: int, loss: SyncLoss) -> tuple[FeedOutput, ...]:
        self.sync.reset(loss)
        return (SnapshotWanted(loss), *self._report.requote(self._best(now_ns)))

    def _best(self, now_ns: int) -> VenueQuote:
        if self.sync.loss is not None:
            return VenueQuote(self.venue, None, None, now_ns, problem=self.sync.loss)
        bid, ask = self.sync.book.bids.best(), self.sync.book.asks.best()
        return VenueQuote(
            self.venue,
            PriceE8(bid.price) if bid else None,
            PriceE8(ask.price) if ask else None,
            self._book_time_ns,
        )


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > _SEQUENCE_DIGITS_MAX:
        raise NumberError(text)
    return int(text)


def _snapshot(sequence: int, levels: _Levels) -> DepthSnapshot:
    return DepthSnapshot(
        sequence, _pairs(levels.order_book, "Buy"), _pairs(levels.order_book, "Sell")
    )


def _update(previous: int, sequence: int, changes: _Changes) -> DepthUpdate:
    # A price may leave one side and enter the other: the deletions come first.
    levels = changes.delete + changes.update + changes.insert
    return DepthUpdate(previous, sequence, _pairs(levels, "Buy"), _pairs(levels, "Sell"))


def _pairs(levels: list[_Level], side: str) -> list[tuple[int, int]]:
    return [(parse_e8(level.price), scale_e8(level.size)) for level in levels if level.side == side]
