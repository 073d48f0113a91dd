"""One request on an HTTP/2 stream of a server, until it is answered or has become a WebSocket."""

import asyncio
import logging
from collections.abc import Awaitable
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from strikewire.websocket import handshake, http2_heads
from strikewire.websocket.aio.admission import Admission, DirectAdmission, Verdict
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.http2_stream import Http2StreamTransport
from strikewire.websocket.aio.request_body import RequestBody
from strikewire.websocket.aio.response_writer import (
    DirectResponse,
    HttpAnswer,
    ResponseWriter,
    write_all,
)
from strikewire.websocket.aio.upgrader import Upgrader
from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import ConnectionClosedError
from strikewire.websocket.handshake import Accepted
from strikewire.websocket.headers import tokens
from strikewire.websocket.http import (
    HttpRequest,
    HttpResponse,
    declared_length,
    has_body,
    plain_text,
)
from strikewire.websocket.http2 import RequestReceived
from strikewire.websocket.http2_frames import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from strikewire.websocket.aio.http2_server import Http2Socket

logger = logging.getLogger("strikewire.websocket")

_HANDLER_FAILED: Final = "handler of %s %s failed"
_ADMISSION_FAILED: Final = "admission of %s failed"
_FAILED: Final = plain_text(500, "internal error")

# What may wait for the client's window before whoever writes an answer has to wait.
_QUEUED_BYTES_HIGH: Final = 64 << 10


