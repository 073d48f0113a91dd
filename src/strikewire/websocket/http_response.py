"""The one response a WebSocket client reads: accepted, or refused with a few words."""

from typing import Final

import httptools

from strikewire.websocket.errors import HandshakeError, HandshakeLostError
from strikewire.websocket.http import HttpResponse

REFUSAL_BYTES_MAX: Final = 16 << 10
"""As much of a refusal's body as is kept for people to read; the rest is dropped."""


class ResponseReader:
    """Reads the response to one upgrade request.

    Attributes:
        rest: What came after the head of a 101: the first frames.
    """

    def __init__(self, *, head_bytes_max: int) -> None:
        self.rest = b""
        self._head_bytes_max = head_bytes_max
        self._head_room = head_bytes_max
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._status = 0
        self._has_head = False
        self._is_whole = False
        self._is_upgraded = False
        self._parser = httptools.HttpResponseParser(self)

    def receive(self, data: bytes) -> HttpResponse | None:
        """Take in what the socket gave and return the response once it is whole.

        Raises:
            HandshakeError: It is not HTTP, or its head is too long.
        """
        # However it comes: of a head, no more is looked at than it may have.
        head_room = len(data) if self._has_head else self._head_room
        self._head_room -= min(head_room, len(data))
        self._feed(data[:head_room])
        if len(data) > head_room:
            if not self._has_head:
                raise HandshakeError(f"response head is longer than {self._head_bytes_max} bytes")
            if self._is_upgraded:
                self.rest += data[head_room:]
            else:
                self._feed(data[head_room:])
        return self._response() if self._is_whole else None

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._is_whole = self._is_upgraded = True
            self.rest = data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            if self._is_whole:
                return  # what comes after the response is none of ours
            raise HandshakeError(f"server did not answer in http: {error}".lower()) from None

    def receive_eof(self) -> HttpResponse:
        """Return the response, which the end of the stream makes whole.

        Raises:
            HandshakeLostError: Not even its head is there.
        """
        if not self._has_head:
            raise HandshakeLostError("server hung up before it answered")
        return self._response()

    def _response(self) -> HttpResponse:
        return HttpResponse(self._status, tuple(self._headers), bytes(self._body))

    # What httptools calls, in the order of a message.

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Take one header line; those after a chunked body are dropped."""
        if not self._has_head:
            line = (name.decode("latin-1").lower(), (value or b"").decode("latin-1").strip(" \t"))
            self._headers.append(line)

    def on_headers_complete(self) -> None:
        """End the head."""
        if self._is_whole:
            return
        self._has_head = True
        self._status = self._parser.get_status_code()
        # RFC 9112 6.3: a 101 has no body, whatever its headers say.
        if self._status == 101:
            self._is_whole = True

    def on_body(self, piece: bytes) -> None:
        """Keep the beginning of a refusal's body."""
        if not self._is_whole:
            self._body += piece[: REFUSAL_BYTES_MAX - len(self._body)]

    def on_message_complete(self) -> None:
        """End the response."""
        # RFC 9110 15.2: a client must read past informational responses it did not ask for.
        if not self._is_whole and 100 <= self._status < 200:
            self._headers.clear()
            self._has_head = False
            return
        self._is_whole = True
