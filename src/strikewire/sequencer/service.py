"""The sequencer at work: an asyncio task that drives the machine, and a thread that waits for disk.

The journal blocks while it syncs, so it has a thread of its own, which the loop waits for without
standing still. Everything else happens on the loop: a command is carried out, the subscribers are
told, and whoever submitted it is answered, in that order, before the next command's turn.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from strikewire.exchange import Command, Exchange
from strikewire.journal import Journal, Snapshot
from strikewire.sequencer.core import Applied, AppliedPacked, Batch, Phase, Sequencer
from strikewire.sequencer.errors import SequencerStopped
from strikewire.sequencer.snapshots import SnapshotPolicy, compressed, encoded
from strikewire.sequencer.thread import JournalThread

OnApplied: TypeAlias = Callable[[Applied], None]
OnPacked: TypeAlias = Callable[[AppliedPacked], None]
OnStopped: TypeAlias = Callable[[SequencerStopped], None]

CLOSED = "the venue is closing"

COMMANDS_PER_TURN = 32
"""Commands carried out before the loop's other tasks have a turn."""


class _Waiter(msgspec.Struct, frozen=True):
    """Who asked for a command."""

    on_applied: OnApplied
    on_stopped: OnStopped


class _PackedWaiter(msgspec.Struct, frozen=True):
    """Who asked for packed commands."""

    on_applied: OnPacked
    on_stopped: OnStopped


def _tell_nobody(_stopped: SequencerStopped) -> None:
    """Answer nobody: the submitter did not ask to hear of a stop."""


