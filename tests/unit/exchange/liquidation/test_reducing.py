"""What a round closes: the cheapest first, no more than needed, never beyond bankruptcy."""

import pytest

from strikewire.exchange import (
    INSURANCE_FUND,
    Command,
    Event,
    InstrumentSettled,
    InstrumentState,
    LiquidationFee,
    SetInstrumentState,
    SetPlatformLock,
)
from strikewire.exchange.liquidation.reducing import liquidation_rate_ppm, step
from strikewire.model import InstrumentId, instrument
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

PERPETUAL = "BTC_USDC-PERPETUAL"
FUTURE = "BTC_USDC-25DEC26"
CALL, PUT = "BTC_USDC-25DEC26-60000-C", "BTC_USDC-25DEC26-40000-P"
USDC = 10**6


def long_at(cash: int, lots: int = 1_000) -> TradingFloor:
    """Return a floor where Alice has bought a coin for 50,000 with some cash."""
    floor = TradingFloor.at(100_000, PERPETUAL, USDC=1_000_000 * USDC)
    floor.leave(ALICE, "USDC", cash * USDC)
    floor.sell(BOB, lots, at=100_000)
    floor.buy(ALICE, lots, at=100_000).expect_accepted()
    return floor


def fees(events: tuple[Event, ...]) -> dict[InstrumentId, int]:
    return {e.instrument_id: e.fee for e in events if isinstance(e, LiquidationFee)}


def test_a_long_position_is_not_sold_below_its_bankruptcy_price() -> None:
    floor = long_at(1_500)
    floor.mark(98_000)
    # 475 are left, less 24.50 for selling a coin: 48,549.50 would leave nothing.
    floor.buy(CAROL, 50, at=97_099)
    floor.buy(CAROL, 200, at=97_098)

    deed = floor.liquidate()

    assert deed.trades == [(97_099, 50)]
    assert deed.order.price == 97_099


def test_a_short_position_is_not_bought_back_above_its_bankruptcy_price() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, USDC=1_000_000 * USDC)
    floor.leave(ALICE, "USDC", 1_500 * USDC)
    floor.buy(BOB, 1_000, at=100_000)
    floor.sell(ALICE, 1_000, at=100_000).expect_accepted()
    floor.mark(102_000)
    # 475 are left, less 25.50 for buying a coin: 51,449.50 would leave nothing.
    floor.sell(CAROL, 50, at=102_899)
    floor.sell(CAROL, 200, at=102_900)

    deed = floor.liquidate()

    assert deed.trades == [(102_899, 50)]
    assert floor.position(ALICE).size == -950


def test_a_tenth_of_a_position_is_closed_rounded_up() -> None:
    floor = long_at(1_500, lots=995)
    floor.mark(97_800)
    floor.buy(CAROL, 10_000, at=97_800)

    deed = floor.liquidate()

    assert deed.trades == [(97_800, 100)]
    assert floor.position(ALICE).size == 895


def test_the_fee_goes_from_the_owner_to_the_fund() -> None:
    floor = long_at(1_500)
    floor.mark(97_800)
    floor.buy(CAROL, 10_000, at=97_800)
    before = floor.summary(ALICE, "USDC").equity

    deed = floor.liquidate()

    # 100 lots of 48.90: 0.75 % are 36.675, and 0.05 % are 2.445 to the venue.
    assert fees(deed.events) == {floor.id(): 36_675_000}
    assert floor.summary(INSURANCE_FUND, "USDC").balance == 36_675_000
    assert before - floor.summary(ALICE, "USDC").equity == 36_675_000 + 2_445_000
    assert deed.fills[0].taker.fee == 2_445_000


def test_the_fee_takes_no_more_than_is_left() -> None:
    floor = long_at(1_500)
    # Of 1,475 the mark leaves 25; selling the tenth at it costs 2.42.
    floor.mark(97_100)
    floor.buy(CAROL, 10_000, at=97_100)

    deed = floor.liquidate()

    assert fees(deed.events) == {floor.id(): 25_000_000 - 2_427_500}
    assert floor.summary(ALICE, "USDC").equity == 0
    # The next round finds nothing left.
    floor.liquidate()
    assert floor.position(ALICE).size == 0


