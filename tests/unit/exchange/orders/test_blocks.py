from unittest.mock import patch

import pytest

from strikewire.exchange import (
    BLOCK_VALID_MS,
    BlockLeg,
    ChangeMarginModel,
    Event,
    Exchange,
    ExecuteBlockTrade,
    Fill,
    LevelChanged,
    MarginModel,
    OrderState,
    Reject,
    TriggerPriceType,
    Verdict,
)
from strikewire.exchange.commands import OrderType, Trigger
from strikewire.exchange.orders import blocks
from strikewire.exchange.orders.blocks import block_fee_ppm
from strikewire.model import AccountId, Lots, Side, Ticks, Units, instrument
from strikewire.testing.exchange import ALICE, BOB, CAROL, START_NS, Deed, TradingFloor, e8

PERPETUAL, CALL, SPOT = "BTC-PERPETUAL", "BTC-25DEC26-60000-C", "BTC_USDC"
NOW_MS = START_NS // 10**6
PLENTY_BTC = 10**15


def floor(**cash: int) -> TradingFloor:
    """Return a floor where BTC stands at 50 000 and the call at 0.05."""
    made = TradingFloor(PERPETUAL, CALL, SPOT, cash=cash)
    made.mark(100_000)
    made.mark(name=CALL, price=0.05, underlying=50_000)
    return made


def leg(made: TradingFloor, name: str, side: Side, lots: int, at: int) -> BlockLeg:
    return BlockLeg(instrument_id=made.id(name), side=side, amount=Lots(lots), price=Ticks(at))


def covered(made: TradingFloor) -> tuple[BlockLeg, BlockLeg]:
    """Return a call sold against the perpetual bought: 25 coins of the one, 200 000 USD of the
    other, each one tick off what the book could trade at."""
    return leg(made, CALL, Side.SELL, 250, 501), leg(made, PERPETUAL, Side.BUY, 20_000, 99_999)


def block(
    *legs: BlockLeg, agreed_ms: int = NOW_MS, nonce: str = "n", taker_verdict: Verdict | None = None
) -> ExecuteBlockTrade:
    """Return a block trade of Alice, who makes, and Bob."""
    return ExecuteBlockTrade(
        maker_id=ALICE,
        taker_id=BOB,
        legs=legs,
        agreed_ms=agreed_ms,
        nonce=nonce,
        taker_verdict=taker_verdict,
    )


def fills(events: tuple[Event, ...]) -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]


def test_all_legs_trade_at_their_own_prices_and_the_books_stay_as_they_are() -> None:
    made = floor()
    made.buy(CAROL, 5, 99_998, name=PERPETUAL)
    made.sell(CAROL, 5, 100_002, name=PERPETUAL)
    before = made.book(PERPETUAL)

    events = made.apply(block(*covered(made)))

    call, perpetual = fills(events)
    assert (call.price, call.amount, call.taker_side) == (501, 250, Side.BUY)
    assert (perpetual.price, perpetual.amount, perpetual.taker_side) == (99_999, 20_000, Side.SELL)
    assert (call.maker.account_id, call.taker.account_id) == (ALICE, BOB)
    assert {one.block_trade_id for one in (call, perpetual)} == {1}
    assert call.block_trade_legs == perpetual.block_trade_legs == 2
    assert made.position(ALICE, CALL).size == -250
    assert made.position(ALICE, PERPETUAL).size == 20_000
    assert made.position(BOB, CALL).size == 250
    assert made.book(PERPETUAL) == before
    assert not any(isinstance(event, LevelChanged) for event in events)


def test_each_side_has_a_filled_order_for_each_leg() -> None:
    made = floor()

    deed = Deed(made.apply(block(*covered(made))))

    assert [(view.account_id, view.side) for view in deed.orders] == [
        (ALICE, Side.SELL),
        (BOB, Side.BUY),
        (ALICE, Side.BUY),
        (BOB, Side.SELL),
    ]
    assert all(view.state is OrderState.FILLED for view in deed.orders)
    assert [view.order_id for view in made.exchange.closed_orders(BOB)] == [2, 4]
    assert made.exchange.open_orders(ALICE) == []


def test_both_sides_pay_the_fee_of_block_trades() -> None:
    made = floor()

    call, perpetual = fills(made.apply(block(*covered(made))))

    # 0.03 % of 25 coins; 0.025 % of 200 000 USD at 49 999.5, which is 400 004 000.04 units.
    assert call.maker.fee == call.taker.fee == 750_000
    assert perpetual.maker.fee == perpetual.taker.fee == 100_001
    # The premium of 25 times 0.0501 goes from the taker to the maker.
    assert made.summary(ALICE, "BTC").balance == PLENTY_BTC + 125_250_000 - 850_001
    assert made.summary(BOB, "BTC").balance == PLENTY_BTC - 125_250_000 - 850_001


