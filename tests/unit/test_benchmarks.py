"""The harness compares work by CPU seconds, keeps the median, and judges by floors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import benchmarks.__main__ as command
from benchmarks.harness import (
    Compared,
    Fresh,
    Measure,
    Pace,
    Rate,
    Ratio,
    Reading,
    UnavailableError,
    take,
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
        lambda _, quick: [take(measure, BRIEF, quick=quick) for measure in measures],
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
