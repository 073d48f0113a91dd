from hashlib import blake2b

import msgspec

from strikewire.exchange import (
    SNAPSHOT_VERSION,
    Exchange,
    NoteState,
    OrderView,
    PlaceOrder,
    TimeInForce,
)
from strikewire.exchange.reference import Reference
from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.sealing import archives, digest, seal
from strikewire.model import Lots, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

NOTE = NoteState(SNAPSHOT_VERSION, b"")


def said(thing: object) -> object:
    return thing


def sealed(before: bytes, *things: str) -> bytes:
    return blake2b(before + msgspec.msgpack.encode(things), digest_size=16).digest()


def test_a_digest_is_of_the_seal_and_of_what_came_since() -> None:
    ring = Ring(2)
    assert digest(ring, said) == b""

    ring.extend("ab")
    assert digest(ring, said) == sealed(b"", "a", "b")

    # What is forgotten before it was sealed does not count.
    ring.append("c")
    assert digest(ring, said) == sealed(b"", "b", "c")

    ring.seal, ring.unsealed, ring.reached = b"seal", 0, None
    assert digest(ring, said) == b"seal"
    ring.append("d")
    assert digest(ring, said) == sealed(b"seal", "d")


def traded() -> TradingFloor:
    floor = TradingFloor.at(100_000)
    floor.sell(ALICE, 5, 100_000)
    floor.buy(BOB, 3, 100_000)
    floor.buy(BOB, 2, 100_000)
    return floor


def test_sealing_changes_no_hash_and_is_part_of_a_snapshot() -> None:
    floor = traded()
    before, blob = floor.exchange.state_hash(), floor.exchange.snapshot()

    floor.apply(NOTE)

    assert floor.exchange.state_hash() == before
    assert floor.exchange.snapshot() != blob
    assert not any(one.unsealed for one, _ in archives(floor.exchange._state))
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


def test_the_hash_looks_only_at_what_came_since_the_seal() -> None:
    floor = traded()
    floor.apply(NOTE)
    floor.sell(BOB, 5, 100_000)
    floor.buy(ALICE, 5, 100_000)
    seen: list[OrderView] = []

    account = floor.exchange._state.accounts[ALICE]
    digest(account.closed, seen.append)

    assert len(seen) == 1
    assert len(list(account.closed)) == 2


def test_the_reference_has_the_same_seals() -> None:
    floor, reference = traded(), Reference()
    reference._state = Reference.restore(floor.exchange.snapshot())._state

    reference.apply(floor.seq + 1, floor.now_ns, NOTE)
    floor.apply(NOTE)

    assert reference.snapshot() == floor.exchange.snapshot()
