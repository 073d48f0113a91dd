"""The sequencer's machine: it decides what is journalled when, and does nothing by itself.

Theory of operation. Commands wait in a queue. A *batch* is whatever waits when the journal is free:
the next consecutive numbers under one time. Its bytes go to the journal; only when they are durable
are the commands carried out, so the exchange in memory never knows more than the disk, and whatever
is read from it or told of it is safe to tell. They are carried out one by one, each when its
effects can be told at once: whoever reads the exchange then sees no further than what was told.
While one batch is under way the next one gathers: the slower the disk, the larger the groups.

A journal that failed once is not asked again. What was under way is then in doubt, what waited is
not carried out, and both are said to those who asked.

```
          take_batch               committed              apply_next, the last
    IDLE ------------> APPENDING ------------> APPLYING ------------------------> IDLE
     |                     |                       |
     +---------------------+-----------------------+-----> STOPPED
              stop              failed or stop   stop
```

The exchange is given each command as the journal has it, decoded from its bytes, never the object
that the caller held: so a replay cannot differ, and what cannot be decoded never gets in.
"""

from collections import deque
from enum import IntEnum, auto

import msgspec

from strikewire.exchange import (
    SNAPSHOT_VERSION,
    Command,
    Event,
    Exchange,
    NoteState,
    decode,
    encode,
)
from strikewire.exchange.packed import checked, pack_event, split, unpack
from strikewire.sequencer.errors import CommandTooLarge, QueueFull, SequencerStopped


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much the sequencer takes at a time."""

    queued_commands_max: int = 10_000
    """Commands that wait for the journal; at the limit, `submit` raises `QueueFull`."""

    command_bytes_max: int = 1_048_576
    """Bytes of one command in the journal; above, `submit` raises `CommandTooLarge`."""

    batch_commands_max: int = 1_024
    """Commands of one group commit; the rest waits for the next."""

    batch_bytes_max: int = 4_194_304
    """Bytes after which a group commit takes no further command."""

    commands_between_hashes: int = 10_000
    """Commands after which a group commit begins with the hash of the state before it."""


class Packed(msgspec.Struct, frozen=True):
    """Commands that came together as records of `exchange.packed`."""

    records: bytes
    count: int


class Batch(msgspec.Struct, frozen=True):
    """Commands that become durable together."""

    first_seq: int
    """Number of the first; the others follow without a gap."""

    time_ns: int
    """The time of all of them, in nanoseconds since the Unix epoch."""

    entries: tuple[bytes, ...]
    """The commands as the journal keeps them."""

    commands: tuple["Command | Packed", ...]
    """The same for the exchange: each, or several that came packed."""

    tokens: tuple[object, ...]
    """What came with each of `commands`."""


class Applied(msgspec.Struct, frozen=True):
    """A command that is durable and was carried out."""

    token: object
    """What came with the command; None for one of the sequencer's own, `NoteState`."""

    seq: int
    """Its number; they count up from 1 without a gap."""

    time_ns: int
    """Its time, in nanoseconds since the Unix epoch; never before that of the one before."""

    command: Command
    events: tuple[Event, ...]
    """All that it did, in order; exactly one `Rejected` where it was refused."""


class AppliedPacked(msgspec.Struct, frozen=True):
    """Packed commands that came together, are durable and were carried out."""

    token: object
    """What came with them."""

    first_seq: int
    """Number of the first; the others follow without a gap."""

    count: int
    time_ns: int
    """Their time, in nanoseconds since the Unix epoch."""

    events: bytes
    """All that they did, in order, as records; see `exchange.packed`."""


class Unanswered(msgspec.Struct, frozen=True):
    """A command that will not be answered, because the sequencer stopped."""

    token: object
    in_doubt: bool
    """Whether it may be in the journal; see `SequencerStopped`."""


class Phase(IntEnum):
    """What the sequencer is doing."""

    IDLE = auto()
    """The journal is free."""

    APPENDING = auto()
    """A batch is on its way to the disk."""

    APPLYING = auto()
    """A batch is durable and not yet carried out to its end."""

    STOPPED = auto()
    """For good."""


class Step(IntEnum):
    """What moves the sequencer from phase to phase."""

    TAKE_BATCH = auto()
    COMMITTED = auto()
    APPLY_LAST = auto()
    STOP = auto()


