"""Strikewire on uvloop: messages by callback or iterator, topics that flush at once or in turns."""

from __future__ import annotations

from typing import Any

import strikewire.websocket
from benchmarks.websocket_peers.process import ANSWER, Settings, serve_forever
from strikewire.websocket import Connection, HttpRequest, HttpResponse, Topic
from strikewire.websocket import serve as strikewire_serve


def shared_stream(settings: Settings) -> Any:
    """Return one deflate stream for all subscribers, where that is wanted and can be had."""
    stream = getattr(strikewire.websocket, "SharedCompression", None)
    return stream() if settings.deflate and stream is not None else None


async def callback(settings: Settings) -> None:
    """Echo and publish in a callback; a message leaves as soon as it is published."""
    await serve_callback(settings, Topic(flush="immediate", compression=shared_stream(settings)))


async def turn(settings: Settings) -> None:
    """Echo and publish in a callback; what is published in a turn of the loop leaves together."""
    await serve_callback(settings, Topic(flush="turn", compression=shared_stream(settings)))


async def serve_callback(settings: Settings, topic: Topic) -> None:
    def publish(payload: bytes, is_text: bool) -> None:
        topic.publish(payload, text=True)

    def handler(connection: Connection) -> None:
        send = connection.send_nowait

        def echo(payload: bytes, is_text: bool) -> None:
            send(payload, text=is_text)

        connection.on_message(publish if connection.path == "/publish" else echo)
        if connection.path == "/subscribe":
            topic.subscribe(connection)

    async def hello(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [("content-type", "application/json")], ANSWER)

    async with strikewire_serve(
        handler, http=hello, ssl=settings.tls, compression=settings.deflate
    ) as server:
        await serve_forever(server.port)


async def iterator(settings: Settings) -> None:
    """Echo in a task for each connection."""

    async def handler(connection: Connection) -> None:
        async for message in connection:
            await connection.send(message)

    async with strikewire_serve(handler, ssl=settings.tls, compression=settings.deflate) as server:
        await serve_forever(server.port)
