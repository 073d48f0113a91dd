"""What the fund lacks is shared to the last unit, and paid for in other currencies where it can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewire.exchange import (
    INSURANCE_FUND,
    ChangeMarginModel,
    Deposit,
    LossCompensated,
    LossSocialised,
    MarginModel,
    SettleSession,
)
from strikewire.exchange.liquidation.socialising import shared
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

PERPETUAL = "BTC-PERPETUAL"
BTC, USDC = 10**8, 10**6


def dollars_for_coins(fund: int = 0) -> TradingFloor:
    """Return a floor where Alice, long 50,000 dollars at 50,000, owes coins and has dollars.

    Bob is short. At 40,000 Alice has lost a quarter of a coin, 10,000 dollars; the fee of 0.0005
    coins is 20 dollars more.
    """
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=10 * BTC, USDC=9_000 * USDC)
    floor.leave(ALICE, "BTC", 0)
    floor.apply(ChangeMarginModel(ALICE, MarginModel.CROSS))
    if fund:
        floor.apply(Deposit(INSURANCE_FUND, "BTC", Units(fund)))
    floor.sell(BOB, 5_000, at=100_000)
    floor.buy(ALICE, 5_000, at=100_000).expect_accepted()
    floor.mark(80_000)
    return floor


def test_what_was_left_in_dollars_goes_to_who_is_not_paid_in_coins() -> None:
    floor = dollars_for_coins(fund=50_000)

    deed = floor.liquidate()

    # Alice owes 0.2505 coins. The fund has 0.0005, and her 9,000 dollars buy 0.225 of the rest.
    (lost,) = [event for event in deed.events if isinstance(event, LossSocialised)]
    (found,) = [event for event in deed.events if isinstance(event, LossCompensated)]
    assert lost.shares == ((BOB, Units(25_000_000)),)
    assert (found.currency, found.paid_in) == ("BTC", "USDC")
    assert found.shares == ((BOB, Units(9_000 * USDC)),)
    assert floor.summary(BOB, "USDC").balance == 18_000 * USDC
    (record,) = floor.exchange.bankruptcies("BTC")
    assert (record.deficit, record.funded, record.socialised) == (25_050_000, 22_550_000, 2_500_000)
    for currency in ("BTC", "USDC"):
        assert floor.summary(ALICE, currency).equity == 0
        assert floor.summary(INSURANCE_FUND, currency).equity == 0


def test_where_all_gains_do_not_suffice_the_venue_gives_fees_back() -> None:
    floor = dollars_for_coins()
    assert floor.exchange.money("BTC").fees == 50_000

    floor.liquidate()

    # Bob gained what Alice lost, 0.25 coins; the 0.0005 beyond went to the venue as a fee.
    assert floor.summary(BOB, "BTC").session_rpl == -25_000_000
    assert floor.exchange.money("BTC").fees == 0
    assert floor.summary(INSURANCE_FUND, "BTC").equity == 0


def test_what_was_gained_and_has_left_stays_a_debt_of_the_fund_until_others_gain() -> None:
    floor = TradingFloor("BTC-25DEC26-60000-C")
    floor.mark(price=0.01, underlying=30_000)
    floor.buy(ALICE, 100, at=100)
    floor.sell(BOB, 100, at=100)
    floor.leave(BOB, "BTC", 2 * BTC)
    floor.leave(ALICE, "BTC", 0)
    floor.mark(price=0.5, underlying=120_000)
    floor.buy(CAROL, 100, at=5_000)
    floor.sell(ALICE, 100, at=5_000)
    floor.leave(ALICE, "BTC", 0)

    # Bob sold ten coins' calls that are worth five coins by now, and has two. Of the fees, four
    # times 0.003 coins, all goes to the fund.
    floor.liquidate()
    assert floor.summary(INSURANCE_FUND, "BTC").equity == -3 * BTC + 1_200_000
    assert floor.exchange.is_fund_busy  # It has positions to work off, too.

    # What the fund has sold to Carol now is worth a coin more: it owes that, and she gains it.
    floor.mark(price=0.6, underlying=120_000)
    floor.liquidate()
    assert floor.summary(INSURANCE_FUND, "BTC").equity == -3 * BTC + 1_200_000
    assert floor.exchange.bankruptcies("BTC")[-1].socialised == BTC


def test_no_round_is_due_for_a_debt_that_nobody_can_pay() -> None:
    floor = TradingFloor("BTC-25DEC26-60000-C", PERPETUAL)
    floor.mark(price=0.01, underlying=30_000, name="BTC-25DEC26-60000-C")
    floor.buy(ALICE, 100, at=100, name="BTC-25DEC26-60000-C")
    floor.sell(BOB, 100, at=100, name="BTC-25DEC26-60000-C")
    floor.leave(BOB, "BTC", 2 * BTC)
    floor.leave(ALICE, "BTC", 0)
    floor.expire("BTC-25DEC26-60000-C")
    floor.mark(60_000 * 2, PERPETUAL)
    # Alice gets 5 coins at 120,000, Bob owes 3 of them: she takes them away.
    floor.settle("BTC-25DEC26-60000-C", 120_000)
    floor.leave(ALICE, "BTC", 0)
    floor.apply(SettleSession("BTC"))

    assert floor.exchange.is_liquidation_due
    floor.liquidate()

    debt = floor.summary(INSURANCE_FUND, "BTC").equity
    assert debt < 0
    assert not floor.exchange.is_fund_busy
    assert not floor.exchange.is_liquidation_due
    before = floor.exchange.state_hash()
    floor.liquidate()
    assert floor.exchange.state_hash() == before

    # A fee that comes in can pay some of it, and so can what somebody gains.
    floor.apply(Deposit(ALICE, "BTC", Units(BTC)))
    floor.sell(CAROL, 100, at=120_000, name=PERPETUAL)
    floor.buy(ALICE, 100, at=120_000, name=PERPETUAL)
    assert floor.exchange.is_fund_busy
    floor.liquidate()
    assert floor.summary(INSURANCE_FUND, "BTC").equity > debt
    assert not floor.exchange.is_fund_busy
    floor.mark(130_000, PERPETUAL)
    assert floor.exchange.is_fund_busy
    floor.liquidate()
    assert floor.exchange.bankruptcies("BTC")[-1].socialised > 0
    assert not floor.exchange.is_fund_busy


def test_a_fund_that_has_the_coins_keeps_the_dollars() -> None:
    floor = dollars_for_coins(fund=BTC)

    deed = floor.liquidate()

    assert [event for event in deed.events if isinstance(event, LossSocialised)] == []
    assert floor.summary(INSURANCE_FUND, "BTC").equity == BTC - 25_050_000
    assert floor.summary(INSURANCE_FUND, "USDC").equity == 9_000 * USDC


@pytest.mark.parametrize(
    ("amount", "weights", "expected"),
    [
        (10, [5, 5], [5, 5]),
        (10, [1, 1, 18], [1, 0, 9]),
        (3, [7, 7, 7], [1, 1, 1]),
        (2, [7, 7, 7], [1, 1, 0]),
        (0, [4], [0]),
        (11, [10, 1], [10, 1]),
    ],
)
def test_a_loss_is_shared_by_largest_remainders(
    amount: int, weights: list[int], expected: list[int]
) -> None:
    found = shared(amount, {AccountId(n): weight for n, weight in enumerate(weights, start=1)})

    assert list(found.values()) == expected


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=20), st.data())
def test_shares_add_up_and_none_is_above_its_weight(
    weights: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    owners = {AccountId(number): weight for number, weight in enumerate(weights, start=1)}

    found = shared(amount, owners)

    assert sum(found.values()) == amount
    assert all(0 <= found[key] <= weight for key, weight in owners.items())
