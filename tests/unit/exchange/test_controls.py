from strikewire.exchange import (
    Exchange,
    Reject,
    SelfTrading,
    SelfTradingChanged,
    SetSelfTrading,
)
from strikewire.model import AccountId
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
