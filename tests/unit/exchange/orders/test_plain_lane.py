import pytest

from strikewire.exchange import CancelOrder
from strikewire.exchange.dispatch import packed_common
from strikewire.exchange.orders.plain_lane import PlainLane
from strikewire.exchange.packed import pack, records
from strikewire.model import OrderId
from strikewire.testing.exchange import BOB, START_NS, TradingFloor


def test_it_hands_everything_back() -> None:
    floor = TradingFloor.at(100)
    lane = PlainLane(floor.exchange._state, packed_common)
    floor.sell(BOB, 3, at=101)

    account, cancel = floor.exchange._state.accounts[BOB], CancelOrder(BOB, OrderId(1))
    assert lane.carry_out(START_NS, cancel) is None
    assert lane.carry_part(START_NS, account, cancel, None) is None
    assert floor.exchange.order(OrderId(1)) is not None
    assert lane.carried_out == lane.parts == 0


def test_packed_commands_go_the_common_way_one_by_one() -> None:
    floor = TradingFloor.at(100)
    lane = PlainLane(floor.exchange._state, packed_common)
    for price in (101, 102, 103):
        floor.sell(BOB, 3, at=price)
    first, second, third = (pack(CancelOrder(BOB, OrderId(one))) or b"" for one in (1, 2, 3))

    told = lane.submit(START_NS, first + second)

    # Each is told as an order that has ended, and a level that is gone.
    assert len(list(records(told))) == 4
    assert lane.replay(START_NS, third) == 1
    assert floor.exchange.open_orders(BOB) == []
    with pytest.raises(ValueError, match="behind the last record"):
        lane.submit(START_NS, b"\x00")
