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
    Trigger,
    TriggerPriceType,
)
from strikewire.exchange.orders import triggering
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, PriceE8, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

CALL = "BTC-25DEC26-60000-C"
EXPIRED = "BTC-27NOV26-60000-C"
SETTLED = "BTC-20NOV26-60000-C"
SPOT = "BTC_USDC"
TICK = 50_000_000
"""Of BTC_USDC-PERPETUAL: half a dollar, in 1e-8."""

LAST, MARK, INDEX = TriggerPriceType.LAST, TriggerPriceType.MARK, TriggerPriceType.INDEX


def at(ticks: float, price_type: TriggerPriceType = MARK) -> Trigger:
    return Trigger(price_type=price_type, price=PriceE8(round(ticks * TICK)))


def behind(ticks: float, price_type: TriggerPriceType = MARK) -> Trigger:
    return Trigger(price_type=price_type, offset=PriceE8(round(ticks * TICK)))


def test_an_order_waits_outside_of_the_book_and_ties_up_no_money() -> None:
    floor = TradingFloor.at(100)
    before = floor.summary(ALICE, "USDC")

    deed = floor.sell(ALICE, 5, 97, order_type=OrderType.STOP_LIMIT, trigger=at(98), label="out")

    order = deed.order
    assert (order.order_id, order.state) == (1, OrderState.UNTRIGGERED)
    assert (order.order_type, order.price, order.amount) == ("stop_limit", 97, 5)
    assert (order.trigger, order.label) == (at(98), "out")
    assert floor.book() == ""
    assert floor.summary(ALICE, "USDC") == before
    assert floor.exchange.conditional_orders(ALICE) == [order] == [floor.order(1)]
    assert floor.exchange.conditional_orders(ALICE, floor.id()) == [order]
    assert floor.exchange.open_orders(ALICE) == []


@pytest.mark.parametrize(
    ("side", "level"), [(Side.SELL, 93), (Side.BUY, 107)], ids=["seller", "buyer"]
)
def test_a_trailing_stop_is_measured_from_the_price_it_is_placed_at(side: Side, level: int) -> None:
    floor = TradingFloor.at(100)
    place = floor.sell if side is Side.SELL else floor.buy

    order = place(ALICE, 5, order_type=OrderType.TRAILING_STOP, trigger=behind(7)).order

    assert order.trigger == Trigger(
        price_type=MARK, price=PriceE8(level * TICK), offset=PriceE8(7 * TICK)
    )
    assert order.trigger_reference == 100 * TICK


def test_what_waits_for_a_price_that_there_never_was_waits() -> None:
    floor = TradingFloor("BTC_USDC-PERPETUAL")

    for price_type in TriggerPriceType:
        deed = floor.sell(ALICE, 1, order_type=OrderType.STOP_MARKET, trigger=at(98, price_type))
        assert deed.order.state is OrderState.UNTRIGGERED


def test_an_index_has_no_ticks_for_an_option() -> None:
    floor = TradingFloor(CALL)
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    odd = PriceE8(55_000 * 10**8 + 1)
    index = Trigger(price_type=INDEX, price=odd)
    mark = Trigger(price_type=MARK, price=PriceE8(4_000_001))

    assert not floor.sell(ALICE, 1, order_type=OrderType.STOP_MARKET, trigger=index).is_rejected
    refused = floor.sell(ALICE, 1, order_type=OrderType.STOP_MARKET, trigger=mark).rejected
    assert refused.code is Reject.TRIGGER_WRONG_TICK


# --- Edits


def test_an_edit_changes_what_an_order_waits_for_and_what_it_will_be() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, 97, order_type=OrderType.STOP_LIMIT, trigger=at(98))

    deed = floor.edit(1, 7, 95, trigger_price=PriceE8(96 * TICK), reduce_only=True)

    order = deed.order
    assert (order.amount, order.price, order.reduce_only, order.replaced) == (7, 95, True, True)
    assert order.trigger == at(96)
    assert order.state is OrderState.UNTRIGGERED


def test_an_edited_trailing_stop_keeps_the_best_price_it_saw() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 5, order_type=OrderType.TRAILING_STOP, trigger=behind(10))
    floor.mark(120)
    floor.mark(118)

    deed = floor.edit(1, 5, trigger_offset=PriceE8(4 * TICK))

    # The best price was 120.
    assert deed.order.trigger == Trigger(
        price_type=MARK, price=PriceE8(116 * TICK), offset=PriceE8(4 * TICK)
    )
    floor.mark(121)
    assert floor.order(1).trigger == Trigger(
        price_type=MARK, price=PriceE8(117 * TICK), offset=PriceE8(4 * TICK)
    )


