import pytest

from strikewire.exchange import (
    EditOrder,
    Exchange,
    LevelChanged,
    Linked,
    LinkedOrderType,
    OrderState,
    OrderType,
    PlaceOrder,
    Reject,
    SelfTrading,
    SetSelfTrading,
    TimeInForce,
    Trigger,
    TriggerFillCondition,
    TriggerPriceType,
)
from strikewire.exchange.orders.iceberg import refuse_display
from strikewire.model import Lots, OrderId, PriceE8, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, CAROL, Deed, PlaceOptions, TradingFloor, ladder


def with_iceberg() -> TradingFloor:
    """Return a floor where Alice sells 350 at 101 and shows 100, with Bob's 50 behind her."""
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 350, at=101, display=100).expect_accepted()
    floor.sell(BOB, 50, at=101)
    return floor


# --- What may be hidden


@pytest.mark.parametrize(
    ("display", "lots", "is_refused"),
    [
        (100, 100, False),
        (100, 101, False),
        (99, 1_000, True),
        (101, 100, True),
        # 9 999 hidden lots are less than 100 times the 100 that are shown; 10 000 are not.
        (100, 10_099, False),
        (100, 10_100, True),
        (0, 1_000, True),
        (-100, 1_000, True),
    ],
)
def test_an_iceberg_shows_enough_and_no_more_than_there_is(
    display: int, lots: int, is_refused: bool
) -> None:
    rejected = refuse_display(display, lots)

    assert (rejected is not None) == is_refused
    if rejected is not None:
        assert (rejected.code, rejected.param) == (Reject.INVALID_MAX_SHOW, "display_amount")


@pytest.mark.parametrize(
    ("at", "time_in_force"),
    [(None, TimeInForce.GTC), (101, TimeInForce.IOC), (101, TimeInForce.FOK)],
)
def test_what_never_waits_has_nothing_to_hide(at: int | None, time_in_force: TimeInForce) -> None:
    floor = TradingFloor.at(100)

    deed = floor.sell(ALICE, 300, at=at, time_in_force=time_in_force, display=100)

    assert deed.rejected.code is Reject.UNSUPPORTED_COMBINATION


# --- What the public sees


def test_the_public_sees_what_is_shown() -> None:
    floor = with_iceberg()

    assert floor.book() == ladder("""
              | 101 | 100 50
    """)
    order = floor.order(1)
    assert (order.amount, order.display_amount, order.refresh_amount) == (350, 100, 100)


def test_an_order_that_hides_nothing_has_nothing_on_display() -> None:
    order = with_iceberg().order(2)

    assert (order.display_amount, order.refresh_amount) == (0, 0)


def test_margin_counts_what_is_hidden() -> None:
    hidden, shown = TradingFloor.at(100), TradingFloor.at(100)

    hidden.sell(ALICE, 350, at=101, display=100)
    shown.sell(ALICE, 350, at=101)

    assert hidden.summary(ALICE, "USDC") == shown.summary(ALICE, "USDC")
    assert hidden.summary(ALICE, "USDC").initial_margin > 0


# --- How it trades


def test_the_next_slice_stands_behind_all_others_at_its_price() -> None:
    floor = with_iceberg()

    deed = floor.buy(CAROL, 100, at=101)

    assert deed.trades == [(101, 100)]
    # The level is as it was before: there is no change to tell.
    assert deed.levels == []
    again = floor.buy(CAROL, 60, at=101)
    assert [(fill.maker.order_id, fill.amount) for fill in again.fills] == [(2, 50), (1, 10)]


def test_a_slice_that_is_not_used_up_keeps_its_place() -> None:
    floor = with_iceberg()

    floor.buy(CAROL, 99, at=101)

    assert floor.order(1).display_amount == 1
    deed = floor.buy(CAROL, 2, at=101)
    assert [(fill.maker.order_id, fill.amount) for fill in deed.fills] == [(1, 1), (2, 1)]


