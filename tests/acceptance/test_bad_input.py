"""Whatever arrives, there is a clear answer, nothing changes and the venue goes on."""

import asyncio
import json
import os
import random
import socket
import ssl
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

import pytest
import websockets

from .conftest import Address
from .wire import SECONDS_MAX, Socket, connected, fetch, get, post

ORDER = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "price": 20000}


async def footprint(trader: Socket) -> Any:
    """What no bad request may change."""
    orders = await trader.call("private/get_open_orders")
    money = await trader.call("private/get_account_summaries")
    books = [
        (await trader.call("public/get_order_book", instrument_name=name))["change_id"]
        for name in ("BTC-PERPETUAL", "ETH-PERPETUAL")
    ]
    return orders, [one["balance"] for one in money["summaries"]], books


def request_text(params: str, method: str = "private/buy") -> str:
    return f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}'


# Texts that are no requests.

BROKEN = [
    "",
    " ",
    "{",
    "nonsense",
    "\x00",
    "\ufeff{}",
    '{"id":1,"method":"public/test"} more',
    '{"id":NaN,"method":"public/test"}',
    "{'id':1}",
    '{"id":1,"method":"public/test",}',
    "[" * 20_000,
    '{"a":' * 6_000,
    "[" * 10_000 + "]" * 10_000,
    '{"id":1,"method":"\\ud800"}',
    '"\\x"',
    "1" * 5_000 + ".",
]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
async def test_what_is_not_json_is_32700_without_an_id(shared_venue: Address, text: str) -> None:
    async with connected(shared_venue) as socket:
        over_ws = await socket.exchange(text)
        await socket.catch_up()
    over_http = post(shared_venue, "", text.encode(errors="surrogatepass"))

    for message in (over_ws, over_http.body):
        assert message["error"]["code"] == -32700
        assert message["error"]["message"] == "Parse error"
        assert message.get("id") is None
    assert over_http.status == 400


NO_REQUESTS = [
    ("1", None),
    ("null", None),
    ("[]", None),
    ('"public/test"', None),
    ("{}", None),
    ('{"id":5}', 5),
    ('{"id":"x","method":5}', "x"),
    ('{"id":true,"method":"public/test"}', None),
    ('{"id":[1],"method":"public/test"}', None),
    ('{"id":{},"method":"public/test"}', None),
    ('{"id":1e999,"method":"public/test"}', None),
    ('[{"id":1,"method":"public/test"}]', None),
]


@pytest.mark.parametrize(("text", "request_id"), NO_REQUESTS)
async def test_json_that_is_no_request_is_32600_with_the_id_where_it_has_one(
    shared_venue: Address, text: str, request_id: Any
) -> None:
    async with connected(shared_venue) as socket:
        message = await socket.exchange(text)
        await socket.catch_up()

    assert message["error"]["code"] == -32600
    assert message["id"] == request_id


@pytest.mark.parametrize(
    "method", ["", "test", "public/", "/public/test", "public/none", "x" * 9000]
)
async def test_an_unknown_method_is_32601(shared_venue: Address, method: str) -> None:
    async with connected(shared_venue) as socket:
        error = await socket.fail(method)

    assert error["code"] == -32601
    assert len(json.dumps(error)) < 500


# Parameters of the wrong type.