# --- What is refused, and what first


def crowded_floor() -> TradingFloor:
    """Return a floor on which every reason to refuse can be had; the last trade was at 500."""
    floor = TradingFloor(CALL, EXPIRED, SETTLED, SPOT)
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.expire(SETTLED)
    floor.settle(SETTLED, 60_000)
    floor.expire(EXPIRED)
    return floor


def test_a_new_order_is_refused_for_the_first_reason_that_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(triggering, "CONDITIONAL_ORDERS_INSTRUMENT_MAX", 1)
    floor = crowded_floor()
    tail = Trigger(price_type=INDEX, offset=PriceE8(10**8))
    floor.sell(BOB, 1, name=CALL, order_type=OrderType.TRAILING_STOP, trigger=tail)
    mark_at = {
        e8: Trigger(price_type=MARK, price=PriceE8(e8)) for e8 in (0, 10**18, 4_000_001, 6 * 10**6)
    }
    # Everything is wrong with this order. Each line is one reason, and what cures it.
    command = PlaceOrder(
        account_id=AccountId(99),
        instrument_id=InstrumentId(99),
        side=Side.SELL,
        order_type=OrderType.STOP_LIMIT,
        amount=Lots(0),
        price=Ticks(0),
        time_in_force=TimeInForce.IOC,
        post_only=True,
        reduce_only=True,
        label="x" * 65,
    )
    reasons: list[tuple[Reject, dict[str, object]]] = [
        (Reject.UNAUTHORIZED, {"account_id": BOB}),
        (Reject.INVALID_INSTRUMENT, {"instrument_id": floor.id(SETTLED)}),
        (Reject.BOOK_CLOSED, {"instrument_id": floor.id(EXPIRED)}),
        (Reject.SETTLEMENT_IN_PROGRESS, {"instrument_id": floor.id(CALL)}),
        (Reject.INVALID_AMOUNT, {"amount": 1}),
        (Reject.INVALID_PRICE, {"price": 9_999}),
        (Reject.WRONG_TICK, {"price": 500}),
        (Reject.INVALID_ARGUMENTS, {"trigger": mark_at[0]}),
        (Reject.TRIGGER_PRICE_TOO_LOW, {"trigger": mark_at[10**18]}),
        (Reject.TRIGGER_PRICE_TOO_HIGH, {"trigger": mark_at[4_000_001]}),
        (Reject.TRIGGER_WRONG_TICK, {"trigger": mark_at[6 * 10**6]}),
        (Reject.UNSUPPORTED_COMBINATION, {"time_in_force": TimeInForce.GTC}),
        (Reject.INVALID_ARGUMENTS, {"label": ""}),
        (
            Reject.INVALID_TRIGGER_PRICE,
            {"trigger": Trigger(price_type=MARK, price=PriceE8(4_000_000))},
        ),
        (Reject.NO_MORE_TRIGGERS, {"account_id": CAROL}),
    ]

    for reason, cure in reasons:
        before = floor.exchange.state_hash()
        (event,) = floor.apply(command)
        assert isinstance(event, Rejected)
        assert event.code is reason
        assert floor.exchange.state_hash() == before
        command = msgspec.structs.replace(command, **cure)

    # It only reduces, and there is nothing to reduce: that is asked when it comes in.
    assert not isinstance(floor.apply(command)[0], Rejected)


def test_an_edit_is_refused_for_the_first_reason_that_holds() -> None:
    floor = crowded_floor()
    stop = Trigger(price_type=MARK, price=PriceE8(4_000_000))
    floor.sell(BOB, 1, 490, name=CALL, order_type=OrderType.STOP_LIMIT, trigger=stop)
    floor.cancel(floor.buy(ALICE, 1, 490, name=CALL).order.order_id)
    command = EditOrder(
        account_id=AccountId(99),
        order_id=OrderId(99),
        amount=Lots(0),
        price=Ticks(0),
        trigger_price=PriceE8(0),
        trigger_offset=PriceE8(1),
    )
    reasons: list[tuple[Reject, dict[str, object]]] = [
        (Reject.UNAUTHORIZED, {"account_id": ALICE}),
        (Reject.ORDER_NOT_FOUND, {"order_id": 1}),
        (Reject.NOT_OWNER, {"order_id": 2}),
        (Reject.NOT_OPEN_ORDER, {"account_id": BOB, "order_id": 1}),
        (Reject.INVALID_AMOUNT, {"amount": 1}),
        (Reject.INVALID_PRICE, {"price": 9_999}),
        (Reject.WRONG_TICK, {"price": 500}),
        (Reject.INVALID_ARGUMENTS, {"trigger_offset": None}),
        (Reject.TRIGGER_PRICE_TOO_LOW, {"trigger_price": 10**18}),
        (Reject.TRIGGER_PRICE_TOO_HIGH, {"trigger_price": 4_000_001}),
        (Reject.TRIGGER_WRONG_TICK, {"trigger_price": 6_000_000}),
        (Reject.INVALID_TRIGGER_PRICE, {"trigger_price": 4_500_000}),
    ]

    for reason, cure in reasons:
        before = floor.exchange.state_hash()
        (event,) = floor.apply(command)
        assert isinstance(event, Rejected)
        assert event.code is reason
        assert floor.exchange.state_hash() == before
        command = msgspec.structs.replace(command, **cure)

    assert not isinstance(floor.apply(command)[0], Rejected)


