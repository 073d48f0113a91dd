from strikewire.exchange import OrderState, OrderView
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def test_an_order_that_is_partly_filled_still_wants_the_rest() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=100)
    floor.sell(BOB, 2, at=100)

    view = floor.order(1)

    assert isinstance(view, OrderView)
    assert (view.amount, view.filled, view.remaining) == (5, 2, 3)
    assert view.state is OrderState.OPEN


def test_the_order_of_an_iceberg_tells_more_than_the_level_it_waits_in() -> None:
    floor = TradingFloor.at(100)

    deed = floor.buy(ALICE, 500, at=99, display=100)

    assert (deed.order.amount, deed.order.display_amount, deed.order.refresh_amount) == (
        500,
        100,
        100,
    )
    assert deed.levels == [(99, 100, 1)]
