"""TLS on the engine, compiled and interpreted, against the standard library's own sockets."""

import asyncio
import socket
import ssl
from types import ModuleType
from typing import Any

import pytest

from tests.unit.websocket.aio.kernels.test_engine import Noted, until
from tests.unit.websocket.aio.kernels.twins import twins


@pytest.fixture(params=["interpreted", "compiled"])
def kernels(request: pytest.FixtureRequest) -> list[ModuleType]:
    return twins(request.param, "engine", "tls")


class Peer:
    """A client of the standard library, in a thread."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._context = context
        self._tls: ssl.SSLSocket | None = None

    async def shake(self) -> None:
        self._tls = await asyncio.to_thread(
            self._context.wrap_socket, self._sock, server_hostname="127.0.0.1"
        )

    async def send(self, data: bytes) -> None:
        assert self._tls is not None
        await asyncio.to_thread(self._tls.sendall, data)

    async def receive(self, size: int) -> bytes:
        assert self._tls is not None
        got = b""
        while len(got) < size and (piece := await asyncio.to_thread(self._tls.recv, 1 << 16)):
            got += piece
        return got

    def close(self) -> None:
        (self._tls or self._sock).close()


def joined(
    kernels: list[ModuleType], server: ssl.SSLContext, client: ssl.SSLContext, **options: Any
) -> tuple[Noted, Peer]:
    engine_kernel, tls_kernel = kernels
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    protocol = Noted()
    engine_kernel.Engine(asyncio.get_running_loop()).adopt(
        ours,
        protocol,
        transport=lambda engine, fd: tls_kernel.TlsTransport(
            engine, fd, server, server_side=True, **options
        ),
    )
    return protocol, Peer(theirs, client)


async def test_bytes_go_both_ways_once_hands_are_shaken(
    kernels: list[ModuleType], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    protocol, peer = joined(kernels, server_tls, client_tls)
    assert protocol.told == []
    await peer.shake()
    await until(lambda: protocol.told == ["made"])

    await peer.send(b"in" * 40_000)
    await until(lambda: len(protocol.received) == 80_000)
    protocol.transport.write(b"a")
    protocol.transport.write(b"b" * 100_000)

    assert await peer.receive(100_001) == b"a" + b"b" * 100_000
    assert protocol.transport.get_extra_info("cipher") is not None
    assert protocol.transport.get_extra_info("sslcontext") is server_tls
    assert protocol.transport.get_extra_info("ssl_object").version().startswith("TLS")
    assert not protocol.transport.can_write_eof()
    protocol.transport.close()
    assert await peer.receive(1) == b""
    peer.close()
    assert await protocol.lost is None


async def test_a_peer_that_says_goodbye_is_let_go(
    kernels: list[ModuleType], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    protocol, peer = joined(kernels, server_tls, client_tls)
    await peer.shake()
    await until(lambda: protocol.told == ["made"])

    assert peer._tls is not None
    await asyncio.to_thread(peer._tls.unwrap)  # which waits for our goodbye

    assert await protocol.lost is None
    assert "eof" in protocol.told
    peer.close()


async def test_reading_may_be_paused_and_nothing_is_lost(
    kernels: list[ModuleType], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    protocol, peer = joined(kernels, server_tls, client_tls)
    await peer.shake()
    await until(lambda: protocol.told == ["made"])
    protocol.transport.pause_reading()

    await peer.send(b"later")
    await asyncio.sleep(0.02)
    assert protocol.received == b""
    protocol.transport.resume_reading()
    await until(lambda: protocol.received == b"later")

    protocol.transport.abort()
    peer.close()


async def test_who_speaks_no_tls_never_reaches_the_protocol(
    kernels: list[ModuleType], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    told: list[BaseException | None] = []
    protocol, peer = joined(kernels, server_tls, client_tls, on_open=told.append)

    peer._sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
    await until(lambda: bool(told))

    assert isinstance(told[0], ssl.SSLError)
    assert protocol.told == []
    peer.close()


async def test_a_handshake_that_takes_too_long_is_given_up(
    kernels: list[ModuleType], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    told: list[BaseException | None] = []
    _, peer = joined(kernels, server_tls, client_tls, on_open=told.append, handshake_timeout_s=0.01)

    await until(lambda: bool(told))

    assert isinstance(told[0], TimeoutError)
    peer.close()


async def test_a_peer_that_vanishes_in_the_handshake_is_reported(
    kernels: list[ModuleType], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    told: list[BaseException | None] = []
    _, peer = joined(kernels, server_tls, client_tls, on_open=told.append)

    peer.close()
    await until(lambda: bool(told))

    assert isinstance(told[0], ConnectionResetError)
