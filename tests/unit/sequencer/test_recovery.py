from collections.abc import Callable, Iterator

import pytest

from strikewire.exchange import (
    SNAPSHOT_VERSION,
    Command,
    Deposit,
    Exchange,
    NoteState,
    OpenAccount,
    PlaceOrder,
    encode,
)
from strikewire.exchange.packed import command_of, pack
from strikewire.journal import (
    JournalCorruptError,
    MemoryJournal,
    Record,
    Snapshot,
    SnapshotCorruptError,
)
from strikewire.model import AccountId, InstrumentId, Lots, Side, Ticks, Units
from strikewire.sequencer.recovery import (
    RecoveryReport,
    StateMismatchError,
    _apply,
    _entries,
    recover,
    replay,
)
from strikewire.sequencer.snapshots import take_snapshot
from strikewire.testing.exchange import TradingFloor

ALICE = AccountId(1)
COMMANDS: list[Command] = [
    OpenAccount(ALICE, "alice"),
    Deposit(ALICE, "BTC", Units(100)),
    Deposit(ALICE, "BTC", Units(10)),
    Deposit(ALICE, "BTC", Units(1)),
]


def balance(exchange: Exchange) -> int:
    summary = exchange.summary(ALICE, "BTC")
    assert summary is not None
    return summary.balance


def journal_of(*groups: int) -> MemoryJournal:
    """A journal with the commands above, that many in each record."""
    journal = MemoryJournal()
    commands = iter(COMMANDS)
    for count in groups:
        entries = [encode(next(commands)) for _ in range(count)]
        journal.append(journal.last_seq + 1, 1_000 * (journal.last_seq + 1), entries)
    return journal


def state_after(commands: int) -> Exchange:
    exchange = Exchange()
    for seq, command in enumerate(COMMANDS[:commands], 1):
        exchange.apply(seq, 1_000, command)
    return exchange


def test_a_new_journal_gives_a_new_exchange() -> None:
    exchange, report = recover(MemoryJournal())

    assert exchange.accounts == []
    assert (report.last_seq, report.last_time_ns) == (0, 0)
    assert (report.snapshot_seq, report.replayed) == (0, 0)
    assert report.state_hash == Exchange().state_hash()


def test_without_a_snapshot_every_command_is_carried_out_again() -> None:
    exchange, report = recover(journal_of(1, 3))

    assert balance(exchange) == 111
    assert (report.last_seq, report.last_time_ns) == (4, 2_000)
    assert (report.snapshot_seq, report.replayed) == (0, 4)
    assert report.state_hash == exchange.state_hash()
    assert report.skipped_snapshots == ()


def test_behind_a_snapshot_only_the_rest_is_carried_out_again() -> None:
    journal = journal_of(1, 3)
    partial, _ = recover(journal_of(1, 1))
    journal.save_snapshot(take_snapshot(partial, 2))

    exchange, report = recover(journal)

    assert balance(exchange) == 111
    assert (report.snapshot_seq, report.replayed) == (2, 2)
    assert report.state_hash == recover(journal_of(1, 3))[1].state_hash


def test_a_snapshot_of_the_last_command_is_all_that_is_needed() -> None:
    journal = journal_of(4)
    journal.save_snapshot(take_snapshot(recover(journal)[0], 4))

    exchange, report = recover(journal)

    assert balance(exchange) == 111
    assert (report.snapshot_seq, report.replayed) == (4, 0)


class DamagedSnapshots(MemoryJournal):
    """A journal that finds its snapshots damaged."""

    def load_snapshot(self, seq: int) -> Snapshot:
        raise SnapshotCorruptError(seq, "its checksum is wrong")


