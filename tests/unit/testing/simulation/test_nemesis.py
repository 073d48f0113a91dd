from collections.abc import Sequence
from typing import cast

from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.faults import Faults
from strikewire.testing.simulation.host import Host
from strikewire.testing.simulation.nemesis import Nemesis
from strikewire.testing.simulation.network import Link, Network, Way

S = 1_000_000_000


class Victim:
    """A host, a network and a connection that count what is done to them."""

    def __init__(self) -> None:
        self.links = {1: cast("Link", self)}
        self.done: list[str] = []

    def kill(self) -> None:
        self.done.append("kill")

    def cut_power(self) -> None:
        self.done.append("power")

    def boot(self) -> None:
        self.done.append("boot")

    def cut(self) -> None:
        self.done.append("cut")

    def darken(self, _ways: Sequence[Way]) -> None:
        self.done.append("darken")

    def part(self, name: str, _ways: Sequence[Way]) -> None:
        self.done.append(f"part {name}")

    def join(self, name: str) -> None:
        self.done.append(f"join {name}")


def nemesis_on(victim: Victim) -> tuple[Agenda, Nemesis]:
    agenda = Agenda(0, Dice("1"))
    host, network = cast("Host", victim), cast("Network", victim)
    return agenda, Nemesis(agenda, Dice("2"), network, host, ["c1"])


def test_each_class_comes_again_and_again_about_as_often_as_asked() -> None:
    victim = Victim()
    agenda, nemesis = nemesis_on(victim)
    nemesis.begin(
        Faults(
            cut_every_ns=2 * S,
            half_open_every_ns=2 * S,
            partition_every_ns=2 * S,
            kill_every_ns=2 * S,
            power_every_ns=2 * S,
        )
    )

    agenda.run(200 * S)

    for what in ("cut", "darken", "part c1", "kill", "power"):
        assert 60 < victim.done.count(what) < 140, what


def test_what_is_off_never_comes() -> None:
    victim = Victim()
    agenda, nemesis = nemesis_on(victim)
    nemesis.begin(Faults())

    agenda.run(200 * S)

    assert victim.done == []


def test_without_connections_there_is_nothing_to_cut() -> None:
    victim = Victim()
    victim.links.clear()
    agenda, nemesis = nemesis_on(victim)
    nemesis.begin(Faults(cut_every_ns=S, half_open_every_ns=S))

    agenda.run(20 * S)

    assert victim.done == []


def test_stopping_mends_what_does_not_mend_by_itself() -> None:
    victim = Victim()
    agenda, nemesis = nemesis_on(victim)
    nemesis.begin(Faults(kill_every_ns=S))

    nemesis.stop()
    agenda.run(20 * S)

    assert victim.done == ["join c1", "boot"]
