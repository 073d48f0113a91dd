"""The Autobahn testsuite against our server and our client."""

import logging
from pathlib import Path

import pytest

from compliance import autobahn


@pytest.fixture(scope="module", autouse=True)
def suite() -> None:
    try:
        autobahn.install()
    except autobahn.NotInstalledError as error:
        pytest.skip(str(error))


def verdicts(end: autobahn.End, cases: tuple[str, ...], out: Path) -> autobahn.Verdicts:
    """Run cases; what failed is run again by itself.

    The suite gives a peer half a second for most things, and a machine that does other work as well
    may take that long to let a process run. What is wrong is wrong the second time too.
    """
    first = out / "first"
    first.mkdir()
    found = autobahn.run(end, cases, first)
    failed = autobahn.failures(found)
    if failed:
        logging.getLogger(__name__).warning("running again: %s", ", ".join(failed))
        second = out / "second"
        second.mkdir()
        found |= autobahn.run(end, failed, second)
    return found


@pytest.mark.parametrize("end", autobahn.ENDS)
def test_no_case_of_the_base_set_fails_or_closes_uncleanly(
    end: autobahn.End, tmp_path: Path
) -> None:
    found = verdicts(end, autobahn.BASE, tmp_path)

    assert len(found) == 247
    assert autobahn.failures(found) == []


@pytest.mark.parametrize("end", autobahn.ENDS)
def test_messages_before_a_violation_are_answered_before_it(
    end: autobahn.End, tmp_path: Path
) -> None:
    # The cases where other implementations are NON-STRICT: good messages, then a bad frame.
    found = verdicts(end, ("3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.2.3", "5.15"), tmp_path)

    assert {case: verdict["behavior"] for case, verdict in found.items()} == dict.fromkeys(
        ("3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.2.3", "5.15"), "OK"
    )


@pytest.mark.full
@pytest.mark.parametrize("cases", ["9.*", "12.*", "13.*"])
@pytest.mark.parametrize("end", autobahn.ENDS)
def test_no_large_or_compressed_case_fails(end: autobahn.End, cases: str, tmp_path: Path) -> None:
    assert autobahn.failures(verdicts(end, (cases,), tmp_path)) == []


def test_the_committed_report_is_of_a_run_without_failures() -> None:
    report = autobahn.committed_report()

    assert [report[end]["failed"] for end in autobahn.ENDS] == [[], []]
    assert [report[end]["cases"] for end in autobahn.ENDS] == [247, 247]
