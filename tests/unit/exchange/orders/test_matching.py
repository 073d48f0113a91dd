import pytest

from strikewire.exchange.commands import OrderType, TimeInForce
from strikewire.exchange.orders.matching import plan
from strikewire.exchange.state.book import Book
from strikewire.exchange.state.orders import Order
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor, ladder


def test_the_best_price_trades_first_and_at_one_price_who_came_first() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 4
              | 101 | 5 3
    """)

    deed = floor.buy(BOB, 10, at=102)

    assert deed.trades == [(101, 5), (101, 3), (102, 2)]
    assert [fill.maker.order_id for fill in deed.fills] == [2, 3, 1]
    assert floor.book() == ladder("""
              | 102 | 2
    """)


def test_an_order_trades_at_the_price_of_the_one_that_waited() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
            5 |  99 |
    """)

    deed = floor.sell(BOB, 5, at=95)

    assert deed.trades == [(99, 5)]


def test_what_is_left_over_waits_at_its_own_price() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5
            3 | 100 |
            9 |  99 |
    """)

    floor.sell(BOB, 7, at=100)

    assert floor.book() == ladder("""
              | 101 | 5
              | 100 | 4
            9 |  99 |
    """)


def test_an_order_never_trades_beyond_its_price() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    floor.buy(BOB, 8, at=101)

    assert floor.book() == ladder("""
              | 102 | 5
            3 | 101 |
    """)


def test_a_partly_filled_order_keeps_its_place() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5 5
    """)
    floor.buy(BOB, 2, at=101)

    deed = floor.buy(CAROL, 4, at=101)

    assert [(fill.maker.order_id, fill.amount) for fill in deed.fills] == [(1, 3), (2, 1)]


def test_an_account_that_meets_itself_trades_with_itself() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=100)

    deed = floor.sell(ALICE, 5, at=100)

    assert deed.trades == [(100, 5)]
    assert floor.position(ALICE).size == 0


def test_a_plan_changes_nothing() -> None:
    book = Book()
    book.add(waiting(1, Side.SELL, 101, 5))
    book.take_changes(InstrumentId(1))

    found = plan(book, Side.BUY, Ticks(101), 3)

    assert [(match.maker.order_id, match.lots) for match in found.matches] == [(1, 3)]
    assert book.asks.depth() == [(101, 5)]
    assert book.take_changes(InstrumentId(1)) == []


@pytest.mark.parametrize(
    ("limit", "lots"),
    [(None, 12), (103, 12), (102, 8), (101, 5), (100, 0)],
)
def test_a_plan_walks_as_far_as_the_limit(limit: int | None, lots: int) -> None:
    book = Book()
    for order_id, (price, amount) in enumerate([(101, 5), (102, 3), (103, 4)], start=1):
        book.add(waiting(order_id, Side.SELL, price, amount))

    found = plan(book, Side.BUY, None if limit is None else Ticks(limit), 100)

    assert found.lots == lots


def test_an_order_without_room_is_passed_by() -> None:
    book = Book()
    for order_id in (1, 2, 3):
        book.add(waiting(order_id, Side.BUY, 99, 5))

    found = plan(book, Side.SELL, None, 10, lambda order, lots: 0 if order.order_id == 2 else lots)

    assert [(match.maker.order_id, match.lots) for match in found.matches] == [(1, 5), (3, 5)]
    assert [order.order_id for order in found.unpaid] == [2]


def waiting(order_id: int, side: Side, price: int, amount: int) -> Order:
    return Order(
        order_id=OrderId(order_id),
        account_id=AccountId(1),
        instrument_id=InstrumentId(1),
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=Ticks(price),
        amount=Lots(amount),
        created_ns=0,
        updated_ns=0,
    )
