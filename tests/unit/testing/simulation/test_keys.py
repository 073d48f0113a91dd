import pytest
from msgspec import Raw

from strikewire.client.errors import ClientError, UnknownOutcomeError, VenueError
from strikewire.testing.simulation.client import Ask
from strikewire.testing.simulation.keys import Keys
from strikewire.testing.simulation.violations import Violation

BUSY = VenueError(method="private/buy", code=10047, message="matching_engine_queue_full")
POOR = VenueError(method="private/buy", code=10009, message="not_enough_funds")
LOST = UnknownOutcomeError(method="private/buy", reason="connection reset")


def ask(key: str = "k") -> Ask:
    params: dict[str, object] = {"idempotency_key": key} if key else {}
    return Ask(1, "private/buy", params, 1)


@pytest.mark.parametrize(("error", "is_open"), [(LOST, True), (BUSY, True), (POOR, False)])
def test_only_a_refusal_for_good_ends_a_marked_request(error: ClientError, is_open: bool) -> None:
    keys = Keys()

    assert keys.is_open(ask(), error) is is_open
    assert list(keys.lost) == ["k"] * is_open


def test_an_answer_ends_the_search_for_it() -> None:
    keys = Keys()
    keys.is_open(ask(), LOST)

    keys.answered(ask(), Raw(b"1"))

    assert keys.lost == {}
    assert keys.is_open(ask(), LOST)
    assert keys.lost == {}


def test_the_second_answer_must_be_the_first() -> None:
    keys = Keys()
    keys.answered(ask(), Raw(b"1"))
    keys.answered(ask(), Raw(b"1"))

    with pytest.raises(Violation, match="the answer of the first time"):
        keys.answered(ask(), Raw(b"2"))


def test_without_a_key_nothing_is_kept() -> None:
    keys = Keys()

    assert not keys.is_open(ask(""), LOST)
    keys.answered(ask(""), Raw(b"1"))
    keys.answered(ask(""), Raw(b"2"))
