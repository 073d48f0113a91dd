from strikewire.exchange import BalanceChanged, OrderState, PositionChanged
from strikewire.model import Side
from strikewire.testing.exchange import ALICE, BOB, TradingFloor, e8

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"
SPOT = "BTC_USDC"


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
