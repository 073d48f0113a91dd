import asyncio
import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from strikewire import websocket
from strikewire.websocket import (
    Backoff,
    ConnectionClosedError,
    HandshakeStatusError,
    HttpResponse,
    InvalidURIError,
    Limits,
    LocalProtocolError,
    PingTimeoutError,
    serve,
)
from strikewire.websocket.portal import Portal
from strikewire.websocket.sync import Connection, connect

Handler = Callable[[websocket.Connection], Awaitable[None]]
MAIN = threading.main_thread().ident or 0
SOON = Backoff(first_s=0.001, max_s=0.01)


@contextmanager
def serving(handler: Handler, **options: object) -> Iterator[str]:
    """Run a server in a thread of its own."""
    portal = Portal("test server")

    ready: list[websocket.Server] = []
    is_ready, is_over = threading.Event(), asyncio.Event()

    async def live() -> None:
        async with serve(handler, **options) as server:  # type: ignore[arg-type] # passed on
            ready.append(server)
            is_ready.set()
            await is_over.wait()

    living = portal.start(live)
    try:
        assert is_ready.wait(10)
        yield f"ws://127.0.0.1:{ready[0].port}"
    finally:
        portal.call_soon(is_over.set)
        living.result(10)
        portal.close()


async def echo(connection: websocket.Connection) -> None:
    async for message in connection:
        await connection.send(message)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


class TestOpening:
    def test_the_block_opens_and_closes(self) -> None:
        with serving(echo, subprotocols=["b"]) as uri:
            with connect(f"{uri}/path?query", subprotocols=["a", "b"]) as client:
                assert client.is_open
                assert (client.path, client.query) == ("/path", "query")
                assert client.subprotocol == "b"
                assert client.peer == uri[5:]
                assert ("upgrade", "websocket") in client.headers
                assert "strikewire websocket" in threads()

            assert not client.is_open
            assert (client.close_code, client.closed_by_us, client.close_reason) == (1000, True, "")
            assert "strikewire websocket" not in threads()

    def test_without_a_block_closing_is_the_callers(self) -> None:
        with serving(echo) as uri:
            client = connect(uri).open()
            client.close(4000, "enough")

            assert (client.close_code, client.close_reason) == (4000, "enough")
            client.close()

    def test_an_address_is_checked_at_once(self) -> None:
        with pytest.raises(InvalidURIError):
            connect("http://127.0.0.1")

    def test_a_refusal_is_raised_and_leaves_no_thread(self) -> None:
        with serving(echo, admit=lambda _: HttpResponse(403)) as uri:
            with pytest.raises(HandshakeStatusError):
                connect(uri).open()

            assert "strikewire websocket" not in threads()

    def test_opening_can_be_interrupted(self) -> None:
        async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            signal.pthread_kill(MAIN, signal.SIGINT)
            await reader.read()
            writer.close()

        portal = Portal("test server")
        server = portal.call(asyncio.start_server, wait, "127.0.0.1", 0)
        with pytest.raises(KeyboardInterrupt):
            connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}").open()

        assert "strikewire websocket" not in threads()
        portal.call_soon(server.close)
        portal.call(server.wait_closed)
        portal.close()


class TestReceiving:
    def test_texts_are_str_and_the_rest_is_bytes(self) -> None:
        with serving(echo) as uri, connect(uri) as client:
            client.send("héllo")
            client.send(b"\x00")
            client.send(b"[1]", text=True)
            client.send("héllo")

            assert client.receive() == "héllo"
            assert client.receive() == b"\x00"
            assert client.receive() == "[1]"
            assert client.receive(decode=False) == "héllo".encode()

    def test_patience_ends_and_nothing_is_lost_by_it(self) -> None:
        with serving(echo) as uri, connect(uri) as client:
            for timeout_s in (0.0, 0.001, 0.7):
                with pytest.raises(TimeoutError, match=f"within {timeout_s} s"):
                    client.receive(timeout_s)
            client.send("a")

            assert client.receive(10) == "a"

    def test_iterating_ends_with_the_connection(self) -> None:
        async def count(connection: websocket.Connection) -> None:
            for number in range(3):
                await connection.send(str(number))

        with serving(count) as uri, connect(uri) as client:
            assert list(client) == ["0", "1", "2"]

    def test_iterating_raises_what_was_no_normal_end(self) -> None:
        async def fail(connection: websocket.Connection) -> None:
            await connection.close(4001, "no more")

        with (
            serving(fail) as uri,
            connect(uri) as client,
            pytest.raises(ConnectionClosedError, match="closed 4001 by the peer: no more"),
        ):
            list(client)

    def test_a_thousand_messages_arrive_in_order_however_slowly_they_are_taken(self) -> None:
        async def count(connection: websocket.Connection) -> None:
            for number in range(1000):
                await connection.send(str(number))

        limits = Limits(received_messages_max=8)
        with serving(count) as uri, connect(uri, limits=limits) as client:
            assert client.receive() == "0"
            # The server was slowed down meanwhile; more than twice the limit is never here.
            assert len(client._inbox._messages) <= 16
            assert list(client) == [str(number) for number in range(1, 1000)]

    def test_each_message_goes_to_one_thread(self) -> None:
        async def count(connection: websocket.Connection) -> None:
            for number in range(500):
                await connection.send(str(number))

        taken: list[str | bytes] = []
        with serving(count) as uri, connect(uri) as client:
            takers = [threading.Thread(target=lambda: taken.extend(client)) for _ in range(4)]
            for taker in takers:
                taker.start()
            for taker in takers:
                taker.join()

        assert sorted(map(int, taken)) == list(range(500))

    def test_waiting_can_be_interrupted(self) -> None:
        async def interrupt(connection: websocket.Connection) -> None:
            await connection.receive()
            signal.pthread_kill(MAIN, signal.SIGINT)
            await connection.wait_closed()

        def ask(client: Connection) -> None:
            client.send("now")
            client.receive()

        with serving(interrupt) as uri, connect(uri) as client:
            with pytest.raises(KeyboardInterrupt):
                ask(client)

            assert client.is_open

    def test_a_keepalive_that_fails_is_its_own_error(self) -> None:
        async def be_silent(connection: websocket.Connection) -> None:
            connection.pause_reading()
            await connection.wait_closed()

        limits = Limits(ping_interval_s=0.01, ping_timeout_s=0.01, close_timeout_s=0.1)
        with (
            serving(be_silent) as uri,
            connect(uri, limits=limits) as client,
            pytest.raises(PingTimeoutError),
        ):
            client.receive(10)


