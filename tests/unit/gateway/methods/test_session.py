from typing import Any

import pytest

from strikewire.api.session import SetHeartbeat
from strikewire.exchange import InstrumentState, SetInstrumentState, SetPlatformLock
from strikewire.gateway import Limits
from strikewire.gateway.steps import Called
from strikewire.model import InstrumentId
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
ORDERS = "user.orders.any.any.raw"


def auth(wire: Wire, name: str = "alice", **more: str) -> dict[str, Any]:
    found: dict[str, Any] = wire.call(
        "public/auth",
        grant_type="client_credentials",
        client_id=name,
        client_secret=f"{name}s-secret",
        **more,
    )
    return found


# Authentication


def test_authentication_hands_out_tokens_with_their_scope() -> None:
    wire = GatewayFloor().connect()

    result = auth(wire, scope="session:desk trade:read", state="mine")

    assert result["token_type"] == "bearer"
    assert result["expires_in"] == 900
    assert (
        result["scope"]
        == "account:read_write block_trade:read_write session:desk trade:read wallet:read_write"
    )
    assert (result["state"], result["sid"]) == ("mine", "desk")


def test_a_connection_stays_authenticated_when_its_token_has_expired() -> None:
    floor = GatewayFloor()
    wire = floor.login()

    floor.now_ns += 3_600 * 10**9

    assert wire.call("private/get_positions") == []


def test_over_rest_authentication_makes_tokens_and_nothing_else() -> None:
    floor = GatewayFloor()
    params = {
        "grant_type": "client_credentials",
        "client_id": "alice",
        "client_secret": "alices-secret",
    }

    result = floor.rest(Called(method="public/auth", params=params))["result"]

    assert floor.desk.sessions == {}
    answer = floor.rest(
        Called(method="private/get_positions", params={"access_token": result["access_token"]})
    )
    assert answer["result"] == []


def test_a_key_has_no_more_sessions_than_the_limit_and_the_connection_stays_what_it_was() -> None:
    floor = GatewayFloor(limits=Limits(sessions_per_key_max=1))
    first, second = floor.login(), floor.login(KEYS[BOB])

    error = second.fail(
        "public/auth",
        grant_type="client_credentials",
        client_id="alice",
        client_secret="alices-secret",
    )

    assert (error["code"], error["data"]["reason"]) == (11042, "the key has 1 sessions")
    assert second.call("private/get_account_summaries")["id"] == BOB
    auth(first)  # The same key again is the same session.
    first.close()
    auth(second)
    assert floor.desk.sessions == {"alice": 1}


def test_private_channels_end_when_the_connection_becomes_another_account() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    wire, alice = floor.login(), floor.login()
    wire.call("private/subscribe", channels=[ORDERS, f"quote.{PERPETUAL}"])

    auth(wire, "bob")
    alice.call("private/buy", instrument_name=PERPETUAL, amount=10, price=99_000)

    assert wire.told(ORDERS) == []
    assert len(wire.told(f"quote.{PERPETUAL}")) == 2


def test_private_channels_end_when_the_new_scope_does_not_allow_them() -> None:
    floor = GatewayFloor()
    wire = floor.login()
    wire.call("private/subscribe", channels=[ORDERS, "user.portfolio.btc"])

    auth(wire, scope="trade:none")

    assert floor.gateway.hub.channels == 1
    assert wire.call("private/unsubscribe", channels=[ORDERS, "user.portfolio.btc"]) == [
        "user.portfolio.btc"
    ]


def test_private_channels_go_on_when_the_same_account_authenticates_again() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    wire = floor.login()
    wire.call("private/subscribe", channels=[ORDERS])
    token = wire.inbox[0]["result"]["refresh_token"]

    wire.call("public/auth", grant_type="refresh_token", refresh_token=token)
    wire.call("private/buy", instrument_name=PERPETUAL, amount=10, price=99_000)

    assert len(wire.told(ORDERS)) == 1


def test_logout_closes_without_an_answer_and_ends_the_token() -> None:
    floor = GatewayFloor()
    wire = floor.login()
    token = wire.inbox[0]["result"]["refresh_token"]
    wire.call("private/subscribe", channels=[ORDERS])

    wire.send("private/logout")

    assert wire.closed == (1000, "logout")
    assert len(wire.inbox) == 2
    assert floor.gateway.hub.channels == 0
    wire.close()
    error = floor.connect().fail("public/auth", grant_type="refresh_token", refresh_token=token)
    assert error["code"] == 13004


# Subscriptions


