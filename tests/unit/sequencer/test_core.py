from typing import Any

import msgspec
import pytest

from strikewire.exchange import (
    SNAPSHOT_VERSION,
    AccountOpened,
    BalanceChanged,
    CancelOrder,
    Deposit,
    Exchange,
    NoteState,
    OpenAccount,
    OrderEvent,
    Rejected,
    decode,
)
from strikewire.exchange.packed import ORDER, RECORD_BYTES, REJECTED, pack, records
from strikewire.model import AccountId, OrderId, Units
from strikewire.sequencer.core import (
    TRANSITIONS,
    Applied,
    AppliedPacked,
    Batch,
    Limits,
    Packed,
    Phase,
    Sequencer,
    Step,
    Unanswered,
)
from strikewire.sequencer.errors import CommandTooLarge, QueueFull, SequencerStopped
from strikewire.testing.exchange import ALICE, TradingFloor

NOON = 12 * 3_600 * 10**9
OPEN = OpenAccount(AccountId(1), "alice")
DEPOSIT = Deposit(AccountId(1), "BTC", Units(100))


def new(limits: Limits | None = None) -> Sequencer:
    return Sequencer(Exchange(), last_seq=0, last_time_ns=0, limits=limits)


def taken(sequencer: Sequencer, now_ns: int = NOON) -> Batch:
    batch = sequencer.take_batch(now_ns)
    assert batch is not None
    return batch


def apply_all(sequencer: Sequencer) -> list[Applied]:
    applied = []
    while (one := sequencer.apply_next()) is not None:
        assert isinstance(one, Applied)
        applied.append(one)
    return applied


def test_nothing_waits_at_first() -> None:
    sequencer = new()

    assert sequencer.phase is Phase.IDLE
    assert sequencer.queued == 0
    assert sequencer.take_batch(NOON) is None
    assert sequencer.apply_next() is None


def test_a_batch_is_everything_that_waits_under_consecutive_numbers_and_one_time() -> None:
    sequencer = Sequencer(Exchange(), last_seq=41, last_time_ns=NOON - 1)
    sequencer.submit("first", OPEN)
    sequencer.submit("second", DEPOSIT)

    batch = taken(sequencer)

    assert (batch.first_seq, batch.time_ns) == (42, NOON)
    assert batch.tokens == ("first", "second")
    assert [decode(entry) for entry in batch.entries] == [OPEN, DEPOSIT]
    assert sequencer.queued == 0


def test_nothing_is_carried_out_before_it_is_durable() -> None:
    sequencer = new()
    sequencer.submit("token", OPEN)

    batch = taken(sequencer)
    assert sequencer.apply_next() is None
    assert sequencer.exchange.account(AccountId(1)) is None

    sequencer.committed(batch)
    assert sequencer.exchange.account(AccountId(1)) is None

    sequencer.apply_next()
    assert sequencer.exchange.account(AccountId(1)) is not None


def test_each_command_comes_back_with_its_token_number_time_and_events() -> None:
    sequencer = new()
    sequencer.submit("open", OPEN)
    sequencer.submit("deposit", DEPOSIT)
    sequencer.submit("open again", OPEN)
    sequencer.committed(taken(sequencer))

    applied = apply_all(sequencer)

    assert [(one.token, one.seq, one.time_ns) for one in applied] == [
        ("open", 1, NOON),
        ("deposit", 2, NOON),
        ("open again", 3, NOON),
    ]
    assert [one.command for one in applied] == [OPEN, DEPOSIT, OPEN]
    assert [type(one.events[0]) for one in applied] == [AccountOpened, BalanceChanged, Rejected]
    assert (sequencer.last_seq, sequencer.last_time_ns) == (3, NOON)


def test_one_batch_at_a_time_is_under_way() -> None:
    sequencer = new()
    sequencer.submit("first", OPEN)
    first = taken(sequencer)
    sequencer.submit("second", DEPOSIT)
    sequencer.submit("third", DEPOSIT)

    assert sequencer.take_batch(NOON) is None
    sequencer.committed(first)
    assert sequencer.take_batch(NOON) is None
    apply_all(sequencer)

    second = taken(sequencer)
    assert second.first_seq == 2
    assert second.tokens == ("second", "third")


