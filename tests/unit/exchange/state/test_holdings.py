import gc
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewire.exchange.state import holdings
from tests.twins import interpreted

(plain,) = interpreted("strikewire.exchange.state", "holdings")
TWINS = [holdings, plain]
# Few ids, and such as are mixed to the same slots; many come and go.
IDS = st.integers(1, 40) | st.sampled_from([2**31 - 1, 7 << 40, 9 << 50])


@pytest.fixture(params=TWINS, ids=["as imported", "plain"])
def twin(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_what_is_held_is_found_and_told_by_instrument(twin: Any) -> None:
    held = twin.Holdings()
    assert (len(held), list(held), held.values(), held.items()) == (0, [], [], [])
    assert held.get(3) is None

    held[9], held[3] = "nine", "three"
    held[9] = "another"

    assert (len(held), list(held)) == (2, [3, 9])
    assert held.items() == [(3, "three"), (9, "another")]
    assert held.values() == ["three", "another"]
    assert (held[3], held.get(9), 9 in held, 4 in held) == ("three", "another", True, False)


def test_what_is_not_there_is_an_error(twin: Any) -> None:
    held = twin.Holdings()
    with pytest.raises(KeyError, match="3"):
        held[3]
    held[4] = "four"
    with pytest.raises(KeyError, match="3"):
        del held[3]
    assert held.items() == [(4, "four")]


@pytest.mark.parametrize("twin", TWINS, ids=["as imported", "plain"])
@given(steps=st.lists(st.tuples(IDS, st.booleans()), max_size=200))
def test_it_holds_what_a_dict_holds(twin: Any, steps: list[tuple[int, bool]]) -> None:
    held, expected = twin.Holdings(), {}
    for instrument_id, comes in steps:
        if comes:
            held[instrument_id] = expected[instrument_id] = SimpleNamespace()
        elif instrument_id in expected:
            del held[instrument_id], expected[instrument_id]
        assert (instrument_id in held) == (instrument_id in expected)
        assert held.items() == sorted(expected.items())


@pytest.mark.skipif(holdings.__file__.endswith(".py"), reason="no compiler")
def test_the_collector_does_not_look_at_what_is_held() -> None:
    held: Any = holdings.Holdings()
    one = SimpleNamespace()
    assert gc.is_tracked(one)

    held[1] = one

    assert not gc.is_tracked(one)
