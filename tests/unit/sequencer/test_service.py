import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from strikewire.exchange import (
    CancelOrder,
    Command,
    Deposit,
    Exchange,
    OpenAccount,
    Rejected,
    encode,
)
from strikewire.exchange.packed import REJECTED, pack, records
from strikewire.journal import Journal, JournalWriteError, MemoryJournal, Snapshot
from strikewire.model import AccountId, OrderId, Units
from strikewire.sequencer.core import Applied, AppliedPacked, Limits, Sequencer
from strikewire.sequencer.errors import QueueFull, SequencerStopped
from strikewire.sequencer.recovery import recover
from strikewire.sequencer.service import COMMANDS_PER_TURN, OnApplied, SequencerService
from strikewire.sequencer.snapshots import SnapshotPolicy, compressed, restored
from strikewire.testing.journal import FailingJournal

NOON = 12 * 3_600 * 10**9
ALICE = AccountId(1)
OPEN = OpenAccount(ALICE, "alice")


def deposit(amount: int) -> Command:
    return Deposit(ALICE, "BTC", Units(amount))


class GatedJournal(MemoryJournal):
    """A journal whose appends wait until they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = threading.Semaphore(0)
        self._gate = threading.Semaphore(0)

    def append(self, first_seq: int, time_ns: int, entries: Sequence[bytes]) -> None:
        self._arrived.release()
        self._gate.acquire()
        super().append(first_seq, time_ns, entries)

    async def arrival(self) -> None:
        """Wait until an append is under way."""
        await asyncio.to_thread(self._arrived.acquire)

    def let_through(self, appends: int = 1) -> None:
        self._gate.release(appends)


def service_of(
    journal: Journal,
    *,
    subscribers: Sequence[OnApplied] = (),
    clock: Callable[[], int] = lambda: NOON,
    limits: Limits | None = None,
    snapshots: SnapshotPolicy | None = None,
) -> SequencerService:
    exchange, report = recover(journal)
    sequencer = Sequencer(
        exchange, last_seq=report.last_seq, last_time_ns=report.last_time_ns, limits=limits
    )
    return SequencerService(
        sequencer,
        journal,
        clock=clock,
        subscribers=subscribers,
        snapshots=snapshots,
        snapshot_seq=report.snapshot_seq,
    )


@asynccontextmanager
async def running(service: SequencerService) -> AsyncIterator[asyncio.Task[None]]:
    """Run a service, close it at the end, and raise what it ended with."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())
        yield task
        service.close()


class Answers:
    """Collects what a submitter is told."""

    def __init__(self) -> None:
        self.applied: list[Applied] = []
        self.stopped: list[SequencerStopped] = []

    @property
    def in_doubt(self) -> list[bool]:
        return [stopped.in_doubt for stopped in self.stopped]


async def test_a_command_is_answered_with_what_it_did() -> None:
    journal = MemoryJournal()
    service = service_of(journal)

    async with running(service):
        opened = await service.execute(OPEN)
        again = await service.execute(OPEN)

    assert (opened.seq, opened.time_ns, opened.command) == (1, NOON, OPEN)
    assert isinstance(again.events[0], Rejected)
    assert service.last_seq == 2
    assert service.exchange.account(ALICE) is not None
    assert [record.last_seq for record in journal.read()] == [1, 2]


async def test_an_answer_leaves_only_after_the_command_is_durable() -> None:
    journal = GatedJournal()
    service = service_of(journal)
    answers = Answers()

    async with running(service):
        service.submit(OPEN, answers.applied.append)
        await journal.arrival()
        assert answers.applied == []
        assert service.exchange.account(ALICE) is None

        journal.let_through(2)
        await service.execute(deposit(1))

    assert [applied.seq for applied in answers.applied] == [1]
    assert journal.last_seq == 2


async def test_what_queues_during_a_commit_is_the_next_commit() -> None:
    journal = GatedJournal()
    service = service_of(journal)

    async with running(service):
        service.submit(OPEN, Answers().applied.append)
        await journal.arrival()
        for amount in (1, 2, 3):
            service.submit(deposit(amount), Answers().applied.append)
        assert service.queued == 3
        journal.let_through(2)

    assert [len(record.entries) for record in journal.read()] == [1, 3]


