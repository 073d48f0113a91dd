"""Money that answers together: a currency alone, or all of them in dollars."""

import pytest

from strikewire.exchange import (
    ChangeMarginModel,
    CrossTotal,
    Exchange,
    MarginModel,
    Reject,
    Rejected,
    SetMarks,
    Verdict,
    Withdraw,
)
from strikewire.exchange.state.pools import haircut, pools
from strikewire.model import PriceE8, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

LINEAR, INVERSE, CALL = "BTC_USDC-PERPETUAL", "BTC-PERPETUAL", "BTC-25DEC26-60000-C"
BTC, USDC = 10**8, 10**6


def cross(btc: int = 0, usdc: int = 0) -> TradingFloor:
    """Return a floor at 50,000 where Alice has cross collateral, and Bob has plenty."""
    floor = TradingFloor(INVERSE, LINEAR, CALL, cash={"BTC": 1_000 * BTC, "USDC": 10**12})
    for name in (INVERSE, LINEAR):
        floor.mark(100_000, name=name)
    floor.mark(name=CALL, price=0.05, underlying=50_000)
    floor.leave(ALICE, "BTC", btc)
    floor.leave(ALICE, "USDC", usdc)
    assert switch(floor, MarginModel.CROSS) is None
    return floor


def switch(floor: TradingFloor, model: MarginModel) -> Rejected | None:
    events = floor.apply(ChangeMarginModel(ALICE, model))
    return next((event for event in events if isinstance(event, Rejected)), None)


def test_with_segregated_margin_every_currency_stands_alone() -> None:
    floor = TradingFloor.at(100_000, LINEAR, BTC=5, ETH=0, USDC=1_000 * USDC)
    floor.sell(BOB, 10, at=100_000)
    floor.buy(ALICE, 10, at=100_000)
    state = floor.exchange._state

    bitcoin, dollars = pools(state, state.accounts[ALICE])

    assert list(bitcoin.ledgers) == ["BTC"]
    assert (bitcoin.funds, bitcoin.maintenance, bitcoin.equity, bitcoin.holdings) == (5, 0, 5, [])
    # 0.01 coins for 500 dollars, of which 0.05 % went for the trade.
    assert list(dollars.ledgers) == ["USDC"]
    assert (dollars.funds, dollars.maintenance) == (999_750_000, 5_000_250)
    assert dollars.lacking == 5_000_250 - 999_750_000
    assert not dollars.is_under_water
    assert not dollars.is_by_verdict
    assert [holding.size for holding in dollars.holdings] == [10]


def test_all_currencies_are_counted_in_dollars_less_their_haircuts() -> None:
    floor = cross(btc=BTC, usdc=10_000 * USDC)
    floor.sell(BOB, 1_000, at=100_000, name=LINEAR)
    floor.buy(ALICE, 1_000, at=100_000, name=LINEAR).expect_accepted()

    in_coins, in_dollars = floor.summary(ALICE, "BTC"), floor.summary(ALICE, "USDC")

    # A coin and 10,000 less the fee of 25. A coin's perpetual needs 2.005 and 1.005 % of 50,000;
    # 5 % of the coin do not count.
    assert in_coins.total == in_dollars.total
    assert in_dollars.total == CrossTotal(
        equity=59_975 * USDC,
        margin_balance=59_975 * USDC,
        initial_margin=1_002_500_000 + 2_500 * USDC,
        maintenance_margin=502_500_000,
    )
    assert in_dollars.margin_balance == 59_975 * USDC
    assert in_dollars.available_funds == 59_975 * USDC - 3_502_500_000
    assert in_dollars.maintenance_margin == 502_500_000
    # The same in coins of 50,000; equity and balance are of the coins alone.
    assert in_coins.margin_balance == 119_950_000
    assert in_coins.initial_margin == 7_005_000
    assert in_coins.available_funds == 112_945_000
    assert (in_coins.equity, in_coins.balance) == (BTC, BTC)
    assert in_coins.projected_initial_margin == in_coins.initial_margin


def test_a_position_in_coins_stands_on_dollars() -> None:
    floor = cross(usdc=2_000 * USDC)
    floor.sell(BOB, 10_000, at=100_000, name=INVERSE)

    # 50,000 dollars need 2.005 %, 1,002.50. The fee of 25 is owed in coins, and what is owed counts
    # 5 % more: 26.25. What is left allows no second coin.
    floor.buy(ALICE, 5_000, at=100_000, name=INVERSE).expect_accepted()
    refused = floor.buy(ALICE, 5_000, at=100_000, name=INVERSE)

    assert floor.summary(ALICE, "BTC").balance == -50_000
    assert floor.summary(ALICE, "USDC").available_funds == 2_000 * USDC - 1_028_750_000
    assert refused.rejected.code is Reject.NOT_ENOUGH_FUNDS


