from strikewire.exchange import Fill, Mark, OrderEvent, OrderState
from strikewire.exchange.commands import CancelReason, OrderType, TimeInForce
from strikewire.exchange.orders.execution import execute
from strikewire.exchange.orders.matching import Match, Plan
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.state import Account, State
from strikewire.model import AccountId, InstrumentId, Lots, Side, Ticks, instrument
from strikewire.testing.exchange import ALICE, BOB, START_NS, TradingFloor, e8


def scene() -> tuple[Turn, Market]:
    """Return a turn of Alice and Bob, and a perpetual at 50 000 with an empty book."""
    state, market = State(), Market(instrument("BTC-PERPETUAL", instrument_id=InstrumentId(1)))
    state.add_market(market)
    for account_id, name in ((ALICE, "alice"), (BOB, "bob")):
        state.accounts[account_id] = Account(account_id, name, 0)
    mark = Mark(market.instrument_id, e8(50_000), 500_000, e8(50_000), 0, 0, 0)
    market.set_mark(mark, START_NS, e8(50_000))
    return Turn(state, START_NS), market


def order(turn: Turn, account_id: AccountId, side: Side, lots: int) -> Order:
    """Return the next order, at 50 000."""
    return Order(
        order_id=turn.state.take_order_id(),
        account_id=account_id,
        instrument_id=InstrumentId(1),
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=Ticks(100_000),
        amount=Lots(lots),
        created_ns=START_NS,
        updated_ns=START_NS,
    )


def waiting(turn: Turn, market: Market, account_id: AccountId, lots: int) -> Order:
    """Return an order to sell that waits in the book, and of which has been told."""
    made = order(turn, account_id, Side.SELL, lots)
    turn.rest(market, made)
    turn.events.clear()
    return made


def told(turn: Turn) -> list[tuple[int, int, str]]:
    """Return of each order that was told of: its id, what of it is filled, and why it ended."""
    orders = [event.order for event in turn.events if isinstance(event, OrderEvent)]
    return [(one.order_id, one.filled, one.cancel_reason) for one in orders]


def test_ones_own_orders_go_before_the_fills_and_unpaid_ones_after_them() -> None:
    turn, market = scene()
    unpaid = waiting(turn, market, ALICE, 5)
    maker = waiting(turn, market, ALICE, 5)
    own = waiting(turn, market, BOB, 5)
    taker = order(turn, BOB, Side.BUY, 5)

    execute(turn, market, taker, Plan((Match(maker, 5),), (unpaid,), 5, (own,)))

    assert told(turn) == [
        (3, 0, CancelReason.SELF_TRADE_PREVENTION),
        (2, 5, ""),
        (1, 0, CancelReason.INSUFFICIENT_FUNDS),
    ]
    assert taker.filled == 5


def test_each_fill_is_told_before_its_maker_and_the_taker_is_left_to_the_caller() -> None:
    turn, market = scene()
    first, second = waiting(turn, market, ALICE, 2), waiting(turn, market, ALICE, 9)
    taker = order(turn, BOB, Side.BUY, 5)

    execute(turn, market, taker, Plan((Match(first, 2), Match(second, 3)), (), 5))

    kinds = [type(event) for event in turn.events]
    assert kinds == [Fill, OrderEvent, Fill, OrderEvent]
    assert told(turn) == [(1, 2, ""), (2, 3, "")]
    assert (first.state, second.state) == (OrderState.FILLED, OrderState.OPEN)
    assert taker.filled_value == 5 * 100_000


def test_a_filled_maker_is_gone_and_what_is_left_of_another_waits_on() -> None:
    turn, market = scene()
    first, second = waiting(turn, market, ALICE, 2), waiting(turn, market, ALICE, 9)
    taker = order(turn, BOB, Side.BUY, 5)

    execute(turn, market, taker, Plan((Match(first, 2), Match(second, 3)), (), 5))

    assert list(market.book.asks.orders()) == [second]
    assert list(turn.state.accounts[ALICE].orders) == [second.order_id]
    assert market.last_price == 100_000
    assert market.trade_seq == 2


def test_only_orders_that_changed_are_announced() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 102 | 5
              | 101 | 5
    """)

    deed = floor.buy(BOB, 2, at=101)

    events = [event for event in deed.events if isinstance(event, OrderEvent)]
    assert [event.order.order_id for event in events] == [2, 3]
