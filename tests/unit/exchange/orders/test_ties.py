"""Ties between the parts of a command; what else they do, `test_following` tells."""

import pytest

from strikewire.exchange import (
    Deposit,
    Linked,
    LinkedOrderType,
    MassQuote,
    MmpConfig,
    OpenAccount,
    PlaceOrder,
    Quote,
    QuoteSide,
    SetMmp,
    TimeInForce,
    TriggerFillCondition,
)
from strikewire.model import NS_PER_HOUR, AccountId, InstrumentId, Lots, Side, Ticks, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, Deed, TradingFloor, ladder

FIRST_HIT = TriggerFillCondition.FIRST_HIT
COMPLETE_FILL = TriggerFillCondition.COMPLETE_FILL


def other_one(
    side: Side, lots: int, price: int, condition: TriggerFillCondition = FIRST_HIT
) -> Linked:
    """Return the other one of a pair of Alice's: a limit order that waits like the first."""
    other = PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=side,
        amount=Lots(lots),
        price=Ticks(price),
    )
    return Linked(type=LinkedOrderType.ONE_CANCELS_OTHER, others=(other,), fill_condition=condition)


def bid(price: int, lots: int) -> Quote:
    return Quote(
        instrument_id=InstrumentId(1), bid=QuoteSide(price=Ticks(price), amount=Lots(lots))
    )


@pytest.mark.parametrize("condition", [FIRST_HIT, COMPLETE_FILL])
def test_two_quotes_of_one_command_do_not_trade_with_both_of_a_pair(
    condition: TriggerFillCondition,
) -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, at=101, linked=other_one(Side.SELL, 5, 102, condition))
    everything = MmpConfig(interval_s=1, frozen_s=1, max_quote_quantity_e8=10**12, vega_e8=1)
    floor.apply(SetMmp(BOB, "btc_usdc", "wings", everything))

    quotes = (bid(101, 5), bid(102, 5))
    deed = Deed(floor.apply(MassQuote(account_id=BOB, mmp_group="wings", quotes=quotes)))

    assert deed.trades == [(101, 5)]
    assert floor.order(2).cancel_reason == "oco_other_closed"
    assert floor.position(ALICE).size == -5
    assert floor.book() == ladder("""
            5 | 102 |
    """)


def test_two_liquidations_of_one_round_do_not_trade_with_both_of_a_pair() -> None:
    dave = AccountId(4)
    floor = TradingFloor.at(100_000)
    floor.apply(OpenAccount(dave, "dave"))
    floor.apply(Deposit(dave, "USDC", Units(10**12)))
    floor.sell(dave, 2_000, at=100_000)
    for owner in (BOB, CAROL):
        floor.buy(owner, 1_000, at=100_000)
        floor.leave(owner, "USDC", 1_100 * 10**6)
    floor.buy(ALICE, 5, at=98_600, linked=other_one(Side.BUY, 500, 98_500))
    floor.mark(98_600)

    deed = floor.liquidate()

    assert deed.trades == [(98_600, 5)]
    assert floor.order(5).cancel_reason == "oco_other_closed"
    assert floor.position(ALICE).size == 5


def test_nobody_trades_with_the_other_one_of_an_order_whose_day_is_over() -> None:
    floor = TradingFloor.at(100)
    other = other_one(Side.SELL, 5, 102)
    floor.sell(ALICE, 5, at=101, time_in_force=TimeInForce.GTD, linked=other)
    floor.now_ns += 9 * NS_PER_HOUR

    deed = floor.buy(BOB, 5, at=102)

    assert deed.trades == []
    assert floor.order(1).cancel_reason == "good_til_day"
    assert floor.order(2).cancel_reason == "oco_other_closed"
