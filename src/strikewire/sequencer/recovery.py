"""From the journal back to the exchange: after a restart, and to prove that nothing else is true.

Recovery restores the latest snapshot that is sound and carries out the commands behind it again.
Replay carries out all of them from the first, and compares the state with every snapshot on
its way. Both compare it with every hash that the journal itself holds.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from strikewire.exchange import (
    SNAPSHOT_VERSION,
    Exchange,
    NoteState,
    SnapshotVersionError,
    decode,
)
from strikewire.exchange.packed import is_packed
from strikewire.journal import Journal, JournalCorruptError, SnapshotCorruptError
from strikewire.sequencer.snapshots import UNREADABLE, restored

Progress: TypeAlias = Callable[[int, int], None]
"""Called now and then with the number of the command that was carried out and of the last one."""


class RecoveryReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to get back to the state, and which state that is."""

    last_seq: int
    """Number of the last durable command; 0 in a new venue."""

    last_time_ns: int
    """Its time, in nanoseconds since the Unix epoch; 0 in a new venue."""

    snapshot_seq: int
    """The command after which the restored snapshot was taken; 0 if it began with nothing."""

    replayed: int
    """Commands that were carried out again."""

    state_hash: bytes
    """Hash of the state after the last command; equal wherever the same journal is replayed."""

    skipped_snapshots: tuple[str, ...] = ()
    """Snapshots that could not be used, and why."""

    matching_hashes: int = 0
    """Hashes in the journal that are those of the states which were reached there."""

    matching_snapshots: tuple[int, ...] = ()
    """Replay only: the snapshots that hold the state which was reached at their command."""


class StateMismatchError(Exception):
    """Commands led to another state than when they were first carried out.

    Attributes:
        seq: The command after which the two differ, if not before.
        expected: The hash that was written down then, in a snapshot or in the journal.
        found: The hash now.
    """

    def __init__(self, seq: int, *, expected: bytes, found: bytes) -> None:
        self.seq = seq
        self.expected = expected
        self.found = found
        super().__init__(
            f"the state after command {seq} is {found.hex()}, "
            f"but was {expected.hex()} when it was written down"
        )


def recover(
    journal: Journal, *, progress: Progress | None = None
) -> tuple[Exchange, RecoveryReport]:
    """Return the exchange as the journal's last entry left it.

    Args:
        journal: Open; nothing is written to it.
        progress: Told how far it is.

    Raises:
        JournalCorruptError: An entry behind the snapshot is damaged, or no command of this
            version; or the entries end before the snapshot.
        StateMismatchError: The commands lead to another state than they did.
    """
    exchange, snapshot_seq, skipped = _restore(journal)
    hashes = 0
    for last_seq, time_ns, entry in _entries(journal, snapshot_seq + 1, progress):
        hashes += _apply(exchange, last_seq, time_ns, entry)
    return exchange, RecoveryReport(
        last_seq=journal.last_seq,
        last_time_ns=journal.last_time_ns,
        snapshot_seq=snapshot_seq,
        replayed=journal.last_seq - snapshot_seq,
        state_hash=exchange.state_hash(),
        skipped_snapshots=tuple(skipped),
        matching_hashes=hashes,
    )


def replay(
    journal: Journal, *, progress: Progress | None = None
) -> tuple[Exchange, RecoveryReport]:
    """Carry out every command from the first, and compare the state with all that is kept of it.

    Args:
        journal: Open; nothing is written to it.
        progress: Told how far it is.

    Raises:
        JournalCorruptError: An entry is damaged, or no command of this version.
        StateMismatchError: The commands lead to another state than they did.
    """
    snapshots = _snapshots(journal)
    exchange = Exchange()
    skipped: list[str] = []
    matching: list[int] = []
    hashes = 0
    for seq, time_ns, entry in _entries(journal, 1, progress, stops=snapshots):
        hashes += _apply(exchange, seq, time_ns, entry)
        if seq in snapshots:
            kept = _load(journal, seq)
            if isinstance(kept, str):
                skipped.append(kept)
            else:
                _compare(seq, expected=kept.state_hash(), found=exchange.state_hash())
                matching.append(seq)
    return exchange, RecoveryReport(
        last_seq=journal.last_seq,
        last_time_ns=journal.last_time_ns,
        snapshot_seq=0,
        replayed=journal.last_seq,
        state_hash=exchange.state_hash(),
        skipped_snapshots=tuple(skipped),
        matching_hashes=hashes,
        matching_snapshots=tuple(matching),
    )


def _restore(journal: Journal) -> tuple[Exchange, int, list[str]]:
    """Return the latest sound snapshot, the command it follows, and what was wrong with others."""
    skipped: list[str] = []
    for seq in _snapshots(journal):
        kept = _load(journal, seq)
        if not isinstance(kept, str):
            return kept, seq, skipped
        skipped.append(kept)
    return Exchange(), 0, skipped


def _snapshots(journal: Journal) -> tuple[int, ...]:
    """Return the commands after which there is a snapshot, the latest first."""
    seqs = journal.snapshot_seqs()
    if seqs and seqs[0] > journal.last_seq:
        reason = f"it ends here, but there is a snapshot after entry {seqs[0]}"
        raise JournalCorruptError(journal.last_seq + 1, reason)
    return seqs


def _load(journal: Journal, seq: int) -> Exchange | str:
    """Return the exchange that a snapshot holds, or why it cannot be used."""
    try:
        snapshot = journal.load_snapshot(seq)
        exchange = restored(snapshot)
    except (SnapshotCorruptError, SnapshotVersionError) as error:
        return str(error)
    except UNREADABLE as error:
        return f"the snapshot after entry {seq} cannot be read: {error}"
    if exchange.state_hash() != snapshot.state_hash:
        return f"the snapshot after entry {seq} does not have the state hash it was saved with"
    return exchange


def _entries(
    journal: Journal, from_seq: int, progress: Progress | None, stops: Sequence[int] = ()
) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, time and bytes of every command from `from_seq` on.

    Packed commands that follow each other in a record come together, under the number of the last;
    none goes beyond an entry of `stops`.
    """
    for record in journal.read(from_seq):
        packed: list[bytes] = []
        for seq, entry in enumerate(record.entries, record.first_seq):
            if seq < from_seq:
                continue
            if is_packed(entry):
                packed.append(entry)
                if seq in stops:
                    yield seq, record.time_ns, b"".join(packed)
                    packed.clear()
                continue
            if packed:
                yield seq - 1, record.time_ns, b"".join(packed)
                packed.clear()
            yield seq, record.time_ns, entry
        if packed:
            yield record.last_seq, record.time_ns, b"".join(packed)
        if progress is not None:
            progress(record.last_seq, journal.last_seq)


def _apply(exchange: Exchange, seq: int, time_ns: int, entry: bytes) -> bool:
    """Carry out one command again, or some packed ones; say whether it was a hash, and compared."""
    try:
        if is_packed(entry):
            exchange.replay(time_ns, entry)
            return False
        command = decode(entry)
    except (msgspec.DecodeError, ValueError) as error:
        raise JournalCorruptError(seq, f"it is no command of this version: {error}") from error
    compared = False
    if isinstance(command, NoteState) and command.version == SNAPSHOT_VERSION:
        _compare(seq - 1, expected=command.state_hash, found=exchange.state_hash())
        compared = True
    exchange.apply(seq, time_ns, command)
    return compared


def _compare(seq: int, *, expected: bytes, found: bytes) -> None:
    if expected != found:
        raise StateMismatchError(seq, expected=expected, found=found)
