import json

import pytest

from strikewire.feeds import (
    BadMessage,
    BadMessageReason,
    BinanceFeed,
    MessageKind,
    QuoteChanged,
    RecordedMessage,
    SnapshotWanted,
    open_shipped,
)
from strikewire.model import PriceE8
from strikewire.pricing import VenueQuote

Pairs = list[tuple[str, str]]


def depth(
    previous: int, change_id: int, bids: Pairs, asks: Pairs, symbol: str = "BTCUSDT"
) -> bytes:
    data = {"e": "depthUpdate", "s": symbol, "U": previous + 1, "u": change_id, "pu": previous}
    return json.dumps(
        {"stream": "btcusdt@depth@0ms", "data": data | {"b": bids, "a": asks}}
    ).encode()


def ticker(change_id: int, bid: str, ask: str) -> bytes:
    data = {"e": "bookTicker", "u": change_id, "s": "BTCUSDT", "b": bid, "B": "1", "a": ask}
    return json.dumps({"stream": "btcusdt@bookTicker", "data": data | {"A": "2"}}).encode()


def snapshot(change_id: int, bids: Pairs, asks: Pairs) -> bytes:
    return json.dumps({"lastUpdateId": change_id, "E": 5, "bids": bids, "asks": asks}).encode()


def quote(bid: float, ask: float, time_ns: int) -> VenueQuote:
    return VenueQuote("binance", PriceE8(int(bid * 1e8)), PriceE8(int(ask * 1e8)), time_ns)


def synced() -> BinanceFeed:
    feed = BinanceFeed("BTCUSDT")
    feed.receive_snapshot(1, snapshot(10, [("100.5", "2")], [("101", "3")]))
    return feed


def test_a_snapshot_gives_the_first_quote() -> None:
    feed = BinanceFeed("BTCUSDT")

    told = feed.receive_snapshot(1, snapshot(10, [("100.5", "2"), ("99", "1")], [("101", "3")]))

    assert told == (QuoteChanged(quote(100.5, 101, 1)),)


def test_changes_that_arrived_before_the_snapshot_are_joined_to_it() -> None:
    feed = BinanceFeed("BTCUSDT")

    before = feed.receive(1, depth(8, 12, [("100.6", "4")], []))
    told = feed.receive_snapshot(2, snapshot(10, [("100.5", "2")], [("101", "3")]))

    assert before == ()
    assert told == (QuoteChanged(quote(100.6, 101, 2)),)
    assert feed.sync.book.change_id == 12


def test_a_change_moves_the_quote_and_one_behind_the_best_only_its_time() -> None:
    feed = synced()

    assert feed.receive(2, depth(10, 11, [("100.7", "1")], [])) == (
        QuoteChanged(quote(100.7, 101, 2)),
    )
    assert feed.receive(3, depth(11, 13, [("90", "1")], [])) == ()
    assert feed.quote == quote(100.7, 101, 3)


def test_a_missing_change_leaves_no_quote_and_asks_for_a_snapshot() -> None:
    feed = synced()

    told = feed.receive(2, depth(11, 12, [("100.7", "1")], []))

    assert told == (
        BadMessage(BadMessageReason.BROKEN_CHAIN, "change 12: a change is missing"),
        SnapshotWanted("a change is missing"),
        QuoteChanged(VenueQuote("binance", None, None, 2, "a change is missing")),
    )
    assert feed.bad_messages == {BadMessageReason.BROKEN_CHAIN: 1}


def test_the_book_ticker_speaks_while_the_book_waits() -> None:
    feed = BinanceFeed("BTCUSDT")

    assert feed.receive(1, ticker(5, "100", "100.5")) == (QuoteChanged(quote(100, 100.5, 1)),)