def test_what_frees_most_for_its_cost_goes_first() -> None:
    floor = TradingFloor(PERPETUAL, PUT, cash={"USDC": 1_000_000 * USDC})
    floor.mark(100_000)
    floor.mark(name=PUT, price=500, underlying=50_000)
    put = floor.exchange.instruments[floor.id(PUT)]
    lots, price = int(1 / put.lot_size), int(500 / put.tick_size)
    floor.leave(ALICE, "USDC", 7_900 * USDC)
    floor.sell(BOB, 1_000, at=100_000)
    floor.buy(ALICE, 1_000, at=100_000).expect_accepted()
    floor.buy(BOB, lots, at=price, name=PUT)
    floor.sell(ALICE, lots, at=price, name=PUT).expect_accepted()
    floor.buy(CAROL, 10_000, at=93_000)
    floor.sell(CAROL, lots, at=2 * price, name=PUT)
    floor.mark(name=PUT, price=1_000, underlying=46_500)
    floor.mark(93_000)

    deed = floor.liquidate()

    # A coin's put frees 7.5 % of the underlying for 0.19 and 0.03 %; its perpetual 1 % for 0.8 %.
    assert {fill.instrument_id for fill in deed.fills} == {floor.id(PUT)}


def test_a_long_option_is_sold_where_cash_is_lacking() -> None:
    floor = TradingFloor(PERPETUAL, CALL, cash={"USDC": 1_000_000 * USDC})
    floor.mark(100_000)
    floor.mark(name=CALL, price=2_000, underlying=50_000)
    call = floor.exchange.instruments[floor.id(CALL)]
    lots, price = int(1 / call.lot_size), int(2_000 / call.tick_size)
    floor.leave(ALICE, "USDC", 4_000 * USDC)
    floor.sell(BOB, lots, at=price, name=CALL)
    floor.buy(ALICE, lots, at=price, name=CALL).expect_accepted()
    floor.sell(BOB, 1_000, at=100_000)
    floor.buy(ALICE, 1_000, at=100_000).expect_accepted()
    floor.mark(96_800)
    floor.buy(CAROL, lots, at=price, name=CALL)

    deed = floor.liquidate()

    # 360 against 486.42. A lot of 0.01 coins brings 20, less 0.15 and 0.95 of fees: seven do.
    assert (lots, floor.position(ALICE, CALL).size) == (100, 93)
    assert [fill.instrument_id for fill in deed.fills] == [floor.id(CALL)]


def test_an_instrument_that_waits_for_its_settlement_is_not_traded() -> None:
    floor = TradingFloor(FUTURE, cash={"USDC": 1_000_000 * USDC})
    floor.mark(20_000)
    floor.leave(ALICE, "USDC", 1_500 * USDC)
    floor.sell(BOB, 1_000, at=20_000)
    floor.buy(ALICE, 1_000, at=20_000).expect_accepted()
    floor.buy(CAROL, 10_000, at=19_600)
    floor.mark(19_600)
    floor.expire(FUTURE)

    deed = floor.liquidate()

    assert deed.fills == []
    assert floor.exchange.is_locked(ALICE)
    settled = floor.settle(FUTURE, 49_000)
    assert isinstance(settled.events[-1], InstrumentSettled)
    floor.liquidate()
    assert not floor.exchange.is_locked(ALICE)


@pytest.mark.parametrize(
    "stop",
    [SetInstrumentState(InstrumentId(1), InstrumentState.LOCKED), SetPlatformLock(is_locked=True)],
)
def test_an_instrument_whose_trading_was_stopped_is_not_traded(stop: Command) -> None:
    floor = long_at(1_500, lots=995)
    floor.mark(97_800)
    floor.buy(CAROL, 10_000, at=97_800)
    floor.apply(stop)

    assert floor.liquidate().fills == []
    assert floor.exchange.is_locked(ALICE)


def test_a_position_of_nine_lots_is_closed_lot_by_lot() -> None:
    floor = long_at(1_500, lots=9)
    holding = floor.exchange._state.accounts[ALICE].holding(
        floor.exchange._state.markets[floor.id()]
    )

    assert step(holding) == 1


@pytest.mark.parametrize(
    ("name", "ppm"),
    [
        ("BTC-PERPETUAL", 7_500),
        ("BTC_USDC-25DEC26", 7_500),
        ("ETH-PERPETUAL", 9_000),
        ("SOL_USDC-PERPETUAL", 9_000),
        ("ETH-25DEC26-3000-C", 1_900),
    ],
)
def test_what_a_liquidation_costs_depends_on_the_contract(name: str, ppm: int) -> None:
    assert liquidation_rate_ppm(instrument(name, instrument_id=1)) == ppm