def test_what_does_not_exist_is_left_out_and_is_never_an_error() -> None:
    floor = GatewayFloor(PERPETUAL, "BTC-25DEC26-100000-C", "BTC-25DEC26")
    floor.mark(PERPETUAL, 100_000.0)
    wire = floor.login()

    subscribed = wire.call(
        "private/subscribe",
        channels=[
            "nonsense",
            "",
            "instrument.states.any.any",
            "book.BTC-1JAN20.100ms",
            f"book.{PERPETUAL}.50ms",
            f"book.{PERPETUAL}.100ms",
            "chart.trades.BTC-PERPETUAL.1",
            "book.BTC-25DEC26-100000-C.5.10.100ms",  # its prices are no dollars
            "book.BTC-25DEC26.1.10.100ms",  # less than a tick
            "deribit_price_index.doge_usd",
            "deribit_volatility_index.eth_usd",
            "estimated_expiration_price.doge_usd",
            "perpetual.BTC-25DEC26.100ms",
            "user.portfolio.SOL",
            "user.orders.BTC-1JAN20.raw",
            "user.portfolio.BTC",
        ],
    )

    assert subscribed == [f"book.{PERPETUAL}.100ms", "user.portfolio.BTC"]


def test_a_channel_asked_for_twice_is_one() -> None:
    floor = GatewayFloor(PERPETUAL)
    wire = floor.connect()

    subscribed = wire.call("public/subscribe", channels=[f"quote.{PERPETUAL}"] * 3)

    assert subscribed == [f"quote.{PERPETUAL}"]
    assert len(wire.told(f"quote.{PERPETUAL}")) == 1


def test_raw_needs_an_authenticated_connection() -> None:
    floor = GatewayFloor(PERPETUAL)
    wire = floor.connect()
    channels = [f"quote.{PERPETUAL}", f"book.{PERPETUAL}.raw"]

    error = wire.fail("public/subscribe", channels=channels)

    assert error["code"] == 13778
    assert floor.gateway.hub.channels == 0
    auth(wire)
    assert wire.call("public/subscribe", channels=channels) == channels


def test_a_token_in_the_parameters_opens_private_channels_but_not_raw_public_ones() -> None:
    floor = GatewayFloor(PERPETUAL)
    token = auth(floor.connect(), scope="session:desk")["access_token"]
    wire = floor.connect()

    private = wire.call("private/subscribe", channels=["user.portfolio.btc"], access_token=token)
    error = wire.fail("private/subscribe", channels=[f"book.{PERPETUAL}.raw"], access_token=token)

    assert private == ["user.portfolio.btc"]
    assert error["code"] == 13778


def test_private_channels_are_left_out_for_strangers_and_for_narrow_scopes() -> None:
    floor = GatewayFloor()
    wire = floor.connect()
    channels = [ORDERS, "user.portfolio.btc"]

    assert wire.call("public/subscribe", channels=channels) == []
    assert wire.fail("private/subscribe", channels=channels)["code"] == 13009
    auth(wire, scope="trade:none")
    assert wire.call("private/subscribe", channels=channels) == ["user.portfolio.btc"]


def test_the_same_channel_for_another_account_replaces_the_one_before() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    wire, bob = floor.login(), floor.login(KEYS[BOB])
    wire.call("private/subscribe", channels=[ORDERS])
    token = auth(floor.connect(), "bob", scope="session:desk")["access_token"]

    wire.call("private/subscribe", channels=[ORDERS], access_token=token)
    wire.call("private/buy", instrument_name=PERPETUAL, amount=10, price=99_000)
    bob.call("private/buy", instrument_name=PERPETUAL, amount=10, price=98_000)

    assert [one["order_id"] for one in wire.told(ORDERS)] == ["BTC-2"]


def test_a_connection_has_no_more_channels_than_the_limit() -> None:
    floor = GatewayFloor(PERPETUAL, limits=Limits(subscriptions_max=2))
    wire = floor.connect()
    names = [f"quote.{PERPETUAL}", f"book.{PERPETUAL}.100ms", f"trades.{PERPETUAL}.100ms"]

    assert wire.call("public/subscribe", channels=names) == names[:2]
    assert wire.call("public/subscribe", channels=names[2:] + names[:1]) == names[:1]
    wire.call("public/unsubscribe", channels=names[:1])
    assert wire.call("public/subscribe", channels=names[2:]) == names[2:]


def test_unsubscribing_answers_with_what_was_subscribed() -> None:
    floor = GatewayFloor(PERPETUAL)
    wire = floor.connect()
    wire.call("public/subscribe", channels=[f"quote.{PERPETUAL}"])

    assert wire.call("public/unsubscribe", channels=[f"quote.{PERPETUAL}", "x"]) == [
        f"quote.{PERPETUAL}"
    ]
    assert wire.call("public/unsubscribe", channels=[f"quote.{PERPETUAL}"]) == []
    assert wire.call("public/unsubscribe_all") == "ok"


def test_a_settled_instrument_has_no_channels() -> None:
    floor = GatewayFloor(PERPETUAL)
    floor.of(PERPETUAL).settle(floor.now_ns, None)

    assert floor.connect().call("public/subscribe", channels=[f"quote.{PERPETUAL}"]) == []


# The rest


def test_the_venue_tells_its_version_and_its_time() -> None:
    floor = GatewayFloor()
    wire = floor.connect()

    assert wire.call("public/hello", client_name="x", client_version="1") == {"version": "9.9.9"}
    assert wire.call("public/test") == {"version": "9.9.9"}
    assert wire.call("public/get_time") == 1_767_225_600_000


