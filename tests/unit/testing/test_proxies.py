"""The proxy for tests is judged by a client that is not ours."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy

from strikewire.testing.proxies import ProxyServer


@asynccontextmanager
async def shouter() -> AsyncIterator[int]:
    """A server that answers a line in capitals and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


KINDS = [ProxyType.HTTP, ProxyType.SOCKS4, ProxyType.SOCKS5]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_goes_in_comes_out_at_the_other_end(kind: ProxyType) -> None:
    async with shouter() as port, ProxyServer(names={"shouter.test": "127.0.0.1"}) as server:
        proxy = Proxy(kind, "127.0.0.1", server.port, rdns=True)
        sock = await proxy.connect("shouter.test", port)
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(b"hello\n")

        assert await reader.read() == b"HELLO\n"
        assert server.asked == [(kind.name.lower(), "shouter.test", port)]
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("kind", KINDS)
async def test_strangers_are_not_let_in(kind: ProxyType) -> None:
    async with ProxyServer(user="alice", password="secret") as server:
        proxy = Proxy(kind, "127.0.0.1", server.port, username="bob", password="secret")

        with pytest.raises(ProxyError):
            await proxy.connect("127.0.0.1", 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_is_not_there_is_said_to_be_not_there(kind: ProxyType) -> None:
    async with ProxyServer() as server:
        # The port is freed after the proxy has its own, which could else be the same.
        async with shouter() as port:
            pass
        proxy = Proxy(kind, "127.0.0.1", server.port)

        with pytest.raises(ProxyError) as caught:
            await proxy.connect("127.0.0.1", port)

        assert caught.value.error_code in (502, 0x5B, 4)


def test_tls_is_for_whom_it_is_asked() -> None:
    assert ProxyServer(ssl=ssl.create_default_context()).port == 0
