"""The client with other people's servers: through proxies, past dead addresses, again and again."""

import asyncio
import http
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvloop
import websockets
from websockets.sync.server import ServerConnection as SyncServerConnection
from websockets.sync.server import serve as sync_serve

from strikewire.testing.proxies import ProxyServer
from strikewire.websocket import (
    Backoff,
    ConnectionClosedError,
    HandshakeStatusError,
    Retry,
    connect,
    sync,
)

Run = Callable[[Coroutine[Any, Any, None]], None]

SOON = Backoff(first_s=0.02, max_s=0.1)


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


async def their_echo(connection: websockets.ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def port_of(server: websockets.Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


@contextmanager
def black_hole(family: int, host: str) -> Iterator[int]:
    """A port that answers nobody: its queue is full, so the kernel drops who knocks."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        sock.listen(0)
        fillers = [socket.socket(family, socket.SOCK_STREAM) for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
        yield sock.getsockname()[1]
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("scheme", ["http", "socks4", "socks4a", "socks5", "socks5h"])
def test_their_server_behind_a_proxy(run: Run, scheme: str) -> None:
    user = "" if scheme.startswith("socks4") else "alice:secret@"

    async def scenario() -> None:
        async with (
            ProxyServer(user="alice" * bool(user), password="secret") as proxy,
            websockets.serve(their_echo, "127.0.0.1", 0) as server,
            connect(
                f"ws://127.0.0.1:{port_of(server)}",
                proxy=f"{scheme}://{user}127.0.0.1:{proxy.port}",
            ) as client,
        ):
            await client.send("x" * 500_000)
            assert await client.receive() == "x" * 500_000
            assert len(proxy.asked) == 1

    run(scenario())


@pytest.mark.parametrize(
    ("dead", "living"),
    [
        ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")),
        ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")),
    ],
    ids=["ipv6 is dead", "ipv4 is dead"],
)
def test_a_dead_address_delays_nobody(
    run: Run, dead: tuple[int, str], living: tuple[int, str]
) -> None:
    async def scenario() -> None:
        with black_hole(*dead) as port:
            async with websockets.serve(their_echo, living[1], 0) as server:
                opening = connect(
                    "ws://a.test/", addresses=[(dead[1], port), (living[1], port_of(server))]
                )
                loop = asyncio.get_running_loop()
                began_s = loop.time()
                async with opening as client:
                    assert loop.time() - began_s < 5  # the kernel would give up after minutes
                    await client.send("a")
                    assert await client.receive() == "a"

    run(scenario())


def test_a_client_outlives_its_server(run: Run) -> None:
    async def scenario() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        waits: list[Retry] = []
        stopped, failed = asyncio.Event(), asyncio.Event()

        def look(retry: Retry) -> None:
            waits.append(retry)
            if isinstance(retry.error, OSError):
                failed.set()

        async def talk() -> int:
            talks = 0
            async for client in connect(f"ws://127.0.0.1:{port}", backoff=SOON, on_retry=look):
                try:
                    await client.send("a")
                    assert await client.receive() == "a"
                    talks += 1
                    if talks == 2:
                        return talks
                    stopped.set()
                    await client.receive()
                except ConnectionClosedError:
                    continue
            raise AssertionError

        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(talk())
            async with websockets.serve(their_echo, "127.0.0.1", port):
                await stopped.wait()
            await failed.wait()
            async with websockets.serve(their_echo, "127.0.0.1", port):
                assert await talking == 2

        kinds = [type(wait.error) for wait in waits]
        assert ConnectionClosedError in kinds
        assert ConnectionRefusedError in kinds

    run(scenario())


def test_their_redirect_and_their_refusal(run: Run) -> None:
    def answer(
        connection: websockets.ServerConnection, request: websockets.Request
    ) -> websockets.Response | None:
        if request.path == "/here":
            response = connection.respond(http.HTTPStatus.FOUND, "there\n")
            response.headers["Location"] = "/there"
            return response
        if request.path == "/never":
            return connection.respond(http.HTTPStatus.FORBIDDEN, "no\n")
        return None

    async def scenario() -> None:
        async with websockets.serve(their_echo, "127.0.0.1", 0, process_request=answer) as server:
            uri = f"ws://127.0.0.1:{port_of(server)}"
            async with connect(f"{uri}/here") as client:
                assert client.path == "/there"
            with pytest.raises(HandshakeStatusError) as caught:
                await anext(aiter(connect(f"{uri}/never")))
            assert (caught.value.status, caught.value.body) == (403, b"no\n")

    run(scenario())


def test_no_loop_at_all_with_their_server_that_has_none_either() -> None:
    def echo(connection: SyncServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with sync_serve(echo, "127.0.0.1", 0) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        with sync.connect(f"ws://127.0.0.1:{server.socket.getsockname()[1]}") as client:
            for message in ("héllo", b"\xff" * 300_000):
                client.send(message)
                assert client.receive(10) == message
            assert client.ping() > 0
        assert client.close_code == 1000
        server.shutdown()
        serving.join()


def test_a_program_is_led_through_a_proxy_by_its_environment(run: Run) -> None:
    program = """
import sys
from strikewire.websocket import sync
with sync.connect(sys.argv[1]) as client:
    client.send("through")
    print(client.receive(10))
"""

    async def scenario() -> None:
        async with (
            ProxyServer(names={"venue.test": "127.0.0.1"}) as proxy,
            websockets.serve(their_echo, "127.0.0.1", 0) as server,
        ):
            environment = os.environ | {"ALL_PROXY": f"socks5h://127.0.0.1:{proxy.port}"}
            program_run = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                program,
                f"ws://venue.test:{port_of(server)}",
                stdout=subprocess.PIPE,
                env=environment,
            )
            printed, _ = await program_run.communicate()

            assert (program_run.returncode, printed) == (0, b"through\n")
            assert proxy.asked == [("socks5", "venue.test", port_of(server))]

    run(scenario())
