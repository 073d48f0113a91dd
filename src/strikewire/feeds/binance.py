"""Binance USD-M futures: differential depth with its U/u/pu chain, and the book ticker.

Source: Binance, "How to manage a local order book correctly" (USD-M futures).
"""

from collections import Counter

import msgspec
from msgspec import Struct, field

from strikewire.depth import DepthSnapshot, DepthSync, DepthUpdate, SyncLoss, SyncOutcome
from strikewire.feeds.outputs import BadMessageReason, FeedOutput, SnapshotWanted
from strikewire.feeds.report import UNREADABLE, FeedReport
from strikewire.feeds.scaling import parse_e8
from strikewire.model import PriceE8
from strikewire.pricing import VenueQuote

Pairs = list[tuple[str, str]]


class _Depth(Struct, tag_field="e", tag="depthUpdate"):
    symbol: str = field(name="s")
    previous: int = field(name="pu")
    change_id: int = field(name="u")
    bids: Pairs = field(name="b")
    asks: Pairs = field(name="a")


class _BookTicker(Struct, tag_field="e", tag="bookTicker"):
    symbol: str = field(name="s")
    change_id: int = field(name="u")
    bid: str = field(name="b")
    ask: str = field(name="a")


class _Trade(Struct, tag_field="e", tag="trade"):
    symbol: str = field(name="s")


class _Message(Struct):
    data: _Depth | _BookTicker | _Trade


class _Snapshot(Struct):
    bids: Pairs
    asks: Pairs
    change_id: int = field(name="lastUpdateId")


class _Touch(Struct, frozen=True):
    """A best bid and ask as the book ticker told them."""

    change_id: int
    bid: PriceE8
    ask: PriceE8
    time_ns: int


_decode_message = msgspec.json.Decoder(_Message).decode
_decode_snapshot = msgspec.json.Decoder(_Snapshot).decode


class BinanceFeed:
    """One symbol of Binance USD-M futures; a `Feed`.

    The best bid and ask come from the book ticker or from the depth book, whichever knows the later
    change; while the book waits for a snapshot the ticker alone is believed.

    Args:
        symbol: As Binance writes it: "BTCUSDT".
        venue: The name its quotes carry.
    """

    def __init__(self, symbol: str, *, venue: str = "binance") -> None:
        self.symbol = symbol
        self.venue = venue
        self.sync = DepthSync()
        self._report = FeedReport(venue)
        self._touch: _Touch | None = None
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
        """Take one message of the combined stream, as it came from the socket."""
        try:
            message = _decode_message(payload).data
            if message.symbol != self.symbol:
                detail = f"{message.symbol}, not {self.symbol}"
                return self._report.bad(BadMessageReason.WRONG_SYMBOL, detail)
            match message:
                case _Depth():
                    return self._receive_depth(now_ns, message)
                case _BookTicker():
                    return self._receive_ticker(now_ns, message)
                case _Trade():
                    return ()
        except UNREADABLE as error:
            # A lost change needs no care here: the next one will not continue the book.
            return self._report.unreadable(error)

    def receive_snapshot(self, now_ns: int, payload: bytes) -> tuple[FeedOutput, ...]:
        """Take the answer of `GET /fapi/v1/depth`."""
        try:
            answer = _decode_snapshot(payload)
            snapshot = DepthSnapshot(answer.change_id, _scaled(answer.bids), _scaled(answer.asks))
        except UNREADABLE as error:
            return self._report.unreadable(error)
        return self._after(self.sync.snapshot(snapshot), now_ns, f"snapshot {answer.change_id}")

    def reset(self, now_ns: int) -> tuple[FeedOutput, ...]:
        """Forget everything, as when a connection begins."""
        self.sync.reset()
        self._touch = None
        return (SnapshotWanted(SyncLoss.RECONNECTED), *self._report.requote(self._best(now_ns)))

    def _receive_depth(self, now_ns: int, depth: _Depth) -> tuple[FeedOutput, ...]:
        bids, asks = _scaled(depth.bids), _scaled(depth.asks)
        outcome = self.sync.update(DepthUpdate(depth.previous, depth.change_id, bids, asks))
        return self._after(outcome, now_ns, f"change {depth.change_id}")

    def _receive_ticker(self, now_ns: int, ticker: _BookTicker) -> tuple[FeedOutput, ...]:
        # The two streams are not ordered against each other: an older touch teaches nothing.
        if self._touch is None or ticker.change_id >= self._touch.change_id:
            bid, ask = PriceE8(parse_e8(ticker.bid)), PriceE8(parse_e8(ticker.ask))
            self._touch = _Touch(ticker.change_id, bid, ask, now_ns)
        return self._report.requote(self._best(now_ns))

    def _after(self, outcome: SyncOutcome, now_ns: int, what: str) -> tuple[FeedOutput, ...]:
        if outcome in {SyncOutcome.APPLIED, SyncOutcome.SYNCED}:
            self._book_time_ns = now_ns
        told = self._report.requote(self._best(now_ns))
        if outcome is not SyncOutcome.LOST:
            return told
        loss = self.sync.loss
        assert loss is not None
        bad = self._report.bad(BadMessageReason.BROKEN_CHAIN, f"{what}: {loss}")
        return (*bad, SnapshotWanted(loss), *told)

    def _best(self, now_ns: int) -> VenueQuote:
        touch, book, loss = self._touch, self.sync.book, self.sync.loss
        if touch is not None and (loss is not None or touch.change_id >= book.change_id):
            return VenueQuote(self.venue, touch.bid, touch.ask, touch.time_ns)
        if loss is not None:
            return VenueQuote(self.venue, None, None, now_ns, problem=loss)
        bid, ask = book.bids.best(), book.asks.best()
        return VenueQuote(
            self.venue,
            PriceE8(bid.price) if bid else None,
            PriceE8(ask.price) if ask else None,
            self._book_time_ns,
        )


def _scaled(pairs: Pairs) -> list[tuple[int, int]]:
    return [(parse_e8(price), parse_e8(amount)) for price, amount in pairs]
