"""The whole venue with its clients in one process, one seed and no real time: `simulate(seed)`."""

from strikewire.testing.simulation.faults import Faults, Point, swarm
from strikewire.testing.simulation.simulation import Report, SimulationFailure, simulate
from strikewire.testing.simulation.violations import Violation

__all__ = ["Faults", "Point", "Report", "SimulationFailure", "Violation", "simulate", "swarm"]
