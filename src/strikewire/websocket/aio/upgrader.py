"""A handshake that waits for its answer."""

import asyncio
from typing import Protocol

from strikewire.websocket.aio.admission import Admission
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.response_writer import Exchange
from strikewire.websocket.errors import ConnectionClosedError
from strikewire.websocket.handshake import Accepted
from strikewire.websocket.headers import Headers
from strikewire.websocket.http import HttpRequest, HttpResponse


class Opening(Exchange, Protocol):
    """An exchange that may become a WebSocket."""

    def open(
        self, request: HttpRequest, accepted: Accepted, terms: Admission | None = None
    ) -> Connection:
        """Say that a handshake is accepted, and return the WebSocket."""


class Upgrader:
    """Answers one well-made handshake, once: what the `run` of a `DirectAdmission` is given.

    Attributes:
        connection: The WebSocket, once there is one.
    """

    def __init__(self, socket: Opening, request: HttpRequest, accepted: Accepted) -> None:
        self.connection: Connection | None = None
        self._socket = socket
        self._request = request
        self._accepted = accepted

    @property
    def is_over(self) -> bool:
        """Whether it was answered, or the client left."""
        return self._socket.is_over or self._socket.has_ended

    def accept(self, *, subprotocol: str | None = None, headers: Headers = ()) -> Connection:
        """Open the WebSocket. What the client sent already is read in the next turn of the loop.

        Args:
            subprotocol: To choose, instead of the server's choice.
            headers: To answer besides those of the handshake.

        Raises:
            ConnectionClosedError: The client left.
            LocalProtocolError: The client did not offer the subprotocol, or a header is malformed.
        """
        if self.is_over:
            raise ConnectionClosedError(1006, "the client left before it was let in")
        terms = Admission(subprotocol=subprotocol, headers=headers)
        self.connection = self._socket.open(self._request, self._accepted, terms)
        asyncio.get_running_loop().call_soon(self.connection.begin)
        return self.connection

    def refuse(self, response: HttpResponse) -> None:
        """Answer something else than a WebSocket, and hang up."""
        self._socket.answer(response, self._request, last=True)

    async def wait_over(self) -> None:
        """Wait until it was answered, or the client left."""
        while not self.is_over:
            await self._socket.wait_change()
