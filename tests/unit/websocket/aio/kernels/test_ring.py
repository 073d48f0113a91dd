"""Many sockets at once: whether their sends are one call of the kernel or many, nothing differs."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from strikewire.websocket import Connection, Topic, connect, serve
from tests.unit.websocket.aio.kernels.twins import twins

SOCKETS = 40


@pytest.fixture(params=["interpreted", "compiled", "compiled, without ring"])
async def engine(request: pytest.FixtureRequest) -> Any:
    which, *without = request.param.split(", ")
    engine = twins(which, "engine")[0].Engine(asyncio.get_running_loop())
    if without:
        engine.uses_ring = False
    return engine


class Answering(asyncio.Protocol):
    """A protocol that does something with what it is told."""

    def __init__(self, answer: Callable[[Any, bytes], None]) -> None:
        self.answer = answer
        self.transport: Any = None
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.answer(self.transport, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


def all_ready(
    engine: Any, answer: Callable[[Any, bytes], None]
) -> tuple[list[Answering], list[socket.socket]]:
    """Return protocols on an engine whose sockets all have something to read, and their peers."""
    protocols, peers = [], []
    for number in range(SOCKETS):
        ours, theirs = socket.socketpair()
        theirs.send(b"%d" % number)
        theirs.setblocking(False)
        protocol = Answering(answer)
        engine.adopt(ours, protocol, nodelay=False)
        protocols.append(protocol)
        peers.append(theirs)
    return protocols, peers


async def read_to_end(peer: socket.socket) -> bytes:
    """Return everything a peer is sent until the end."""
    loop = asyncio.get_running_loop()
    got = b""
    async with asyncio.timeout(20):
        while piece := await loop.sock_recv(peer, 1 << 20):
            got += piece
    peer.close()
    return got


async def test_what_is_written_in_pieces_arrives_in_order(engine: Any) -> None:
    def answer(transport: Any, data: bytes) -> None:
        transport.write(b"one ")
        transport.write(b"two ")
        transport.write(data)
        transport.close()

    _, peers = all_ready(engine, answer)

    for number, peer in enumerate(peers):
        assert await read_to_end(peer) == b"one two %d" % number


async def test_the_end_of_our_half_comes_after_what_was_written(engine: Any) -> None:
    def answer(transport: Any, data: bytes) -> None:
        transport.write(data)
        transport.write_eof()

    protocols, peers = all_ready(engine, answer)

    for number, peer in enumerate(peers):
        assert await read_to_end(peer) == b"%d" % number
    for protocol in protocols:
        await protocol.lost


async def test_what_a_socket_does_not_take_is_kept_for_it(engine: Any) -> None:
    long = bytes(range(256)) * 4_000

    def answer(transport: Any, data: bytes) -> None:
        transport.write(data)
        transport.write(long[:60_000])  # as long as may be held back
        transport.write(long)
        transport.close()

    _, peers = all_ready(engine, answer)

    for number, peer in enumerate(peers):
        assert await read_to_end(peer) == b"%d" % number + long[:60_000] + long


async def test_one_may_write_to_another(engine: Any) -> None:
    protocols: list[Answering] = []

    def answer(transport: Any, data: bytes) -> None:
        transport.write(b"own ")
        for protocol in protocols:
            protocol.transport.write(data + b" ")

    made, peers = all_ready(engine, answer)
    protocols += made
    loop = asyncio.get_running_loop()

    expected = {b"%d" % number for number in range(SOCKETS)} | {b"own"}
    for peer in peers:
        got = b""
        async with asyncio.timeout(20):
            while len(got.split()) < SOCKETS + 1:
                got += await loop.sock_recv(peer, 1 << 16)
        assert set(got.split()) == expected
        peer.close()
    for protocol in protocols:
        await protocol.lost


async def test_who_is_aborted_or_gone_harms_nobody_else(engine: Any) -> None:
    def answer(transport: Any, data: bytes) -> None:
        transport.write(data)
        if int(data) % 3 == 0:
            transport.abort()
        else:
            transport.close()

    protocols, peers = all_ready(engine, answer)
    for peer in peers[1::3]:
        peer.close()

    for number, peer in list(enumerate(peers))[2::3]:
        assert await read_to_end(peer) == b"%d" % number
    for protocol in protocols:
        await protocol.lost
    for peer in peers[0::3]:
        peer.close()


async def test_a_handler_that_fails_holds_nothing_back(engine: Any) -> None:
    def answer(transport: Any, data: bytes) -> None:
        transport.write(data)
        if int(data) % 2:
            raise ValueError(data)
        transport.close()

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    _, peers = all_ready(engine, answer)

    for number, peer in enumerate(peers):
        assert await read_to_end(peer) == b"%d" % number


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
async def test_all_subscribers_get_all_in_order(
    encrypted: bool, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    topic = Topic()
    messages = [bytes([65 + number]) * 50_000 for number in range(26)]

    async def handler(connection: Connection) -> None:
        topic.subscribe(connection)
        await connection.wait_closed()

    async def follow(uri: str, pause_s: float) -> list[object]:
        async with connect(uri, ssl=client_tls if encrypted else None) as connection:
            joined.release()
            await asyncio.sleep(pause_s)  # the kernel fills, and the backlog after it
            return [await connection.receive() for _ in messages]

    joined = asyncio.Semaphore(0)
    async with (
        serve(handler, ssl=server_tls if encrypted else None, compression=False) as server,
        asyncio.TaskGroup() as tasks,
    ):
        uri = f"{'wss' if encrypted else 'ws'}://127.0.0.1:{server.port}"
        followers = [
            tasks.create_task(follow(uri, 0.2 if number % 4 == 0 else 0))
            for number in range(SOCKETS)
        ]
        for _ in followers:
            await joined.acquire()
        while len(topic) < SOCKETS:  # noqa: ASYNC110 - of the server's doing, which sets no event
            await asyncio.sleep(0.001)
        for number in range(0, len(messages), 2):
            topic.publish(messages[number])
            topic.publish(messages[number + 1])
            await asyncio.sleep(0)

    for follower in followers:
        assert follower.result() == messages
