"""What only a venue in the test's own hands can show: slow readers, crowds and broken frames."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets

from strikewire.gateway import Limits

from .indoors import KEYS, Indoors, venue

PERPETUAL = "BTC-PERPETUAL"
BOOK = f"book.{PERPETUAL}.raw"
SECONDS_MAX = 30


class Client:
    """One connection of the `websockets` library."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.told: list[Any] = []

    async def call(self, method: str, **params: Any) -> Any:
        """Return the result of a request; notifications are kept in `told`."""
        await self.connection.send(json.dumps({"id": method, "method": method, "params": params}))
        while (message := await self.hear()).get("id") != method:
            self.told.append(message["params"])
        assert "result" in message, message
        return message["result"]

    async def hear(self) -> Any:
        async with asyncio.timeout(SECONDS_MAX):
            return json.loads(await self.connection.recv())


@asynccontextmanager
async def client(at: Indoors, name: str = "", **more: Any) -> AsyncIterator[Client]:
    async with websockets.connect(at.ws, max_size=None, **more) as connection:
        one = Client(connection)
        if name:
            key = KEYS[name]
            await one.call(
                "public/auth",
                grant_type="client_credentials",
                client_id=key.client_id,
                client_secret=key.client_secret,
            )
        yield one


def order(price: float, amount: float = 10) -> dict[str, Any]:
    return {"instrument_name": PERPETUAL, "amount": amount, "price": price}


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_a_crowd_gets_the_same_chain_word_for_word(compression: str | None) -> None:
    async with venue() as at, AsyncExitStack() as stack:
        trader = await stack.enter_async_context(client(at, "alice"))
        crowd = [
            await stack.enter_async_context(client(at, "bob", compression=compression))
            for _ in range(10)
        ]
        for one in crowd:
            await one.call("private/subscribe", channels=[BOOK])
        for number in range(20):
            await trader.call("private/buy", **order(99_000 + number))
        for one in crowd:
            await one.call("public/test")

    assert all(one.told == crowd[0].told for one in crowd)
    assert [told["data"]["change_id"] for told in crowd[0].told] == list(range(21))


async def test_a_reader_that_does_not_read_is_closed_and_the_others_notice_nothing() -> None:
    limits = Limits(send_queue_bytes_max=64 * 1024)
    async with venue(limits) as at, client(at, "alice") as lively:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            slow.connect(("127.0.0.1", at.port))
            await shake_hands(slow)
            request = frame(json.dumps({"id": 1, "method": "public/get_instruments"}).encode())
            await lively.call("private/subscribe", channels=[BOOK])
            async with asyncio.timeout(SECONDS_MAX):
                while all(one.is_open for one in at.gateway._connections.values()):
                    await ask(slow, request * 50)
                    await lively.call("private/buy", **order(99_000))
                    await lively.call("private/cancel_all")
            given_up = [one for one in at.gateway._connections.values() if not one.is_open]

    assert [one.close_code for one in given_up] == [1008]
    asked = [told["data"]["change_id"] for told in lively.told]
    assert asked == list(range(len(asked)))


async def shake_hands(raw: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    raw.setblocking(False)
    await loop.sock_sendall(
        raw,
        b"GET /ws/api/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    head = await loop.sock_recv(raw, 1_024)
    assert head.startswith(b"HTTP/1.1 101")


async def ask(raw: socket.socket, requests: bytes) -> None:
    """Send without ever reading; whoever was hung up on has nobody to send to."""
    try:
        raw.send(requests)
    except (BlockingIOError, ConnectionError):
        await asyncio.sleep(0.01)


def frame(payload: bytes) -> bytes:
    """Return a masked text frame; a mask of zeros leaves the payload as it is."""
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


async def test_text_that_is_not_utf_8_ends_the_connection_and_nothing_else() -> None:
    async with venue() as at, client(at, "alice") as other:
        with socket.socket() as raw:
            raw.connect(("127.0.0.1", at.port))
            await shake_hands(raw)
            await asyncio.get_running_loop().sock_sendall(raw, frame(b"\xff\xfe"))
            closing = await asyncio.get_running_loop().sock_recv(raw, 1_024)
        assert await other.call("public/test")

    assert closing[0] == 0x88
    assert int.from_bytes(closing[2:4]) == 1007


async def test_a_message_in_binary_frames_is_a_request_like_any_other() -> None:
    async with venue() as at, client(at) as one:
        await one.connection.send(b'{"id": 5, "method": "public/test"}')

        assert (await one.hear())["id"] == 5


async def test_another_path_speaks_no_websocket() -> None:
    async with venue() as at:
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(f"ws://127.0.0.1:{at.port}/ws/api/v3")

    assert refused.value.response.status_code == 404


async def test_rest_answers_on_the_same_port_with_connections_kept_alive() -> None:
    async with venue() as at, httpx.AsyncClient(base_url=at.http) as http:
        ticker = await http.get("/api/v2/public/ticker", params={"instrument_name": PERPETUAL})
        missing = await http.get("/api/v2/public/ticker")
        elsewhere = await http.get("/api/v3")
        wrong = await http.put("/api/v2/public/ticker")
        front = await http.get("/")
        health = await http.get("/health")

    assert ticker.json()["result"]["mark_price"] == 100_000.0
    assert (missing.status_code, missing.json()["error"]["code"]) == (400, -32602)
    assert (elsewhere.status_code, wrong.status_code) == (404, 405)
    assert front.json()["websocket"] == "/ws/api/v2"
    assert health.json()["status"] == "ok"
    assert ticker.headers["content-type"] == "application/json"


async def test_a_thousand_requests_in_flight_are_answered_in_their_order() -> None:
    async with venue(Limits(requests_waiting_max=64)) as at, client(at, "alice") as alice:
        asked = list(range(1_000))
        for number in asked:
            method = "private/buy" if number % 3 else "private/get_open_orders"
            params = order(99_000 - number % 500) if number % 3 else {"kind": "option"}
            await alice.connection.send(
                json.dumps({"id": number, "method": method, "params": params})
            )
        answers = [await alice.hear() for _ in asked]

    assert [answer["id"] for answer in answers] == asked
    assert not [answer for answer in answers if "error" in answer]


async def test_a_connection_that_vanishes_takes_its_orders_along() -> None:
    async with venue() as at, client(at, "bob") as watcher:
        await watcher.call("private/subscribe", channels=[BOOK])
        async with client(at, "alice") as alice:
            await alice.call("private/enable_cancel_on_disconnect")
            await alice.call("private/buy", **order(99_000))
            alice.connection.transport.abort()
        await until(watcher, 99_000, "delete")


async def until(watcher: Client, price: float, action: str) -> None:
    """Listen until a level of the bids is told to have changed in that way."""
    while True:
        told = watcher.told.pop(0) if watcher.told else (await watcher.hear())["params"]
        if [change[0] for change in told["data"]["bids"] if change[1] == price] == [action]:
            return