def test_one_order_takes_what_is_shown_first_and_then_slice_by_slice() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 250, at=101, display=100)
    floor.sell(BOB, 420, at=101, display=200)
    floor.sell(CAROL, 30, at=101)

    deed = floor.buy(CAROL, 700, at=102)

    assert [(fill.maker.order_id, fill.amount) for fill in deed.fills] == [
        (1, 100),
        (2, 200),
        (3, 30),
        (1, 100),
        (2, 200),
        (1, 50),
        (2, 20),
    ]
    assert floor.book() == ""


def test_hidden_lots_trade_before_the_next_price() -> None:
    floor = with_iceberg()
    floor.sell(BOB, 10, at=102)

    deed = floor.buy(CAROL, 405, at=102)

    assert deed.trades == [(101, 100), (101, 50), (101, 100), (101, 100), (101, 50), (102, 5)]
    assert floor.book() == ladder("""
              | 102 | 5
    """)


def test_fill_or_kill_counts_what_is_hidden() -> None:
    floor = with_iceberg()

    assert floor.buy(CAROL, 401, at=101, time_in_force=TimeInForce.FOK).fills == []
    deed = floor.buy(CAROL, 400, at=101, time_in_force=TimeInForce.FOK)

    assert deed.order.state is OrderState.FILLED


def test_the_last_slice_is_what_is_left() -> None:
    floor = with_iceberg()
    floor.buy(CAROL, 350, at=101)

    order = floor.order(1)

    # 100, Bob's 50, and 200 of hers.
    assert (order.filled, order.display_amount, order.refresh_amount) == (300, 50, 100)


def test_an_iceberg_that_comes_in_as_a_taker_shows_a_slice_of_what_is_left() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 120, at=100)

    deed = floor.sell(ALICE, 300, at=100, display=150)

    assert deed.trades == [(100, 120)]
    assert floor.book() == ladder("""
              | 100 | 150
    """)


def test_a_cancelled_iceberg_takes_its_hidden_lots_with_it() -> None:
    floor = with_iceberg()

    floor.cancel(1)

    assert floor.book() == ladder("""
              | 101 | 50
    """)
    assert floor.summary(ALICE, "USDC").initial_margin == 0


def test_no_level_ever_tells_of_hidden_lots() -> None:
    floor = with_iceberg()

    deeds = [floor.buy(CAROL, 30, at=101) for _ in range(13)]

    told = [
        event.amount for deed in deeds for event in deed.events if isinstance(event, LevelChanged)
    ]
    assert max(told) <= 150
    assert floor.exchange.book(floor.id()).asks == [(101, 10)]


def test_post_only_icebergs_wait_inside() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 10, at=100)

    deed = floor.sell(ALICE, 300, at=99, display=100, post_only=True)

    assert (deed.order.price, deed.order.display_amount) == (101, 100)


def test_a_reducing_iceberg_stops_where_the_position_is_gone() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 250, at=100)
    floor.sell(BOB, 250, at=100)
    floor.sell(ALICE, 250, at=101, reduce_only=True, display=100)
    floor.sell(ALICE, 120, at=100)
    floor.buy(BOB, 120, at=100)

    assert (floor.order(3).remaining, floor.order(3).display_amount) == (130, 100)
    deed = floor.buy(BOB, 500, at=101)

    assert deed.trades == [(101, 100), (101, 30)]
    assert floor.position(ALICE).size == 0


def test_an_own_iceberg_is_cancelled_once_with_all_its_slices() -> None:
    floor = with_iceberg()
    floor.apply(SetSelfTrading(ALICE, SelfTrading.CANCEL_MAKER))

    deed = floor.buy(ALICE, 60, at=101)

    assert deed.trades == [(101, 50)]
    assert floor.book() == ladder("""
           10 | 101 |
    """)


