import pytest

from strikewire.testing.simulation.faults import Faults
from strikewire.testing.simulation.mutants import planted
from strikewire.testing.simulation.simulation import SimulationFailure, simulate


def test_without_faults_nothing_falls_and_everything_is_known() -> None:
    report = simulate(1, Faults())

    assert report.crashes == {}
    assert report.orders > 15
    assert report.simulated_ns == 118_000_000_000


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    assert simulate(2) == simulate(2)
    assert simulate(2).trace != simulate(3).trace


def test_a_failure_says_what_was_broken_when_and_how_to_repeat_it() -> None:
    with planted("fee not booked"), pytest.raises(SimulationFailure) as caught:
        simulate(0)

    assert caught.value.seed == 0
    assert caught.value.rule == "money is conserved"
    assert "python -m strikewire.testing.simulation 0" in str(caught.value)


def test_a_machine_that_raises_is_a_failure_too() -> None:
    with planted("time taken back"), pytest.raises(SimulationFailure) as caught:
        simulate(0)

    assert caught.value.rule == "AssertionError"
