"""The Autobahn testsuite against our server and our client, on every engine."""

import logging
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import strikewire
from compliance import autobahn

TESTEES = autobahn.testees()
NAMES = [f"{tested.end}-{tested.engine}" for tested in TESTEES]


@pytest.fixture(scope="module")
def suite() -> None:
    try:
        autobahn.install()
    except autobahn.NotInstalledError as error:
        pytest.skip(str(error))


def verdicts(tested: autobahn.Testee, cases: list[str], out: Path) -> autobahn.Verdicts:
    judgement = autobahn.judge(tested, cases, out)
    if judgement.repeated:
        names = ", ".join(judgement.repeated)
        logging.getLogger(__name__).warning("%s %s needed again: %s", *tested[:2], names)
    return judgement.verdicts


@pytest.mark.usefixtures("suite")
@pytest.mark.parametrize("tested", TESTEES, ids=NAMES)
def test_no_quick_case_fails_or_closes_uncleanly_or_is_merely_allowed(
    tested: autobahn.Testee, tmp_path: Path
) -> None:
    cases = autobahn.cases_of("quick")

    found = verdicts(tested, cases, tmp_path)

    assert len(found) == 361
    assert autobahn.failures(found) == []
    assert autobahn.unclean(found) == []
    assert autobahn.non_strict(found) == []


@pytest.mark.full
@pytest.mark.usefixtures("suite")
@pytest.mark.parametrize("tested", TESTEES, ids=NAMES)
def test_no_case_at_all_fails_or_closes_uncleanly_or_is_merely_allowed(
    tested: autobahn.Testee, tmp_path: Path
) -> None:
    cases = autobahn.cases_of("full")

    found = verdicts(tested, cases, tmp_path)

    assert len(found) == 517
    assert autobahn.failures(found) == []
    assert autobahn.unclean(found) == []
    assert autobahn.non_strict(found) == []


@pytest.mark.usefixtures("suite")
def test_the_sets_are_as_large_as_the_suite_makes_them() -> None:
    sizes = {name: len(autobahn.cases_of(name)) for name in autobahn.SETS}

    assert sizes == {"base": 247, "quick": 361, "limits": 54, "full": 517}


def test_without_a_python_2_7_the_suite_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    (tmp_path / "bash").symlink_to(bash)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", os.fspath(tmp_path))
    monkeypatch.delenv("PYTHON27", raising=False)

    with pytest.raises(autobahn.NotInstalledError, match=r"autobahn: no python2\.7 found"):
        autobahn.install()


# ----------------------------------------------------------------------- arithmetic, by hand


def verdict(behaviour: str, closing: str = "OK") -> dict[str, Any]:
    return {"behavior": behaviour, "behaviorClose": closing}


MIXED: autobahn.Verdicts = {
    "12.1.1": verdict("UNIMPLEMENTED"),
    "10.1.1": verdict("OK", "UNCLEAN"),
    "9.1.1": verdict("NON-STRICT"),
    "7.1.6": verdict("INFORMATIONAL", "INFORMATIONAL"),
    "3.2": verdict("NON-STRICT"),
    "2.1": verdict("OK", "WRONG CODE"),
    "1.2.1": verdict("FAILED", "FAILED"),
    "1.1.1": verdict("OK"),
}


def test_a_summary_counts_verdicts_and_names_what_is_not_simply_right() -> None:
    summary = autobahn.summary(autobahn.Judgement(MIXED, ["1.2.1"]))

    assert summary == {
        "cases": 8,
        "behaviour": {
            "FAILED": 1,
            "INFORMATIONAL": 1,
            "NON-STRICT": 2,
            "OK": 3,
            "UNIMPLEMENTED": 1,
        },
        "closing": {"FAILED": 1, "INFORMATIONAL": 1, "OK": 4, "UNCLEAN": 1, "WRONG CODE": 1},
        "failed": ["1.2.1", "12.1.1"],
        "unclean": ["1.2.1", "2.1", "10.1.1"],
        "non_strict": ["3.2", "9.1.1"],
        "informational": ["7.1.6"],
        "repeated": ["1.2.1"],
    }


def test_non_strict_is_a_blemish_in_the_base_set_only() -> None:
    assert autobahn.blemishes(MIXED) == ["1.2.1", "2.1", "3.2", "10.1.1", "12.1.1"]


@pytest.mark.parametrize(
    ("case", "sets"),
    [
        ("1.1.1", {"base", "quick", "full"}),
        ("10.1.1", {"base", "quick", "full"}),
        ("9.1.1", {"quick", "limits", "full"}),
        ("12.1.1", {"quick", "full"}),
        ("13.7.11", {"quick", "full"}),
        ("12.1.10", {"full"}),
        ("13.1.5", {"full"}),
    ],
)
def test_a_case_is_in_the_sets_of_its_pattern(case: str, sets: set[str]) -> None:
    assert {name for name in autobahn.SETS if autobahn.within(name, [case])} == sets


def test_every_case_is_dealt_once_and_those_of_one_length_to_different_hands() -> None:
    cases = ["1.1.1", "2.1", "12.1.1", "12.1.10", "12.2.1", "12.2.10", "13.1.10", "13.1.1"]

    hands = list(autobahn.deal(cases, 3))

    assert hands == [
        ["1.1.1", "12.2.1", "12.2.10"],
        ["2.1", "13.1.1", "13.1.10"],
        ["12.1.1", "12.1.10"],
    ]


def test_a_hand_that_would_be_empty_is_not_dealt() -> None:
    assert list(autobahn.deal(["1.1.2", "1.1.1"], 4)) == [["1.1.1"], ["1.1.2"]]


# -------------------------------------------------------------------------- the committed report


def test_the_committed_report_is_of_a_full_run_of_every_end_on_every_engine() -> None:
    report = autobahn.committed_report()
    runs = {(run["end"], run["engine"]): run for run in report["runs"]}

    assert report["set"] == "full"
    assert list(runs) == [(tested.end, tested.engine) for tested in TESTEES]
    assert {run["cases"] for run in report["runs"]} == {517}


def test_the_committed_report_knows_no_failure_and_no_unclean_close() -> None:
    for run in autobahn.committed_report()["runs"]:
        assert run["failed"] == run["unclean"] == []
        assert autobahn.within("base", run["non_strict"]) == []


def test_the_committed_report_adds_up() -> None:
    for run in autobahn.committed_report()["runs"]:
        behaviour = Counter(run["behaviour"])
        assert behaviour.total() == Counter(run["closing"]).total() == run["cases"]
        assert behaviour["NON-STRICT"] == len(run["non_strict"])
        assert behaviour["INFORMATIONAL"] == len(run["informational"])


def test_the_committed_report_is_of_this_version_and_of_the_suite_that_is_installed() -> None:
    found = autobahn.committed_report()["versions"]

    assert found["strikewire"] == strikewire.__version__
    assert found["autobahntestsuite"] == autobahn.suite_version()
