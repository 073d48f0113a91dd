from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from strikewire.exchange import (
    EditOrder,
    OrderState,
    OrderType,
    PlaceOrder,
    Reject,
    Rejected,
    TimeInForce,
)
from strikewire.exchange.orders import admission
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, CAROL, EditOptions, TradingFloor, ladder

CALL = "BTC-25DEC26-60000-C"
UNMARKED = "BTC-25DEC26-70000-C"
EXPIRED = "BTC-27NOV26-60000-C"
SETTLED = "BTC-20NOV26-60000-C"
SPOT = "BTC_USDC"


# --- How long an order waits


def test_what_is_left_of_an_immediate_order_is_cancelled() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 8, at=101, time_in_force=TimeInForce.IOC)

    assert deed.trades == [(101, 5)]
    assert (deed.order.state, deed.order.filled) == (OrderState.CANCELLED, 5)
    assert deed.order.cancel_reason == "immediate_or_cancel"
    assert floor.book() == ladder("""
              | 102 | 5
    """)


def test_a_fill_or_kill_order_fills_all_of_it() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 10, at=102, time_in_force=TimeInForce.FOK)

    assert deed.trades == [(101, 5), (102, 5)]
    assert deed.order.state is OrderState.FILLED


def test_a_fill_or_kill_order_that_cannot_be_filled_trades_nothing() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 11, at=102, time_in_force=TimeInForce.FOK)

    assert deed.fills == []
    assert (deed.order.state, deed.order.cancel_reason) == ("cancelled", "fill_or_kill")
    assert floor.book() == ladder("""
              | 102 | 5
              | 101 | 5
    """)


# --- Market orders


def test_a_market_order_takes_what_is_there() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 3
    """)

    deed = floor.buy(BOB, 10)

    assert deed.trades == [(101, 3), (102, 5)]
    order = deed.order
    assert (order.state, order.filled, order.cancel_reason) == ("cancelled", 8, "no_liquidity")
    assert order.price is None
    # (3 * 101 + 5 * 102) / 8 ticks.
    assert Decimal(order.filled_value) / order.filled == Decimal("101.625")


def test_a_market_order_in_an_empty_book_is_cancelled() -> None:
    floor = TradingFloor.at(100)

    deed = floor.sell(BOB, 10)

    assert (deed.order.state, deed.order.filled) == ("cancelled", 0)
    assert deed.levels == []


def test_a_market_order_stops_at_the_edge_of_the_price_band() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 401 | 5
              | 400 | 5
    """)

    assert floor.buy(BOB, 10).trades == [(400, 5)]


def test_a_market_order_may_have_to_be_filled_whole() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, at=101)

    assert floor.buy(BOB, 6, time_in_force=TimeInForce.FOK).fills == []
    assert floor.buy(BOB, 5, time_in_force=TimeInForce.FOK).trades == [(101, 5)]


# --- Post-only


