import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import h2.errors
import h2.events
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
    InvalidURIError,
    Limits,
    LocalProtocolError,
    Phase,
    Timeouts,
    connect,
    serve,
)
from strikewire.websocket.aio.http2_client import multiplex

from .http2_peers import Peer

pytestmark = pytest.mark.usefixtures("each_engine")

Script = Callable[[Peer], Awaitable[None]]


async def echo(connection: Connection) -> None:
    async for message in connection:
        await connection.send(message)


@asynccontextmanager
async def scripted(
    script: Script, *, websockets: int = 1, streams: int = 100
) -> AsyncIterator[str]:
    """Run a server of h2 that does what `script` says; it ends when every client is gone."""
    clients: set[asyncio.StreamWriter] = set()
    is_empty = asyncio.Event()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(writer)
        peer = Peer(reader, writer, client_side=False)
        settings = peer.h2.local_settings
        settings.enable_connect_protocol = websockets
        settings.max_concurrent_streams = streams
        settings.acknowledge()
        peer.h2.initiate_connection()
        peer.flush()
        try:
            await script(peer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            clients.remove(writer)
            is_empty.set()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/a?b=c"
        while clients:
            is_empty.clear()
            await is_empty.wait()


async def asked(peer: Peer) -> tuple[int, dict[str, str]]:
    """Wait for a request; return its stream and its head."""
    event = await peer.one(h2.events.RequestReceived)
    assert event.stream_id is not None
    return event.stream_id, {str(line[0]): str(line[1]) for line in event.headers or ()}


class TestConnect:
    async def test_it_asks_with_an_extended_connect_and_speaks_on_the_stream(self) -> None:
        seen = {}

        async def script(peer: Peer) -> None:
            stream_id, head = await asked(peer)
            seen.update(head)
            peer.h2.send_headers(stream_id, [(":status", "200"), ("x-server", "script")])
            peer.send(stream_id, bytes.fromhex("8102") + b"hi")
            await peer.one(h2.events.DataReceived)
            peer.send(stream_id, bytes.fromhex("880203e8"), end=True)
            await peer.rest()

        async with scripted(script) as uri:
            options = {"headers": [("X-A", "1")], "origin": "http://o", "compression": False}
            async with connect(uri, http2=True, **options) as connection:  # type: ignore[arg-type]  # given by name
                assert await connection.receive() == "hi"
                assert connection.headers == (("x-server", "script"),)
                assert (connection.path, connection.query) == ("/a", "b=c")
                assert connection.peer == uri[5:].partition("/")[0]
            assert connection.close_code == 1000
        assert seen[":method"] == "CONNECT"
        assert seen[":protocol"] == "websocket"
        assert seen[":scheme"] == "http"
        assert seen[":path"] == "/a?b=c"
        assert (seen["x-a"], seen["origin"]) == ("1", "http://o")
        assert "sec-websocket-extensions" not in seen
        assert "sec-websocket-key" not in seen

    async def test_a_server_that_does_not_offer_websockets_is_not_asked(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.rest()
            assert not peer.all_of(h2.events.RequestReceived)

        async with scripted(script, websockets=0) as uri:
            with pytest.raises(HandshakeError, match="takes no websockets over http/2"):
                await connect(uri, http2=True)

    async def test_a_server_that_speaks_http1_is_recognised(self) -> None:
        async with serve(echo) as server:
            with pytest.raises(HandshakeError, match=r"the peer speaks http/1.1, not http/2"):
                await connect(f"ws://127.0.0.1:{server.port}", http2=True)

    async def test_over_tls_a_server_that_does_not_choose_h2_is_told_no_more(
        self, server_tls: ssl.SSLContext, certificate: Path
    ) -> None:
        mine = ssl.create_default_context(cafile=str(certificate))
        async with serve(echo, ssl=server_tls) as server:
            with pytest.raises(HandshakeError, match="over TLS, not h2"):
                await connect(f"wss://127.0.0.1:{server.port}", ssl=mine, http2=True)

    async def test_over_tls_it_is_chosen_by_alpn(self, certificate: Path) -> None:
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(certificate)
        mine = ssl.create_default_context(cafile=str(certificate))
        async with serve(echo, ssl=theirs, http2=True) as server:
            uri = f"wss://127.0.0.1:{server.port}"
            async with connect(uri, ssl=mine, http2=True) as connection:
                await connection.send("x" * 300_000)
                assert await connection.receive() == "x" * 300_000

    async def test_a_refusal_carries_its_status_and_its_body(self) -> None:
        def admit(request: HttpRequest) -> HttpResponse:
            return HttpResponse(401, (("x-why", request.path),), b"who are you?")

        async with serve(echo, admit=admit, http2=True) as server:
            with pytest.raises(HandshakeStatusError) as caught:
                await connect(f"ws://127.0.0.1:{server.port}/x", http2=True)

        error = caught.value
        assert (error.status, error.body) == (401, b"who are you?")
        assert ("x-why", "/x") in error.headers

    async def test_a_refusal_whose_body_is_cut_short_is_still_one(self) -> None:
        async def script(peer: Peer) -> None:
            stream_id, _ = await asked(peer)
            peer.h2.send_headers(stream_id, [(":status", "500")])
            peer.h2.send_data(stream_id, b"because")
            peer.h2.reset_stream(stream_id)
            peer.flush()
            await peer.rest()

        async with scripted(script) as uri:
            with pytest.raises(HandshakeStatusError) as caught:
                await connect(uri, http2=True)
        assert (caught.value.status, caught.value.body) == (500, b"because")

    async def test_what_was_not_offered_cannot_be_chosen(self) -> None:
        async def script(peer: Peer) -> None:
            stream_id, _ = await asked(peer)
            peer.h2.send_headers(stream_id, [(":status", "200"), ("sec-websocket-protocol", "x")])
            peer.flush()
            await peer.rest()

        async with scripted(script) as uri:
            with pytest.raises(HandshakeError, match="not one that was offered"):
                await connect(uri, http2=True)

    async def test_a_server_that_is_full_refuses_with_its_status(self) -> None:
        async with serve(echo, http2=True, limits=Limits(connections_max=2)) as server:
            uri = f"ws://127.0.0.1:{server.port}"
            async with connect(uri, http2=True):
                with pytest.raises(HandshakeStatusError) as caught:
                    await connect(uri, http2=True)
        assert caught.value.status == 503

    async def test_a_redirect_is_followed(self) -> None:
        def admit(request: HttpRequest) -> HttpResponse | None:
            there = HttpResponse(307, (("location", "/there?x"),))
            return there if request.path == "/" else None

        async with (
            serve(echo, admit=admit, http2=True) as server,
            connect(f"ws://127.0.0.1:{server.port}", http2=True) as connection,
        ):
            assert (connection.path, connection.query) == ("/there", "x")

    async def test_one_is_opened_after_the_other(self) -> None:
        async def hang_up(connection: Connection) -> None:
            await connection.send("once")

        opened = 0
        async with serve(hang_up, http2=True) as server:
            uri = f"ws://127.0.0.1:{server.port}"
            backoff = Backoff(first_s=0.01)
            async for connection in connect(uri, http2=True, backoff=backoff):
                assert await connection.receive() == "once"
                opened += 1
                if opened == 3:
                    break
            await connection.close()

    @pytest.mark.parametrize("how", ["hang up", "goaway", "reset"])
    async def test_what_was_not_looked_at_is_tried_again(self, how: str) -> None:
        asked_times = 0

        async def script(peer: Peer) -> None:
            nonlocal asked_times
            stream_id, _ = await asked(peer)
            asked_times += 1
            if asked_times == 2:
                peer.h2.send_headers(stream_id, [(":status", "200")])
                peer.send(stream_id, bytes.fromhex("880203e8"), end=True)
            elif how == "reset":
                peer.h2.reset_stream(stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
            elif how == "goaway":
                peer.h2.close_connection(last_stream_id=0)
            else:
                return
            peer.flush()
            await peer.rest()

        async with scripted(script) as uri:
            opening = connect(uri, http2=True, backoff=Backoff(first_s=0.01))
            async for connection in opening:
                await connection.wait_closed()
                break
            assert opening.last_retry is not None
            assert isinstance(opening.last_retry.error, HandshakeLostError)
        assert asked_times == 2

    @pytest.mark.parametrize("how", ["reset", "end", "hang up", "goaway"])
    async def test_a_handshake_that_is_broken_off_is_an_error(self, how: str) -> None:
        async def script(peer: Peer) -> None:
            stream_id, _ = await asked(peer)
            match how:
                case "reset":
                    peer.h2.reset_stream(stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
                case "end":
                    peer.h2.send_headers(stream_id, [(":status", "200")])
                    peer.h2.reset_stream(stream_id)
                    peer.flush()
                case "goaway":
                    peer.h2.close_connection(last_stream_id=0)
                case "hang up":
                    return
            peer.flush()
            await peer.rest()

        async with scripted(script) as uri:
            if how == "end":  # it opened, and was lost at once
                async with connect(uri, http2=True) as connection:
                    with pytest.raises(ConnectionClosedError):
                        await connection.receive()
                assert connection.close_code == 1006
            else:
                with pytest.raises(HandshakeError):
                    await connect(uri, http2=True)

    async def test_a_server_that_does_not_answer_is_given_up(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.rest()

        async with scripted(script) as uri:
            with pytest.raises(HandshakeTimeoutError):
                await connect(uri, http2=True, limits=Limits(open_timeout_s=0.02))

    async def test_a_header_of_the_handshake_cannot_be_given(self) -> None:
        async with serve(echo, http2=True) as server:
            with pytest.raises(LocalProtocolError):
                await connect(
                    f"ws://127.0.0.1:{server.port}", http2=True, headers=[("Upgrade", "x")]
                )

    @pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
    @pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
    async def test_a_proxy_leads_there(
        self, scheme: str, secure: bool, certificate: Path, client_tls: ssl.SSLContext
    ) -> None:
        theirs, proxys = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
        for context in (theirs, proxys):
            context.load_cert_chain(certificate)
        async with (
            ProxyServer(ssl=proxys if scheme == "https" else None) as proxy,
            serve(echo, http2=True, ssl=theirs if secure else None) as server,
            connect(
                f"ws{'s' * secure}://127.0.0.1:{server.port}",
                http2=True,
                ssl=client_tls if secure else None,
                proxy=f"{scheme}://127.0.0.1:{proxy.port}",
                proxy_ssl=ssl.create_default_context(cafile=str(certificate)),
            ) as connection,
        ):
            for message in ("a", "b" * 300_000):
                await connection.send(message)
                assert await connection.receive() == message
            assert len(proxy.asked) == 1

    async def test_a_server_that_goes_away_lets_the_socket_end_in_good_order(self) -> None:
        async with serve(echo, http2=True) as server:
            connection = await connect(f"ws://127.0.0.1:{server.port}", http2=True)
            server.close()
            assert [message async for message in connection] == []
            await connection.wait_closed()

        assert (connection.close_code, connection.close_reason) == (1001, "server is closing")


class TestMultiplex:
    async def test_sockets_share_a_connection_and_are_closed_at_the_end(self) -> None:
        async with serve(echo, http2=True, subprotocols=["chat"]) as server:
            async with multiplex(f"ws://127.0.0.1:{server.port}/default?a") as session:
                first = await session.connect()
                second = await session.connect("/other", subprotocols=["chat"])
                assert len({connection.peer for connection in server.connections}) == 1
                await first.send("one")
                await second.send("two")
                assert (await second.receive(), await first.receive()) == ("two", "one")
                assert (first.path, second.path) == ("/default", "/other")
                assert second.subprotocol == "chat"
                await first.close()
                await second.send("still here")
                assert await second.receive() == "still here"
            assert (first.close_code, second.close_code) == (1000, 1000)
            assert second.closed_by_us

    async def test_the_way_there_is_as_for_a_single_one(
        self, certificate: Path, client_tls: ssl.SSLContext
    ) -> None:
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(certificate)
        async with ProxyServer() as proxy, serve(echo, http2=True, ssl=theirs) as server:
            uri = f"wss://localhost:{server.port}"
            ways: list[dict[str, Any]] = [
                {"proxy": f"socks5h://127.0.0.1:{proxy.port}"},
                {"addresses": [("127.0.0.1", server.port)]},
                {"sock": socket.create_connection(("127.0.0.1", server.port))},
            ]
            for way in ways:
                async with multiplex(
                    uri, ssl=client_tls, server_hostname="127.0.0.1", **way
                ) as session:
                    connection = await session.connect()
                    await connection.send("x")
                    assert await connection.receive() == "x"
            assert len(proxy.asked) == 1

    async def test_what_was_late_is_named(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.rest()

        async with scripted(script) as uri:
            async with multiplex(uri, timeouts=Timeouts(handshake_s=0.02)) as session:
                with pytest.raises(HandshakeTimeoutError) as caught:
                    await session.connect()
            assert caught.value.phase == Phase.HANDSHAKE

    async def test_a_refusal_costs_no_other_socket(self) -> None:
        def admit(request: HttpRequest) -> HttpResponse | None:
            return HttpResponse(403) if request.path == "/no" else None

        async with (
            serve(echo, admit=admit, http2=True) as server,
            multiplex(f"ws://127.0.0.1:{server.port}") as session,
        ):
            connection = await session.connect("/yes")
            with pytest.raises(HandshakeStatusError):
                await session.connect("/no")
            await connection.send("x")
            assert await connection.receive() == "x"

    async def test_no_more_are_opened_than_the_server_takes(self) -> None:
        async def script(peer: Peer) -> None:
            stream_id, _ = await asked(peer)
            peer.h2.send_headers(stream_id, [(":status", "200")])
            peer.flush()
            await peer.one(h2.events.DataReceived)
            peer.send(stream_id, bytes.fromhex("880203e8"), end=True)
            await peer.rest()

        async with scripted(script, streams=1) as uri, multiplex(uri) as session:
            await session.connect()
            with pytest.raises(HandshakeError, match="no more streams"):
                await session.connect()

    async def test_a_caller_that_gives_up_leaves_nothing_behind(self) -> None:
        async def script(peer: Peer) -> None:
            stream_id, _ = await asked(peer)
            reset = await peer.one(h2.events.StreamReset)
            assert (reset.stream_id, reset.error_code) == (stream_id, h2.errors.ErrorCodes.CANCEL)
            await peer.rest()

        async with scripted(script) as uri:
            limits = Limits(open_timeout_s=0.02)
            async with multiplex(uri, limits=limits) as session:
                with pytest.raises(HandshakeTimeoutError):
                    await session.connect()

    async def test_after_the_connection_is_lost_nothing_is_opened(self) -> None:
        async def script(peer: Peer) -> None:
            stream_id, _ = await asked(peer)
            peer.h2.send_headers(stream_id, [(":status", "200")])
            peer.flush()

        async with scripted(script) as uri, multiplex(uri) as session:
            connection = await session.connect()
            await connection.wait_closed()
            assert connection.close_code == 1006
            with pytest.raises(HandshakeError):
                await session.connect()

    async def test_a_failing_block_hangs_up(self) -> None:
        async def fail(port: int) -> None:
            async with multiplex(f"ws://127.0.0.1:{port}") as session:
                await session.connect()
                raise RuntimeError("on purpose")

        async with serve(echo, http2=True) as server:
            with pytest.raises(RuntimeError, match="on purpose"):
                await fail(server.port)
            assert server.connections == set()

    @pytest.mark.parametrize("target", ["relative", "?query", "/a b", "/a#b"])
    async def test_a_target_is_a_path(self, target: str) -> None:
        async with (
            serve(echo, http2=True) as server,
            multiplex(f"ws://127.0.0.1:{server.port}") as session,
        ):
            with pytest.raises(InvalidURIError):
                await session.connect(target)

    async def test_an_ssl_context_needs_wss(self) -> None:
        with pytest.raises(InvalidURIError, match="an ssl context needs wss"):
            multiplex("ws://h", ssl=ssl.create_default_context())
