"""Snapshots: when one is due, how it is made smaller, and how a state is read out of it again.

The venue stands still while its state is encoded. What comes then needs nothing of the state: to
compress it, in any thread, beside the commands, and to write it, in that of the journal. Only for
that do commands wait, and a disk takes a quarter of the bytes in less than a quarter of the time.
"""

import zlib
from typing import Final

import msgspec
from msgspec import structs

from strikewire.exchange import Exchange
from strikewire.journal import Snapshot

UNREADABLE: Final = (msgspec.DecodeError, zlib.error)
"""What `restored` raises where the bytes are no snapshot."""

_LEVEL = 1
"""Of zlib: others take up to three times as long, for a tenth less."""

_ZLIB = b"\x78"
"""What compressed bytes begin with. Earlier builds did not compress: theirs begin otherwise."""


class SnapshotPolicy(msgspec.Struct, frozen=True):
    """When snapshots are taken.

    The venue stands still while one is made of its state. So a large one is only due when the
    journal has grown by as much again: all snapshots together then cost about what the commands do,
    and a restart carries out no more bytes of commands than it reads of state.
    """

    every_commands: int = 50_000
    """Commands between two at least; while snapshots are small, a restart carries out at most
    about as many again."""

    small_bytes: int = 8_388_608
    """Bytes up to which a snapshot is small."""

    def is_due(
        self, *, last_seq: int, snapshot_seq: int, snapshot_bytes: int = 0, grown_bytes: int = 0
    ) -> bool:
        """Say whether it is time for one.

        Args:
            last_seq: Number of the last command.
            snapshot_seq: Number of the command that the last snapshot follows.
            snapshot_bytes: Its size, if that is known.
            grown_bytes: Bytes of the commands since then.
        """
        is_small = snapshot_bytes <= self.small_bytes
        is_time = last_seq - snapshot_seq >= self.every_commands
        return is_time and (is_small or grown_bytes >= snapshot_bytes)


def take_snapshot(exchange: Exchange, seq: int) -> Snapshot:
    """Return the state after command `seq`, for the journal to keep."""
    return compressed(encoded(exchange, seq))


def encoded(exchange: Exchange, seq: int) -> Snapshot:
    """Return the state after command `seq` as it is; the exchange must not go on meanwhile."""
    return Snapshot(seq, exchange.state_hash(), exchange.snapshot())


def compressed(snapshot: Snapshot) -> Snapshot:
    """Return what `encoded` made as the journal is to keep it."""
    return structs.replace(snapshot, blob=zlib.compress(snapshot.blob, _LEVEL))


def restored(snapshot: Snapshot) -> Exchange:
    """Return the exchange that a snapshot was taken of, of this build or an earlier one.

    Raises:
        SnapshotVersionError: It holds another version's state.
        msgspec.DecodeError: The bytes are no snapshot.
        zlib.error: The same.
    """
    blob = snapshot.blob
    return Exchange.restore(zlib.decompress(blob) if blob.startswith(_ZLIB) else blob)
