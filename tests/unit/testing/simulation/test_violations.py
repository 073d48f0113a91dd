import pytest

from strikewire.testing.simulation.violations import Violation, check


def test_a_kept_promise_says_nothing() -> None:
    check(True, "money is conserved")


def test_a_broken_one_says_which_and_what_was_seen() -> None:
    with pytest.raises(Violation, match=r"^money is conserved: 3 units too many$") as caught:
        check(False, "money is conserved", "3 units too many")

    assert caught.value.rule == "money is conserved"