TRANSITIONS: dict[tuple[Phase, Step], Phase] = {
    (Phase.IDLE, Step.TAKE_BATCH): Phase.APPENDING,
    (Phase.APPENDING, Step.COMMITTED): Phase.APPLYING,
    (Phase.APPLYING, Step.APPLY_LAST): Phase.IDLE,
    (Phase.IDLE, Step.STOP): Phase.STOPPED,
    (Phase.APPENDING, Step.STOP): Phase.STOPPED,
    (Phase.APPLYING, Step.STOP): Phase.STOPPED,
    (Phase.STOPPED, Step.STOP): Phase.STOPPED,
}
"""Every step that may be taken in every phase; any other is a fault of the caller."""


class _Queued(msgspec.Struct, frozen=True):
    token: object
    entries: tuple[bytes, ...]
    command: Command | Packed
    size: int
    """Bytes of the entries."""


class Sequencer:
    """Gives each command its number and time, in one order for the whole venue."""

    def __init__(
        self, exchange: Exchange, *, last_seq: int, last_time_ns: int, limits: Limits | None = None
    ) -> None:
        """Go on behind the last durable command.

        Args:
            exchange: In the state after command `last_seq`; changed by nobody else.
            last_seq: Number of the last durable command; 0 in a new venue.
            last_time_ns: Its time, in nanoseconds since the Unix epoch; 0 in a new venue.
            limits: How much is taken at a time.
        """
        assert last_seq >= 0
        assert last_time_ns >= 0
        self.exchange = exchange
        self.last_seq = last_seq
        self.last_time_ns = last_time_ns
        self.limits = limits or Limits()
        self.phase = Phase.IDLE
        self.tells_each = False
        """Whether packed commands are carried out one by one, for others to hear of each."""

        self._queue: deque[_Queued] = deque()
        self._waiting = 0
        self._rest: list[bytes] | None = None
        self._told: list[bytes] = []
        self._noted_seq = last_seq
        self._under_way: Batch | None = None
        self._applied = 0
        self._refusal: str | None = None

    @property
    def queued(self) -> int:
        """How many commands wait for the journal."""
        return self._waiting

    @property
    def is_drained(self) -> bool:
        """Whether nothing waits, nothing is under way, and nothing more will come."""
        return self._refusal is not None and not self._queue and self._under_way is None

    def submit(self, token: object, command: Command) -> None:
        """Put a command in the queue.

        Args:
            token: Comes back with what the command did.
            command: What is to be done. Not a `NoteState`, which is ours: one with another hash
                than that of the state would keep the venue from ever starting again.

        Raises:
            QueueFull: Too many are waiting.
            CommandTooLarge: It has too many bytes.
            SequencerStopped: Nothing is taken any more; the command is not in doubt.
            Exception: Whatever msgspec raises for a command that is not well typed, which is the
                caller's own fault.

        In each case nothing has changed.
        """
        assert not isinstance(command, NoteState)
        self._check_room(1)
        entry = encode(command)
        size = len(entry)
        if size > self.limits.command_bytes_max:
            raise CommandTooLarge(size=size, limit=self.limits.command_bytes_max)
        journalled = decode(entry)

        self._queue.append(_Queued(token, (entry,), journalled, size))
        self._waiting += 1

    def submit_packed(self, token: object, batch: bytes) -> None:
        """Put packed commands in the queue; they stay together.

        Args:
            token: Comes back, once, with what all of them did.
            batch: Records of `exchange.packed`, one behind the other, each followed by its label.

        Raises:
            QueueFull: With these, too many would be waiting.
            CommandTooLarge: Together they have too many bytes.
            SequencerStopped: Nothing is taken any more; the commands are not in doubt.
            ValueError: One of them is no packed command, or there is none.

        In each case nothing has changed.
        """
        size = len(batch)
        if size > self.limits.command_bytes_max:
            raise CommandTooLarge(size=size, limit=self.limits.command_bytes_max)
        entries = checked(batch)
        self._check_room(len(entries))

        self._queue.append(_Queued(token, entries, Packed(batch, len(entries)), size))
        self._waiting += len(entries)

    def _check_room(self, count: int) -> None:
        if self._refusal is not None:
            raise SequencerStopped(self._refusal)
        if self._waiting + count > self.limits.queued_commands_max:
            raise QueueFull(self.limits.queued_commands_max)

    def take_batch(self, now_ns: int) -> Batch | None:
        """Return what is to be journalled next, or None while nothing waits or one is under way.

        Either `committed` and then `apply_next` to the end, or `failed`, must follow before the
        next batch can be had.

        Args:
            now_ns: Nanoseconds since the Unix epoch. A clock that was set back does not set back
                the venue: its time stands still until the clock has caught up.
        """
        if self.phase is not Phase.IDLE or not self._queue:
            return None
        self._move(Step.TAKE_BATCH)
        if self.last_seq - self._noted_seq >= self.limits.commands_between_hashes:
            self._note_state()
        self._applied = 0
        self._under_way = self._take(max(now_ns, self.last_time_ns))
        return self._under_way

    def committed(self, batch: Batch) -> None:
        """Take note that a batch is durable. `apply_next` now carries it out.

        Args:
            batch: The one under way.
        """
        assert batch is self._under_way
        self._move(Step.COMMITTED)

    def apply_next(self) -> Applied | AppliedPacked | None:
        """Carry out the next command that is durable, or the next that came packed together.

        Returns:
            What it did, which may be told to anyone; None when all of the batch is done.
        """
        if self.phase is not Phase.APPLYING:
            return None
        batch = self._under_way
        assert batch is not None
        command, token = batch.commands[self._applied], batch.tokens[self._applied]
        applied: Applied | AppliedPacked
        if isinstance(command, Packed):
            applied = self._apply_packed(token, batch.time_ns, command)
            if self._rest is not None:
                return applied
        else:
            seq = self.last_seq + 1
            events = self.exchange.apply(seq, batch.time_ns, command)
            applied = Applied(token, seq, batch.time_ns, command, events)
            self.last_seq = seq

        self._applied += 1
        self.last_time_ns = batch.time_ns
        if self._applied == len(batch.commands):
            self._move(Step.APPLY_LAST)
            self._under_way = None
        return applied

    def _apply_packed(self, token: object, time_ns: int, packed: Packed) -> Applied | AppliedPacked:
        """Carry out packed commands at once, or the next of them, and after the last their end."""
        if self._rest is None and not self.tells_each:
            first_seq = self.last_seq + 1
            block = self.exchange.submit(time_ns, packed.records)
            self.last_seq += packed.count
            return AppliedPacked(token, first_seq, packed.count, time_ns, block)
        if self._rest is None:
            self._rest = list(split(packed.records))[::-1]
        if not self._rest:
            first_seq, block = self.last_seq + 1 - packed.count, b"".join(self._told)
            self._rest, self._told = None, []
            return AppliedPacked(token, first_seq, packed.count, time_ns, block)
        command = unpack(self._rest.pop())
        self.last_seq += 1
        events = self.exchange.apply(self.last_seq, time_ns, command)
        self._told += map(pack_event, events)
        return Applied(None, self.last_seq, time_ns, command, events)

    def failed(self, batch: Batch, reason: str) -> list[Unanswered]:
        """Stop for good, because a batch could not be made durable.

        Args:
            batch: The one under way.
            reason: What the journal said.

        Returns:
            Everyone who waits for an answer; those of the batch are in doubt.
        """
        assert batch is self._under_way
        return self.stop(reason)

    def close(self, reason: str) -> None:
        """Take no more commands. Those that wait are still carried out."""
        self._refusal = self._refusal or reason

    def stop(self, reason: str) -> list[Unanswered]:
        """Stop for good.

        Args:
            reason: Why, for those who ask later. The first reason stays.

        Returns:
            Everyone who waits for an answer; those of a batch under way are in doubt.
        """
        in_doubt: tuple[object, ...] = ()
        if self._under_way is not None:
            in_doubt = self._under_way.tokens[self._applied :]
        self._move(Step.STOP)
        self.close(reason)
        unanswered = [Unanswered(token, in_doubt=True) for token in in_doubt]
        unanswered.extend(Unanswered(queued.token, in_doubt=False) for queued in self._queue)
        self._queue.clear()
        self._waiting = 0
        self._under_way = None
        return unanswered

    def _note_state(self) -> None:
        """Let the next batch begin with the hash of the state that it starts from."""
        note = NoteState(SNAPSHOT_VERSION, self.exchange.state_hash())
        entry = encode(note)
        self._queue.appendleft(_Queued(None, (entry,), note, len(entry)))
        self._waiting += 1
        self._noted_seq = self.last_seq + 1

    def _take(self, time_ns: int) -> Batch:
        """Take from the queue as much as one batch may hold, at least one."""
        entries: list[bytes] = []
        commands: list[Command | Packed] = []
        tokens: list[object] = []
        queue, limits, size = self._queue, self.limits, 0
        while queue:
            queued = queue[0]
            size += queued.size
            if tokens and (
                len(entries) + len(queued.entries) > limits.batch_commands_max
                or size > limits.batch_bytes_max
            ):
                break
            queue.popleft()
            entries += queued.entries
            commands.append(queued.command)
            tokens.append(queued.token)
        self._waiting -= len(entries)
        return Batch(self.last_seq + 1, time_ns, tuple(entries), tuple(commands), tuple(tokens))

    def _move(self, step: Step) -> None:
        phase = TRANSITIONS.get((self.phase, step))
        assert phase is not None
        self.phase = phase
