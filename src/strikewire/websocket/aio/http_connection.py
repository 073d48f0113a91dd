"""One socket of a server while it speaks HTTP: until it closes, or becomes a WebSocket."""

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from strikewire.websocket import handshake
from strikewire.websocket.aio.sockets import hang_up, peer_name, prepare_socket
from strikewire.websocket.http import (
    CONTINUE,
    BadRequest,
    ContinueWanted,
    HttpEvent,
    HttpRequest,
    HttpResponse,
    RequestReader,
    encode_response,
    plain_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from strikewire.websocket.aio.server import HttpHandler, Server

logger = logging.getLogger("strikewire.websocket")

_UPGRADE_REQUIRED: Final = plain_text(
    426, "this address speaks websocket only", ("upgrade", "websocket")
)


class HttpConnection(asyncio.Protocol):
    """Reads requests, has them answered one after the other, and gives the socket away on upgrade.

    Pipelined requests wait in a bounded queue; while it is full, or the client does not read its
    answers, the socket is not read.
    """

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._limits = server.limits
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[HttpRequest | BadRequest] = deque()
        self._answering = False
        self._reading_paused = False
        self._writing_paused = False
        self._is_first = True
        self._has_ended = False
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Hang up: now if nothing is being answered, else after the answer."""
        if not self._answering and not self._is_over:
            self._hang_up()

    def abort(self) -> None:
        """Hang up now."""
        self._transport.abort()

    # ---------------------------------------------------------------------- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a new socket, or turn it away."""
        # Not an assertion: the transports of uvloop have no such base.
        self._transport = transport = cast("asyncio.Transport", transport)
        prepare_socket(transport, self._limits)
        self._reader = RequestReader(
            head_bytes_max=self._limits.head_bytes_max,
            body_bytes_max=self._limits.body_bytes_max,
            peer=peer_name(transport),
        )
        if self._server.is_closing:
            transport.abort()  # it was let in, or shook hands over TLS, while we closed the door
        elif self._server.enter(self):
            self._watch()
        else:
            self._answer(plain_text(503, "too many connections"), last=True)

    def data_received(self, data: bytes) -> None:
        """Take in what the socket gave."""
        if self._is_over:
            return
        before = self._reader.waits_for
        events = self._reader.receive(data)
        self._take(events)
        # Not otherwise: a client must not win time by sending a byte now and then.
        if events or self._reader.waits_for != before:
            self._watch()

    def eof_received(self) -> bool:
        """Take in that the client sends no more; keep our half open while an answer is due."""
        self._has_ended = True
        is_due = not self._is_over and (self._answering or bool(self._waiting))
        return is_due and self._transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take in that the socket is gone."""
        del exc  # a client may hang up whenever it likes
        self._is_over = True
        self._waiting.clear()
        self._stop_watching()
        self._server.leave(self)

    def pause_writing(self) -> None:
        """Take in that the client does not read its answers."""
        self._writing_paused = True
        self._update_reading()
        self._watch()

    def resume_writing(self) -> None:
        """Take in that the client reads again."""
        self._writing_paused = False
        self._update_reading()
        self._watch()

    # -------------------------------------------------------------------------------- requests

    def _take(self, events: list[HttpEvent]) -> None:
        for event in events:
            if not isinstance(event, ContinueWanted):
                self._waiting.append(event)
            elif not self._waiting and not self._answering:
                self._transport.write(CONTINUE)
        self._advance()

    def _advance(self) -> None:
        """Answer what waits, in order, up to the first request that takes a handler's time."""
        while self._waiting and not self._answering and not self._is_over:
            request = self._waiting.popleft()
            if isinstance(request, BadRequest):
                self._answer(plain_text(request.status, request.reason), last=True)
            elif handshake.wants_websocket(request):
                self._upgrade(request)
            elif request.upgrade:
                self._take(self._reader.resume())
            elif self._server.http is None:
                self._answer(_UPGRADE_REQUIRED, request)
            else:
                self._answering = True
                self._server.start(self._respond(self._server.http, request))
        self._update_reading()
        if self._has_ended and not self._answering and not self._is_over:
            self._hang_up()

    async def _respond(self, http: "HttpHandler", request: HttpRequest) -> None:
        """Have one request answered; whatever its handler does, there is an answer."""
        try:
            response = await http(request)
            self._answer(response, request)
        except Exception:  # the outermost edge of the handler's task
            logger.exception("handler of %s %s failed", request.method, request.path)
            self._answer(plain_text(500, "internal error"), request, last=True)
        finally:
            self._answering = False
        self._advance()
        self._watch()

    def _answer(
        self, response: HttpResponse, request: HttpRequest | None = None, *, last: bool = False
    ) -> None:
        """Write a response, and hang up after it if it is the last."""
        if self._is_over:
            return
        self._is_first = False
        keep_alive = request is not None and request.keep_alive
        keep_alive = keep_alive and not (last or self._server.is_closing)
        head_only = request is not None and request.method == "HEAD"
        self._transport.write(encode_response(response, keep_alive=keep_alive, head_only=head_only))
        if not keep_alive:
            self._hang_up()

    # --------------------------------------------------------------------------------- upgrade

    def _upgrade(self, request: HttpRequest) -> None:
        """Turn the socket into a WebSocket, or say why not."""
        verdict = handshake.accept(request, self._server.policy)
        if isinstance(verdict, handshake.Accepted) and self._server.admit is not None:
            verdict = self._server.admit(request) or verdict
        if isinstance(verdict, HttpResponse):
            self._answer(verdict, request, last=True)
            return

        assert verdict.response is not None
        self._end()
        self._transport.write(encode_response(verdict.response, keep_alive=True))
        connection = self._server.open(request, verdict)
        self._transport.set_protocol(connection)
        connection.connection_made(self._transport)
        self._server.replace(self, connection)
        if self._reader.rest:
            connection.data_received(self._reader.rest)

    # ------------------------------------------------------------------------ limits and times

    def _update_reading(self) -> None:
        # What follows an upgrade request is not for us to read, until it is known for whom it is.
        pause = not self._is_over and (
            self._writing_paused
            or self._reader.is_done
            or len(self._waiting) >= self._limits.pipelined_requests_max
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
        if self._is_over:
            return
        self._stop_watching()
        if self._writing_paused:
            self._wait_for(self._limits.body_timeout_s, self._transport.abort)
        elif not self._answering:
            match self._reader.waits_for:
                case "head":
                    self._wait_for(self._limits.open_timeout_s, self._give_up)
                case "body":
                    self._wait_for(self._limits.body_timeout_s, self._give_up)
                case _ if self._is_first:
                    self._wait_for(self._limits.open_timeout_s, self._hang_up)
                case _:
                    self._wait_for(self._limits.idle_timeout_s, self._hang_up)

    def _wait_for(self, seconds: float, then: "Callable[[], None]") -> None:
        if seconds > 0:
            self._timer = self._loop.call_later(seconds, then)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self) -> None:
        self._answer(plain_text(408, "the request did not arrive in time"), last=True)

    def _hang_up(self) -> None:
        self._end()
        self._wait_for(self._limits.close_timeout_s, self._transport.abort)
        hang_up(self._transport)

    def _end(self) -> None:
        self._is_over = True
        self._stop_watching()
        self._update_reading()
