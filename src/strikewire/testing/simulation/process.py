"""One life of the venue's process: from recovery to its crash, with the real machines inside.

It does what the asyncio shells of the sequencer and the gateway do, at simulated times: the queue
becomes a batch, the batch goes to the disk, and what it did is told, subscribers before the one
who asked. Between any two of these steps others have a turn, and the process may fall.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Protocol

from msgspec import Struct

from strikewire.api import ApiError, ErrorCode
from strikewire.exchange import Command, Exchange
from strikewire.gateway import RATES_OFF, Authenticator, Gateway, KeyStore
from strikewire.gateway import Limits as GatewayLimits
from strikewire.gateway.blocks import Proposals
from strikewire.gateway.desk import Desk
from strikewire.gateway.gateway import Action, CloseConnection, SendTo, SetReading, SubmitCommand
from strikewire.gateway.hub import TICK_NS, Delivery
from strikewire.gateway.judge import Judge
from strikewire.gateway.limits import RateLimiter
from strikewire.journal import JournalWriteError
from strikewire.marketdata import restore
from strikewire.model import NS_PER_US
from strikewire.sequencer import (
    Applied,
    Batch,
    Limits,
    QueueFull,
    RecoveryReport,
    Sequencer,
    SequencerStopped,
    SnapshotPolicy,
    recover,
    take_snapshot,
)
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.disk import Disk, DiskJournal
from strikewire.testing.simulation.faults import Faults, Point
from strikewire.testing.simulation.network import Link

WAKE_NS: Final = 20 * NS_PER_US
"""From a submitted command to the sequencer's turn, at most."""

COMMANDS_PER_TURN: Final = 4
"""Commands carried out before others have a turn, at most."""


class Watch(Protocol):
    """Somebody outside who sees what the process does, and touches nothing."""

    def recovered(self, exchange: Exchange) -> None:
        """See the state after a start."""

    def used(self, journal: DiskJournal, report: RecoveryReport) -> None:
        """See what that state was made of."""

    def applied(self, applied: Applied, exchange: Exchange) -> None:
        """See a command that is about to be told."""

    def ticked(self) -> None:
        """See that channels of intervals are about to be sent."""

    def lost(self, link: Link) -> None:
        """See that the process took note of a connection's end."""


class Machine(Struct, kw_only=True):
    """What the process runs on.

    Attributes:
        agenda: Time.
        dice: Chance.
        faults: What goes wrong now.
        disk: Outlives the process.
        strikes: Asked at each point whether the fault that is tied to it happens now; if so, and
            if it is a crash, the process is dead when the answer comes.
        exited: Told when the process has ended by itself.
    """

    agenda: Agenda
    dice: Dice
    faults: Callable[[], Faults]
    disk: Disk
    strikes: Callable[[Point], bool]
    exited: Callable[[], None]


