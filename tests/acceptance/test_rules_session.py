"""What every connection may count on: order, ids, envelopes, ways to authenticate, heartbeats."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
import websockets

from .conftest import Address
from .wire import Socket, connected, get, post

PERPETUAL = "BTC-PERPETUAL"


def sign(secret: str, *lines: str) -> str:
    return hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


# One connection is processed strictly in order.


async def test_requests_written_back_to_back_are_answered_in_their_order(
    shared_venue: Address,
) -> None:
    key = shared_venue.accounts[0]
    async with connected(shared_venue) as socket:
        await socket.send("public/auth", 1, grant_type="client_credentials", **key)
        await socket.send("private/subscribe", 2, channels=["user.orders.any.any.raw"])
        await socket.send("private/buy", 3, instrument_name=PERPETUAL, amount=10, price=20000)
        await socket.send("private/get_open_orders_by_instrument", 4, instrument_name=PERPETUAL)
        await socket.send("private/cancel_all_by_instrument", 5, instrument_name=PERPETUAL)
        await socket.send("private/get_open_orders_by_instrument", 6, instrument_name=PERPETUAL)
        await socket.answer(6)

    answers: dict[int, Any] = {m["id"]: m.get("result") for m in socket.heard if "id" in m}
    placed = answers[3]["order"]["order_id"]
    assert list(answers) == [1, 2, 3, 4, 5, 6]
    assert answers[2] == ["user.orders.any.any.raw"]
    assert placed in [order["order_id"] for order in answers[4]]
    assert answers[5] >= 1
    assert answers[6] == []


async def test_a_hundred_orders_in_flight_are_numbered_and_answered_in_their_order(
    shared_venue: Address,
) -> None:
    async with connected(shared_venue, 1) as socket:
        asked = [
            await socket.send(
                "private/buy", instrument_name="ETH-PERPETUAL", amount=1, price=700 + n
            )
            for n in range(100)
        ]
        await socket.answer(asked[-1])
        await socket.call("private/cancel_all_by_instrument", instrument_name="ETH-PERPETUAL")

    answers = [message for message in socket.heard if message.get("id") in asked]
    numbers = [int(a["result"]["order"]["order_id"].partition("-")[2]) for a in answers]
    assert [answer["id"] for answer in answers] == asked
    assert numbers == list(range(numbers[0], numbers[0] + 100))


async def test_an_error_in_the_middle_keeps_its_place(shared_venue: Address) -> None:
    async with connected(shared_venue, 0) as socket:
        order = {"instrument_name": PERPETUAL, "amount": 10, "price": 20000}
        await socket.send("private/buy", 1, **order)
        await socket.send("private/buy", 2, **{**order, "price": 20000.3})
        await socket.send("public/nonsense", 3)
        await socket.send("private/buy", 4, **order)
        await socket.send("private/cancel_all", 5)
        await socket.answer(5)

    answers = [m for m in socket.heard if m.get("id") in (1, 2, 3, 4, 5)]
    assert [m["id"] for m in answers] == [1, 2, 3, 4, 5]
    assert [m.get("error", {}).get("code") for m in answers] == [None, 10043, -32601, None, None]


# ids are echoed with their JSON type.


@pytest.mark.parametrize(
    "request_id", ["7", "-7", '"101"', '""', '"\\u00e9\\n"', "null", "1.5", "90071992547409931234"]
)
async def test_an_id_comes_back_with_its_json_type(shared_venue: Address, request_id: str) -> None:
    async with connected(shared_venue) as socket:
        message = await socket.exchange(
            f'{{"jsonrpc":"2.0","id":{request_id},"method":"public/test","params":{{}}}}'
        )
        failed = await socket.exchange(
            f'{{"jsonrpc":"2.0","id":{request_id},"method":"public/none","params":{{}}}}'
        )

    for one in (message, failed):
        assert one["id"] == json.loads(request_id)
        assert type(one["id"]) is type(json.loads(request_id))


def test_a_rest_get_has_no_id_and_a_post_has_its_own(shared_venue: Address) -> None:
    fetched = get(shared_venue, "public/test")
    posted = post(shared_venue, "public/test", b'{"jsonrpc":"2.0","id":"a","method":"public/test"}')

    assert "id" not in fetched.body
    assert posted.body["id"] == "a"


# Envelopes.


async def test_an_answer_has_the_members_of_the_envelope_and_no_others(
    shared_venue: Address,
) -> None:
    async with connected(shared_venue) as socket:
        before_us = time.time_ns() // 1000
        good = await socket.exchange('{"jsonrpc":"2.0","id":1,"method":"public/test"}')
        bad = await socket.exchange('{"jsonrpc":"2.0","id":2,"method":"public/ticker","params":{}}')

    common = {"jsonrpc", "id", "usIn", "usOut", "usDiff", "testnet"}
    assert good.keys() == common | {"result"}
    assert bad.keys() == common | {"error"}
    assert bad["error"] == {
        "code": -32602,
        "message": "Invalid params",
        "data": {"reason": "is required", "param": "instrument_name"},
    }
    for message in (good, bad):
        assert message["jsonrpc"] == "2.0"
        assert isinstance(message["testnet"], bool)
        assert message["usOut"] - message["usIn"] == message["usDiff"] >= 0
        assert abs(message["usIn"] - before_us) < 60_000_000


async def test_a_notification_has_a_channel_and_data_and_no_id(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        await socket.call("public/subscribe", channels=[f"quote.{PERPETUAL}"])
        await socket.news(f"quote.{PERPETUAL}")

    assert socket.heard[-1].keys() == {"jsonrpc", "method", "params"}
    assert socket.heard[-1]["method"] == "subscription"
    assert socket.heard[-1]["params"].keys() == {"channel", "data"}


# No avoidable error frames on a socket.


async def test_unknown_channels_are_left_out_and_never_an_error(shared_venue: Address) -> None:
    unknown = [
        "",
        "nonsense",
        "instrument.weather.any.any",
        "book.BTC-31FEB30.100ms",
        "book.BTC-PERPETUAL.1s",
        "book.BTC-PERPETUAL",
        "book.BTC-PERPETUAL.100ms.extra",
        "ticker..raw",
        "user.portfolio.XYZ",
        "user.orders.any.any.raw",
        "deribit_price_index.doge_usd",
        "x" * 10_000,
        "book.BTC-PERPETUAL.100ms\n",
    ]
    async with connected(shared_venue) as socket:
        for name in ("public/subscribe", "public/unsubscribe"):
            assert await socket.call(name, channels=unknown) == []
        mixed = await socket.call("public/subscribe", channels=[*unknown, f"quote.{PERPETUAL}"])

    assert mixed == [f"quote.{PERPETUAL}"]
    assert [m for m in socket.heard if "error" in m] == []


async def test_raw_without_authentication_is_refused_with_13778(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        for kind in ("book", "ticker", "trades"):
            channels = [f"{kind}.{PERPETUAL}.raw"]
            assert await socket.code("public/subscribe", channels=channels) == 13778
        await socket.authenticate(shared_venue.accounts[0])
        assert await socket.call("public/subscribe", channels=channels) == channels


async def test_a_client_gets_no_notification_it_did_not_ask_for(shared_busy_venue: Address) -> None:
    channel = f"book.{PERPETUAL}.100ms"
    order = {"instrument_name": PERPETUAL, "amount": 10, "type": "market"}
    async with connected(shared_busy_venue, 0) as socket, connected(shared_busy_venue, 1) as other:
        await socket.call("public/subscribe", channels=[channel, f"quote.{PERPETUAL}"])
        await socket.call("public/unsubscribe", channels=[f"quote.{PERPETUAL}"])
        seen = len(socket.heard)
        for side in ("private/buy", "private/sell"):
            await other.call(side, **order)
            await socket.news(channel)
        await socket.call("public/unsubscribe_all")
        silent_from = len(socket.heard)
        await asyncio.sleep(0.5)
        await socket.catch_up()

    later = [message["params"]["channel"] for message in socket.heard[seen:] if "params" in message]
    assert set(later) == {channel}
    assert [m for m in socket.heard[silent_from:] if "params" in m] == []


# The answer to subscribe, then the first notification at once, also for empty books.


async def test_the_first_notification_follows_the_answer_at_once_even_of_an_empty_book(
    shared_venue: Address,
) -> None:
    empty = "BTC_USDC-PERPETUAL"
    channels = [
        f"book.{empty}.raw",
        f"book.{empty}.100ms",
        f"book.{empty}.agg2",
        f"book.{empty}.none.10.100ms",
        f"ticker.{empty}.100ms",
        f"ticker.{empty}.raw",
        f"quote.{empty}",
        "user.portfolio.btc",
        "deribit_price_index.btc_usd",
    ]
    async with connected(shared_venue, 0) as socket:
        asked = await socket.send("private/subscribe", channels=channels)
        answered = await socket.answer(asked)
        position = len(socket.heard)
        while {m["params"]["channel"] for m in socket.heard if "params" in m} != set(channels):
            await socket.hear()

    assert answered["result"] == channels
    assert [m for m in socket.heard[:position] if "params" in m] == []
    first: dict[str, Any] = {}
    for message in socket.heard[position:]:
        first.setdefault(message["params"]["channel"], message["params"]["data"])
    snapshot = first[f"book.{empty}.raw"]
    assert (snapshot["type"], snapshot["bids"], snapshot["asks"]) == ("snapshot", [], [])
    assert first[f"quote.{empty}"]["best_bid_price"] == 0.0


async def test_subscribing_again_answers_again_with_a_fresh_snapshot(shared_venue: Address) -> None:
    channel = f"book.{PERPETUAL}.100ms"
    async with connected(shared_venue) as socket:
        for _ in range(2):
            assert await socket.call("public/subscribe", channels=[channel]) == [channel]
            assert (await socket.news(channel))["type"] == "snapshot"


# Parameters that are left out, that are text, or that nobody knows.


def test_optional_parameters_may_be_left_out(shared_venue: Address) -> None:
    everything = get(shared_venue, "public/get_instruments").result

    assert len(everything) == len(
        get(shared_venue, "public/get_instruments", currency="any").result
    )
    assert {i["kind"] for i in everything} == {"future", "option", "spot"}
    trades = get(
        shared_venue,
        "public/get_last_trades_by_instrument_and_time",
        instrument_name=PERPETUAL,
        start_timestamp="0",
    )
    assert trades.result.keys() == {"trades", "has_more"}


def test_a_currency_nobody_holds_has_no_instruments_and_is_no_error(shared_venue: Address) -> None:
    assert get(shared_venue, "public/get_instruments", currency="SOL").result == []
    assert get(shared_venue, "public/get_book_summary_by_currency", currency="SOL").result == []


def test_over_rest_every_value_is_text_and_unknown_parameters_are_ignored(
    shared_venue: Address,
) -> None:
    token = get(
        shared_venue,
        "public/auth",
        grant_type="client_credentials",
        scope="session:DERIBIT.ws.1",
        **shared_venue.accounts[0],
    ).result["access_token"]
    placed = get(
        shared_venue,
        "private/buy",
        f"Bearer {token}",
        instrument_name=PERPETUAL,
        amount="70.0",
        price="20000.0",
        type="limit",
        post_only="true",
        reject_post_only="false",
        reduce_only="false",
        label="text",
        nobody_knows="this",
    ).result["order"]
    cancelled = get(
        shared_venue, "private/cancel", f"Bearer {token}", order_id=placed["order_id"]
    ).result

    assert (placed["amount"], placed["price"], placed["post_only"]) == (70.0, 20000.0, True)
    assert cancelled["order_state"] == "cancelled"


# REST.


def test_errors_over_rest_are_status_400_with_the_body_of_a_socket(shared_venue: Address) -> None:
    codes = {
        "public/ticker?instrument_name=NOPE": 13020,
        "public/ticker": -32602,
        "public/nope": -32601,
        "nope": -32601,
        "private/get_positions": 13009,
        "public/set_heartbeat?interval=10": 10030,
        "public/subscribe?channels=x": 10030,
        "private/logout": 10030,
        "public/hello?client_name=a&client_version=b": 10030,
        "public/get_order_book?instrument_name=BTC-PERPETUAL&depth=much": -32602,
        "public/ticker?instrument_name=A&instrument_name=B": -32602,
        "public/ticker?instrument_name=%ff": -32602,
    }

    replies = {path: get(shared_venue, path) for path in codes}

    assert {path: reply.code for path, reply in replies.items()} == codes
    for reply in replies.values():
        assert reply.headers["content-type"].startswith("application/json")
        assert {"jsonrpc", "error", "usIn", "usOut", "usDiff", "testnet"} <= reply.body.keys()


def test_a_post_takes_a_json_rpc_body_with_or_without_the_method_in_the_path(
    shared_venue: Address,
) -> None:
    body = b'{"jsonrpc":"2.0","id":3,"method":"public/get_time","params":{}}'

    for path in ("public/get_time", ""):
        reply = post(shared_venue, path, body)
        assert abs(reply.result - now_ms()) < 60_000
        assert reply.body["id"] == 3


HEADER_ORDERS = list(itertools.permutations(("id", "ts", "sig", "nonce")))


@pytest.mark.parametrize("order", HEADER_ORDERS[::5], ids=" ".join)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_a_signed_request_is_accepted_with_its_fields_in_any_order(
    shared_venue: Address, order: tuple[str, ...], verb: str
) -> None:
    key = shared_venue.accounts[0]
    name = "private/get_account_summary"
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": name, "params": {"currency": "BTC"}})
    body = body if verb == "POST" else ""
    query = {} if body else {"currency": "BTC", "extended": "true"}
    uri = f"/api/v2/{name}" + ("?currency=BTC&extended=true" if query else "")
    fields = {
        "id": key["client_id"],
        "ts": str(now_ms()),
        "nonce": f"{verb} {order}".replace(",", ""),
    }
    fields["sig"] = sign(key["client_secret"], fields["ts"], fields["nonce"], verb, uri, body, "")
    header = "deri-hmac-sha256 " + ",".join(f"{name}={fields[name]}" for name in order)

    if body:
        reply = post(shared_venue, name, body.encode(), header)
    else:
        reply = get(shared_venue, name, header, **query)

    assert reply.result["currency"] == "BTC"


def test_a_signature_of_something_else_is_refused(shared_venue: Address) -> None:
    key, stamp = shared_venue.accounts[0], str(now_ms())
    good = sign(key["client_secret"], stamp, "n", "GET", "/api/v2/private/get_positions", "", "")
    old = sign(key["client_secret"], "1", "n", "GET", "/api/v2/private/get_positions", "", "")

    def header(ts: str, signature: str) -> str:
        return f"deri-hmac-sha256 id={key['client_id']},ts={ts},sig={signature},nonce=n"

    assert get(shared_venue, "private/get_positions", header(stamp, good[::-1])).code == 13004
    assert get(shared_venue, "private/get_positions", header("1", old)).code == 13004
    elsewhere = get(shared_venue, "private/get_positions", header(stamp, good), currency="BTC")
    assert elsewhere.code == 13004
    assert get(shared_venue, "private/get_positions", header(stamp, good)).result == []


def test_a_signed_question_may_be_asked_twice_at_once_and_a_signed_order_sent_once(
    shared_venue: Address,
) -> None:
    key, stamp = shared_venue.accounts[0], str(now_ms())
    order = {"instrument_name": PERPETUAL, "amount": "10", "price": "20000"}

    def ask(name: str, **query: str) -> Any:
        uri = f"/api/v2/private/{name}?{urlencode(query)}"
        signature = sign(key["client_secret"], stamp, stamp, "GET", uri, "", "")
        header = f"deri-hmac-sha256 id={key['client_id']},ts={stamp},sig={signature},nonce={stamp}"
        return get(shared_venue, f"private/{name}", header, **query)

    # A program whose nonce is the millisecond signs the same thing twice within one.
    for _ in range(2):
        assert ask("get_account_summary", currency="BTC").result["currency"] == "BTC"
    placed = ask("buy", **order)
    again = ask("buy", **order)
    cancelled = ask("cancel_all", detailed="false")

    assert placed.result["order"]["order_state"] == "open"
    assert again.code == 13004
    assert cancelled.result == 1


def test_bearer_basic_and_nothing_else_are_read_from_the_header(shared_venue: Address) -> None:
    key = shared_venue.accounts[0]
    pair = f"{key['client_id']}:{key['client_secret']}"
    token = get(shared_venue, "public/auth", grant_type="client_credentials", **key).result[
        "access_token"
    ]

    def ask(header: str) -> Any:
        return get(shared_venue, "private/get_positions", header)

    assert ask(f"Bearer {token}").result == []
    assert ask("Basic " + base64.b64encode(pair.encode()).decode()).result == []
    assert ask("Bearer nonsense").code == 13009
    assert ask("Basic " + base64.b64encode(b"a:b").decode()).code == 13004
    assert ask("Basic ???").code in (13004, 13009)
    assert ask("Digest x").code in (13004, 13009)
    assert ask("deri-hmac-sha256 id=x").code in (13004, 13009)


# Authentication over WebSocket.


async def authenticates(socket: Socket) -> bool:
    message = await socket.answer(await socket.send("private/get_positions"))
    return "result" in message


async def test_a_client_signature_authenticates_the_connection(shared_venue: Address) -> None:
    key, stamp = shared_venue.accounts[0], now_ms()
    for timestamp in (stamp, str(stamp + 1)):
        async with connected(shared_venue) as socket:
            result = await socket.call(
                "public/auth",
                grant_type="client_signature",
                client_id=key["client_id"],
                timestamp=timestamp,
                nonce="abcd",
                data="some data",
                signature=sign(key["client_secret"], str(timestamp), "abcd", "some data"),
                state="mine",
            )
            assert await authenticates(socket)
        assert result["token_type"] == "bearer"
        assert result["expires_in"] > 0
        assert result["state"] == "mine"
        assert {"connection", "trade:read_write"} <= set(result["scope"].split())


async def test_connections_opened_in_the_same_millisecond_may_carry_the_same_signature(
    shared_venue: Address,
) -> None:
    key, stamp = shared_venue.accounts[0], now_ms()
    signed = {
        "grant_type": "client_signature",
        "client_id": key["client_id"],
        "timestamp": stamp,
        "nonce": f"xyz{str(stamp)[-5:]}",
        "data": "",
        "signature": sign(key["client_secret"], str(stamp), f"xyz{str(stamp)[-5:]}", ""),
        "scope": "session:feed",
    }
    async with connected(shared_venue) as one, connected(shared_venue) as two:
        for socket in (one, two):
            assert (await socket.call("public/auth", **signed))["token_type"] == "bearer"
            assert await authenticates(socket)


async def test_wrong_credentials_are_13004_and_leave_the_connection_as_it_was(
    shared_venue: Address,
) -> None:
    key = shared_venue.accounts[0]
    async with connected(shared_venue) as socket:
        wrong = {"client_id": key["client_id"], "client_secret": "wrong"}
        grant = {"grant_type": "client_credentials"}
        assert await socket.code("public/auth", **grant, **wrong) == 13004
        assert not await authenticates(socket)
        await socket.authenticate(key)
        assert await socket.code("public/auth", **grant, **wrong) == 13004
        assert await authenticates(socket)


async def test_a_refresh_token_gives_new_tokens_once(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        first = await socket.authenticate(shared_venue.accounts[0], scope="session:one")
        refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = await socket.call("public/auth", **refresh)
        assert await authenticates(socket)
        assert await socket.code("public/auth", **refresh) == 13004

    assert second["access_token"] != first["access_token"]
    assert "session:one" in second["scope"].split()
    old = get(shared_venue, "private/get_positions", f"Bearer {first['access_token']}")
    new = get(shared_venue, "private/get_positions", f"Bearer {second['access_token']}")
    assert old.code == 13009
    assert new.result == []


async def test_a_session_token_is_good_everywhere_and_outlives_its_connection(
    shared_venue: Address,
) -> None:
    async with connected(shared_venue) as socket:
        result = await socket.authenticate(shared_venue.accounts[0], scope="session:desk")
    token = result["access_token"]

    assert "connection" not in result["scope"].split()
    assert get(shared_venue, "private/get_positions", f"Bearer {token}").result == []
    assert get(shared_venue, "private/get_positions", access_token=token).result == []
    async with connected(shared_venue) as other:
        assert await other.call("private/get_positions", access_token=token) == []


async def test_a_connection_token_ends_with_its_connection(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        token = (await socket.authenticate(shared_venue.accounts[0]))["access_token"]
        async with connected(shared_venue) as other:
            assert await other.code("private/get_positions", access_token=token) == 13009
        assert await socket.call("private/get_positions", access_token=token) == []

    assert get(shared_venue, "private/get_positions", f"Bearer {token}").code == 13009


async def test_a_token_in_the_parameters_leaves_the_connection_itself_unauthenticated(
    shared_venue: Address,
) -> None:
    token = get(
        shared_venue, "public/auth", grant_type="client_credentials", **shared_venue.accounts[0]
    ).result["access_token"]
    raw, mine = [f"book.{PERPETUAL}.raw"], ["user.orders.any.any.raw"]
    async with connected(shared_venue) as socket:
        assert await socket.call("private/get_positions", access_token=token) == []
        assert await socket.call("private/subscribe", channels=mine, access_token=token) == mine
        refused = await socket.code("private/subscribe", channels=raw, access_token=token)
        assert refused == 13778
        assert not await authenticates(socket)


async def test_a_narrow_scope_is_kept_to(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        result = await socket.authenticate(shared_venue.accounts[0], scope="trade:read")
        assert "trade:read" in result["scope"].split()
        assert await socket.call("private/get_open_orders_by_currency", currency="BTC") == []
        refused = await socket.code(
            "private/buy", instrument_name=PERPETUAL, amount=10, price=20000
        )
        assert refused == 13021


async def test_logout_closes_the_connection_without_an_answer_and_ends_its_token(
    shared_venue: Address,
) -> None:
    async with connected(shared_venue) as socket:
        token = (await socket.authenticate(shared_venue.accounts[0], scope="session:x"))[
            "access_token"
        ]
        await socket.send("private/logout", invalidate_token=True)
        with pytest.raises(websockets.ConnectionClosedOK) as closed:
            await socket.hear()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000
    assert get(shared_venue, "private/get_positions", f"Bearer {token}").code == 13009


async def test_logout_can_leave_the_token_alive(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        token = (await socket.authenticate(shared_venue.accounts[0], scope="session:y"))[
            "access_token"
        ]
        await socket.send("private/logout", invalidate_token=False)
        with pytest.raises(websockets.ConnectionClosedOK):
            await socket.hear()

    assert get(shared_venue, "private/get_positions", f"Bearer {token}").result == []


# Cancel on disconnect.


async def orders_of(socket: Socket) -> list[str]:
    orders = await socket.call("private/get_open_orders_by_currency", currency="ETH")
    return [order["label"] for order in orders]


@pytest.mark.parametrize("farewell", ["lost", "logout", "disabled"])
async def test_losing_a_connection_cancels_its_orders_only_where_that_was_asked_for(
    shared_venue: Address, farewell: str
) -> None:
    async with connected(shared_venue, 0) as watcher:
        order = {"instrument_name": "ETH-PERPETUAL", "amount": 1, "price": 1000}
        await watcher.call("private/buy", **order, label="watcher")
        async with connected(shared_venue, 0) as socket:
            await socket.call("private/enable_cancel_on_disconnect")
            assert (await socket.call("private/get_cancel_on_disconnect"))["enabled"] is True
            await socket.call("private/buy", **order, label="socket")
            await watcher.call("private/subscribe", channels=["user.orders.any.any.raw"])
            if farewell == "logout":
                await socket.send("private/logout")
                await socket.raw.wait_closed()
            if farewell == "disabled":
                await socket.call("private/disable_cancel_on_disconnect")
        if farewell == "lost":
            cancelled = await watcher.news("user.orders.any.any.raw")
            assert cancelled["order_state"] == "cancelled"
            assert cancelled["cancel_reason"] == "cancel_on_disconnect"
            assert cancelled["label"] == "socket"

        expected = ["watcher"] if farewell == "lost" else ["watcher", "socket"]
        left = await orders_of(watcher)
        await watcher.call("private/cancel_all")

    assert sorted(left) == sorted(expected)


# Limits.


async def test_a_request_above_32_kib_is_refused_without_an_id_and_the_connection_stays(
    shared_venue: Address,
) -> None:
    head, tail = '{"jsonrpc":"2.0","id":1,"method":"public/test","params":{"x":"', '"}}'
    room = 32 * 1024 - len(head) - len(tail)
    async with connected(shared_venue) as socket:
        fits = await socket.exchange(head + "a" * room + tail)
        large = await socket.exchange(head + "a" * (room + 1) + tail)
        after = await socket.exchange(head + tail)

    assert "result" in fits
    assert "id" not in large
    assert large["error"] == {"code": -32600, "message": "request entity too large"}
    assert "result" in after


# Heartbeats.


async def test_heartbeats_below_ten_seconds_are_refused(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        assert await socket.code("public/set_heartbeat", interval=9) == -32602
        assert await socket.call("public/set_heartbeat", interval=10) == "ok"
        assert await socket.call("public/disable_heartbeat") == "ok"


@pytest.mark.full
async def test_who_answers_heartbeats_stays_and_who_is_silent_is_closed_with_4000(
    shared_venue: Address,
) -> None:
    async with connected(shared_venue) as lively, connected(shared_venue) as silent:
        for socket in (lively, silent):
            await socket.call("public/set_heartbeat", interval=10)
        request = {"type": "test_request"}

        first = await lively.hear()
        await lively.call("public/test")
        await silent.hear()
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await silent.hear()
        await lively.catch_up()

    assert first == {"jsonrpc": "2.0", "method": "heartbeat", "params": request}
    assert silent.heard[-1] == first
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "heartbeat close")
    assert lively.heard[-2]["params"] == {"type": "heartbeat"}
