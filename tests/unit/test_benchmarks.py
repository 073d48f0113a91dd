"""The harness compares work by CPU seconds, keeps the median, and judges by floors."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import benchmarks.__main__ as command
from benchmarks.harness import (
    Compared,
    Contest,
    Entrant,
    Fresh,
    Measure,
    Opponent,
    Pace,
    Rate,
    Ratio,
    Reader,
    Reading,
    UnavailableError,
    take,
    take_all,
)

BRIEF = Pace(runs=3, run_seconds=0.001)


def spin(rounds: int) -> int:
    return sum(range(rounds))


def of_readings(*values: float, **rest: float | str) -> Reading:
    left = iter(values)
    return Reading(measure="m", read=lambda: next(left), unit="x", **rest)  # type: ignore[arg-type]


def test_a_reading_keeps_the_median_and_the_ends() -> None:
    result = take(of_readings(3.0, 1.0, 2.0), BRIEF, quick=False)

    assert (result.value, result.spread, result.runs) == (2.0, (1.0, 3.0), 3)


def test_a_compared_measure_divides_ours_by_theirs_pair_by_pair() -> None:
    ours, theirs = iter([10.0, 30.0, 20.0]), iter([5.0, 10.0, 5.0])
    measure = Compared(
        measure="m", ours=lambda: next(ours), against="peer", theirs=lambda: next(theirs)
    )

    assert take(measure, BRIEF, quick=False).value == 3.0


def test_a_ratio_says_how_many_times_the_peers_time_is() -> None:
    measure = Ratio(
        measure="m", ours=lambda: spin(500), against="peer", theirs=lambda: spin(50_000)
    )

    value = take(measure, BRIEF, quick=True).value

    # A hundred times the work; even a crowded machine tells it from less than five times.
    assert value is not None
    assert value > 5.0


def test_fresh_work_gets_a_new_state_for_each_call() -> None:
    seen: list[list[int]] = []

    def run(state: list[int]) -> None:
        seen.append(state)
        state.append(1)

    work = Fresh(build=list, run=run)
    measure = Rate(measure="m", work=work, operations=1, unit="calls/CPU-s")

    take(measure, BRIEF, quick=False)

    assert all(state == [1] for state in seen)


@pytest.mark.parametrize(
    ("value", "better", "meets"),
    [(2.0, "higher", True), (1.9, "higher", False), (2.0, "lower", True), (2.1, "lower", False)],
)
def test_a_floor_is_met_at_its_own_value(value: float, better: str, meets: bool) -> None:
    result = take(of_readings(value, value, value, floor=2.0, better=better), BRIEF, quick=False)

    assert result.meets_floor is meets


def test_a_floor_that_could_not_be_measured_is_missed() -> None:
    def read() -> float:
        raise UnavailableError("no compiler")

    measure = Reading(measure="m", read=read, unit="x", floor=1.0)

    result = take(measure, BRIEF, quick=False)

    assert (result.value, result.note, result.meets_floor) == (None, "no compiler", False)


class Event:
    """Someone who enters contests, and what happened to them in which order."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def entrant(self, name: str, *readings: float | str) -> Entrant:
        """Return one with these readings; a str is the reason of a failure."""
        left = iter(readings)

        def read() -> float:
            self.log.append(name)
            reading = next(left)
            if isinstance(reading, str):
                raise UnavailableError(reading)
            return reading

        @contextlib.contextmanager
        def enter() -> Iterator[Reader]:
            self.log.append(f"{name} begins")
            if readings == ("does not begin",):
                raise UnavailableError("does not begin")
            yield read
            self.log.append(f"{name} ends")

        return enter


def contest(ours: Entrant, **theirs: Entrant) -> Contest:
    opponents = tuple(
        Opponent(against=name, entrant=entrant, floor=2.0, aim=4.0)
        for name, entrant in theirs.items()
    )
    return Contest(measure="m", ours=ours, opponents=opponents, counted="words", caveat="careful")


def test_a_contest_sets_everyone_up_once_and_reads_them_in_turn() -> None:
    event = Event()
    ours, ann, bob = (
        event.entrant("us", 1, 1),
        event.entrant("ann", 1, 1),
        event.entrant("bob", 1, 1),
    )

    take_all(contest(ours, ann=ann, bob=bob), Pace(runs=2, run_seconds=0.0), quick=False)

    assert event.log == [
        *["us begins", "ann begins", "bob begins"],
        *["us", "ann", "bob", "us", "ann", "bob"],
        *["bob ends", "ann ends", "us ends"],
    ]


