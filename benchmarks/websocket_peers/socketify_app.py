"""socketify: uWebSockets, whose topics frame a message once and send once a turn, from Python."""

from __future__ import annotations

from typing import Any

from socketify import App, AppListenOptions, CompressOptions, OpCode

from benchmarks.websocket_peers.process import Settings, free_port, tell

TOPIC = "all"


def serve(settings: Settings) -> None:
    """Serve on socketify's own event loop, in the clear."""
    app = App()

    def echo(connection: Any, message: str | bytes, opcode: OpCode) -> None:
        connection.send(message, opcode)

    def subscribe(connection: Any) -> None:
        connection.subscribe(TOPIC)

    def publish(connection: Any, message: str | bytes, opcode: OpCode) -> None:
        app.publish(TOPIC, message, OpCode.TEXT, settings.deflate)

    compression = CompressOptions.SHARED_COMPRESSOR if settings.deflate else 0
    behavior = {"max_payload_length": 16 << 20, "max_backpressure": 64 << 20}
    behavior["compression"] = int(compression)
    app.ws("/echo", {**behavior, "message": echo})
    app.ws("/subscribe", {**behavior, "open": subscribe})
    app.ws("/publish", {**behavior, "message": publish})
    port = free_port()
    app.listen(AppListenOptions(port=port, host="127.0.0.1"), lambda _: tell(port))
    app.run()