def test_whichever_knows_the_later_change_gives_the_quote() -> None:
    feed = synced()

    feed.receive(2, ticker(12, "100.8", "101"))
    by_ticker = feed.quote
    feed.receive(3, depth(10, 13, [("100.6", "1")], []))
    by_book = feed.quote
    feed.receive(4, ticker(11, "100.1", "101"))

    assert by_ticker == quote(100.8, 101, 2)
    assert by_book == quote(100.6, 101, 3)
    assert feed.quote == by_book


def test_an_empty_side_has_no_price() -> None:
    feed = synced()

    feed.receive(2, depth(10, 11, [("100.5", "0")], [("101", "0")]))

    assert feed.quote == VenueQuote("binance", None, None, 2)


def test_trades_are_not_needed() -> None:
    trade = b'{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","p":"1","q":"1"}}'

    assert BinanceFeed("BTCUSDT").receive(1, trade) == ()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", BadMessageReason.NOT_JSON),
        (b'{"data":', BadMessageReason.NOT_JSON),
        (b'{"data":{"e":"trade","s":"\xff"}}', BadMessageReason.NOT_JSON),
        (b"[" * 100_000, BadMessageReason.UNEXPECTED_SHAPE),
        (b'{"data":{"e":"trade","s":"BTCUSDT","x":' + b"[" * 100_000, BadMessageReason.NOT_JSON),
        (b"[]", BadMessageReason.UNEXPECTED_SHAPE),
        (b'{"data":{"e":"unheard of"}}', BadMessageReason.UNEXPECTED_SHAPE),
        (b'{"data":{"e":"trade","s":7}}', BadMessageReason.UNEXPECTED_SHAPE),
        (b'{"data":{"e":"trade","s":"ETHUSDT"}}', BadMessageReason.WRONG_SYMBOL),
        (depth(10, 11, [("1e5", "1")], []), BadMessageReason.BAD_NUMBER),
        (depth(10, 11, [], [("5", "-1")]), BadMessageReason.BAD_NUMBER),
        (ticker(11, "NaN", "5"), BadMessageReason.BAD_NUMBER),
    ],
)
def test_a_payload_that_cannot_be_used_is_named_counted_and_changes_nothing(
    payload: bytes, reason: BadMessageReason
) -> None:
    feed = synced()

    (told,) = feed.receive(2, payload)

    assert isinstance(told, BadMessage)
    assert told.reason is reason
    assert feed.bad_messages == {reason: 1}
    assert feed.quote == quote(100.5, 101, 1)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"<html>", BadMessageReason.NOT_JSON),
        (b'{"code":-1003,"msg":"too many requests"}', BadMessageReason.UNEXPECTED_SHAPE),
        (snapshot(9, [("x", "1")], []), BadMessageReason.BAD_NUMBER),
    ],
)
def test_a_bad_snapshot_is_named_and_the_book_goes_on_waiting(
    payload: bytes, reason: BadMessageReason
) -> None:
    feed = BinanceFeed("BTCUSDT")

    (told,) = feed.receive_snapshot(1, payload)

    assert isinstance(told, BadMessage)
    assert told.reason is reason
    assert not feed.sync.is_synced


def test_a_new_connection_forgets_book_and_ticker() -> None:
    feed = synced()
    feed.receive(2, ticker(12, "100.8", "101"))

    told = feed.reset(3)

    assert told == (
        SnapshotWanted("the connection began anew"),
        QuoteChanged(VenueQuote("binance", None, None, 3, "the connection began anew")),
    )


def test_the_shipped_recording_is_followed_without_a_gap() -> None:
    feed = BinanceFeed("BTCUSDT")

    changes = 0
    for message in open_shipped("btc_usd"):
        if not isinstance(message, RecordedMessage):
            break
        take = feed.receive if message.kind is MessageKind.STREAM else feed.receive_snapshot
        for output in take(message.offset_ns, message.payload):
            assert isinstance(output, QuoteChanged)
            changes += 1

    assert feed.bad_messages == {}
    assert feed.sync.gaps == 0
    assert feed.sync.book.change_id == 5_123_135_475_514
    assert changes > 1_900