def test_each_opponent_of_a_contest_has_a_row_of_ratios_within_a_round() -> None:
    event = Event()
    ours = event.entrant("us", 10.0, 30.0, 20.0)
    ann, bob = event.entrant("ann", 5.0, 10.0, 5.0), event.entrant("bob", 10.0, 10.0, 10.0)

    rows = take_all(contest(ours, ann=ann, bob=bob), BRIEF, quick=False)

    assert [(row.against, row.value, row.spread, row.runs) for row in rows] == [
        ("ann", 3.0, (2.0, 4.0), 3),
        ("bob", 2.0, (1.0, 3.0), 3),
    ]
    assert [(row.floor, row.aim, row.unit) for row in rows] == [(2.0, 4.0, "x")] * 2
    assert rows[0].note == "20 against 5 words; careful"


@pytest.mark.parametrize("readings", [("does not begin",), (5.0, "gave up")])
def test_an_opponent_that_fails_leaves_the_others_their_rows(readings: tuple[float | str]) -> None:
    event = Event()
    ours = event.entrant("us", 10.0, 10.0, 10.0)
    ann, bob = event.entrant("ann", *readings), event.entrant("bob", 5.0, 5.0, 5.0)

    rows = take_all(contest(ours, ann=ann, bob=bob), BRIEF, quick=False)

    assert [(row.value, row.note) for row in rows] == [
        (None, readings[-1]),
        (2.0, "10 against 5 words; careful"),
    ]


@pytest.mark.parametrize("readings", [("does not begin",), (5.0, "gave up")])
def test_a_contest_without_us_is_none(readings: tuple[float | str]) -> None:
    event = Event()
    ann, bob = event.entrant("ann", 5.0, 5.0, 5.0), event.entrant("bob", 5.0, 5.0, 5.0)

    rows = take_all(contest(event.entrant("us", *readings), ann=ann, bob=bob), BRIEF, quick=False)

    assert [(row.value, row.note, row.meets_floor) for row in rows] == [
        (None, readings[-1], False)
    ] * 2


def test_a_measure_of_another_kind_has_one_row() -> None:
    [row] = take_all(of_readings(3.0, 1.0, 2.0), BRIEF, quick=False)

    assert row.value == 2.0


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Measure]:
    """A room that measures what the test puts into the list."""
    measures: list[Measure] = []
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "bench_room.py").touch()
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(
        command,
        "measure_room",
        lambda _, quick, only: [
            row
            for measure in measures
            if only in measure.measure
            for row in take_all(measure, BRIEF, quick=quick)
        ],
    )
    return measures


def test_a_result_file_is_a_list_of_objects(room: list[Measure], tmp_path: Path) -> None:
    room.append(of_readings(2.0, 2.0, 2.0, floor=1.0, aim=3.0, against="peer"))

    assert command.main(["room", "--quick"]) == 0

    [row] = json.loads((tmp_path / "room.json").read_text())
    assert {key: row[key] for key in ["measure", "against", "value", "unit", "floor", "aim"]} == {
        "measure": "m",
        "against": "peer",
        "value": 2.0,
        "unit": "x",
        "floor": 1.0,
        "aim": 3.0,
    }
    assert row["runs"] == 3
    assert row["quick"] is True
    assert {"python", "machine", "kernels", "strikewire"} <= set(row["versions"])


def test_measures_that_are_picked_leave_the_result_file_alone(
    room: list[Measure], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    room += [
        Reading(measure=name, read=lambda: 2.0, unit="x") for name in ["fan-out to many", "echo"]
    ]

    assert command.main(["room", "--only", "fan-out"]) == 0

    printed = capsys.readouterr().out
    assert "fan-out to many" in printed
    assert "echo" not in printed
    assert not (tmp_path / "room.json").exists()


def test_a_missed_floor_fails_only_where_it_is_asked_for(
    room: list[Measure], capsys: pytest.CaptureFixture[str]
) -> None:
    room.append(of_readings(*[2.0] * 6, floor=3.0))

    assert command.main(["room"]) == 0
    assert command.main(["room", "--check"]) == 1
    assert "floor missed: m: 2.0 x, floor 3.0" in capsys.readouterr().err


def test_an_unknown_room_is_an_error_that_names_the_known_ones(
    room: list[Measure], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["cellar"]) == 2

    assert "no benchmark for 'cellar'; there are: room" in capsys.readouterr().err


def test_a_rooms_accuracy_is_printed_instead_of_its_speed(
    room: list[Measure],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    drawn = command.table("how exact", [])
    report = SimpleNamespace(report=lambda: [drawn])
    (tmp_path / "benchmarks" / "accuracy_room.py").touch()
    monkeypatch.setitem(sys.modules, "benchmarks.accuracy_room", report)

    assert command.main(["room", "--accuracy"]) == 0

    assert "how exact" in capsys.readouterr().out
    assert not (tmp_path / "room.json").exists()


def test_a_room_without_a_report_of_accuracy_says_so(
    room: list[Measure], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["room", "--accuracy"]) == 2

    assert "no report of accuracy for 'room'" in capsys.readouterr().err
