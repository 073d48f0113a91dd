from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest

from strikewire.exchange.state import writing
from strikewire.exchange.state.records import Fills, fill_of, transaction_of
from strikewire.testing.exchange import ALICE, BOB, TradingFloor
from tests.twins import interpreted

(plain,) = interpreted("strikewire.exchange.state", "writing")
encode = msgspec.msgpack.encode


@pytest.fixture(params=[writing, plain], ids=["as imported", "plain"])
def twin(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def test_books_are_written_as_the_views_of_their_orders(twin: ModuleType, state: Any) -> None:
    floor = TradingFloor.at(100_000)
    for step in range(20):
        floor.buy(ALICE, 3, at=99_900 - 10 * (step % 7), label=step * "né")
        floor.sell(BOB, 3, at=100_100 + 10 * (step % 5), display=1)
    books = [one.book for one in (*state.markets.values(), *floor.exchange._state.markets.values())]

    written = [encode(twin.orders(book)) for book in books]

    assert written == [
        encode([order.view() for half in (book.bids, book.asks) for order in half.orders()])
        for book in books
    ]
    assert len(max(written, key=len)) > 1_000


def test_archives_are_written_as_what_they_hold(twin: ModuleType, state: Any) -> None:
    accounts = list(state.accounts.values())
    logs = [ledger.transactions for one in accounts for ledger in one.ledgers.values()]

    assert [encode(twin.closed(one.closed)) for one in accounts] == [
        encode(list(one.closed)) for one in accounts
    ]
    assert [encode(twin.payments(state.markets, log)) for log in logs] == [
        encode([transaction_of(state.markets, one) for one in log]) for log in logs
    ]
    assert sum(len(one.closed) for one in accounts) > 5
    assert sum(len(log) for log in logs) > 5


def test_a_fill_in_several_archives_is_written_once(twin: ModuleType, state: Any) -> None:
    archives = [one.fills for one in state.accounts.values()]
    archives += [one.trades for one in state.markets.values()]
    fills = {one.trade_id: fill_of(state.markets, one) for held in archives for one in held}

    written = encode(twin.fills(state.markets, archives))

    assert written == encode([fills[trade_id] for trade_id in sorted(fills)])
    assert len(fills) > 3
    assert encode(twin.fills(state.markets, iter(archives))) == written
    assert encode(twin.fills({}, [])) == encode([])


@pytest.mark.parametrize("count", [0, 1, 15, 16, 65_535, 65_536])
def test_the_numbers_of_fills_are_written_oldest_first(twin: ModuleType, count: int) -> None:
    fills = Fills(count + 1)
    fills.extend(SimpleNamespace(trade_id=number) for number in range(count))

    assert encode(twin.trade_ids(fills)) == encode(list(range(count)))


def test_numbers_are_as_short_as_they_go(twin: ModuleType) -> None:
    borders = [2**bits for bits in (5, 7, 8, 15, 16, 31, 32, 62, 63)]
    numbers = [sign * bound + step for bound in borders for sign in (1, -1) for step in (-1, 0, 1)]
    inside = [number for number in numbers if -(2**63) <= number < 2**63]
    fills = Fills(len(inside))
    fills.extend(SimpleNamespace(trade_id=number) for number in inside)

    assert encode(twin.trade_ids(fills)) == encode(inside)


def test_a_full_archive_is_written_from_its_oldest_on(twin: ModuleType) -> None:
    trades = Fills(3)
    trades.extend(SimpleNamespace(trade_id=seq) for seq in range(1, 6))

    assert encode(twin.trade_ids(trades)) == encode([3, 4, 5])