def test_a_snapshot_that_cannot_be_used_is_skipped_and_reported() -> None:
    sound = take_snapshot(state_after(1), 1)
    other = take_snapshot(state_after(3), 3)
    # Version 99 of something, in the form of a snapshot.
    other_version = b"\x92\x63\x90"
    for blob, state_hash, reason in [
        (b"no snapshot", b"", "the snapshot after entry 2 cannot be read: "),
        (other_version, b"", "snapshot has version 99, expected 8"),
        (
            other.blob,
            sound.state_hash,
            "the snapshot after entry 2 does not have the state hash it was saved with",
        ),
    ]:
        journal = journal_of(1, 3)
        journal.save_snapshot(sound)
        journal.save_snapshot(Snapshot(2, state_hash, blob))

        exchange, report = recover(journal)

        assert balance(exchange) == 111
        assert (report.snapshot_seq, report.replayed) == (1, 3)
        (skipped,) = report.skipped_snapshots
        assert skipped.startswith(reason)


def test_without_any_sound_snapshot_recovery_begins_at_the_first_command() -> None:
    journal = DamagedSnapshots()
    journal.append(1, 0, [encode(command) for command in COMMANDS])
    journal.save_snapshot(take_snapshot(state_after(1), 1))
    journal.save_snapshot(take_snapshot(state_after(2), 2))

    exchange, report = recover(journal)

    assert balance(exchange) == 111
    assert (report.snapshot_seq, report.replayed) == (0, 4)
    assert report.skipped_snapshots == (
        "the snapshot after entry 2 is damaged: its checksum is wrong",
        "the snapshot after entry 1 is damaged: its checksum is wrong",
    )


class ShortJournal(MemoryJournal):
    """A journal that lost its last record, but not the snapshot after it."""

    @property
    def last_seq(self) -> int:
        return 1 if self.snapshot_seqs() else super().last_seq


def test_a_journal_that_ends_before_its_snapshot_has_lost_something() -> None:
    journal = ShortJournal()
    journal.append(1, 0, [encode(command) for command in COMMANDS])
    journal.save_snapshot(take_snapshot(state_after(4), 4))

    for read in (recover, replay):
        with pytest.raises(JournalCorruptError, match="a snapshot after entry 4") as caught:
            read(journal)
        assert caught.value.seq == 2


def test_an_entry_that_is_no_command_is_damage() -> None:
    journal = journal_of(2)
    journal.append(3, 5_000, [b"\x91\xa5dance"])

    for read in (recover, replay):
        with pytest.raises(JournalCorruptError, match="no command of this version") as caught:
            read(journal)
        assert caught.value.seq == 3


def test_a_replay_begins_at_the_first_command_and_confirms_every_snapshot() -> None:
    journal = journal_of(1, 3)
    recovered, _ = recover(journal)
    journal.save_snapshot(take_snapshot(recover(journal_of(1))[0], 1))
    journal.save_snapshot(take_snapshot(recovered, 4))

    exchange, report = replay(journal)

    assert balance(exchange) == 111
    assert (report.last_seq, report.last_time_ns) == (4, 2_000)
    assert (report.snapshot_seq, report.replayed) == (0, 4)
    assert report.matching_snapshots == (1, 4)
    assert report.state_hash == recovered.state_hash()


def test_a_replay_reports_the_snapshots_that_it_could_not_compare() -> None:
    journal = DamagedSnapshots()
    journal.append(1, 0, [encode(command) for command in COMMANDS])
    journal.save_snapshot(take_snapshot(state_after(2), 2))

    _, report = replay(journal)

    assert report.matching_snapshots == ()
    assert report.skipped_snapshots == (
        "the snapshot after entry 2 is damaged: its checksum is wrong",
    )


def test_a_replay_that_reaches_another_state_says_so() -> None:
    journal = journal_of(4)
    other = state_after(3)
    journal.save_snapshot(take_snapshot(other, 4))

    with pytest.raises(StateMismatchError, match="the state after command 4 is") as caught:
        replay(journal)

    assert caught.value.seq == 4
    assert caught.value.expected == other.state_hash()
    assert caught.value.found == recover(journal_of(4))[1].state_hash


