from collections.abc import Callable

from strikewire.exchange import Exchange, OpenAccount
from strikewire.gateway import KeyStore
from strikewire.sequencer import Applied, RecoveryReport
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.disk import Disk, DiskJournal
from strikewire.testing.simulation.faults import Faults, Point
from strikewire.testing.simulation.network import Link
from strikewire.testing.simulation.process import Machine, Process

S = 1_000_000_000


class Stage:
    """A process alone on its machine; the stage watches, and strikes at one point."""

    def __init__(self, faults: Faults | None = None, point: Point | None = None) -> None:
        self.agenda = Agenda(S, Dice("1"))
        self.seen: list[str] = []
        self.point = point
        self.machine = Machine(
            agenda=self.agenda,
            dice=Dice("2"),
            faults=lambda: faults or Faults(snapshot_every=2),
            disk=Disk(Dice("3")),
            strikes=self.strikes,
            exited=self.said("exited"),
        )
        self.process = self.start()

    def start(self) -> Process:
        self.process = Process(self.machine, KeyStore(), clock_step_ns=0, watch=self)
        self.process.start()
        return self.process

    def said(self, word: str) -> Callable[[], None]:
        return lambda: self.seen.append(word)

    def strikes(self, point: Point) -> bool:
        if point is not self.point:
            return False
        self.process.fall()
        return True

    def used(self, journal: DiskJournal, report: RecoveryReport) -> None:
        pass

    def recovered(self, exchange: Exchange) -> None:
        self.seen.append(f"recovered {len(exchange.accounts)}")

    def applied(self, applied: Applied, exchange: Exchange) -> None:
        self.seen.append(f"applied {applied.seq}")

    def ticked(self) -> None:
        pass

    def lost(self, link: Link) -> None:
        pass

    def open_accounts(self) -> None:
        self.process.submit(OpenAccount(ALICE, "alice"))
        self.process.submit(OpenAccount(BOB, "bob"))
        self.agenda.run(self.agenda.now_ns + S)


def test_commands_are_told_in_order_and_are_there_after_a_restart() -> None:
    stage = Stage()
    stage.open_accounts()
    stage.process.fall()
    stage.machine.disk.cut_power(rots=False)

    stage.start()

    assert stage.seen == ["recovered 0", "applied 1", "applied 2", "recovered 2"]
    assert stage.process.journal.snapshot_seqs() == (2,)


def test_what_falls_before_the_sync_tells_nothing() -> None:
    stage = Stage(point=Point.BEFORE_SYNC)
    stage.open_accounts()

    assert stage.seen == ["recovered 0"]


def test_what_falls_after_the_sync_tells_nothing_and_has_it_all_the_same() -> None:
    stage = Stage(point=Point.AFTER_SYNC)
    stage.open_accounts()
    stage.machine.disk.cut_power(rots=False)
    stage.point = None

    stage.start()

    assert stage.seen == ["recovered 0", "recovered 2"]


def test_what_falls_between_two_answers_has_told_one() -> None:
    stage = Stage(point=Point.BETWEEN_ANSWERS)
    stage.open_accounts()

    assert stage.seen == ["recovered 0", "applied 1"]


def test_what_falls_at_a_snapshot_has_none() -> None:
    stage = Stage(point=Point.AT_SNAPSHOT)
    stage.open_accounts()

    assert stage.seen == ["recovered 0", "applied 1", "applied 2"]
    assert stage.process.journal.snapshot_seqs() == ()


def test_a_disk_that_fails_ends_the_process_without_telling_anything() -> None:
    for faults in (Faults(sync_error=1.0), Faults(disk_full=1.0)):
        stage = Stage(faults)
        stage.open_accounts()

        assert stage.seen == ["recovered 0", "exited"]
        assert not stage.process.submit(OpenAccount(ALICE, "alice"))