def test_time_stands_still_while_the_clock_is_behind() -> None:
    sequencer = Sequencer(Exchange(), last_seq=7, last_time_ns=NOON)
    times = []
    for now_ns in (NOON - 1, NOON + 5, NOON + 3, NOON + 6):
        sequencer.submit(None, OPEN)
        batch = taken(sequencer, now_ns)
        sequencer.committed(batch)
        apply_all(sequencer)
        times.append(batch.time_ns)

    assert times == [NOON, NOON + 5, NOON + 5, NOON + 6]


def test_a_full_queue_takes_nothing_and_loses_nothing() -> None:
    sequencer = new(Limits(queued_commands_max=2))
    sequencer.submit(1, OPEN)
    sequencer.submit(2, OPEN)

    with pytest.raises(QueueFull) as caught:
        sequencer.submit(3, OPEN)
    assert caught.value.limit == 2

    assert taken(sequencer).tokens == (1, 2)
    sequencer.submit(4, OPEN)
    assert sequencer.queued == 1


def test_a_command_with_too_many_bytes_is_not_taken() -> None:
    sequencer = new(Limits(command_bytes_max=30))

    with pytest.raises(CommandTooLarge) as caught:
        sequencer.submit(1, OpenAccount(AccountId(1), "a" * 30))

    # One byte for the array, 13 for its tag, one for the id, 31 for the name, one for the owner.
    assert (caught.value.size, caught.value.limit) == (47, 30)
    assert sequencer.queued == 0


def test_a_command_that_could_not_be_read_back_never_gets_in() -> None:
    ill_typed: Any = Deposit(AccountId(1), "BTC", "a lot")  # type: ignore[arg-type] # on purpose
    too_great = Deposit(AccountId(1), "BTC", Units(2**70))
    sequencer = new()

    with pytest.raises(msgspec.ValidationError):
        sequencer.submit(1, ill_typed)
    with pytest.raises(OverflowError):
        sequencer.submit(2, too_great)

    assert sequencer.queued == 0


def test_a_batch_holds_as_many_commands_as_it_may() -> None:
    sequencer = new(Limits(batch_commands_max=2))
    for token in range(3):
        sequencer.submit(token, OPEN)

    first = taken(sequencer)
    sequencer.committed(first)
    apply_all(sequencer)

    assert first.tokens == (0, 1)
    assert taken(sequencer).tokens == (2,)


def test_a_batch_holds_as_many_bytes_as_it_may_and_one_command_at_least() -> None:
    sequencer = new(Limits(batch_bytes_max=60))
    for token, name in enumerate(("a" * 10, "b" * 10, "c" * 100, "d")):
        sequencer.submit(token, OpenAccount(AccountId(1), name))

    batches = []
    while sequencer.queued:
        batch = taken(sequencer)
        sequencer.committed(batch)
        apply_all(sequencer)
        batches.append(batch.tokens)

    # Their bytes: 26, 26, 117 and 17.
    assert batches == [(0, 1), (2,), (3,)]


def test_a_failed_append_stops_the_sequencer_for_good() -> None:
    sequencer = new()
    sequencer.submit("under way", OPEN)
    batch = taken(sequencer)
    sequencer.submit("waiting", DEPOSIT)

    unanswered = sequencer.failed(batch, "disk full")

    assert unanswered == [
        Unanswered("under way", in_doubt=True),
        Unanswered("waiting", in_doubt=False),
    ]
    assert sequencer.phase is Phase.STOPPED
    assert sequencer.exchange.account(AccountId(1)) is None
    assert sequencer.take_batch(NOON) is None
    assert sequencer.apply_next() is None
    with pytest.raises(SequencerStopped, match="disk full") as caught:
        sequencer.submit("late", OPEN)
    assert not caught.value.in_doubt


def test_commands_that_are_durable_but_not_carried_out_are_in_doubt_when_it_stops() -> None:
    sequencer = new()
    for token in ("told", "durable", "durable too"):
        sequencer.submit(token, OPEN)
    sequencer.committed(taken(sequencer))
    sequencer.apply_next()

    assert sequencer.stop("a fault of ours") == [
        Unanswered("durable", in_doubt=True),
        Unanswered("durable too", in_doubt=True),
    ]