def test_the_fee_is_the_takers_for_options_and_half_of_it_for_futures() -> None:
    option = instrument(CALL, instrument_id=1)
    future = instrument(PERPETUAL, instrument_id=2)

    assert (block_fee_ppm(option), block_fee_ppm(future)) == (300, 250)
    assert (block_fee_ppm(option, 201), block_fee_ppm(future, 201)) == (201, 101)
    assert block_fee_ppm(future, -3) == -1


def test_the_log_names_the_block_trade() -> None:
    made = floor()
    made.apply(block(*covered(made)))

    *_, call, perpetual = made.exchange.transactions(ALICE, "BTC")

    assert call.about.note == perpetual.about.note == "BLOCK-1"
    assert (call.amount, call.fee) == (125_250_000 - 750_000, 750_000)
    assert (call.about.is_maker, call.about.trade_id, call.about.order_id) == (True, 1, 1)


def test_the_last_price_and_who_waits_for_it_know_nothing_of_it() -> None:
    made = floor()
    made.sell(CAROL, 1, 100_000)
    made.buy(BOB, 1, 100_000)
    trigger = Trigger(price_type=TriggerPriceType.LAST, price=e8(49_990))
    made.sell(ALICE, 1, order_type=OrderType.STOP_MARKET, trigger=trigger)

    made.apply(block(leg(made, PERPETUAL, Side.BUY, 20_000, 90_000)))

    assert len(made.exchange.conditional_orders(ALICE)) == 1
    first, second = made.exchange.trades(made.id(PERPETUAL))
    assert (first.trade_seq, second.trade_seq) == (1, 2)
    assert first.tick_direction == second.tick_direction
    made.sell(CAROL, 1, 100_000)
    (after,) = made.buy(BOB, 1, 100_000).fills
    assert (after.trade_seq, after.tick_direction) == (3, 1)  # the same price as in the book


def test_orders_that_only_reduce_are_cut_back_to_what_is_left() -> None:
    made = floor()
    made.apply(block(leg(made, PERPETUAL, Side.BUY, 20_005, 100_000)))
    order = made.sell(ALICE, 20_000, 100_001, reduce_only=True).order

    made.apply(block(leg(made, PERPETUAL, Side.SELL, 20_000, 100_000), nonce="back"))

    assert made.order(order.order_id).remaining == 5


def test_the_same_agreement_is_carried_out_once() -> None:
    made = floor()
    made.apply(block(*covered(made)))

    again = Deed(made.apply(block(*covered(made)))).rejected
    other = Deed(made.apply(block(*covered(made), nonce="m")))

    assert (again.code, again.reason) == (Reject.OTHER_REJECT, "block_trade_executed")
    assert not other.is_rejected


def test_an_agreement_is_forgotten_when_it_is_too_old_to_be_carried_out() -> None:
    made = floor()
    made.apply(block(*covered(made)))
    made.now_ns += BLOCK_VALID_MS * 10**6
    late = Deed(made.apply(block(*covered(made)))).rejected
    assert (late.code, late.param) == (Reject.TIMED_OUT, "timestamp")
    assert len(made.exchange._state.agreements) == 1

    made.apply(block(*covered(made), agreed_ms=NOW_MS + BLOCK_VALID_MS))

    assert [one.agreed_ms for one in made.exchange._state.agreements] == [NOW_MS + BLOCK_VALID_MS]


def test_only_so_many_agreements_are_remembered() -> None:
    made = floor()
    with patch.object(blocks, "AGREEMENTS_MAX", 1):
        made.apply(block(*covered(made)))

        rejected = Deed(made.apply(block(*covered(made), nonce="m"))).rejected
        made.now_ns += BLOCK_VALID_MS * 10**6
        later = block(*covered(made), agreed_ms=NOW_MS + BLOCK_VALID_MS)

        assert rejected.reason == "max_block_trades"
        assert not Deed(made.apply(later)).is_rejected


def test_one_leg_as_large_as_a_block_is_enough() -> None:
    made = floor()
    small = leg(made, CALL, Side.BUY, 1, 500)

    alone = Deed(made.apply(block(small))).rejected
    hedged = Deed(made.apply(block(small, leg(made, PERPETUAL, Side.SELL, 20_000, 100_000))))

    assert (alone.code, alone.reason) == (Reject.INVALID_AMOUNT, "below_block_minimum")
    assert not hedged.is_rejected


def test_a_price_lies_on_the_base_tick_whatever_the_steps() -> None:
    made = floor()

    # A call above 0.005 has ticks of 0.0005 in the book.
    assert made.buy(ALICE, 1, 501, name=CALL).rejected.code is Reject.WRONG_TICK
    assert not Deed(made.apply(block(leg(made, CALL, Side.BUY, 250, 501)))).is_rejected


