from collections.abc import Callable

import pytest

from strikewire.feeds import BadMessageReason, BinanceFeed, BybitFeed, Feed


@pytest.mark.parametrize("make", [BinanceFeed, BybitFeed])
def test_every_handler_is_a_feed(make: Callable[[str], Feed]) -> None:
    feed = make("BTCUSDT")

    assert feed.quote.problem == "no snapshot has arrived yet"
    assert feed.bad_messages == {}


def test_reasons_are_counted_under_plain_words() -> None:
    assert [str(reason) for reason in BadMessageReason] == [
        "not_json",
        "unexpected_shape",
        "wrong_symbol",
        "bad_number",
        "broken_chain",
    ]
