"""The one place where a client's socket becomes a transport."""

import asyncio
import os
import socket
import ssl as tls
from collections.abc import Callable
from typing import Final, TypeVar, cast

from strikewire.websocket.aio.kernels.engine import Engine
from strikewire.websocket.aio.kernels.tls import TlsTransport
from strikewire.websocket.aio.turns import EngineName, engine_of

AnyProtocol = TypeVar("AnyProtocol", bound=asyncio.Protocol)

H2_ALPN: Final = ("h2", "http/1.1")
"""What a client of HTTP/2 asks for by ALPN. A server that chooses the second is told no more."""

# asyncio has a limit of its own for TLS. Phases have theirs, so it is moved out of the way.
_NEVER_S: Final = 1e6


async def open_transport(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    protocol_factory: Callable[[], AnyProtocol],
    *,
    ssl: tls.SSLContext | None,
    server_hostname: str | None,
    engine: EngineName,
) -> tuple[asyncio.Transport, AnyProtocol]:
    """Put a transport over a connected socket, with TLS if there is a context for it.

    The socket is the transport's from then on, and closed if this raises.

    Raises:
        OSError: TLS failed (`ssl.SSLError`, among them `ssl.SSLCertVerificationError`).
        RuntimeError: "native" was asked for, and this build or this loop has none.
        ValueError: There is no such engine.
    """
    identity = os.fstat(sock.fileno())
    try:
        native = engine_of(loop, engine)
        if native is not None:
            protocol = protocol_factory()
            return await _adopt(native, sock, protocol, ssl, server_hostname), protocol
        return await loop.create_connection(
            protocol_factory,
            sock=sock,
            ssl=ssl,
            server_hostname=server_hostname if ssl is not None else None,
            ssl_handshake_timeout=_NEVER_S if ssl is not None else None,
        )
    except BaseException:
        _give_up(sock, identity)
        raise


async def _adopt(
    engine: Engine,
    sock: socket.socket,
    protocol: asyncio.Protocol,
    ssl: tls.SSLContext | None,
    server_hostname: str | None,
) -> asyncio.Transport:
    if ssl is None:
        return cast("asyncio.Transport", engine.adopt(sock, protocol))
    opened: asyncio.Future[None] = engine.loop.create_future()

    def on_open(error: BaseException | None) -> None:
        if opened.done():
            return
        if error is None:
            opened.set_result(None)
        else:
            opened.set_exception(error)

    def secure(engine: Engine, fd: int) -> TlsTransport:
        return TlsTransport(
            engine, fd, ssl, server_side=False, server_hostname=server_hostname, on_open=on_open
        )

    transport = engine.adopt(sock, protocol, transport=secure)
    try:
        await opened
    except BaseException:
        transport.abort()
        raise
    return cast("asyncio.Transport", transport)


def _give_up(sock: socket.socket, identity: os.stat_result) -> None:
    """Close a socket, unless its descriptor is closed already and may be somebody else's.

    uvloop, cancelled before its transport is ready, closes the descriptor and leaves the socket
    object with the number of it.
    """
    try:
        is_ours = os.path.samestat(os.fstat(sock.fileno()), identity)
    except OSError:
        is_ours = False
    if is_ours:
        sock.close()
    elif sock.fileno() >= 0:
        sock.detach()


def default_tls() -> tls.SSLContext:
    """Return a context that trusts what the system trusts, and speaks HTTP/1.1 (by ALPN)."""
    context = tls.create_default_context()
    # RFC 7301. A server that speaks HTTP/2 too would else be free to choose it.
    context.set_alpn_protocols(["http/1.1"])
    return context
