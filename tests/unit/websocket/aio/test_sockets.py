import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from strikewire.testing.transport import MemoryTransport
from strikewire.websocket.aio.sockets import hang_up, peer_name, prepare_socket
from strikewire.websocket.limits import Limits


class Named(asyncio.BaseTransport):
    """A transport that knows one thing."""

    def __init__(self, **known: object) -> None:
        super().__init__(known)


def test_a_peer_has_a_name() -> None:
    assert peer_name(Named(peername=("127.0.0.1", 5))) == "127.0.0.1:5"
    assert peer_name(Named(peername=("::1", 5, 0, 0))) == "[::1]:5"
    assert peer_name(Named(peername="/run/socket")) == "/run/socket"
    assert peer_name(Named()) == ""


def test_the_kernels_send_buffer_is_set_when_a_size_is_given() -> None:
    with socket.socket() as sock:
        before = sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)

        prepare_socket(Named(socket=sock), Limits())
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == before

        prepare_socket(Named(socket=sock), Limits(kernel_send_bytes=8192))
        assert 8192 <= sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 4 * 8192


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="this kernel has no such mark")
def test_what_the_kernel_takes_unsent_is_set_when_a_number_is_given() -> None:
    with socket.socket() as sock:
        prepare_socket(Named(socket=sock), Limits(kernel_unsent_bytes=16_384))

        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 16_384


def test_a_socket_that_is_not_of_tcp_has_nothing_unsent() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        prepare_socket(Named(socket=sock), Limits(kernel_unsent_bytes=16_384))


def test_a_transport_without_a_socket_is_left_alone() -> None:
    prepare_socket(Named(), Limits(kernel_send_bytes=8192))


async def test_only_our_half_is_closed() -> None:
    transport = MemoryTransport()

    hang_up(transport)

    assert (transport.has_ended, transport.is_closing()) == (True, False)


async def test_tls_is_closed_whole() -> None:
    transport = MemoryTransport(half_close=False)

    hang_up(transport)

    assert (transport.has_ended, transport.is_closing()) == (False, True)


async def test_tls_that_was_hung_up_on_twice_can_be_aborted(
    certificate: Path, client_tls: ssl.SSLContext
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        ended = loop.create_future()

        class Client(asyncio.Protocol):
            def connection_lost(self, exc: Exception | None) -> None:
                ended.set_result(exc)

        transport, _ = await loop.create_connection(Client, "127.0.0.1", port, ssl=client_tls)

        hang_up(transport)
        hang_up(transport)
        transport.abort()

        await ended


async def test_a_connection_that_was_reset_is_aborted() -> None:
    class Reset(MemoryTransport):
        def write_eof(self) -> None:
            raise OSError(107, "Transport endpoint is not connected")

    transport = Reset()

    hang_up(transport)

    assert transport.is_closing()