async def test_subscribers_hear_every_command_in_order_and_before_who_asked() -> None:
    heard: list[tuple[str, int]] = []
    service = service_of(
        MemoryJournal(),
        subscribers=[
            lambda applied: heard.append(("first", applied.seq)),
            lambda applied: heard.append(("second", applied.seq)),
        ],
    )
    service.submit(OPEN, lambda applied: heard.append(("asked", applied.seq)))
    service.submit(OPEN, lambda applied: heard.append(("asked", applied.seq)))

    async with running(service):
        await service.execute(OPEN)
        service.subscribe(lambda applied: heard.append(("late", applied.seq)))
        await service.execute(OPEN)

    assert heard == [
        ("first", 1),
        ("second", 1),
        ("asked", 1),
        ("first", 2),
        ("second", 2),
        ("asked", 2),
        ("first", 3),
        ("second", 3),
        ("first", 4),
        ("second", 4),
        ("late", 4),
    ]


async def test_what_a_subscriber_reads_is_never_ahead_of_what_it_was_told() -> None:
    balances: list[tuple[int, int]] = []

    def look(applied: Applied) -> None:
        summary = service.exchange.summary(ALICE, "BTC")
        assert summary is not None
        balances.append((applied.seq, summary.balance))

    service = service_of(MemoryJournal(), subscribers=[look])
    for command in (OPEN, deposit(100), deposit(10), deposit(1)):
        service.submit(command, Answers().applied.append)

    async with running(service):
        pass

    assert balances == [(1, 0), (2, 100), (3, 110), (4, 111)]


async def test_an_answer_may_ask_for_the_next_command() -> None:
    answers = Answers()
    service = service_of(MemoryJournal())

    async with running(service):
        service.submit(OPEN, lambda _: service.submit(deposit(1), answers.applied.append))
        await service.execute(OPEN)
        await service.execute(OPEN)

    assert [applied.seq for applied in answers.applied] == [3]


async def test_other_tasks_have_their_turn_within_a_long_batch() -> None:
    seen: list[int] = []
    service = service_of(MemoryJournal())
    for _ in range(3 * COMMANDS_PER_TURN):
        service.submit(OPEN, Answers().applied.append)

    async with running(service) as task:
        while not task.done():
            seen.append(service.last_seq)
            if service.last_seq == 3 * COMMANDS_PER_TURN:
                break
            await asyncio.sleep(0)

    assert {COMMANDS_PER_TURN, 2 * COMMANDS_PER_TURN} <= set(seen)


async def test_the_time_of_the_journal_never_goes_back_even_across_restarts() -> None:
    journal = MemoryJournal()
    for now_ns in (NOON, NOON - 5, NOON + 7):
        service = service_of(journal, clock=lambda now_ns=now_ns: now_ns)  # type: ignore[misc]
        async with running(service):
            await service.execute(OPEN)

    assert [record.time_ns for record in journal.read()] == [NOON, NOON, NOON + 7]


async def test_a_full_queue_refuses_and_goes_on() -> None:
    journal = GatedJournal()
    service = service_of(journal, limits=Limits(queued_commands_max=1))
    answers = Answers()

    async with running(service):
        service.submit(OPEN, answers.applied.append)
        await journal.arrival()
        service.submit(OPEN, answers.applied.append)
        with pytest.raises(QueueFull):
            service.submit(OPEN, answers.applied.append)
        with pytest.raises(QueueFull):
            await service.execute(OPEN)
        journal.let_through(2)

    assert [applied.seq for applied in answers.applied] == [1, 2]


# Closing.


async def test_a_closed_service_finishes_what_waits_and_takes_no_more() -> None:
    service = service_of(MemoryJournal())
    answers = Answers()
    service.submit(OPEN, answers.applied.append, answers.stopped.append)
    service.close()

    with pytest.raises(SequencerStopped, match="closing"):
        service.submit(OPEN, answers.applied.append)
    await service.run()

    assert len(answers.applied) == 1
    assert answers.stopped == []


async def test_who_is_cancelled_while_waiting_does_not_take_the_command_back() -> None:
    journal = GatedJournal()
    service = service_of(journal)

    async with running(service), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(service.execute(OPEN))
        await journal.arrival()
        waiting.cancel()
        journal.let_through()

    assert waiting.cancelled()

    assert service.exchange.account(ALICE) is not None


async def test_who_was_cancelled_is_not_told_of_the_stop_either() -> None:
    service = service_of(FailingJournal(fails_at=1))
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(service.execute(OPEN))
        await asyncio.sleep(0)
        waiting.cancel()

    with pytest.raises(JournalWriteError):
        await service.run()


