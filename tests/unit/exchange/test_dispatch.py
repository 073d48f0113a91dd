import pytest

from strikewire.exchange import CancelOrder, Command, MassQuote, PlaceOrder, TimeInForce
from strikewire.exchange.dispatch import carried_out, packed_common
from strikewire.exchange.events import LevelChanged, OrderEvent, QuoteRejected, Rejected
from strikewire.exchange.packed import LEVEL, ORDER, pack, records
from strikewire.model import NS_PER_S, InstrumentId, Lots, OrderId, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, START_NS, TradingFloor

ONE = InstrumentId(1)
BUY = PlaceOrder(
    account_id=ALICE, instrument_id=ONE, side=Side.BUY, amount=Lots(3), price=Ticks(99)
)


@pytest.mark.parametrize(
    ("command", "changes", "events"),
    [
        (BUY, True, [OrderEvent, LevelChanged]),
        (CancelOrder(BOB, OrderId(7)), False, [Rejected]),
        (MassQuote(account_id=BOB, mmp_group="", quotes=()), False, [Rejected]),
    ],
)
def test_what_was_refused_has_changed_nothing(
    command: Command, changes: bool, events: list[type]
) -> None:
    state = TradingFloor.at(100).exchange._state

    told, has_changed = carried_out(state, START_NS, command)

    assert has_changed is changes
    assert [type(event) for event in told] == events


def test_what_ends_with_the_day_is_told_behind_a_refusal_and_is_a_change() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 3, at=99, time_in_force=TimeInForce.GTD)
    refused = CancelOrder(BOB, OrderId(7))

    told, has_changed = carried_out(floor.exchange._state, START_NS + 86_400 * NS_PER_S, refused)

    assert has_changed
    assert [type(event) for event in told] == [Rejected, OrderEvent, LevelChanged]
    assert not any(isinstance(event, QuoteRejected) for event in told)


def test_a_packed_command_is_told_packed() -> None:
    state = TradingFloor.at(100).exchange._state

    told, has_changed = packed_common(state, START_NS, pack(BUY) or b"")

    assert has_changed
    assert [record.kind for record in records(told)] == [ORDER, LEVEL]
