"""A server in a process of its own: `python -m benchmarks.websocket_peers KIND`.

Prints its port, then answers every line on stdin with the CPU seconds it has used so far. What its
clients do is the same for every kind:

- a message is echoed; "subscribe" is not, but makes its sender a subscriber;
- "publish COUNT" sends every subscriber COUNT messages of 250 bytes, and then echoes.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from typing import Any

import uvloop

TICKER = b"x" * 250


def answer_stdin() -> None:
    """Tell the CPU time used, line by line."""
    if not sys.stdin.readline():
        asyncio.get_running_loop().stop()
        return
    print(time.process_time(), flush=True)


async def run_until_killed(port: int) -> None:
    asyncio.get_running_loop().add_reader(sys.stdin, answer_stdin)
    print(port, flush=True)
    await asyncio.Event().wait()


async def ours_callback() -> None:
    from strikewire.websocket import Connection, HttpRequest, HttpResponse, prepare, serve

    subscribers: list[Connection] = []

    async def handler(connection: Connection) -> None:
        def on_message(payload: bytes, is_text: bool) -> None:
            if payload.startswith(b"subscribe"):
                subscribers.append(connection)
                return
            if payload.startswith(b"publish"):
                for _ in range(int(payload.split()[1])):
                    message = prepare(TICKER, text=True)
                    for subscriber in subscribers:
                        subscriber.send_prepared(message)
            connection.send_nowait(payload, text=is_text)

        await connection.deliver_to(on_message)

    async def hello(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [("content-type", "application/json")], TICKER)

    async with serve(handler, http=hello, compression=False) as server:
        await run_until_killed(server.port)


async def ours_iterator() -> None:
    from strikewire.websocket import Connection, serve

    async def handler(connection: Connection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(handler, compression=False) as server:
        await run_until_killed(server.port)


async def websockets_echo() -> None:
    from websockets.asyncio.server import ServerConnection, broadcast, serve
    from websockets.exceptions import ConnectionClosedError

    subscribers: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosedError):  # the load hangs up when it is done
            await answer(connection)

    async def answer(connection: ServerConnection) -> None:
        async for message in connection:
            if isinstance(message, str) and message.startswith("subscribe"):
                subscribers.append(connection)
                continue
            if isinstance(message, str) and message.startswith("publish"):
                for _ in range(int(message.split()[1])):
                    broadcast(subscribers, TICKER.decode())
            await connection.send(message)

    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        await run_until_killed(next(iter(server.sockets)).getsockname()[1])


async def aiohttp_hello() -> None:
    from aiohttp import web

    async def hello(request: web.Request) -> web.Response:
        return web.Response(body=TICKER, content_type="application/json")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await run_until_killed(runner.addresses[0][1])


KINDS: dict[str, Callable[[], Any]] = {
    "ours": ours_callback,
    "ours_iterator": ours_iterator,
    "websockets": websockets_echo,
    "aiohttp": aiohttp_hello,
}


if __name__ == "__main__":
    uvloop.run(KINDS[sys.argv[1]]())
