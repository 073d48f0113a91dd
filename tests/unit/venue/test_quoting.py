"""A maker's slots follow the mark, one request at a time."""

from typing import Any

import pytest

from strikewire.api.reference import Instrument, TickSizeStep
from strikewire.api.trading import Order
from strikewire.venue.quoting import (
    FUTURE,
    OPTION,
    PERPETUAL,
    SPOT,
    Action,
    Edit,
    Phase,
    Place,
    Quoter,
    Style,
    on_tick,
    style_of,
)

S = 10**9


def instrument(name: str = "BTC-PERPETUAL", **changes: Any) -> Instrument:
    fields: dict[str, Any] = {
        "instrument_name": name,
        "instrument_id": 1,
        "kind": "future",
        "instrument_type": "reversed",
        "base_currency": "BTC",
        "quote_currency": "USD",
        "counter_currency": "USD",
        "price_index": "btc_usd",
        "settlement_period": "perpetual",
        "creation_timestamp": 0,
        "expiration_timestamp": 0,
        "tick_size": 0.5,
        "min_trade_amount": 10.0,
        "contract_size": 10.0,
        "maker_commission": 0.0,
        "taker_commission": 0.0005,
        "is_active": True,
    }
    return Instrument(**(fields | changes))


def option(name: str = "BTC-25DEC26-60000-C") -> Instrument:
    steps = [TickSizeStep(above_price=0.005, tick_size=0.0005)]
    return instrument(
        name,
        kind="option",
        settlement_period="month",
        tick_size=0.0001,
        tick_size_steps=steps,
        min_trade_amount=0.1,
    )


def order(action: Action, order_id: str = "", **changes: Any) -> Order:
    fields: dict[str, Any] = {
        "order_id": order_id
        or f"{action.slot.instrument_name}-{action.slot.direction}-{action.slot.level}",
        "order_state": "open",
        "order_type": "limit",
        "time_in_force": "good_til_cancelled",
        "instrument_name": action.slot.instrument_name,
        "direction": action.slot.direction,
        "price": action.price,
        "amount": action.amount,
        "filled_amount": 0.0,
        "average_price": 0.0,
        "creation_timestamp": 0,
        "last_update_timestamp": 0,
    }
    return Order(**(fields | changes))


# Five levels 0.008 % apart, and one level 2 % away that rests for two seconds.
LADDER = Style(5, 0.000_08, 2, 500, S)
PAIR = Style(1, 0.02, 2, 10, 2 * S)


def quoter(*instruments: Instrument) -> Quoter:
    machine = Quoter(lambda: 0.5, lambda one: PAIR if one.kind == "option" else LADDER)
    machine.cover(instruments)
    return machine


def resting(machine: Quoter, name: str, mark: float) -> list[Action]:
    actions = machine.marked(0, name, mark)
    for action in actions:
        machine.answered(0, action.slot, order(action))
    return actions


def test_the_first_mark_places_every_level_on_both_sides() -> None:
    machine = quoter(instrument())

    actions = machine.marked(0, "BTC-PERPETUAL", 60_000.2)

    # 0.008 % of the mark is 4.8 for each level, rounded away from the mark to the tick of 0.5.
    assert [(a.slot.direction, a.price) for a in actions] == [
        ("buy", 59_995.0),
        ("sell", 60_005.5),
        ("buy", 59_990.5),
        ("sell", 60_010.0),
        ("buy", 59_985.5),
        ("sell", 60_015.0),
        ("buy", 59_980.5),
        ("sell", 60_019.5),
        ("buy", 59_976.0),
        ("sell", 60_024.5),
    ]
    assert all(isinstance(action, Place) for action in actions)
    assert [action.amount for action in actions[:4]] == [5_000, 5_000, 10_000, 10_000]


def test_a_slot_waits_for_its_answer_before_it_asks_again() -> None:
    machine = quoter(option())
    machine.marked(0, "BTC-25DEC26-60000-C", 0.05)

    assert machine.marked(9 * S, "BTC-25DEC26-60000-C", 0.08) == []


def test_a_small_move_is_tolerated_and_a_large_one_edits() -> None:
    machine = quoter(option())
    name = "BTC-25DEC26-60000-C"
    bid, ask = resting(machine, name, 0.05)
    assert (bid.price, ask.price) == (0.049, 0.051)

    assert machine.marked(3 * S, name, 0.0504) == []
    moved = machine.marked(6 * S, name, 0.0520)

    assert [(type(a), a.price) for a in moved] == [(Edit, 0.0505), (Edit, 0.0535)]


def test_after_a_request_a_slot_rests_for_a_while() -> None:
    machine = quoter(option())
    resting(machine, "BTC-25DEC26-60000-C", 0.05)

    assert machine.marked(1 * S, "BTC-25DEC26-60000-C", 0.07) == []
    assert len(machine.marked(2 * S, "BTC-25DEC26-60000-C", 0.07)) == 2


def test_a_filled_order_is_replaced() -> None:
    machine = quoter(option())
    name = "BTC-25DEC26-60000-C"
    bid, _ask = resting(machine, name, 0.05)

    machine.order_changed(order(bid, order_state="filled", filled_amount=1.0))
    (again,) = machine.marked(3 * S, name, 0.05)

    assert isinstance(again, Place)
    assert (again.slot.direction, again.price) == ("buy", 0.049)