def test_an_error_can_be_asked_for() -> None:
    error = GatewayFloor().connect().fail("public/test", expected_result="exception")

    assert (error["code"], error["message"]) == (10001, "error")


def test_the_status_says_whether_orders_are_taken() -> None:
    floor = GatewayFloor()
    wire = floor.connect()

    assert wire.call("public/status") == {"locked": "false"}
    floor.is_locked = True
    assert wire.call("public/status") == {"locked": "true", "locked_indices": []}


def test_the_status_names_the_indices_that_are_locked() -> None:
    floor = GatewayFloor("BTC-PERPETUAL", "ETH-PERPETUAL")
    wire = floor.login()
    wire.call("public/subscribe", channels=["platform_state"])

    floor.apply(SetPlatformLock(is_locked=True, index="eth_usd"))
    some = wire.call("public/status")
    floor.apply(SetPlatformLock(is_locked=True))
    everything = wire.call("public/status")
    floor.apply(SetPlatformLock(is_locked=False, index="eth_usd"))
    floor.apply(SetPlatformLock(is_locked=False))

    assert some == {"locked": "partial", "locked_indices": ["eth_usd"]}
    assert everything == {"locked": "true", "locked_indices": ["btc_usd", "eth_usd"]}
    assert wire.call("public/status") == {"locked": "false"}
    assert wire.told("platform_state") == [
        {"price_index": "eth_usd", "locked": True},
        {"price_index": "btc_usd", "locked": True},
        {"price_index": "btc_usd", "locked": False},
        {"price_index": "eth_usd", "locked": False},
    ]


def test_states_of_instruments_are_told_and_shown() -> None:
    floor = GatewayFloor("BTC-PERPETUAL")
    wire = floor.login()
    wire.call("public/subscribe", channels=["instrument.state.future.BTC"])

    floor.apply(SetInstrumentState(InstrumentId(1), InstrumentState.LOCKED))

    (told,) = wire.told("instrument.state.future.BTC")
    assert (told["instrument_name"], told["state"]) == ("BTC-PERPETUAL", "locked")
    shown = wire.call("public/get_instrument", instrument_name="BTC-PERPETUAL")
    assert (shown["state"], shown["is_active"]) == ("locked", False)
    assert wire.call("public/ticker", instrument_name="BTC-PERPETUAL")["state"] == "locked"
    error = wire.fail("private/buy", instrument_name="BTC-PERPETUAL", amount=10, price=100_000)
    assert (error["code"], error["message"]) == (10019, "locked_by_admin")


@pytest.mark.parametrize("interval", [9, 0, -1, "10", None])
def test_heartbeats_are_at_least_ten_seconds_apart(interval: object) -> None:
    wire = GatewayFloor().connect()

    assert wire.fail("public/set_heartbeat", interval=interval)["code"] == -32602
    assert SetHeartbeat(interval=10.0)


def test_cancel_on_disconnect_is_off_until_it_is_enabled() -> None:
    wire = GatewayFloor().login()
    before = wire.call("private/get_cancel_on_disconnect")

    wire.call("private/enable_cancel_on_disconnect")

    assert before == {"scope": "connection", "enabled": False}
    assert wire.call("private/get_cancel_on_disconnect")["enabled"]
    wire.call("private/disable_cancel_on_disconnect")
    assert not wire.call("private/get_cancel_on_disconnect")["enabled"]


def test_for_an_account_it_is_how_new_connections_begin() -> None:
    floor = GatewayFloor()
    old = floor.login()
    old.call("private/enable_cancel_on_disconnect", scope="account")

    new, bobs = floor.login(), floor.login(KEYS[BOB])

    enabled = [
        wire.call("private/get_cancel_on_disconnect")["enabled"] for wire in (old, new, bobs)
    ]
    assert enabled == [False, True, False]
    assert new.call("private/get_cancel_on_disconnect", scope="account") == {
        "scope": "account",
        "enabled": True,
    }
    new.call("private/disable_cancel_on_disconnect", scope="account")
    assert ALICE not in floor.desk.default_cancel_on_disconnect


@pytest.mark.parametrize(
    "method",
    [
        "private/enable_cancel_on_disconnect",
        "private/disable_cancel_on_disconnect",
        "private/get_cancel_on_disconnect",
    ],
)
def test_over_rest_there_is_no_connection_to_protect(method: str) -> None:
    floor = GatewayFloor()
    grant = floor.desk.authenticator.by_header(
        floor.now_ns, "Basic YWxpY2U6YWxpY2VzLXNlY3JldA==", verb="GET", uri="/", body=b""
    )

    refused = floor.rest(Called(method=method, grant=grant))
    allowed = floor.rest(Called(method=method, params={"scope": "account"}, grant=grant))

    assert (refused["error"]["code"], refused["error"]["data"]["param"]) == (-32602, "scope")
    assert "result" in allowed