WRONG = [
    ("public/ticker", {}, "instrument_name"),
    ("public/ticker", {"instrument_name": None}, "instrument_name"),
    ("public/ticker", {"instrument_name": 5}, "instrument_name"),
    ("public/ticker", {"instrument_name": ["BTC-PERPETUAL"]}, "instrument_name"),
    ("public/ticker", {"instrument_name": "x" * 1000}, "instrument_name"),
    ("public/get_order_book", {"instrument_name": "BTC-PERPETUAL", "depth": 0}, "depth"),
    ("public/get_order_book", {"instrument_name": "BTC-PERPETUAL", "depth": True}, "depth"),
    ("public/get_order_book", {"instrument_name": "BTC-PERPETUAL", "depth": 10**30}, "depth"),
    ("public/get_instruments", {"kind": "bond"}, "kind"),
    ("public/get_instruments", {"expired": "perhaps"}, "expired"),
    ("public/subscribe", {}, "channels"),
    ("public/subscribe", {"channels": "book.BTC-PERPETUAL.100ms"}, "channels"),
    ("public/subscribe", {"channels": [1]}, "channels"),
    ("public/subscribe", {"channels": {"a": 1}}, "channels"),
    ("public/auth", {}, "grant_type"),
    ("public/auth", {"grant_type": "magic"}, "grant_type"),
    ("public/auth", {"grant_type": "client_credentials", "client_id": "x"}, "client_secret"),
    ("public/auth", {"grant_type": "client_signature", "client_id": "x"}, "timestamp"),
    ("public/auth", {"grant_type": "refresh_token"}, "refresh_token"),
    ("public/set_heartbeat", {}, "interval"),
    ("public/set_heartbeat", {"interval": "often"}, "interval"),
    ("private/buy", {}, "instrument_name"),
    ("private/buy", {"instrument_name": "BTC-PERPETUAL", "price": 20000}, "amount"),
    ("private/buy", {"instrument_name": "BTC-PERPETUAL", "amount": 10}, "price"),
    ("private/buy", ORDER | {"type": "stop_limit"}, "trigger"),
    ("private/buy", ORDER | {"type": "stop_market_limit"}, "type"),
    ("private/buy", ORDER | {"time_in_force": "forever"}, "time_in_force"),
    ("private/buy", ORDER | {"post_only": 1}, "post_only"),
    ("private/buy", ORDER | {"post_only": "yes"}, "post_only"),
    ("private/buy", ORDER | {"label": 5}, "label"),
    ("private/buy", ORDER | {"label": "x" * 65}, "label"),
    ("private/buy", ORDER | {"amount": True}, "amount"),
    ("private/buy", ORDER | {"amount": "ten"}, "amount"),
    ("private/buy", ORDER | {"amount": "NaN"}, "amount"),
    ("private/buy", ORDER | {"amount": "Infinity"}, "amount"),
    ("private/buy", ORDER | {"amount": 10**400}, "amount"),
    ("private/buy", ORDER | {"amount": {}}, "amount"),
    ("private/buy", ORDER | {"price": [20000]}, "price"),
    ("private/buy", ORDER | {"price": "-Infinity"}, "price"),
    ("private/cancel", {}, "order_id"),
    ("private/cancel", {"order_id": 5}, "order_id"),
    ("private/edit", {"amount": 10}, "order_id"),
    ("private/get_account_summary", {}, "currency"),
    ("private/get_account_summary", {"currency": "DOGE"}, "currency"),
]


@pytest.mark.parametrize(("method", "params", "named"), WRONG, ids=str)
async def test_a_wrong_parameter_is_32602_and_named(
    shared_venue: Address, method: str, params: dict[str, Any], named: str
) -> None:
    async with connected(shared_venue, 0) as socket:
        before = await footprint(socket)
        error = await socket.fail(method, **params)
        after = await footprint(socket)

    assert error["code"] == -32602
    assert error["message"] == "Invalid params"
    assert error["data"]["param"] == named
    assert error["data"]["reason"]
    assert after == before


BAD_NUMBERS = [
    ('{"amount":1e400}', -32602),
    ('{"amount":1e-400}', -32602),
    ('{"amount":"1e999999999"}', -32602),
    ('{"amount":1e999999999999999999999}', -32602),
    ('{"amount":' + "9" * 5000 + "}", -32602),
    ('{"amount":-10}', 10021),
    ('{"amount":0}', 10021),
    ('{"amount":-0.0}', 10021),
    ('{"amount":15}', 10021),
    ('{"amount":5}', 10021),
    ('{"amount":10.0000000000000000001}', 10021),
    ('{"amount":1e14}', 10021),
    ('{"price":0}', 10023),
    ('{"price":-1}', 10023),
    ('{"price":20000.3}', 10043),
    ('{"price":20000.50000000000000000001}', 10043),
    ('{"price":1e14}', 10023),
    ('{"price":400000}', 10007),
    ('{"instrument_name":"BTC-31FEB30"}', 13020),
    ('{"instrument_name":"btc-perpetual"}', 13020),
    ('{"instrument_name":"BTC-PERPETUAL\\u0000"}', 13020),
    ('{"post_only":true,"time_in_force":"immediate_or_cancel"}', None),
    ('{"type":"market","post_only":true}', None),
    ('{"trigger":"last_price","trigger_price":1}', -32602),
    ('{"valid_until":1}', 13888),
    ('{"linked_order_type":"one_triggers_other"}', -32602),
    (
        '{"price":20000,"linked_order_type":"one_triggers_other","otoco_config":[{"price":0}]}',
        10023,
    ),
    ('{"display_amount":10}', 10024),
    ('{"advanced":"usd"}', 10033),
]