async def test_cancelled_while_it_waits_it_ends_at_once() -> None:
    service = service_of(MemoryJournal())
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())
        await asyncio.sleep(0)
        task.cancel()

    assert task.cancelled()
    with pytest.raises(SequencerStopped, match="closing"):
        service.submit(OPEN, Answers().applied.append)


async def test_cancelled_during_a_commit_it_still_tells_what_became_durable() -> None:
    journal = GatedJournal()
    service = service_of(journal)
    answers = Answers()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())
        service.submit(OPEN, answers.applied.append, answers.stopped.append)
        service.submit(OPEN, answers.applied.append, answers.stopped.append)
        await journal.arrival()
        service.submit(OPEN, answers.applied.append, answers.stopped.append)
        task.cancel()
        journal.let_through()

    assert task.cancelled()
    assert [applied.seq for applied in answers.applied] == [1, 2]
    assert answers.in_doubt == [False]
    assert journal.last_seq == 2


async def test_cancelled_between_two_turns_it_still_tells_the_rest_of_the_batch() -> None:
    service = service_of(MemoryJournal())
    answers = Answers()

    def cancel_after_the_first(applied: Applied) -> None:
        answers.applied.append(applied)
        if applied.seq == 1:
            task.cancel()

    for _ in range(2 * COMMANDS_PER_TURN):
        service.submit(OPEN, cancel_after_the_first, answers.stopped.append)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())

    assert task.cancelled()
    assert len(answers.applied) == 2 * COMMANDS_PER_TURN
    assert answers.stopped == []


async def test_cancelled_during_a_commit_that_fails_it_ends_with_the_failure() -> None:
    class Failing(GatedJournal):
        def append(self, first_seq: int, time_ns: int, entries: Sequence[bytes]) -> None:
            super().append(first_seq, time_ns, entries)
            raise JournalWriteError("disk full")

    journal = Failing()
    service = service_of(journal)
    answers = Answers()

    async def cancel_during_the_commit() -> None:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(service.run())
            service.submit(OPEN, answers.applied.append, answers.stopped.append)
            await journal.arrival()
            task.cancel()
            journal.let_through()

    with pytest.raises(ExceptionGroup) as caught:
        await cancel_during_the_commit()

    (failure,) = caught.value.exceptions
    assert isinstance(failure, JournalWriteError)
    assert failure.reason == "disk full"
    assert answers.applied == []
    assert answers.in_doubt == [True]


# Failing.


@pytest.mark.parametrize("keeps_it", [False, True])
async def test_after_a_failed_append_nothing_is_acknowledged_any_more(keeps_it: bool) -> None:
    journal = FailingJournal(fails_at=2, keeps_it=keeps_it)
    heard: list[int] = []
    service = service_of(
        journal,
        subscribers=[lambda applied: heard.append(applied.seq)],
        limits=Limits(batch_commands_max=1),
    )
    answers = Answers()
    for command in (OPEN, deposit(1), deposit(2)):
        service.submit(command, answers.applied.append, answers.stopped.append)

    with pytest.raises(JournalWriteError, match="the disk failed"):
        await service.run()

    assert heard == [1]
    assert [applied.seq for applied in answers.applied] == [1]
    # The second may be on the disk, the third is certainly not.
    assert answers.in_doubt == [True, False]
    assert all("the disk failed" in stopped.reason for stopped in answers.stopped)
    with pytest.raises(SequencerStopped, match="the disk failed"):
        await service.execute(OPEN)


async def test_who_awaits_a_command_hears_of_the_stop() -> None:
    service = service_of(FailingJournal(fails_at=1))

    async def ask() -> SequencerStopped:
        with pytest.raises(SequencerStopped) as caught:
            await service.execute(OPEN)
        return caught.value

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(ask())
        await asyncio.sleep(0)
        with pytest.raises(JournalWriteError):
            await service.run()

    assert waiting.result().in_doubt


async def test_who_does_not_ask_to_hear_of_a_stop_is_left_in_peace() -> None:
    service = service_of(FailingJournal(fails_at=1))
    answers = Answers()
    service.submit(OPEN, answers.applied.append)

    with pytest.raises(JournalWriteError):
        await service.run()

    assert answers.applied == []


