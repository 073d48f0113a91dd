import msgspec
import pytest

from strikewire.exchange import (
    CancelOrders,
    Exchange,
    Once,
    OrderType,
    SnapshotVersionError,
    Trigger,
    TriggerPriceType,
)
from strikewire.exchange.state.snapshot import dump, load
from strikewire.exchange.state.state import State
from strikewire.model import PriceE8
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor, ladder

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"
EXPIRED = "BTC-20NOV26-60000-C"
SPOT = "BTC_USDC"


def busy_floor() -> TradingFloor:
    """Return a floor where something of everything has happened."""
    floor = TradingFloor(PERPETUAL, CALL, EXPIRED, SPOT)
    floor.mark(120_000)
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.mark(name=EXPIRED, price=0.05, underlying=60_000)
    for name, price in ((PERPETUAL, 120_000), (CALL, 500), (EXPIRED, 500), (SPOT, 120_000)):
        floor.buy(ALICE, 10, at=price, name=name, label="first")
        floor.sell(BOB, 4, at=price, name=name)
        floor.buy(CAROL, 3, at=price, name=name, post_only=True)
    floor.sell(ALICE, 4, at=120_010, reduce_only=True)
    floor.buy(BOB, 2, at=119_000, hidden=True)
    floor.edit(1, 9)
    floor.cancel(3)
    low = Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(50_000 * 10**8))
    tail = Trigger(price_type=TriggerPriceType.INDEX, offset=PriceE8(1_000 * 10**8))
    floor.sell(ALICE, 2, order_type=OrderType.STOP_MARKET, trigger=low)
    floor.buy(BOB, 2, name=CALL, order_type=OrderType.TRAILING_STOP, trigger=tail)
    floor.apply(Once(ALICE, "key", b"digest", CancelOrders(ALICE, label="none")))
    floor.expire(EXPIRED)
    floor.settle(EXPIRED, 70_000)
    return floor


def test_a_restored_exchange_reads_the_same() -> None:
    floor = busy_floor()
    exchange = floor.exchange

    restored = Exchange.restore(exchange.snapshot())

    assert restored.instruments == exchange.instruments
    assert restored.instrument_by_name == exchange.instrument_by_name
    assert restored.marks == exchange.marks
    assert restored.indices == exchange.indices
    assert restored.accounts == exchange.accounts
    for instrument_id in exchange.instruments:
        assert restored.book(instrument_id) == exchange.book(instrument_id)
        assert restored.trades(instrument_id) == exchange.trades(instrument_id)
        assert restored.is_open(instrument_id) == exchange.is_open(instrument_id)
        assert restored.open_interest(instrument_id) == exchange.open_interest(instrument_id)
        assert restored.price_band(instrument_id) == exchange.price_band(instrument_id)
    for account_id in (ALICE, BOB, CAROL):
        assert restored.transactions(account_id, "BTC") == exchange.transactions(account_id, "BTC")
        assert restored.open_orders(account_id) == exchange.open_orders(account_id)
        assert restored.conditional_orders(account_id) == exchange.conditional_orders(account_id)
        assert restored.closed_orders(account_id) == exchange.closed_orders(account_id)
        assert restored.fills(account_id) == exchange.fills(account_id)
        assert restored.positions(account_id) == exchange.positions(account_id)
        for currency in ("BTC", "USDC"):
            assert restored.summary(account_id, currency) == exchange.summary(account_id, currency)
            assert restored.money(currency) == exchange.money(currency)
    for view in exchange.open_orders(ALICE) + exchange.closed_orders(ALICE):
        assert restored.order(view.order_id) == view
        assert restored.order_fills(view.order_id) == exchange.order_fills(view.order_id)


def test_a_restored_book_keeps_the_queue() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5 3
    """)
    floor.edit(1, 6)  # to the back

    floor.exchange = Exchange.restore(floor.exchange.snapshot())

    assert floor.book() == ladder("""
              | 101 | 9
    """)
    deed = floor.buy(BOB, 9, at=101)
    assert [fill.maker.order_id for fill in deed.fills] == [2, 1]


def test_a_restored_exchange_goes_on_counting() -> None:
    floor = busy_floor()
    floor.exchange = Exchange.restore(floor.exchange.snapshot())

    deed = floor.sell(BOB, 20, at=120_000)

    assert deed.order.order_id == 17
    assert deed.fills[0].trade_id == 5
    assert deed.fills[0].trade_seq == 2
    assert deed.levels[0][2] == 7


def test_equal_states_give_equal_bytes_whatever_was_looked_at() -> None:
    first, second = busy_floor(), busy_floor()
    for account_id in (ALICE, BOB, CAROL):
        second.summary(account_id, "ETH")
        second.position(account_id, SPOT)

    assert first.exchange.snapshot() == second.exchange.snapshot()
    assert first.exchange.state_hash() == second.exchange.state_hash()


def test_a_snapshot_of_a_restored_exchange_is_the_same_snapshot() -> None:
    blob = busy_floor().exchange.snapshot()

    assert Exchange.restore(blob).snapshot() == blob


def test_each_fill_is_kept_once() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 1, at=100, label="needle")
    floor.sell(BOB, 1, at=100)

    # Once in the order, once in the one fill that two accounts and the market refer to.
    assert floor.exchange.snapshot().count(b"needle") == 2


def test_an_empty_state_comes_back_empty() -> None:
    assert dump(load(dump(State()))) == dump(State())


def test_a_snapshot_of_another_version_is_refused() -> None:
    blob = msgspec.msgpack.encode((99, ["whatever", "it", "holds"]))

    with pytest.raises(SnapshotVersionError, match="has version 99, expected 8") as raised:
        Exchange.restore(blob)

    assert (raised.value.found, raised.value.expected) == (99, 8)


@pytest.mark.parametrize("blob", [b"", b"\x00", b"\x92\x08\x90"], ids=["empty", "byte", "hollow"])
def test_bytes_that_are_no_snapshot_are_refused(blob: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        Exchange.restore(blob)
