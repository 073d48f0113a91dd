import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from strikewire.websocket import (
    Connection,
    HandshakeError,
    HandshakeStatusError,
    HandshakeTimeoutError,
    InvalidURIError,
    Limits,
    LocalProtocolError,
    connect,
    serve,
)
from strikewire.websocket.handshake import accept_key

Script = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[str]:
    """Run a server that reads one request head and then does what `script` says.

    It ends when every client is gone.
    """
    clients: set[asyncio.StreamWriter] = set()
    is_empty = asyncio.Event()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(writer)
        try:
            # A client may give up before it has asked for anything.
            with suppress(asyncio.IncompleteReadError):
                await script(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            clients.remove(writer)
            is_empty.set()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        while clients:
            is_empty.clear()
            await is_empty.wait()


def acceptance(request: bytes) -> bytes:
    key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\nServer: script\r\n\r\n"
    ).encode()


def answering(answer: bytes) -> Script:
    async def script(
        request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(answer)

    return script


async def test_frames_that_come_with_the_handshake_are_not_lost() -> None:
    async def script(
        request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(acceptance(request) + b"\x81\x05early\x88\x02\x03\xe8")

    async with scripted(script) as uri:
        async with connect(uri) as client:
            assert [message async for message in client] == ["early"]
            assert dict(client.headers)["server"] == "script"
        assert client.close_code == 1000


async def test_a_callback_is_given_frames_that_come_with_the_handshake() -> None:
    async def script(
        request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(acceptance(request) + b"\x81\x05early\x83\x00")
        assert (await reader.read()).startswith(b"\x81\x85")  # answered before the violation

    async with scripted(script) as uri, connect(uri) as client:
        await client.deliver_to(lambda payload, is_text: client.send_nowait(payload, text=True))

    assert client.close_code == 1002


async def test_awaiting_leaves_closing_to_the_caller() -> None:
    async def echo(connection: Connection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo) as server:
        client = await connect(f"ws://127.0.0.1:{server.port}")
        await client.send("a")

        assert await client.receive() == "a"
        await client.close(4000)
        assert client.close_code == 4000


async def test_leaving_the_block_closes_1000() -> None:
    codes: list[int | None] = []

    async def listen(connection: Connection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with serve(listen) as server, connect(f"ws://127.0.0.1:{server.port}"):
        pass

    assert codes == [1000]


async def test_a_refusal_is_raised_with_its_response() -> None:
    answer = b"HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nlate"

    async with scripted(answering(answer)) as uri:
        with pytest.raises(HandshakeStatusError) as caught:
            await connect(uri)

    assert caught.value.status == 429
    assert ("retry-after", "3") in caught.value.headers
    assert caught.value.body == b"late"


async def test_a_refusal_without_length_ends_with_the_stream() -> None:
    async with scripted(answering(b"HTTP/1.1 503 No\r\n\r\nsorry")) as uri:
        with pytest.raises(HandshakeStatusError) as caught:
            await connect(uri)

    assert (caught.value.status, caught.value.body) == (503, b"sorry")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "hung up before it answered"),
        (b"HTTP/1.1 101 Swi", "hung up before it answered"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "did not answer in http"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: x\r\n\r\n",
            "does not answer our key",
        ),
        (b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"a" * 20_000, "longer than 16384 bytes"),
    ],
)
async def test_a_broken_handshake_says_what_is_wrong(answer: bytes, why: str) -> None:
    async with scripted(answering(answer)) as uri:
        with pytest.raises(HandshakeError, match=why):
            await connect(uri)


async def test_a_connection_lost_before_it_opened_is_a_failed_handshake() -> None:
    async def script(
        request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        assert isinstance(writer.transport, asyncio.WriteTransport)
        writer.transport.abort()

    async with scripted(script) as uri:
        with pytest.raises(HandshakeError):
            await connect(uri)


async def test_what_comes_after_a_failed_handshake_is_not_looked_at() -> None:
    async def script(
        request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"SSH-2.0\r\n")
        await writer.drain()
        writer.write(b"more of the same\r\n")

    async with scripted(script) as uri:
        with pytest.raises(HandshakeError, match="did not answer in http"):
            await connect(uri)


async def wait_for_the_end(
    request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.read()


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    async with scripted(wait_for_the_end) as uri:
        with pytest.raises(HandshakeTimeoutError, match=r"did not answer within 0\.01 s"):
            await connect(uri, limits=Limits(open_timeout_s=0.01))


async def test_cancelling_gives_the_socket_up() -> None:
    arrived = asyncio.Event()

    async def script(
        request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        arrived.set()
        await reader.read()

    async def open_it(uri: str) -> None:
        await connect(uri)

    async with scripted(script) as uri, asyncio.TaskGroup() as tasks:
        opening = tasks.create_task(open_it(uri))
        await arrived.wait()
        opening.cancel()


async def test_nobody_there_is_the_systems_own_error() -> None:
    async with scripted(answering(b"")) as uri:
        pass

    with pytest.raises(ConnectionRefusedError):
        await connect(uri)


def test_an_address_is_checked_before_anything_is_opened() -> None:
    with pytest.raises(InvalidURIError, match="neither ws nor wss"):
        connect("http://127.0.0.1/")


def test_a_context_for_tls_needs_wss(client_tls: object) -> None:
    with pytest.raises(InvalidURIError, match="needs wss"):
        connect("ws://127.0.0.1/", ssl=client_tls)  # type: ignore[arg-type] # a fixture


async def test_a_header_of_the_handshake_cannot_be_given() -> None:
    with pytest.raises(LocalProtocolError, match="sets"):
        await connect("ws://127.0.0.1:1/", headers=[("Upgrade", "h2c")])