async def test_a_fault_of_a_subscriber_stops_the_venue_loudly() -> None:
    def fail(applied: Applied) -> None:
        if applied.seq == 2:
            raise ZeroDivisionError

    journal = MemoryJournal()
    service = service_of(journal, subscribers=[fail])
    answers = Answers()
    for _ in range(3):
        service.submit(OPEN, answers.applied.append, answers.stopped.append)

    with pytest.raises(ZeroDivisionError):
        await service.run()

    assert [applied.seq for applied in answers.applied] == [1]
    # All three are in the journal, and will have happened after a restart.
    assert answers.in_doubt == [True, True]
    assert answers.stopped[0].reason == "ZeroDivisionError"
    assert journal.last_seq == 3


async def test_a_fault_of_a_submitter_stops_the_venue_loudly() -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("by whom?")

    service = service_of(MemoryJournal())
    answers = Answers()
    service.submit(OPEN, fail, answers.stopped.append)
    service.submit(OPEN, answers.applied.append, answers.stopped.append)

    with pytest.raises(ZeroDivisionError):
        await service.run()

    assert answers.applied == []
    assert answers.in_doubt == [True]
    assert answers.stopped[0].reason == "by whom?"


async def test_a_submitter_who_fails_at_the_stop_does_not_keep_it_from_others() -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    def fail(_: object) -> None:
        raise ZeroDivisionError

    service = service_of(FailingJournal(fails_at=1))
    answers = Answers()
    service.submit(OPEN, answers.applied.append, fail)
    service.submit(OPEN, answers.applied.append, answers.stopped.append)

    with pytest.raises(JournalWriteError):
        await service.run()

    assert answers.in_doubt == [True]
    assert [type(context["exception"]) for context in reported] == [ZeroDivisionError]


async def test_a_fault_of_the_exchange_stops_the_venue_loudly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_seq: int, _time_ns: int, _command: object) -> None:
        raise AssertionError("crossed book")

    service = service_of(MemoryJournal())
    monkeypatch.setattr(service.exchange, "apply", fail)
    answers = Answers()
    service.submit(OPEN, answers.applied.append, answers.stopped.append)

    with pytest.raises(AssertionError, match="crossed book"):
        await service.run()

    assert answers.in_doubt == [True]


# Snapshots.


async def test_snapshots_are_taken_between_batches_and_at_the_end() -> None:
    journal = MemoryJournal()
    service = service_of(
        journal,
        snapshots=SnapshotPolicy(every_commands=4),
        limits=Limits(batch_commands_max=3),
    )
    for _ in range(7):
        service.submit(OPEN, Answers().applied.append)

    async with running(service):
        pass

    # After the second batch of three, and after the last command.
    assert journal.snapshot_seqs() == (7, 6)
    snapshot = journal.load_snapshot(7)
    assert restored(snapshot).state_hash() == snapshot.state_hash
    assert snapshot.state_hash == service.exchange.state_hash()