def test_an_iceberg_whose_owner_runs_out_of_money_is_cancelled_after_its_last_fill() -> None:
    # Alice sells 0.03 BTC in slices of 0.01 and then has 0.015 BTC left.
    floor = TradingFloor("BTC-25DEC26-60000-C", "BTC_USDC", cash={"BTC": 20_000_000})
    floor.mark(name="BTC-25DEC26-60000-C", price=0.05, underlying=60_000)
    floor.sell(ALICE, 10, at=500)
    floor.buy(BOB, 10, at=500)
    floor.sell(ALICE, 490, at=120_000, name="BTC_USDC", display=200).expect_accepted()
    # It expires at 76 000 USD, and costs her 16 of 76 BTC less: 0.039... BTC are left.
    floor.expire("BTC-25DEC26-60000-C")
    floor.settle("BTC-25DEC26-60000-C", 76_000)
    left = floor.summary(ALICE, "BTC").balance
    assert 200 * 10_000 <= left < 490 * 10_000

    deed = floor.buy(BOB, 490, at=120_000, name="BTC_USDC")

    assert deed.trades[0] == (120_000, 200)
    ended = floor.order(3)
    assert (ended.state, ended.cancel_reason) == ("cancelled", "insufficient_funds")
    assert ended.filled == sum(lots for _, lots in deed.trades) == left // 10_000 // 200 * 200


def test_a_snapshot_keeps_slices_and_places() -> None:
    floor = with_iceberg()
    floor.buy(CAROL, 130, at=101)

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.book(floor.id()) == floor.exchange.book(floor.id())
    assert restored.order(OrderId(1)) == floor.order(1)
    assert restored.state_hash() == floor.exchange.state_hash()


# --- Edits


@pytest.mark.parametrize(
    ("lots", "at", "display", "shown", "is_first"),
    [
        # The place is kept ...
        (350, None, None, 100, True),
        (350, 101, 100, 100, True),
        (200, None, None, 100, True),
        (60, None, None, 60, True),
        # ... and lost.
        (351, None, None, 100, False),
        (350, None, 120, 120, False),
        (350, None, 350, 350, False),
        (200, None, 150, 150, False),
    ],
)
def test_an_iceberg_keeps_its_place_as_long_as_it_asks_for_no_more(
    lots: int, at: int | None, display: int | None, shown: int, is_first: bool
) -> None:
    floor = with_iceberg()

    deed = floor.edit(1, lots, at=at, display_amount=None if display is None else Lots(display))

    deed.expect_accepted()
    assert floor.order(1).display_amount == shown
    first = floor.buy(CAROL, 1, at=101).fills[0].maker.order_id
    assert first == (1 if is_first else 2)


def test_an_order_becomes_an_iceberg_by_an_edit() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 300, at=101)

    floor.edit(1, 300, display_amount=Lots(100))

    assert floor.book() == ladder("""
              | 101 | 100
    """)


def test_an_edit_to_another_price_shows_a_fresh_slice() -> None:
    floor = with_iceberg()
    floor.buy(CAROL, 99, at=101)

    deed = floor.edit(1, 350, at=102)

    assert (deed.order.display_amount, deed.order.remaining) == (100, 251)


@pytest.mark.parametrize(("lots", "display"), [(350, 99), (350, 351), (350, 0), (10_101, None)])
def test_an_edit_that_shows_too_little_or_too_much_is_refused(
    lots: int, display: int | None
) -> None:
    floor = with_iceberg()
    before = floor.order(1)

    deed = floor.edit(1, lots, display_amount=None if display is None else Lots(display))

    assert deed.rejected.code is Reject.INVALID_MAX_SHOW
    assert floor.order(1) == before


def test_an_order_that_waits_for_a_price_cannot_be_made_an_iceberg() -> None:
    floor = TradingFloor.at(100)
    command = EditOrder(
        account_id=ALICE, order_id=OrderId(1), amount=Lots(300), display_amount=Lots(100)
    )
    floor.sell(
        ALICE,
        300,
        at=80,
        order_type=OrderType.STOP_LIMIT,
        trigger=Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(45 * 10**8)),
    ).expect_accepted()

    assert Deed(floor.apply(command)).rejected.code is Reject.UNSUPPORTED_COMBINATION


