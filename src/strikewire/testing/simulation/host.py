"""The venue's machine: it starts the process, loses it, and starts it again."""

from collections.abc import Callable
from functools import partial
from typing import Final

from strikewire.gateway import KeyStore
from strikewire.model import NS_PER_MS
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.disk import Disk
from strikewire.testing.simulation.faults import CRASH_POINTS, Faults, Point
from strikewire.testing.simulation.network import Link, Network
from strikewire.testing.simulation.process import Machine, Process, Watch

RESTART_NS_MIN: Final = 50 * NS_PER_MS
RESTART_NS_MAX: Final = 1_500 * NS_PER_MS


class Host:
    """One machine with one disk, which runs one venue.

    Attributes:
        process: The running venue; None between a crash and the next start.
        faults: What goes wrong now.
        crashes: So far, by what caused them.
    """

    def __init__(
        self,
        agenda: Agenda,
        dice: Dice,
        faults: Faults,
        network: Network,
        *,
        keys: KeyStore,
        watch: Watch,
        served: Callable[[Process], None],
    ) -> None:
        self.process: Process | None = None
        self.faults = faults
        self.crashes: dict[str, int] = {}
        self.disk = Disk(dice.child("disk"))
        self._agenda = agenda
        self._dice = dice
        self._network = network
        self._keys = keys
        self._watch = watch
        self._served = served
        self._is_up = True
        network.is_host_up = lambda: self._is_up
        self._machine = Machine(
            agenda=agenda,
            dice=dice.child("process"),
            faults=lambda: self.faults,
            disk=self.disk,
            strikes=self._strikes,
            exited=self._exited,
        )

    def boot(self) -> None:
        """Start the venue, which recovers from what is on the disk."""
        if self.process is not None:
            return
        self._is_up = True
        step_ns = self.faults.clock_step_ns_max
        self.process = Process(
            self._machine,
            self._keys,
            clock_step_ns=self._dice.between(-step_ns, step_ns),
            watch=self._watch,
        )
        if self._strikes(Point.AT_RECOVERY):
            return
        self._network.listener = self.process
        self.process.start()
        self._served(self.process)

    def kill(self, cause: str = "kill") -> None:
        """Kill the process. The system lives on: it keeps the cache and resets connections."""
        links = self._fall(cause)
        for link in links:
            link.cut()

    def cut_power(self, cause: str = "power cut") -> None:
        """Let the machine lose its power: the cache is gone, and nobody tells the clients."""
        self._fall(cause)
        self._is_up = False
        self.disk.cut_power(rots=self._dice.chance(self.faults.snapshot_rot))

    def _fall(self, cause: str) -> list[Link]:
        process, self.process = self.process, None
        if process is None:
            return []
        self.crashes[cause] = self.crashes.get(cause, 0) + 1
        links = list(process.links.values())
        process.fall()
        self._network.listener = None
        self._agenda.after(self._dice.between(RESTART_NS_MIN, RESTART_NS_MAX), self.boot)
        return links

    def _strikes(self, point: Point) -> bool:
        """Say whether the fault of a point happens now, and let it happen if it is a crash."""
        points = self.faults.points
        if not points or not self._dice.chance(points.get(point, 0)):
            return False
        if point in CRASH_POINTS:
            self._dice.pick((self.kill, self.cut_power))(point)
        return True

    def _exited(self) -> None:
        """End a process that cannot go on, after it said so."""
        failed = self.process
        self._agenda.after(self._dice.up_to(RESTART_NS_MAX), partial(self._leave, failed))

    def _leave(self, failed: Process | None) -> None:
        if self.process is failed:
            self.kill("disk failure")
