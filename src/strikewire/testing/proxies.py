"""A proxy for tests: HTTP CONNECT, SOCKS4, SOCKS4a and SOCKS5, spoken for real on this machine."""

import asyncio
import base64
import ipaddress
import ssl as tls
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

_CHUNK_BYTES: Final = 64 << 10


class ProxyServer:
    """A proxy on a free port of 127.0.0.1, which answers every kind of client.

    Attributes:
        port: Where it listens.
        asked: Kind of client ("http", "socks4" or "socks5"), host and port, of every request.
    """

    def __init__(
        self,
        *,
        user: str = "",
        password: str = "",
        names: Mapping[str, str] | None = None,
        refusal: bytes | None = None,
        ssl: tls.SSLContext | None = None,
        byte_by_byte: bool = False,
    ) -> None:
        """Say what it is like.

        Args:
            user: Without it everyone is let in.
            password: Of that user; SOCKS4 knows none.
            names: Names it knows, and their addresses; an address is its own name.
            refusal: What everyone is answered: a whole HTTP response, or one byte, the reply of
                SOCKS.
            ssl: For an https:// proxy.
            byte_by_byte: Whether its answers to HTTP clients come in pieces of one byte.
        """
        self.port = 0
        self.asked: list[tuple[str, str, int]] = []
        self._user = user
        self._password = password
        self._names = dict(names or {})
        self._refusal = refusal
        self._ssl = ssl
        self._byte_by_byte = byte_by_byte
        self._guests: set[asyncio.StreamWriter] = set()
        self._empty = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._ssl)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hang up on everyone."""
        self._server.close()
        while self._guests:
            for guest in self._guests:
                guest.transport.abort()
            self._empty.clear()
            await self._empty.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._guests.add(writer)
        try:
            # Clients of tests break off wherever they like.
            with suppress(OSError, asyncio.IncompleteReadError):
                first = await reader.readexactly(1)
                if first == b"\x05":
                    await self._socks5(reader, writer)
                elif first == b"\x04":
                    await self._socks4(reader, writer)
                else:
                    await self._http(first, reader, writer)
        finally:
            await _closed(writer)
            self._guests.discard(writer)
            self._empty.set()

    async def _http(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
        request_line, *lines = head.split("\r\n")
        method, target, _ = request_line.split(" ")
        assert method == "CONNECT"
        host, _, port = target.rpartition(":")
        self.asked.append(("http", host.strip("[]"), int(port)))
        wanted = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        if self._refusal is not None:
            writer.write(self._refusal)
        elif self._user and f"Proxy-Authorization: Basic {wanted}" not in lines:
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b"Proxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
            )
        else:
            answer = b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n"
            size = 1 if self._byte_by_byte else len(answer)
            await self._relay(
                host.strip("[]"),
                int(port),
                reader,
                writer,
                success=[answer[at : at + size] for at in range(0, len(answer), size)],
                failure=b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
            )

    async def _socks4(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(1) == b"\x01"
        port = int.from_bytes(await reader.readexactly(2), "big")
        address = await reader.readexactly(4)
        user = (await reader.readuntil(b"\0"))[:-1].decode()
        host = str(ipaddress.IPv4Address(address))
        # SOCKS4a: an address that cannot be, 0.0.0.x, and the name behind the user.
        if address[:3] == b"\0\0\0":
            host = (await reader.readuntil(b"\0"))[:-1].decode()
        self.asked.append(("socks4", host, port))
        if self._refusal is not None:
            writer.write(b"\0" + self._refusal + bytes(6))
        elif self._user and user != self._user:
            writer.write(b"\0\x5d" + bytes(6))
        else:
            granted, failed = b"\0\x5a" + bytes(6), b"\0\x5b" + bytes(6)
            await self._relay(host, port, reader, writer, success=[granted], failure=failed)

    async def _socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        method = b"\x02" if self._user else b"\x00"
        if method not in methods:
            writer.write(b"\x05\xff")
            return
        writer.write(b"\x05" + method)
        if self._user:
            await reader.readexactly(1)
            user = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            is_known = (user.decode(), password.decode()) == (self._user, self._password)
            writer.write(b"\x01" + (b"\x00" if is_known else b"\x01"))
            if not is_known:
                return
        assert await reader.readexactly(3) == b"\x05\x01\x00"
        kind = await reader.readexactly(1)
        if kind == b"\x03":
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            size = 4 if kind == b"\x01" else 16
            host = str(ipaddress.ip_address(await reader.readexactly(size)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(("socks5", host, port))
        bound = b"\0\x01" + bytes(6)
        if self._refusal is not None:
            writer.write(b"\x05" + self._refusal + bound)
            return
        granted, failed = b"\x05\0" + bound, b"\x05\x04" + bound
        await self._relay(host, port, reader, writer, success=[granted], failure=failed)

    async def _relay(
        self,
        host: str,
        port: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        success: list[bytes],
        failure: bytes,
    ) -> None:
        try:
            there, here = await asyncio.open_connection(self._names.get(host, host), port)
        except OSError:
            writer.write(failure)
            return
        for piece in success:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, here))
                tasks.create_task(_pump(there, writer))
        finally:
            await _closed(here)


async def _closed(writer: asyncio.StreamWriter) -> None:
    # Before Python 3.11.3 a TLS transport that is closed twice cannot be aborted any more.
    if not writer.is_closing():
        writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry everything over, and then the end."""
    with suppress(OSError):
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        elif not writer.is_closing():
            writer.close()
