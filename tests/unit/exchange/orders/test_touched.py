from strikewire.exchange import PositionChanged
from strikewire.exchange.orders.touched import Touched
from strikewire.exchange.state.markets import Leg, Market
from strikewire.exchange.state.state import Account
from strikewire.model import InstrumentId, instrument
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def market(number: int, name: str = "BTC-PERPETUAL") -> Market:
    return Market(instrument(name, instrument_id=InstrumentId(number)))


def test_orders_alone_leave_nothing_to_cut_back() -> None:
    touched, account, one = Touched(), Account(ALICE, "alice", 0), market(1)

    touched.add_orders(account, one)

    assert touched.has(account, one)
    assert touched.take_uncut() == []


def test_what_is_valued_already_is_told_and_not_valued_again() -> None:
    touched, account, one = Touched(), Account(ALICE, "alice", 0), market(1)

    touched.add_valued(account, one)
    assert touched.has(account, one)
    assert touched.is_valued

    touched.add_orders(account, one)
    assert not touched.is_valued
    touched.revalue()
    assert touched.is_valued


def test_what_is_to_be_cut_back_is_handed_out_once_and_in_order() -> None:
    touched = Touched()
    alice, bob = Account(ALICE, "alice", 0), Account(BOB, "bob", 0)
    one, two = market(1), market(2)

    for account, where in ((bob, one), (alice, two), (alice, one), (bob, one)):
        touched.add_position(account, where)

    assert touched.take_uncut() == [alice.holding(one), alice.holding(two), bob.holding(one)]
    assert touched.take_uncut() == []


def test_an_order_in_a_combo_touches_its_legs() -> None:
    touched, account = Touched(), Account(ALICE, "alice", 0)
    bought, sold, combo = market(1), market(2), market(3)
    combo.legs = (Leg(bought, 1, 1), Leg(sold, -1, -1))

    touched.add_orders(account, combo)

    assert all(touched.has(account, one) for one in (bought, sold, combo))


def test_the_levels_of_one_command_share_one_change_id() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 12, at=102)

    # What is left of the order waits where it took the last level away.
    assert deed.levels == [(101, 0, 3), (102, 0, 3), (102, 2, 3)]
    assert floor.buy(BOB, 1, at=99).levels == [(99, 1, 4)]


def test_a_command_that_moves_no_level_does_not_count_as_a_change() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99)

    floor.edit(1, 5, at=99)

    assert floor.exchange.book(floor.id()).change_id == 1


def test_positions_are_announced_as_they_are_at_the_end() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 10, at=102)

    positions = [event.position for event in deed.events if isinstance(event, PositionChanged)]
    assert [(view.account_id, view.size) for view in positions] == [(ALICE, -10), (BOB, 10)]
