import pytest

from strikewire.exchange import (
    Exchange,
    InstrumentListed,
    InstrumentState,
    InstrumentStateChanged,
    ListInstrument,
    OrderState,
    PlatformLockChanged,
    Reject,
    SetInstrumentState,
    SetPlatformLock,
)
from strikewire.model import InstrumentId, instrument
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor

OPEN, LOCKED, HALTED, INACTIVE, DELIVERED = InstrumentState
PERPETUAL = "BTC_USDC-PERPETUAL"
EXPIRING = "BTC-27NOV26"


def turn(floor: TradingFloor, state: InstrumentState, name: str | None = None) -> Deed:
    return Deed(floor.apply(SetInstrumentState(floor.id(name), state)))


def waiting() -> TradingFloor:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, at=101)
    return floor


# --- One instrument


@pytest.mark.parametrize(
    ("state", "code", "reason"),
    [
        (LOCKED, Reject.LOCKED, "instrument_locked"),
        (HALTED, Reject.LOCKED, "instrument_halted"),
        (INACTIVE, Reject.BOOK_CLOSED, "inactive"),
    ],
)
def test_nothing_is_placed_where_trading_was_stopped(
    state: InstrumentState, code: Reject, reason: str
) -> None:
    floor = waiting()

    turn(floor, state)

    rejected = floor.buy(BOB, 5, at=101).rejected
    assert (rejected.code, rejected.reason) == (code, reason)
    assert floor.exchange.instrument_state(floor.id()) is state


@pytest.mark.parametrize("state", [LOCKED, HALTED])
def test_what_waits_can_be_cancelled_but_not_edited(state: InstrumentState) -> None:
    floor = waiting()
    turn(floor, state)

    assert floor.edit(1, 4).rejected.code is Reject.LOCKED
    assert floor.cancel(1).order.state is OrderState.CANCELLED


def test_an_instrument_that_becomes_inactive_loses_its_orders() -> None:
    floor = waiting()

    deed = turn(floor, INACTIVE)

    assert (deed.order.state, deed.order.cancel_reason) == ("cancelled", "instrument_inactive")
    assert deed.levels == [(101, 0, 2)]
    assert deed.events[-1] == InstrumentStateChanged(floor.id(), INACTIVE)


def test_trading_goes_on_with_what_waited() -> None:
    floor = waiting()
    turn(floor, LOCKED)

    turn(floor, OPEN)

    assert floor.buy(BOB, 5, at=101).trades == [(101, 5)]


def test_a_state_that_is_there_already_changes_nothing() -> None:
    floor = waiting()
    before = floor.exchange.state_hash()

    assert turn(floor, OPEN).events == ()
    assert floor.exchange.state_hash() == before


def test_an_instrument_may_begin_before_it_trades() -> None:
    floor = TradingFloor(PERPETUAL)
    perpetual = instrument("ETH_USDC-PERPETUAL", instrument_id=9)

    events = floor.apply(ListInstrument(perpetual, INACTIVE))

    assert events == (InstrumentListed(perpetual, INACTIVE),)
    assert floor.exchange.instrument_state(InstrumentId(9)) is INACTIVE
    assert floor.exchange.is_open(InstrumentId(9))


@pytest.mark.parametrize("state", [OPEN, LOCKED, INACTIVE])
def test_an_instrument_that_does_not_trade_is_settled_all_the_same(state: InstrumentState) -> None:
    floor = TradingFloor(EXPIRING)
    turn(floor, state)
    floor.expire(EXPIRING)

    floor.settle(EXPIRING, 60_000).expect_accepted()

    assert floor.exchange.instrument_state(floor.id()) is DELIVERED
    assert turn(floor, OPEN).rejected.code is Reject.BOOK_CLOSED


def test_an_instrument_with_something_wrong_is_not_settled() -> None:
    floor = TradingFloor(EXPIRING)
    turn(floor, HALTED)
    floor.expire(EXPIRING)

    rejected = floor.settle(EXPIRING, 60_000).rejected

    assert (rejected.code, rejected.reason) == (Reject.LOCKED, "instrument_halted")


