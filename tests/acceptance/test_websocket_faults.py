"""What goes wrong below the protocol: peers that vanish, stall, reset, starve us or hold us up.

Whatever a peer does, the server serves the others, forgets the peer, and says nothing that a person
would have to look at.
"""

import asyncio
import logging
import os
import signal
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from strikewire.websocket import (
    Connection,
    ConnectionClosedError,
    HandshakeError,
    HttpRequest,
    HttpResponse,
    Limits,
    PingTimeoutError,
    Server,
    SlowReaderError,
    connect,
    serve,
)
from strikewire.websocket.aio.kernels import engine as engine_kernel
from strikewire.websocket.aio.turns import EngineName

from .peer_process import PeerProcess, Place, namespaces, why_no_namespaces

PATIENCE_S: Final = 60  # how long anything may take; nothing is judged by time
LIMITS: Final = Limits(
    open_timeout_s=1.0,
    close_timeout_s=1.0,
    body_timeout_s=1.0,
    idle_timeout_s=5.0,
    shutdown_timeout_s=10.0,
    ping_interval_s=0,
)
HEAD: Final = (
    b"GET %b HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PING: Final = b"\x89\x80\0\0\0\0"
CLOSE: Final = b"\x88\x82\0\0\0\0\x03\xe8"


@pytest.fixture(params=["native", "asyncio"])
def engine(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.param
    if name == "native" and not engine_kernel.AVAILABLE:
        pytest.skip("this system has no sets of sockets that can be nested")
    return name


OPENED: Final[list[socket.socket]] = []


@pytest.fixture(autouse=True)
def clean_up() -> Iterator[None]:
    yield
    for sock in OPENED:
        sock.close()
    OPENED.clear()


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        f"{record.name}: {record.getMessage()}"
        for record in caplog.records
        if record.levelno >= logging.WARNING
    ]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - so many things may make it true
            await asyncio.sleep(0.005)


def is_at_rest(server: Server) -> bool:
    """Whether the server has nobody, and nothing to do."""
    return not (server.connections or server._sockets or server._turned_away or server._work)


async def echoes(port: int, engine: EngineName) -> bool:
    """Whether an honest client is served."""
    async with asyncio.timeout(PATIENCE_S):
        async with connect(f"ws://127.0.0.1:{port}/", engine=engine, proxy=None) as client:
            await client.send("still here?")
            return await client.receive() == "still here?"


async def serve_anything(connection: Connection) -> None:
    match connection.path:
        case "/flood":
            while True:
                await connection.send(bytes(50_000))
                await asyncio.sleep(0)
        case "/close":
            await connection.close(4000, "we close first")
        case _:
            async for message in connection:
                await connection.send(message)


def serve_in_callbacks(connection: Connection) -> None:
    match connection.path:
        case "/flood":
            for _ in range(100):
                connection.send_nowait(bytes(40_000))
        case "/close":
            connection.close_nowait(4000, "we close first")
        case _:
            connection.on_message(lambda payload, text: connection.send_nowait(payload, text=text))


async def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (), b"x" * 20_000_000 if request.path == "/long" else request.body)


async def raw_socket(port: int, *, receive_bytes: int = 0) -> socket.socket:
    sock = socket.socket()
    OPENED.append(sock)
    sock.setblocking(False)
    if receive_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return sock


