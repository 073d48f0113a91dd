"""WebSockets over HTTP/2: our ends with each other and with Node.js, on both event loops."""

import asyncio
import datetime
import ipaddress
import json
import shutil
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from strikewire.websocket import (
    Connection,
    ConnectionClosedError,
    HandshakeError,
    HandshakeStatusError,
    HttpRequest,
    HttpResponse,
    Limits,
    Server,
    connect,
    serve,
)
from strikewire.websocket.aio import Handler
from strikewire.websocket.aio.http2_client import multiplex
from strikewire.websocket.aio.turns import EngineName

Run = Callable[[Coroutine[Any, Any, None]], None]

PEER = Path(__file__).with_name("http2_peer.mjs")
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")

LIMITS = Limits(message_bytes_max=16 << 20, frame_bytes_max=16 << 20)
MESSAGES: list[str | bytes] = ["", "héllo", b"", b"\xff" * 300, "x" * 70_000, b"y" * (1 << 20)]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


async def echo(connection: Connection) -> None:
    async for message in connection:
        await connection.send(message)


async def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (("content-type", "text/plain"),), request.path.encode())


def admit(request: HttpRequest) -> HttpResponse | None:
    return HttpResponse(403, (), b"not you") if request.path == "/refused" else None


class Wire:
    """What is between the two ends of a test.

    Attributes:
        certificate: A file, or None for plain text.
        engine: Whose sockets the server has.
    """

    def __init__(self, certificate: Path | None, engine: EngineName) -> None:
        self.certificate = certificate
        self.engine: EngineName = engine

    def server(self) -> ssl.SSLContext | None:
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context

    def client(self) -> ssl.SSLContext | None:
        path = self.certificate
        return None if path is None else ssl.create_default_context(cafile=str(path))

    def uri(self, port: int, target: str = "") -> str:
        return f"{'ws' if self.certificate is None else 'wss'}://127.0.0.1:{port}{target}"

    def address(self, port: int) -> str:
        return self.uri(port).replace("ws", "http", 1)

    def arguments(self) -> list[str]:
        return [] if self.certificate is None else [str(self.certificate)]


@pytest.fixture(params=["plain", "tls", "plain-asyncio", "tls-asyncio"])
def wire(request: pytest.FixtureRequest, tmp_path: Path) -> Wire:
    engine: EngineName = "asyncio" if request.param.endswith("asyncio") else "auto"
    if request.param.startswith("plain"):
        return Wire(None, engine)
    return Wire(make_certificate(tmp_path / "certificate.pem"), engine)


def served(handler: Handler, wire: Wire) -> Server:
    return serve(handler, ssl=wire.server(), engine=wire.engine, http2=True, limits=LIMITS)