# --- Hidden orders


def with_hidden() -> TradingFloor:
    """Return a floor where Alice hides 10 at 101, and Bob shows 4 there behind her."""
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 10, at=101, hidden=True).expect_accepted()
    floor.sell(BOB, 4, at=101)
    return floor


def test_a_hidden_order_changes_nothing_that_the_public_sees() -> None:
    floor = TradingFloor.at(100)
    before = floor.exchange.book(floor.id())

    deed = floor.sell(ALICE, 10, at=101, hidden=True)

    assert deed.levels == []
    assert floor.exchange.book(floor.id()) == before
    assert deed.order.hidden
    assert deed.order.state is OrderState.OPEN


def test_margin_counts_a_hidden_order() -> None:
    hidden, shown = TradingFloor.at(100), TradingFloor.at(100)

    hidden.sell(ALICE, 350, at=101, hidden=True)
    shown.sell(ALICE, 350, at=101)

    assert hidden.summary(ALICE, "USDC") == shown.summary(ALICE, "USDC")
    assert hidden.summary(ALICE, "USDC").initial_margin > 0


def test_what_is_shown_trades_first_at_the_same_price_whoever_came_first() -> None:
    floor = with_hidden()

    deed = floor.buy(CAROL, 9, at=101)

    assert [(fill.maker.order_id, fill.amount) for fill in deed.fills] == [(2, 4), (1, 5)]
    assert floor.book() == ""
    assert floor.order(1).remaining == 5


def test_a_hidden_order_trades_before_the_next_price() -> None:
    floor = with_hidden()
    floor.sell(BOB, 10, at=102)

    deed = floor.buy(CAROL, 16, at=102)

    assert deed.trades == [(101, 4), (101, 10), (102, 2)]


def test_icebergs_trade_to_their_end_before_hidden_orders() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 10, at=101, hidden=True)
    floor.sell(BOB, 250, at=101, display=100)
    floor.sell(BOB, 5, at=101, hidden=True)

    deeds = [floor.buy(CAROL, lots, at=101) for lots in (120, 145)]

    fills = [[(fill.maker.order_id, fill.amount) for fill in deed.fills] for deed in deeds]
    assert fills == [[(2, 100), (2, 20)], [(2, 80), (2, 50), (1, 10), (3, 5)]]


def test_a_hidden_order_that_is_filled_in_parts_keeps_its_place() -> None:
    floor = TradingFloor.at(100)
    for account in (ALICE, BOB):
        floor.sell(account, 10, at=101, hidden=True)

    makers = [floor.buy(CAROL, 7, at=101).fills[0].maker.order_id for _ in range(3)]

    assert makers == [1, 1, 2]


def test_post_only_orders_wait_inside_hidden_ones() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 10, at=101, hidden=True)

    deed = floor.buy(BOB, 5, at=101, post_only=True)

    assert (deed.order.price, deed.fills) == (100, [])


def test_a_taker_hides_what_is_left_of_it() -> None:
    floor = TradingFloor.at(100)
    floor.buy(BOB, 4, at=100)

    deed = floor.sell(ALICE, 10, at=100, hidden=True)

    assert (deed.trades, floor.book()) == ([(100, 4)], "")
    assert floor.buy(BOB, 6, at=100).trades == [(100, 6)]


def test_a_lower_amount_keeps_the_place_of_a_hidden_order_and_a_higher_one_loses_it() -> None:
    floor = TradingFloor.at(100)
    for account in (ALICE, BOB):
        floor.sell(account, 10, at=101, hidden=True)

    floor.edit(1, 8).expect_accepted()
    assert floor.buy(CAROL, 1, at=101).fills[0].maker.order_id == 1
    floor.edit(1, 9).expect_accepted()

    assert floor.buy(CAROL, 1, at=101).fills[0].maker.order_id == 2
    assert floor.order(1).hidden
    assert floor.book() == ""


