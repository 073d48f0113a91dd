from strikewire.exchange import (
    BalanceChanged,
    Fill,
    LevelChanged,
    OrderEvent,
    OrderState,
    PositionChanged,
)
from strikewire.model import Side
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor, e8, ladder

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"
SPOT = "BTC_USDC"


def test_events_come_in_the_order_in_which_readers_need_them() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 12, at=102)

    fill, maker, other_fill, other_maker, taker, *rest = deed.events
    assert isinstance(fill, Fill)
    assert isinstance(other_fill, Fill)
    assert (fill.price, other_fill.price) == (101, 102)
    assert [event.order.order_id for event in (maker, other_maker, taker)] == [2, 1, 3]  # type: ignore[union-attr] # checked by the access itself
    assert [type(event) for event in rest] == [
        PositionChanged,
        PositionChanged,
        BalanceChanged,
        BalanceChanged,
        LevelChanged,
        LevelChanged,
        LevelChanged,
    ]


def test_a_fill_tells_its_public_part_and_both_sides() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL)
    floor.sell(ALICE, 100, at=100_000, label="mine", post_only=True)

    (fill,) = floor.buy(BOB, 40, at=100_001).fills

    assert (fill.trade_id, fill.trade_seq, fill.instrument_id) == (1, 1, floor.id())
    assert (fill.price, fill.amount, fill.taker_side) == (100_000, 40, Side.BUY)
    assert (fill.tick_direction, fill.time_ns) == (1, floor.now_ns)
    assert (fill.mark, fill.index, fill.iv_e4) == (e8(50_000), e8(50_000), 500_000)
    maker, taker = fill.maker, fill.taker
    assert (maker.account_id, maker.order_id, maker.side) == (ALICE, 1, Side.SELL)
    assert (taker.account_id, taker.order_id, taker.side) == (BOB, 2, Side.BUY)
    # 400 USD at 50 000 USD are 800 000 units, of which the taker pays 0.05 %.
    assert (maker.fee, taker.fee, taker.fee_currency) == (0, 400, "BTC")
    assert (maker.order_state, taker.order_state) == (OrderState.OPEN, OrderState.FILLED)
    assert (maker.label, maker.post_only, taker.post_only) == ("mine", True, False)


def test_a_futures_profit_goes_to_the_session() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=10_00000000)
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)

    floor.mark(125_000)
    floor.buy(BOB, 100, at=125_000)
    (fill,) = floor.sell(ALICE, 100, at=125_000).fills

    # 0.02 BTC in, 0.016 BTC out; the taker pays 0.05 % of 0.016 BTC, and paid of 0.02 BTC.
    assert (fill.taker.profit_loss, fill.maker.profit_loss) == (400_000, -400_000)
    alice, bob = floor.summary(ALICE, "BTC"), floor.summary(BOB, "BTC")
    assert (alice.session_rpl, bob.session_rpl) == (400_000, -400_000)
    assert (alice.balance, bob.balance) == (10_00000000 - 800, 10_00000000 - 1_000)
    assert (alice.fees_paid, bob.fees_paid) == (800, 1_000)
    assert floor.exchange.money("BTC").fees == 1_800


def test_an_options_premium_goes_to_the_balance_at_once() -> None:
    floor = TradingFloor(CALL, cash={"BTC": 10_00000000})
    floor.mark(name=CALL, price=0.05, underlying=60_000)

    floor.buy(ALICE, 10, at=500)
    floor.sell(BOB, 10, at=500)
    floor.sell(ALICE, 10, at=600)
    (fill,) = floor.buy(BOB, 10, at=600).fills

    # 0.05 BTC paid, 0.06 BTC got; twice a fee of 0.0003 BTC.
    alice = floor.summary(ALICE, "BTC")
    assert fill.maker.profit_loss == 1_000_000
    assert alice.balance == 10_00000000 + 1_000_000 - 2 * 30_000
    assert (alice.session_rpl, alice.options_session_rpl) == (0, 1_000_000)
    assert floor.position(ALICE, CALL).realized == 1_000_000


def test_a_spot_trade_exchanges_balances() -> None:
    floor = TradingFloor(SPOT, cash={"BTC": 1_00000000, "USDC": 10_000_000000})

    floor.sell(ALICE, 100, at=120_000)
    deed = floor.buy(BOB, 60, at=120_000)

    # 0.006 BTC for 360 USDC.
    alice, bob = (floor.summary(account_id, "BTC") for account_id in (ALICE, BOB))
    assert (alice.balance, bob.balance) == (1_00000000 - 600_000, 1_00000000 + 600_000)
    alice, bob = (floor.summary(account_id, "USDC") for account_id in (ALICE, BOB))
    assert (alice.balance, bob.balance) == (10_360_000000, 9_640_000000)
    assert floor.summary(ALICE, "BTC").spot_reserve == 400_000
    changed = [event for event in deed.events if isinstance(event, BalanceChanged)]
    assert [(event.account_id, event.currency) for event in changed] == [
        (ALICE, "BTC"),
        (ALICE, "USDC"),
        (BOB, "BTC"),
        (BOB, "USDC"),
    ]
    assert not any(isinstance(event, PositionChanged) for event in deed.events)
    assert deed.levels == [(120_000, 40, 2)]


def test_an_order_that_only_reduces_is_cut_back_with_its_position() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.sell(ALICE, 10, at=103, reduce_only=True)
    floor.sell(ALICE, 4, at=102)

    deed = floor.buy(CAROL, 4, at=102)

    cut = deed.orders[-1]
    assert (cut.order_id, cut.amount, cut.filled, cut.state) == (3, 6, 0, "open")
    assert floor.book() == ladder("""
              | 103 | 6
    """)


def test_an_order_that_only_reduces_ends_with_its_position() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.sell(ALICE, 10, at=103, reduce_only=True)
    floor.sell(ALICE, 15, at=102)

    deed = floor.buy(CAROL, 10, at=102)

    ended = deed.orders[-1]
    assert (ended.order_id, ended.state, ended.cancel_reason) == (3, "cancelled", "reduce_only")
    assert floor.book() == ladder("""
              | 102 | 5
    """)


def test_a_cut_back_order_keeps_its_place() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.sell(ALICE, 10, at=103, reduce_only=True)
    floor.sell(CAROL, 5, at=103)
    floor.sell(ALICE, 4, at=102)
    floor.buy(CAROL, 4, at=102)

    deed = floor.buy(BOB, 8, at=103)

    assert [(fill.maker.order_id, fill.amount) for fill in deed.fills] == [(3, 6), (4, 2)]


def test_the_levels_of_one_command_share_one_change_id() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 12, at=102)

    # What is left of the order waits where it took the last level away.
    assert deed.levels == [(101, 0, 3), (102, 0, 3), (102, 2, 3)]
    assert floor.buy(BOB, 1, at=99).levels == [(99, 1, 4)]


def test_a_command_that_moves_no_level_does_not_count_as_a_change() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99)

    floor.edit(1, 5, at=99)

    assert floor.exchange.book(floor.id()).change_id == 1


def test_positions_are_announced_as_they_are_at_the_end() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 10, at=102)

    positions = [event.position for event in deed.events if isinstance(event, PositionChanged)]
    assert [(view.account_id, view.size) for view in positions] == [(ALICE, -10), (BOB, 10)]


def test_only_orders_that_changed_are_announced() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 2, at=101)

    events = [event for event in deed.events if isinstance(event, OrderEvent)]
    assert [event.order.order_id for event in events] == [2, 3]
