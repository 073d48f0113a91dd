from collections.abc import Callable, Iterator
from hashlib import blake2b
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from strikewire.exchange import Exchange
from strikewire.exchange.state import folding
from strikewire.exchange.state.records import Fills, fill_of, transaction_of
from strikewire.exchange.state.told import fill_block, order_block, payment_block
from strikewire.testing.exchange import ALICE
from tests.twins import interpreted

(plain,) = interpreted("strikewire.exchange.state", "folding")


class Heard:
    """A hasher that hashes nothing and keeps what it was given."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def update(self, piece: Any) -> None:
        self.pieces.append(bytes(piece))

    def digest(self) -> bytes:
        return b"".join(self.pieces)


@pytest.fixture(params=[folding, plain], ids=["as imported", "plain"])
def twin(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def number(value: int) -> bytes:
    return value.to_bytes(8, "little", signed=True)


def test_numbers_bytes_and_text_are_said_in_order(twin: ModuleType) -> None:
    fold = twin.Fold(Heard(), {})

    fold.number(-2)
    fold.raw(b"raw")
    fold.text("né")
    fold.raw(b"")

    assert fold.digest() == (
        b"\xfe" + 7 * b"\xff" + number(3) + b"raw" + number(3) + b"n\xc3\xa9" + number(0)
    )


def test_what_is_longer_than_a_piece_is_said_whole(twin: ModuleType) -> None:
    fold = twin.Fold(Heard(), {})
    long, short = bytes(range(256)) * 1_000, b"s" * 60_000

    for piece in (short, short, long, short):
        fold.raw(piece)

    assert fold.digest() == b"".join(number(len(one)) + one for one in (short, short, long, short))


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_number_of_more_than_64_bits_is_refused(twin: ModuleType, value: int) -> None:
    with pytest.raises(OverflowError):
        twin.Fold(Heard(), {}).number(value)


def test_its_digest_is_that_of_the_hasher(twin: ModuleType) -> None:
    fold = twin.Fold(blake2b(digest_size=16), {})
    fold.text("said")

    assert fold.digest() == blake2b(number(4) + b"said", digest_size=16).digest()


def walks(state: Any) -> Iterator[tuple[str, Any]]:
    for market in state.markets.values():
        yield "live", market.book.bids
        yield "live", market.book.asks
        yield "trades", market.trades
    for account in state.accounts.values():
        yield "closed", account.closed
        yield "fills", account.fills
        for ledger in account.ledgers.values():
            yield "payments", ledger.transactions


def expected(state: Any, what: str, walked: Any) -> bytes:
    if what == "live":
        blocks = [order_block(one.view()) for one in walked.orders()]
    else:
        said: dict[str, Callable[[Any], bytes]] = {
            "closed": order_block,
            "fills": lambda one: fill_block(fill_of(state.markets, one)),
            "payments": lambda one: payment_block(transaction_of(state.markets, one)),
            "trades": lambda one: number(one.trade_id),
        }
        blocks = [said[what](one) for one in walked.latest()]
    return number(len(blocks)) + b"".join(blocks)


def test_books_and_archives_are_said_block_by_block(twin: ModuleType, state: Any) -> None:
    said = []
    for what, walked in walks(state):
        fold = twin.Fold(Heard(), state.markets)
        getattr(fold, what)(walked)
        said.append((what, fold.digest()))

    assert said == [(what, expected(state, what, walked)) for what, walked in walks(state)]
    assert {what for what, one in said if len(one) > len(number(0))} == {
        "live",
        "trades",
        "closed",
        "fills",
        "payments",
    }


def test_only_what_came_since_the_last_seal_is_said(twin: ModuleType, state: Any) -> None:
    fold = twin.Fold(Heard(), state.markets)
    closed, fills = state.accounts[ALICE].closed, state.accounts[ALICE].fills
    closed.unsealed, fills.unsealed = 1, 0

    fold.closed(closed)
    fold.fills(fills)

    assert fold.digest() == number(1) + order_block(list(closed)[-1]) + number(0)


def test_a_restored_state_is_said_as_the_one_it_was_taken_of(twin: ModuleType, state: Any) -> None:
    exchange = Exchange()
    exchange._state = state
    again = Exchange.restore(exchange.snapshot())._state

    for (what, one), (_, other) in zip(walks(state), walks(again), strict=True):
        said = []
        for walked, markets in ((one, state.markets), (other, again.markets)):
            fold = twin.Fold(Heard(), markets)
            getattr(fold, what)(walked)
            said.append(fold.digest())
        assert said[0] == said[1]


def test_a_full_ring_is_said_from_its_oldest_on(twin: ModuleType) -> None:
    trades = Fills(3)
    trades.extend(SimpleNamespace(trade_id=seq) for seq in range(1, 6))
    fold = twin.Fold(Heard(), {})

    fold.trades(trades)

    assert fold.digest() == b"".join(map(number, (3, 3, 4, 5)))