def test_an_edit_shows_nothing_of_a_hidden_order() -> None:
    floor = TradingFloor.at(100)
    floor.sell(ALICE, 300, at=101, hidden=True)

    deed = floor.edit(1, 300, display_amount=Lots(100))

    assert deed.rejected.code is Reject.INVALID_MAX_SHOW


@pytest.mark.parametrize(
    ("at", "time_in_force", "display"),
    [
        (None, TimeInForce.GTC, None),
        (101, TimeInForce.IOC, None),
        (101, TimeInForce.FOK, None),
        (101, TimeInForce.GTC, 100),
    ],
)
def test_only_what_waits_can_be_hidden_and_no_iceberg(
    at: int | None, time_in_force: TimeInForce, display: int | None
) -> None:
    floor = TradingFloor.at(100)
    said: PlaceOptions = {"time_in_force": time_in_force, "hidden": True}
    if display is not None:
        said["display"] = display

    deed = floor.sell(ALICE, 300, at=at, **said)

    assert (deed.rejected.code, deed.rejected.param) == (Reject.UNSUPPORTED_COMBINATION, "hidden")


def test_a_stop_order_comes_in_hidden() -> None:
    floor = TradingFloor.at(100)
    trigger = Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(45 * 10**8))
    floor.sell(
        ALICE, 10, at=80, order_type=OrderType.STOP_LIMIT, trigger=trigger, hidden=True
    ).expect_accepted()

    floor.mark(90)

    assert floor.book() == ""
    assert floor.order(2).hidden


def test_a_snapshot_keeps_hidden_orders_behind_all_others() -> None:
    floor = with_hidden()

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.order(OrderId(1)) == floor.order(1)
    assert restored.state_hash() == floor.exchange.state_hash()


# --- Icebergs that come in late


def stopped_iceberg() -> TradingFloor:
    """Return a floor where Alice sells 300, of which she shows 100, once the mark is down to 99."""
    floor = TradingFloor.at(100)
    stop = Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(99 * 50_000_000))
    floor.sell(ALICE, 300, at=99, order_type=OrderType.STOP_LIMIT, trigger=stop, display=100)
    return floor


@pytest.mark.parametrize(("lots", "shown"), [(200, 100), (100, 100), (50, 50)])
def test_an_iceberg_that_was_made_smaller_before_it_comes_in_comes_in(
    lots: int, shown: int
) -> None:
    floor = stopped_iceberg()

    floor.edit(1, lots).expect_accepted()
    floor.mark(99)

    assert floor.order(1).state is OrderState.TRIGGERED
    assert floor.book() == ladder(f"""
          |  99 | {shown}
    """)


def test_an_iceberg_that_waits_for_its_price_may_not_come_to_hide_too_much() -> None:
    floor = stopped_iceberg()

    refused = floor.edit(1, 10_100).rejected

    assert (refused.code, refused.param) == (Reject.INVALID_MAX_SHOW, "display_amount")
    floor.edit(1, 10_099).expect_accepted()


def test_a_part_of_an_iceberg_that_is_smaller_than_what_it_shows_is_shown_whole() -> None:
    floor = TradingFloor.at(100)
    profit = PlaceOrder(
        account_id=ALICE,
        instrument_id=floor.id(),
        side=Side.SELL,
        amount=Lots(300),
        price=Ticks(110),
        display_amount=Lots(100),
    )
    floor.buy(
        ALICE,
        300,
        at=100,
        linked=Linked(
            type=LinkedOrderType.ONE_TRIGGERS_OTHER,
            others=(profit,),
            fill_condition=TriggerFillCondition.INCREMENTAL,
        ),
    )

    floor.sell(BOB, 25, at=100)
    floor.sell(BOB, 275, at=100)

    assert floor.book() == ladder("""
          | 110 | 25 100
    """)
    assert [view.amount for view in floor.exchange.open_orders(ALICE)] == [275, 25]
