"""Who has nothing left is taken over by the insurance fund, and what it lacks is shared."""

from strikewire.exchange import (
    INSURANCE_FUND,
    Bankruptcy,
    BankruptcyView,
    Deposit,
    Exchange,
    LiquidationFee,
    LossSocialised,
    Reject,
    Withdraw,
)
from strikewire.model import Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

PERPETUAL = "BTC_USDC-PERPETUAL"
CALL = "BTC_USDC-25DEC26-60000-C"
USDC = 10**6


def crash(fund: int = 0) -> TradingFloor:
    """Return a floor where Alice, one coin long at 50,000 with 1,475, has lost 1,975 to Bob."""
    floor = TradingFloor.at(100_000, PERPETUAL, USDC=100_000 * USDC)
    if fund:
        floor.apply(Deposit(INSURANCE_FUND, "USDC", Units(fund * USDC)))
    floor.leave(ALICE, "USDC", 1_500 * USDC)
    floor.sell(BOB, 1_000, at=100_000)
    floor.buy(ALICE, 1_000, at=100_000).expect_accepted()
    floor.mark(96_050)
    return floor


def test_the_fund_takes_over_the_position_at_the_mark_and_pays_the_debt() -> None:
    floor = crash(fund=2_000)

    deed = floor.liquidate()

    assert [event for event in deed.events if isinstance(event, Bankruptcy)] == [
        Bankruptcy(ALICE, "USDC", Units(500 * USDC), ((floor.id(), 1_000, Units(48_025 * USDC)),))
    ]
    alice, fund = floor.summary(ALICE, "USDC"), floor.summary(INSURANCE_FUND, "USDC")
    assert (alice.equity, alice.maintenance_margin) == (0, 0)
    assert floor.position(ALICE).size == 0
    assert floor.position(INSURANCE_FUND).size == 1_000
    assert floor.position(INSURANCE_FUND).average_price == 48_025 * 10**8
    assert (fund.balance, fund.session_upl, fund.equity) == (1_500 * USDC, 0, 1_500 * USDC)
    assert floor.summary(BOB, "USDC").session_upl == 1_975 * USDC
    assert not floor.exchange.is_locked(ALICE)


def test_a_bankruptcy_can_be_looked_up() -> None:
    floor = crash(fund=2_000)
    floor.liquidate()

    record = BankruptcyView(
        currency="USDC",
        time_ns=floor.now_ns,
        deficit=Units(500 * USDC),
        funded=Units(500 * USDC),
        socialised=Units(0),
        profits=Units(0),
    )

    assert floor.exchange.bankruptcies("USDC") == [record]
    assert floor.exchange.bankruptcies("BTC") == []
    restored = Exchange.restore(floor.exchange.snapshot())
    assert restored.bankruptcies("USDC") == [record]
    assert restored.money("USDC") == floor.exchange.money("USDC")
    assert restored.money("USDC").insurance == 1_500 * USDC


def test_what_the_fund_lacks_is_paid_by_who_gained() -> None:
    floor = crash(fund=200)

    deed = floor.liquidate()

    # Bob is the only one who gained: 1,975.
    assert [event for event in deed.events if isinstance(event, LossSocialised)] == [
        LossSocialised("USDC", Units(300 * USDC), Units(1_975 * USDC), ((BOB, Units(300 * USDC)),))
    ]
    assert floor.summary(BOB, "USDC").session_rpl == -300 * USDC
    assert floor.summary(INSURANCE_FUND, "USDC").equity == 0
    (record,) = floor.exchange.bankruptcies("USDC")
    assert (record.deficit, record.funded, record.socialised, record.profits) == (
        500 * USDC,
        200 * USDC,
        300 * USDC,
        1_975 * USDC,
    )


def test_the_fund_works_off_what_it_took_near_the_mark() -> None:
    floor = crash(fund=2_000)
    # 2 % below the mark is 94,129 ticks.
    floor.buy(CAROL, 30, at=94_129)
    floor.buy(CAROL, 500, at=94_128)

    deed = floor.liquidate()

    assert deed.trades == [(94_129, 30)]
    assert deed.order.account_id == INSURANCE_FUND
    assert floor.position(INSURANCE_FUND).size == 970
    assert [event for event in deed.events if isinstance(event, LiquidationFee)] == []
    assert floor.exchange.is_liquidation_due


def test_a_short_option_is_taken_over_with_the_premium_it_would_cost() -> None:
    floor = TradingFloor(CALL, cash={"USDC": 100_000 * USDC})
    floor.apply(Deposit(INSURANCE_FUND, "USDC", Units(50_000 * USDC)))
    floor.mark(name=CALL, price=3_000, underlying=60_000)
    floor.leave(ALICE, "USDC", 20_000 * USDC)
    one = floor.exchange.instruments[floor.id()]
    lots, price = int(1 / one.lot_size), int(3_000 / one.tick_size)
    floor.buy(BOB, lots, at=price)
    floor.sell(ALICE, lots, at=price).expect_accepted()
    paid_in = floor.summary(ALICE, "USDC").balance
    floor.mark(name=CALL, price=30_000, underlying=90_000)

    floor.liquidate()

    assert floor.position(ALICE).size == 0
    assert floor.summary(ALICE, "USDC").equity == 0
    fund = floor.summary(INSURANCE_FUND, "USDC")
    assert fund.options_value == -30_000 * USDC
    assert fund.equity == 50_000 * USDC - (30_000 * USDC - paid_in)


def test_an_inverse_position_is_taken_over_in_coins() -> None:
    floor = TradingFloor.at(100_000, "BTC-PERPETUAL", BTC=10_00000000)
    floor.apply(Deposit(INSURANCE_FUND, "BTC", Units(1_00000000)))
    floor.leave(ALICE, "BTC", 3000000)
    floor.sell(BOB, 5_000, at=100_000)
    floor.buy(ALICE, 5_000, at=100_000).expect_accepted()
    # 50,000 dollars: a coin at 50,000 and 1.04166667 at 48,000. Of 0.03 went 0.0005 for the trade.
    floor.mark(96_000)

    (bankruptcy,) = [e for e in floor.liquidate().events if isinstance(e, Bankruptcy)]

    assert bankruptcy.deficit == 4166667 - 2950000
    assert bankruptcy.positions == ((floor.id(), 5_000, -1_04166667),)
    assert floor.summary(INSURANCE_FUND, "BTC").equity == 1_00000000 - 1216667


def test_an_empty_fund_takes_realised_profits_too() -> None:
    floor = crash()
    # Bob has bought back, so all of his profit is realised.
    floor.sell(CAROL, 1_000, at=96_050)
    floor.buy(BOB, 1_000, at=96_050)

    floor.liquidate()

    assert floor.summary(BOB, "USDC").session_rpl == 1_475 * USDC
    assert floor.summary(INSURANCE_FUND, "USDC").equity == 0


def test_nobody_takes_money_out_of_the_fund() -> None:
    floor = crash(fund=200)

    (rejected,) = floor.apply(Withdraw(INSURANCE_FUND, "USDC", Units(1)))

    assert rejected.code is Reject.LOCKED  # type: ignore[union-attr]  # the one event


def test_the_fund_is_an_account_once_it_has_anything() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL)
    before = [account.account_id for account in floor.exchange.accounts]
    floor.apply(Deposit(INSURANCE_FUND, "USDC", Units(1)))

    assert before == [ALICE, BOB, CAROL]
    assert floor.exchange.accounts[0].account_id == INSURANCE_FUND
    assert floor.exchange.accounts[0].name == "insurance_fund"
