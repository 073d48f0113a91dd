import pytest

from strikewire.api.trading import Order
from strikewire.gateway.render import order
from strikewire.model import OrderId
from strikewire.testing.exchange import ALICE, BOB, TradingFloor
from strikewire.testing.simulation.promises import Promises
from strikewire.testing.simulation.violations import Violation


def floor_with_an_order() -> tuple[TradingFloor, Order]:
    floor = TradingFloor.at(100_000)
    floor.sell(ALICE, 5, 100_000, label="c1-1")
    view = floor.exchange.order(OrderId(1))
    assert view is not None
    return floor, order(floor.exchange.instruments[view.instrument_id], view)


def test_an_order_that_is_still_there_or_has_gone_on_keeps_the_promise() -> None:
    floor, told = floor_with_an_order()
    promises = Promises()
    promises.keep(ALICE, told)
    promises.check(floor.exchange)

    floor.buy(BOB, 3, 100_000)
    promises.check(floor.exchange)

    floor.cancel(1)
    promises.check(floor.exchange)
    assert promises.count == 1


def test_an_order_that_is_gone_breaks_it() -> None:
    _, told = floor_with_an_order()
    promises = Promises()
    promises.keep(ALICE, told)

    with pytest.raises(Violation, match=r"no acknowledged order is lost: .* is not there"):
        promises.check(TradingFloor.at(100_000).exchange)


def test_a_fill_that_was_undone_breaks_it() -> None:
    floor, _ = floor_with_an_order()
    floor.buy(BOB, 3, 100_000)
    view = floor.exchange.order(OrderId(1))
    assert view is not None
    promises = Promises()
    promises.keep(ALICE, order(floor.exchange.instruments[view.instrument_id], view))

    with pytest.raises(Violation, match="no acknowledged order is lost"):
        promises.check(floor_with_an_order()[0].exchange)


def test_an_order_of_somebody_else_breaks_it() -> None:
    floor, told = floor_with_an_order()
    promises = Promises()
    promises.keep(BOB, told)

    with pytest.raises(Violation, match="no acknowledged order is lost"):
        promises.check(floor.exchange)
    with pytest.raises(Violation, match="nobody is told of another's order"):
        promises.keep(ALICE, told)


def test_a_label_that_was_executed_twice_is_found() -> None:
    floor, _ = floor_with_an_order()
    floor.sell(ALICE, 5, 100_000, label="c1-1")

    with pytest.raises(Violation, match=r"no order is executed twice: \['c1-1'\]"):
        Promises().check(floor.exchange)


def test_a_refused_order_that_is_there_is_found() -> None:
    floor, _ = floor_with_an_order()
    promises = Promises()
    promises.refused("c1-1")

    with pytest.raises(Violation, match="what was refused has done nothing"):
        promises.check(floor.exchange)
