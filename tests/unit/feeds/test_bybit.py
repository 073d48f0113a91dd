import json
from collections.abc import Sequence

import pytest

from strikewire.feeds import (
    BadMessage,
    BadMessageReason,
    BybitFeed,
    QuoteChanged,
    RecordedMessage,
    SnapshotWanted,
    open_shipped,
)
from strikewire.model import PriceE8
from strikewire.pricing import VenueQuote

Levels = Sequence[tuple[str, str, float]]


def entries(levels: Levels) -> list[dict[str, object]]:
    return [
        {"price": price, "symbol": "ETHUSDT", "id": "1", "side": side, "size": size}
        for side, price, size in levels
    ]


def message(kind: str, cross_seq: object, data: object, symbol: str = "ETHUSDT") -> bytes:
    topic = f"orderBookL2_25.{symbol}"
    return json.dumps(
        {"topic": topic, "type": kind, "data": data, "cross_seq": cross_seq, "timestamp_e6": "1"}
    ).encode()


def snapshot(cross_seq: int, levels: Levels) -> bytes:
    return message("snapshot", str(cross_seq), {"order_book": entries(levels)})


def delta(
    cross_seq: int, *, delete: Levels = (), update: Levels = (), insert: Levels = ()
) -> bytes:
    gone = [
        {key: value for key, value in entry.items() if key != "size"} for entry in entries(delete)
    ]
    data = {"delete": gone, "update": entries(update), "insert": entries(insert)}
    return message("delta", str(cross_seq), data)


def quote(bid: float, ask: float, time_ns: int) -> VenueQuote:
    return VenueQuote("bybit", PriceE8(int(bid * 1e8)), PriceE8(int(ask * 1e8)), time_ns)


def synced() -> BybitFeed:
    feed = BybitFeed("ETHUSDT")
    levels = [("Buy", "100", 2.5), ("Buy", "99.5", 1), ("Sell", "101", 3)]
    assert feed.receive(1, snapshot(10, levels)) == (QuoteChanged(quote(100, 101, 1)),)
    return feed


def lost(problem: str, time_ns: int) -> tuple[SnapshotWanted, QuoteChanged]:
    return (
        SnapshotWanted(problem),
        QuoteChanged(VenueQuote("bybit", None, None, time_ns, problem)),
    )


def test_deletions_updates_and_insertions_move_the_quote() -> None:
    feed = synced()

    told = feed.receive(
        2,
        delta(
            12,
            delete=[("Buy", "100", 0)],
            update=[("Sell", "101", 29.180002)],
            insert=[("Sell", "100.5", 1), ("Buy", "99", 1)],
        ),
    )

    assert told == (QuoteChanged(quote(99.5, 100.5, 2)),)
    assert list(feed.sync.book.asks) == [
        (10_050_000_000, 100_000_000),
        (10_100_000_000, 2_918_000_200),
    ]


def test_a_price_may_leave_one_side_and_enter_the_other_at_once() -> None:
    feed = synced()

    told = feed.receive(
        2, delta(11, delete=[("Sell", "101", 0)], insert=[("Buy", "101", 1), ("Sell", "102", 1)])
    )

    assert told == (QuoteChanged(quote(101, 102, 2)),)


def test_a_level_may_be_deleted_and_inserted_at_once() -> None:
    feed = synced()

    feed.receive(2, delta(11, delete=[("Buy", "100", 0)], insert=[("Buy", "100", 7)]))

    assert feed.sync.book.bids.best() == (10_000_000_000, 700_000_000)


@pytest.mark.parametrize(
    "change",
    [
        delta(11, delete=[("Buy", "98", 0)]),
        delta(11, update=[("Buy", "101", 1)]),
        delta(11, insert=[("Buy", "100", 1)]),
    ],
)
def test_a_change_that_does_not_fit_the_levels_shows_that_a_message_was_lost(change: bytes) -> None:
    feed = synced()

    told = feed.receive(2, change)

    assert told == (
        BadMessage(BadMessageReason.BROKEN_CHAIN, "change 11: a change is missing"),
        *lost("a change is missing", 2),
    )