def test_an_order_that_is_more_than_half_used_up_is_filled_up() -> None:
    machine = quoter(option())
    name = "BTC-25DEC26-60000-C"
    bid, _ask = resting(machine, name, 0.05)

    machine.order_changed(order(bid, filled_amount=0.4))
    assert machine.marked(3 * S, name, 0.05) == []
    machine.order_changed(order(bid, filled_amount=0.6))
    (edit,) = machine.marked(3 * S, name, 0.05)

    assert isinstance(edit, Edit)
    assert (edit.price, edit.amount) == (0.049, 1.6)


def test_a_place_that_ends_at_once_leaves_the_slot_empty() -> None:
    machine = quoter(option())
    name = "BTC-25DEC26-60000-C"
    for action in machine.marked(0, name, 0.05):
        machine.answered(0, action.slot, order(action, order_state="cancelled"))

    assert all(isinstance(action, Place) for action in machine.marked(3 * S, name, 0.05))


def test_an_edit_of_an_order_that_is_gone_leads_to_a_new_one() -> None:
    machine = quoter(option())
    name = "BTC-25DEC26-60000-C"
    resting(machine, name, 0.05)
    bid, ask = machine.marked(3 * S, name, 0.08)

    machine.failed(3 * S, bid.slot, is_order_gone=True)
    machine.failed(3 * S, ask.slot, is_order_gone=False)
    again = machine.marked(6 * S, name, 0.08)

    assert [type(action) for action in again] == [Place, Edit]


def test_an_order_that_ends_while_its_edit_is_on_its_way_is_placed_anew() -> None:
    machine = quoter(option())
    name = "BTC-25DEC26-60000-C"
    resting(machine, name, 0.05)
    bid, _ask = machine.marked(3 * S, name, 0.08)

    machine.order_changed(order(bid, order_state="filled"))
    machine.failed(3 * S, bid.slot, is_order_gone=False)

    assert bid.slot.phase is Phase.EMPTY


def test_an_option_too_cheap_to_bid_for_is_only_offered() -> None:
    machine = quoter(option())
    name = "BTC-25DEC26-60000-C"

    (ask,) = resting(machine, name, 0.0002)

    assert (ask.slot.direction, ask.price) == ("sell", 0.0004)
    assert machine.is_complete


def test_a_quoter_is_complete_when_every_order_rests() -> None:
    machine = quoter(option())
    assert not quoter().is_complete
    assert not machine.is_complete

    resting(machine, "BTC-25DEC26-60000-C", 0.05)

    assert machine.is_complete
    assert machine.quotes == 2


@pytest.mark.parametrize(("is_settled", "most"), [(False, 64), (True, 8)])
def test_requests_on_their_way_are_bounded(is_settled: bool, most: int) -> None:
    names = [f"BTC-25DEC26-{strike}-C" for strike in range(1, 64)]
    machine = quoter(*[option(name) for name in names])
    if is_settled:
        machine.settle()

    actions = [action for name in names for action in machine.marked(0, name, 0.05)]
    assert len(actions) == most
    further = machine.answered(0, actions[0].slot, order(actions[0]))
    more = machine.failed(0, actions[1].slot, is_order_gone=True)

    # Two orders an instrument: the next in turn has room for one, and so has the one after it.
    assert [action.slot.instrument_name for action in further + more] == [
        names[most // 2],
        names[most // 2 + 1],
    ]


def test_instruments_come_and_go() -> None:
    first, second = option("BTC-25DEC26-60000-C"), option("BTC-25DEC26-60000-P")
    machine = quoter(first)
    waiting = machine.marked(0, "BTC-25DEC26-60000-C", 0.05)

    machine.cover([second])
    machine.answered(0, waiting[0].slot, order(waiting[0]))
    machine.failed(0, waiting[1].slot, is_order_gone=True)

    assert machine.names == {"BTC-25DEC26-60000-P"}
    assert machine.marked(0, "BTC-25DEC26-60000-C", 0.05) == []
    assert machine.quotes == 0
    assert len(machine.marked(0, "BTC-25DEC26-60000-P", 0.05)) == 2


def test_a_new_connection_starts_with_empty_slots() -> None:
    machine = quoter(option())
    name = "BTC-25DEC26-60000-C"
    old = machine.marked(0, name, 0.05)

    machine.reset()
    for action in old:
        machine.failed(0, action.slot, is_order_gone=False)

    assert [type(action) for action in machine.marked(0, name, 0.05)] == [Place, Place]


def test_news_of_strangers_orders_is_ignored() -> None:
    machine = quoter(option())
    (bid, _ask) = machine.marked(0, "BTC-25DEC26-60000-C", 0.05)

    machine.order_changed(order(bid, "BTC-999", order_state="filled"))

    assert bid.slot.phase is Phase.WAITING


def test_a_mark_of_zero_or_of_a_stranger_does_nothing() -> None:
    machine = quoter(option())

    assert machine.marked(0, "BTC-25DEC26-60000-C", 0.0) == []
    assert machine.marked(0, "ETH-PERPETUAL", 5.0) == []


@pytest.mark.parametrize(
    ("price", "direction", "expected"),
    [
        (0.00491, "buy", 0.0049),
        (0.00491, "sell", 0.005),
        (0.0051, "buy", 0.005),
        (0.0051, "sell", 0.0055),
        (0.3, "buy", 0.3),
        (0.3, "sell", 0.3),
    ],
)
def test_prices_are_rounded_away_from_the_other_side(
    price: float, direction: Any, expected: float
) -> None:
    assert on_tick(option(), price, direction) == expected


def test_each_kind_of_instrument_has_its_style() -> None:
    assert style_of(option()) is OPTION
    assert style_of(instrument()) is PERPETUAL
    assert style_of(instrument(settlement_period="week")) is FUTURE
    assert style_of(instrument(kind="spot")) is SPOT