def test_only_a_settlement_delivers() -> None:
    floor = TradingFloor(PERPETUAL)

    listed = ListInstrument(instrument("ETH_USDC-PERPETUAL", instrument_id=9), DELIVERED)

    assert turn(floor, DELIVERED).rejected.code is Reject.INVALID_ARGUMENTS
    assert Deed(floor.apply(listed)).rejected.param == "state"


def test_there_must_be_an_instrument_to_stop() -> None:
    floor = TradingFloor(PERPETUAL)

    deed = Deed(floor.apply(SetInstrumentState(InstrumentId(9), LOCKED)))

    assert deed.rejected.code is Reject.INVALID_INSTRUMENT
    assert floor.exchange.instrument_state(InstrumentId(9)) is None


# --- All of an index, or everything


def lock(floor: TradingFloor, index: str = "", *, is_locked: bool = True) -> Deed:
    return Deed(floor.apply(SetPlatformLock(is_locked, index)))


def two() -> TradingFloor:
    floor = TradingFloor(PERPETUAL, "ETH_USDC-PERPETUAL")
    floor.mark(100)
    floor.mark(100, "ETH_USDC-PERPETUAL")
    return floor


def trades(floor: TradingFloor) -> list[bool]:
    """Return which of the two instruments take an order."""
    return [not floor.buy(BOB, 1, at=90, name=name).is_rejected for name in floor.ids]


def test_a_lock_of_an_index_is_one_of_its_instruments() -> None:
    floor = two()

    deed = lock(floor, "eth_usdc")

    assert deed.events == (PlatformLockChanged(True, "eth_usdc"),)
    assert trades(floor) == [True, False]
    rejected = floor.buy(BOB, 1, at=90, name="ETH_USDC-PERPETUAL").rejected
    assert (rejected.code, rejected.reason) == (Reject.LOCKED, "platform_locked")


def test_a_lock_of_everything_is_kept_apart_from_those_of_indices() -> None:
    floor = two()
    lock(floor, "eth_usdc")

    lock(floor)
    assert trades(floor) == [False, False]
    assert floor.exchange.locks == {"", "eth_usdc"}
    lock(floor, is_locked=False)
    assert trades(floor) == [True, False]
    lock(floor, "eth_usdc", is_locked=False)
    assert trades(floor) == [True, True]


def test_orders_can_be_cancelled_while_everything_is_locked() -> None:
    floor = waiting()
    lock(floor)

    assert floor.edit(1, 4).rejected.code is Reject.LOCKED
    assert floor.cancel(1).order.cancel_reason == "user_request"


def test_what_is_listed_under_a_lock_is_locked() -> None:
    floor = TradingFloor(PERPETUAL)
    lock(floor)

    floor.list("ETH_USDC-PERPETUAL")
    floor.mark(100, "ETH_USDC-PERPETUAL")

    deed = floor.buy(BOB, 1, at=100, name="ETH_USDC-PERPETUAL")
    assert deed.rejected.code is Reject.LOCKED


def test_locks_outlive_a_restart() -> None:
    floor = waiting()
    lock(floor, "btc_usdc")
    turn(floor, HALTED)

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.locks == {"btc_usdc"}
    assert restored.instrument_state(floor.id()) is HALTED
    assert restored.state_hash() == floor.exchange.state_hash()
    floor.exchange = restored
    turn(floor, OPEN)
    assert floor.buy(BOB, 5, at=101).rejected.reason == "platform_locked"


def test_only_an_index_of_an_instrument_can_be_locked() -> None:
    floor = two()

    rejected = lock(floor, "xrp_usdc").rejected

    assert (rejected.code, rejected.param) == (Reject.INVALID_ARGUMENTS, "index")


def test_a_lock_that_is_there_already_changes_nothing() -> None:
    floor = two()
    lock(floor)

    assert lock(floor).events == ()
    assert lock(floor, "btc_usdc", is_locked=False).events == ()
