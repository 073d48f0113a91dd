import msgspec

from strikewire.exchange import (
    InstrumentState,
    ListInstrument,
    Mark,
    SetMarks,
    SetPlatformLock,
    decode,
    encode,
)
from strikewire.model import InstrumentId, PriceE8, instrument

PERPETUAL = instrument("BTC-PERPETUAL", instrument_id=7, creation_ns=3)


def test_an_instrument_that_was_journalled_before_there_were_states_is_open() -> None:
    tag, listed, _ = msgspec.msgpack.decode(encode(ListInstrument(PERPETUAL)))

    command = decode(msgspec.msgpack.encode([tag, listed]))

    assert command == ListInstrument(PERPETUAL, InstrumentState.OPEN)


def test_a_mark_that_was_journalled_before_there_were_funding_and_greeks_has_none() -> None:
    command = decode(msgspec.msgpack.encode(["marks", [], [[1, 2, 3, 4]]]))

    assert command == SetMarks((), (Mark(InstrumentId(1), PriceE8(2), 3, PriceE8(4), 0, 0, 0),))


def test_a_lock_that_names_no_index_is_for_the_whole_venue() -> None:
    command = decode(msgspec.msgpack.encode(["platform_lock", True]))

    assert command == SetPlatformLock(is_locked=True, index="")
