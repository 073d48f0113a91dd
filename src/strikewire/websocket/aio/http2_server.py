"""HTTP/2 on a server: its streams become WebSockets, or requests that are answered."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from strikewire.websocket.aio.http2_connection import Http2Connection
from strikewire.websocket.aio.http2_exchange import Http2Exchange
from strikewire.websocket.aio.http_connection import HttpConnection
from strikewire.websocket.aio.sockets import client_address, hang_up, peer_name
from strikewire.websocket.http import HttpResponse
from strikewire.websocket.http2 import Http2Event, Http2Protocol, RequestReceived
from strikewire.websocket.http2_frames import PREFACE
from strikewire.websocket.http2_limits import Http2Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from strikewire.websocket.aio.server import Server

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
            return
        limits = self._server.limits
        if self._server.is_closing:
            self._hand_over(http2=False)  # which hangs up
        elif self._server.enter(self) is None:
            self._wait_for(limits.open_timeout_s, self.close)
        else:  # it is told so in its own protocol, if that shows soon
            self._wait_for(limits.close_timeout_s, partial(self._hand_over, http2=False))

    def data_received(self, data: bytes) -> None:
        """Look at the first bytes."""
        if self._is_over:
            return
        self._data += data
        size = min(len(self._data), len(PREFACE))
        is_preface = self._data[:size] == PREFACE[:size]
        if size == len(PREFACE) or not is_preface:
            self._hand_over(http2=is_preface)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take in that the socket is gone."""
        del exc
        self._stop()
        self._server.leave(self)

    def _hand_over(self, *, http2: bool) -> None:
        self._stop()
        self._server.leave(self)
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
        refusal: What every request is answered, where the socket is turned away; else None.
    """

    def __init__(
        self, server: "Server", http2_limits: Http2Limits, *, peer: str, address: str
    ) -> None:
        self.server: Final = server
        self.peer: Final = peer
        self.address: Final = address
        self.refusal: HttpResponse | None = None
        self._first: Http2Exchange | None = None
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

    def address_of(self, exchange: Http2Exchange) -> str:
        """Return for whom a WebSocket to be is counted: the first of a socket for nobody.

        Of the address the socket itself is counted, so that it makes no difference to whoever has
        one WebSocket on each.
        """
        if self._first is not None and self._first.is_counted:
            return self.address
        self._first = exchange
        return ""

    def _on_made(self) -> None:
        if self.server.is_closing:
            self.connection.close()
            return
        self.refusal = self.server.enter(self)
        if self.refusal is not None and self.server.limits.close_timeout_s > 0:
            self.connection.wait_idle(self.server.limits.close_timeout_s)

    def _on_lost(self, error: Exception | None) -> None:
        del error  # a client may hang up whenever it likes
        self.server.leave(self)

    def _take(self, event: Http2Event) -> None:
        if isinstance(event, RequestReceived):
            Http2Exchange(self, event).start()


def door_of(server: "Server", http2_limits: Http2Limits) -> "Callable[[], Http2Door]":
    """Return what makes a door for every new socket of a server."""
    return partial(Http2Door, server, http2_limits)
