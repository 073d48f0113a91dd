from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice


def test_things_happen_in_the_order_of_their_times() -> None:
    agenda, seen = Agenda(100, Dice("1")), list[tuple[int, str]]()
    agenda.at(130, lambda: seen.append((agenda.now_ns, "late")))
    agenda.after(10, lambda: seen.append((agenda.now_ns, "early")))

    agenda.run(200)

    assert seen == [(110, "early"), (130, "late")]
    assert (agenda.now_ns, agenda.steps) == (200, 2)


def test_what_is_due_later_waits() -> None:
    agenda, seen = Agenda(0, Dice("1")), list[str]()
    agenda.at(50, lambda: seen.append("x"))

    agenda.run(50)
    assert seen == []

    agenda.run(51)
    assert seen == ["x"]


def test_what_should_have_happened_already_happens_at_once() -> None:
    agenda, seen = Agenda(100, Dice("1")), list[int]()
    agenda.at(1, lambda: seen.append(agenda.now_ns))

    agenda.run(101)

    assert seen == [100]


def order_of_a_race(seed: str) -> list[int]:
    agenda, seen = Agenda(0, Dice(seed)), list[int]()
    for runner in range(5):
        agenda.at(7, lambda runner=runner: seen.append(runner))  # type: ignore[misc]
    agenda.run(8)
    return seen


def test_the_seed_decides_a_race_and_repeats_it() -> None:
    assert order_of_a_race("1") == order_of_a_race("1")
    assert len({tuple(order_of_a_race(str(seed))) for seed in range(10)}) > 1
