"""TLS on the engine's sockets, where nothing is compiled; `tls.pyx` says how it works."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, Final

from strikewire.websocket.aio.kernels.engine import Engine, SocketTransport

_RECORD_BYTES: Final = 16384
_CLOSE_S: Final = 5.0


class TlsTransport(SocketTransport):
    """A connected socket that speaks TLS; see `asyncio.Transport`.

    The protocol is told that the connection is made once hands are shaken.
    """

    def __init__(
        self,
        engine: Engine,
        fd: int,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        server_hostname: str | None = None,
        handshake_timeout_s: float | None = None,
        on_open: Callable[[BaseException | None], None] | None = None,
    ) -> None:
        """Take over `fd`; see `tls.pyx`."""
        self._context = context
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_side,
            server_hostname=server_hostname,
        )
        super().__init__(engine, fd)  # not before: it owns the descriptor from here on
        self._on_open = on_open
        self._open = False
        self._working = False
        self._timer: asyncio.TimerHandle | None = None
        if handshake_timeout_s:
            self._timer = engine.loop.call_later(handshake_timeout_s, self._give_up)

    def start(self, protocol: asyncio.BaseProtocol) -> None:
        """Shake hands, then tell `protocol` that the connection is made."""
        self.set_protocol(protocol)
        self._reading = True
        self.update_watch()
        self._shake()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as asyncio's
        """Return what a socket knows, and "ssl_object", "sslcontext", "peercert", "cipher"."""
        match name:
            case "ssl_object":
                return self._tls
            case "sslcontext":
                return self._context
            case "peercert":
                return self._tls.getpeercert()
            case "cipher":
                return self._tls.cipher()
            case _:
                return super().get_extra_info(name, default)

    def can_write_eof(self) -> bool:
        """Return False: TLS knows no half-closed connection."""
        return False

    def write_eof(self) -> None:
        """Do what cannot be done: see `can_write_eof`."""
        raise RuntimeError("tls has no half-closed connections")

    def close(self) -> None:
        """Send what is buffered and close_notify, then close."""
        if self._closing:
            return
        self._closing = True
        if not self._open:
            self.lose(None)
            return
        # It wants the peer's close_notify; what comes from here on is dropped.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._send_out()
        if self._lost:
            return
        if not self._out:
            self.end()
        self._reading = True
        self.update_watch()
        self._timer = self.engine.loop.call_later(_CLOSE_S, self.abort)

    def flushed(self) -> None:
        """Do what was to be done once everything is sent."""
        if self._closing:
            self.end()

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send_out()
            return
        except ssl.SSLError as error:
            self._send_out()  # the alert that says why
            self._closing = True
            self.lose(error)
            return
        self._send_out()
        self._stop_timer()
        self._open = True
        self.protocol.connection_made(self)
        if self._on_open is not None:
            self._on_open(None)
            self._on_open = None

    def _give_up(self) -> None:
        self._timer = None
        self._closing = True
        self.lose(TimeoutError("the tls handshake took too long"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def tell_lost(self, error: BaseException | None) -> None:
        """Tell who waits for the handshake, or the protocol."""
        self._stop_timer()
        on_open, self._on_open = self._on_open, None
        if on_open is not None:
            on_open(error or ConnectionResetError("connection was closed during the tls handshake"))
        if self._open:
            super().tell_lost(error)

    def receive(self) -> None:
        """Read once, and hand over what that decrypts to."""
        data = self.receive_bytes()
        if data is None:
            return
        if not data:
            self._incoming.write_eof()
            self.received_end()
            return
        if self._closing:
            return  # nobody listens any more
        self._incoming.write(data)
        self._working = True
        try:
            if not self._open:
                self._shake()
            if self._open:
                self._decrypt()
        finally:
            self._working = False
        self._send_out()

    def _decrypt(self) -> None:
        while self._reading and not self._closing and not self._lost:
            try:
                plain = self._tls.read(_RECORD_BYTES)
            except ssl.SSLWantReadError:
                return
            except ssl.SSLZeroReturnError:
                plain = b""
            except ssl.SSLError as error:
                self._closing = True
                self._send_out()
                self.lose(error)
                return
            if not plain:
                self.received_end()
                return
            self.protocol.data_received(plain)

    def resume_reading(self) -> None:
        """Read again, beginning with what was decrypted already."""
        super().resume_reading()
        if self._open and self._reading and not self._working:
            self.engine.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._lost or self._working:
            return
        self._working = True
        try:
            self._decrypt()
        finally:
            self._working = False
        self._send_out()

    def received_end(self) -> None:
        """Take in that the peer sends no more."""
        self._reading = False
        self.update_watch()
        if self._closing or not self._open:
            self._closing = True
            self.lose(None)
            return
        self.protocol.eof_received()
        self.close()
        if not self._lost and not self._out:
            self.lose(None)

    def put(self, data: bytes) -> None:
        """Encrypt, and send unless more is coming."""
        if self._lost or self._closing or not data:
            return
        self._tls.write(data)
        if not self._working:
            self._send_out()

    def _send_out(self) -> None:
        if self._outgoing.pending and not self._lost:
            super().put(self._outgoing.read())
