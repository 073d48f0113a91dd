import doctest
from pathlib import Path

import pytest

from strikewire.exchange import Exchange, ListInstrument, PriceBand, Rejected
from strikewire.model import AccountId, InstrumentId, OrderId, Ticks
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

CONCEPTS = Path(__file__).resolve().parents[3] / "docs" / "concepts"
NOWHERE = InstrumentId(99)
NOBODY = AccountId(99)


@pytest.mark.parametrize(
    "page", ["matching", "order-life", "clearing", "margin", "settlement", "combos"]
)
def test_the_worked_example_of_a_page_comes_true(page: str) -> None:
    failed, tried = doctest.testfile(
        str(CONCEPTS / f"{page}.md"), module_relative=False, optionflags=doctest.REPORT_NDIFF
    )

    assert tried > 0
    assert failed == 0


def test_events_do_not_depend_on_the_number_of_the_command() -> None:
    first, second = TradingFloor.at(100), TradingFloor.at(100)
    second.seq += 1_000

    assert first.buy(ALICE, 5, at=100).events == second.buy(ALICE, 5, at=100).events
    assert first.exchange.state_hash() == second.exchange.state_hash()


def test_a_rejected_command_leaves_no_number_unused() -> None:
    floor = TradingFloor.at(100)
    assert floor.buy(ALICE, 0, at=100).is_rejected

    assert floor.buy(ALICE, 5, at=100).order.order_id == 1


def test_orders_can_be_looked_up_open_and_closed() -> None:
    floor = TradingFloor("BTC-PERPETUAL", "ETH-PERPETUAL")
    floor.mark(100)
    floor.mark(100, "ETH-PERPETUAL")
    floor.buy(ALICE, 5, at=99)
    floor.buy(ALICE, 5, at=98)
    floor.buy(ALICE, 5, at=97, name="ETH-PERPETUAL")
    floor.cancel(1)

    exchange = floor.exchange
    assert [view.order_id for view in exchange.open_orders(ALICE)] == [2, 3]
    assert [view.order_id for view in exchange.open_orders(ALICE, floor.id())] == [2]
    assert [view.order_id for view in exchange.closed_orders(ALICE)] == [1]
    assert exchange.order(OrderId(99)) is None


def test_fills_are_their_owners_alone() -> None:
    floor = TradingFloor("BTC-PERPETUAL", "ETH-PERPETUAL")
    for name in floor.ids:
        floor.mark(100, name)
        floor.buy(ALICE, 5, at=100, name=name)
        floor.sell(BOB, 5, at=100, name=name)

    exchange = floor.exchange
    assert [fill.trade_id for fill in exchange.fills(ALICE)] == [1, 2]
    assert [fill.trade_id for fill in exchange.fills(BOB, floor.id("ETH-PERPETUAL"))] == [2]
    assert exchange.fills(CAROL) == []
    assert [fill.trade_id for fill in exchange.order_fills(OrderId(3))] == [2]


def test_positions_are_listed_while_they_are_open() -> None:
    floor = TradingFloor("BTC-PERPETUAL", "ETH-PERPETUAL")
    for name in floor.ids:
        floor.mark(100, name)
        floor.buy(ALICE, 5, at=100, name=name)
        floor.sell(BOB, 5, at=100, name=name)
    assert [view.instrument_id for view in floor.exchange.positions(ALICE)] == [1, 2]

    floor.sell(ALICE, 5, at=100)
    floor.buy(BOB, 5, at=100)

    assert [view.instrument_id for view in floor.exchange.positions(ALICE)] == [2]


def test_the_price_band_is_there_once_there_is_a_mark() -> None:
    floor = TradingFloor("BTC-PERPETUAL")
    assert floor.exchange.price_band(floor.id()) is None

    floor.mark(100)

    assert floor.exchange.price_band(floor.id()) == PriceBand(Ticks(25), Ticks(400))


def test_who_and_what_is_not_there_has_nothing() -> None:
    exchange = TradingFloor("BTC-PERPETUAL").exchange

    assert exchange.summary(NOBODY, "BTC") is None
    assert exchange.account(NOBODY) is None
    assert exchange.positions(NOBODY) == []
    assert exchange.position(NOBODY, InstrumentId(1)) is None
    assert exchange.position(ALICE, NOWHERE) is None
    assert exchange.open_orders(NOBODY) == exchange.closed_orders(NOBODY) == []
    assert exchange.fills(NOBODY) == exchange.order_fills(OrderId(9)) == []
    assert exchange.trades(NOWHERE) == []
    assert exchange.mark(NOWHERE) is None
    assert exchange.price_band(NOWHERE) is None
    assert exchange.open_interest(NOWHERE) == 0
    assert not exchange.is_open(NOWHERE)
    assert exchange.money("ETH").is_conserved
    with pytest.raises(KeyError):
        exchange.book(NOWHERE)


def test_what_was_read_stays_as_it_was() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99)
    book, orders = floor.exchange.book(floor.id()), floor.exchange.open_orders(ALICE)

    floor.cancel(1)

    assert book.bids == [(99, 5)]
    assert [view.state for view in orders] == ["open"]


def test_an_exchange_begins_empty() -> None:
    exchange = Exchange()

    assert exchange.instruments == {}
    assert exchange.accounts == []
    assert exchange.snapshot() == Exchange().snapshot()


def test_a_rejected_listing_is_not_listed() -> None:
    floor = TradingFloor("BTC-PERPETUAL")
    again = floor.exchange.instruments[floor.id()]

    events = floor.apply(ListInstrument(again))

    assert isinstance(events[0], Rejected)
    assert list(floor.exchange.instruments) == [1]