@pytest.mark.parametrize(("change", "code"), BAD_NUMBERS, ids=str)
async def test_a_bad_order_has_the_code_of_its_fault_and_changes_nothing(
    shared_venue: Address, change: str, code: int | None
) -> None:
    plain = {name: json.dumps(value) for name, value in ORDER.items()}
    names = [name for name in plain if f'"{name}":' not in change]
    params = "{" + ",".join([f'"{name}":{plain[name]}' for name in names] + [change[1:-1]]) + "}"
    async with connected(shared_venue, 0) as socket:
        await socket.call("private/subscribe", channels=["user.orders.any.any.raw"])
        before = await footprint(socket)
        message = await socket.exchange(request_text(params))
        after = await footprint(socket)

    assert "error" in message, message
    if code is not None:
        assert message["error"]["code"] == code, message
    assert after == before
    assert socket.told("user.orders.any.any.raw") == []


@pytest.mark.parametrize(
    "params",
    [
        '{"instrument_name":"BTC-PERPETUAL","amount":10,"price":20000,"price":90000}',
        '{"instrument_name":"BTC-PERPETUAL","amount":10,"price":20000,"pric\\u0065":90000}',
        '{"instrument_name":"BTC-PERPETUAL","amount":10,"amount":10,"price":20000}',
    ],
)
async def test_an_order_that_says_something_twice_is_refused(
    shared_venue: Address, params: str
) -> None:
    async with connected(shared_venue, 0) as socket:
        before = await footprint(socket)
        message = await socket.exchange(request_text(params))
        after = await footprint(socket)

    assert message["error"]["code"] == -32602
    assert message["id"] == 1
    assert after == before


async def test_a_label_may_hold_any_64_characters(shared_venue: Address) -> None:
    label = ('"\\\n\u0000\U0001f600 ' * 11)[:64]
    async with connected(shared_venue, 0) as socket:
        placed = await socket.call("private/buy", **ORDER, label=label)
        (found,) = await socket.call("private/get_open_orders")
        await socket.call("private/cancel_all")

    assert placed["order"]["label"] == found["label"] == label


async def test_random_noise_inside_requests_never_brings_an_internal_error(
    shared_venue: Address,
) -> None:
    dice = random.Random(5)
    values: list[Any] = [
        None, True, False, 0, -1, 1.5, 10**20, "", "x", "any", "1", "BTC", "BTC-PERPETUAL",
        [], ["x"], {}, {"a": []}, "\u0000", "ETH-1", "user.orders.any.any.raw", 1e308,
    ]  # fmt: skip
    methods = [f"{scope}/{name}" for scope, names in METHODS.items() for name in names.split()]
    names = [
        "instrument_name", "currency", "kind", "amount", "price", "order_id", "channels", "count",
        "label", "type", "detailed", "start_timestamp", "end_timestamp", "sorting", "interval",
        "subaccount_id", "extended", "offset", "start_id", "index_name", "scope", "depth",
        "access_token", "expected_result", "client_name", "client_version", "start_seq",
    ]  # fmt: skip
    async with connected(shared_venue, 0) as socket:
        for method in methods:
            message = await socket.answer(await socket.send(method))
            assert message.get("error", {}).get("code") != -32601, method
        for _ in range(1500):
            method = dice.choice(methods)
            params = {dice.choice(names): dice.choice(values) for _ in range(dice.randint(0, 6))}
            message = await socket.answer(await socket.send(method, **params))
            code = message.get("error", {}).get("code")
            assert code not in (11094, 10040, 10041, 10047), (method, params, message)
        await socket.call("private/cancel_all")


METHODS = {
    "public": """
        auth hello test get_time status disable_heartbeat get_currencies get_instruments
        get_instrument get_order_book ticker get_book_summary_by_currency get_index_price
        get_book_summary_by_instrument get_last_trades_by_instrument get_index_price_names
        get_last_trades_by_instrument_and_time get_last_trades_by_currency
        subscribe unsubscribe unsubscribe_all
    """,
    "private": """
        buy sell edit cancel cancel_all cancel_all_by_instrument cancel_all_by_currency
        cancel_by_label get_order_state get_open_orders get_open_orders_by_instrument
        get_open_orders_by_currency get_order_history_by_instrument get_subaccounts
        get_order_history_by_currency get_user_trades_by_instrument get_positions
        get_user_trades_by_instrument_and_time get_user_trades_by_currency
        get_user_trades_by_order get_position get_account_summary get_account_summaries
        subscribe unsubscribe unsubscribe_all enable_cancel_on_disconnect
        disable_cancel_on_disconnect get_cancel_on_disconnect
    """,
}


