import pytest

from strikewire.exchange.state import state
from strikewire.exchange.state.state import State, Treasury
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def test_the_oldest_closed_orders_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "CLOSED_ORDERS_MAX", 2)
    floor = TradingFloor.at(100)

    for order_id in (1, 2, 3):
        floor.buy(ALICE, 1, at=99)
        floor.cancel(order_id)

    assert [view.order_id for view in floor.exchange.closed_orders(ALICE)] == [2, 3]
    assert floor.exchange.order(floor.order(2).order_id) is not None
    with pytest.raises(AssertionError):
        floor.order(1)


def test_one_accounts_closed_orders_do_not_push_out_anothers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "CLOSED_ORDERS_MAX", 1)
    floor = TradingFloor.at(100)
    floor.buy(BOB, 1, at=99)
    floor.cancel(1)

    for order_id in (2, 3):
        floor.buy(ALICE, 1, at=99)
        floor.cancel(order_id)

    assert floor.order(1).account_id == BOB


def test_the_oldest_fills_are_forgotten_for_each_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "FILLS_MAX", 2)
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 3, at=100)

    for _ in range(3):
        floor.sell(BOB, 1, at=100)

    fills = floor.exchange.fills(ALICE)
    assert [fill.trade_id for fill in fills] == [2, 3]
    assert floor.exchange.order_fills(floor.order(1).order_id) == fills
    assert floor.exchange.order_fills(floor.order(2).order_id) == []
    assert floor.exchange.order_fills(floor.order(3).order_id) == [fills[0]]


def test_a_fill_with_oneself_is_one_fill_of_the_account_and_of_both_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "FILLS_MAX", 1)
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 2, at=100)

    floor.sell(ALICE, 1, at=100)
    floor.sell(ALICE, 1, at=100)

    (fill,) = floor.exchange.fills(ALICE)
    assert fill.trade_id == 2
    assert floor.exchange.order_fills(fill.maker.order_id) == [fill]
    assert floor.exchange.order_fills(fill.taker.order_id) == [fill]


def test_a_treasury_that_was_only_looked_at_is_empty() -> None:
    state_ = State()

    assert state_.treasury("BTC").is_empty
    assert not Treasury(fees=1).is_empty
