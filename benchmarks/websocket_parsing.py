"""Time a server connection that is fed from memory, with no socket to read from.

No library here hands out its parser alone, so each is asked for a server, as any program would ask
it, on a loop that remembers what makes a protocol for a new connection. That protocol is then given
a transport that reads nothing, a handshake, and the frames.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

from picows import WSFrame, WSListener, WSTransport, ws_create_server

from benchmarks.harness import Reader
from strikewire.websocket import Connection, serve
from strikewire.websocket.aio.connection import OnDecoded

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

Served = Callable[[Callable[[str], None]], AbstractAsyncContextManager[Any]]
"""Serves, and hands the texts that arrive to a callback."""


class RememberingLoop(asyncio.SelectorEventLoop):
    """asyncio's loop, which remembers the protocol factory of the last server."""

    factory: Callable[[], Any]

    async def create_server(self, protocol_factory: Any, *rest: Any, **options: Any) -> Any:
        """Create the server that was asked for."""
        self.factory = protocol_factory
        return await super().create_server(protocol_factory, *rest, **options)


class MemoryTransport(asyncio.Transport):
    """Reads nothing and forgets what is written; its socket is real for those who look at it."""

    def __init__(self, sock: socket.socket, protocol: Any) -> None:
        super().__init__({"socket": sock, "peername": ("127.0.0.1", 1), "sockname": ("", 2)})
        self._protocol = protocol

    def set_protocol(self, protocol: Any) -> None:
        """Hand over, as after a handshake."""
        self._protocol = protocol

    def get_protocol(self) -> Any:
        """Return who is in charge."""
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Forget it."""

    def get_write_buffer_size(self) -> int:
        """Return that nothing waits."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Ignore it: nothing ever waits."""

    def pause_reading(self) -> None:
        """Do nothing: nothing is read."""

    def resume_reading(self) -> None:
        """Do nothing: nothing is read."""

    def is_closing(self) -> bool:
        """Return that it is open."""
        return False

    def close(self) -> None:
        """Do nothing: the socket is closed by whoever opened it."""

    def abort(self) -> None:
        """Do nothing: the socket is closed by whoever opened it."""


@contextlib.contextmanager
def time_a_message(served: Served, feed: bytes, messages: int, seconds: float) -> Iterator[Reader]:
    """Yield what reads how many nanoseconds of CPU time a message takes.

    Args:
        served: Whose server.
        feed: Frames of a client, fed at once, over and over.
        messages: Texts in it.
        seconds: How much CPU time a reading takes, at least.
    """
    with asyncio.Runner(loop_factory=RememberingLoop) as runner:
        yield lambda: runner.run(_time_a_message(served, feed, messages, seconds))


async def _time_a_message(served: Served, feed: bytes, messages: int, seconds: float) -> float:
    received: list[str] = []
    left, right = _tcp_pair()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, RememberingLoop)
    with left, right:
        async with served(received.append):
            protocol = loop.factory()
            transport = MemoryTransport(left, protocol)
            protocol.connection_made(transport)
            _feed(transport, UPGRADE)
            await asyncio.sleep(0.01)  # what the handshake leaves to the next turns of the loop
            _feed(transport, feed)
            await asyncio.sleep(0.01)
            assert len(received) == messages

            rounds, start = 0, time.process_time()
            while time.process_time() - start < seconds:
                for _ in range(20):
                    received.clear()
                    _feed(transport, feed)
                rounds += 20
            used = time.process_time() - start
            assert len(received) == messages
            transport.get_protocol().connection_lost(None)
    return used * 1e9 / (rounds * messages)


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        left = socket.create_connection(listener.getsockname())
        right, _ = listener.accept()
    return left, right


def _feed(transport: MemoryTransport, data: bytes) -> None:
    """Give a protocol what a transport would have read, in the way it wants it."""
    protocol = transport.get_protocol()
    if not hasattr(protocol, "get_buffer"):
        protocol.data_received(data)
        return
    rest = memoryview(data)
    while rest:
        room = memoryview(protocol.get_buffer(-1))
        fits = min(len(room), len(rest))
        room[:fits] = rest[:fits]
        protocol.buffer_updated(fits)
        rest = rest[fits:]


@contextlib.asynccontextmanager
async def ours(on_text: Callable[[str], None]) -> Any:
    """Serve with our engine on the portable path, whose transport this module can replace."""

    def handler(connection: Connection) -> None:
        connection.on_message(cast("OnDecoded", on_text), decode=True)  # only texts come here

    async with serve(handler, compression=False, engine="asyncio"):
        yield


@contextlib.asynccontextmanager
async def picows(on_text: Callable[[str], None]) -> Any:
    """Serve with picows on asyncio's transports, which this module can replace."""

    class Listener(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            on_text(frame.get_payload_as_utf8_text())

    # A buffer that takes a whole feed at once, as ours does.
    async with await ws_create_server(
        lambda _: Listener(),
        "127.0.0.1",
        0,
        use_aiofastnet=False,
        read_buffer_init_size=128 << 10,
    ):
        yield