class TestSending:
    def test_many_threads_may_send(self) -> None:
        with serving(echo) as uri, connect(uri) as client:
            senders = [threading.Thread(target=lambda n=n: client.send(str(n))) for n in range(20)]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()

            assert sorted(int(client.receive()) for _ in range(20)) == list(range(20))

    def test_what_the_protocol_forbids_is_not_sent(self) -> None:
        with serving(echo) as uri, connect(uri) as client:
            with pytest.raises(LocalProtocolError):
                client.send("\ud800")
            with pytest.raises(LocalProtocolError):
                client.close(reason="x" * 124)

            assert client.is_open

    def test_a_ping_is_answered(self) -> None:
        with serving(echo) as uri, connect(uri) as client:
            assert client.latency_s is None
            latency_s = client.ping()

            assert 0 < latency_s == client.latency_s

    def test_nothing_can_be_sent_after_the_end(self) -> None:
        with serving(echo) as uri:
            with connect(uri) as client:
                pass
            for call in (lambda: client.send("a"), client.ping, client.receive):
                with pytest.raises(ConnectionClosedError, match="closed 1000 by us"):
                    call()

    def test_a_connection_that_was_lost_says_so(self) -> None:
        async def drop(connection: websocket.Connection) -> None:
            connection.abort()

        with serving(drop) as uri, connect(uri) as client:
            with pytest.raises(ConnectionClosedError, match="closed 1006"):
                client.receive(10)
            with pytest.raises(ConnectionClosedError, match="closed 1006"):
                client.send("a")

    def test_hanging_up_ends_it(self) -> None:
        with serving(echo) as uri, connect(uri) as client:
            client.abort()

            with pytest.raises(ConnectionClosedError, match="closed 1006"):
                client.receive(10)


class TestOneAfterTheOther:
    def test_each_body_has_its_own_connection(self) -> None:
        seen: list[Connection] = []
        with serving(echo) as uri:
            for client in connect(uri, backoff=SOON):
                seen.append(client)
                client.send("a")
                assert client.receive(10) == "a"
                if len(seen) == 3:
                    break

            assert [client.close_code for client in seen] == [1000, 1000, 1000]
            assert "strikewire websocket" not in threads()

    def test_a_lost_connection_is_followed_by_the_next(self) -> None:
        async def drop(connection: websocket.Connection) -> None:
            connection.abort()

        opened = 0
        with serving(drop) as uri:
            opening = connect(uri, backoff=SOON)
            for client in opening:
                opened += 1
                try:
                    client.receive(10)
                except ConnectionClosedError:
                    if opened == 3:
                        break

        assert opening.last_retry is not None
        assert opening.last_retry.attempt == 2

    def test_what_will_not_pass_is_raised(self) -> None:
        with serving(echo, admit=lambda _: HttpResponse(401)) as uri:
            with pytest.raises(HandshakeStatusError):
                next(iter(connect(uri, backoff=SOON)))

            assert "strikewire websocket" not in threads()

    def test_closing_in_the_body_is_allowed(self) -> None:
        codes = []
        with serving(echo) as uri:
            for client in connect(uri, backoff=SOON):
                client.close(4000)
                codes.append(client.close_code)
                if len(codes) == 2:
                    break

        assert codes == [4000, 4000]


class TestForgetting:
    def test_a_connection_that_nobody_refers_to_is_closed(self) -> None:
        closed = threading.Event()
        codes: list[int | None] = []

        async def listen(connection: websocket.Connection) -> None:
            await connection.wait_closed()
            codes.append(connection.close_code)
            closed.set()

        with serving(listen) as uri:
            client = connect(uri).open()
            assert client.is_open
            del client
            gc.collect()

            assert closed.wait(10)
        assert codes == [1001]

    def test_one_that_is_open_when_the_interpreter_exits_is_closed(self) -> None:
        codes: list[int | None] = []

        async def listen(connection: websocket.Connection) -> None:
            await connection.wait_closed()
            codes.append(connection.close_code)

        with serving(listen) as uri:
            program = f"""
from strikewire.websocket.sync import connect
client = connect({uri!r}).open()
client.send("a")
"""
            ended = subprocess.run(
                [sys.executable, "-W", "error", "-c", program],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        assert (ended.returncode, ended.stderr) == (0, "")
        assert codes == [1001]