class Http2Exchange:
    """Takes in one request, and has it answered, as `HttpConnection` does with those of a socket.

    Attributes:
        address: Of the client, where the stream is counted for it; else empty.
        is_over: Whether nothing more is sent: answered, gone, or a WebSocket now.
    """

    def __init__(self, socket: "Http2Socket", event: RequestReceived) -> None:
        self.address = ""
        self.is_over = False
        self._socket = socket
        self._server = socket.server
        self._limits = socket.server.limits
        self._connection = socket.connection
        self._loop = socket.server.loop
        self._stream_id = event.stream_id
        self._head = event.head
        self._head_bytes = event.head_bytes
        self._is_whole = event.ended
        self._data = bytearray()
        self._data_bytes = 0
        self._body: RequestBody | None = None
        self._untaken_bytes = 0
        self._websocket: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._change: asyncio.Future[None] | None = None
        self._has_begun = False
        self._is_draining = False
        self._is_streaming = False
        self._is_at_work = False
        self._is_left = False
        self._body_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the client closed its half of what was to become a WebSocket.

        That half of a request is over says nothing: a client does not leave so.
        """
        return self._head.method == "CONNECT" and self._is_whole

    @property
    def is_counted(self) -> bool:
        """Whether it is a request under way, or a WebSocket that is open."""
        if self._websocket is not None:
            return self._websocket in self._server.connections
        return not self._is_left

    def close(self) -> None:
        """Nothing to do while the server closes: it is answered as if nothing were."""

    def abort(self, code: ErrorCode = ErrorCode.CANCEL) -> None:
        """Cut the stream short."""
        if not self._is_left:
            self._connection.reset(self._stream_id, code)
            self._leave()

    # ------------------------------------------------------------------------------- the request

    def start(self) -> None:
        """Look at the head, and begin to answer."""
        self._connection.adopt(self._stream_id, self)
        head = self._head
        if head.method == "CONNECT":
            self.address = self._socket.address_of(self)
        refusal = self._socket.refusal or self._server.enter(self) or self._too_soon()
        if refusal is not None:
            self.answer(refusal)
        elif self._head_bytes > self._limits.head_bytes_max:
            most = self._limits.head_bytes_max
            self.answer(plain_text(431, f"request head is longer than {most} bytes"))
        elif head.method == "CONNECT":
            self._connect()
        elif (head.content_length or 0) > self._limits.body_bytes_max:
            self._refuse_body()
        elif self._is_whole:
            self._respond(self._request())
        else:
            self._await_body(waits="100-continue" in tokens(head.headers, "expect"))

    def _request(self) -> HttpRequest:
        return self._head.request(body=bytes(self._data), peer=self._socket.peer)

    def _too_soon(self) -> HttpResponse | None:
        """Return the response to a request that its address makes too many of."""
        if not self._limits.requests_per_address_per_s:
            return None
        wait_s = self._server.wait_s(self._socket.address)
        if not wait_s:
            return None
        return plain_text(429, "too many requests", ("retry-after", str(ceil(wait_s))))

    def _await_body(self, *, waits: bool) -> None:
        """Take in a body: as a whole, or in parts for a handler that takes it so.

        Args:
            waits: Whether the client does, for "100 Continue".
        """
        if not self._server.streams_bodies:
            if waits:
                self._invite()
            self._watch_body()
            return
        request = self._request()
        request.stream = self._body = RequestBody(self._on_taken)
        self._body.wants_invitation = waits  # until somebody wants the body
        self._watch_body()
        self._respond(request)

    def _invite(self) -> None:
        self._connection.send_head(self._stream_id, ((":status", "100"),))

    def _on_taken(self) -> None:
        """Take in that somebody waits for the body, or has taken enough to get more."""
        body = self._body
        if self._is_left or body is None:
            return
        if body.wants_invitation:
            body.wants_invitation = False
            if not (self._has_begun or self.is_over):
                self._invite()
        if self._untaken_bytes and not body.is_full:
            self._connection.taken(self._stream_id, self._untaken_bytes)
            self._untaken_bytes = 0
        self._watch_body()

    def on_data(self, data: bytes) -> None:
        """Take in a piece of the body; of a WebSocket to be, the first frames."""
        size = len(data)
        if self.is_over:
            self._connection.taken(self._stream_id, size)
            return
        self._data_bytes += size
        if self._head.method == "CONNECT":
            self._data += data  # its window is not given back before there is a WebSocket
            return
        if self._data_bytes > self._limits.body_bytes_max:
            self._connection.taken(self._stream_id, size)
            self._refuse_body()
            return
        if self._body is None:
            self._data += data
        else:
            self._body.feed(data, is_last=False)
            if self._body.is_full:
                self._untaken_bytes += size
                self._watch_body()
                return
        self._connection.taken(self._stream_id, size)

    def on_end(self) -> None:
        """Take in that the request is whole."""
        if self._is_whole:
            return
        self._is_whole = True
        _stop(self._body_timer)
        if self._body is not None:
            self._body.feed(b"", is_last=True)
        elif self._head.method == "CONNECT":
            self.answer(plain_text(400, "an opening handshake does not end"))
        elif not self.is_over:
            self._respond(self._request())

    def _refuse_body(self) -> None:
        self._lose_body()
        if self._has_begun:
            self.abort()
        else:
            most = self._limits.body_bytes_max
            self.answer(plain_text(413, f"request body is longer than {most} bytes"))

    def _lose_body(self) -> None:
        self._data.clear()
        if self._body is not None and not self._body.is_whole:
            self._body.lose()

    def _watch_body(self) -> None:
        """Give the client its time for a body that somebody waits for."""
        _stop(self._body_timer)
        body = self._body
        is_due = body is None or not (body.is_whole or body.is_full or body.wants_invitation)
        if is_due and not self.is_over and self._limits.body_timeout_s > 0:
            self._body_timer = self._loop.call_later(self._limits.body_timeout_s, self._give_up)

    def _give_up(self) -> None:
        self._lose_body()
        if self._has_begun:
            self.abort()
        else:
            self.answer(plain_text(408, "the request did not arrive in time"))

    # ------------------------------------------------------------------------------- a WebSocket

    def _connect(self) -> None:
        """Open a WebSocket, or say why not."""
        if self._head.protocol is None:
            self.answer(plain_text(501, "this is no proxy"))
            return
        if self._head.protocol != "websocket":
            self.answer(plain_text(501, "what is spoken here is websocket"))
            return
        request = self._request()
        accepted = http2_heads.accept(request, self._server.policy, ended=self._is_whole)
        if isinstance(accepted, HttpResponse):
            self.answer(accepted)
            return
        admit = self._server.admit
        if admit is None:
            self._conclude(request, accepted, None)
            return
        try:
            verdict = admit(request)
            if isinstance(verdict, Awaitable | DirectAdmission):
                self._start(self._admit(request, accepted, verdict))
            else:
                self._conclude(request, accepted, verdict)
        except Exception:  # the outermost edge of the owner's code
            logger.exception(_ADMISSION_FAILED, request.path)
            self.answer(_FAILED)

    async def _admit(
        self, request: HttpRequest, accepted: Accepted, admission: Verdict | Awaitable[Verdict]
    ) -> None:
        """Have a handshake admitted; whatever happens, there is an answer."""
        upgrader = Upgrader(self, request, accepted)
        try:
            verdict = await admission if isinstance(admission, Awaitable) else admission
            if isinstance(verdict, DirectAdmission):
                await verdict.run(upgrader)
            else:
                self._conclude(request, accepted, verdict)
        except Exception as error:  # the outermost edge of the owner's task
            connection = upgrader.connection
            if not (isinstance(error, ConnectionClosedError) and self.is_over):
                logger.exception(_ADMISSION_FAILED, request.path)
            if connection is None:
                self.answer(_FAILED)
            else:
                connection.close_nowait(CloseCode.INTERNAL_ERROR)
        else:
            if upgrader.connection is not None:
                upgrader.connection.close_nowait()
        finally:
            self._end_work()

    def _conclude(
        self, request: HttpRequest, accepted: Accepted, verdict: HttpResponse | Admission | None
    ) -> None:
        if isinstance(verdict, HttpResponse):
            self.answer(verdict)
        elif not self.is_over:  # else the client left while it was thought about
            handler = verdict.handler if verdict is not None else None
            self._server.start_handler(self.open(request, accepted, verdict), handler)

    def open(
        self, request: HttpRequest, accepted: Accepted, terms: Admission | None = None
    ) -> Connection:
        """Say that a handshake is accepted, and return the WebSocket that has the stream now."""
        assert not self.is_over
        if terms is not None and (terms.subprotocol is not None or terms.headers):
            accepted = handshake.amend(
                request, accepted, subprotocol=terms.subprotocol, headers=terms.headers
            )
        lines = http2_heads.accept_lines(accepted)
        self.is_over = self._is_left = True
        self._tell_change()
        self._release()
        transport = Http2StreamTransport(
            self._connection, self._stream_id, linger_s=self._limits.close_timeout_s
        )
        self._connection.send_head(self._stream_id, lines)
        self._connection.adopt(self._stream_id, transport)
        websocket = self._websocket = self._server.open(request, accepted)
        transport.set_protocol(websocket)
        websocket.connection_made(transport)
        self._server.replace(self, websocket)
        if self._data:
            transport.on_data(bytes(self._data))
        return websocket

    # -------------------------------------------------------------------------------- the answer

    def _respond(self, request: HttpRequest) -> None:
        http = self._server.http
        if http is None:
            self.answer(plain_text(404, "this address speaks websocket only"))
            return
        try:
            answer = http(request)
            if isinstance(answer, HttpResponse) and answer.stream is None:
                self.answer(answer)
            else:
                self._start(self._ask(answer, request))
        except Exception:  # the outermost edge of the handler
            logger.exception(_HANDLER_FAILED, request.method, request.path)
            self.answer(_FAILED)

    async def _ask(self, answer: HttpAnswer | Awaitable[HttpAnswer], request: HttpRequest) -> None:
        """Have the request answered; whatever its handler does, there is an answer."""
        writer = ResponseWriter(self, request)
        try:
            if isinstance(answer, Awaitable):
                answer = await answer
            if isinstance(answer, DirectResponse):
                await answer.run(writer)
            elif answer.stream is None:
                writer.answer(answer)
            else:
                self._is_streaming = True
                await write_all(writer, answer)
        except ConnectionClosedError:
            if self._body is None or self._body.is_whole:
                # It was another connection that the handler lost.
                logger.exception(_HANDLER_FAILED, request.method, request.path)
                self._fail(_FAILED)
            else:
                self._fail(plain_text(400, "the body did not come whole"))
        except Exception:  # the outermost edge of the handler's task
            logger.exception(_HANDLER_FAILED, request.method, request.path)
            self._fail(_FAILED)
        finally:
            self._is_streaming = False
            if not self.is_over:
                # A client must not take for the whole what it has.
                self.abort(ErrorCode.INTERNAL_ERROR)
            self._end_work()

    def _fail(self, response: HttpResponse) -> None:
        if not self._has_begun:
            self.answer(response)

    def answer(
        self, response: HttpResponse, request: HttpRequest | None = None, *, last: bool = False
    ) -> None:
        """Send a response whose body is whole.

        Raises:
            LocalProtocolError: A header would break the message apart, or tells a wrong length.
        """
        del request, last  # a stream is good for one
        if self.is_over:
            return
        lines = http2_heads.response_lines(response, date=self._date())
        self._has_begun = True
        self._connection.send_head(self._stream_id, lines)
        if has_body(response) and self._head.method != "HEAD":
            self._connection.send(self._stream_id, response.body)
        self.finish()

    def begin(self, response: HttpResponse, request: HttpRequest) -> tuple[int | None, bool]:
        """Send a head; return the length it declares, and that its body does not travel in chunks.

        Raises:
            LocalProtocolError: A header would break the message apart.
        """
        del request
        lines = http2_heads.response_lines(response, in_pieces=True, date=self._date())
        self._has_begun = True
        self._connection.send_head(self._stream_id, lines)
        length = declared_length(tuple(response.headers)) if has_body(response) else 0
        return length, False

    def put(self, *pieces: bytes) -> None:
        """Send parts of a body."""
        for piece in pieces:
            self._connection.send(self._stream_id, piece)

    async def drain(self) -> None:
        """Wait while the client does not read."""
        self._is_draining = True
        try:
            while not (self.is_over or self._has_room()):
                self._watch_sending()
                await self.wait_change()
        finally:
            self._is_draining = False
            _stop(self._send_timer)

    def finish(self) -> None:
        """End the stream after what was sent; the client's half is of no use any more."""
        if self.is_over or not self._has_begun:
            return
        self.is_over = True
        self._is_streaming = False
        _stop(self._body_timer)
        self._tell_change()
        self._connection.end(self._stream_id, stop=True)
        self._watch_sending()

    async def wait_change(self) -> None:
        """Wait until the client reads again or is gone, or the answer is whole."""
        if self._change is None:
            self._change = self._loop.create_future()
        await asyncio.shield(self._change)

    def on_sent(self) -> None:
        """Take in that some of the answer is on its way."""
        if self._is_draining:
            if self._has_room():
                self._tell_change()
            else:
                self._watch_sending()
        elif self._connection.has_sent_all(self._stream_id):
            self._leave()
        elif self.is_over:
            self._watch_sending()

    def _has_room(self) -> bool:
        return self._connection.queued_bytes(self._stream_id) <= _QUEUED_BYTES_HIGH

    def _date(self) -> str:
        if self._server.clock is None:
            return ""
        return self._server.date_line().decode().partition(": ")[2].rstrip()

    def _watch_sending(self) -> None:
        """Give the client its time to read some of the answer."""
        _stop(self._send_timer)
        if self._limits.body_timeout_s > 0:
            self._send_timer = self._loop.call_later(self._limits.body_timeout_s, self.abort)

    def _tell_change(self) -> None:
        change, self._change = self._change, None
        if change is not None and not change.done():
            change.set_result(None)

    # ------------------------------------------------------------------------------------ the end

    def on_reset(self, code: int) -> None:
        """Take in that the client does not want the answer any more."""
        del code
        self._leave()

    def on_lost(self, error: Exception | None) -> None:
        """Take in that the client is gone."""
        del error
        self._leave()

    def _start(self, work: "Coroutine[Any, Any, None]") -> None:
        self._is_at_work = True
        self._task = self._server.start(work)

    def _end_work(self) -> None:
        self._is_at_work = False
        self._task = None
        self._release()

    def _leave(self) -> None:
        if self._is_left:
            return
        self.is_over = self._is_left = True
        _stop(self._body_timer)
        _stop(self._send_timer)
        self._lose_body()
        self._tell_change()
        if self._is_streaming and self._task is not None:
            self._task.cancel()  # nobody is left to hear the rest
        self._release()
        self._connection.leave(self._stream_id, self._tell)
        if self._socket.refusal is not None:
            self._connection.close()  # not before the answer: some clients read none after GOAWAY

    def _release(self) -> None:
        if self._is_left and not self._is_at_work:
            self._connection.protocol.release(self._stream_id)

    def _tell(self, error: Exception | None) -> None:
        del error
        self._server.leave(self)


def _stop(timer: "asyncio.TimerHandle | None") -> None:
    if timer is not None:
        timer.cancel()
