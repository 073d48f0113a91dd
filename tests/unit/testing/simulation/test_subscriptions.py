import json
from typing import Any

import pytest
from msgspec import Raw

from strikewire.testing.simulation.subscriptions import Reading, Wiretap
from strikewire.testing.simulation.truth import Feed, PrintFact, Truth
from strikewire.testing.simulation.violations import Violation

ONE, TWO, THREE = (PrintFact(f"BTC-{number}", number, 1.0, 2.0) for number in (1, 2, 3))


def feed(*facts: PrintFact) -> Feed:
    made = Feed()
    made.facts.extend(facts)
    return made


def test_a_reading_may_begin_anywhere_between_its_request_and_its_answer() -> None:
    source = feed(ONE, TWO)
    reading = Reading(source, since=1)
    reading.hear("x", [TWO])
    reading.confirm()
    source.facts.append(THREE)
    assert not reading.is_complete

    reading.hear("x", [THREE])

    assert reading.is_complete


@pytest.mark.parametrize("heard", [[TWO, TWO], [TWO, ONE], [ONE], [THREE]])
def test_a_fact_doubled_out_of_order_or_foreign_is_found(heard: list[PrintFact]) -> None:
    reading = Reading(feed(ONE, TWO), since=1)
    reading.confirm()

    with pytest.raises(Violation, match="exactly once"):
        reading.hear("x", heard)


def test_a_fact_left_out_is_found_with_the_next() -> None:
    reading = Reading(feed(ONE, TWO, THREE), since=0)
    reading._starts = [0]
    reading.hear("x", [ONE])

    with pytest.raises(Violation, match="exactly once"):
        reading.hear("x", [THREE])


def test_what_came_before_the_answer_is_checked_with_it() -> None:
    reading = Reading(feed(ONE), since=0)
    reading.hear("x", [THREE])

    with pytest.raises(Violation, match="exactly once"):
        reading.confirm()


def text(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def trade(number: int) -> dict[str, Any]:
    return {
        "trade_id": f"BTC-{number}",
        "trade_seq": number,
        "instrument_name": "BTC-PERPETUAL",
        "timestamp": 1,
        "direction": "buy",
        "price": 1.0,
        "amount": 2.0,
        "tick_direction": 1,
        "index_price": 1.0,
        "mark_price": 1.0,
    }


def test_a_wiretap_follows_subscriptions_by_what_is_said_on_the_wire() -> None:
    truth, channel = Truth(), "trades.BTC-PERPETUAL.raw"
    tap = Wiretap(truth, None)
    facts = truth.feed("prints", "BTC-PERPETUAL").facts
    facts.append(ONE)
    tap.sent(text(id=4, method="public/subscribe", params={"channels": [channel, "book.x.raw"]}))
    tap.sent(text(id=5, method="public/get_time", params={}))
    tap.received(text(id=4, result=[channel]))
    facts.append(TWO)
    assert tap.incomplete() == [channel]

    tap.told(channel, Raw(json.dumps([trade(2)]).encode()))

    assert tap.incomplete() == []
    with pytest.raises(Violation, match="exactly once"):
        tap.told(channel, Raw(json.dumps([trade(2)]).encode()))


def test_a_new_connection_begins_with_no_subscription() -> None:
    tap, channel = Wiretap(Truth(), 1), "user.trades.any.any.raw"
    tap.sent(text(id=4, method="private/subscribe", params={"channels": [channel]}))
    tap.connected()

    tap.told(channel, Raw(b"not read"))

    assert tap.incomplete() == []