def test_the_first_reason_to_stop_stays() -> None:
    sequencer = new()

    assert sequencer.stop("disk full") == []
    assert sequencer.stop("closing") == []

    with pytest.raises(SequencerStopped, match="disk full"):
        sequencer.submit(1, OPEN)


def test_a_closed_sequencer_carries_out_what_waits_and_takes_no_more() -> None:
    sequencer = new()
    sequencer.submit("waiting", OPEN)
    sequencer.close("closing")

    with pytest.raises(SequencerStopped, match="closing"):
        sequencer.submit("late", OPEN)
    assert not sequencer.is_drained

    batch = taken(sequencer)
    assert not sequencer.is_drained
    sequencer.committed(batch)
    assert [one.token for one in apply_all(sequencer)] == ["waiting"]
    assert sequencer.is_drained


def test_an_open_sequencer_is_never_drained() -> None:
    assert not new().is_drained


def test_the_exchange_gets_the_command_as_the_journal_has_it() -> None:
    sequencer = new()
    sequencer.submit(1, OPEN)

    (command,) = taken(sequencer).commands

    assert command == OPEN
    assert command is not OPEN


def test_a_fault_of_the_exchange_leaves_its_command_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_seq: int, _time_ns: int, _command: object) -> None:
        raise AssertionError("crossed book")

    sequencer = new()
    sequencer.submit("guilty", OPEN)
    sequencer.committed(taken(sequencer))
    monkeypatch.setattr(sequencer.exchange, "apply", fail)

    with pytest.raises(AssertionError, match="crossed book"):
        sequencer.apply_next()

    assert sequencer.last_seq == 0
    assert sequencer.stop("crossed book") == [Unanswered("guilty", in_doubt=True)]


def test_only_the_batch_under_way_can_be_committed_or_fail() -> None:
    sequencer = new()
    sequencer.submit(1, OPEN)
    batch = taken(sequencer)
    other = msgspec.structs.replace(batch)

    for step in (sequencer.committed, lambda it: sequencer.failed(it, "why")):
        with pytest.raises(AssertionError):
            step(other)

    sequencer.committed(batch)
    with pytest.raises(AssertionError):
        sequencer.committed(batch)


def test_a_sequencer_begins_where_its_journal_ends() -> None:
    for last_seq, last_time_ns in ((-1, 0), (0, -1)):
        with pytest.raises(AssertionError):
            Sequencer(Exchange(), last_seq=last_seq, last_time_ns=last_time_ns)


def test_the_table_lets_nothing_out_of_the_last_phase() -> None:
    assert {step for phase, step in TRANSITIONS if phase is Phase.STOPPED} == {Step.STOP}
    assert all((phase, Step.STOP) in TRANSITIONS for phase in Phase)
    assert set(TRANSITIONS.values()) == set(Phase)


def test_a_batch_begins_with_the_hash_of_the_state_once_enough_commands_were_carried_out() -> None:
    sequencer = new(Limits(commands_between_hashes=2))
    for token in "ab":
        sequencer.submit(token, OPEN if token == "a" else DEPOSIT)
    sequencer.committed(taken(sequencer))
    apply_all(sequencer)
    reached = sequencer.exchange.state_hash()

    sequencer.submit("c", DEPOSIT)
    batch = taken(sequencer)

    assert batch.commands == (NoteState(SNAPSHOT_VERSION, reached), DEPOSIT)
    assert batch.tokens == (None, "c")
    sequencer.committed(batch)
    noted, _ = apply_all(sequencer)
    assert noted == Applied(None, 3, NOON, batch.commands[0], ())

    sequencer.submit("d", DEPOSIT)
    assert taken(sequencer).commands == (DEPOSIT,)


def test_a_hash_of_the_state_from_outside_is_a_fault_of_the_caller() -> None:
    sequencer = new()

    with pytest.raises(AssertionError):
        sequencer.submit("a", NoteState(SNAPSHOT_VERSION, b"no such state"))

    assert sequencer.queued == 0