def test_an_option_may_be_bought_with_coins_that_are_not_there() -> None:
    floor = cross(usdc=3_000 * USDC)
    floor.sell(BOB, 20, at=500, name=CALL)

    # A coin's call costs 2,500 and the fee of 15, and owing that 5 % more.
    floor.buy(ALICE, 10, at=500, name=CALL).expect_accepted()
    refused = floor.buy(ALICE, 10, at=500, name=CALL)

    assert floor.summary(ALICE, "BTC").balance == -5_030_000
    assert floor.summary(ALICE, "BTC").equity == -30_000
    assert refused.rejected.code is Reject.NOT_ENOUGH_FUNDS


def test_a_premium_that_comes_in_counts_less_its_haircut() -> None:
    # A call sold for 0.05 needs 0.10 + 0.05 coins, and its fee is 0.0003. Of all that is there then
    # 95 % count, so 0.15 / 0.95 less 0.0497 must be there before: 0.108194737.
    for btc, is_accepted in ((10_819_474, True), (10_819_473, False)):
        floor = cross(btc=btc)
        floor.buy(BOB, 10, at=500, name=CALL)

        deed = floor.sell(ALICE, 10, at=500, name=CALL)

        assert deed.is_rejected is not is_accepted
        if is_accepted:
            assert floor.summary(ALICE, "BTC").available_funds == 0


def test_no_more_leaves_than_lies_there_and_is_not_needed() -> None:
    floor = cross(btc=BTC, usdc=100 * USDC)
    floor.sell(BOB, 10_000, at=100_000, name=LINEAR)
    floor.buy(ALICE, 10_000, at=100_000, name=LINEAR).expect_accepted()
    floor.mark(102_000, name=LINEAR)

    # 10,000 were gained on paper; of the dollars 100 less 250 of fees lie there, and so none.
    assert floor.summary(ALICE, "USDC").available_withdrawal_funds == 0
    free = floor.summary(ALICE, "BTC").available_withdrawal_funds
    assert 0 < free < BTC
    assert isinstance(floor.apply(Withdraw(ALICE, "BTC", Units(free + 1)))[0], Rejected)
    assert not isinstance(floor.apply(Withdraw(ALICE, "BTC", Units(free)))[0], Rejected)


def test_a_coin_that_leaves_takes_its_haircut_along() -> None:
    floor = cross(btc=BTC, usdc=100 * USDC)

    # 47,600 dollars are available of 50,100.
    assert floor.summary(ALICE, "BTC").available_funds == 95_200_000
    assert floor.summary(ALICE, "BTC").available_withdrawal_funds == BTC
    assert not isinstance(floor.apply(Withdraw(ALICE, "BTC", Units(BTC)))[0], Rejected)
    assert floor.summary(ALICE, "USDC").available_funds == 100 * USDC


def test_a_coin_that_is_owed_after_it_has_left_brings_a_haircut() -> None:
    floor = cross(btc=BTC, usdc=50_000 * USDC)
    floor.sell(BOB, 1_000, at=100_000, name=INVERSE)
    floor.buy(ALICE, 1_000, at=100_000, name=INVERSE).expect_accepted()
    floor.mark(10_000, name=INVERSE, underlying=50_000)

    # 0.2 coins for 10,000 dollars are 2 at a mark of 5,000, so 0.8 and a fee are owed: 9,995
    # dollars are left. 5 % of what is owed and 4.01 % of 2 coins are needed; each coin more costs
    # 1.05.
    found = floor.summary(ALICE, "BTC")
    free = found.available_withdrawal_funds
    assert (found.equity, found.margin_balance) == (-80_010_000, 19_990_000)
    assert (found.available_funds, free) == (11_969_500, 11_399_523)
    assert isinstance(floor.apply(Withdraw(ALICE, "BTC", Units(free + 1)))[0], Rejected)
    assert not isinstance(floor.apply(Withdraw(ALICE, "BTC", Units(free)))[0], Rejected)
    assert floor.summary(ALICE, "BTC").available_funds == 0


def test_a_currency_without_a_price_in_dollars_stands_alone() -> None:
    floor = cross(usdc=1_000 * USDC)
    state = floor.exchange._state

    together, alone = pools(state, state.accounts[ALICE])

    assert list(together.ledgers) == ["BTC", "USDC"]
    assert list(alone.ledgers) == ["ETH"]
    found = floor.summary(ALICE, "ETH")
    assert found.total is None
    assert found.available_withdrawal_funds == found.balance
    floor.apply(SetMarks((("eth_usd", PriceE8(2_000 * 10**8)),)))
    assert len(pools(state, state.accounts[ALICE])) == 1


