from collections.abc import Iterator
from hashlib import blake2b
from types import SimpleNamespace

from strikewire.exchange import (
    SNAPSHOT_VERSION,
    Exchange,
    NoteState,
    PlaceOrder,
    TimeInForce,
)
from strikewire.exchange.reference import Reference
from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.folding import Fold
from strikewire.exchange.state.markets import TRADES_MAX
from strikewire.exchange.state.sealing import SEAL_BYTES, TRADES, digest, seal
from strikewire.exchange.state.state import State
from strikewire.model import Lots, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

NOTE = NoteState(SNAPSHOT_VERSION, b"")


def heard(*said: object) -> bytes:
    """Return the seal of numbers, texts and bytes that were said."""
    fold = Fold(blake2b(digest_size=SEAL_BYTES), {})
    for one in said:
        if isinstance(one, int):
            fold.number(one)
        elif isinstance(one, str):
            fold.text(one)
        else:
            assert isinstance(one, bytes)
            fold.raw(one)
    return fold.digest()


def test_a_seal_is_of_the_one_before_and_of_what_came_since() -> None:
    floor = TradingFloor(cash={"BTC": 0, "ETH": 0, "USDC": 0, "USDT": 0})
    state = floor.exchange._state
    assert digest(state) == b""

    # Straight from the archives, as no command would leave them: trades alone.
    floor.list("BTC-PERPETUAL")
    trades = state.markets[floor.id()].trades
    trades.extend(SimpleNamespace(trade_id=number) for number in (7, 8))
    first = heard(b"", TRADES, floor.id(), 2, 7, 8)
    assert digest(state) == first

    seal(state)
    assert (state.seal, digest(state)) == (first, first)

    trades.append(SimpleNamespace(trade_id=9))
    assert digest(state) == heard(first, TRADES, floor.id(), 1, 9)


def test_what_is_forgotten_before_it_was_sealed_does_not_count() -> None:
    floor = TradingFloor(cash={"BTC": 0, "ETH": 0, "USDC": 0, "USDT": 0})
    floor.list("BTC-PERPETUAL")
    trades = floor.exchange._state.markets[floor.id()].trades

    trades.extend(SimpleNamespace(trade_id=number) for number in range(TRADES_MAX + 5))

    assert digest(floor.exchange._state) == heard(
        b"", TRADES, floor.id(), TRADES_MAX, *range(5, TRADES_MAX + 5)
    )


def traded() -> TradingFloor:
    floor = TradingFloor.at(100_000)
    floor.sell(ALICE, 5, 100_000)
    floor.buy(BOB, 3, 100_000)
    floor.buy(BOB, 2, 100_000)
    return floor


def archives(state: State) -> Iterator[Ring]:
    for account in state.accounts.values():
        yield from (account.closed, account.fills)
        yield from (ledger.transactions for ledger in account.ledgers.values())
    yield from (market.trades for market in state.markets.values())


def test_sealing_changes_no_hash_and_is_part_of_a_snapshot() -> None:
    floor = traded()
    before, blob = floor.exchange.state_hash(), floor.exchange.snapshot()

    floor.apply(NOTE)

    assert floor.exchange.state_hash() == before
    assert floor.exchange.snapshot() != blob
    assert not any(one.unsealed for one in archives(floor.exchange._state))
    assert Exchange.restore(floor.exchange.snapshot()).snapshot() == floor.exchange.snapshot()


def test_the_hash_goes_on_from_the_seals_also_after_a_restart() -> None:
    floor = traded()
    floor.apply(NOTE)
    again = Exchange.restore(floor.exchange.snapshot())
    assert again.state_hash() == floor.exchange.state_hash()

    ends_at_once = PlaceOrder(
        account_id=BOB,
        instrument_id=floor.id(),
        side=Side.SELL,
        amount=Lots(1),
        price=Ticks(100_000),
        time_in_force=TimeInForce.IOC,
    )
    floor.apply(ends_at_once)
    again.apply(floor.seq, floor.now_ns, ends_at_once)

    assert again.state_hash() == floor.exchange.state_hash()


def test_what_is_archived_and_sealed_still_counts() -> None:
    one, other = traded(), TradingFloor.at(100_000)
    other.sell(ALICE, 5, 100_000, label="another")
    other.buy(BOB, 3, 100_000)
    other.buy(BOB, 2, 100_000)
    for floor in (one, other):
        seal(floor.exchange._state)

    # The orders have ended, and nothing else tells the two apart.
    assert one.exchange.state_hash() != other.exchange.state_hash()


def test_a_digest_is_worked_out_anew_only_when_something_came() -> None:
    floor = traded()
    state = floor.exchange._state
    before = digest(state)
    assert state.reached is not None

    assert digest(state) is before
    floor.sell(BOB, 5, 100_000)
    floor.buy(ALICE, 5, 100_000)

    assert digest(state) != before


def test_the_reference_has_the_same_seals() -> None:
    floor, reference = traded(), Reference()
    reference._state = Reference.restore(floor.exchange.snapshot())._state

    reference.apply(floor.seq + 1, floor.now_ns, NOTE)
    floor.apply(NOTE)

    assert reference.snapshot() == floor.exchange.snapshot()
