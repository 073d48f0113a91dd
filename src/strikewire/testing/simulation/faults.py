"""What can go wrong in one simulation, and how often: chosen by its seed.

Every class of faults is on in some seeds and off in others (a swarm): with everything on at once
most faults hide behind others, and no run gets far enough to meet the rare ones.

Some faults come at any time; others are tied to a *point*, a moment where it hurts. Chance alone
seldom hits the window between a write and its sync; a point always can.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from strikewire.model import NS_PER_MS, NS_PER_S, NS_PER_US
from strikewire.testing.simulation.dice import Dice


class Point(StrEnum):
    """A moment at which a fault hurts."""

    BEFORE_SYNC = "before sync"
    """The disk has a batch and has not synced it: the venue falls."""

    AFTER_SYNC = "after sync"
    """A batch is durable and nobody has been told: the venue falls."""

    BETWEEN_ANSWERS = "between answers"
    """Part of a batch has been told: the venue falls."""

    AT_SNAPSHOT = "at snapshot"
    """A snapshot is being written: the venue falls."""

    AT_RECOVERY = "at recovery"
    """The venue has recovered and has not served anybody yet: it falls again."""

    AT_ANSWER = "at answer"
    """An answer is on its way: its connection is lost."""

    AT_RECONNECT = "at reconnect"
    """A client has just connected and asks for its subscriptions: its connection is lost."""


CRASH_POINTS: Final = (
    Point.BEFORE_SYNC,
    Point.AFTER_SYNC,
    Point.BETWEEN_ANSWERS,
    Point.AT_SNAPSHOT,
    Point.AT_RECOVERY,
)

_MOST: Final = MappingProxyType(
    {
        Point.BEFORE_SYNC: 0.05,
        Point.AFTER_SYNC: 0.05,
        Point.BETWEEN_ANSWERS: 0.03,
        Point.AT_SNAPSHOT: 0.5,
        Point.AT_RECOVERY: 0.3,
        Point.AT_ANSWER: 0.03,
        Point.AT_RECONNECT: 0.3,
    }
)


class Faults(Struct, kw_only=True):
    """What goes wrong; the default is nothing, on a fast network and a fast disk.

    Attributes:
        delay_ns_max: Longest way of a message.
        stall: Probability that a message takes a second longer.
        cut_every_ns: About so often a connection is reset; 0 is never, here and below.
        half_open_every_ns: About so often a connection goes silent, and nobody is told.
        partition_every_ns: About so often a client and the venue cannot reach each other.
        kill_every_ns: About so often the venue's process is killed; the system lives on.
        power_every_ns: About so often the venue's machine loses its power.
        points: Probability of the fault that is tied to each point, each time it is reached.
        sync_ns_max: Longest time a sync takes.
        sync_error: Probability that a sync fails; the disk then kept the record or did not.
        disk_full: Probability that a write finds no room.
        snapshot_rot: Probability that a crash damages the latest snapshot.
        clock_step_ns_max: How far the venue's clock may be off, differently after each start.
        queued_commands_max: Limit of the sequencer's queue.
        batch_commands_max: Limit of a group commit.
        requests_waiting_max: Limit of a connection's unanswered requests.
        snapshot_every: Commands between two snapshots.
    """

    delay_ns_max: int = 2 * NS_PER_MS
    stall: float = 0.0
    cut_every_ns: int = 0
    half_open_every_ns: int = 0
    partition_every_ns: int = 0
    kill_every_ns: int = 0
    power_every_ns: int = 0
    points: dict[Point, float] = field(default_factory=dict)
    sync_ns_max: int = NS_PER_MS
    sync_error: float = 0.0
    disk_full: float = 0.0
    snapshot_rot: float = 0.0
    clock_step_ns_max: int = 0
    queued_commands_max: int = 10_000
    batch_commands_max: int = 1_024
    requests_waiting_max: int = 256
    snapshot_every: int = 50

    def healed(self) -> "Faults":
        """Return what is left when nothing goes wrong any more: the limits and the distances."""
        return Faults(
            delay_ns_max=self.delay_ns_max,
            sync_ns_max=self.sync_ns_max,
            queued_commands_max=self.queued_commands_max,
            batch_commands_max=self.batch_commands_max,
            requests_waiting_max=self.requests_waiting_max,
            snapshot_every=self.snapshot_every,
        )


def swarm(dice: Dice) -> Faults:
    """Choose the faults of a seed."""
    faults = Faults(
        delay_ns_max=dice.pick((100 * NS_PER_US, 2 * NS_PER_MS, 50 * NS_PER_MS)),
        sync_ns_max=dice.pick((200 * NS_PER_US, 2 * NS_PER_MS, 20 * NS_PER_MS, 200 * NS_PER_MS)),
        snapshot_every=dice.pick((5, 20, 60, 1_000)),
        batch_commands_max=dice.pick((1, 3, 1_024, 1_024)),
        queued_commands_max=dice.pick((3, 10_000, 10_000, 10_000)),
        requests_waiting_max=dice.pick((2, 256, 256, 256)),
    )
    if faults.sync_ns_max > 2 * NS_PER_MS:
        faults.batch_commands_max = 1_024  # one by one, a slow disk never catches up
    for name, often_s, seldom_s in (
        ("cut_every_ns", 6, 30),
        ("half_open_every_ns", 15, 60),
        ("partition_every_ns", 15, 60),
        ("kill_every_ns", 12, 60),
        ("power_every_ns", 12, 60),
    ):
        if dice.chance(0.4):
            setattr(faults, name, dice.between(often_s, seldom_s) * NS_PER_S)
    for name, most in (
        ("stall", 0.01),
        ("sync_error", 0.06),
        ("disk_full", 0.01),
        ("snapshot_rot", 0.7),
    ):
        if dice.chance(0.3):
            setattr(faults, name, most)
    if dice.chance(0.3):
        faults.clock_step_ns_max = 20 * NS_PER_S
    for point, most in _MOST.items():
        if dice.chance(0.4):
            faults.points[point] = most / dice.between(1, 4)
    return faults
