import pytest

from strikewire.gateway import Limits
from strikewire.gateway.steps import Called
from strikewire.testing.exchange import ALICE
from strikewire.testing.gateway import GatewayFloor

PERPETUAL = "BTC-PERPETUAL"


def test_connections_are_counted_while_they_are_open() -> None:
    floor = GatewayFloor()

    first = floor.connect()
    floor.connect()
    first.close()

    counters = floor.desk.counters
    assert (counters.connections, counters.connections_opened) == (1, 2)


def test_one_connection_too_many_is_refused() -> None:
    floor = GatewayFloor(limits=Limits(connections_max=1))
    first = floor.connect()

    with pytest.raises(ConnectionRefusedError, match="1 connections are open"):
        floor.connect()

    assert floor.desk.counters.connections_refused == 1
    first.close()
    floor.connect()


def test_one_connection_too_many_of_an_address_is_refused() -> None:
    floor = GatewayFloor(limits=Limits(connections_per_ip_max=1))
    first = floor.connect("10.0.0.1")
    floor.connect("10.0.0.2")

    with pytest.raises(ConnectionRefusedError, match=r"1 connections are open from 10\.0\.0\.1"):
        floor.connect("10.0.0.1")

    first.close()
    floor.connect("10.0.0.1")


def test_rest_calls_in_progress_are_bounded() -> None:
    floor = GatewayFloor(PERPETUAL, limits=Limits(rest_waiting_max=1))
    floor.mark(PERPETUAL, 100_000.0)
    grant = floor.desk.authenticator.by_header(
        floor.now_ns, "Basic YWxpY2U6YWxpY2VzLXNlY3JldA==", verb="GET", uri="/", body=b""
    )
    order = {"instrument_name": PERPETUAL, "amount": "10", "price": "99000"}
    call = Called(method="private/buy", params=order, grant=grant)
    waiting, actions = floor.gateway.call(floor.now_ns, "10.0.0.1", call)
    floor.act(actions)

    refused, actions = floor.gateway.call(floor.now_ns, "10.0.0.1", call)
    floor.act(actions)
    floor.commit()

    assert floor.answers[refused]["error"]["code"] == 10047
    assert floor.answers[waiting]["result"]["order"]["amount"] == 10.0
    assert "result" in floor.rest(call)


def test_a_session_without_anything_to_wait_for_is_forgotten_when_its_connection_is_lost() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    idle, busy = floor.login(), floor.login()
    busy.send("private/buy", {"instrument_name": PERPETUAL, "amount": 10, "price": 99_000})

    idle.close()
    busy.close()
    waiting = len(floor.gateway._sessions)
    floor.commit()

    assert (waiting, len(floor.gateway._sessions)) == (1, 0)


def test_a_lost_connection_listens_no_more() -> None:
    floor = GatewayFloor(PERPETUAL)
    wire = floor.login()
    wire.call("private/subscribe", channels=["user.portfolio.any", f"quote.{PERPETUAL}"])
    assert floor.gateway.hub.channels == 2

    wire.close()

    assert floor.gateway.hub.channels == 0


def test_what_the_world_is_told_comes_before_the_answer() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    wire = floor.login()
    wire.call("private/subscribe", channels=["user.orders.any.any.raw"])

    wire.call("private/buy", instrument_name=PERPETUAL, amount=10, price=99_000)

    kinds = ["answer" if "id" in message else "order" for message in wire.inbox]
    assert kinds == ["answer", "answer", "order", "answer"]


def test_everything_is_counted() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    one, two = floor.login(), floor.login()
    for wire in (one, two):
        wire.call("private/subscribe", channels=[f"quote.{PERPETUAL}"])

    one.call("private/buy", instrument_name=PERPETUAL, amount=10, price=99_000)
    one.fail("private/nothing")
    floor.rest(Called(method="public/test"))

    counters = floor.desk.counters
    assert (counters.requests, counters.errors, counters.commands) == (7, 1, 1)
    assert (counters.notifications, counters.notifications_sent) == (3, 4)


def test_whoever_came_with_a_revoked_key_is_closed_and_heard_no_more() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    wire, guest = floor.login(), floor.connect()
    order = {"instrument_name": PERPETUAL, "amount": 10, "price": 99_000}
    wire.send("private/buy", order)
    waiting = wire.send("private/get_positions", {"currency": "BTC"})

    floor.act(floor.gateway.revoke(floor.now_ns, frozenset({"alice"})))
    wire.send("private/buy", order)
    floor.commit()

    assert wire.closed == (1008, "the key was revoked")
    assert guest.closed is None
    assert len(floor.exchange.open_orders(ALICE)) == 1  # what was on its way already
    assert waiting not in [message.get("id") for message in wire.inbox]


def test_a_key_that_is_put_back_changed_brings_no_old_token_back() -> None:
    floor = GatewayFloor()
    tokens = floor.connect().call(
        "public/auth",
        grant_type="client_credentials",
        client_id="alice",
        client_secret="alices-secret",
        scope="session:desk",
    )
    other = floor.connect()

    floor.act(floor.gateway.revoke(floor.now_ns, frozenset({"alice"})))

    token, refresh = tokens["access_token"], tokens["refresh_token"]
    read = other.fail("private/get_positions", currency="BTC", access_token=token)
    renewed = other.fail("public/auth", grant_type="refresh_token", refresh_token=refresh)
    assert (read["code"], renewed["code"]) == (13009, 13004)
