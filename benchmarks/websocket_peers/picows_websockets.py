"""picows with the interface of `websockets`."""

from __future__ import annotations

import contextlib

from picows.websockets.asyncio.server import ServerConnection, broadcast
from picows.websockets.asyncio.server import serve as picows_serve
from picows.websockets.exceptions import ConnectionClosed

from benchmarks.websocket_peers.process import Settings, serve_forever

subscribers: set[ServerConnection] = set()


async def handler(connection: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):  # the load hangs up when it is done
        if connection.request.path == "/subscribe":
            subscribers.add(connection)
            try:
                await connection.wait_closed()
            finally:
                subscribers.discard(connection)
        elif connection.request.path == "/publish":
            async for message in connection:
                broadcast(subscribers, message)
        else:
            async for message in connection:
                await connection.send(message)


async def serve(settings: Settings) -> None:
    """Serve, with permessage-deflate where it is wanted."""
    compression = "deflate" if settings.deflate else None
    async with picows_serve(
        handler, "127.0.0.1", 0, compression=compression, ssl=settings.tls, ping_interval=None
    ) as server:
        await serve_forever(server.sockets[0].getsockname()[1])
