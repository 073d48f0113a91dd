"""HTTP/2 on a server: its streams become WebSockets, or requests that are answered."""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Final, cast

from strikewire.websocket import handshake, http2_heads
from strikewire.websocket.aio.admission import Admit, DirectAdmission, Verdict
from strikewire.websocket.aio.http2_connection import Http2Connection
from strikewire.websocket.aio.http2_stream import Http2StreamTransport
from strikewire.websocket.aio.http_connection import HttpConnection
from strikewire.websocket.aio.response_writer import DirectResponse
from strikewire.websocket.aio.sockets import client_address, hang_up, peer_name
from strikewire.websocket.handshake import Accepted
from strikewire.websocket.headers import tokens
from strikewire.websocket.http import HttpRequest, HttpResponse, plain_text
from strikewire.websocket.http2 import Http2Event, Http2Protocol, RequestReceived
from strikewire.websocket.http2_frames import PREFACE, ErrorCode
from strikewire.websocket.http2_limits import Http2Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from strikewire.websocket.aio.response_writer import HttpHandler
    from strikewire.websocket.aio.server import Handler, Server

logger = logging.getLogger("strikewire.websocket")

ALPN: Final = ("h2", "http/1.1")
"""What a server offers in the TLS handshake, the most wanted first."""


class Http2Door(asyncio.Protocol):
    """A new socket until it is known whether it speaks HTTP/2 or HTTP/1.1.

    Over TLS the handshake has said so. Without, an HTTP/2 client that knows its server begins with
    the connection preface (RFC 9113 section 3.3), and no other client does.
    """

    def __init__(self, server: "Server", http2_limits: Http2Limits) -> None:
        self._server = server
        self._http2_limits = http2_limits
        self.address = ""
        self._data = b""
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Hang up."""
        self._is_over = True
        self._wait_for(self._server.limits.close_timeout_s, self._transport.abort)
        hang_up(self._transport)

    def abort(self) -> None:
        """Hang up now."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a new socket, or turn it away."""
        # Not an assertion: the transports of uvloop have no such base.
        self._transport = transport = cast("asyncio.Transport", transport)
        self.address = client_address(transport)
        encryption = transport.get_extra_info("ssl_object")
        if encryption is not None:
            self._hand_over(http2=encryption.selected_alpn_protocol() == "h2")
        elif self._server.is_closing or self._server.enter(self) is not None:
            self._server.leave(self)
            self._hand_over(http2=False)  # which says why
        else:
            self._wait_for(self._server.limits.open_timeout_s, self.close)

    def data_received(self, data: bytes) -> None:
        """Look at the first bytes."""
        if self._is_over:
            return
        self._data += data
        size = min(len(self._data), len(PREFACE))
        is_preface = self._data[:size] == PREFACE[:size]
        if size == len(PREFACE) or not is_preface:
            self._server.leave(self)
            self._hand_over(http2=is_preface)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take in that the socket is gone."""
        del exc
        self._stop()
        self._server.leave(self)

    def _hand_over(self, *, http2: bool) -> None:
        self._stop()
        newcomer: asyncio.Protocol = (
            Http2Socket(
                self._server,
                self._http2_limits,
                peer=peer_name(self._transport),
                address=self.address,
            ).connection
            if http2
            else HttpConnection(self._server)
        )
        self._transport.set_protocol(newcomer)
        newcomer.connection_made(self._transport)
        if self._data:
            newcomer.data_received(self._data)

    def _wait_for(self, seconds: float, then: "Callable[[], None]") -> None:
        self._stop()
        if seconds > 0:
            self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Http2Socket:
    """One HTTP/2 connection of a server.

    Attributes:
        connection: It, for the transport.
        server: Whose it is.
        peer: Address and port of the other end.
        address: Of the client, without the port.
    """

    def __init__(
        self, server: "Server", http2_limits: Http2Limits, *, peer: str, address: str
    ) -> None:
        self.server: Final = server
        self.peer: Final = peer
        self.address: Final = address
        protocol = Http2Protocol(
            "server", limits=http2_limits, head_bytes_max=server.limits.head_bytes_max
        )
        self.connection: Final = Http2Connection(
            protocol,
            limits=server.limits,
            http2_limits=http2_limits,
            on_event=self._take,
            on_lost=self._on_lost,
            on_made=self._on_made,
        )

    def close(self) -> None:
        """Take no new streams, and hang up after those that are open."""
        self.connection.close()

    def abort(self) -> None:
        """Hang up now."""
        self.connection.abort()

    def _on_made(self) -> None:
        if self.server.is_closing or self.server.enter(self) is not None:
            self.connection.close()

    def _on_lost(self, error: Exception | None) -> None:
        del error  # a client may hang up whenever it likes
        self.server.leave(self)

    def _take(self, event: Http2Event) -> None:
        if isinstance(event, RequestReceived):
            _Exchange(self, event).begin()


class _Exchange:
    """One request, until it is answered or has become a WebSocket.

    Attributes:
        address: Empty: its socket is counted, not every stream of it.
    """

    address: Final = ""

    def __init__(self, socket: Http2Socket, event: RequestReceived) -> None:
        self._socket = socket
        self._server = socket.server
        self._limits = socket.server.limits
        self._connection = socket.connection
        self._stream_id = event.stream_id
        self._head = event.head
        self._head_bytes = event.head_bytes
        self._has_ended = event.ended
        self._body = bytearray()
        self._is_answered = False
        self._is_at_work = False
        self._is_streaming = False
        self._is_over = False
        self._moved = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Nothing to do while the server closes: it is answered as if nothing were."""

    def abort(self) -> None:
        """Cut the stream short."""
        self._connection.reset(self._stream_id, ErrorCode.CANCEL)
        self._leave()

    # ------------------------------------------------------------------------------- the request

    def begin(self) -> None:
        """Look at the head."""
        self._connection.adopt(self._stream_id, self)
        head = self._head
        refusal = self._server.enter(self) or self._too_soon()
        if refusal is not None:
            self._answer(refusal)
        elif self._head_bytes > self._limits.head_bytes_max:
            most = self._limits.head_bytes_max
            self._answer(plain_text(431, f"request head is longer than {most} bytes"))
        elif head.method == "CONNECT":
            self._connect()
        elif (head.content_length or 0) > self._limits.body_bytes_max:
            self._refuse_body()
        elif self._has_ended:
            self._respond()
        else:
            if "100-continue" in tokens(head.headers, "expect"):
                self._connection.send_head(self._stream_id, ((":status", "100"),))
            self._wait_for(self._limits.body_timeout_s, self._give_up)

    def _connect(self) -> None:
        """Open a WebSocket, or say why not."""
        if self._head.protocol is None:
            self._answer(plain_text(501, "this is no proxy"))
            return
        if self._head.protocol != "websocket":
            self._answer(plain_text(501, "what is spoken here is websocket"))
            return
        request = self._head.request(peer=self._socket.peer)
        verdict = http2_heads.accept(request, self._server.policy, ended=self._has_ended)
        if isinstance(verdict, HttpResponse):
            self._answer(verdict)
        elif self._server.admit is None:
            self._conclude(request, verdict, None)
        else:
            self._is_at_work = True
            self._server.start(self._admit(self._server.admit, request, verdict))

    async def _admit(self, admit: Admit, request: HttpRequest, accepted: Accepted) -> None:
        """Have a handshake admitted; whatever happens, there is an answer."""
        try:
            admission = admit(request)
            if isinstance(admission, Awaitable):
                admission = await admission
            self._conclude(request, accepted, admission)
        except Exception:  # the outermost edge of the admission's task
            logger.exception("admission to %s failed", request.path)
            self._answer(plain_text(500, "internal error"))
        finally:
            self._is_at_work = False
            self._release()

    def _conclude(self, request: HttpRequest, accepted: Accepted, admission: Verdict) -> None:
        if self._is_over or self._is_answered:
            return  # the client left while it was thought about
        if isinstance(admission, HttpResponse):
            self._answer(admission)
        elif isinstance(admission, DirectAdmission):
            self._ask_for_http1()
        elif admission is None:
            self._open(request, accepted, None)
        else:
            terms = handshake.amend(
                request,
                accepted,
                subprotocol=admission.subprotocol,
                headers=admission.headers,
            )
            self._open(request, terms, admission.handler)

    def _open(self, request: HttpRequest, verdict: Accepted, handler: "Handler | None") -> None:
        self._is_over = True
        self._release()
        transport = Http2StreamTransport(
            self._connection, self._stream_id, linger_s=self._limits.close_timeout_s
        )
        self._connection.send_head(self._stream_id, http2_heads.accept_lines(verdict))
        self._connection.adopt(self._stream_id, transport)
        websocket = self._server.open(request, verdict)
        transport.set_protocol(websocket)
        websocket.connection_made(transport)
        self._server.replace(self, websocket)
        self._server.start_handler(websocket, handler)
        if self._body:
            websocket.data_received(bytes(self._body))

    def _ask_for_http1(self) -> None:
        """Let the client come again over HTTP/1.1, which what answers it needs (RFC 9113 7)."""
        self._connection.reset(self._stream_id, ErrorCode.HTTP_1_1_REQUIRED)
        self._leave()

    def _too_soon(self) -> HttpResponse | None:
        """Return the response to a request that its address makes too many of."""
        if not self._limits.requests_per_address_per_s:
            return None
        wait_s = self._server.wait_s(self._socket.address)
        if not wait_s:
            return None
        return plain_text(429, "too many requests", ("retry-after", str(ceil(wait_s))))

    def on_data(self, data: bytes) -> None:
        """Take in a piece of the body."""
        self._connection.taken(self._stream_id, len(data))
        if self._is_answered:
            return
        self._body += data
        if len(self._body) > self._limits.body_bytes_max:
            self._refuse_body()

    def on_end(self) -> None:
        """Take in that the request is whole."""
        if not (self._has_ended or self._is_answered):
            self._has_ended = True
            self._stop_waiting()
            self._respond()

    # -------------------------------------------------------------------------------- the answer

    def _respond(self) -> None:
        if self._server.http is None:
            self._answer(plain_text(404, "this address speaks websocket only"))
            return
        self._is_at_work = True
        self._server.start(self._ask(self._server.http))

    async def _ask(self, http: "HttpHandler") -> None:
        """Have the request answered; whatever its handler does, there is an answer."""
        request = self._head.request(body=bytes(self._body), peer=self._socket.peer)
        try:
            answer = http(request)
            if isinstance(answer, Awaitable):
                answer = await answer
            if isinstance(answer, DirectResponse):
                self._ask_for_http1()
            elif answer.stream is not None:
                await self._send_pieces(answer, answer.stream)
            else:
                self._answer(answer)
        except Exception:  # the outermost edge of the handler's task
            logger.exception("handler of %s %s failed", request.method, request.path)
            if self._is_streaming:
                self.abort()  # a client must not take for the whole what it has
            else:
                self._answer(plain_text(500, "internal error"))
        finally:
            self._is_at_work = False
            self._release()

    def _answer(self, response: HttpResponse) -> None:
        if self._is_over or self._is_answered:
            return
        head_only = self._head.method == "HEAD"
        lines, body = http2_heads.response_lines(response, head_only=head_only)
        self._is_answered = True
        self._connection.send_head(self._stream_id, lines)
        self._connection.send(self._stream_id, body)
        self._connection.end(self._stream_id, stop=True)
        self._wait_for(self._limits.body_timeout_s, self.abort)

    async def _send_pieces(self, response: HttpResponse, pieces: AsyncIterable[bytes]) -> None:
        """Answer with a body in pieces, each sent before the next is asked for."""
        if self._is_over or self._is_answered:
            return
        head_only = self._head.method == "HEAD"
        lines, _ = http2_heads.response_lines(response, head_only=head_only)
        self._is_answered = self._is_streaming = True
        self._connection.send_head(self._stream_id, lines)
        if not head_only:
            async for piece in pieces:
                if piece and not self._is_over:
                    self._connection.send(self._stream_id, piece)
                    await self._wait_sent()
                if self._is_over:
                    return
        self._is_streaming = False
        self._connection.end(self._stream_id, stop=True)
        self._wait_for(self._limits.body_timeout_s, self.abort)
        self.on_sent()

    async def _wait_sent(self) -> None:
        self._wait_for(self._limits.body_timeout_s, self.abort)
        while not (self._is_over or self._connection.has_sent_all(self._stream_id)):
            self._moved.clear()
            await self._moved.wait()
        self._stop_waiting()

    def on_sent(self) -> None:
        """Take in that some of the answer is on its way."""
        self._moved.set()
        if self._is_streaming:
            return
        if self._connection.has_sent_all(self._stream_id):
            self._leave()
        else:
            self._wait_for(self._limits.body_timeout_s, self.abort)

    def _refuse_body(self) -> None:
        most = self._limits.body_bytes_max
        self._body.clear()
        self._answer(plain_text(413, f"request body is longer than {most} bytes"))

    def _give_up(self) -> None:
        self._answer(plain_text(408, "the request did not arrive in time"))

    # ------------------------------------------------------------------------------------ the end

    def on_reset(self, code: int) -> None:
        """Take in that the client does not want the answer any more."""
        del code
        self._leave()

    def on_lost(self, error: Exception | None) -> None:
        """Take in that the client is gone."""
        del error
        self._leave()

    def _leave(self) -> None:
        self._moved.set()
        if not self._is_over:
            self._is_over = True
            self._stop_waiting()
            self._release()
            self._connection.leave(self._stream_id, self._tell)

    def _release(self) -> None:
        if self._is_over and not self._is_at_work:
            self._connection.protocol.release(self._stream_id)

    def _tell(self, error: Exception | None) -> None:
        del error
        self._server.leave(self)

    def _wait_for(self, seconds: float, then: "Callable[[], None]") -> None:
        self._stop_waiting()
        if seconds > 0:
            self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def door_of(server: "Server", http2_limits: Http2Limits) -> "Callable[[], Http2Door]":
    """Return what makes a door for every new socket of a server."""
    return partial(Http2Door, server, http2_limits)