async def send(sock: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(sock, data)


async def receive_until(sock: socket.socket, end: bytes) -> bytes:
    """Receive up to `end`, which is the last thing that is sent for now."""
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        while end not in data:
            piece = await asyncio.get_running_loop().sock_recv(sock, 1 << 16)
            if not piece:
                break
            data += piece
    return data


async def receive_all(sock: socket.socket) -> bytes:
    """Receive until the other end closes or resets."""
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        try:
            while piece := await asyncio.get_running_loop().sock_recv(sock, 1 << 16):
                data += piece
        except ConnectionResetError:
            pass
    return data


async def open_raw(port: int, path: bytes = b"/") -> socket.socket:
    """Return a socket whose handshake is done."""
    sock = await raw_socket(port)
    await send(sock, HEAD % path)
    assert b" 101 " in await receive_until(sock, b"\r\n\r\n")
    return sock


def reset(sock: socket.socket) -> None:
    """Close with RST: nothing that waits is sent, and the other end is told so."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# ------------------------------------------------------------- a peer that goes, at every stage


async def before_the_head(port: int) -> socket.socket:
    return await raw_socket(port)


async def inside_the_head(port: int) -> socket.socket:
    sock = await raw_socket(port)
    await send(sock, HEAD[:30])
    return sock


async def right_after_the_head(port: int) -> socket.socket:
    sock = await raw_socket(port)
    await send(sock, HEAD % b"/")
    return sock


async def after_the_101(port: int) -> socket.socket:
    return await open_raw(port)


async def inside_a_header(port: int) -> socket.socket:
    sock = await open_raw(port)
    await send(sock, b"\x82\xff\0\0")
    return sock


async def inside_a_frame(port: int) -> socket.socket:
    sock = await open_raw(port)
    await send(sock, b"\x82\xff\0\0\0\0\0\x01\0\0" + bytes(30_000))
    return sock


async def inside_a_message(port: int) -> socket.socket:
    sock = await open_raw(port)
    await send(sock, b"\x01\x81\0\0\0\0a" + PING)
    return sock


async def after_many_messages(port: int) -> socket.socket:
    sock = await open_raw(port)
    await send(sock, b"\x82\x81\0\0\0\0a" * 5_000)
    return sock


async def while_it_is_sent_to(port: int) -> socket.socket:
    sock = await open_raw(port, b"/flood")
    await asyncio.get_running_loop().sock_recv(sock, 1000)
    return sock


async def after_their_close(port: int) -> socket.socket:
    sock = await raw_socket(port)
    await send(sock, HEAD % b"/close")
    await receive_until(sock, b"we close first")
    return sock


async def right_after_our_close(port: int) -> socket.socket:
    sock = await open_raw(port)
    await send(sock, CLOSE)
    return sock


async def after_both_closes(port: int) -> socket.socket:
    sock = await open_raw(port)
    await send(sock, CLOSE)
    await receive_until(sock, b"\x03\xe8")
    return sock


async def after_a_violation(port: int) -> socket.socket:
    sock = await open_raw(port)
    await send(sock, b"\xff\xff" * 1_000)
    return sock


async def inside_a_body(port: int) -> socket.socket:
    sock = await raw_socket(port)
    await send(sock, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc")
    return sock


async def between_two_requests(port: int) -> socket.socket:
    sock = await raw_socket(port)
    await send(sock, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    await receive_until(sock, b"\r\n\r\n")
    return sock


async def inside_an_answer(port: int) -> socket.socket:
    sock = await raw_socket(port)
    await send(sock, b"GET /long HTTP/1.1\r\nHost: h\r\n\r\n")
    await asyncio.get_running_loop().sock_recv(sock, 1000)
    return sock


STAGES: Final = (
    before_the_head,
    inside_the_head,
    right_after_the_head,
    after_the_101,
    inside_a_header,
    inside_a_frame,
    inside_a_message,
    after_many_messages,
    while_it_is_sent_to,
    after_their_close,
    right_after_our_close,
    after_both_closes,
    after_a_violation,
    inside_a_body,
    between_two_requests,
    inside_an_answer,
)


def end_writing(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("handler", [serve_anything, serve_in_callbacks])
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
@pytest.mark.parametrize("leave", [reset, socket.socket.close, end_writing])
async def test_a_peer_may_leave_at_any_stage(
    engine: EngineName,
    leave: Callable[[socket.socket], None],
    stage: Callable[[int], Awaitable[socket.socket]],
    handler: Callable[[Connection], Awaitable[None] | None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serve(handler, http=answer, engine=engine, limits=LIMITS) as server:
        for _ in range(5):
            sock = await stage(server.port)
            leave(sock)
            if leave is end_writing:
                await receive_all(sock)
                sock.close()
        await until(lambda: is_at_rest(server))

        assert await echoes(server.port, engine)

    assert complaints(caplog) == []


# ---------------------------------------------------------------- a server that goes, as well


def accepted(head: bytes) -> bytes:
    """Return the 101 that answers a request head."""
    from strikewire.websocket.handshake import accept_key

    key = head.lower().partition(b"sec-websocket-key: ")[0]
    value = head[len(key) :].partition(b"\r\n")[0].partition(b": ")[2].decode()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_key(value).encode() + b"\r\n\r\n"
    )


SAID: Final = {
    "nothing": (False, b""),
    "half_a_status_line": (False, b"HTTP/1.1 10"),
    "half_a_head": (False, b"HTTP/1.1 101 Switching Protocols\r\nUpgr"),
    "the_101": (True, b""),
    "a_message": (True, b"\x81\x02hi"),
    "half_a_frame": (True, b"\x82\x7e\x10\x00abc"),
    "half_a_message": (True, b"\x01\x02hi\x89\x00"),
    "a_close": (True, b"\x88\x02\x03\xe8"),
    "a_violation": (True, b"\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("leave", [reset, socket.socket.close])
async def test_a_server_may_leave_at_any_stage(
    engine: EngineName,
    leave: Callable[[socket.socket], None],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    opens, words = SAID[said]
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        async def serve_one() -> None:
            sock, _ = await loop.sock_accept(listener)
            head = await receive_until(sock, b"\r\n\r\n")
            await send(sock, accepted(head) + words if opens else words)
            leave(sock)

        async def use() -> None:
            uri = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
            async with connect(uri, engine=engine, limits=LIMITS, proxy=None) as client:
                async for _ in client:
                    client.send_nowait("and you?")
            assert client.close_code in {1000, 1001}

        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(serve_one())
            try:
                await use()
                ended = 1000
            except ConnectionClosedError as error:
                ended = error.code
            except (HandshakeError, OSError):
                ended = 0

    assert ended in ({1000, 1002, 1006} if opens else {0})

    assert complaints(caplog) == []


async def test_nobody_listens(engine: EngineName) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(OSError, match=r"refused|Connect"):
        await connect(f"ws://127.0.0.1:{port}/", engine=engine, limits=LIMITS, proxy=None)


# -------------------------------------------------------------------------- peers that dawdle


async def dawdle(port: int, first: bytes, piece: bytes) -> bytes:
    """Send `first`, then a piece now and then; return what is answered until the end."""
    loop = asyncio.get_running_loop()
    sock = await raw_socket(port)
    data = b""
    # One after the other, and none cancelled for a piece: what it had received would be lost.
    receiving = loop.create_task(loop.sock_recv(sock, 1 << 16))
    try:
        await send(sock, first)
        while True:
            await asyncio.wait({receiving}, timeout=0.05)
            if not receiving.done():
                await send(sock, piece)
                continue
            if not (received := receiving.result()):
                return data
            data += received
            receiving = loop.create_task(loop.sock_recv(sock, 1 << 16))
    except (ConnectionResetError, BrokenPipeError):
        return data
    finally:
        receiving.cancel()
        sock.close()


@pytest.mark.parametrize(
    ("first", "piece", "status"),
    [
        (b"", b"", b"408"),
        (b"G", b"", b"408"),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n", b"408"),
        (b"GET / HTTP/1.1\r\nX: ", b"y", b"408"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", b"x", b"408"),
        (
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n",
            b"408",
        ),
    ],
    ids=["silence", "a_letter", "lines", "letters", "a_body", "chunks"],
)
async def test_heads_and_bodies_that_come_too_slowly_are_refused_and_keep_nobody_out(
    engine: EngineName,
    first: bytes,
    piece: bytes,
    status: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serve(serve_anything, http=answer, engine=engine, limits=LIMITS) as server:
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            slow = [tasks.create_task(dawdle(server.port, first, piece)) for _ in range(50)]
            for _ in range(10):
                assert await echoes(server.port, engine)
        await until(lambda: is_at_rest(server))

    answers = {task.result().split(b" ", 2)[1] if task.result() else b"" for task in slow}
    assert answers <= {status, b""}
    assert complaints(caplog) == []


async def test_a_frame_that_never_ends_is_no_sign_of_life(engine: EngineName) -> None:
    limits = Limits(ping_interval_s=0.2, ping_timeout_s=0.3, close_timeout_s=0.5)
    closed: asyncio.Future[ConnectionClosedError] = asyncio.get_running_loop().create_future()

    async def handler(connection: Connection) -> None:
        try:
            await connection.receive()
        except ConnectionClosedError as error:
            closed.set_result(error)
            raise

    async with serve(handler, engine=engine, limits=limits) as server:
        answers = await dawdle(server.port, HEAD % b"/" + b"\x82\xfe\x10\x00\0\0\0\0", b"x")
        error = await closed
        await until(lambda: is_at_rest(server))

    assert isinstance(error, PingTimeoutError)
    assert answers.endswith(b"ping was not answered")


async def test_an_answer_that_nobody_reads_is_given_up(
    engine: EngineName, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(serve_anything, http=answer, engine=engine, limits=LIMITS) as server:
        socks = [await raw_socket(server.port, receive_bytes=4096) for _ in range(10)]
        for sock in socks:
            await send(sock, b"GET /long HTTP/1.1\r\nHost: h\r\n\r\n")
        assert await echoes(server.port, engine)
        await until(lambda: is_at_rest(server))
        for sock in socks:
            sock.close()

    assert complaints(caplog) == []


# ------------------------------------------------------------------- peers that stop reading


async def test_a_stopped_peer_is_waited_for_by_send_and_holds_up_nobody_else(
    engine: EngineName,
) -> None:
    """`await send()` waits while the peer is stopped, and goes on when it is."""
    limits = Limits(ping_interval_s=0)
    sent = 0

    async def handler(connection: Connection) -> None:
        nonlocal sent
        if connection.path == "/":
            async for message in connection:
                await connection.send(message)
        while True:
            await connection.send(bytes(100_000))
            sent += 1
            await asyncio.sleep(0)

    async with serve(handler, engine=engine, limits=limits) as server:
        async with reading_peer(server, engine, path="/flood") as peer:
            await until(lambda: sent > 20)
            peer.send_signal(signal.SIGSTOP)
            held = await standstill(lambda: sent)
            (connection,) = server.connections
            assert 0 < connection.queued_bytes <= limits.queued_bytes_high + 100_100
            assert await echoes(server.port, engine)
            assert sent == held

            peer.send_signal(signal.SIGCONT)
            await until(lambda: sent > held + 50)
        await until(lambda: not server.connections)


async def test_a_stopped_peer_is_given_up_once_too_much_waits_for_it(
    engine: EngineName, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Limits(ping_interval_s=0, queued_bytes_max=1 << 20, close_timeout_s=0.5)
    ended: asyncio.Future[ConnectionClosedError] = asyncio.get_running_loop().create_future()
    most_queued = 0

    async def handler(connection: Connection) -> None:
        nonlocal most_queued
        try:
            while True:
                connection.send_nowait(bytes(10_000))
                most_queued = max(most_queued, connection.queued_bytes)
                await asyncio.sleep(0)
        except ConnectionClosedError as error:
            ended.set_result(error)
            raise

    async with (
        serve(handler, engine=engine, limits=limits) as server,
        reading_peer(server, engine) as peer,
    ):
        peer.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE_S):
            error = await ended
        await until(lambda: is_at_rest(server))

    assert isinstance(error, SlowReaderError)
    assert (error.code, error.by_us) == (1008, True)
    assert most_queued <= limits.queued_bytes_max
    assert complaints(caplog) == []


async def test_a_stopped_peer_is_given_up_when_it_answers_no_ping(engine: EngineName) -> None:
    limits = Limits(ping_interval_s=0.2, ping_timeout_s=0.3, close_timeout_s=0.5)
    ended: asyncio.Future[ConnectionClosedError] = asyncio.get_running_loop().create_future()

    async def handler(connection: Connection) -> None:
        try:
            await connection.receive()
        except ConnectionClosedError as error:
            ended.set_result(error)
            raise

    async with (
        serve(handler, engine=engine, limits=limits) as server,
        reading_peer(server, engine) as peer,
    ):
        peer.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE_S):
            error = await ended
        await until(lambda: is_at_rest(server))

    assert isinstance(error, PingTimeoutError)


async def standstill(value: Callable[[], int]) -> int:
    """Wait until a number has not changed for a while; return it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            before = value()
            await asyncio.sleep(0.3)
            if value() == before:
                return before


@asynccontextmanager
async def reading_peer(
    server: Server, engine: EngineName, *, path: str = "/"
) -> AsyncIterator[PeerProcess]:
    """Run a client in a process of its own that reads everything."""
    async with PeerProcess(end="client", engine=engine, port=server.port, path=path) as peer:
        await until(lambda: bool(server.connections))
        yield peer
        peer.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("leave", [reset, socket.socket.close])
async def test_a_handler_that_does_nothing_but_send_notices_that_its_peer_is_gone(
    engine: EngineName, leave: Callable[[socket.socket], None]
) -> None:
    async with PeerProcess(engine=engine, handler="flood", patience_s=5) as server:
        sock = await open_raw(server.port)
        await asyncio.get_running_loop().sock_recv(sock, 1000)
        leave(sock)

        state = await until_state(server, lambda state: state["opened"] > state["open"])

    assert state["complaints"] == {}


async def test_a_handler_that_does_nothing_but_send_holds_up_nobody_else(
    engine: EngineName,
) -> None:
    async with (
        PeerProcess(engine=engine, handler="flood", patience_s=5) as server,
        PeerProcess(end="client", engine=engine, port=server.port),
    ):
        await until_state(server, lambda state: state["open"] == 1)
        for _ in range(3):
            await open_raw(server.port)
        await until_state(server, lambda state: state["open"] == 4)


# -------------------------------------------------------------------------- half-open peers


@pytest.mark.parametrize("watching", ["server", "client"])
async def test_a_peer_that_vanishes_without_a_word_is_noticed_by_its_silence(
    engine: EngineName, watching: str
) -> None:
    if reason := why_no_namespaces():
        pytest.skip(reason)
    impatient = {"ping_interval_s": 0.3, "ping_timeout_s": 0.5, "close_timeout_s": 0.5}
    patient = {"ping_interval_s": 0.0}
    async with (
        namespaces() as (left, right),
        PeerProcess(
            engine=engine,
            place=left,
            limits=impatient if watching == "server" else patient,
        ) as server,
        PeerProcess(
            end="client",
            engine=engine,
            place=right,
            host=left.address,
            port=server.port,
            limits=impatient if watching == "client" else patient,
        ) as client,
    ):
        watcher = server if watching == "server" else client
        assert (await watcher.state())["open"] == 1

        await right.cut_the_cable()
        state = await until_state(watcher, lambda state: not state["open"])

        assert state["endings"] == {"1011 ping was not answered": 1}
        assert state["complaints"] == {}


async def test_a_client_that_vanishes_inside_its_handshake_is_forgotten(
    engine: EngineName,
) -> None:
    if reason := why_no_namespaces():
        pytest.skip(reason)
    async with (
        namespaces() as (left, right),
        PeerProcess(
            engine=engine, place=left, limits={"open_timeout_s": 1.0, "close_timeout_s": 0.5}
        ) as server,
    ):
        before = (await server.state())["files"]
        await connect_and_say(right, left, server.port, HEAD[:40])
        await until_state(server, lambda state: state["files"] > before)
        await right.cut_the_cable()
        state = await until_state(server, lambda state: state["files"] == before)

        assert state["complaints"] == {}


async def connect_and_say(here: Place, there: Place, port: int, words: bytes) -> None:
    """Connect from a namespace, send something, and stay."""
    script = (
        "import socket, sys\n"
        f"sock = socket.create_connection(({there.address!r}, {port}))\n"
        f"sock.sendall({words!r})\n"
        "sys.stdin.read()\n"
    )
    await here.run_python(script)


# ---------------------------------------------------------------------- without descriptors


async def test_a_server_without_descriptors_waits_for_some_without_spinning(
    engine: EngineName,
) -> None:
    async with PeerProcess(engine=engine, files_max=48) as server:
        first = await open_raw(server.port)
        crowd = [await raw_socket(server.port) for _ in range(100)]
        await until_state(server, lambda state: state["files"] >= 47)

        # Nothing is there to do but to try again now and then.
        before = await server.state()
        await asyncio.sleep(2)
        after = await server.state()
        assert after["turns"] - before["turns"] < 100
        assert set(after["complaints"]) <= {
            "cannot accept a connection: OSError(24, 'Too many open files')",
            "socket.accept() out of system resource: OSError(24, 'Too many open files')",
        }

        # Who is inside is served all the while,
        await send(first, b"\x81\x82\0\0\0\0hi")
        assert await receive_until(first, b"hi") == b"\x81\x02hi"

        # and everybody else when there is room again.
        for sock in crowd:
            sock.close()
        assert await echoes(server.port, engine)
        first.close()
        await until_state(server, lambda state: state["open"] == 0)


async def test_a_client_without_descriptors_is_told_so(engine: EngineName) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with serve(serve_anything, engine=engine, limits=LIMITS) as server:
        uri = f"ws://127.0.0.1:{server.port}/"
        assert await echoes(server.port, engine)
        held = [os.open(os.devnull, os.O_RDONLY)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (held[0], hard))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                await connect(uri, engine=engine, limits=LIMITS, proxy=None)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            os.close(held[0])
        assert await echoes(server.port, engine)


async def until_state(
    process: PeerProcess, condition: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while not condition(state := await process.state()):  # noqa: ASYNC110 - it is in another process
            await asyncio.sleep(0.05)
    return state


# ------------------------------------------------------------------------ memory, back again


@pytest.mark.parametrize(
    "count", [1_000, pytest.param(10_000, marks=pytest.mark.full)], ids=["1k", "10k"]
)
async def test_many_connections_opened_and_dropped_leave_nothing(
    engine: EngineName, count: int
) -> None:
    limits: dict[str, float] = {"connections_max": 20_000, "ping_interval_s": 0.0}
    async with PeerProcess(engine=engine, limits=limits) as server:
        for _ in range(3):
            await open_and_drop(server, count)
        before = await server.state()

        for _ in range(2):
            await open_and_drop(server, count)
        after = await until_state(server, lambda state: state["remembered"] == 0)

        assert after["opened"] == 5 * count
        assert after["files"] == before["files"]
        assert after["complaints"] == {}
        # Each crowd takes the places of the one before, but for gaps. A connection that
        # is left behind has 2,000 bytes at least.
        assert after["resident_bytes"] - before["resident_bytes"] < 1_000_000 + 1_000 * count


async def open_and_drop(server: PeerProcess, count: int) -> None:
    """Have so many connections at once, then drop them: by reset, by closing, with a Close."""
    opened_before = (await server.state())["opened"]
    socks = []
    for _ in range(0, count, 50):
        fresh = [await raw_socket(server.port) for _ in range(50)]
        for sock in fresh:
            await send(sock, HEAD % b"/")
        for sock in fresh:
            await receive_until(sock, b"\r\n\r\n")
        socks += fresh
    state = await until_state(server, lambda state: state["opened"] == opened_before + count)
    assert state["open"] == count
    for index, sock in enumerate(socks):
        if index % 3 == 2:
            await send(sock, CLOSE)
        if index % 3:
            reset(sock)  # leaves no port in TIME_WAIT behind
        else:
            sock.close()
    await until_state(server, lambda state: state["open"] == 0)


@pytest.mark.parametrize("handler", ["callback", "task"])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
@pytest.mark.parametrize(
    "count", [50_000, pytest.param(1_000_000, marks=pytest.mark.full)], ids=["50k", "1M"]
)
async def test_many_messages_leave_nothing(
    engine: EngineName, handler: str, compressed: bool, count: int
) -> None:
    async with PeerProcess(engine=engine, handler=handler) as server:
        uri = f"ws://127.0.0.1:{server.port}/"
        client = await connect(uri, engine=engine, compression=compressed, proxy=None)
        await ping_pong(client, count // 10)
        before = await server.state()

        await ping_pong(client, count)
        after = await server.state()

        await client.close()
        assert after["resident_bytes"] - before["resident_bytes"] < 1_000_000
        state = await until_state(server, lambda state: state["open"] == 0)
        assert state["messages"] == count + count // 10


async def ping_pong(client: Connection, count: int) -> None:
    """Send so many messages, a hundred at a time, and take the answers."""
    message = '{"instrument":"BTC-PERPETUAL","price":100000.5,"amount":10}'
    for _ in range(count // 100):
        for _ in range(100):
            client.send_nowait(message)
        for _ in range(100):
            assert await client.receive() == message