@pytest.mark.parametrize(
    ("order_type", "price", "trigger", "param"),
    [
        (OrderType.STOP_MARKET, None, None, "trigger"),
        (OrderType.LIMIT, 100, at(98), "trigger"),
        (OrderType.MARKET_LIMIT, None, at(98), "trigger"),
        (OrderType.STOP_MARKET, 100, at(98), "price"),
        (OrderType.TRAILING_STOP, 100, behind(5), "price"),
        (OrderType.STOP_MARKET, None, behind(5), "trigger_offset"),
        (OrderType.TRAILING_STOP, None, at(98), "trigger_price"),
        (OrderType.TAKE_MARKET, None, Trigger(price_type=MARK), "trigger_price"),
        (OrderType.TRAILING_STOP, None, Trigger(price_type=MARK), "trigger_offset"),
    ],
)
def test_a_trigger_must_fit_the_type_of_the_order(
    order_type: OrderType, price: int | None, trigger: Trigger | None, param: str
) -> None:
    floor = TradingFloor.at(100)
    command = PlaceOrder(
        account_id=ALICE,
        instrument_id=floor.id(),
        side=Side.SELL,
        order_type=order_type,
        amount=Lots(1),
        price=None if price is None else Ticks(price),
        trigger=trigger,
    )

    (event,) = floor.apply(command)

    assert isinstance(event, Rejected)
    assert (event.code, event.param) == (Reject.INVALID_ARGUMENTS, param)


@pytest.mark.parametrize(
    ("place", "order_type", "ticks"),
    [
        ("buy", OrderType.STOP_MARKET, 100),
        ("buy", OrderType.TAKE_MARKET, 100),
        ("sell", OrderType.STOP_MARKET, 101),
        ("sell", OrderType.TAKE_MARKET, 99),
    ],
)
def test_an_order_whose_price_has_come_already_is_refused(
    place: str, order_type: OrderType, ticks: int
) -> None:
    floor = TradingFloor.at(100)

    deed = getattr(floor, place)(ALICE, 1, order_type=order_type, trigger=at(ticks))

    assert deed.rejected.code is Reject.INVALID_TRIGGER_PRICE
    assert deed.rejected.reason == f"{ticks * TICK} reached by {100 * TICK}"


def test_a_trailing_stop_needs_a_price_and_room_below_it() -> None:
    floor = TradingFloor.at(100)

    no_trade = floor.sell(ALICE, 1, order_type=OrderType.TRAILING_STOP, trigger=behind(5, LAST))
    too_far = floor.sell(ALICE, 1, order_type=OrderType.TRAILING_STOP, trigger=behind(100))
    floor.sell(ALICE, 1, order_type=OrderType.TRAILING_STOP, trigger=behind(5))

    assert no_trade.rejected == Rejected(Reject.RETRY, "no_last_price", "trigger")
    assert too_far.rejected.code is Reject.INVALID_TRIGGER_PRICE
    edited = floor.edit(1, 1, trigger_offset=PriceE8(100 * TICK))
    assert edited.rejected.code is Reject.INVALID_TRIGGER_PRICE


def test_an_order_in_a_book_has_no_trigger_to_edit() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 1, at=101)

    deed = floor.edit(1, 1, trigger_price=PriceE8(TICK))

    assert deed.rejected.code is Reject.INVALID_ARGUMENTS


def test_an_account_has_as_many_orders_that_wait_as_it_may_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(triggering, "CONDITIONAL_ORDERS_MAX", 2)
    floor = TradingFloor("BTC_USDC-PERPETUAL", "BTC-PERPETUAL", "BTC_USDC")
    names = list(floor.ids)

    deeds = [
        floor.sell(ALICE, 1, name=name, order_type=OrderType.STOP_MARKET, trigger=at(98, INDEX))
        for name in names
    ]

    assert [deed.is_rejected for deed in deeds] == [False, False, True]
    assert deeds[2].rejected.code is Reject.NO_MORE_TRIGGERS
