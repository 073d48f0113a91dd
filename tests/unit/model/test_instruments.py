from decimal import Decimal

import msgspec
import pytest

from strikewire.model.instruments import Instrument
from strikewire.model.specifications import instrument


@pytest.mark.parametrize(
    ("name", "true_of_it"),
    [
        ("BTC-PERPETUAL", {"is_future", "is_perpetual", "is_inverse"}),
        ("BTC-25DEC26", {"is_future", "is_inverse"}),
        ("BTC-25DEC26-100000-C", {"is_option", "is_inverse"}),
        ("BTC_USDC-25DEC26-100000-C", {"is_option"}),
        ("BTC_USDC", {"is_spot"}),
    ],
)
def test_an_instrument_knows_what_it_is(name: str, true_of_it: set[str]) -> None:
    listed = instrument(name, instrument_id=1)

    questions = ("is_option", "is_future", "is_spot", "is_perpetual", "is_inverse")
    assert {question for question in questions if getattr(listed, question)} == true_of_it


def test_tick_and_lot_are_fractions_in_lowest_terms() -> None:
    listed = instrument("BTC-25DEC26", instrument_id=1)

    assert (listed.tick_numerator, listed.tick_denominator) == (5, 2)
    assert (listed.lot_numerator, listed.lot_denominator) == (10, 1)


def test_an_instrument_travels_as_bytes_and_comes_back_equal() -> None:
    listed = instrument("XRP_USDC-30JUN23-0d625-C", instrument_id=7, creation_ns=3)

    back = msgspec.msgpack.decode(msgspec.msgpack.encode(listed), type=Instrument)

    assert back == listed
    assert back.strike == Decimal("0.625")
    assert hash(back) == hash(listed)


def test_asking_for_the_fractions_changes_nothing_that_travels() -> None:
    listed = instrument("BTC-25DEC26", instrument_id=1)
    before = msgspec.msgpack.encode(listed)

    assert listed.tick_denominator == 2

    assert msgspec.msgpack.encode(listed) == before
    assert listed == instrument("BTC-25DEC26", instrument_id=1)
