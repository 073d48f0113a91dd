import importlib.machinery
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import strikewire.exchange.state
from strikewire.exchange.state import archives


def plain_ring() -> Any:
    """Return the ring of `archives.py` itself, whether or not it is compiled."""
    path = Path(strikewire.exchange.state.__file__).parent / "archives.py"
    loader = importlib.machinery.SourceFileLoader("plain_archives", str(path))
    spec = importlib.util.spec_from_loader("plain_archives", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module.Ring


@pytest.fixture(params=[archives.Ring, plain_ring()], ids=["as imported", "plain"])
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
    assert (ring.unsealed, ring.seal, ring.latest()) == (0, b"", [])

    ring.extend("ab")
    assert (ring.unsealed, ring.latest()) == (2, ["a", "b"])

    ring.unsealed = 0
    ring.extend("cd")
    assert (ring.unsealed, ring.latest()) == (2, ["c", "d"])
    ring.extend("efg")
    assert (ring.unsealed, ring.latest()) == (5, ["e", "f", "g"])