class Process:
    """The venue from one start to its end.

    Args:
        machine: What it runs on.
        keys: Who may trade.
        clock_step_ns: How far its clock is off.
        watch: Sees everything.

    Attributes:
        is_alive: Whether it still does anything.
        is_locked: Whether it has stopped taking orders.
        links: Its connections, by the gateway's number of them.
    """

    def __init__(
        self, machine: Machine, keys: KeyStore, *, clock_step_ns: int, watch: Watch
    ) -> None:
        self.is_alive = True
        self.links: dict[int, Link] = {}
        self._machine = machine
        self._watch = watch
        self._clock_step_ns = clock_step_ns
        self._numbers: dict[int, int] = {}
        self._is_busy = False
        self.is_locked = False
        self._is_awake = False
        faults = machine.faults()
        self.journal = DiskJournal(machine.disk)
        exchange, report = recover(self.journal)
        self._snapshots = SnapshotPolicy(every_commands=faults.snapshot_every)
        self._snapshot_seq = report.snapshot_seq
        self.sequencer = Sequencer(
            exchange,
            last_seq=report.last_seq,
            last_time_ns=report.last_time_ns,
            limits=Limits(
                queued_commands_max=faults.queued_commands_max,
                batch_commands_max=faults.batch_commands_max,
            ),
        )
        self.gateway = Gateway(
            Desk(
                judge=Judge(exchange),
                exchange=exchange,
                market=restore(exchange, self.clock()),
                authenticator=Authenticator(keys, machine.dice.bytes),
                proposals=Proposals(machine.dice.bytes),
                limiter=RateLimiter(RATES_OFF),
                limits=GatewayLimits(requests_waiting_max=faults.requests_waiting_max),
                clock=self.clock,
                version="simulated",
                testnet=True,
                is_locked=lambda: self.is_locked,
            )
        )
        watch.used(self.journal, report)
        watch.recovered(exchange)

    @property
    def exchange(self) -> Exchange:
        """The exchange, for reading."""
        return self.sequencer.exchange

    def clock(self) -> int:
        """Return the time as this machine has it."""
        return self._machine.agenda.now_ns + self._clock_step_ns

    def start(self) -> None:
        """Begin to serve."""
        self._machine.agenda.after(TICK_NS, self._tick)

    def fall(self) -> None:
        """Be dead from now on."""
        self.is_alive = False
        for link in self.links.values():
            link.abandon()

    def submit(self, command: Command) -> bool:
        """Submit a command of the venue itself; False where it is not taken."""
        try:
            self.sequencer.submit(None, command)
        except (QueueFull, SequencerStopped):
            return False
        self._wake()
        return True

    # Connections

    def accept(self, link: Link) -> bool:
        """Take a connection."""
        try:
            connection_id = self.gateway.open("10.0.0.1")
        except ConnectionRefusedError:
            return False
        self.links[connection_id] = link
        self._numbers[link.number] = connection_id
        return True

    def received(self, link: Link, payload: bytes) -> None:
        """Take in a message of a client."""
        connection_id = self._numbers[link.number]
        self._act(self.gateway.receive(self.clock(), connection_id, payload))

    def ended(self, link: Link, _reason: str) -> None:
        """Take note that a connection is gone."""
        connection_id = self._numbers.pop(link.number)
        del self.links[connection_id]
        self._watch.lost(link)
        self._act(self.gateway.close(self.clock(), connection_id))

    # The sequencer

    def _wake(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._machine.agenda.after(self._machine.dice.up_to(WAKE_NS), self._turn)

    def _turn(self) -> None:
        """Begin the next batch or snapshot, if the disk is free."""
        self._is_awake = False
        if not self.is_alive or self._is_busy:
            return
        if self._snapshots.is_due(
            last_seq=self.sequencer.last_seq, snapshot_seq=self._snapshot_seq
        ):
            self._begin_snapshot()
            return
        batch = self.sequencer.take_batch(self.clock())
        if batch is not None:
            self._is_busy = True
            self._write(batch)

    def _write(self, batch: Batch) -> None:
        try:
            if self._machine.dice.chance(self._machine.faults().disk_full):
                raise self.journal.refuse("no space left on device")
            self.journal.write(batch.first_seq, batch.time_ns, batch.entries)
        except JournalWriteError as error:
            self._fail(batch, error)
            return
        self._machine.agenda.after(self._disk_ns(), partial(self._sync, batch))

    def _sync(self, batch: Batch) -> None:
        if not self.is_alive or self._machine.strikes(Point.BEFORE_SYNC):
            return
        try:
            if self._machine.dice.chance(self._machine.faults().sync_error):
                self._machine.disk.fail_to_sync()
                raise self.journal.refuse("input/output error")
            self.journal.sync()
        except JournalWriteError as error:
            self._fail(batch, error)
            return
        if self._machine.strikes(Point.AFTER_SYNC):
            return
        self.sequencer.committed(batch)
        self._carry_out()

    def _carry_out(self) -> None:
        """Carry out some of what is durable, and tell it."""
        if not self.is_alive:
            return
        for _ in range(self._machine.dice.between(1, COMMANDS_PER_TURN)):
            applied = self.sequencer.apply_next()
            if applied is None:
                self._is_busy = False
                self._wake()
                return
            assert isinstance(applied, Applied)
            self._release(applied)
            if self._machine.strikes(Point.BETWEEN_ANSWERS):
                return
        self._machine.agenda.after(NS_PER_US, self._carry_out)

    def _release(self, applied: Applied) -> None:
        self._watch.applied(applied, self.exchange)
        self._act(self.gateway.publish(applied.time_ns, applied.events))
        submitted = applied.token
        if isinstance(submitted, SubmitCommand):
            self._act(self.gateway.applied(self.clock(), submitted.token, applied.events))

    def _fail(self, batch: Batch, error: JournalWriteError) -> None:
        """Tell everybody who waits, and end: nobody knows what the disk holds."""
        reason = str(error)
        for unanswered in self.sequencer.failed(batch, reason):
            if isinstance(unanswered.token, SubmitCommand):
                stopped = SequencerStopped(reason, in_doubt=unanswered.in_doubt)
                self._stopped(unanswered.token, stopped)
        self._machine.exited()

    def _begin_snapshot(self) -> None:
        self._is_busy = True
        snapshot = take_snapshot(self.exchange, self.sequencer.last_seq)

        def finish() -> None:
            if not self.is_alive or self._machine.strikes(Point.AT_SNAPSHOT):
                return
            self.journal.save_snapshot(snapshot)
            self._snapshot_seq = snapshot.seq
            self._is_busy = False
            self._wake()

        self._machine.agenda.after(self._disk_ns(), finish)

    def _disk_ns(self) -> int:
        return self._machine.dice.between(50 * NS_PER_US, self._machine.faults().sync_ns_max)

    def _submit(self, submitted: SubmitCommand) -> None:
        try:
            self.sequencer.submit(submitted, submitted.command)
        except QueueFull as error:
            self._refuse(submitted, ErrorCode.MATCHING_ENGINE_QUEUE_FULL, str(error))
        except SequencerStopped as stopped:
            self._stopped(submitted, stopped)
        else:
            self._wake()

    def _stopped(self, submitted: SubmitCommand, stopped: SequencerStopped) -> None:
        self.is_locked = True
        if submitted.token is None:
            return
        if stopped.in_doubt:
            reason = "outcome unknown: the venue stopped while it wrote this to its journal"
            self._refuse(submitted, ErrorCode.OTHER_ERROR, reason)
        else:
            self._refuse(submitted, ErrorCode.SYSTEM_MAINTENANCE, "nothing was done")

    def _refuse(self, submitted: SubmitCommand, code: ErrorCode, reason: str) -> None:
        error = ApiError(code, reason=reason)
        self._act(self.gateway.refused(self.clock(), submitted, error))

    # Time and actions

    def _tick(self) -> None:
        if self.is_alive:
            self._watch.ticked()
            self._act(self.gateway.tick(self.clock()))
            self._machine.agenda.after(TICK_NS, self._tick)

    def _act(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case SendTo(connection_id, payload):
                    self._send(connection_id, payload)
                case Delivery(subscribers, payload):
                    for connection_id in subscribers:
                        if link := self.links.get(connection_id):
                            link.send_down(payload)
                case SubmitCommand():
                    self._submit(action)
                case CloseConnection(connection_id):
                    if link := self.links.get(connection_id):
                        link.hang_up(self)
                case SetReading(connection_id, is_on):
                    self._set_reading(connection_id, is_on=is_on)

    def _send(self, connection_id: int, payload: bytes) -> None:
        link = self.links.get(connection_id)
        if link is None:
            return
        link.send_down(payload)
        if self._machine.strikes(Point.AT_ANSWER):
            link.cut()

    def _set_reading(self, connection_id: int, *, is_on: bool) -> None:
        if link := self.links.get(connection_id):
            if is_on:
                link.up.release("reading")
            else:
                link.up.hold("reading")
