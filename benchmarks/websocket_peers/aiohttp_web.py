"""aiohttp's server: WebSockets with its C reader, and HTTP, on uvloop."""

from __future__ import annotations

from aiohttp import WSMsgType, web

from benchmarks.websocket_peers.process import ANSWER, Settings, serve_forever

subscribers: set[web.WebSocketResponse] = set()


async def serve(settings: Settings) -> None:
    """Serve, with permessage-deflate where it is wanted."""

    async def opened(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(compress=settings.deflate)
        await connection.prepare(request)
        return connection

    async def echo(request: web.Request) -> web.WebSocketResponse:
        connection = await opened(request)
        async for message in connection:
            if message.type is WSMsgType.TEXT:
                await connection.send_str(message.data)
            else:
                await connection.send_bytes(message.data)
        return connection

    async def subscribe(request: web.Request) -> web.WebSocketResponse:
        connection = await opened(request)
        subscribers.add(connection)
        try:
            async for _ in connection:
                pass
        finally:
            subscribers.discard(connection)
        return connection

    async def publish(request: web.Request) -> web.WebSocketResponse:
        connection = await opened(request)
        async for message in connection:
            for subscriber in tuple(subscribers):
                await subscriber.send_str(message.data)
        return connection

    async def hello(request: web.Request) -> web.Response:
        return web.Response(body=ANSWER, content_type="application/json")

    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/echo", echo)
    app.router.add_get("/subscribe", subscribe)
    app.router.add_get("/publish", publish)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=settings.tls)
    await site.start()
    await serve_forever(runner.addresses[0][1])
