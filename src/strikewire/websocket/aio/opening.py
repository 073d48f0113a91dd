"""The one place where a client's socket becomes a transport."""

import asyncio
import os
import socket
import ssl as tls
from collections.abc import Callable
from typing import Final, Literal, TypeVar

EngineName = Literal["auto", "native", "asyncio"]
"""Whose sockets: the engine's where they can be had, the engine's or nothing, asyncio's."""

AnyProtocol = TypeVar("AnyProtocol", bound=asyncio.Protocol)

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
        if engine not in ("auto", "native", "asyncio"):
            raise ValueError(f"engine {engine!r} is none of auto, native, asyncio")
        if engine == "native":
            raise RuntimeError("this build has no native engine for clients")
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
