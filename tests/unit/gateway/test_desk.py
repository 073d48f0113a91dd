import pytest

from strikewire.api import ApiError
from strikewire.gateway.caller import Caller
from strikewire.testing.exchange import ALICE
from strikewire.testing.gateway import KEYS, GatewayFloor


def test_a_market_is_found_by_its_name_or_not_found() -> None:
    floor = GatewayFloor("BTC-PERPETUAL")

    assert floor.desk.market_of("BTC-PERPETUAL") is floor.of("BTC-PERPETUAL")
    with pytest.raises(ApiError) as caught:
        floor.desk.market_of("BTC-1JAN20")
    assert (caught.value.code, caught.value.param) == (13020, "instrument_name")


def test_a_session_is_counted_until_it_is_left() -> None:
    floor = GatewayFloor()
    first, second = floor.login(), floor.login(KEYS[ALICE])
    assert floor.desk.sessions == {"alice": 2}

    first.close()
    assert floor.desk.sessions == {"alice": 1}
    second.close()

    assert floor.desk.sessions == {}


def test_who_was_never_authenticated_leaves_no_session() -> None:
    floor = GatewayFloor()

    floor.desk.leave_session(Caller(1, "10.0.0.1", "ws"))

    assert floor.desk.sessions == {}