# Frames and connections.


async def shake_hands(venue: Address, *headers: str) -> tuple[asyncio.StreamReader, Any]:
    at = urlsplit(venue.ws)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    lines = [
        f"GET {at.path} HTTP/1.1",
        f"Host: {at.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    async with asyncio.timeout(SECONDS_MAX):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    return reader, writer


def frame(first: int, payload: bytes, *, masked: bool = True) -> bytes:
    """A frame; the mask of zeros leaves the payload readable."""
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = bytes([first, bit | len(payload)])
    elif len(payload) < 1 << 16:
        head = bytes([first, bit | 126]) + struct.pack(">H", len(payload))
    else:
        head = bytes([first, bit | 127]) + struct.pack(">Q", len(payload))
    return head + (bytes(4) if masked else b"") + payload


async def close_code(reader: asyncio.StreamReader) -> int:
    """Return the code of the close frame; what comes before it is passed over."""
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            first, second = await reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", await reader.readexactly(2))
            payload = await reader.readexactly(length)
            if first == 0x88:
                return int.from_bytes(payload[:2])


TEXT, BINARY, CONTINUATION, CLOSE, PING = 0x81, 0x82, 0x80, 0x88, 0x89

FRAMES = [
    ("invalid UTF-8", frame(TEXT, b'{"id":"\xff"}'), 1007),
    ("UTF-8 cut off", frame(TEXT, "\u20ac".encode()[:2]), 1007),
    ("a surrogate in UTF-8", frame(TEXT, b"\xed\xa0\x80"), 1007),
    ("UTF-8 that goes wrong early", frame(0x01, b"\xff"), 1007),
    ("no mask", frame(TEXT, b"{}", masked=False), 1002),
    ("reserved bits", frame(TEXT | 0x20, b"{}"), 1002),
    ("compressed though nobody agreed", frame(TEXT | 0x40, b"{}"), 1002),
    ("an unknown opcode", frame(0x83, b"{}"), 1002),
    ("a continuation of nothing", frame(CONTINUATION, b"{}"), 1002),
    ("a new text inside of one", frame(0x01, b"{") + frame(TEXT, b"}"), 1002),
    ("a ping in pieces", frame(0x09, b""), 1002),
    ("a long ping", frame(PING, b"x" * 126), 1002),
    ("a close with half a code", frame(CLOSE, b"\x03"), 1002),
    ("a close with no such code", frame(CLOSE, struct.pack(">H", 1005)), 1002),
    ("a length beyond reason", bytes([TEXT, 0xFF]) + b"\x7f" + b"\xff" * 7 + bytes(4), 1009),
    ("a length with its top bit", bytes([TEXT, 0xFF]) + b"\xff" * 8 + bytes(4), 1002),
    ("a message beyond reason", frame(TEXT, b"a" * (8 << 20)), 1009),
    (
        "pieces beyond reason",
        frame(0x01, b"a" * (1 << 20)) + frame(0x00, b"a" * (1 << 20)) * 7,
        1009,
    ),
]


@pytest.mark.parametrize(("sent", "code"), [f[1:] for f in FRAMES], ids=[f[0] for f in FRAMES])
async def test_a_broken_frame_closes_its_connection_with_the_code_of_its_fault(
    shared_venue: Address, sent: bytes, code: int
) -> None:
    async with connected(shared_venue) as other:
        reader, writer = await shake_hands(shared_venue)
        writer.write(sent)
        assert await close_code(reader) == code
        writer.close()
        assert await other.call("public/test")


async def test_a_binary_message_is_a_request_too(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        assert "result" in await socket.exchange(b'{"id":1,"method":"public/test"}')
        assert (await socket.exchange(b"\xff\xfe"))["error"]["code"] == -32700


async def test_a_request_in_many_small_pieces_is_a_request(shared_venue: Address) -> None:
    async with connected(shared_venue) as socket:
        text = '{"id":77,"method":"public/test"}'
        await socket.raw.send(list(text))

        assert (await socket.hear())["id"] == 77


async def test_a_small_message_that_unpacks_to_a_huge_one_is_closed_with_1009(
    shared_venue: Address,
) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(256))
    bomb += packer.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 300_000
    offer = "Sec-WebSocket-Extensions: permessage-deflate"
    reader, writer = await shake_hands(shared_venue, offer)
    writer.write(frame(TEXT | 0x40, bomb[:-4]))

    assert await close_code(reader) == 1009
    writer.close()
    assert get(shared_venue, "public/test").status == 200


async def test_compressed_noise_closes_its_connection_and_no_other(shared_venue: Address) -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate"
    reader, writer = await shake_hands(shared_venue, offer)
    writer.write(frame(TEXT | 0x40, b"\xff" * 50))

    assert await close_code(reader) in (1002, 1007)
    writer.close()


async def test_connections_that_come_and_go_leave_nothing_behind(shared_venue: Address) -> None:
    at = urlsplit(shared_venue.ws)
    address = (at.hostname, at.port)
    health = Request(shared_venue.http + "/health")
    for _ in range(50):
        with closing(socket.create_connection(address, timeout=SECONDS_MAX)) as half:
            half.sendall(b"GET /ws/api/v2 HTTP/1.1\r\nHost: x\r\n")
    for _ in range(3):
        many = [await websockets.connect(shared_venue.ws) for _ in range(150)]
        for one in many:
            await one.send('{"id":1,"method":"public/test"}')
        for one in many:
            assert json.loads(await one.recv())["id"] == 1
        for number, one in enumerate(many):
            if number % 2:
                one.transport.abort()
            else:
                await one.close()

    async with asyncio.timeout(SECONDS_MAX):
        # The counter is in another process, so there is no event to wait for.
        while fetch(health).body["gateway"]["connections"]:  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.02)


