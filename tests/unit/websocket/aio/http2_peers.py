"""Peers that speak HTTP/2 with the h2 library, over sockets and in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import h2.config
import h2.connection
import h2.events

from strikewire.testing.transport import MemoryTransport
from strikewire.websocket import Limits
from strikewire.websocket.aio.http2_connection import Http2Connection
from strikewire.websocket.headers import Headers
from strikewire.websocket.http2 import Http2Event, Http2Protocol
from strikewire.websocket.http2_limits import Http2Limits

GET: Headers = ((":method", "GET"), (":scheme", "http"), (":path", "/a"), (":authority", "h"))
POST: Headers = ((":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "h"))
CONNECT: Headers = (
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":path", "/ws?a=b"),
    (":authority", "h"),
    ("sec-websocket-version", "13"),
)
HELLO = bytes.fromhex("818537fa213d7f9f4d5158")
HELLO_BACK = bytes.fromhex("810548656c6c6f")

E = TypeVar("E", bound=h2.events.Event)


class Peer:
    """One end of an HTTP/2 connection over a socket.

    Attributes:
        h2: The connection.
        heard: What it said happened.
        is_lost: Whether the other end hung up.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, client_side: bool
    ) -> None:
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=client_side, header_encoding="utf-8")
        )
        self.heard: list[h2.events.Event] = []
        self.is_lost = False
        self.reader = reader
        self.writer = writer

    def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())

    def request(self, lines: Headers, *, end: bool = False) -> int:
        stream_id = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream_id, lines, end_stream=end)
        self.flush()
        return stream_id

    def send(self, stream_id: int, data: bytes, *, end: bool = False) -> None:
        self.h2.send_data(stream_id, data, end_stream=end)
        self.flush()

    async def until(self, is_here: Callable[[], bool]) -> None:
        """Read until the condition holds."""
        while not is_here():
            data = await self.reader.read(1 << 16)
            if not data:
                self.is_lost = True
                assert is_here(), f"hung up after {self.heard}"
                return
            self.heard += self.h2.receive_data(data)
            self.flush()

    def all_of(self, kind: type[E], stream_id: int | None = None) -> list[E]:
        return [
            event
            for event in self.heard
            if isinstance(event, kind)
            and (stream_id is None or getattr(event, "stream_id", None) == stream_id)
        ]

    async def one(self, kind: type[E], stream_id: int | None = None) -> E:
        """Read until such an event is here, and return the first."""
        await self.until(lambda: bool(self.all_of(kind, stream_id)))
        return self.all_of(kind, stream_id)[0]

    async def answer(self, stream_id: int) -> tuple[int, bytes]:
        """Read an answer to its end, and return its status and body."""
        await self.one(h2.events.StreamEnded, stream_id)
        return int(self.headers(stream_id)[":status"]), self.body(stream_id)

    def headers(self, stream_id: int) -> dict[str, str]:
        head = self.all_of(h2.events.ResponseReceived, stream_id)[0]
        return {str(line[0]): str(line[1]) for line in head.headers or ()}

    def body(self, stream_id: int) -> bytes:
        pieces = self.all_of(h2.events.DataReceived, stream_id)
        return b"".join(event.data or b"" for event in pieces)

    async def rest(self) -> None:
        """Read until the other end hangs up."""
        await self.until(lambda: self.is_lost)


@asynccontextmanager
async def client_of(port: int, *, settings: dict[int, int] | None = None) -> AsyncIterator[Peer]:
    """Connect a client, and let it hear the server's settings."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    peer = Peer(reader, writer, client_side=True)
    peer.h2.initiate_connection()
    if settings:
        peer.h2.update_settings(dict(settings))
    peer.flush()
    try:
        await peer.one(h2.events.RemoteSettingsChanged)
        yield peer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def until(is_so: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds."""
    while not is_so():
        await _turn()


async def _turn() -> None:
    await asyncio.sleep(0)


class Recorder(asyncio.Protocol):
    """Writes down what it is told.

    Attributes:
        told: In order.
        keeps_open: What it answers to the end.
    """

    def __init__(self, *, keeps_open: bool = False) -> None:
        self.told: list[str | bytes | Exception | None] = []
        self.keeps_open = keeps_open

    def data_received(self, data: bytes) -> None:
        self.told.append(data)

    def eof_received(self) -> bool:
        self.told.append("eof")
        return self.keeps_open

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost" if exc is None else exc)


class InMemory:
    """A server's connection whose socket is the test, and a client of h2 beyond it.

    Attributes:
        connection: Of the server.
        socket: Its transport.
        client: The other end.
        events: What the connection passed on.
        heard: What the client said happened.
        lost: With what the connection said that its socket was gone.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        unread_bytes_max: int = 1 << 20,
        closes_with_last_stream: bool = False,
    ) -> None:
        self.events: list[Http2Event] = []
        self.heard: list[h2.events.Event] = []
        self.lost: list[Exception | None] = []
        http2_limits = Http2Limits(stream_window_bytes=65_535, unread_bytes_max=unread_bytes_max)
        self.connection = Http2Connection(
            Http2Protocol("server", limits=http2_limits, head_bytes_max=1000),
            limits=limits or Limits(),
            http2_limits=http2_limits,
            on_made=lambda: None,
            on_event=self.events.append,
            on_lost=self.lost.append,
            closes_with_last_stream=closes_with_last_stream,
        )
        self.socket = MemoryTransport(self.connection)
        self.client = h2.connection.H2Connection(h2.config.H2Configuration())
        self._read = 0
        self.client.initiate_connection()
        self.connection.connection_made(self.socket)
        self.carry()

    def carry(self) -> None:
        """Carry what is here in both directions."""
        while True:
            answer = self.socket.all_written[self._read :]
            self._read += len(answer)
            self.heard += self.client.receive_data(answer)
            data = self.client.data_to_send()
            if data:
                self.socket.give(data)
            elif not answer:
                return

    async def turn(self) -> None:
        """Let the loop turn, then carry."""
        for _ in range(3):
            await asyncio.sleep(0)
            self.carry()

    def open(self, lines: Sequence[tuple[str, str]] = CONNECT) -> int:
        """Open a stream, and accept it."""
        stream_id = self.client.get_next_available_stream_id()
        self.client.send_headers(stream_id, lines)
        self.carry()
        self.connection.send_head(stream_id, ((":status", "200"),))
        return stream_id

    def got(self, stream_id: int) -> bytes:
        """Return what the client got on a stream."""
        return b"".join(
            event.data or b""
            for event in self.heard
            if isinstance(event, h2.events.DataReceived) and event.stream_id == stream_id
        )

    def has_heard(self, kind: type[h2.events.Event]) -> bool:
        """Return whether such an event is among what the client heard."""
        return any(isinstance(event, kind) for event in self.heard)