def make_certificate(path: Path) -> Path:
    """Write a certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "strikewire test")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, SHA256())
    )
    path.write_bytes(
        made.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


class TestBothEndsOurs:
    @pytest.mark.parametrize("compression", [True, False])
    def test_messages_of_every_size(self, run: Run, wire: Wire, compression: bool) -> None:
        async def scenario() -> None:
            async with (
                serve(
                    echo, ssl=wire.server(), engine=wire.engine, http2=True, limits=LIMITS
                ) as server,
                connect(
                    wire.uri(server.port),
                    ssl=wire.client(),
                    http2=True,
                    limits=LIMITS,
                    compression=compression,
                ) as client,
            ):
                for message in MESSAGES:
                    await client.send(message)
                    assert await client.receive() == message
                assert await client.ping() >= 0
                await client.close(4000, "enough")
            assert (client.close_code, client.close_reason) == (4000, "enough")
            assert server.connections == set()

        run(scenario())

    def test_many_streams_on_one_connection(self, run: Run, wire: Wire) -> None:
        async def talk(connection: Connection, number: int) -> None:
            for turn in range(20):
                message = f"{number}:{turn}:" + "x" * (number * 331 % 5_000)
                await connection.send(message)
                assert await connection.receive() == message

        async def scenario() -> None:
            async with (
                serve(echo, ssl=wire.server(), engine=wire.engine, http2=True) as server,
                multiplex(wire.uri(server.port), ssl=wire.client()) as session,
                asyncio.TaskGroup() as tasks,
            ):
                for number in range(100):
                    tasks.create_task(talk(await session.connect(f"/{number}"), number))
                assert len(server.connections) == 100

        run(scenario())

    def test_a_stream_that_the_server_does_not_read_stalls_no_other(
        self, run: Run, wire: Wire
    ) -> None:
        may_read = asyncio.Event()

        async def lazy(connection: Connection) -> None:
            if connection.path == "/lazy":
                connection.pause_reading()
                await may_read.wait()
                connection.resume_reading()
            await echo(connection)

        async def scenario() -> None:
            async with (
                serve(
                    lazy, ssl=wire.server(), engine=wire.engine, http2=True, limits=LIMITS
                ) as server,
                multiplex(wire.uri(server.port), ssl=wire.client(), limits=LIMITS) as session,
            ):
                stalled = await session.connect("/lazy", compression=False)
                others = [await session.connect() for _ in range(5)]
                sent = [bytes([number]) * 100_000 for number in range(30)]
                for message in sent:
                    stalled.send_nowait(message)
                for turn in range(50):
                    for other in others:
                        await other.send(f"{turn}")
                    for other in others:
                        assert await other.receive() == f"{turn}"
                # More than the windows of all sockets and streams on the way hold.
                assert stalled.queued_bytes > 1_000_000
                may_read.set()
                assert [await stalled.receive() for _ in sent] == sent

        run(scenario())

    def test_a_stream_that_the_client_does_not_read_stalls_no_other(
        self, run: Run, wire: Wire
    ) -> None:
        sent = [bytes([number]) * 100_000 for number in range(30)]

        async def chatty(connection: Connection) -> None:
            if connection.path == "/chatty":
                for message in sent:
                    await connection.send(message)
            await echo(connection)

        async def scenario() -> None:
            async with (
                serve(
                    chatty, ssl=wire.server(), engine=wire.engine, http2=True, limits=LIMITS
                ) as server,
                multiplex(wire.uri(server.port), ssl=wire.client(), limits=LIMITS) as session,
            ):
                stalled = await session.connect("/chatty", compression=False)
                stalled.pause_reading()
                other = await session.connect()
                for turn in range(100):
                    await other.send("y" * 10_000 + str(turn))
                    assert await other.receive() == "y" * 10_000 + str(turn)
                (sender,) = (some for some in server.connections if some.path == "/chatty")
                assert sender.queued_bytes > 0  # and its handler waits
                stalled.resume_reading()
                assert [await stalled.receive() for _ in sent] == sent

        run(scenario())

    def test_a_server_that_stops_closes_every_stream_with_1001(self, run: Run, wire: Wire) -> None:
        async def scenario() -> None:
            async with serve(echo, ssl=wire.server(), engine=wire.engine, http2=True) as server:
                session = multiplex(wire.uri(server.port), ssl=wire.client())
                await session.__aenter__()
                connections = [await session.connect() for _ in range(10)]
            for connection in connections:
                await connection.wait_closed()
                assert connection.close_code == 1001
            await session.__aexit__(None, None, None)

        run(scenario())


@needs_node
class TestNode:
    def test_its_client(self, run: Run, wire: Wire) -> None:
        async def scenario() -> None:
            assert NODE is not None
            async with serve(
                echo,
                ssl=wire.server(),
                engine=wire.engine,
                http=page,
                admit=admit,
                subprotocols=["chat"],
                limits=LIMITS,
                http2=True,
            ) as server:
                arguments = [wire.address(server.port), *wire.arguments()]
                process = await asyncio.create_subprocess_exec(
                    NODE, PEER, "client", *arguments, stdout=asyncio.subprocess.PIPE
                )
                output, _ = await process.communicate()
            assert json.loads(output) == {
                "offered": True,
                "status": 200,
                "subprotocol": "chat",
                "echoed": [True] * 5,
                "pong": [True, "are you there"],
                "others": 20,
                "page": [200, "/page"],
                "close": [True, 1000],
                "code": 0,
                "refused": [403, "not you"],
            }

        run(scenario())

    def test_its_server(self, run: Run, wire: Wire) -> None:
        async def scenario() -> None:
            async with node_server(wire) as port:
                await talk_to_node(wire, port)

        run(scenario())


async def talk_to_node(wire: Wire, port: int) -> None:
    def opened(target: str) -> connect:
        return connect(
            wire.uri(port, target),
            ssl=wire.client(),
            http2=True,
            subprotocols=["a", "b"],
            limits=LIMITS,
        )

    async with opened("/") as client:
        assert client.subprotocol == "b"
        for message in MESSAGES:
            await client.send(message)
            assert await client.receive() == message
        await client.ping()
    assert (client.close_code, client.closed_by_us) == (1000, True)

    with pytest.raises(HandshakeStatusError) as refused:
        await opened("/refused")
    assert (refused.value.status, refused.value.body) == (403, b"not here")
    assert ("x-why", "because") in refused.value.headers
    with pytest.raises(HandshakeError, match="reset the stream with code 7"):
        await opened("/reset")
    for word in ("vanish", "end"):
        async with opened("/") as client:
            await client.send(word)
            with pytest.raises(ConnectionClosedError):
                await client.receive()
        assert client.close_code == 1006

    async with multiplex(wire.uri(port), ssl=wire.client()) as session:
        connections = [await session.connect() for _ in range(50)]
        for number, connection in enumerate(connections):
            connection.send_nowait(str(number))
        for number, connection in enumerate(connections):
            assert await connection.receive() == str(number)


@asynccontextmanager
async def node_server(wire: Wire) -> AsyncIterator[int]:
    assert NODE is not None
    process = await asyncio.create_subprocess_exec(
        NODE, PEER, "server", *wire.arguments(), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()
