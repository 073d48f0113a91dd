import pytest

from strikewire.exchange import CancelOrder, CancelOrders, CancelReason, Reject, Rejected
from strikewire.model import AccountId, InstrumentId, Kind, OrderId
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor, ladder

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"
LINEAR = "BTC_USDC-PERPETUAL"
SPOT = "BTC_USDC"


def test_a_cancelled_order_leaves_the_book() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5 3
    """)

    deed = floor.cancel(1)

    assert (deed.order.state, deed.order.cancel_reason) == ("cancelled", "user_request")
    assert deed.levels == [(101, 3, 3)]
    assert floor.book() == ladder("""
              | 101 | 3
    """)


def test_a_partly_filled_order_keeps_its_fills_when_it_is_cancelled() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, at=101)
    floor.buy(BOB, 2, at=101)

    deed = floor.cancel(1)

    assert (deed.order.filled, deed.order.amount, deed.order.state) == (2, 5, "cancelled")


def test_a_cancel_may_say_why() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, at=101)

    floor.apply(CancelOrder(ALICE, OrderId(1), CancelReason.CANCEL_ON_DISCONNECT))

    assert floor.order(1).cancel_reason == "cancel_on_disconnect"


@pytest.mark.parametrize(
    ("account_id", "order_id", "code"),
    [
        (99, 99, Reject.UNAUTHORIZED),
        (1, 99, Reject.ORDER_NOT_FOUND),
        (1, 3, Reject.NOT_OWNER),  # Bob's, and closed
        (1, 2, Reject.NOT_OWNER),  # Bob's, and open
        (1, 1, Reject.NOT_OPEN_ORDER),
    ],
)
def test_what_cannot_be_cancelled_is_refused_for_the_first_reason_that_holds(
    account_id: int, order_id: int, code: Reject
) -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=100)
    floor.sell(BOB, 5, at=101)
    floor.sell(BOB, 5, at=100)

    (event,) = floor.apply(CancelOrder(AccountId(account_id), OrderId(order_id)))

    assert isinstance(event, Rejected)
    assert event.code is code


def four_orders() -> TradingFloor:
    """Return a floor where Alice has orders 1 to 4 in four instruments, and Bob has order 5."""
    floor = TradingFloor(PERPETUAL, CALL, LINEAR, SPOT)
    floor.mark(120_000, PERPETUAL)
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.mark(120_000, LINEAR)
    for name, price in ((PERPETUAL, 120_000), (CALL, 500), (LINEAR, 120_000), (SPOT, 120_000)):
        floor.buy(ALICE, 1, at=price, name=name)
    floor.buy(BOB, 1, at=119_999, name=PERPETUAL)
    return floor


@pytest.mark.parametrize(
    ("name", "currency", "kind", "cancelled"),
    [
        (None, None, None, [1, 2, 3, 4]),
        (CALL, None, None, [2]),
        (None, "BTC", None, [1, 2]),
        (None, "USDC", None, [3, 4]),
        (None, None, Kind.FUTURE, [1, 3]),
        (None, "BTC", Kind.OPTION, [2]),
        (None, "USDC", Kind.SPOT, [4]),
        (CALL, "USDC", None, []),
        (None, "ETH", None, []),
    ],
)
def test_cancelling_all_can_be_narrowed(
    name: str | None, currency: str | None, kind: Kind | None, cancelled: list[int]
) -> None:
    floor = four_orders()

    deed = floor.cancel_all(ALICE, name, currency=currency, kind=kind)

    assert [view.order_id for view in deed.orders] == cancelled
    left = [view.order_id for view in floor.exchange.open_orders(ALICE)]
    assert left == [order_id for order_id in (1, 2, 3, 4) if order_id not in cancelled]
    assert len(floor.exchange.open_orders(BOB)) == 1


def test_orders_cancelled_together_make_one_change_of_each_book() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 3
            9 |  99 |
    """)

    deed = floor.cancel_all(ALICE)

    assert deed.levels == [(102, 0, 4), (101, 0, 4), (99, 0, 4)]


def test_cancelling_all_may_say_why() -> None:
    floor = four_orders()

    deed = Deed(floor.apply(CancelOrders(ALICE, reason=CancelReason.CANCEL_ON_DISCONNECT)))

    assert {view.cancel_reason for view in deed.orders} == {"cancel_on_disconnect"}


def test_cancelling_all_of_nothing_is_no_error() -> None:
    floor = TradingFloor.at(100)

    assert floor.cancel_all(ALICE).events == ()


def test_cancelling_all_needs_an_account_and_a_known_instrument() -> None:
    floor = TradingFloor.at(100)

    (nobody,) = floor.apply(CancelOrders(AccountId(99)))
    (nowhere,) = floor.apply(CancelOrders(ALICE, InstrumentId(99)))

    assert nobody == Rejected(Reject.UNAUTHORIZED, "unknown_account", "account_id")
    assert nowhere == Rejected(Reject.INVALID_INSTRUMENT, "unknown_instrument", "instrument_id")


def test_orders_can_be_cancelled_after_their_instrument_has_expired() -> None:
    floor = four_orders()
    floor.expire(CALL)

    floor.cancel(2).expect_accepted()