class SequencerService:
    """One order for everything that enters the venue, durable before it is answered.

    Run it as a task; it ends when it is closed, or with the error that stopped it.
    """

    def __init__(
        self,
        sequencer: Sequencer,
        journal: Journal,
        *,
        clock: Callable[[], int],
        subscribers: Sequence[OnApplied] = (),
        snapshots: SnapshotPolicy | None = None,
        snapshot_seq: int = 0,
    ) -> None:
        """Make the service of a sequencer that stands where its journal ends.

        Args:
            sequencer: Driven by nobody else.
            journal: Written by nobody else; closed by who opened it, after `run` has ended.
            clock: Nanoseconds since the Unix epoch.
            subscribers: Called with every command, in order, each before the next one. What they
                raise is a fault of theirs and stops the venue.
            snapshots: When to take them; None takes none.
            snapshot_seq: Command after which the last snapshot was taken; 0 if there is none.
        """
        assert sequencer.last_seq == journal.last_seq
        assert sequencer.last_time_ns >= journal.last_time_ns
        self._sequencer = sequencer
        self._journal = journal
        self._clock = clock
        self._subscribers = list(subscribers)
        sequencer.tells_each = bool(self._subscribers)
        self._snapshots = snapshots
        self._snapshot_seq = snapshot_seq
        self._snapshot_bytes = self._grown_bytes = 0
        self._saving: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._being_told: object = None

    @property
    def exchange(self) -> Exchange:
        """The exchange, for reading. All it shows is durable."""
        return self._sequencer.exchange

    @property
    def last_seq(self) -> int:
        """Number of the last command that was carried out."""
        return self._sequencer.last_seq

    @property
    def queued(self) -> int:
        """How many commands wait for the journal."""
        return self._sequencer.queued

    def subscribe(self, subscriber: OnApplied) -> None:
        """Call `subscriber` with every command from now on, after those who came before it."""
        self._subscribers.append(subscriber)
        self._sequencer.tells_each = True

    def submit(
        self, command: Command, on_applied: OnApplied, on_stopped: OnStopped = _tell_nobody
    ) -> None:
        """Put a command in the queue, from a callback or a task of the loop.

        Exactly one of the two is called, once and never before this returns.

        Args:
            command: What is to be done.
            on_applied: Called when it is durable and carried out, after the subscribers.
            on_stopped: Called when it will not be answered, because the sequencer stopped.

        Raises:
            QueueFull: Too many are waiting.
            CommandTooLarge: It has too many bytes.
            SequencerStopped: Nothing is taken any more.
        """
        self._sequencer.submit(_Waiter(on_applied, on_stopped), command)
        self._wake.set()

    def submit_packed(
        self, batch: bytes, on_applied: OnPacked, on_stopped: OnStopped = _tell_nobody
    ) -> None:
        """Put packed commands in the queue; they stay together, and are answered together.

        The fastest way in, for programs in this process. Subscribers, if there are any, still hear
        of each command by itself, which costs what it always does.

        Args:
            batch: Records of `exchange.packed`, one behind the other, each followed by its label.
            on_applied: As for `submit`, called once for all of them.
            on_stopped: As for `submit`.

        Raises:
            QueueFull: With these, too many would be waiting.
            CommandTooLarge: Together they have too many bytes.
            SequencerStopped: Nothing is taken any more.
            ValueError: One of them is no packed command, or there is none.
        """
        self._sequencer.submit_packed(_PackedWaiter(on_applied, on_stopped), batch)
        self._wake.set()

    async def execute(self, command: Command) -> Applied:
        """Carry out a command and wait for it.

        Who is cancelled while waiting does not take the command back.

        Raises:
            QueueFull: Too many are waiting.
            CommandTooLarge: It has too many bytes.
            SequencerStopped: It will not be answered; `in_doubt` says whether it may have happened.
        """
        answer: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()
        self.submit(command, partial(_answer, answer), partial(_refuse, answer))
        return await answer

    def close(self) -> None:
        """Take no more commands, carry out those that wait, take a last snapshot, end `run`."""
        self._sequencer.close(CLOSED)
        self._wake.set()

    async def run(self) -> None:
        """Work until closed or cancelled. Afterwards everyone who asked has been answered.

        Raises:
            JournalWriteError: A batch could not be made durable.
            Exception: A subscriber or the exchange is at fault. The journal is intact.
        """
        # Leaving the block waits for the thread: what it is writing is never abandoned.
        with JournalThread() as thread:
            reason, fault = CLOSED, None
            try:
                async with asyncio.TaskGroup() as savings:
                    await self._work(thread, savings)
            except ExceptionGroup as failed:
                fault, *others = failed.exceptions
                reason = str(fault) or type(fault).__name__
                for other in others:
                    fault.add_note(f"Then came: {other!r}")
            finally:
                self._stop(reason)
            if fault is not None:
                raise fault

    async def _work(self, thread: JournalThread, savings: asyncio.TaskGroup) -> None:
        while not self._sequencer.is_drained:
            batch = self._sequencer.take_batch(self._clock())
            if batch is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._commit(thread, batch)
            if self._is_snapshot_due(batch):
                await self._begin_snapshot(thread, savings)
        if self._snapshots is not None and self.last_seq > self._snapshot_seq:
            await self._begin_snapshot(thread, savings)

    async def _commit(self, thread: JournalThread, batch: Batch) -> None:
        """Make a batch durable, then carry it out and tell it, to the end."""
        append = thread.begin(
            partial(self._journal.append, batch.first_seq, batch.time_ns, batch.entries),
            then=partial(self._begin_to_carry_out, batch),
        )
        try:
            await append.finished()
            while self._carry_out(COMMANDS_PER_TURN):  # noqa: ASYNC110 - nothing is awaited but a turn
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            # A commit cannot be called back: in a moment it is durable, and then it is to be told.
            append.result()
            if self._sequencer.phase is Phase.APPENDING:
                self._sequencer.committed(batch)
            while self._carry_out(COMMANDS_PER_TURN):
                pass
            raise

    def _begin_to_carry_out(self, batch: Batch) -> None:
        """Tell what a durable batch begins with at once: a lone client waits for nothing else."""
        self._sequencer.committed(batch)
        self._carry_out(COMMANDS_PER_TURN)

    def _carry_out(self, commands: int) -> bool:
        """Carry out as many durable commands, and say whether there may be more."""
        for _ in range(commands):
            applied = self._sequencer.apply_next()
            if applied is None:
                return False
            self._release(applied)
        return True

    def _release(self, applied: Applied | AppliedPacked) -> None:
        """Tell what is durable: first the subscribers, then who asked."""
        waiter = applied.token
        if isinstance(applied, AppliedPacked):
            # Where there are subscribers, they have heard of each of its commands.
            assert isinstance(waiter, _PackedWaiter)
            waiter.on_applied(applied)
            return
        assert waiter is None or isinstance(waiter, _Waiter)
        self._being_told = waiter
        for subscriber in self._subscribers:
            subscriber(applied)
        self._being_told = None
        if waiter is not None:
            waiter.on_applied(applied)

    def _is_snapshot_due(self, batch: Batch) -> bool:
        """Say whether it is time for a snapshot, now that a batch has been added to the journal."""
        if self._snapshots is None:
            return False
        self._grown_bytes += sum(map(len, batch.entries))
        return self._snapshots.is_due(
            last_seq=self.last_seq,
            snapshot_seq=self._snapshot_seq,
            snapshot_bytes=self._snapshot_bytes,
            grown_bytes=self._grown_bytes,
        )

    async def _begin_snapshot(self, thread: JournalThread, savings: asyncio.TaskGroup) -> None:
        """Encode the state, and let it be saved while commands go on; one after the other."""
        if self._saving is not None:
            await self._saving
        taken = encoded(self.exchange, self.last_seq)
        self._snapshot_seq = taken.seq
        self._snapshot_bytes, self._grown_bytes = len(taken.blob), 0
        self._saving = savings.create_task(self._save(thread, taken))

    async def _save(self, thread: JournalThread, taken: Snapshot) -> None:
        smaller = await asyncio.to_thread(compressed, taken)
        await thread.begin(partial(self._journal.save_snapshot, smaller)).finished()

    def _stop(self, reason: str) -> None:
        """Answer everyone who still waits."""
        if self._being_told is not None:
            _tell(self._being_told, SequencerStopped(reason, in_doubt=True))
            self._being_told = None
        for unanswered in self._sequencer.stop(reason):
            if unanswered.token is None:
                continue
            _tell(unanswered.token, SequencerStopped(reason, in_doubt=unanswered.in_doubt))


def _tell(token: object, stopped: SequencerStopped) -> None:
    assert isinstance(token, _Waiter | _PackedWaiter)
    try:
        token.on_stopped(stopped)
    except Exception as error:  # noqa: BLE001 - the task's outermost edge; the others wait as well
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a submitter failed while it was told of the stop", "exception": error}
        )


def _answer(answer: asyncio.Future[Applied], applied: Applied) -> None:
    if not answer.done():
        answer.set_result(applied)


def _refuse(answer: asyncio.Future[Applied], stopped: SequencerStopped) -> None:
    if not answer.done():
        answer.set_exception(stopped)