@pytest.mark.parametrize("side", list(Side))
def test_neither_side_trades_outside_of_the_price_band(side: Side) -> None:
    made = floor()

    low = Deed(made.apply(block(leg(made, PERPETUAL, side, 20_000, 24_999)))).rejected
    high = Deed(made.apply(block(leg(made, PERPETUAL, side, 20_000, 400_001)))).rejected

    assert (low.code, high.code) == (Reject.PRICE_TOO_LOW, Reject.PRICE_TOO_HIGH)


def test_all_legs_or_none() -> None:
    # Bob can pay the premium of 1.2525 BTC, and not the margin of 200 000 USD with it.
    made = floor(BTC=10**15)
    made.leave(BOB, "BTC", 130_000_000)
    before = made.exchange.state_hash()

    rejected = Deed(made.apply(block(*covered(made)))).rejected

    assert (rejected.code, rejected.reason) == (Reject.NOT_ENOUGH_FUNDS, "not_enough_funds")
    assert made.exchange.state_hash() == before
    made.leave(CAROL, "BTC", 0)
    only_call = block(leg(made, CALL, Side.SELL, 250, 501))
    assert not Deed(made.apply(only_call)).is_rejected


def test_both_sides_are_asked_for_their_margin() -> None:
    made = floor()
    made.leave(ALICE, "BTC", 7_000_000)

    rejected = Deed(made.apply(block(leg(made, PERPETUAL, Side.BUY, 20_000, 100_000)))).rejected

    # 2 % of 4 coins and 0.005 % a coin: 8 080 000 units, and the fee.
    assert rejected.code is Reject.NOT_ENOUGH_FUNDS


def test_what_is_lost_against_the_mark_is_paid_for_at_once() -> None:
    made = floor()
    made.leave(ALICE, "BTC", 20_000_000)

    # Bought at 60 000 what is worth 50 000: a loss of 0.67 coins, more than she has.
    dear = Deed(made.apply(block(leg(made, PERPETUAL, Side.BUY, 20_000, 120_000))))
    fair = Deed(made.apply(block(leg(made, PERPETUAL, Side.BUY, 20_000, 100_000))))

    assert dear.rejected.code is Reject.NOT_ENOUGH_FUNDS
    assert not fair.is_rejected


def test_an_account_with_portfolio_margin_needs_a_verdict_of_its_present_state() -> None:
    made = floor()
    nothing = Verdict(0, Units(0), Units(0))
    made.apply(ChangeMarginModel(BOB, MarginModel.PORTFOLIO, (("BTC", nothing),)))

    untold = Deed(made.apply(block(*covered(made)))).rejected
    poor = Verdict(0, Units(2 * PLENTY_BTC), Units(0))
    beyond = Deed(made.apply(block(*covered(made), taker_verdict=poor))).rejected
    told = Verdict(0, Units(10**7), Units(10**6))
    carried = Deed(made.apply(block(*covered(made), taker_verdict=told)))

    assert (untold.code, untold.reason) == (Reject.RETRY, "no_margin_verdict")
    assert beyond.code is Reject.NOT_ENOUGH_FUNDS
    assert not carried.is_rejected
    assert made.summary(BOB, "BTC").initial_margin == 10**7


def test_cross_collateral_pays_for_a_block_trade_in_another_currency() -> None:
    made = floor()
    made.leave(ALICE, "BTC", 0)
    one = block(leg(made, PERPETUAL, Side.BUY, 20_000, 100_000))
    assert Deed(made.apply(one)).is_rejected

    made.apply(ChangeMarginModel(ALICE, MarginModel.CROSS))

    assert not Deed(made.apply(one)).is_rejected


def test_asking_beforehand_gives_the_same_answer_and_changes_nothing() -> None:
    made = floor()
    made.leave(BOB, "BTC", 130_000_000)
    before = made.exchange.state_hash()
    legs = covered(made)

    def asked(account_id: AccountId, *, is_maker: bool) -> Reject | None:
        exchange = made.exchange
        found = exchange.block_refusal(made.now_ns, account_id, legs, is_maker=is_maker)
        return found.code if found else None

    assert asked(ALICE, is_maker=True) is None
    assert asked(BOB, is_maker=False) is Reject.NOT_ENOUGH_FUNDS
    assert asked(AccountId(99), is_maker=True) is Reject.UNAUTHORIZED
    assert made.exchange.state_hash() == before


def test_a_restart_forgets_neither_the_agreement_nor_the_number() -> None:
    made = floor()
    made.apply(block(*covered(made)))
    made.exchange = Exchange.restore(made.exchange.snapshot())

    again = Deed(made.apply(block(*covered(made)))).rejected
    (second, _) = fills(made.apply(block(*covered(made), nonce="m")))

    assert again.reason == "block_trade_executed"
    assert second.block_trade_id == 2
