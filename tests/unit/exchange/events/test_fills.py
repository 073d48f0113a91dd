from strikewire.exchange import Fill, OrderState
from strikewire.model import Side
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def test_a_fill_tells_what_it_was_to_either_side() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=100, label="mine")

    (fill,) = floor.sell(BOB, 2, at=99).fills

    assert (fill.price, fill.amount, fill.taker_side) == (100, 2, Side.SELL)
    assert (fill.maker.account_id, fill.maker.side) == (ALICE, Side.BUY)
    assert (fill.maker.label, fill.maker.order_state) == ("mine", OrderState.OPEN)
    assert (fill.taker.account_id, fill.taker.side) == (BOB, Side.SELL)
    assert (fill.taker.label, fill.taker.order_state) == ("", OrderState.FILLED)


def test_a_fill_of_the_book_is_of_no_block_trade_and_no_combo() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=100)

    (fill,) = floor.sell(BOB, 5, at=100).fills

    assert isinstance(fill, Fill)
    assert (fill.block_trade_id, fill.block_trade_legs) == (0, 0)
    assert (fill.combo_id, fill.combo_trade_id, fill.legs) == (None, None, ())
