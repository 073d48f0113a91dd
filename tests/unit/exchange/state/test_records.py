"""What the lane keeps in few words is told as the reference tells it."""

from strikewire.exchange.reference import Reference
from strikewire.model import InstrumentId
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

ONE = InstrumentId(1)


def traded(floor: TradingFloor) -> TradingFloor:
    floor.sell(BOB, 3, at=100, label="asked")
    floor.buy(ALICE, 2, at=100, label="bid")
    floor.buy(ALICE, 5, at=100)
    floor.sell(ALICE, 1, at=99)
    return floor


def plain() -> TradingFloor:
    floor = TradingFloor.at(100)
    floor.exchange = Reference.restore(floor.exchange.snapshot())
    return traded(floor)


def test_fills_and_trades_are_those_of_the_reference() -> None:
    quick, reference = traded(TradingFloor.at(100)).exchange, plain().exchange

    assert quick.fills(ALICE) == reference.fills(ALICE)
    assert quick.trades(ONE) == reference.trades(ONE)
    assert len(quick.fills(BOB)) == 2


def test_payments_are_those_of_the_reference() -> None:
    quick, reference = traded(TradingFloor.at(100)).exchange, plain().exchange

    for account_id in (ALICE, BOB):
        assert quick.transactions(account_id, "USDC") == reference.transactions(account_id, "USDC")


def test_an_order_knows_its_fills() -> None:
    exchange = traded(TradingFloor.at(100)).exchange
    sold = exchange.fills(BOB)[0].maker.order_id

    assert [fill.amount for fill in exchange.order_fills(sold)] == [2, 1]
