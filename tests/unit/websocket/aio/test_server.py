import asyncio
import socket
import ssl
from contextlib import suppress

import pytest

from strikewire.websocket import (
    AddressInUseError,
    Connection,
    ConnectionClosedError,
    HandshakeStatusError,
    HttpRequest,
    HttpResponse,
    Limits,
    connect,
    prepare,
    serve,
)


async def echo(connection: Connection) -> None:
    async for message in connection:
        await connection.send(message)


def uri(port: int, path: str = "/") -> str:
    return f"ws://127.0.0.1:{port}{path}"


async def leave(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


class TestListening:
    async def test_a_free_port_is_found(self) -> None:
        async with serve(echo) as server:
            assert server.port > 0
            assert server.addresses == (("127.0.0.1", server.port),)

    async def test_a_taken_port_is_an_error_of_its_own(self) -> None:
        async with serve(echo) as server:
            with pytest.raises(AddressInUseError) as caught:
                async with serve(echo, port=server.port):
                    pass

        assert (caught.value.host, caught.value.port) == ("127.0.0.1", server.port)

    async def test_another_trouble_with_the_address_is_the_systems_own(self) -> None:
        # An address reserved for documentation, so it is not ours.
        with pytest.raises(OSError, match=r"192\.0\.2\.1"):
            async with serve(echo, "192.0.2.1"):
                pass

    async def test_a_bound_socket_may_be_given(self) -> None:
        sock = socket.create_server(("127.0.0.1", 0))
        port = sock.getsockname()[1]

        async with serve(echo, sock=sock) as server, connect(uri(port)) as client:
            await client.send("a")

            assert (server.port, await client.receive()) == (port, "a")

    async def test_after_closing_the_port_is_free(self) -> None:
        async with serve(echo) as server:
            port = server.port

        async with serve(echo, port=port) as server:
            assert server.port == port


class TestHandlers:
    async def test_every_connection_has_a_handler(self) -> None:
        async with (
            serve(echo) as server,
            connect(uri(server.port)) as first,
            connect(uri(server.port)) as second,
        ):
            await first.send("1")
            await second.send("2")

            assert (await first.receive(), await second.receive()) == ("1", "2")
            assert len(server.connections) == 2

    async def test_a_handler_knows_the_request(self) -> None:
        async def tell(connection: Connection) -> None:
            header = dict(connection.headers)["x-name"]
            await connection.send(f"{connection.path} {connection.query} {header}")
            await connection.send(connection.peer)

        async with (
            serve(tell) as server,
            connect(uri(server.port, "/ws?a=1"), headers=[("X-Name", "me")]) as client,
        ):
            assert await client.receive() == "/ws a=1 me"
            assert str(await client.receive()).startswith("127.0.0.1:")

    async def test_returning_closes_1000(self) -> None:
        async def leave(connection: Connection) -> None:
            connection.send_nowait("bye")

        async with serve(leave) as server, connect(uri(server.port)) as client:
            assert [message async for message in client] == ["bye"]
            assert (client.close_code, client.closed_by_us) == (1000, False)

    async def test_raising_closes_1011_and_is_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail(connection: Connection) -> None:
            raise KeyError("secret")

        async with serve(fail) as server, connect(uri(server.port, "/ws")) as client:
            with pytest.raises(ConnectionClosedError) as caught:
                await client.receive()

        assert (caught.value.code, caught.value.reason) == (1011, "")
        assert [record.message for record in caplog.records] == ["handler of /ws failed"]

    async def test_a_peer_that_leaves_is_no_failure(self, caplog: pytest.LogCaptureFixture) -> None:
        async with serve(echo) as server:
            client = await connect(uri(server.port))
            client.abort()
            await client.wait_closed()

        assert caplog.records == []

    async def test_losing_another_connection_is_a_failure(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def relay(connection: Connection) -> None:
            raise ConnectionClosedError(1006)

        async with serve(relay) as server, connect(uri(server.port)) as client:
            with pytest.raises(ConnectionClosedError) as caught:
                await client.receive()

        assert caught.value.code == 1011
        assert "lost a connection" in caplog.text

    async def test_one_prepared_message_serves_every_connection(self) -> None:
        async with (
            serve(echo) as server,
            connect(uri(server.port)) as first,
            connect(uri(server.port), compression=False) as second,
        ):
            message = prepare("to all" * 20)
            for connection in server.connections:
                connection.send_prepared(message)

            assert await first.receive() == "to all" * 20
            assert await second.receive() == "to all" * 20


class TestAdmission:
    async def test_a_path_may_be_refused(self) -> None:
        def admit(request: HttpRequest) -> HttpResponse | None:
            return None if request.path == "/ws" else HttpResponse(404, (), b"no such path")

        async with serve(echo, admit=admit) as server:
            with pytest.raises(HandshakeStatusError) as caught:
                await connect(uri(server.port, "/other"))
            async with connect(uri(server.port, "/ws")) as client:
                assert client.is_open

        assert (caught.value.status, caught.value.body) == (404, b"no such path")

    async def test_foreign_pages_may_be_refused(self) -> None:
        async with serve(echo, origins=["https://example.org"]) as server:
            with pytest.raises(HandshakeStatusError) as caught:
                await connect(uri(server.port), origin="https://evil.example")
            async with connect(uri(server.port), origin="https://example.org") as client:
                assert client.is_open

        assert caught.value.status == 403

    async def test_a_subprotocol_is_agreed_on(self) -> None:
        async with (
            serve(echo, subprotocols=["v2", "v1"]) as server,
            connect(uri(server.port), subprotocols=["v1"]) as client,
        ):
            assert client.subprotocol == "v1"
            assert [connection.subprotocol for connection in server.connections] == ["v1"]


class TestClosing:
    async def test_every_websocket_is_closed_1001(self) -> None:
        async with serve(echo) as server:
            client = await connect(uri(server.port))
            server.close()
            server.close()
            with pytest.raises(ConnectionClosedError) as caught:
                await client.receive()

        assert (caught.value.code, caught.value.reason) == (1001, "server is closing")

    async def test_a_request_under_way_is_answered(self) -> None:
        may_go_on = asyncio.Event()
        has_begun = asyncio.Event()

        async def wait(request: HttpRequest) -> HttpResponse:
            has_begun.set()
            await may_go_on.wait()
            return HttpResponse(200, (), b"done")

        async with serve(echo, http=wait) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            await has_begun.wait()
            server.close()
            may_go_on.set()
            answer = await reader.read()
            await leave(writer)

        assert answer.endswith(b"connection: close\r\n\r\ndone")

    async def test_idle_http_connections_are_hung_up_on(self) -> None:
        async with serve(echo) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            await asyncio.sleep(0)
            server.close()
            assert await reader.read() == b""
            await leave(writer)

    async def test_a_handler_may_finish(self) -> None:
        finished: list[str] = []

        async def tidy(connection: Connection) -> None:
            async for _ in connection:
                pass
            await asyncio.sleep(0)
            finished.append("tidied up")

        async with serve(tidy) as server:
            client = await connect(uri(server.port))
            await client.ping()

        assert finished == ["tidied up"]
        await client.wait_closed()

    async def test_a_handler_that_does_not_end_is_cancelled(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        cancelled = asyncio.Event()

        async def stay(connection: Connection) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async with serve(stay, limits=Limits(shutdown_timeout_s=0.01)) as server:
            client = await connect(uri(server.port))
            await client.ping()

        assert cancelled.is_set()
        assert "stopping by force" in caplog.text
        await client.wait_closed()

    async def test_a_peer_that_does_not_answer_is_aborted(self) -> None:
        limits = Limits(shutdown_timeout_s=0.01)
        async with serve(echo, limits=limits) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")

        assert (await reader.read()).startswith(b"\x88\x13\x03\xe9")
        await leave(writer)

    async def test_an_error_inside_the_block_goes_its_way_untouched(self) -> None:
        with pytest.raises(KeyError):
            async with serve(echo):
                raise KeyError("mine")

    async def test_cancelling_the_block_closes_the_server(self) -> None:
        ports: asyncio.Queue[int] = asyncio.Queue()

        async def run() -> None:
            async with serve(echo) as server:
                ports.put_nowait(server.port)
                await asyncio.Event().wait()

        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(run())
            port = await ports.get()
            running.cancel()

        with pytest.raises(ConnectionRefusedError):
            await connect(uri(port))


class TestCompression:
    @pytest.mark.parametrize("compression", [True, False])
    async def test_either_end_may_do_without(self, compression: bool) -> None:
        async with (
            serve(echo, compression=compression) as server,
            connect(uri(server.port), compression=not compression) as client,
        ):
            await client.send("Hello" * 100)
            assert await client.receive() == "Hello" * 100

    async def test_both_ends_compress(self) -> None:
        async with serve(echo) as server, connect(uri(server.port)) as client:
            for _ in range(3):
                await client.send("Hello" * 1000)
                assert await client.receive() == "Hello" * 1000

    async def test_a_bomb_is_refused(self) -> None:
        async with (
            serve(echo, limits=Limits(message_bytes_max=1000)) as server,
            connect(uri(server.port)) as client,
        ):
            await client.send(bytes(100_000))
            with pytest.raises(ConnectionClosedError) as caught:
                await client.receive()

        assert caught.value.code == 1009


class TestTLS:
    async def test_messages_and_requests_travel_encrypted(
        self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
    ) -> None:
        async def hello(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, (), b"hello")

        async with serve(echo, http=hello, ssl=server_tls) as server:
            async with connect(f"wss://127.0.0.1:{server.port}", ssl=client_tls) as client:
                await client.send("x" * 300_000, compress=False)
                assert await client.receive() == "x" * 300_000
            assert client.close_code == 1000

            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=client_tls)
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"\r\n\r\nhello")
            await leave(writer)

    async def test_a_violation_is_told_before_hanging_up(
        self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
    ) -> None:
        async with (
            serve(echo, ssl=server_tls) as server,
            connect(f"wss://127.0.0.1:{server.port}", ssl=client_tls) as client,
        ):
            client.send_nowait(b"\xff", text=True)
            with pytest.raises(ConnectionClosedError) as caught:
                await client.receive()

        assert caught.value.code == 1007

    async def test_an_unknown_authority_is_refused(self, server_tls: ssl.SSLContext) -> None:
        async with serve(echo, ssl=server_tls) as server:
            with pytest.raises(ssl.SSLCertVerificationError):
                await connect(f"wss://127.0.0.1:{server.port}")
