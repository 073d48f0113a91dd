"""HTTP/2 on a server: its streams become WebSockets, or requests that are answered."""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from strikewire.websocket import http2_heads
from strikewire.websocket.aio.http2_connection import Http2Connection
from strikewire.websocket.aio.http2_stream import Http2StreamTransport
from strikewire.websocket.aio.http_connection import HttpConnection
from strikewire.websocket.aio.sockets import hang_up, peer_name
from strikewire.websocket.headers import tokens
from strikewire.websocket.http import HttpResponse, plain_text
from strikewire.websocket.http2 import Http2Event, Http2Protocol, RequestReceived
from strikewire.websocket.http2_frames import PREFACE, ErrorCode
from strikewire.websocket.http2_limits import Http2Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from strikewire.websocket.aio.server import HttpHandler, Server

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
        encryption = transport.get_extra_info("ssl_object")
        if encryption is not None:
            self._hand_over(http2=encryption.selected_alpn_protocol() == "h2")
        elif self._server.is_closing or not self._server.enter(self):
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
            Http2Socket(self._server, self._http2_limits, peer_name(self._transport)).connection
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
        peer: Address of the other end.
    """

    def __init__(self, server: "Server", http2_limits: Http2Limits, peer: str) -> None:
        self.server: Final = server
        self.peer: Final = peer
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
        if self.server.is_closing or not self.server.enter(self):
            self.connection.close()

    def _on_lost(self, error: Exception | None) -> None:
        del error  # a client may hang up whenever it likes
        self.server.leave(self)

    def _take(self, event: Http2Event) -> None:
        if isinstance(event, RequestReceived):
            _Exchange(self, event).begin()


class _Exchange:
    """One request, until it is answered or has become a WebSocket."""

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
        self._is_over = False
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
        if not self._server.enter(self):
            self._answer(plain_text(503, "too many connections"))
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
        if not isinstance(verdict, HttpResponse) and self._server.admit is not None:
            verdict = self._server.admit(request) or verdict
        if isinstance(verdict, HttpResponse):
            self._answer(verdict)
            return

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
            self._answer(await http(request))
        except Exception:  # the outermost edge of the handler's task
            logger.exception("handler of %s %s failed", request.method, request.path)
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

    def on_sent(self) -> None:
        """Take in that some of the answer is on its way."""
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
