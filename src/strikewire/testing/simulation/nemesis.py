"""The faults that come at any time, each class by a clock of its own."""

from collections.abc import Callable
from functools import partial

from strikewire.model import NS_PER_S
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.faults import Faults
from strikewire.testing.simulation.host import Host
from strikewire.testing.simulation.network import ONE_WAY_OR_BOTH, Link, Network


class Nemesis:
    """Brings the faults of a seed until it is told to stop.

    Args:
        agenda: Time.
        dice: Chance.
        network: What it damages.
        host: What it damages.
        names: The clients that it parts from the venue.
    """

    def __init__(
        self, agenda: Agenda, dice: Dice, network: Network, host: Host, names: list[str]
    ) -> None:
        self._agenda = agenda
        self._dice = dice
        self._network = network
        self._host = host
        self._names = names
        self._is_active = True

    def begin(self, faults: Faults) -> None:
        """Begin to bring these faults."""
        self._often(faults.cut_every_ns, self._cut)
        self._often(faults.half_open_every_ns, self._darken)
        self._often(faults.partition_every_ns, self._part)
        self._often(faults.kill_every_ns, self._host.kill)
        self._often(faults.power_every_ns, self._host.cut_power)

    def stop(self) -> None:
        """Bring no more, and mend what does not mend by itself."""
        self._is_active = False
        for name in self._names:
            self._network.join(name)
        self._host.boot()

    def _often(self, every_ns: int, strike: Callable[[], None]) -> None:
        if not every_ns:
            return

        def happen() -> None:
            if self._is_active:
                strike()
                self._often(every_ns, strike)

        self._agenda.after(self._dice.up_to(2 * every_ns), happen)

    def _link(self) -> Link | None:
        links = list(self._network.links.values())
        return self._dice.pick(links) if links else None

    def _cut(self) -> None:
        if link := self._link():
            link.cut()

    def _darken(self) -> None:
        if link := self._link():
            link.darken(self._dice.pick(ONE_WAY_OR_BOTH))

    def _part(self) -> None:
        name = self._dice.pick(self._names)
        self._network.part(name, self._dice.pick(ONE_WAY_OR_BOTH))
        self._agenda.after(
            self._dice.between(NS_PER_S // 10, 12 * NS_PER_S), partial(self._network.join, name)
        )
