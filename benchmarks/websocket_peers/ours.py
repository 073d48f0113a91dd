"""Strikewire's engine: with a callback or an iterator, and with topics, on uvloop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strikewire.websocket
from benchmarks.websocket_peers.process import ANSWER, Settings, serve_forever
from strikewire.websocket import Connection, HttpRequest, HttpResponse, prepare
from strikewire.websocket import serve as strikewire_serve
from strikewire.websocket.extensions import Compression

OnMessage = Callable[[bytes, bool], None]


class PreparedTopic:
    """Frames a message once and queues it to all subscribers, one by one."""

    def __init__(self) -> None:
        self._subscribers: list[Connection] = []

    def subscribe(self, connection: Connection) -> None:
        """Add a subscriber."""
        self._subscribers.append(connection)

    def publish(self, payload: bytes, *, text: bool) -> None:
        """Send to all that are still there."""
        message = prepare(payload, text=text)
        for subscriber in self._subscribers:
            if subscriber.is_open:
                subscriber.send_prepared(message)
        if not all(subscriber.is_open for subscriber in self._subscribers):
            self._subscribers = [each for each in self._subscribers if each.is_open]


def new_topic(settings: Settings, flush: str) -> Any:
    """Return a topic of the engine, or what comes nearest where it has none."""
    topic = getattr(strikewire.websocket, "Topic", None)
    if topic is None:
        return PreparedTopic()
    return topic(flush=flush, compression=True) if settings.deflate else topic(flush=flush)


def compression(settings: Settings) -> bool | Compression:
    """Return what to agree on: one frame can serve many only where the context is not kept."""
    if hasattr(strikewire.websocket, "Topic"):
        return settings.deflate
    return Compression(server_keeps_context=False) if settings.deflate else False


def receiving(choose: Callable[[Connection], OnMessage]) -> Any:
    """Return a handler that lets the callback that `choose` returns take the messages."""

    def handler(connection: Any) -> None:
        connection.on_message(choose(connection))

    async def handler_in_task(connection: Connection) -> None:
        await connection.deliver_to(choose(connection))

    return handler if hasattr(Connection, "on_message") else handler_in_task


async def callback(settings: Settings) -> None:
    """Echo and publish in a callback; a message leaves as soon as it is published."""
    await serve_callback(settings, "immediate")


async def turn(settings: Settings) -> None:
    """Echo and publish in a callback; what is published in a turn of the loop leaves together."""
    await serve_callback(settings, "turn")


async def serve_callback(settings: Settings, flush: str) -> None:
    topic = new_topic(settings, flush)

    def choose(connection: Connection) -> OnMessage:
        send = connection.send_nowait

        def echo(payload: bytes, is_text: bool) -> None:
            send(payload, text=is_text)

        def publish(payload: bytes, is_text: bool) -> None:
            topic.publish(payload, text=True)

        if connection.path == "/subscribe":
            topic.subscribe(connection)
        return publish if connection.path == "/publish" else echo

    async def hello(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [("content-type", "application/json")], ANSWER)

    async with strikewire_serve(
        receiving(choose), http=hello, ssl=settings.tls, compression=compression(settings)
    ) as server:
        await serve_forever(server.port)


async def iterator(settings: Settings) -> None:
    """Echo in a task for each connection."""

    async def handler(connection: Connection) -> None:
        async for message in connection:
            await connection.send(message)

    async with strikewire_serve(
        handler, ssl=settings.tls, compression=compression(settings)
    ) as server:
        await serve_forever(server.port)