def test_a_change_that_crosses_the_book_drops_it() -> None:
    feed = synced()

    told = feed.receive(2, delta(11, insert=[("Buy", "101.5", 1)]))

    problem = "the best bid is at or above the best ask"
    assert told == (
        BadMessage(BadMessageReason.BROKEN_CHAIN, f"change 11: {problem}"),
        *lost(problem, 2),
    )


def test_after_a_loss_only_a_snapshot_gives_a_book_again() -> None:
    feed = synced()
    feed.receive(2, delta(11, delete=[("Buy", "98", 0)]))

    ignored = feed.receive(3, delta(12, insert=[("Buy", "98", 1)]))
    told = feed.receive_snapshot(4, snapshot(13, [("Buy", "98", 1), ("Sell", "99", 1)]))

    assert ignored == ()
    assert told == (QuoteChanged(quote(98, 99, 4)),)


def test_a_repeated_change_is_dropped() -> None:
    feed = synced()
    insert = delta(11, insert=[("Buy", "98", 1)])
    feed.receive(2, insert)

    assert feed.receive(3, insert) == ()
    assert feed.sync.stale == 1
    assert feed.quote.time_ns == 2


def test_an_empty_side_has_no_price() -> None:
    feed = synced()

    feed.receive(2, delta(11, delete=[("Buy", "100", 0), ("Buy", "99.5", 0), ("Sell", "101", 0)]))

    assert feed.quote == VenueQuote("bybit", None, None, 2)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"success":true,"ret_msg":"","request":{"op":"subscribe"}}',
        b'{"topic":"trade.ETHUSDT","data":[]}',
    ],
)
def test_other_messages_are_not_needed(payload: bytes) -> None:
    assert synced().receive(2, payload) == ()


def test_a_book_of_another_symbol_is_named_and_changes_nothing() -> None:
    feed = synced()

    told = feed.receive(2, message("delta", "11", {}, symbol="XRPUSDT"))

    detail = "orderBookL2_25.XRPUSDT, not orderBookL2_25.ETHUSDT"
    assert told == (BadMessage(BadMessageReason.WRONG_SYMBOL, detail),)
    assert feed.sync.is_synced


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff", BadMessageReason.NOT_JSON),
        (b'{"topic":"' + b"\xff" * 3, BadMessageReason.NOT_JSON),
        (b'{"topic":"x","data":' + b"[" * 100_000, BadMessageReason.NOT_JSON),
        (b"7", BadMessageReason.UNEXPECTED_SHAPE),
        (message("delta", "11", {"delete": []}), BadMessageReason.UNEXPECTED_SHAPE),
        (message("delta", 11, {}), BadMessageReason.UNEXPECTED_SHAPE),
        (delta(11, insert=[("Middle", "5", 1)]), BadMessageReason.UNEXPECTED_SHAPE),
        (message("delta", "", {}), BadMessageReason.BAD_NUMBER),
        (message("delta", "9" * 19, {}), BadMessageReason.BAD_NUMBER),
        (delta(11, insert=[("Buy", "5e3", 1)]), BadMessageReason.BAD_NUMBER),
        (delta(11, update=[("Buy", "100", -1)]), BadMessageReason.BAD_NUMBER),
    ],
)
def test_an_unreadable_payload_may_have_been_a_change_so_the_book_is_dropped(
    payload: bytes, reason: BadMessageReason
) -> None:
    feed = synced()

    bad, *rest = feed.receive(2, payload)

    assert isinstance(bad, BadMessage)
    assert bad.reason is reason
    assert tuple(rest) == lost("a message could not be read", 2)


def test_a_new_connection_forgets_the_book() -> None:
    assert synced().reset(3) == lost("the connection began anew", 3)


def test_the_shipped_recording_is_followed_to_its_end() -> None:
    feed = BybitFeed("ETHUSDT")

    for message_ in open_shipped("eth_usd"):
        if not isinstance(message_, RecordedMessage):
            break
        for output in feed.receive(message_.offset_ns, message_.payload):
            assert isinstance(output, QuoteChanged)

    assert feed.bad_messages == {}
    assert (len(feed.sync.book.bids), len(feed.sync.book.asks)) == (25, 25)
    assert (feed.quote.bid, feed.quote.ask) == (236_455_000_000, 236_460_000_000)
