from strikewire.exchange import (
    BalanceChanged,
    CancelReason,
    Fill,
    InstrumentSettled,
    LevelChanged,
    OrderEvent,
    OrderState,
    PositionChanged,
    TriggerPriceType,
)
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.conditional import Watch
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import State
from strikewire.model import InstrumentId, instrument
from strikewire.testing.exchange import ALICE, BOB, CAROL, START_NS, TradingFloor, e8, ladder


def test_events_come_in_the_order_in_which_readers_need_them() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 12, at=102)

    fill, maker, other_fill, other_maker, taker, *rest = deed.events
    assert isinstance(fill, Fill)
    assert isinstance(other_fill, Fill)
    assert (fill.price, other_fill.price) == (101, 102)
    assert [event.order.order_id for event in (maker, other_maker, taker)] == [2, 1, 3]  # type: ignore[union-attr] # checked by the access itself
    assert [type(event) for event in rest] == [
        PositionChanged,
        PositionChanged,
        BalanceChanged,
        BalanceChanged,
        LevelChanged,
        LevelChanged,
        LevelChanged,
    ]


def test_the_last_event_comes_after_those_that_are_told_at_the_end() -> None:
    floor = TradingFloor.at(50_000, "BTC-25DEC26")
    floor.buy(ALICE, 10, at=50_000)
    floor.sell(BOB, 10, at=50_000)
    floor.sell(BOB, 10, at=50_001)
    floor.expire("BTC-25DEC26")

    *_, balance, level, settled = floor.settle("BTC-25DEC26", 50_000).events

    assert isinstance(balance, BalanceChanged)
    assert isinstance(level, LevelChanged)
    assert isinstance(settled, InstrumentSettled)


def test_only_prices_that_somebody_waits_for_are_noted() -> None:
    turn, market = (
        Turn(State(), START_NS),
        Market(instrument("BTC-PERPETUAL", instrument_id=InstrumentId(1))),
    )
    market.watches[TriggerPriceType.MARK] = Watch()

    turn.moved(market, TriggerPriceType.LAST, e8(1))
    turn.moved(market, TriggerPriceType.MARK, e8(2))

    assert list(turn.moves) == [(market, TriggerPriceType.MARK, e8(2))]


def test_an_order_that_only_reduces_is_cut_back_with_its_position() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.sell(ALICE, 10, at=103, reduce_only=True)
    floor.sell(ALICE, 4, at=102)

    deed = floor.buy(CAROL, 4, at=102)

    cut = deed.orders[-1]
    assert (cut.order_id, cut.amount, cut.filled, cut.state) == (3, 6, 0, "open")
    assert floor.book() == ladder("""
              | 103 | 6
    """)


def test_an_order_that_only_reduces_ends_with_its_position() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.sell(ALICE, 10, at=103, reduce_only=True)
    floor.sell(ALICE, 15, at=102)

    deed = floor.buy(CAROL, 10, at=102)

    ended = deed.orders[-1]
    assert (ended.order_id, ended.state, ended.cancel_reason) == (3, "cancelled", "reduce_only")
    assert floor.book() == ladder("""
              | 102 | 5
    """)


def test_a_cut_back_order_keeps_its_place() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    floor.sell(ALICE, 10, at=103, reduce_only=True)
    floor.sell(CAROL, 5, at=103)
    floor.sell(ALICE, 4, at=102)
    floor.buy(CAROL, 4, at=102)

    deed = floor.buy(BOB, 8, at=103)

    assert [(fill.maker.order_id, fill.amount) for fill in deed.fills] == [(3, 6), (4, 2)]


def test_a_plain_part_of_a_command_goes_through_the_lane_and_is_told_with_the_rest() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 3, at=99)
    floor.buy(ALICE, 2, at=98)
    exchange = floor.exchange
    state, before = exchange._state, exchange.changes(ALICE)
    turn = Turn(state, START_NS, exchange._lane)
    market = state.markets[floor.id()]
    first, second = state.accounts[ALICE].orders.values()

    turn.cancel(market, first, CancelReason.USER_REQUEST)
    turn.cancel(market, second, CancelReason.USER_REQUEST)
    told = turn.finish()

    assert [type(event) for event in told] == [OrderEvent, OrderEvent, LevelChanged, LevelChanged]
    assert {event.change_id for event in told if isinstance(event, LevelChanged)} == {3}
    assert exchange.changes(ALICE) == before + 1


def test_what_is_not_valued_yet_does_not_go_through_the_lane() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 3, at=99)
    floor.buy(ALICE, 2, at=98)
    exchange = floor.exchange
    state, parts = exchange._state, exchange._lane.parts
    turn = Turn(state, START_NS, exchange._lane)
    market = state.markets[floor.id()]
    first, second = state.accounts[ALICE].orders.values()

    turn.lift(market, first)
    turn.cancel(market, second, CancelReason.USER_REQUEST)

    assert exchange._lane.parts == parts
    assert second.state is OrderState.CANCELLED
