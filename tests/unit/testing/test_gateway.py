import pytest

from strikewire.testing.exchange import ALICE
from strikewire.testing.gateway import KEYS, GatewayFloor

ORDER = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "price": 99_000}


def test_commands_wait_until_the_test_commits_them() -> None:
    floor = GatewayFloor("BTC-PERPETUAL")
    floor.mark("BTC-PERPETUAL", 100_000.0)
    wire = floor.login(KEYS[ALICE])
    request_id = wire.send("private/buy", ORDER)
    assert floor.exchange.open_orders(ALICE) == []

    floor.commit()

    assert wire.answer(request_id)["result"]["order"]["order_state"] == "open"
    assert len(floor.exchange.open_orders(ALICE)) == 1


def test_a_call_that_fails_fails_the_test_and_the_other_way_round() -> None:
    wire = GatewayFloor().connect()

    with pytest.raises(AssertionError, match="-32601"):
        wire.call("public/nothing")
    with pytest.raises(AssertionError, match="version"):
        wire.fail("public/test")
