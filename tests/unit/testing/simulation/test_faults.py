from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.faults import Faults, Point, swarm


def test_a_seed_chooses_its_faults_and_repeats_them() -> None:
    assert swarm(Dice("5")) == swarm(Dice("5"))
    assert swarm(Dice("5")) != swarm(Dice("6"))


def test_every_class_of_faults_is_on_in_some_seeds_and_off_in_others() -> None:
    chosen = [swarm(Dice(str(seed))) for seed in range(100)]

    for name in (
        "stall",
        "cut_every_ns",
        "half_open_every_ns",
        "partition_every_ns",
        "kill_every_ns",
        "power_every_ns",
        "sync_error",
        "disk_full",
        "snapshot_rot",
        "clock_step_ns_max",
    ):
        assert {bool(getattr(one, name)) for one in chosen} == {True, False}, name
    for point in Point:
        assert {point in one.points for one in chosen} == {True, False}, point


def test_healing_leaves_limits_and_distances() -> None:
    faults = Faults(
        delay_ns_max=7,
        cut_every_ns=1,
        sync_error=0.5,
        queued_commands_max=3,
        points={Point.AT_ANSWER: 1},
    )

    assert faults.healed() == Faults(delay_ns_max=7, queued_commands_max=3)


def test_a_slow_disk_never_gets_one_command_at_a_time() -> None:
    for seed in range(200):
        faults = swarm(Dice(str(seed)))

        assert faults.sync_ns_max <= 2_000_000 or faults.batch_commands_max == 1_024
