"""Strikewire on uvloop: messages by callback or iterator, topics that flush at once or in turns."""

from __future__ import annotations

from typing import Literal

from benchmarks.websocket_peers.process import ANSWER, Settings, serve_forever
from strikewire.websocket import (
    Connection,
    HttpRequest,
    HttpResponse,
    Limits,
    SharedDeflater,
    Topic,
)
from strikewire.websocket import serve as strikewire_serve

# As with the peers: a ping is no message, and a busy machine is slow to answer.
NO_PINGS = Limits(ping_interval_s=0)


async def callback(settings: Settings) -> None:
    """Echo and publish in a callback; a message leaves as soon as it is published."""
    await serve_callback(settings, "immediate")


async def turn(settings: Settings) -> None:
    """Echo and publish in a callback; what is published in a turn of the loop leaves together."""
    await serve_callback(settings, "turn")


async def serve_callback(settings: Settings, flush: Literal["immediate", "turn"]) -> None:
    # With deflate, one stream compresses each message once, for all subscribers.
    topic = Topic(flush=flush, compression=SharedDeflater() if settings.deflate else None)

    def publish(payload: bytes, is_text: bool) -> None:
        topic.publish(payload, text=True)

    def handler(connection: Connection) -> None:
        send = connection.send_nowait

        def echo(payload: bytes, is_text: bool) -> None:
            send(payload, text=is_text)

        connection.on_message(publish if connection.path == "/publish" else echo)
        if connection.path == "/subscribe":
            topic.subscribe(connection)

    def hello(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [("content-type", "application/json")], ANSWER)

    async with strikewire_serve(
        handler, http=hello, ssl=settings.tls, compression=settings.deflate, limits=NO_PINGS
    ) as server:
        await serve_forever(server.port)


async def iterator(settings: Settings) -> None:
    """Echo in a task for each connection."""

    async def handler(connection: Connection) -> None:
        async for message in connection:
            await connection.send(message)

    async with strikewire_serve(
        handler, ssl=settings.tls, compression=settings.deflate, limits=NO_PINGS
    ) as server:
        await serve_forever(server.port)
