"""Other people's clients at our server, and our client at their servers, on both event loops."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest
import uvloop
import websockets
from aiohttp import web

from strikewire.websocket import Connection, HttpRequest, HttpResponse, Limits, connect, serve

Run = Callable[[Coroutine[Any, Any, None]], None]

LIMITS = Limits(message_bytes_max=16 << 20, frame_bytes_max=16 << 20)
MESSAGES: list[str | bytes] = ["", "héllo", b"", b"\xff" * 300, "x" * 70_000, b"y" * (1 << 20)]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


async def echo(connection: Connection) -> None:
    async for message in connection:
        await connection.send(message)


async def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (), request.target.encode())


@pytest.mark.parametrize("compression", ["deflate", None])
def test_the_client_of_websockets(run: Run, compression: str | None) -> None:
    async def scenario() -> None:
        async with serve(echo, limits=LIMITS) as server:
            uri = f"ws://127.0.0.1:{server.port}/"
            async with websockets.connect(uri, compression=compression, max_size=None) as client:
                for message in MESSAGES:
                    await client.send(message)
                    assert await client.recv() == message
                await client.send(iter(["in ", "frag", "ments"]))
                assert await client.recv() == "in fragments"
                await (await client.ping())
            assert (client.close_code, client.close_reason) == (1000, "")

    run(scenario())


@pytest.mark.parametrize("compress", [0, 15])
def test_the_client_of_aiohttp_on_http_and_websocket(run: Run, compress: int) -> None:
    async def scenario() -> None:
        async with (
            serve(echo, http=hello, limits=LIMITS) as server,
            aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session,
        ):
            for _ in range(3):
                async with session.post("/a?b=1", data=b"body") as response:
                    assert (response.status, await response.text()) == (200, "/a?b=1")
            async with session.ws_connect("/ws", compress=compress, max_msg_size=0) as client:
                for message in MESSAGES:
                    if isinstance(message, str):
                        await client.send_str(message)
                        assert await client.receive_str() == message
                    else:
                        await client.send_bytes(message)
                        assert await client.receive_bytes() == message
            assert client.close_code == 1000

    run(scenario())


def test_the_server_of_websockets(run: Run) -> None:
    async def their_echo(connection: websockets.ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async def scenario() -> None:
        async with websockets.serve(their_echo, "127.0.0.1", 0, max_size=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}/", limits=LIMITS) as client:
                for message in MESSAGES:
                    await client.send(message)
                    assert await client.receive() == message
                assert await client.ping() >= 0
            assert client.close_code == 1000

    run(scenario())


def test_the_server_of_aiohttp(run: Run) -> None:
    async def their_echo(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(max_msg_size=0)
        await response.prepare(request)
        async for message in response:
            if message.type is aiohttp.WSMsgType.TEXT:
                await response.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await response.send_bytes(message.data)
        return response

    async def scenario() -> None:
        app = web.Application()
        app.router.add_get("/ws", their_echo)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with connect(f"ws://127.0.0.1:{port}/ws", limits=LIMITS) as client:
            for message in MESSAGES:
                await client.send(message)
                assert await client.receive() == message
        assert client.close_code == 1000
        await runner.cleanup()

    run(scenario())