@pytest.mark.parametrize(
    ("side", "price", "waits_at"),
    [
        (Side.BUY, 103, 100),
        (Side.BUY, 101, 100),
        (Side.BUY, 100, 100),
        (Side.BUY, 99, 99),
        (Side.SELL, 97, 100),
        (Side.SELL, 99, 100),
        (Side.SELL, 100, 100),
        (Side.SELL, 102, 102),
    ],
)
def test_a_post_only_order_that_would_take_waits_one_tick_inside(
    side: Side, price: int, waits_at: int
) -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5
            5 |  99 |
    """)

    place = floor.buy if side is Side.BUY else floor.sell
    deed = place(BOB, 3, at=price, post_only=True)

    assert deed.fills == []
    assert (deed.order.price, deed.order.state) == (waits_at, "open")


def test_the_tick_inside_is_the_one_that_holds_there() -> None:
    floor = TradingFloor(CALL)
    floor.mark(name=CALL, price=0.005, underlying=60_000)
    # Ticks are 1 up to 50 and 5 from there.
    floor.sell(ALICE, 1, at=50)
    assert floor.buy(BOB, 1, at=60, post_only=True).order.price == 49

    floor.cancel(1)
    floor.cancel(2)
    floor.buy(ALICE, 1, at=50)

    assert floor.sell(BOB, 1, at=49, post_only=True).order.price == 55


def test_a_post_only_order_that_would_take_is_rejected_if_it_says_so() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, at=101)

    deed = floor.buy(BOB, 3, at=101, post_only=True, reject_post_only=True)

    assert deed.rejected == Rejected(Reject.POST_ONLY_REJECT, "post_only_reject", "price")
    assert not floor.buy(BOB, 3, at=100, post_only=True, reject_post_only=True).is_rejected


def test_a_post_only_order_is_rejected_when_there_is_no_price_inside() -> None:
    floor = TradingFloor.at(1)
    floor.sell(ALICE, 5, at=1)

    deed = floor.buy(BOB, 3, at=1, post_only=True)

    assert deed.rejected == Rejected(Reject.POST_ONLY_REJECT, "no_price_inside", "price")


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD])
def test_what_must_take_cannot_be_post_only(time_in_force: TimeInForce) -> None:
    floor = TradingFloor.at(100)

    limit = floor.buy(BOB, 3, at=100, post_only=True, time_in_force=time_in_force)
    market = floor.buy(BOB, 3, post_only=True)

    assert limit.rejected.code is market.rejected.code is Reject.UNSUPPORTED_COMBINATION


# --- Reduce-only


def with_a_long_of_ten() -> TradingFloor:
    """Return a floor where Alice is 10 long and the book is empty."""
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    return floor


def test_an_order_that_only_reduces_is_cut_to_the_position() -> None:
    floor = with_a_long_of_ten()

    deed = floor.sell(ALICE, 25, at=101, reduce_only=True)

    assert (deed.order.amount, deed.order.reduce_only) == (10, True)


def test_a_market_order_that_only_reduces_closes_the_position() -> None:
    floor = with_a_long_of_ten()
    floor.buy(CAROL, 30, at=99)

    floor.sell(ALICE, 25, reduce_only=True)

    assert floor.position(ALICE).size == 0


def test_where_there_is_nothing_to_reduce_a_reducing_order_is_rejected() -> None:
    floor = with_a_long_of_ten()

    larger = floor.buy(ALICE, 1, at=99, reduce_only=True)
    none = floor.sell(CAROL, 1, at=101, reduce_only=True)

    reason = Rejected(Reject.OTHER_REJECT, "reduce_only", "reduce_only")
    assert larger.rejected == none.rejected == reason


# --- Edits


def test_the_same_price_and_a_lower_amount_keep_the_place_in_the_queue() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5 5
    """)

    floor.edit(1, 3)
    deed = floor.buy(BOB, 4, at=101)

    assert [(fill.maker.order_id, fill.amount) for fill in deed.fills] == [(1, 3), (2, 1)]
    assert floor.order(1).replaced


