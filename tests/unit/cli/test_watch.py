"""A note becomes a line that a person can read at a glance."""

from typing import Any

import pytest
from msgspec import Raw

from strikewire.cli.watch import _print, summary
from strikewire.client import Note

TRADE = {"direction": "buy", "amount": 10.0, "price": 61_803.5}
TICKER: dict[str, Any] = {
    "best_bid_price": 0.0105,
    "best_bid_amount": 12.0,
    "best_ask_price": 0.011,
    "best_ask_amount": 0.0,
}


@pytest.mark.parametrize(
    ("channel", "data", "expected"),
    [
        ("trades.BTC-PERPETUAL.100ms", [TRADE, TRADE], "buy 10 at 61803.5; buy 10 at 61803.5"),
        ("user.trades.any.any.raw", [TRADE], "buy 10 at 61803.5"),
        (
            "book.BTC-PERPETUAL.100ms",
            {"type": "change", "change_id": 7, "bids": [1, 2], "asks": []},
            "change 7: 2 bids, 0 asks",
        ),
        (
            "book.BTC-PERPETUAL.none.10.100ms",
            {"change_id": 7, "bids": [1], "asks": [1]},
            "view 7: 1 bids, 1 asks",
        ),
        ("quote.BTC-PERPETUAL", TICKER, "bid 0.0105 x 12  ask 0.011 x 0"),
        (
            "ticker.BTC-25DEC26-60000-C.100ms",
            TICKER | {"mark_price": 0.0107, "mark_iv": 50.4, "greeks": {"delta": 0.47}},
            "bid 0.0105 x 12  ask 0.011 x 0  mark 0.0107  iv 50.4 %  delta 0.47",
        ),
        (
            "user.orders.any.any.raw",
            {
                "order_id": "BTC-7",
                "direction": "sell",
                "filled_amount": 0.0,
                "amount": 10.0,
                "instrument_name": "BTC-PERPETUAL",
                "price": 61_900.0,
                "order_state": "open",
            },
            "BTC-7 sell 0/10 BTC-PERPETUAL at 61900.0 open",
        ),
        ("user.portfolio.BTC", {"currency": "BTC", "equity": 1.5}, "currency=BTC equity=1.5"),
        ("platform_state", [1, 2], "[1, 2]"),
    ],
)
def test_each_channel_has_its_words(channel: str, data: Any, expected: str) -> None:
    assert summary(channel, data) == expected


def test_a_line_begins_with_time_and_channel(capsys: pytest.CaptureFixture[str]) -> None:
    note = Note("quote.A", Raw(b'{"a":1}'), 1_790_000_000_123_000_000, True)
    book = Note(
        "book.A.raw", Raw(b'{"type":"snapshot","change_id":1,"bids":[],"asks":[]}'), 0, True
    )

    _print(note, as_json=True)
    _print(book, as_json=False)

    assert capsys.readouterr().out == (
        '{"channel":"quote.A","data":{"a":1}}\n'
        "00:00:00.000  book.A.raw  snapshot 1: 0 bids, 0 asks\n"
    )
