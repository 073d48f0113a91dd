import pytest

from strikewire.exchange import (
    Exchange,
    Limits,
    LimitsChanged,
    Reject,
    SelfTrading,
    SelfTradingChanged,
    SetLimits,
    SetSelfTrading,
)
from strikewire.model import AccountId, InstrumentId
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor


def test_an_account_chooses_how_its_orders_meet() -> None:
    floor = TradingFloor.at(100)

    events = floor.apply(SetSelfTrading(ALICE, SelfTrading.REJECT_TAKER, True))

    assert events == (SelfTradingChanged(ALICE, SelfTrading.REJECT_TAKER, True),)
    assert floor.exchange.self_trading(ALICE) == (SelfTrading.REJECT_TAKER, True)


def test_who_never_chose_may_trade_with_himself() -> None:
    floor = TradingFloor.at(100)

    assert floor.exchange.self_trading(BOB) == (SelfTrading.ALLOWED, False)


def test_what_was_chosen_outlives_a_restart() -> None:
    floor = TradingFloor.at(100)
    floor.apply(SetSelfTrading(ALICE, SelfTrading.CANCEL_MAKER, True))

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.self_trading(ALICE) == (SelfTrading.CANCEL_MAKER, True)
    assert restored.state_hash() == floor.exchange.state_hash()


def test_nobody_chooses_for_an_account_that_is_not_there() -> None:
    floor = TradingFloor.at(100)

    rejected = Deed(floor.apply(SetSelfTrading(AccountId(9), SelfTrading.REJECT_TAKER))).rejected

    assert rejected.code is Reject.UNAUTHORIZED
    assert floor.exchange.self_trading(AccountId(9)) is None


# --- Limits


def limit(floor: TradingFloor, limits: Limits, *, on: AccountId | InstrumentId | None) -> Deed:
    """Limit an account, or where that is None, the first instrument."""
    if on is None:
        return Deed(floor.apply(SetLimits(limits, instrument_id=floor.id())))
    return Deed(floor.apply(SetLimits(limits, account_id=AccountId(on))))


@pytest.mark.parametrize(
    ("on", "reason"),
    [(ALICE, "max_open_orders_per_account"), (None, "max_open_orders_per_instrument")],
)
def test_open_orders_are_limited_by_account_and_by_instrument(
    on: AccountId | None, reason: str
) -> None:
    floor = TradingFloor.at(100)
    deed = limit(floor, Limits(open_orders_max=1), on=on)
    floor.buy(ALICE, 1, at=99).expect_accepted()

    refused = floor.buy(ALICE, 1, at=98).rejected

    assert isinstance(deed.events[0], LimitsChanged)
    assert (refused.code, refused.reason) == (Reject.TOO_MANY_ORDERS, reason)
    # The limit of an instrument is one of each account.
    floor.buy(BOB, 1, at=99).expect_accepted()
    # What does not wait is no open order.
    floor.sell(ALICE, 1, at=99).expect_accepted()


def test_the_lower_limit_of_a_position_holds() -> None:
    floor = TradingFloor.at(100)
    limit(floor, Limits(position_lots_max=10), on=ALICE)
    limit(floor, Limits(position_lots_max=20), on=None)

    assert floor.buy(ALICE, 11, at=99).rejected.code is Reject.POSITION_TOO_LARGE
    floor.buy(ALICE, 10, at=99).expect_accepted()
    assert floor.buy(BOB, 21, at=99).rejected.code is Reject.POSITION_TOO_LARGE
    floor.buy(BOB, 20, at=99).expect_accepted()


def test_a_position_beyond_its_new_limit_stays_and_may_become_smaller() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)

    limit(floor, Limits(position_lots_max=5), on=ALICE)

    assert floor.buy(ALICE, 1, at=99).rejected.code is Reject.POSITION_TOO_LARGE
    floor.sell(ALICE, 10, at=101).expect_accepted()
    assert floor.sell(ALICE, 6, at=101).rejected.code is Reject.POSITION_TOO_LARGE
    assert floor.position(ALICE).size == 10


def test_none_is_the_default_again() -> None:
    floor = TradingFloor.at(100)
    limit(floor, Limits(open_orders_max=0), on=ALICE)
    assert floor.buy(ALICE, 1, at=99).is_rejected

    limit(floor, Limits(), on=ALICE)

    floor.buy(ALICE, 1, at=99).expect_accepted()
    assert floor.exchange.limits(ALICE) == Limits()


def test_limits_outlive_a_restart() -> None:
    floor = TradingFloor.at(100)
    limit(floor, Limits(3, 4), on=ALICE)
    limit(floor, Limits(5, 6), on=None)

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.limits(ALICE) == Limits(3, 4)
    assert restored.limits(instrument_id=floor.id()) == Limits(5, 6)
    assert restored.state_hash() == floor.exchange.state_hash()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SetLimits(Limits()), Reject.INVALID_ARGUMENTS),
        (SetLimits(Limits(), ALICE, InstrumentId(1)), Reject.INVALID_ARGUMENTS),
        (SetLimits(Limits(), AccountId(9)), Reject.UNAUTHORIZED),
        (SetLimits(Limits(), None, InstrumentId(9)), Reject.INVALID_INSTRUMENT),
        (SetLimits(Limits(-1), ALICE), Reject.INVALID_ARGUMENTS),
        (SetLimits(Limits(100_001), ALICE), Reject.INVALID_ARGUMENTS),
        (SetLimits(Limits(None, 1_000_000_001), ALICE), Reject.INVALID_ARGUMENTS),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(command: SetLimits, code: Reject) -> None:
    floor = TradingFloor.at(100)

    assert Deed(floor.apply(command)).rejected.code is code
    assert floor.exchange.limits(AccountId(9)) is None
    assert floor.exchange.limits(instrument_id=InstrumentId(9)) is None
    assert floor.exchange.limits() is None
