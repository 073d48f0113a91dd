import asyncio
import socket
import ssl

import pytest

from strikewire.websocket import connect, serve
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.opening import default_tls, open_transport
from strikewire.websocket.aio.turns import EngineName

ENGINES: list[EngineName] = ["native", "asyncio"]


class Collector(asyncio.Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.is_lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost.set()


async def listen(connection: Connection) -> None:
    await connection.wait_closed()


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_socket_becomes_a_transport(engine: EngineName) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        transport, protocol = await open_transport(
            asyncio.get_running_loop(),
            ours,
            Collector,
            ssl=None,
            server_hostname="not.needed",
            engine=engine,
        )
        theirs.sendall(b"hello")
        theirs.shutdown(socket.SHUT_WR)
        await protocol.is_lost.wait()

    assert protocol.received == b"hello"
    assert transport.is_closing()


@pytest.mark.parametrize("engine", ENGINES)
async def test_tls_goes_over_it_where_there_is_a_context(
    engine: EngineName, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    async with serve(listen, ssl=server_tls) as server:
        sock = socket.create_connection(("127.0.0.1", server.port))
        sock.setblocking(False)
        transport, protocol = await open_transport(
            asyncio.get_running_loop(),
            sock,
            Collector,
            ssl=client_tls,
            server_hostname="127.0.0.1",
            engine=engine,
        )

        assert transport.get_extra_info("ssl_object").version() == "TLSv1.3"
        transport.abort()
        await protocol.is_lost.wait()


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_socket_is_closed_when_tls_fails(engine: EngineName) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.setblocking(False)
        theirs.sendall(b"this is no tls\n")
        with pytest.raises(ssl.SSLError):
            await open_transport(
                asyncio.get_running_loop(),
                ours,
                Collector,
                ssl=default_tls(),
                server_hostname="a.test",
                engine=engine,
            )
        await asyncio.sleep(0.01)

        assert theirs.recv(100)[:1] == b"\x16"  # our half of the handshake, and then the end
        while theirs.recv(100):
            pass


@pytest.mark.parametrize("engine", ENGINES)
async def test_being_cancelled_at_any_time_closes_the_socket_and_no_other(
    engine: EngineName,
) -> None:
    for turns in range(6):
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.settimeout(5)
            opening = open_transport(
                asyncio.get_running_loop(),
                ours,
                Collector,
                ssl=default_tls(),
                server_hostname="a.test",
                engine=engine,
            )
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(opening)
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
            # In the number that was the descriptor's there may be another by now.
            with socket.socket() as another:
                ours.close()
                assert another.fileno() >= 0
                another.getsockname()
            await asyncio.sleep(0.01)
            while theirs.recv(1000):
                pass


async def test_an_engine_that_is_none_is_refused() -> None:
    async with serve(listen) as server:
        opening = connect(
            f"ws://127.0.0.1:{server.port}",
            engine="quick",  # type: ignore[arg-type] # that is the point
        )
        with pytest.raises(ValueError, match="none of auto, native, asyncio"):
            await opening


def test_without_a_context_the_system_is_trusted_and_http_1_1_is_spoken() -> None:
    context = default_tls()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