class Remembering(MemoryJournal):
    """A journal that knows of all snapshots it was ever given."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[int, int] = {}

    def save_snapshot(self, snapshot: Snapshot) -> None:
        self.sizes[snapshot.seq] = len(restored(snapshot).snapshot())
        super().save_snapshot(snapshot)


async def test_a_snapshot_that_is_large_waits_for_the_journal_to_grow() -> None:
    journal = Remembering()
    policy = SnapshotPolicy(every_commands=1, small_bytes=0)
    service = service_of(journal, snapshots=policy)

    async with running(service):
        for _ in range(9):
            await service.execute(OPEN)

    # The first has 145 bytes and an entry 22: seven of them are as much. At the end comes another.
    assert (journal.sizes[1], len(encode(OPEN))) == (145, 22)
    assert list(journal.sizes) == [1, 8, 9]


async def test_commands_go_on_while_a_snapshot_is_compressed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(snapshot: Snapshot) -> Snapshot:
        began.set()
        go_on.wait()
        return compressed(snapshot)

    monkeypatch.setattr("strikewire.sequencer.service.compressed", slow)
    journal = MemoryJournal()
    service = service_of(journal, snapshots=SnapshotPolicy(every_commands=3))

    async with running(service):
        for _ in range(5):
            await service.execute(OPEN)
        await asyncio.to_thread(began.wait)
        assert journal.snapshot_seqs() == ()
        go_on.set()
        await service.execute(OPEN)

    assert journal.snapshot_seqs() == (6, 3)
    assert restored(journal.load_snapshot(3)).account_ids == [ALICE]


async def test_a_snapshot_that_is_under_way_is_given_up_with_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()

    def slow(snapshot: Snapshot) -> Snapshot:
        go_on.wait()
        return compressed(snapshot)

    monkeypatch.setattr("strikewire.sequencer.service.compressed", slow)
    journal = MemoryJournal()
    service = service_of(journal, snapshots=SnapshotPolicy(every_commands=1))

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())
        await service.execute(OPEN)
        task.cancel()
    go_on.set()

    assert task.cancelled()
    assert journal.snapshot_seqs() == ()
    assert journal.last_seq == 1


async def test_no_snapshot_is_taken_twice() -> None:
    journal = MemoryJournal()
    for _ in range(2):
        service = service_of(journal, snapshots=SnapshotPolicy(every_commands=1))
        async with running(service):
            await service.execute(OPEN)

    assert journal.snapshot_seqs() == (2, 1)
    assert recover(journal)[1].replayed == 0


async def test_a_venue_without_a_policy_takes_no_snapshots() -> None:
    journal = MemoryJournal()
    service = service_of(journal)

    async with running(service):
        await service.execute(OPEN)

    assert journal.snapshot_seqs() == ()


async def test_a_snapshot_that_cannot_be_saved_stops_the_venue() -> None:
    class NoRoom(MemoryJournal):
        def save_snapshot(self, snapshot: Snapshot) -> None:
            raise JournalWriteError("disk full")

    service = service_of(NoRoom(), snapshots=SnapshotPolicy(every_commands=1))
    answers = Answers()
    service.submit(OPEN, answers.applied.append, answers.stopped.append)

    with pytest.raises(JournalWriteError, match="disk full"):
        await service.run()

    assert len(answers.applied) == 1
    assert answers.stopped == []


async def test_what_fails_behind_a_fault_is_told_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def fail(snapshot: Snapshot) -> Snapshot:
        go_on.wait()
        raise MemoryError(f"no room for {snapshot.seq}")

    def mind_the_second(applied: Applied) -> None:
        if applied.seq == 2:
            raise ValueError("the second")

    monkeypatch.setattr("strikewire.sequencer.service.compressed", fail)
    journal = GatedJournal()
    policy = SnapshotPolicy(every_commands=1)
    service = service_of(journal, subscribers=[mind_the_second], snapshots=policy)

    async def submit_two() -> None:
        journal.let_through()
        await service.execute(OPEN)
        await journal.arrival()
        service.submit(OPEN, Answers().applied.append)
        await journal.arrival()
        threading.Timer(0.05, journal.let_through).start()
        go_on.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(submit_two())
        with pytest.raises(MemoryError, match="no room for 1") as caught:
            await service.run()

    assert caught.value.__notes__ == ["Then came: ValueError('the second')"]


async def test_a_service_stands_where_its_journal_ends() -> None:
    journal = MemoryJournal()
    journal.append(1, NOON, [b"x"])

    for last_seq, last_time_ns in ((0, NOON), (2, NOON), (1, NOON - 1)):
        sequencer = Sequencer(Exchange(), last_seq=last_seq, last_time_ns=last_time_ns)
        with pytest.raises(AssertionError):
            SequencerService(sequencer, journal, clock=lambda: NOON)


def cancels(*order_ids: int) -> bytes:
    packed = [pack(CancelOrder(ALICE, OrderId(order_id))) for order_id in order_ids]
    return b"".join(one for one in packed if one)


@pytest.mark.parametrize("count", [0, 1])
async def test_packed_commands_are_answered_together_and_heard_one_by_one(count: int) -> None:
    journal = MemoryJournal()
    heard: list[int] = []
    service = service_of(journal)
    answers: list[AppliedPacked] = []

    async with running(service):
        await service.execute(OPEN)
        for _ in range(count):
            service.subscribe(lambda applied: heard.append(applied.seq))
        service.submit_packed(cancels(1, 2), answers.append)

    (packed,) = answers
    assert (packed.first_seq, packed.count) == (2, 2)
    assert [one.kind for one in records(packed.events)] == [REJECTED, REJECTED]
    assert heard == [2, 3] * count
    assert journal.last_seq == 3
    assert recover(journal)[0].state_hash() == service.exchange.state_hash()


async def test_who_asked_for_packed_commands_hears_of_a_stop_once() -> None:
    service = service_of(FailingJournal(fails_at=1))
    stopped: list[SequencerStopped] = []
    service.submit_packed(cancels(1, 2), lambda _: None, stopped.append)

    with pytest.raises(JournalWriteError):
        await service.run()

    assert [one.in_doubt for one in stopped] == [True]
