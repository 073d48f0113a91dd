from strikewire.exchange import Exchange, OpenAccount
from strikewire.gateway import KeyStore
from strikewire.sequencer import Applied, RecoveryReport
from strikewire.testing.exchange import ALICE
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.disk import DiskJournal
from strikewire.testing.simulation.faults import Faults, Point
from strikewire.testing.simulation.host import Host
from strikewire.testing.simulation.network import Link, Network
from strikewire.testing.simulation.process import Process

S = 1_000_000_000


class Nobody:
    """A watch that looks away."""

    def used(self, journal: DiskJournal, report: RecoveryReport) -> None:
        pass

    def recovered(self, exchange: Exchange) -> None:
        pass

    def applied(self, applied: Applied, exchange: Exchange) -> None:
        pass

    def ticked(self) -> None:
        pass

    def lost(self, link: Link) -> None:
        pass


class Rack:
    """A host and what belongs to it."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.agenda = Agenda(S, Dice("1"))
        self.network = Network(self.agenda, Dice("2"), Faults())
        self.served: list[Process] = []
        self.host = Host(
            self.agenda,
            Dice("3"),
            faults or Faults(),
            self.network,
            keys=KeyStore(),
            watch=Nobody(),
            served=self.served.append,
        )
        self.host.boot()

    def wait(self, seconds: float) -> None:
        self.agenda.run(self.agenda.now_ns + int(seconds * S))


def test_a_killed_process_is_started_again_with_what_it_had() -> None:
    rack = Rack()
    rack.served[0].submit(OpenAccount(ALICE, "alice"))
    rack.wait(1)

    rack.host.kill()
    assert rack.host.process is None
    assert rack.network.listener is None
    assert rack.network.is_host_up()

    rack.wait(2)
    assert [process.is_alive for process in rack.served] == [False, True]
    assert rack.network.listener is rack.served[1]
    assert len(rack.served[1].exchange.accounts) == 1
    assert rack.host.crashes == {"kill": 1}


def test_a_machine_without_power_answers_nobody_until_it_is_back() -> None:
    rack = Rack()

    rack.host.cut_power()
    rack.host.cut_power()  # it is off already
    assert not rack.network.is_host_up()

    rack.wait(2)
    assert rack.network.is_host_up()
    assert rack.host.crashes == {"power cut": 1}


def test_a_process_may_fall_again_before_it_serves() -> None:
    rack = Rack(Faults(points={Point.AT_RECOVERY: 1.0}))
    rack.wait(5)
    assert rack.served == []
    assert sum(rack.host.crashes.values()) > 2

    rack.host.faults = Faults()
    rack.wait(2)
    assert len(rack.served) == 1
    rack.host.boot()  # it runs already
    assert len(rack.served) == 1


def test_a_process_whose_disk_failed_is_replaced() -> None:
    rack = Rack(Faults(sync_error=1.0))
    rack.served[0].submit(OpenAccount(ALICE, "alice"))
    rack.wait(0.01)
    rack.host.faults = Faults()

    rack.wait(4)

    assert rack.host.crashes == {"disk failure": 1}
    assert len(rack.served) == 2
