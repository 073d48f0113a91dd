"""The engine, compiled and interpreted, over real sockets; what asyncio does is the measure."""

import asyncio
import errno
import socket
import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.unit.websocket.aio.kernels.twins import twins


@pytest.fixture(params=["interpreted", "compiled"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    return twins(request.param, "engine")[0]


class Noted(asyncio.Protocol):
    """A protocol that notes what it is told."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.received = b""
        self.told: list[str] = []
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.keeps_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.told.append("made")

    def data_received(self, data: bytes) -> None:
        self.received += data

    def eof_received(self) -> bool:
        self.told.append("eof")
        return self.keeps_open

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")
        self.lost.set_result(exc)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has happened; the test's own time limit is the loop's patience."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - of the kernel's doing, which sets no event
            await asyncio.sleep(0.001)


def joined(kernel: ModuleType) -> tuple[Noted, socket.socket]:
    """Return a protocol on the engine, and the plain socket at the other end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    protocol = Noted()
    kernel.Engine(asyncio.get_running_loop()).adopt(ours, protocol)
    return protocol, theirs


async def test_bytes_go_both_ways(kernel: ModuleType) -> None:
    protocol, peer = joined(kernel)
    loop = asyncio.get_running_loop()

    await loop.sock_sendall(peer, b"in")
    await until(lambda: protocol.received == b"in")
    protocol.transport.write(b"ou")
    protocol.transport.writelines([b"t", bytearray(b"!")])

    assert await loop.sock_recv(peer, 100) == b"out!"
    protocol.transport.close()
    assert await protocol.lost is None
    peer.close()


async def test_what_the_kernel_does_not_take_waits_in_order(kernel: ModuleType) -> None:
    protocol, peer = joined(kernel)
    loop = asyncio.get_running_loop()
    pieces = [bytes([number]) * 300_000 for number in range(10)] + [b"small", b"smaller"]

    for piece in pieces:
        protocol.transport.write(piece)
    assert protocol.transport.get_write_buffer_size() > 0
    assert protocol.told == ["made", "pause"]
    got = b""
    while len(got) < sum(map(len, pieces)):
        got += await loop.sock_recv(peer, 1 << 20)
    await until(lambda: "resume" in protocol.told)

    assert got == b"".join(pieces)
    assert protocol.transport.get_write_buffer_size() == 0
    protocol.transport.abort()
    peer.close()


async def test_closing_sends_what_is_buffered_first(kernel: ModuleType) -> None:
    protocol, peer = joined(kernel)
    loop = asyncio.get_running_loop()

    protocol.transport.write(bytes(3_000_000))
    protocol.transport.close()
    assert protocol.transport.is_closing()
    got = 0
    while piece := await loop.sock_recv(peer, 1 << 20):
        got += len(piece)

    assert got == 3_000_000
    assert await protocol.lost is None
    peer.close()


async def test_aborting_sends_nothing_more(kernel: ModuleType) -> None:
    protocol, peer = joined(kernel)
    protocol.transport.write(bytes(3_000_000))

    protocol.transport.abort()
    protocol.transport.write(b"never")

    assert await protocol.lost is None
    assert protocol.transport.fileno() == -1
    assert protocol.transport.get_extra_info("socket", "gone") == "gone"
    peer.close()


async def test_our_half_may_end_before_theirs(kernel: ModuleType) -> None:
    protocol, peer = joined(kernel)
    loop = asyncio.get_running_loop()

    protocol.transport.write(b"last")
    protocol.transport.write_eof()
    assert await loop.sock_recv(peer, 100) == b"last"
    assert await loop.sock_recv(peer, 100) == b""
    await loop.sock_sendall(peer, b"still")
    await until(lambda: protocol.received == b"still")

    assert protocol.transport.can_write_eof()
    protocol.transport.abort()
    peer.close()


@pytest.mark.parametrize("keeps_open", [True, False])
async def test_their_half_ends_ours_unless_the_protocol_says_otherwise(
    kernel: ModuleType, keeps_open: bool
) -> None:
    protocol, peer = joined(kernel)
    protocol.keeps_open = keeps_open

    peer.shutdown(socket.SHUT_WR)
    await until(lambda: "eof" in protocol.told)
    await asyncio.sleep(0.01)

    assert ("lost" in protocol.told) is not keeps_open
    protocol.transport.abort()
    peer.close()


async def test_reading_may_be_paused(kernel: ModuleType) -> None:
    protocol, peer = joined(kernel)
    loop = asyncio.get_running_loop()

    protocol.transport.pause_reading()
    await loop.sock_sendall(peer, b"later")
    await asyncio.sleep(0.01)
    assert protocol.received == b""
    assert not protocol.transport.is_reading()
    protocol.transport.resume_reading()
    await until(lambda: protocol.received == b"later")

    protocol.transport.abort()
    peer.close()


async def test_a_hang_up_while_paused_neither_spins_nor_is_forgotten(kernel: ModuleType) -> None:
    protocol, peer = joined(kernel)
    polls = 0
    engine = protocol.transport.engine
    protocol.transport.pause_reading()
    peer.close()

    def count() -> None:
        nonlocal polls
        polls += 1
        engine.poll()

    loop = asyncio.get_running_loop()
    if hasattr(engine, "selector"):
        loop.add_reader(engine.selector.fileno(), count)
    await asyncio.sleep(0.02)
    assert polls < 5
    protocol.transport.resume_reading()

    assert await protocol.lost is None


async def test_a_reset_is_the_reason_of_the_loss(kernel: ModuleType) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
    protocol = Noted()
    kernel.Engine(asyncio.get_running_loop()).adopt(accepted, protocol)

    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()

    error = await protocol.lost
    assert isinstance(error, OSError)
    assert error.errno == errno.ECONNRESET


async def test_a_socket_tells_its_addresses_and_takes_options(kernel: ModuleType) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        accepted, address = listening.accept()
    protocol = Noted()
    kernel.Engine(asyncio.get_running_loop()).adopt(accepted, protocol)
    transport = protocol.transport

    assert transport.get_extra_info("peername") == address
    assert transport.get_extra_info("sockname") == client.getpeername()
    assert transport.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    transport.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    assert transport.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
    assert transport.get_extra_info("nothing", 5) == 5
    transport.set_write_buffer_limits(low=10)
    assert transport.get_write_buffer_limits() == (10, 40)
    transport.abort()
    client.close()


async def test_a_protocol_that_raises_loses_its_connection_and_no_other(kernel: ModuleType) -> None:
    class Failing(Noted):
        def data_received(self, data: bytes) -> None:
            raise ValueError("no")

    loop = asyncio.get_running_loop()
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    engine = kernel.Engine(loop)
    pairs = [socket.socketpair() for _ in range(2)]
    bad, good = Failing(), Noted()
    engine.adopt(pairs[0][0], bad)
    engine.adopt(pairs[1][0], good)

    for _, peer in pairs:
        peer.send(b"x")
    await until(lambda: good.received == b"x")

    assert isinstance(await bad.lost, ValueError)
    assert [str(context["exception"]) for context in reported] == ["no"]
    good.transport.abort()
    for _, peer in pairs:
        peer.close()


async def test_a_listener_welcomes_everyone_who_waits(kernel: ModuleType) -> None:
    loop = asyncio.get_running_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()
    made: list[Noted] = []

    def welcome() -> Noted:
        made.append(Noted())
        return made[-1]

    listener = kernel.Listener(kernel.Engine(loop), listening, welcome)
    clients = [socket.create_connection(address) for _ in range(5)]
    await until(lambda: len(made) == 5)

    assert [protocol.told for protocol in made] == [["made"]] * 5
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    for protocol, client in zip(made, clients, strict=True):
        protocol.transport.abort()
        client.close()


async def test_without_sockets_the_loop_watches_nothing(kernel: ModuleType) -> None:
    protocol, peer = joined(kernel)
    engine = protocol.transport.engine
    protocol.transport.abort()
    await protocol.lost

    again, other = socket.socketpair()
    protocol = Noted()
    engine.adopt(again, protocol)
    other.send(b"once more")
    await until(lambda: protocol.received == b"once more")

    protocol.transport.abort()
    peer.close()
    other.close()
