import pytest

from strikewire.exchange import CancelOrder, Command, PlaceOrder
from strikewire.model import Lots, OrderId, Side, Ticks
from strikewire.sequencer import Applied
from strikewire.testing.exchange import ALICE, BOB, START_NS, TradingFloor
from strikewire.testing.simulation.truth import OrderFact, PrintFact, TradeFact, Truth
from strikewire.testing.simulation.violations import Violation

NAME = "BTC_USDC-PERPETUAL"
MS = START_NS // 1_000_000


def told(truth: Truth, floor: TradingFloor, command: Command) -> None:
    events = floor.apply(command)
    truth.applied(Applied(None, floor.seq, floor.now_ns, command, events), floor.exchange)


def place(floor: TradingFloor, account: int, side: Side, lots: int, ticks: int) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE if account == 1 else BOB,
        instrument_id=floor.id(),
        side=side,
        amount=Lots(lots),
        price=Ticks(ticks),
    )


def test_orders_fills_and_books_are_kept_in_the_units_of_clients() -> None:
    truth, floor = Truth(), TradingFloor.at(100_000)
    told(truth, floor, place(floor, 1, Side.SELL, 5, 100_000))
    truth.ticked()
    told(truth, floor, place(floor, 2, Side.BUY, 3, 100_000))

    assert truth.feed("orders", ALICE).facts == [
        OrderFact("USDC-1", "open", 50_000.0, 0.005, 0.0, MS),
        OrderFact("USDC-1", "open", 50_000.0, 0.005, 0.003, MS),
    ]
    assert truth.feed("orders", ALICE).at_tick == 1
    assert truth.feed("trades", BOB).facts == [TradeFact("USDC-1", "USDC-2", 50_000.0, 0.003, "T")]
    assert truth.feed("prints", NAME).facts == [PrintFact("USDC-1", 1, 50_000.0, 0.003)]
    assert truth.books[NAME, 2] == ((), ((50_000.0, 0.002),))
    assert truth.open_orders == {"USDC-1"}


def test_an_order_that_ended_is_not_open() -> None:
    truth, floor = Truth(), TradingFloor.at(100_000)
    told(truth, floor, place(floor, 1, Side.SELL, 5, 100_000))
    told(truth, floor, CancelOrder(ALICE, OrderId(1)))

    assert truth.open_orders == set()


def test_a_start_that_brings_back_another_book_under_the_same_change_is_found() -> None:
    truth, floor = Truth(), TradingFloor.at(100_000)
    told(truth, floor, place(floor, 1, Side.SELL, 5, 100_000))
    truth.recovered(floor.exchange)

    other = TradingFloor.at(100_000)
    other.sell(ALICE, 6, 100_000)
    with pytest.raises(Violation, match="a change of a book is one book, for ever"):
        truth.recovered(other.exchange)