@pytest.mark.parametrize("carry_out", [recover, replay])
def test_a_hash_in_the_journal_is_compared_with_the_state_that_is_reached(
    carry_out: Callable[[MemoryJournal], tuple[Exchange, RecoveryReport]],
) -> None:
    journal = journal_of(3)
    noted = NoteState(SNAPSHOT_VERSION, state_after(3).state_hash())
    journal.append(4, 4_000, [encode(noted), encode(COMMANDS[3])])

    exchange, report = carry_out(journal)

    assert report.matching_hashes == 1
    assert balance(exchange) == 111


@pytest.mark.parametrize("carry_out", [recover, replay])
def test_a_hash_of_another_state_stops_the_venue(
    carry_out: Callable[[MemoryJournal], tuple[Exchange, RecoveryReport]],
) -> None:
    journal = journal_of(3)
    other = state_after(2).state_hash()
    journal.append(4, 4_000, [encode(NoteState(SNAPSHOT_VERSION, other))])

    with pytest.raises(StateMismatchError, match="the state after command 3 is") as caught:
        carry_out(journal)

    assert caught.value.expected == other


def test_a_hash_of_another_versions_state_says_nothing() -> None:
    journal = journal_of(3)
    journal.append(4, 4_000, [encode(NoteState(SNAPSHOT_VERSION - 1, b"another"))])

    assert recover(journal)[1].matching_hashes == 0


def test_progress_is_told_after_each_record() -> None:
    told: list[tuple[int, int]] = []

    recover(journal_of(1, 2, 1), progress=lambda seq, last_seq: told.append((seq, last_seq)))

    assert told == [(1, 4), (3, 4), (4, 4)]


class Straddling(MemoryJournal):
    """A journal that was asked for what."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def read(self, from_seq: int = 1) -> Iterator[Record]:
        self.asked.append(from_seq)
        return super().read(from_seq)


def test_recovery_reads_no_more_than_it_needs() -> None:
    journal = Straddling()
    journal.append(1, 0, [encode(command) for command in COMMANDS])
    journal.save_snapshot(take_snapshot(state_after(3), 3))

    _, report = recover(journal)

    assert journal.asked == [4]
    assert report.replayed == 1


def packed_orders(count: int) -> list[bytes]:
    """Orders at prices that nobody meets, packed."""
    placed = [
        pack(
            PlaceOrder(
                account_id=ALICE,
                instrument_id=InstrumentId(1),
                side=Side.SELL,
                amount=Lots(1),
                price=Ticks(100_000 + number),
                label=str(number),
            )
        )
        for number in range(count)
    ]
    return [one for one in placed if one is not None]


def test_packed_entries_are_carried_out_again_between_others() -> None:
    floor = TradingFloor.at(100_000)
    journal = MemoryJournal()
    one, two, three = packed_orders(3)
    orders = [one, two, encode(OpenAccount(AccountId(99), "later")), three]
    journal.append(1, floor.now_ns, orders)
    for seq, entry in enumerate(orders, 1):
        floor.exchange.apply(seq, floor.now_ns, command_of(entry))
    begun = TradingFloor.at(100_000).exchange

    for last_seq, time_ns, entry in _entries(journal, 1, None):
        assert not _apply(begun, last_seq, time_ns, entry)

    assert begun.state_hash() == floor.exchange.state_hash()


def test_a_run_of_packed_entries_ends_where_a_state_is_to_be_compared() -> None:
    journal = MemoryJournal()
    entries = packed_orders(4)
    journal.append(1, 1, entries[:3])
    journal.append(4, 2, entries[3:])

    runs = list(_entries(journal, 1, None, stops=(2,)))

    assert runs == [
        (2, 1, entries[0] + entries[1]),
        (3, 1, entries[2]),
        (4, 2, entries[3]),
    ]
    assert list(_entries(journal, 3, None)) == [(3, 1, entries[2]), (4, 2, entries[3])]


def test_a_packed_entry_that_is_no_command_is_damage() -> None:
    journal = MemoryJournal()
    journal.append(1, 1, [packed_orders(1)[0][:-1]])

    with pytest.raises(JournalCorruptError, match="entry 1"):
        recover(journal)
