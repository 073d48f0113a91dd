import pytest

from strikewire.exchange.commands import OrderType, TimeInForce
from strikewire.exchange.events import LevelChanged
from strikewire.exchange.state.book import Book, HalfBook
from strikewire.exchange.state.orders import Order
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks
from strikewire.testing.exchange import ALICE, TradingFloor, ladder

ONE = InstrumentId(1)


def order(
    order_id: int, side: Side, price: int, amount: int, *, reduce_only: bool = False
) -> Order:
    return Order(
        order_id=OrderId(order_id),
        account_id=AccountId(1),
        instrument_id=ONE,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=Ticks(price),
        amount=Lots(amount),
        reduce_only=reduce_only,
        created_ns=0,
        updated_ns=0,
    )


def test_both_sides_are_kept_best_first() -> None:
    floor = TradingFloor.at(100)

    floor.draw("""
              | 103 | 1
              | 101 | 5 2
              | 102 | 4
            3 |  99 |
            9 | 100 |
            1 |  98 |
    """)

    book = floor.exchange.book(ONE)
    assert book.asks == [(101, 7), (102, 4), (103, 1)]
    assert book.bids == [(100, 9), (99, 3), (98, 1)]
    assert floor.book() == ladder("""
              | 103 | 1
              | 102 | 4
              | 101 | 7
            9 | 100 |
            3 |  99 |
            1 |  98 |
    """)


def test_an_empty_side_has_no_best_price() -> None:
    half = HalfBook(Side.BUY)

    assert half.best() is None
    assert half.depth() == []


@pytest.mark.parametrize(
    ("side", "price", "crosses"),
    [
        (Side.BUY, 100, False),
        (Side.BUY, 101, True),
        (Side.BUY, 102, True),
        (Side.SELL, 100, False),
        (Side.SELL, 99, True),
        (Side.SELL, 98, True),
    ],
)
def test_an_order_crosses_where_it_would_trade(side: Side, price: int, crosses: bool) -> None:
    book = Book()
    book.add(order(1, Side.SELL, 101, 5))
    book.add(order(2, Side.BUY, 99, 5))

    assert book.crosses(side, Ticks(price)) is crosses


def test_a_book_is_crossed_when_its_sides_overlap() -> None:
    book = Book()
    assert not book.is_crossed()
    book.add(order(1, Side.BUY, 100, 5))
    assert not book.is_crossed()

    book.add(order(2, Side.SELL, 100, 5))

    assert book.is_crossed()


def test_orders_walk_by_price_then_by_arrival() -> None:
    book = Book()
    for number, price in enumerate((101, 102, 101, 100), start=1):
        book.add(order(number, Side.SELL, price, 1))

    assert [waiting.order_id for waiting in book.asks.orders()] == [4, 1, 3, 2]


def test_a_filled_order_leaves_the_book_and_remembers_its_value() -> None:
    book = Book()
    waiting = order(1, Side.SELL, 101, 5)
    book.add(waiting)

    book.fill(waiting, 2)
    assert book.asks.depth() == [(101, 3)]
    book.fill(waiting, 3)

    assert book.asks.depth() == []
    assert (waiting.filled, waiting.filled_value, waiting.remaining) == (5, 505, 0)


def test_a_lowered_amount_keeps_the_place() -> None:
    book = Book()
    first, second = order(1, Side.BUY, 99, 5), order(2, Side.BUY, 99, 4)
    book.add(first)
    book.add(second)

    book.resize(first, Lots(2))

    assert list(book.bids.orders()) == [first, second]
    assert book.bids.depth() == [(99, 6)]


def test_one_command_announces_each_level_once_under_one_change_id() -> None:
    book = Book()
    book.add(order(1, Side.SELL, 101, 5))
    book.add(order(2, Side.SELL, 101, 3))
    book.add(order(3, Side.BUY, 99, 7))

    assert book.take_changes(ONE) == [
        LevelChanged(ONE, Side.SELL, Ticks(101), Lots(8), 1),
        LevelChanged(ONE, Side.BUY, Ticks(99), Lots(7), 1),
    ]
    assert book.take_changes(ONE) == []


def test_a_level_that_came_and_went_within_a_command_is_never_announced() -> None:
    book = Book()
    waiting = order(1, Side.SELL, 101, 5)

    book.add(waiting)
    book.remove(waiting)

    assert book.take_changes(ONE) == []
    assert book.change_id == 0


def test_a_level_that_is_gone_is_announced_with_nothing_on_it() -> None:
    book = Book()
    waiting = order(1, Side.SELL, 101, 5)
    book.add(waiting)
    book.take_changes(ONE)

    book.remove(waiting)

    assert book.take_changes(ONE) == [LevelChanged(ONE, Side.SELL, Ticks(101), Lots(0), 2)]


def test_orders_that_only_reduce_are_counted_while_they_wait() -> None:
    book = Book()
    first, second = (order(n, Side.SELL, 101, 5, reduce_only=n == 1) for n in (1, 2))
    book.add(first)
    book.load(second)
    assert book.reduce_only == 1

    book.flag(second)
    assert (book.reduce_only, second.reduce_only) == (2, True)
    book.fill(first, 5)
    book.remove(second)

    assert book.reduce_only == 0


def test_a_loaded_order_is_not_news() -> None:
    book = Book(change_id=7)

    book.load(order(1, Side.SELL, 101, 5))

    assert book.take_changes(ONE) == []
    assert (book.change_id, book.asks.depth()) == (7, [(101, 5)])


def test_an_order_is_seen_by_its_owner_as_it_is() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99, post_only=True, label="mine")

    view = floor.order(1)

    assert (view.order_id, view.account_id, view.instrument_id) == (1, ALICE, 1)
    assert (view.side, view.price, view.amount, view.filled) == (Side.BUY, 99, 5, 0)
    assert (view.post_only, view.reduce_only, view.label) == (True, False, "mine")
    assert view.created_ns == view.updated_ns == floor.now_ns