def test_a_hash_alone_is_never_written() -> None:
    sequencer = new(Limits(commands_between_hashes=1))
    sequencer.submit("a", OPEN)
    sequencer.committed(taken(sequencer))
    apply_all(sequencer)

    assert sequencer.take_batch(NOON) is None


def cancels(*order_ids: int) -> bytes:
    """Cancels of orders of which there is none, packed."""
    packed = [pack(CancelOrder(AccountId(1), OrderId(order_id))) for order_id in order_ids]
    assert None not in packed
    return b"".join(one for one in packed if one)


def test_packed_commands_have_a_number_and_an_entry_each_and_one_answer() -> None:
    sequencer = new()
    sequencer.submit("open", OPEN)
    sequencer.submit_packed("packed", cancels(7, 8))
    assert sequencer.queued == 3

    batch = taken(sequencer)

    assert sequencer.queued == 0
    assert batch.entries[1:] == (cancels(7), cancels(8))
    assert batch.commands == (OPEN, Packed(cancels(7, 8), 2))
    sequencer.committed(batch)
    opened, packed, end = (sequencer.apply_next() for _ in range(3))
    assert isinstance(opened, Applied)
    assert isinstance(packed, AppliedPacked)
    assert end is None
    assert (packed.token, packed.first_seq, packed.count, packed.time_ns) == ("packed", 2, 2, NOON)
    assert [one.kind for one in records(packed.events)] == [REJECTED, REJECTED]
    assert sequencer.last_seq == 3
    assert sequencer.phase is Phase.IDLE


def test_where_others_listen_packed_commands_are_told_one_by_one_and_then_together() -> None:
    floor = TradingFloor.at(100_000)
    floor.sell(ALICE, 5, 100_000)
    sequencer = Sequencer(floor.exchange, last_seq=floor.seq, last_time_ns=floor.now_ns)
    sequencer.tells_each = True
    sequencer.submit_packed("packed", cancels(1, 99))
    sequencer.committed(taken(sequencer))

    first, second, together, end = (sequencer.apply_next() for _ in range(4))

    assert isinstance(first, Applied)
    assert isinstance(first.events[0], OrderEvent)
    assert (first.token, first.seq) == (None, floor.seq + 1)
    assert isinstance(second, Applied)
    assert isinstance(second.events[0], Rejected)
    assert isinstance(together, AppliedPacked)
    assert (together.token, together.first_seq, together.count) == ("packed", floor.seq + 1, 2)
    kinds = [one.kind for one in records(together.events)]
    assert (kinds[0], kinds[-1]) == (ORDER, REJECTED)
    assert end is None
    assert sequencer.phase is Phase.IDLE


def test_packed_commands_stay_together_and_fill_a_batch_like_others() -> None:
    sequencer = new(Limits(batch_commands_max=3))
    for token in "abc":
        sequencer.submit_packed(token, cancels(1, 2))
    sequencer.submit("d", OPEN)

    batches = []
    while (batch := sequencer.take_batch(NOON)) is not None:
        batches.append(batch.tokens)
        sequencer.committed(batch)
        while sequencer.apply_next() is not None:
            pass

    assert batches == [("a",), ("b",), ("c", "d")]


def test_packed_commands_that_are_none_or_too_many_are_not_taken() -> None:
    limits = Limits(queued_commands_max=3, command_bytes_max=2 * RECORD_BYTES)
    sequencer = new(limits)
    with pytest.raises(ValueError, match="no packed command"):
        sequencer.submit_packed("a", cancels(1) + b"x" * RECORD_BYTES)
    with pytest.raises(CommandTooLarge):
        sequencer.submit_packed("a", cancels(1, 2, 3))
    sequencer.submit_packed("a", cancels(1, 2))
    with pytest.raises(QueueFull):
        sequencer.submit_packed("b", cancels(1, 2))
    assert sequencer.queued == 2

    assert sequencer.stop("why") == [Unanswered("a", in_doubt=False)]
    with pytest.raises(SequencerStopped):
        sequencer.submit_packed("c", cancels(1))


def test_packed_commands_under_way_are_in_doubt_as_a_whole() -> None:
    sequencer = new()
    sequencer.submit_packed("a", cancels(1, 2))
    taken(sequencer)

    assert sequencer.stop("why") == [Unanswered("a", in_doubt=True)]