def test_a_path_that_is_none_is_404_and_a_verb_that_is_none_405(shared_venue: Address) -> None:
    def ask(path: str, verb: str = "GET") -> int:
        return fetch(Request(shared_venue.http + path, method=verb)).status

    assert [ask(path) for path in ("/api/v1/public/test", "/nothing", "/api/v2x")] == [404] * 3
    verbs = ("PUT", "DELETE", "PATCH")
    assert [ask("/api/v2/public/test", verb) for verb in verbs] == [405] * 3


@pytest.mark.parametrize(
    "text",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/v2/public/test HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /api/v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-Y: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5_000 + b"\r\n",
        b"GET /ws/api/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        b"GET /ws/api/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
        os.urandom(2_000),
    ],
    ids=range(11),
)
async def test_broken_http_gets_a_refusal_or_the_door(shared_venue: Address, text: bytes) -> None:
    at = urlsplit(shared_venue.http)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(text)
    writer.write_eof()
    async with asyncio.timeout(SECONDS_MAX):
        answer = await reader.read()
    writer.close()

    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert get(shared_venue, "public/test").status == 200


async def test_a_body_above_the_limit_is_refused(shared_venue: Address) -> None:
    body = b'{"id":1,"method":"public/test","params":{"x":"' + b"a" * 40_000 + b'"}}'

    reply = post(shared_venue, "", body)

    assert reply.status in (400, 413)
    assert get(shared_venue, "public/test").status == 200


def test_tls_is_trusted_by_its_own_authority_alone(shared_venue: Address) -> None:
    at = urlsplit(shared_venue.wss)
    assert at.hostname is not None
    trusting = ssl.create_default_context(cafile=shared_venue.ca_file)
    wary = ssl.create_default_context()

    def protocol(context: ssl.SSLContext) -> str | None:
        with (
            socket.create_connection((at.hostname, at.port), timeout=SECONDS_MAX) as plain,
            context.wrap_socket(plain, server_hostname=at.hostname) as secure,
        ):
            return secure.version()

    assert protocol(trusting) in ("TLSv1.2", "TLSv1.3")
    with pytest.raises(ssl.SSLCertVerificationError):
        protocol(wary)


async def test_plain_text_to_the_tls_port_harms_nobody(shared_venue: Address) -> None:
    at = urlsplit(shared_venue.wss)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(SECONDS_MAX):
        await reader.read()
    writer.close()
    context = ssl.create_default_context(cafile=shared_venue.ca_file)
    async with websockets.connect(shared_venue.wss, ssl=context) as raw:
        assert await Socket(raw).call("public/test")


@pytest.fixture(autouse=True)
def nothing_in_the_log(
    shared_venue: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """No test here may bring a traceback: bad input is ordinary."""
    yield
    for log in tmp_path_factory.getbasetemp().glob("venue*/venue.log"):
        assert "Traceback" not in log.read_text()
