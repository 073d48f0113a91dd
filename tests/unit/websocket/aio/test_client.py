import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest

from strikewire.testing.proxies import ProxyServer
from strikewire.websocket import (
    Backoff,
    Connection,
    ConnectionClosedError,
    HandshakeError,
    HandshakeLostError,
    HandshakeStatusError,
    HandshakeTimeoutError,
    HttpRequest,
    HttpResponse,
    InvalidProxyError,
    InvalidURIError,
    Limits,
    LocalProtocolError,
    Phase,
    ProxyError,
    RedirectError,
    Retry,
    Timeouts,
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
        with pytest.raises(HandshakeLostError):
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
        with pytest.raises(HandshakeTimeoutError, match=r"did not answer within 0\.2 s") as caught:
            await connect(uri, limits=Limits(open_timeout_s=0.2))

    assert caught.value.phase is Phase.HANDSHAKE


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

    with pytest.raises(ConnectionRefusedError) as caught:
        await connect(uri)

    assert caught.value.__notes__ == [f"tcp connect, {uri[5:-1]}"]


def test_an_address_is_checked_before_anything_is_opened() -> None:
    with pytest.raises(InvalidURIError, match="neither ws nor wss"):
        connect("http://127.0.0.1/")


def test_a_context_for_tls_needs_wss(client_tls: object) -> None:
    with pytest.raises(InvalidURIError, match="needs wss"):
        connect("ws://127.0.0.1/", ssl=client_tls)  # type: ignore[arg-type] # a fixture


async def test_a_header_of_the_handshake_cannot_be_given() -> None:
    with pytest.raises(LocalProtocolError, match="sets"):
        await connect("ws://127.0.0.1:1/", headers=[("Upgrade", "h2c")])


def test_a_name_for_tls_needs_wss() -> None:
    with pytest.raises(InvalidURIError, match="needs wss"):
        connect("ws://127.0.0.1/", server_hostname="a.test")


def test_the_address_of_a_proxy_is_checked_before_anything_is_opened() -> None:
    with pytest.raises(InvalidProxyError):
        connect("ws://127.0.0.1/", proxy="ftp://a.test")


def test_a_way_is_given_once() -> None:
    with socket.socket() as sock:
        ways: list[dict[str, Any]] = [
            {"proxy": "http://a.test", "sock": sock},
            {"proxy": "http://a.test", "addresses": [("127.0.0.1", 1)]},
            {"sock": sock, "addresses": [("127.0.0.1", 1)]},
        ]
        for two in ways:
            with pytest.raises(ValueError, match="have no use"):
                connect("ws://127.0.0.1/", **two)


async def echo(connection: Connection) -> None:
    async for message in connection:
        await connection.send(message)


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that answers nobody: its queue is full, so the kernel drops who knocks."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
        yield sock.getsockname()[1]
        for filler in fillers:
            filler.close()


async def silent(
    request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.read()


@asynccontextmanager
async def mute() -> AsyncIterator[int]:
    """A port where everyone is let in and nobody is answered."""
    gone = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await gone.wait()


class TestTheTimeOf:
    """Each phase fails by its own clock, and says so."""

    async def late(self, opening: connect, phase: Phase) -> None:
        with pytest.raises(HandshakeTimeoutError) as caught:
            await opening
        assert caught.value.phase is phase
        assert f"({phase})" in str(caught.value)

    async def test_the_resolver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def never(*_: object, **__: object) -> None:
            await asyncio.get_running_loop().create_future()

        # A resolver cannot be made to hang from here, so this one stands in for it.
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)

        opening = connect("ws://a.invalid", proxy=None, timeouts=Timeouts(resolve_s=0.01))
        await self.late(opening, Phase.RESOLVE)

    async def test_tcp(self) -> None:
        with black_hole() as port:
            opening = connect(f"ws://127.0.0.1:{port}", timeouts=Timeouts(connect_s=0.05))
            await self.late(opening, Phase.CONNECT)

    @pytest.mark.parametrize("scheme", ["http", "https", "socks4a", "socks5h"])
    async def test_the_proxy(self, scheme: str) -> None:
        async with mute() as port:
            opening = connect(
                "ws://a.test",
                proxy=f"{scheme}://127.0.0.1:{port}",
                timeouts=Timeouts(proxy_s=0.05),
            )
            await self.late(opening, Phase.PROXY)

    async def test_tls(self) -> None:
        async with mute() as port:
            opening = connect(f"wss://127.0.0.1:{port}", timeouts=Timeouts(tls_s=0.05))
            await self.late(opening, Phase.TLS)

    async def test_tls_inside_a_tunnel_of_tls(
        self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
    ) -> None:
        async with mute() as port, ProxyServer(ssl=server_tls) as proxy:
            opening = connect(
                f"wss://127.0.0.1:{port}",
                proxy=f"https://127.0.0.1:{proxy.port}",
                proxy_ssl=client_tls,
                timeouts=Timeouts(tls_s=0.05),
            )
            await self.late(opening, Phase.TLS)

    async def test_the_handshake(self) -> None:
        async with scripted(silent) as uri:
            opening = connect(uri, timeouts=Timeouts(handshake_s=0.05))
            await self.late(opening, Phase.HANDSHAKE)

    async def test_all_of_it(self) -> None:
        with black_hole() as port:
            opening = connect(f"ws://127.0.0.1:{port}", limits=Limits(open_timeout_s=0.05))
            await self.late(opening, Phase.CONNECT)


class TestTheWay:
    async def test_a_socket_may_be_given(self) -> None:
        async with serve(echo) as server:
            sock = socket.create_connection(("127.0.0.1", server.port))
            async with connect("ws://a.test/", sock=sock) as client:
                await client.send("a")
                assert await client.receive() == "a"

    async def test_a_socket_is_closed_when_nothing_came_of_it(self) -> None:
        async with scripted(answering(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")) as uri:
            sock = socket.create_connection(("127.0.0.1", int(uri[:-1].rpartition(":")[2])))
            with pytest.raises(HandshakeStatusError):
                await connect(uri, sock=sock)
            await asyncio.sleep(0.01)

        assert sock.fileno() == -1

    async def test_other_addresses_may_be_given_and_race(self) -> None:
        async with serve(echo) as server:
            with black_hole() as dead:
                addresses = [("127.0.0.1", dead), ("127.0.0.1", server.port)]
                opening = connect("ws://a.test/", addresses=addresses, happy_eyeballs_delay_s=0.02)
                async with opening as client:
                    assert client.peer == f"127.0.0.1:{server.port}"

    async def test_the_local_end_may_be_chosen(self) -> None:
        peers = []

        async def look(connection: Connection) -> None:
            peers.append(connection.peer)

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            local = free.getsockname()
        async with (
            serve(look) as server,
            connect(f"ws://127.0.0.1:{server.port}", local_address=local),
        ):
            pass

        assert peers == [f"127.0.0.1:{local[1]}"]

    async def test_an_address_of_the_other_family_is_not_there(self) -> None:
        with pytest.raises(socket.gaierror):
            await connect("ws://127.0.0.1:1", family=socket.AF_INET6)

    async def test_headers_may_be_made_for_every_attempt(self) -> None:
        seen = []
        count = iter(range(10))

        async def look(connection: Connection) -> None:
            seen.append(dict(connection.headers)["x-attempt"])

        async with serve(look) as server:
            opening = connect(
                f"ws://127.0.0.1:{server.port}",
                headers=lambda: [("X-Attempt", str(next(count)))],
            )
            for _ in range(2):
                async with opening:
                    pass

        assert seen == ["0", "1"]


class TestTls:
    async def test_http_1_1_is_asked_for(
        self, certificate: object, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The system's authorities, for whom the default context asks, are this one.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        names = []

        async def look(connection: Connection) -> None:
            tls = connection.transport.get_extra_info("ssl_object")
            names.append(tls.selected_alpn_protocol())

        server_tls.set_alpn_protocols(["h2", "http/1.1"])
        async with (
            serve(look, ssl=server_tls) as server,
            connect(f"wss://127.0.0.1:{server.port}"),
        ):
            pass

        assert names == ["http/1.1"]

    async def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, server_tls: ssl.SSLContext
    ) -> None:
        async with serve(echo, ssl=server_tls) as server:
            with pytest.raises(ssl.SSLCertVerificationError) as caught:
                await connect(f"wss://127.0.0.1:{server.port}")

        assert caught.value.__notes__ == [f"tls handshake, 127.0.0.1:{server.port}"]

    async def test_the_name_to_check_may_be_given(
        self, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
    ) -> None:
        async with serve(echo, ssl=server_tls) as server:
            uri, addresses = "wss://a.test/", [("127.0.0.1", server.port)]
            with pytest.raises(ssl.SSLCertVerificationError):
                await connect(uri, addresses=addresses, ssl=client_tls)
            opening = connect(uri, addresses=addresses, ssl=client_tls, server_hostname="127.0.0.1")
            async with opening as client:
                assert client.is_open

    async def test_whoever_wants_less_says_so_in_a_context(
        self, server_tls: ssl.SSLContext
    ) -> None:
        blind = ssl.create_default_context()
        blind.check_hostname = False
        blind.verify_mode = ssl.CERT_NONE
        async with (
            serve(echo, ssl=server_tls) as server,
            connect(f"wss://127.0.0.1:{server.port}", ssl=blind) as client,
        ):
            assert client.is_open


class TestAProxy:
    SCHEMES = ("http", "socks4", "socks4a", "socks5", "socks5h", "https")

    @pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
    @pytest.mark.parametrize("scheme", SCHEMES)
    async def test_every_kind_leads_to_the_server(
        self,
        scheme: str,
        secure: bool,
        server_tls: ssl.SSLContext,
        client_tls: ssl.SSLContext,
    ) -> None:
        async with (
            ProxyServer(ssl=server_tls if scheme == "https" else None) as proxy,
            serve(echo, ssl=server_tls if secure else None) as server,
            connect(
                f"ws{'s' * secure}://127.0.0.1:{server.port}",
                ssl=client_tls if secure else None,
                proxy=f"{scheme}://127.0.0.1:{proxy.port}",
                proxy_ssl=client_tls if scheme == "https" else None,
            ) as client,
        ):
            for message in ("a", "b" * 200_000):
                await client.send(message)
                assert await client.receive() == message

            assert proxy.asked == [(proxy.asked[0][0], "127.0.0.1", server.port)]

    async def test_the_environment_names_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with ProxyServer(names={"a.test": "127.0.0.1"}) as proxy, serve(echo) as server:
            monkeypatch.setenv("WS_PROXY", f"socks5h://127.0.0.1:{proxy.port}")
            async with connect(f"ws://a.test:{server.port}"):
                assert proxy.asked == [("socks5", "a.test", server.port)]

    async def test_its_refusal_is_an_error_of_its_own(self) -> None:
        async with ProxyServer(user="alice", password="secret") as proxy:
            with pytest.raises(ProxyError, match="407 Proxy Authentication Required"):
                await connect("ws://a.test", proxy=f"http://127.0.0.1:{proxy.port}")


def redirecting(location: str) -> Script:
    return answering(
        f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    )


class TestARedirect:
    async def test_it_is_followed_and_no_secret_goes_along(self) -> None:
        seen: list[dict[str, str]] = []

        async def look(connection: Connection) -> None:
            seen.append(dict(connection.headers))

        headers = [("Authorization", "x"), ("User-Agent", "y")]
        async with (
            serve(look) as server,
            scripted(redirecting(f"http://127.0.0.1:{server.port}/there")) as uri,
            connect(uri, headers=headers, origin="z") as client,
        ):
            assert client.path == "/there"

        assert "authorization" not in seen[0]
        assert (seen[0]["user-agent"], seen[0]["origin"]) == ("y", "z")

    async def test_within_one_origin_everything_goes_along(self) -> None:
        seen: list[str | None] = []

        def admit(request: HttpRequest) -> HttpResponse | None:
            seen.append(request.header("authorization"))
            if request.path == "/":
                return HttpResponse(308, (("location", "/there"),))
            return None

        async with serve(echo, admit=admit) as server:
            opening = connect(f"ws://127.0.0.1:{server.port}/", headers=[("Authorization", "x")])
            async with opening as client:
                assert client.path == "/there"

        assert seen == ["x", "x"]

    async def test_a_circle_is_left(self) -> None:
        async with serve(
            echo, admit=lambda _: HttpResponse(307, (("location", "/again"),))
        ) as server:
            with pytest.raises(RedirectError, match="more than 3 redirects"):
                await connect(f"ws://127.0.0.1:{server.port}/", redirects_max=3)

    async def test_it_may_be_forbidden(self) -> None:
        async with scripted(redirecting("/elsewhere")) as uri:
            with pytest.raises(HandshakeStatusError):
                await connect(uri, redirects_max=0)

    async def test_one_socket_leads_to_one_server(self) -> None:
        async with scripted(redirecting("/elsewhere")) as uri:
            sock = socket.create_connection(("127.0.0.1", int(uri[:-1].rpartition(":")[2])))
            with pytest.raises(RedirectError, match="one socket"):
                await connect(uri, sock=sock)

    async def test_addresses_of_one_server_are_not_those_of_another(self) -> None:
        async with scripted(redirecting("ws://b.test/")) as uri:
            port = int(uri[:-1].rpartition(":")[2])
            with pytest.raises(RedirectError, match="not where addresses lead"):
                await connect("ws://a.test/", addresses=[("127.0.0.1", port)])


SOON = Backoff(first_s=0.001, max_s=0.01)


class TestOneAfterTheOther:
    async def test_a_body_that_ends_is_followed_by_the_next_connection(self) -> None:
        async with serve(echo) as server:
            opening = connect(f"ws://127.0.0.1:{server.port}", backoff=SOON)
            seen = []
            async for client in opening:
                seen.append(client)
                if len(seen) == 3:
                    break

            assert [client.close_code for client in seen[:2]] == [1000, 1000]
            await seen[2].wait_closed()

    async def test_a_connection_that_is_lost_is_followed_by_the_next(self) -> None:
        async def drop(connection: Connection) -> None:
            await connection.send("hello")
            connection.abort()

        waits: list[Retry] = []
        async with serve(drop) as server:
            uri = f"ws://127.0.0.1:{server.port}"
            async for client in connect(uri, backoff=SOON, on_retry=waits.append):
                try:
                    assert await client.receive() == "hello"
                    await client.receive()
                except ConnectionClosedError:
                    if len(waits) == 2:
                        break
                    continue

        assert [wait.attempt for wait in waits] == [1, 2]
        errors = [wait.error for wait in waits]
        assert all(isinstance(e, ConnectionClosedError) and e.code == 1006 for e in errors)

    async def test_what_may_pass_is_waited_for(self, caplog: pytest.LogCaptureFixture) -> None:
        refusals = [
            HttpResponse(503, (("retry-after", "0"),)),
            HttpResponse(429),
        ]

        def admit(request: HttpRequest) -> HttpResponse | None:
            return refusals.pop() if refusals else None

        waits: list[Retry] = []
        async with serve(echo, admit=admit) as server:
            opening = connect(
                f"ws://127.0.0.1:{server.port}",
                backoff=SOON,
                on_retry=waits.append,
                chance=lambda: 0.5,
            )
            with caplog.at_level(logging.INFO, "strikewire.websocket"):
                async for client in opening:
                    assert client.is_open
                    break

        assert [(wait.attempt, wait.delay_s) for wait in waits] == [(1, 0.0005), (2, 0.001)]
        assert [str(wait.error) for wait in waits] == [
            "server answered 429 instead of 101",
            "server answered 503 instead of 101",
        ]
        assert opening.last_retry == waits[-1]
        assert "attempt 2: server answered 503 instead of 101" in caplog.text

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    async def test_what_will_not_pass_is_raised(self, status: int) -> None:
        async with serve(echo, admit=lambda _: HttpResponse(status)) as server:
            with pytest.raises(HandshakeStatusError) as caught:
                async for _ in connect(f"ws://127.0.0.1:{server.port}", backoff=SOON):
                    pass

        assert caught.value.status == status

    async def test_what_passes_may_be_decided(self) -> None:
        async with serve(echo) as server:
            uri = f"ws://127.0.0.1:{server.port}"
        with pytest.raises(ConnectionRefusedError):
            async for _ in connect(uri, backoff=SOON, retry=lambda _: False):
                pass

    async def test_attempts_may_be_counted_out(self) -> None:
        async with serve(echo) as server:
            uri = f"ws://127.0.0.1:{server.port}"
        backoff = Backoff(first_s=0.001, max_s=0.01, attempts_max=3)
        waits: list[Retry] = []
        with pytest.raises(ConnectionRefusedError):
            async for _ in connect(uri, backoff=backoff, on_retry=waits.append):
                pass

        assert len(waits) == 2

    async def test_a_certificate_is_not_asked_for_twice(self, server_tls: ssl.SSLContext) -> None:
        async with serve(echo, ssl=server_tls) as server:
            with pytest.raises(ssl.SSLCertVerificationError):
                async for _ in connect(f"wss://127.0.0.1:{server.port}", backoff=SOON):
                    pass

    async def test_what_the_body_raises_is_its_own_and_the_connection_is_closed(self) -> None:
        seen = []

        async def fail(uri: str) -> None:
            async for client in connect(uri, backoff=SOON):
                seen.append(client)
                raise KeyError("x")

        async with serve(echo) as server:
            with pytest.raises(KeyError):
                await fail(f"ws://127.0.0.1:{server.port}")
            await seen[0].wait_closed()

        assert seen[0].close_code == 1000

    async def test_waiting_can_be_cancelled(self) -> None:
        waits = asyncio.Event()

        async def go_on(uri: str) -> None:
            backoff = Backoff(first_s=60.0, max_s=60.0)
            async for _ in connect(uri, backoff=backoff, on_retry=lambda _: waits.set()):
                pass

        async with serve(echo) as server:
            uri = f"ws://127.0.0.1:{server.port}"
        async with asyncio.TaskGroup() as tasks:
            going = tasks.create_task(go_on(uri))
            await waits.wait()
            going.cancel()

    async def test_a_socket_is_good_for_one(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs, pytest.raises(ValueError, match="good for one"):
            async for _ in connect("ws://a.test", sock=ours):
                pass
