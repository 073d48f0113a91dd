import pytest

from strikewire.exchange import Exchange, FeeKind, FeeRates, Fill, SetFees
from strikewire.model import InstrumentId
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

# Options: BTC marked at 60 000, calls of 60 000 at 0.05 and of 70 000 at 0.02. A lot is 0.1 BTC,
# its fee 0.03 % of that, 3 000 units, at most an eighth of the premium.
C6, C7, P6 = "BTC-25DEC26-60000-C", "BTC-25DEC26-70000-C", "BTC-25DEC26-60000-P"
PERP, DEC = "BTC-PERPETUAL", "BTC-25DEC26"


def options(*legs: tuple[str, int]) -> tuple[TradingFloor, str]:
    floor = TradingFloor(C6, C7, P6)
    for name, price in ((C6, 0.05), (C7, 0.02), (P6, 0.05)):
        floor.mark(name=name, price=price, underlying=60_000)
    return floor, floor.combine(*legs)


def futures() -> tuple[TradingFloor, str]:
    """The perpetual at 60 000, the future at 60 500: 120 000 and 24 200 ticks."""
    floor = TradingFloor(PERP, DEC)
    floor.mark(120_000, PERP)
    floor.mark(24_200, DEC)
    return floor, floor.combine((DEC, 1), (PERP, -1))


def spread_trade() -> tuple[TradingFloor, list[Fill]]:
    """Alice buys 4 lots of a call spread from Bob, a hundredth of a percent above its mark."""
    floor, name = options((C6, 1), (C7, -1))
    floor.sell(BOB, 10, at=310, name=name)
    return floor, floor.buy(ALICE, 4, at=320, name=name).fills


def test_each_leg_trades_at_once_and_at_prices_that_come_to_the_combos() -> None:
    _, fills = spread_trade()
    bought, sold, whole = fills

    assert [(one.price, one.amount, one.taker_side) for one in fills] == [
        (510, 4, 1),
        (200, 4, -1),
        (310, 4, 1),
    ]
    assert whole.legs == (bought, sold)
    assert (bought.combo_trade_id, sold.combo_id) == (whole.trade_id, whole.instrument_id)
    assert (whole.mark, whole.index) == (3_000_000, 6_000_000_000_000)


def test_only_the_legs_are_held_and_the_cash_is_the_combos_price() -> None:
    floor, _ = spread_trade()

    held = {view.instrument_id: view.size for view in floor.exchange.positions(ALICE)}
    paid = [one.amount + one.fee for one in floor.exchange.transactions(ALICE, "BTC")[-2:]]

    assert held == {floor.id(C6): 4, floor.id(C7): -4}
    # 0.4 BTC of 0.051 and of 0.02: together 0.4 of 0.031.
    assert paid == [-2_040_000, 800_000]
    assert floor.position(BOB, C6).size == -4
    assert floor.position(BOB, C7).size == 4


def test_the_transaction_log_has_a_line_for_each_leg_and_none_for_the_combo() -> None:
    floor, fills = spread_trade()

    first, second = floor.exchange.transactions(ALICE, "BTC")[-2:]

    assert (first.about.instrument_id, second.about.instrument_id) == (floor.id(C6), floor.id(C7))
    assert (first.about.trade_id, second.about.trade_id) == (fills[0].trade_id, fills[1].trade_id)
    assert first.about.order_id == second.about.order_id == 2
    assert (first.about.side, second.about.side) == (1, -1)


def test_the_cheaper_direction_is_free_for_both_sides() -> None:
    _, (bought, sold, whole) = spread_trade()

    # Four lots cost 12 000 either way; of equals the leg that the combo sells is free.
    assert (bought.taker.fee, bought.maker.fee) == (12_000, 12_000)
    assert (sold.taker.fee, sold.maker.fee) == (0, 0)
    assert (whole.taker.fee, whole.maker.fee) == (12_000, 12_000)


def test_the_order_counts_the_fees_of_its_legs() -> None:
    floor, _ = spread_trade()

    assert (floor.order(1).fee, floor.order(1).filled_value) == (12_000, 4 * 310)


