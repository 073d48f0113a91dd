"""The compiled book and its plain twin are the same book."""

from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from strikewire.exchange.commands import OrderType, TimeInForce
from strikewire.exchange.state import book, orders
from strikewire.model import InstrumentId, Side
from tests.twins import interpreted

ONE = InstrumentId(1)


class Kind(NamedTuple):
    """The classes of one of the twins."""

    Book: Any
    Order: Any


plain_orders, plain_book = interpreted("strikewire.exchange.state", "orders", "book")
compiled = Kind(book.Book, orders.Order)
plain = Kind(plain_book.Book, plain_orders.Order)

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"),
            st.sampled_from([Side.BUY, Side.SELL]),
            st.integers(1, 6),
            st.integers(1, 9),
            st.integers(0, 3),
            st.booleans(),
            st.sampled_from([False, False, True]),
        ),
        st.tuples(st.sampled_from(["remove", "flag"]), st.integers(0, 40)),
        st.tuples(st.sampled_from(["fill", "resize"]), st.integers(0, 40), st.integers(1, 9)),
        st.tuples(st.just("take")),
    ),
    max_size=60,
)


class Desk:
    """One of the two books, with the orders that were ever put into it."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.book = module.Book()
        self.orders: list[Any] = []

    def do(self, name: str, *args: Any) -> object:
        if name == "take":
            return self.book.take_changes(ONE)
        if name == "add":
            self.add(*args)
            return None
        waiting = [one for one in self.orders if one in set(self.waiting())]
        if not waiting:
            return None
        order = waiting[args[0] % len(waiting)]
        if name == "remove":
            self.book.remove(order)
        elif name == "flag":
            if not order.reduce_only:
                self.book.flag(order)
        elif name == "fill":
            self.book.fill(order, min(args[1], order.offered))
        else:
            amount = order.filled + min(args[1], order.remaining)
            self.book.resize(order, amount)
        return None

    def add(  # noqa: PLR0917 - as they are drawn
        self,
        side: Side,
        away: int,
        amount: int,
        display: int,
        reduce_only: bool,
        hidden: bool = False,
    ) -> None:
        order = self.module.Order(
            order_id=len(self.orders) + 1,
            account_id=1,
            instrument_id=1,
            side=side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price=100 - side * away,
            amount=amount,
            refresh_amount=0 if hidden else min(display, amount),
            hidden=hidden,
            reduce_only=reduce_only,
            created_ns=0,
            updated_ns=0,
        )
        self.orders.append(order)
        self.book.add(order)

    def waiting(self) -> list[Any]:
        return [*self.book.bids.orders(), *self.book.asks.orders()]

    def seen(self) -> object:
        halves = (self.book.bids, self.book.asks)
        return (
            [half.depth() for half in halves],
            [half.best() for half in halves],
            [[order.order_id for order in half.orders()] for half in halves],
            [[(order.order_id, lots) for order, lots in half.slices()] for half in halves],
            [order.view() for order in self.orders],
            self.book.reduce_only,
            self.book.change_id,
            self.book.crosses(Side.BUY, 102),
            self.book.is_crossed(),
            [half.amount_at(101) for half in halves],
        )


@given(steps=STEPS)
def test_the_compiled_book_and_its_twin_are_the_same(steps: list[tuple[Any, ...]]) -> None:
    one, other = Desk(compiled), Desk(plain)

    for step in steps:
        assert one.do(*step) == other.do(*step)
        assert one.seen() == other.seen()


def test_a_command_that_touches_hundreds_of_levels_announces_each_once() -> None:
    desks = Desk(compiled), Desk(plain)
    for desk in desks:
        for away in range(1, 200):
            desk.add(Side.BUY, away % 80 + 1, 5, 0, False)
        desk.book.take_changes(ONE)
        for order in desk.orders:
            desk.book.remove(order)

    one, other = (desk.book.take_changes(ONE) for desk in desks)

    assert len(one) == 80
    assert one == other


def test_an_order_that_was_seen_comes_back_the_same() -> None:
    for module in (compiled, plain):
        desk = Desk(module)
        desk.add(Side.SELL, 3, 9, 2, True)
        desk.add(Side.SELL, 3, 9, 0, True, True)

        for order in desk.orders:
            assert module.Order.restored(order.view()).view() == order.view()
