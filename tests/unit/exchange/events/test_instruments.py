from strikewire.exchange import (
    InstrumentListed,
    InstrumentSettled,
    InstrumentState,
    InstrumentStateChanged,
    ListInstrument,
    PlatformLockChanged,
    SessionSettled,
    SetInstrumentState,
    SetPlatformLock,
    SettleSession,
)
from strikewire.model import InstrumentId, instrument
from strikewire.testing.exchange import TradingFloor, e8

PERPETUAL = "BTC-PERPETUAL"
FUTURE = "BTC-25DEC26"


def test_a_book_tells_in_which_state_it_begins() -> None:
    floor = TradingFloor()
    one = instrument(PERPETUAL, instrument_id=1)

    events = floor.apply(ListInstrument(one, InstrumentState.INACTIVE))

    assert events == (InstrumentListed(one, InstrumentState.INACTIVE),)


def test_what_is_stopped_tells_so() -> None:
    floor = TradingFloor(PERPETUAL)

    assert floor.apply(SetInstrumentState(InstrumentId(1), InstrumentState.LOCKED)) == (
        InstrumentStateChanged(InstrumentId(1), InstrumentState.LOCKED),
    )
    assert floor.apply(SetPlatformLock(is_locked=True)) == (
        PlatformLockChanged(is_locked=True, index=""),
    )


def test_a_session_tells_what_it_came_to_in_each_future_that_has_a_mark() -> None:
    floor = TradingFloor(PERPETUAL, FUTURE)
    floor.mark(120_000, PERPETUAL)

    events = floor.apply(SettleSession("BTC"))

    (settled,) = [event for event in events if isinstance(event, SessionSettled)]
    (settlement,) = settled.settlements
    assert (settlement.instrument_id, settlement.is_delivery) == (floor.id(PERPETUAL), False)
    assert (settlement.price, settlement.open_interest) == (e8(60_000), 0)


def test_a_delivery_is_told_last() -> None:
    floor = TradingFloor(FUTURE)
    floor.mark(120_000)
    floor.expire(FUTURE)

    events = floor.settle(FUTURE, 60_000).events

    assert events[-1] == InstrumentSettled(InstrumentId(1), e8(60_000))
