"""How archives count in the hash of a state, although nobody looks at all that is in them.

What has ended stays to be looked up and never changes, and there is ever more of it. So an archive
carries a *seal*: a digest of everything that it was given until it was sealed last. The hash takes
the seal and what has come since, and the command that writes down a hash, `NoteState`, seals every
archive anew. Seals are part of the state and of its snapshots, and commands alone move them:
whoever carries out the same commands has the same seals.

What an archive forgets before it was ever sealed is not in its seal; when that happens is decided
by commands, too.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec

from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.records import fill_of, transaction_of
from strikewire.exchange.state.state import State

SEAL_BYTES = 16

Told: TypeAlias = Callable[[Any], object]
"""What is told of a thing in an archive."""

_encode = msgspec.msgpack.Encoder().encode


def digest(archive: Ring, told: Told) -> bytes:
    """Return the seal that an archive would get now.

    Args:
        archive: Any.
        told: What counts of each thing in it: the same each time.
    """
    if not archive.unsealed:
        return archive.seal
    if archive.reached is None or archive.reached[0] != archive.unsealed:
        news = _encode([told(one) for one in archive.latest()])
        seal = blake2b(archive.seal + news, digest_size=SEAL_BYTES).digest()
        archive.reached = (archive.unsealed, seal)
    return archive.reached[1]


def seal(state: State) -> None:
    """Seal every archive of a state."""
    for archive, told in archives(state):
        archive.seal = digest(archive, told)
        archive.unsealed, archive.reached = 0, None


def archives(state: State) -> Iterator[tuple[Ring, Told]]:
    """Yield every archive, with what counts of the things in it."""
    about_fill, about_transaction = fill_told(state), transaction_told(state)
    for account in state.accounts.values():
        yield account.closed, order_told
        yield account.fills, about_fill
        for ledger in account.ledgers.values():
            yield ledger.transactions, about_transaction
    for market in state.markets.values():
        yield market.trades, trade_told


def order_told(closed: object) -> object:
    """Return all of a closed order."""
    return closed


def trade_told(fill: Any) -> object:  # noqa: ANN401 - however it is kept
    """Return the number of a trade: its owners keep the rest."""
    return fill.trade_id


def fill_told(state: State) -> Told:
    """Return what tells all of a fill."""
    return lambda fill: fill_of(state.markets, fill)


def transaction_told(state: State) -> Told:
    """Return what tells all of a transaction."""
    return lambda one: transaction_of(state.markets, one)
