import pytest

from strikewire.exchange import Deposit, Reject
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, BOB, PLENTY, Deed, TradingFloor, drawn, ladder


def test_a_floor_opens_with_accounts_cash_and_instruments() -> None:
    floor = TradingFloor("BTC-PERPETUAL", "ETH-PERPETUAL", cash={"ETH": 0})

    assert [view.name for view in floor.exchange.accounts] == ["alice", "bob", "carol"]
    assert floor.summary(ALICE, "BTC").balance == PLENTY
    assert floor.summary(ALICE, "ETH").balance == 0
    assert (floor.id(), floor.id("ETH-PERPETUAL")) == (1, 2)


def test_a_drawing_is_placed_order_by_order() -> None:
    floor = TradingFloor.at(100)

    floor.draw(
        """
              | 101 | 5 2
            3 |  99 |
        """,
        owner=BOB,
    )

    views = floor.exchange.open_orders(BOB)
    assert [(view.side, view.price, view.amount) for view in views] == [
        (-1, 101, 5),
        (-1, 101, 2),
        (1, 99, 3),
    ]


def test_a_book_is_drawn_as_it_is_written() -> None:
    drawing = """
              | 101 | 5 2
              | 100 | 4
            3 |  99 |
    """
    floor = TradingFloor.at(100)

    floor.draw(drawing)

    assert floor.book() == ladder(drawing) == drawn(floor.exchange.book(floor.id()))
    assert floor.book().splitlines()[0].split() == ["|", "101", "|", "7"]


def test_a_floor_notices_money_from_nowhere() -> None:
    floor = TradingFloor.at(100)
    floor.exchange._state.accounts[ALICE].ledger("BTC").balance += 1

    with pytest.raises(AssertionError, match="MoneyCheck"):
        floor.check()


def test_a_deed_tells_what_came_of_it() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, at=101)

    deed = floor.buy(BOB, 7, at=101)

    assert (deed.order.order_id, deed.trades, deed.levels) == (
        2,
        [(101, 5)],
        [(101, 0, 2), (101, 2, 2)],
    )
    assert not deed.is_rejected
    deed.expect_accepted()


def test_a_refused_deed_says_why() -> None:
    floor = TradingFloor.at(100)

    deed = Deed(floor.apply(Deposit(AccountId(99), "BTC", Units(1))))

    assert deed.rejected.code is Reject.UNAUTHORIZED
    with pytest.raises(AssertionError, match="unknown_account"):
        deed.expect_accepted()