def test_a_dollar_that_has_an_index_is_worth_what_that_says() -> None:
    floor = cross(usdc=1_000 * USDC)
    floor.apply(SetMarks((("usdc_usd", PriceE8(99_000_000)),)))

    total = floor.summary(ALICE, "USDC").total

    assert total is not None
    assert total.equity == 990 * USDC
    assert floor.summary(ALICE, "USDC").margin_balance == 1_000 * USDC


def test_who_owes_in_one_currency_cannot_go_back_to_segregated_margin() -> None:
    floor = cross(usdc=2_000 * USDC)
    floor.sell(BOB, 5_000, at=100_000, name=INVERSE)
    floor.buy(ALICE, 5_000, at=100_000, name=INVERSE).expect_accepted()

    refused = switch(floor, MarginModel.STANDARD)

    assert refused == Rejected(Reject.NOT_ENOUGH_FUNDS, "not_enough_funds_in_BTC")
    assert floor.exchange.margin_model(ALICE) is MarginModel.CROSS
    assert switch(floor, MarginModel.CROSS) is None


def test_who_owes_nothing_goes_back() -> None:
    floor = cross(btc=BTC, usdc=2_000 * USDC)

    assert switch(floor, MarginModel.STANDARD) is None
    assert floor.summary(ALICE, "BTC").total is None


def test_what_haircuts_would_put_under_water_stays_segregated() -> None:
    floor = TradingFloor.at(100_000, INVERSE, BTC=1_000 * BTC, USDC=0)
    floor.leave(ALICE, "BTC", 3_000_000)
    floor.sell(BOB, 5_000, at=100_000)
    floor.buy(ALICE, 5_000, at=100_000).expect_accepted()
    floor.mark(99_000)

    # Left are 0.01939899 coins, needed 0.02026...: under water as it is, and deeper by a haircut.
    refused = switch(floor, MarginModel.CROSS)

    assert refused == Rejected(Reject.NOT_ENOUGH_FUNDS, "not_enough_funds")


def test_a_portfolio_becomes_cross_and_forgets_its_verdicts() -> None:
    floor = TradingFloor.at(100_000, INVERSE, BTC=10 * BTC, USDC=0)
    told = (("BTC", Verdict(0, Units(7), Units(5))),)
    floor.apply(ChangeMarginModel(ALICE, MarginModel.PORTFOLIO, told))

    assert switch(floor, MarginModel.CROSS) is None
    total = floor.summary(ALICE, "BTC").total
    assert total is not None
    # Nothing but 5 % of 500,000 dollars.
    assert total.initial_margin == 25_000 * USDC


def test_what_others_would_count_can_be_asked_without_a_change() -> None:
    floor = TradingFloor.at(100_000, INVERSE, BTC=10 * BTC, USDC=0)

    thought = floor.exchange.summary(ALICE, "BTC", MarginModel.CROSS)

    assert thought is not None
    assert thought.available_funds == 9_50000000
    assert floor.summary(ALICE, "BTC").available_funds == 10 * BTC


def test_liquidation_closes_in_any_currency_what_all_of_them_no_longer_carry() -> None:
    floor = cross(btc=2_000_000)
    floor.sell(BOB, 1_000, at=100_000, name=LINEAR)
    floor.sell(BOB, 10_000, at=100_000, name=INVERSE)
    assert not floor.exchange.is_liquidation_due
    floor.leave(CAROL, "BTC", 0)

    # 0.02 coins are 1,000 dollars; 0.4 coins of the perpetual need 401 and 5 % of 990.
    floor.buy(ALICE, 400, at=100_000, name=LINEAR).expect_accepted()
    floor.mark(96_600, name=LINEAR)
    floor.mark(96_600, name=INVERSE)

    assert floor.summary(ALICE, "USDC").equity == -690 * USDC
    # 966 less 690 against 1.002 % of 0.4 coins at 48,300: 276 against 193.59.
    assert not floor.exchange.is_liquidation_due
    floor.mark(96_100, name=LINEAR)
    floor.mark(96_100, name=INVERSE)
    # 961 less 790 against 192.58.
    assert floor.exchange.in_liquidation == [ALICE]
    floor.buy(CAROL, 10_000, at=96_100, name=LINEAR)

    deed = floor.liquidate()

    assert deed.fills != []
    assert floor.position(ALICE, LINEAR).size < 400
    restored = Exchange.restore(floor.exchange.snapshot())
    assert restored.state_hash() == floor.exchange.state_hash()


@pytest.mark.parametrize(
    ("currency", "units", "expected"), [("USDC", 1_000, 0), ("BTC", 1_000, 50), ("ETH", 21, 2)]
)
def test_a_haircut_is_rounded_up(currency: str, units: int, expected: int) -> None:
    assert haircut(currency, units) == expected
