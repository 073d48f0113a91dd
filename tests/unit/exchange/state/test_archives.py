from collections.abc import Callable

import pytest

from strikewire.exchange.state import archives
from tests.twins import interpreted

(plain,) = interpreted("strikewire.exchange.state", "archives")


@pytest.fixture(params=[archives.Ring, plain.Ring], ids=["as imported", "plain"])
def make(request: pytest.FixtureRequest) -> Callable[[int], archives.Ring]:
    made: Callable[[int], archives.Ring] = request.param
    return made


def test_the_oldest_is_forgotten_and_handed_back(make: Callable[[int], archives.Ring]) -> None:
    ring = make(3)

    forgotten = [ring.append(thing) for thing in "abcde"]

    assert forgotten == [None, None, None, "a", "b"]
    assert list(ring) == ["c", "d", "e"]
    assert len(ring) == 3


def test_it_is_empty_at_first(make: Callable[[int], archives.Ring]) -> None:
    ring = make(3)

    assert not ring
    assert list(ring) == []


def test_it_is_read_while_more_comes(make: Callable[[int], archives.Ring]) -> None:
    ring = make(2)
    ring.extend("ab")

    for thing in ring:
        ring.append(thing * 2)

    assert list(ring) == ["aa", "bb"]


def test_what_came_since_a_seal_is_known_as_far_as_it_is_kept(
    make: Callable[[int], archives.Ring],
) -> None:
    ring = make(3)
    assert (ring.unsealed, ring.latest()) == (0, [])

    ring.extend("ab")
    assert (ring.unsealed, ring.latest()) == (2, ["a", "b"])

    ring.unsealed = 0
    ring.extend("cd")
    assert (ring.unsealed, ring.latest()) == (2, ["c", "d"])
    ring.extend("efg")
    assert (ring.unsealed, ring.latest()) == (5, ["e", "f", "g"])