def test_two_sold_legs_cost_more_than_the_bought_one_which_is_free_then() -> None:
    floor, name = options((C6, 1), (C7, -2))
    floor.sell(BOB, 4, at=100, name=name)

    bought, sold, _ = floor.buy(ALICE, 4, at=100, name=name).fills

    assert (sold.amount, sold.price) == (8, 200)
    assert (bought.taker.fee, sold.taker.fee) == (0, 24_000)


def test_a_straddle_has_nothing_to_give_free() -> None:
    floor, name = options((C6, 1), (P6, 1))
    floor.sell(BOB, 1, at=1_000, name=name)

    call, put, whole = floor.buy(ALICE, 1, at=1_000, name=name).fills

    assert (call.taker.fee, put.taker.fee, whole.taker.fee) == (3_000, 3_000, 6_000)


def test_a_rebate_stays_and_rates_are_each_accounts_own() -> None:
    floor, name = options((C6, 1), (C7, -1))
    floor.apply(SetFees(BOB, FeeKind.OPTION, "BTC", FeeRates(-100, 300)))
    floor.sell(BOB, 1, at=300, name=name)

    bought, sold, whole = floor.buy(ALICE, 1, at=300, name=name).fills

    assert (bought.maker.fee, sold.maker.fee, whole.maker.fee) == (-1_000, -1_000, -2_000)
    assert whole.taker.fee == 3_000


def test_a_future_spread_trades_below_zero() -> None:
    floor, name = futures()
    floor.buy(BOB, 100, at=-50, name=name)

    far, near, whole = floor.sell(ALICE, 60, at=-60, name=name).fills

    # 60 500 less 60 525 is -25 dollars, which is 50 ticks of half a dollar.
    assert (far.price, near.price, whole.price) == (24_200, 121_050, -50)
    assert floor.book(name) == "    40 | -50 |"
    assert (floor.position(ALICE, DEC).size, floor.position(ALICE, PERP).size) == (-60, 60)


def test_a_trade_at_nothing_is_a_trade() -> None:
    floor, name = futures()
    floor.sell(BOB, 10, at=0, name=name)

    assert floor.buy(ALICE, 10, at=5, name=name).trades[-1] == (0, 10)


def test_a_leg_is_a_trade_of_its_instrument() -> None:
    floor, fills = spread_trade()

    assert floor.exchange.trades(floor.id(C6)) == [fills[0]]
    assert [one.trade_seq for one in fills] == [1, 1, 1]
    assert floor.exchange.open_interest(floor.id(C6)) == 4
    assert floor.exchange.fills(ALICE, InstrumentId(fills[2].instrument_id)) == [fills[2]]


def test_of_an_order_those_fills_are_told_that_are_its_own() -> None:
    floor, fills = spread_trade()

    assert floor.exchange.order_fills(floor.order(2).order_id) == [fills[2]]


def test_who_meets_himself_pays_both_fees_and_holds_what_he_held() -> None:
    floor, name = options((C6, 1), (C7, -1))
    floor.sell(ALICE, 1, at=310, name=name)

    whole = floor.buy(ALICE, 1, at=310, name=name).fills[-1]

    assert floor.exchange.positions(ALICE) == []
    assert whole.maker.fee + whole.taker.fee == 6_000


@pytest.mark.parametrize("at", [-49, 1, 310, 900])
def test_a_restored_exchange_trades_combos_as_before(at: int) -> None:
    floor, name = options((C6, 1), (C7, -1))
    floor.sell(BOB, 10, at=at, name=name)
    floor.buy(BOB, 3, at=at - 5, name=name)
    restored = Exchange.restore(floor.exchange.snapshot())

    for account_id in (ALICE, BOB):
        assert restored.summary(account_id, "BTC") == floor.summary(account_id, "BTC")
    floor.buy(ALICE, 4, at=at, name=name)
    again, floor.exchange = floor.exchange, restored
    floor.buy(ALICE, 4, at=at, name=name)

    assert again.state_hash() == restored.state_hash()
    assert floor.combine((C7, 1), (C6, -1)) == name