@pytest.mark.parametrize(
    ("what", "lots", "price", "options", "is_first"),
    [
        ("nothing", 5, None, {}, True),
        ("the same price", 5, 101, {}, True),
        ("a lower amount", 4, None, {}, True),
        ("post-only on", 5, None, {"post_only": True}, True),
        ("reduce-only on", 5, None, {"reduce_only": True}, True),
        ("a higher amount", 6, None, {}, False),
        ("a higher amount of what only reduces", 6, None, {"reduce_only": True}, False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_edit_does_to_the_place_in_the_queue(
    what: str, lots: int, price: int | None, options: EditOptions, is_first: bool
) -> None:
    assert what
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 20, at=100)
    floor.sell(CAROL, 20, at=100)
    floor.draw("""
              | 101 | 5 5
    """)

    floor.edit(3, lots, at=price, **options).expect_accepted()

    first = floor.buy(BOB, 1, at=101).fills[0].maker.order_id
    assert first == (3 if is_first else 4)


def test_a_price_that_was_left_and_taken_again_is_a_new_place() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5 5
    """)
    floor.edit(1, 5, at=102)

    floor.edit(1, 5, at=101)

    assert floor.buy(BOB, 1, at=101).fills[0].maker.order_id == 2


@pytest.mark.parametrize(("lots", "price"), [(6, None), (6, 101), (5, 102)])
def test_a_higher_amount_or_another_price_goes_to_the_back(lots: int, price: int | None) -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)
    floor.sell(CAROL, 5, at=101)

    floor.edit(2, lots, at=price)
    deed = floor.buy(BOB, 20, at=102)

    makers = [int(fill.maker.order_id) for fill in deed.fills]
    assert makers.index(3) < makers.index(2)


def test_an_edit_that_changes_nothing_keeps_everything() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5 5
    """)

    deed = floor.edit(1, 5, at=101)

    assert (deed.order.order_id, deed.order.state, deed.levels) == (1, "open", [])
    assert floor.buy(BOB, 1, at=101).fills[0].maker.order_id == 1


def test_an_edited_order_that_crosses_trades() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5
            9 |  99 |
    """)

    deed = floor.edit(2, 9, at=102)

    assert deed.trades == [(101, 5)]
    assert deed.fills[0].taker.order_id == 2
    assert (deed.order.price, deed.order.filled, deed.order.state) == (102, 5, "open")
    assert floor.book() == ladder("""
            4 | 102 |
    """)


def test_the_amount_of_an_edit_is_the_total() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 4, at=100)

    deed = floor.edit(1, 7)

    assert (deed.order.amount, deed.order.filled, deed.order.remaining) == (7, 4, 3)


@pytest.mark.parametrize("lots", [4, 3, 1])
def test_an_edit_to_what_is_filled_ends_the_order(lots: int) -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 4, at=100)

    deed = floor.edit(1, lots)

    assert (deed.order.state, deed.order.amount, deed.order.filled) == ("filled", 4, 4)
    assert floor.book() == ""
    assert floor.exchange.open_orders(ALICE) == []


def test_a_post_only_order_stays_so_when_it_is_edited() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 5, at=101)
    floor.buy(ALICE, 5, at=98, post_only=True)

    deed = floor.edit(2, 5, at=103)

    assert (deed.order.price, deed.order.post_only, deed.fills) == (100, True, [])


def test_an_edit_may_make_an_order_take() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 5, at=101)
    floor.buy(ALICE, 5, at=98, post_only=True)

    deed = floor.edit(2, 5, at=103, post_only=False)

    assert (deed.order.state, deed.order.post_only) == ("filled", False)


def test_an_edit_that_would_take_cancels_the_order_if_it_says_so() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 5, at=101)
    floor.buy(ALICE, 5, at=98, post_only=True)

    deed = floor.edit(2, 5, at=103, reject_post_only=True)

    ended = floor.order(2)
    assert (ended.state, ended.cancel_reason) == ("cancelled", "edit_post_only_reject")
    assert (ended.price, ended.filled, deed.fills) == (98, 0, [])
    assert floor.summary(ALICE, "USDC").initial_margin == 0


def test_an_edit_may_make_an_order_only_reduce_in_its_place() -> None:
    floor = with_a_long_of_ten()
    floor.sell(ALICE, 15, at=101)
    floor.sell(CAROL, 5, at=101)

    deed = floor.edit(3, 15, reduce_only=True)

    assert (deed.order.amount, deed.order.reduce_only) == (10, True)
    assert floor.buy(BOB, 1, at=101).fills[0].maker.order_id == 3


def test_an_order_that_no_longer_only_reduces_is_judged_anew() -> None:
    floor = with_a_long_of_ten()
    floor.sell(ALICE, 10, at=101)
    # At 100 ticks a lot is worth 0.05 USDC. The two orders would leave Alice 10 short.
    floor.sell(ALICE, 10, at=101, reduce_only=True)
    floor.leave(ALICE, "USDC", 10_001)
    floor.mark(99)
    assert floor.summary(ALICE, "USDC").available_funds < 0

    floor.edit(4, 10, reduce_only=True).expect_accepted()
    floor.mark(80)
    floor.edit(4, 10, at=102, reduce_only=True).expect_accepted()

    assert floor.edit(4, 11, reduce_only=False).rejected.code is Reject.NOT_ENOUGH_FUNDS
    assert floor.order(4).reduce_only


def test_a_price_left_outside_of_the_band_may_still_be_edited_in_amount() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.mark(20)

    floor.edit(1, 9, at=100).expect_accepted()

    assert floor.edit(1, 8, at=99).rejected.code is Reject.PRICE_TOO_HIGH


# --- What is refused, and what first


def crowded_floor() -> TradingFloor:
    """Return a floor on which every reason to refuse an order can be had.

    The call is marked at 0.05 BTC, 500 ticks, and 505 is the best ask; Alice has two orders.
    """
    floor = TradingFloor(CALL, UNMARKED, EXPIRED, SETTLED, SPOT)
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.expire(SETTLED)
    floor.settle(SETTLED, 60_000)
    floor.expire(EXPIRED)
    floor.sell(CAROL, 1, at=505)
    floor.buy(ALICE, 1, at=490)
    floor.buy(ALICE, 1, at=490)
    return floor


def test_a_new_order_is_refused_for_the_first_reason_that_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "OPEN_ORDERS_INSTRUMENT_MAX", 2)
    monkeypatch.setattr(admission, "POSITION_LOTS_MAX", 9_000_000)
    floor = crowded_floor()
    floor.leave(BOB, "BTC", 1_000_000)
    # Everything is wrong with this order. Each line is one reason, and what cures it.
    command = PlaceOrder(
        valid_until_ns=floor.now_ns,
        account_id=AccountId(99),
        instrument_id=InstrumentId(99),
        side=Side.BUY,
        amount=Lots(0),
        price=Ticks(0),
        time_in_force=TimeInForce.IOC,
        post_only=True,
        reject_post_only=True,
        reduce_only=True,
        label="x" * 65,
    )
    reasons: list[tuple[Reject, dict[str, object]]] = [
        (Reject.TIMED_OUT, {"valid_until_ns": floor.now_ns + 1}),
        (Reject.UNAUTHORIZED, {"account_id": ALICE}),
        (Reject.INVALID_INSTRUMENT, {"instrument_id": floor.id(SETTLED)}),
        (Reject.BOOK_CLOSED, {"instrument_id": floor.id(EXPIRED)}),
        (Reject.SETTLEMENT_IN_PROGRESS, {"instrument_id": floor.id(UNMARKED)}),
        (Reject.INVALID_AMOUNT, {"amount": 10_000_000}),
        (Reject.INVALID_PRICE, {"price": 9_999}),
        (Reject.WRONG_TICK, {"price": 10_000}),
        (Reject.UNSUPPORTED_COMBINATION, {"time_in_force": TimeInForce.GTC}),
        (Reject.INVALID_ARGUMENTS, {"label": ""}),
        (Reject.RETRY, {"instrument_id": floor.id(CALL)}),
        (Reject.PRICE_TOO_HIGH, {"price": 505}),
        (Reject.OTHER_REJECT, {"reduce_only": False}),
        (Reject.POST_ONLY_REJECT, {"price": 500}),
        (Reject.TOO_MANY_ORDERS, {"account_id": BOB}),
        (Reject.POSITION_TOO_LARGE, {"amount": 9_000_000}),
        (Reject.NOT_ENOUGH_FUNDS, {"amount": 1}),
    ]

    for reason, cure in reasons:
        before = floor.exchange.state_hash()
        (event,) = floor.apply(command)
        assert isinstance(event, Rejected)
        assert event.code is reason
        assert floor.exchange.state_hash() == before
        command = msgspec.structs.replace(command, **cure)

    assert not isinstance(floor.apply(command)[0], Rejected)


def test_an_edit_is_refused_for_the_first_reason_that_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "POSITION_LOTS_MAX", 9_000_000)
    floor = crowded_floor()
    floor.cancel(2)
    floor.buy(BOB, 1, at=490)
    floor.leave(BOB, "BTC", 1_000_000)
    command = EditOrder(
        valid_until_ns=floor.now_ns,
        account_id=AccountId(99),
        order_id=OrderId(99),
        amount=Lots(0),
        price=Ticks(0),
        post_only=True,
        reject_post_only=True,
        reduce_only=True,
    )
    reasons: list[tuple[Reject, dict[str, object]]] = [
        (Reject.TIMED_OUT, {"valid_until_ns": floor.now_ns + 1}),
        (Reject.UNAUTHORIZED, {"account_id": ALICE}),
        (Reject.ORDER_NOT_FOUND, {"order_id": 4}),
        (Reject.NOT_OWNER, {"order_id": 2}),
        (Reject.NOT_OPEN_ORDER, {"account_id": BOB, "order_id": 4}),
        (Reject.INVALID_AMOUNT, {"amount": 10_000_000}),
        (Reject.INVALID_PRICE, {"price": 9_999}),
        (Reject.WRONG_TICK, {"price": 10_000}),
        (Reject.PRICE_TOO_HIGH, {"price": 505}),
        (Reject.OTHER_REJECT, {"reduce_only": False, "price": 500}),
        (Reject.POSITION_TOO_LARGE, {"amount": 9_000_000}),
        (Reject.NOT_ENOUGH_FUNDS, {"amount": 1}),
    ]

    for reason, cure in reasons:
        before = floor.exchange.state_hash()
        (event,) = floor.apply(command)
        assert isinstance(event, Rejected)
        assert event.code is reason
        assert floor.exchange.state_hash() == before
        command = msgspec.structs.replace(command, **cure)

    assert not isinstance(floor.apply(command)[0], Rejected)


def test_an_edit_waits_for_the_settlement_like_everybody() -> None:
    floor = TradingFloor(CALL)
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.buy(ALICE, 1, at=490)
    floor.expire(CALL)

    assert floor.edit(1, 0).rejected.code is Reject.SETTLEMENT_IN_PROGRESS


@pytest.mark.parametrize(
    "build",
    [
        lambda floor: floor.sell(ALICE, 1, at=100, name=SPOT, reduce_only=True),
        lambda floor: floor.edit(1, 1, reduce_only=True),
    ],
    ids=["place", "edit"],
)
def test_there_is_nothing_to_reduce_on_spot(
    build: Callable[[TradingFloor], object],
) -> None:
    floor = TradingFloor(SPOT)
    floor.sell(ALICE, 1, at=100)

    deed = build(floor)

    assert deed.rejected == Rejected(  # type: ignore[attr-defined] # a Deed
        Reject.INVALID_ARGUMENTS, "reduce_only_on_spot", "reduce_only"
    )


def test_a_market_order_has_no_price() -> None:
    floor = TradingFloor.at(100)

    (event,) = floor.apply(
        PlaceOrder(
            account_id=ALICE,
            instrument_id=floor.id(),
            side=Side.BUY,
            order_type=OrderType.MARKET,
            amount=Lots(1),
            price=Ticks(100),
        )
    )

    assert event == Rejected(Reject.INVALID_ARGUMENTS, "price_of_market_order", "price")


def test_a_limit_order_has_a_price() -> None:
    floor = TradingFloor.at(100)

    (event,) = floor.apply(
        PlaceOrder(
            account_id=ALICE, instrument_id=floor.id(), side=Side.BUY, amount=Lots(1), price=None
        )
    )

    assert event == Rejected(Reject.INVALID_PRICE, "0 against 1 ticks", "price")


def test_spot_trades_before_anybody_has_marked_it() -> None:
    floor = TradingFloor(SPOT)
    floor.sell(ALICE, 5, at=100)

    assert floor.buy(BOB, 5).trades == [(100, 5)]


def test_a_seller_below_a_quarter_of_the_mark_is_stopped() -> None:
    floor = TradingFloor.at(100)

    assert not floor.sell(ALICE, 1, at=25).is_rejected
    assert floor.sell(ALICE, 1, at=24).rejected.code is Reject.PRICE_TOO_LOW
