"""`websockets`, with the C speed-ups that its wheels hold, on uvloop; `broadcast` for many."""

from __future__ import annotations

import contextlib

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.asyncio.server import serve as websockets_serve
from websockets.exceptions import ConnectionClosed

from benchmarks.websocket_peers.process import Settings, serve_forever

subscribers: set[ServerConnection] = set()


async def handler(connection: ServerConnection) -> None:
    assert connection.request is not None
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
    async with websockets_serve(
        handler, "127.0.0.1", 0, compression=compression, ssl=settings.tls, ping_interval=None
    ) as server:
        await serve_forever(next(iter(server.sockets)).getsockname()[1])
