"""One socket of a server while it speaks HTTP: until it closes, or becomes a WebSocket."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from math import ceil, inf
from typing import TYPE_CHECKING, Final, cast

from strikewire.websocket import handshake
from strikewire.websocket.aio.admission import Admission, DirectAdmission, Verdict
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.request_body import RequestBody
from strikewire.websocket.aio.response_writer import (
    DirectResponse,
    HttpAnswer,
    ResponseWriter,
    write_all,
)
from strikewire.websocket.aio.sockets import hang_up, peer_address, prepare_socket
from strikewire.websocket.aio.upgrader import Upgrader
from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import ConnectionClosedError
from strikewire.websocket.handshake import Accepted
from strikewire.websocket.http import (
    CONTINUE,
    BadRequest,
    BodyPart,
    ContinueWanted,
    HttpEvent,
    HttpRequest,
    HttpResponse,
    RequestBegun,
    RequestReader,
    has_body,
    plain_text,
)

if TYPE_CHECKING:
    from strikewire.websocket.aio.server import Server

logger = logging.getLogger("strikewire.websocket")

_UPGRADE_REQUIRED: Final = plain_text(
    426,
    "this address speaks websocket only",
    ("upgrade", "websocket"),
    ("sec-websocket-version", handshake.VERSION),
)
_HANDLER_FAILED: Final = "handler of %s %s failed"
_ADMISSION_FAILED: Final = "admission of %s failed"
_FAILED: Final = plain_text(500, "internal error")

# Answers of one turn leave together, unless they are so long. On the engine's sockets this is a
# third of the whole cost of an answer: a client that waits is woken up once, not for each.
_COLLECTED_BYTES_MAX: Final = 64 << 10

# What comes behind an upgrade request before it is answered.
_REST_BYTES_MAX: Final = 64 << 10

# A piece of a body this long is not copied into its chunk.
_COPIED_BYTES_MAX: Final = 16 << 10


class HttpConnection(asyncio.Protocol):
    """Reads requests, has them answered one after the other, and gives the socket away on upgrade.

    Pipelined requests wait in a bounded queue; while it is full, or the client does not read its
    answers, the socket is not read.

    Attributes:
        deadline: When the client has to have done what it owes us, in the loop's seconds.
        address: The client's IP address; empty where it has none.
        has_ended: Whether the client closed its half: it will send no more, and is often gone.
        is_over: Whether nothing more is read or answered: hung up, gone, or a WebSocket now.
    """

    __slots__ = (
        "_answering",
        "_body",
        "_change",
        "_collected",
        "_is_admitting",
        "_is_first",
        "_is_last",
        "_is_streaming",
        "_limits",
        "_loop",
        "_reader",
        "_reading_paused",
        "_server",
        "_task",
        "_transport",
        "_waiting",
        "_writing_paused",
        "address",
        "deadline",
        "has_ended",
        "is_over",
    )

    def __init__(self, server: "Server") -> None:
        self.deadline = inf
        self.address = ""
        self._server = server
        self._limits = server.limits
        self._loop = server.loop
        self._waiting: deque[HttpRequest | BadRequest] | None = None
        self._body: RequestBody | None = None
        self._collected: bytes | None = None
        self._change: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._answering = False
        self._is_admitting = False
        self._is_streaming = False
        self._reading_paused = False
        self._writing_paused = False
        self._is_first = True
        self.has_ended = False
        self.is_over = False
        self._is_last = False

    def close(self) -> None:
        """Hang up: now if nothing is being answered, else after the answer."""
        if not self._answering and not self.is_over:
            self._hang_up()

    def abort(self) -> None:
        """Hang up now."""
        self._transport.abort()

    # ---------------------------------------------------------------------- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a new socket, or turn it away."""
        # Not an assertion: the transports of uvloop have no such base.
        self._transport = transport = cast("asyncio.Transport", transport)
        server = self._server
        prepare_socket(transport, self._limits)
        peer = peer_address(transport)
        if not isinstance(peer, str):
            self.address = peer[0]
        self._reader = RequestReader(
            head_bytes_max=self._limits.head_bytes_max,
            body_bytes_max=self._limits.body_bytes_max,
            peer=peer,
            streams_bodies=server.streams_bodies,
        )
        if server.is_closing:
            transport.abort()  # it was let in, or shook hands over TLS, while we closed the door
            return
        refusal = server.enter(self)
        if refusal is None:
            self._owe(self._limits.open_timeout_s)
        else:
            self.answer(refusal, last=True)

    def data_received(self, data: bytes) -> None:
        """Take in what the socket gave."""
        if self.is_over:
            return
        reader = self._reader
        before = reader.waits_for, self._reading_paused
        events = reader.receive(data)
        if len(events) == 1 and not self._answering and not self._waiting:
            request = events[0]
            if isinstance(request, HttpRequest) and not self._writing_paused:
                # Nearly always: one request and nothing else to do.
                self._begin(request)
                if self.is_over:
                    return
                if self._answering or reader.is_done or self._reading_paused:
                    self._update_reading()
                    self._watch()
                else:
                    self._owe(self._limits.idle_timeout_s)
                return
        if events:
            self._take(events)
        elif reader.rest:
            self._update_reading()
        # Not otherwise: a client must not win time by sending a byte now and then.
        if (reader.waits_for, self._reading_paused) != before or not all(
            isinstance(event, BodyPart) for event in events
        ):
            self._watch()

    def eof_received(self) -> bool:
        """Take in that the client sends no more; keep our half open while an answer is due."""
        self.has_ended = True
        self.flush()
        self._tell_change()
        if self._body is not None and not self._body.is_whole:
            self._body.lose()
        is_due = not self.is_over and (self._answering or bool(self._waiting))
        is_due = is_due and not self._is_admitting  # half a WebSocket is none
        return is_due and self._transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take in that the socket is gone."""
        del exc  # a client may hang up whenever it likes
        self.is_over = True
        self.deadline = inf
        self._waiting = None
        self._collected = None
        self._reader.close()
        if self._body is not None:
            self._body.lose()
        self._tell_change()
        if self._is_streaming and self._task is not None:
            self._task.cancel()  # nobody is left to hear the rest
        self._server.leave(self)

    def pause_writing(self) -> None:
        """Take in that the client does not read its answers."""
        self._writing_paused = True
        self._update_reading()
        self._watch()

    def resume_writing(self) -> None:
        """Take in that the client reads again."""
        self._writing_paused = False
        self._tell_change()
        self._advance()
        self._watch()

    # -------------------------------------------------------------------------------- requests

    def _take(self, events: list[HttpEvent]) -> None:
        if self._waiting is None:
            self._waiting = deque()
        for event in events:
            match event:
                case HttpRequest() | BadRequest():
                    if isinstance(event, BadRequest) and self._body is not None:
                        self._body.lose()
                    self._waiting.append(event)
                case RequestBegun(request):
                    request.stream = self._body = RequestBody(self._on_taken)
                    self._waiting.append(request)
                case BodyPart(data, is_last):
                    assert self._body is not None
                    self._body.feed(data, is_last=is_last)
                case ContinueWanted():
                    self._invite()
        self._advance()

    def _invite(self) -> None:
        """Tell a client that waits with its body to go on, unless it has to wait for its turn."""
        if self._body is not None and not self._body.is_whole:
            self._body.wants_invitation = True  # until somebody wants the body
        elif not self._waiting and not self._answering:
            self._write(CONTINUE)

    def _on_taken(self) -> None:
        body = self._body
        if body is not None and body.wants_invitation and not self.is_over:
            body.wants_invitation = False
            self._write(CONTINUE)
        self._update_reading()
        self._watch()

    def _advance(self) -> None:
        """Answer what waits, in order, up to the first request that takes a handler's time."""
        while self._waiting and not (self._answering or self.is_over or self._writing_paused):
            request = self._waiting.popleft()
            if isinstance(request, BadRequest):
                self.answer(plain_text(request.status, request.reason), last=True)
            else:
                self._begin(request)
        self._update_reading()
        if self.has_ended and not (self._answering or self._waiting or self.is_over):
            self._hang_up()

    def _begin(self, request: HttpRequest) -> None:
        """Answer one request now, or start to."""
        server = self._server
        if server.limits.requests_per_address_per_s:
            wait_s = server.wait_s(self.address)
            if wait_s:
                retry_after = ("retry-after", str(ceil(wait_s)))
                self.answer(plain_text(429, "too many requests", retry_after), request, last=True)
                return
        if request.wants_websocket:
            self._upgrade(request)
        elif request.upgrade:
            self._take(self._reader.resume())
        elif server.http is None:
            self.answer(_UPGRADE_REQUIRED, request)
        else:
            try:
                answer = server.http(request)
            except Exception:  # the outermost edge of the handler
                logger.exception(_HANDLER_FAILED, request.method, request.path)
                self._fail(request)
            else:
                if isinstance(answer, HttpResponse) and answer.stream is None:
                    self._answer_safely(answer, request)
                else:
                    self._answering = True
                    self._task = server.start(self._respond(answer, request))

    async def _respond(
        self, answer: HttpAnswer | Awaitable[HttpAnswer], request: HttpRequest
    ) -> None:
        """Have one request answered; whatever its handler does, there is an answer."""
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
            if self._has_whole_body(request):  # it was another connection that the handler lost
                logger.exception(_HANDLER_FAILED, request.method, request.path)
                self._fail(request, writer)
            elif not self._waiting:
                self.answer(plain_text(400, "the body did not come whole"), last=True)
        except Exception:  # the outermost edge of the handler's task
            logger.exception(_HANDLER_FAILED, request.method, request.path)
            self._fail(request, writer)
        finally:
            if not writer.is_whole:
                self.finish()

    def finish(self) -> None:
        """Go on with what waits behind a response; what wrote it may have something left to do."""
        self._answering = self._is_streaming = False
        self._task = None
        if self._is_last and not self.is_over:
            self._hang_up()
        self._tell_change()
        self._advance()
        self._watch()

    def _answer_safely(self, response: HttpResponse, request: HttpRequest) -> None:
        try:
            self.answer(response, request)
        except Exception:  # a response that cannot be sent: still the handler's edge
            logger.exception(_HANDLER_FAILED, request.method, request.path)
            self._fail(request)

    def _fail(self, request: HttpRequest, writer: ResponseWriter | None = None) -> None:
        if writer is not None and writer.is_whole:
            return  # it failed after its answer
        if writer is not None and writer.has_begun:
            # The client must not take what it has for the whole.
            self._collected = None
            self._end()
            self._transport.abort()
        else:
            self.answer(_FAILED, request, last=True)

    def answer(
        self, response: HttpResponse, request: HttpRequest | None = None, *, last: bool = False
    ) -> None:
        """Write a response, and hang up after it if it is the last."""
        if self.is_over:
            return
        server = self._server
        keep_alive = not last and request is not None and self._may_stay(request)
        head = server.encoder.encode_head(
            response,
            keep_alive=keep_alive,
            date=server.date_line() if server.clock is not None else b"",
        )
        self._is_first = False
        body = response.body
        if (request is not None and request.method == "HEAD") or not has_body(response):
            self._write(head)
        elif len(body) <= _COPIED_BYTES_MAX:
            self._write(head + body)
        else:
            self.flush()
            self._transport.writelines([head, body])
        self._is_last = False
        if not keep_alive:
            self._hang_up()

    def _may_stay(self, request: HttpRequest) -> bool:
        """Return whether another request may follow this one on the socket."""
        if not request.keep_alive or self._server.is_closing:
            return False
        # A body that nobody took stands in the way of the next request.
        return self._has_whole_body(request)

    def _has_whole_body(self, request: HttpRequest) -> bool:
        return request.stream is None or self._body is None or self._body.is_whole

    def begin(self, response: HttpResponse, request: HttpRequest) -> tuple[int | None, bool]:
        """Write a head; return the length it declares and whether its body travels in chunks."""
        server = self._server
        chunked = request.version == "1.1"
        keep_alive = self._may_stay(request)
        head, length = server.encoder.encode_stream_head(
            response,
            keep_alive=keep_alive,
            chunked=chunked,
            date=server.date_line() if server.clock is not None else b"",
        )
        self._is_first = False
        # Without chunks the end of the body is the end of the connection.
        self._is_last = not keep_alive or (length is None and not chunked)
        self._write(head)
        return length, chunked and length is None

    def put(self, *pieces: bytes) -> None:
        """Write parts of a body."""
        if len(pieces) == 1:
            self._write(pieces[0])
        else:
            self.flush()
            self._transport.writelines(pieces)

    async def drain(self) -> None:
        """Wait while the client does not read."""
        while self._writing_paused and not self.is_over:
            await self.wait_change()

    async def wait_change(self) -> None:
        """Wait until the client reads again or is gone, or an answer is whole."""
        if self._change is None:
            self._change = self._loop.create_future()
        await asyncio.shield(self._change)

    def _tell_change(self) -> None:
        change, self._change = self._change, None
        if change is not None and not change.done():
            change.set_result(None)

    def _write(self, data: bytes) -> None:
        """Write at the end of this turn of the loop, with what is written until then."""
        if self._collected is None:
            self._collected = data
            self._server.flush_later(self)
            return
        self._collected += data
        if len(self._collected) > _COLLECTED_BYTES_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        if self._collected is not None:
            data, self._collected = self._collected, None
            self._transport.write(data)

    # --------------------------------------------------------------------------------- upgrade

    def _upgrade(self, request: HttpRequest) -> None:
        """Turn the socket into a WebSocket, or say why not."""
        verdict = handshake.accept(request, self._server.policy)
        if isinstance(verdict, HttpResponse):
            self.answer(verdict, request, last=True)
            return
        admit = self._server.admit
        if admit is None:
            self._server.start_handler(self.open(request, verdict), None)
            return
        try:
            admission = admit(request)
            if isinstance(admission, Awaitable | DirectAdmission):
                self._answering = self._is_admitting = True
                self._task = self._server.start(self._admit(request, verdict, admission))
            else:
                self._conclude(request, verdict, admission)
        except Exception:  # the outermost edge of the owner's code
            logger.exception(_ADMISSION_FAILED, request.path)
            self._fail(request)

    async def _admit(
        self,
        request: HttpRequest,
        accepted: Accepted,
        admission: Verdict | Awaitable[Verdict],
    ) -> None:
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
                self._fail(request)
            else:
                connection.close_nowait(CloseCode.INTERNAL_ERROR)
        else:
            if upgrader.connection is not None:
                upgrader.connection.close_nowait()
        finally:
            self._answering = self._is_admitting = False
            self._task = None

    def _conclude(
        self, request: HttpRequest, accepted: Accepted, verdict: HttpResponse | Admission | None
    ) -> None:
        if isinstance(verdict, HttpResponse):
            self.answer(verdict, request, last=True)
        elif not self.is_over:  # else the client left while it was thought about
            handler = verdict.handler if verdict is not None else None
            self._server.start_handler(self.open(request, accepted, verdict), handler)

    def open(
        self, request: HttpRequest, accepted: Accepted, terms: Admission | None = None
    ) -> Connection:
        """Say that a handshake is accepted, and return the WebSocket that has the socket now."""
        assert not self.is_over
        if terms is not None and (terms.subprotocol is not None or terms.headers):
            accepted = handshake.amend(
                request, accepted, subprotocol=terms.subprotocol, headers=terms.headers
            )
        server = self._server
        transport = self._transport
        rest = self._reader.rest
        self._write(handshake.encode_accepted(accepted))
        self.flush()
        self._end()
        self._reader.close()
        connection = server.open(request, accepted)
        transport.set_protocol(connection)
        connection.connection_made(transport)
        server.replace(self, connection)
        if rest:
            connection.data_received(rest)
        return connection

    # ------------------------------------------------------------------------ limits and times

    def _update_reading(self) -> None:
        # Of what follows an upgrade request only so much is kept until it is known for whom it is;
        # a client that leaves meanwhile is still noticed.
        pause = not self.is_over and (
            self._writing_paused
            or len(self._reader.rest) > _REST_BYTES_MAX
            or (self._body is not None and self._body.is_full)
            or len(self._waiting or ()) >= self._limits.pipelined_requests_max
        )
        if pause == self._reading_paused or self._transport.is_closing():
            return
        self._reading_paused = pause
        if pause:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _watch(self) -> None:
        """Give the client its time for what it owes us now."""
        if self.is_over:
            return
        self.deadline = inf
        waits_for = self._reader.waits_for
        if self._writing_paused or self._is_body_due():
            self._owe(self._limits.body_timeout_s)
        elif self._answering:
            pass
        elif waits_for == "head" or self._is_first:
            self._owe(self._limits.open_timeout_s)
        else:
            self._owe(self._limits.idle_timeout_s)

    def _is_body_due(self) -> bool:
        """Return whether the client could send more of a body that somebody waits for."""
        if self._reader.waits_for != "body" or self._reading_paused:
            return False
        if self._body is None or self._body.is_whole:
            return not self._answering
        return not self._body.wants_invitation

    def _owe(self, seconds: float) -> None:
        if seconds <= 0:
            self.deadline = inf
            return
        deadline = self._loop.time() + seconds
        self.deadline = deadline
        watch = self._server.watch
        if deadline < watch.due:
            watch.look_at(deadline)

    def expire(self) -> None:
        """Stop waiting for what the client owes us."""
        self.deadline = inf
        if self.is_over or self._writing_paused:
            self._transport.abort()
        elif self._reader.waits_for == "request":
            self._hang_up()
        else:
            if self._body is not None:
                self._body.lose()
            if self._is_streaming:
                self._transport.abort()
            else:
                timed_out = plain_text(408, "the request did not arrive in time")
                self.answer(timed_out, last=True)

    def _hang_up(self) -> None:
        self.flush()
        self._end()
        self._owe(self._limits.close_timeout_s)
        if self.has_ended:
            self._transport.close()  # nothing that still comes could reset our last words
        else:
            hang_up(self._transport)

    def _end(self) -> None:
        self.is_over = True
        self._tell_change()
        self.deadline = inf
        self._update_reading()
