from strikewire.exchange import TimeInForce
from strikewire.exchange.state.ledgers import Holding, Ledger
from strikewire.exchange.state.markets import Market
from strikewire.model import instrument
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

# BTC-PERPETUAL marked at 50 000 USD: 100 lots are 1 000 USD, 0.02 BTC, and need 40 002 units.
PERPETUAL = "BTC-PERPETUAL"
MARK = 100_000
# Called at 60 000 with the mark at 0.05 BTC: a short lot of 0.1 BTC needs 0.02 BTC.
CALL = "BTC-25DEC26-60000-C"


def margins(floor: TradingFloor, account_id: int = ALICE) -> tuple[int, int]:
    """Return the initial margin and its part that positions alone need."""
    summary = floor.summary(ALICE if account_id == ALICE else BOB, "BTC")
    return summary.initial_margin, summary.projected_initial_margin


def test_open_orders_of_both_sides_need_the_margin_of_the_worse_side() -> None:
    floor = TradingFloor.at(MARK, PERPETUAL)

    floor.buy(ALICE, 100, at=MARK - 1)
    assert margins(floor) == (40_002, 0)
    floor.sell(ALICE, 100, at=MARK + 1)
    assert margins(floor) == (40_002, 0)
    floor.sell(ALICE, 100, at=MARK + 2)

    # 2 000 USD: 0.04 BTC * (2 % + 0.04 * 0.005 %).
    assert margins(floor) == (80_008, 0)


def test_an_order_against_the_position_needs_nothing_more() -> None:
    floor = TradingFloor.at(MARK, PERPETUAL)
    floor.buy(ALICE, 100, at=MARK)
    floor.sell(BOB, 100, at=MARK)
    assert margins(floor) == (40_002, 40_002)

    floor.sell(ALICE, 100, at=MARK + 1)
    assert margins(floor) == (40_002, 40_002)
    # Another 200 would turn 100 long into 200 short.
    floor.sell(ALICE, 200, at=MARK + 1)

    assert margins(floor) == (80_008, 40_002)


def test_a_cancelled_order_gives_its_margin_back() -> None:
    floor = TradingFloor.at(MARK, PERPETUAL)
    floor.buy(ALICE, 100, at=MARK - 1)

    floor.cancel(1)

    assert margins(floor) == (0, 0)


def test_open_buy_orders_of_an_option_reserve_their_premium() -> None:
    floor = TradingFloor(CALL)
    floor.mark(name=CALL, price=0.05, underlying=60_000)

    # 0.3 BTC at 0.04 BTC.
    floor.buy(ALICE, 3, at=400)

    assert margins(floor) == (1_200_000, 0)


def test_open_sell_orders_of_an_option_need_the_margin_of_what_would_be_short() -> None:
    floor = TradingFloor(CALL)
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.buy(ALICE, 3, at=500)
    floor.sell(BOB, 3, at=500)
    assert margins(floor) == (0, 0)

    floor.sell(ALICE, 3, at=600)
    assert margins(floor) == (0, 0)
    floor.sell(ALICE, 2, at=600)

    assert margins(floor) == (2 * 2_000_000, 0)


def test_marks_move_profit_and_margin_of_everyone_who_holds_the_instrument() -> None:
    floor = TradingFloor.at(MARK, PERPETUAL)
    floor.buy(ALICE, 100, at=MARK)
    floor.sell(BOB, 100, at=MARK)

    # At 62 500 USD the 1 000 USD are 0.016 BTC.
    floor.mark(125_000)

    long, short = floor.summary(ALICE, "BTC"), floor.summary(BOB, "BTC")
    assert (long.session_upl, short.session_upl) == (400_000, -400_000)
    # 0.016 BTC * (2 % + 0.016 * 0.005 %), rounded up.
    assert (long.initial_margin, short.initial_margin) == (32_002, 32_002)


def test_an_options_worth_is_part_of_equity_but_not_of_margin_balance() -> None:
    floor = TradingFloor(CALL, cash={"BTC": 10_00000000})
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    # 1 BTC at 0.05 BTC, and 0.0003 BTC of fees.
    floor.buy(ALICE, 10, at=500)
    floor.sell(BOB, 10, at=500)

    floor.mark(name=CALL, price=0.06, underlying=60_000)

    long, short = floor.summary(ALICE, "BTC"), floor.summary(BOB, "BTC")
    assert long.balance == 10_00000000 - 5_000_000 - 30_000
    assert (long.options_value, short.options_value) == (6_000_000, -6_000_000)
    assert (long.options_session_upl, short.options_session_upl) == (1_000_000, -1_000_000)
    assert long.margin_balance == long.balance
    assert long.equity == long.balance + 6_000_000
    assert short.equity == 10_00000000 + 5_000_000 - 30_000 - 6_000_000


def test_what_was_only_looked_at_is_empty() -> None:
    market = Market(instrument(PERPETUAL, instrument_id=1))
    ledger = Ledger()
    holding = Holding(market)

    assert holding.is_empty
    assert ledger.is_empty
    ledger.balance = 1
    assert not ledger.is_empty


def test_an_order_that_never_rested_leaves_no_margin_behind() -> None:
    floor = TradingFloor.at(MARK, PERPETUAL)
    floor.sell(BOB, 50, at=MARK)

    floor.buy(ALICE, 100, at=MARK, time_in_force=TimeInForce.IOC)

    # 500 USD: 0.01 BTC * (2 % + 0.01 * 0.005 %), rounded up.
    assert margins(floor) == (20_001, 20_001)
