"""A response that is written while it comes about."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from typing import Final, Protocol

import msgspec

from strikewire.websocket.errors import LocalProtocolError
from strikewire.websocket.http import HttpRequest, HttpResponse, encode_chunk

# A piece of a body this long is not copied into its chunk.
_COPIED_BYTES_MAX: Final = 16 << 10


class Exchange(Protocol):
    """What a response is written to: a socket of HTTP/1.1, or a stream of HTTP/2."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is sent: answered for good, hung up or gone."""

    @property
    def has_ended(self) -> bool:
        """Whether the client closed its half where that means that it may be gone."""

    def answer(
        self, response: HttpResponse, request: HttpRequest | None = None, *, last: bool = False
    ) -> None:
        """Write a response whose body is whole."""

    def begin(self, response: HttpResponse, request: HttpRequest) -> tuple[int | None, bool]:
        """Write a head; return the length it declares and whether its body travels in chunks."""

    def put(self, *pieces: bytes) -> None:
        """Write parts of a body."""

    async def drain(self) -> None:
        """Wait while the client does not read."""

    def finish(self) -> None:
        """Take in that the response is whole, or will not be."""

    async def wait_change(self) -> None:
        """Wait until the client reads again or is gone, or an answer is whole."""


class ResponseWriter:
    """Writes one response: `answer` at once, or `begin`, any number of `write` and `end`.

    Attributes:
        has_begun: Whether a head was written.
        is_whole: Whether the response is.
    """

    def __init__(self, socket: Exchange, request: HttpRequest) -> None:
        self.has_begun = False
        self.is_whole = False
        self._socket = socket
        self._request = request
        self._head_only = request.method == "HEAD"
        self._in_chunks = False
        self._left: int | None = None

    @property
    def wants_body(self) -> bool:
        """Whether anything of a body would be sent: to a HEAD, and with a 304, nothing is."""
        return self.has_begun and not self._head_only and self._left != 0

    @property
    def is_gone(self) -> bool:
        """Whether the client left, or was left."""
        return self._socket.is_over and not self.is_whole

    def answer(self, response: HttpResponse) -> None:
        """Write a response whose body is whole.

        Raises:
            LocalProtocolError: A header would break the message apart, or tells a wrong length.
        """
        assert not self.has_begun
        if not self._socket.is_over:
            self._socket.answer(response, self._request)
        self.has_begun = self.is_whole = True
        self._socket.finish()

    def begin(self, response: HttpResponse) -> None:
        """Write the head of a response whose body follows; its own is not looked at.

        Raises:
            LocalProtocolError: A header would break the message apart.
        """
        assert not self.has_begun
        if self._socket.is_over:
            return
        self._left, self._in_chunks = self._socket.begin(response, self._request)
        self.has_begun = True

    async def write(self, piece: bytes) -> None:
        """Write a piece of the body, and wait while the client does not read.

        Raises:
            LocalProtocolError: The body is longer than the head said.
        """
        if self._socket.is_over or not piece:
            return
        assert self.has_begun
        if self._head_only:
            return
        if self._left is not None:
            if len(piece) > self._left:
                raise LocalProtocolError("the body is longer than its content-length")
            self._left -= len(piece)
        if not self._in_chunks:
            self._socket.put(piece)
        elif len(piece) <= _COPIED_BYTES_MAX:
            self._socket.put(encode_chunk(piece))
        else:
            self._socket.put(b"%x\r\n" % len(piece), piece, b"\r\n")
        await self._socket.drain()

    def end(self) -> None:
        """Say that the body is whole.

        Raises:
            LocalProtocolError: It is shorter than the head said.
        """
        if self._socket.is_over:
            return
        assert self.has_begun
        if self._left and not self._head_only:
            raise LocalProtocolError(f"the body is {self._left} bytes short of its content-length")
        if self._in_chunks and not self._head_only:
            self._socket.put(encode_chunk(b""))
        self.is_whole = True
        self._socket.finish()

    async def wait_over(self) -> None:
        """Wait until the response is whole, or the client left.

        A client that closed its half may have left or may still listen: that is found out by
        writing. So this returns, and what is written is sent.
        """
        while not (self.is_whole or self._socket.is_over or self._socket.has_ended):
            await self._socket.wait_change()


async def write_all(writer: ResponseWriter, response: HttpResponse) -> None:
    """Write a response whose body comes in pieces, as fast as the client reads."""
    pieces = response.stream
    assert pieces is not None
    if isinstance(pieces, AsyncGenerator):
        async with aclosing(pieces):
            await _write_pieces(writer, response, pieces)
    else:
        await _write_pieces(writer, response, pieces)


async def _write_pieces(
    writer: ResponseWriter, response: HttpResponse, pieces: AsyncIterable[bytes]
) -> None:
    writer.begin(response)
    if writer.wants_body:
        async for piece in pieces:
            await writer.write(piece)
            if writer.is_gone:
                return
    writer.end()


class DirectResponse(msgspec.Struct, frozen=True):
    """Answers by writing: `run` is called in a task of its own, which may go on after the answer.

    Raising before the head answers 500, and hangs up after it: a client must not take for the
    whole what it has of the body.
    """

    run: Callable[[ResponseWriter], Awaitable[None]]


HttpAnswer = HttpResponse | DirectResponse
HttpHandler = Callable[[HttpRequest], HttpAnswer | Awaitable[HttpAnswer]]
"""Answers one HTTP request: at once, or in a task where it returns an awaitable. Raising answers
500. One with an attribute `streams_bodies` that is true is called as soon as the head of a request
is there, and takes its body from `HttpRequest.stream`."""
