"""picows itself: frames in a callback, its own transport (aiofastnet), uvloop."""

from __future__ import annotations

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from benchmarks.websocket_peers.process import Settings, serve_forever

# picows copies what is up to this long itself; above, a view of where it was read saves the copy.
BYTES_COPIED_MAX = 8192

subscribers: set[WSTransport] = set()


class Echo(WSListener):
    """Sends back what comes."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer one frame; pings are answered by picows."""
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            close(transport, frame)
        elif frame.payload_size > BYTES_COPIED_MAX:
            transport.send(kind, frame.get_payload_as_memoryview())
        else:
            transport.send(kind, frame.get_payload_as_bytes())


class Subscriber(WSListener):
    """Receives what is published."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Go on the list."""
        subscribers.add(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hang up when asked."""
        if frame.msg_type == WSMsgType.CLOSE:
            close(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leave the list."""
        subscribers.discard(transport)


class Publisher(WSListener):
    """Sends what comes to all subscribers."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Publish one frame."""
        if frame.msg_type == WSMsgType.CLOSE:
            close(transport, frame)
            return
        payload = frame.get_payload_as_bytes()
        text = WSMsgType.TEXT
        for subscriber in subscribers:
            subscriber.send(text, payload)


def close(transport: WSTransport, frame: WSFrame) -> None:
    transport.send_close(frame.get_close_code(), frame.get_close_message())
    transport.disconnect()


def listener(request: WSUpgradeRequest) -> WSListener:
    return {b"/subscribe": Subscriber, b"/publish": Publisher}.get(request.path, Echo)()


async def serve(settings: Settings) -> None:
    """Serve without compression, which picows itself has not."""
    server = await ws_create_server(listener, "127.0.0.1", 0, ssl=settings.tls)
    await serve_forever(server.sockets[0].getsockname()[1])
