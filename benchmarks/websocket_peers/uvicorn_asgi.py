"""uvicorn with httptools and uvloop, and the smallest ASGI application there is."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from benchmarks.websocket_peers.process import ANSWER, Settings, tell

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]


async def application(
    scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def serve(settings: Settings) -> None:
    """Serve HTTP in the clear."""
    config = uvicorn.Config(
        application, http="httptools", ws="none", lifespan="off", access_log=False, log_config=None
    )
    sock = socket.create_server(("127.0.0.1", 0), backlog=2048)
    tell(sock.getsockname()[1])  # the kernel holds who comes until it accepts
    await uvicorn.Server(config).serve([sock])
