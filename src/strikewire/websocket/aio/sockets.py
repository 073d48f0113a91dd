"""What servers and clients do alike with a fresh or a finished socket."""

import asyncio
import contextlib
import socket
import sys
from typing import Final

from strikewire.websocket.limits import Limits

# Python has no name for it on macOS.
_UNSENT: Final = getattr(socket, "TCP_NOTSENT_LOWAT", 0x201 if sys.platform == "darwin" else None)


def peer_address(transport: asyncio.BaseTransport) -> str | tuple[str, int]:
    """Return the other end's host and port; of a socket without, its name, often empty."""
    name = transport.get_extra_info("peername")
    return name[:2] if isinstance(name, tuple) else name or ""


def client_address(transport: asyncio.BaseTransport) -> str:
    """Return the other end's host; empty for a socket without."""
    address = peer_address(transport)
    return "" if isinstance(address, str) else address[0]


def peer_name(transport: asyncio.BaseTransport) -> str:
    """Return the other end's address, such as "127.0.0.1:50123"; empty for a nameless socket."""
    address = peer_address(transport)
    if isinstance(address, str):
        return address
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def prepare_socket(transport: asyncio.BaseTransport, limits: Limits) -> None:
    """Ask the kernel to hold as little as the limits say, if they say something."""
    if not (limits.kernel_send_bytes or limits.kernel_unsent_bytes):
        return  # looking at the socket costs more than it seems
    sock = transport.get_extra_info("socket")
    if sock is None:
        return
    if limits.kernel_send_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.kernel_send_bytes)
    if limits.kernel_unsent_bytes and _UNSENT is not None:
        with contextlib.suppress(OSError):  # not a TCP socket
            sock.setsockopt(socket.IPPROTO_TCP, _UNSENT, limits.kernel_unsent_bytes)


def close_transport(transport: asyncio.Transport) -> None:
    """Close a transport, once: before Python 3.11.3, TLS closed twice cannot be aborted."""
    if not transport.is_closing():
        transport.close()


def hang_up(transport: asyncio.Transport) -> None:
    """Send what is buffered and close our half; the caller aborts the rest after a while.

    A socket closed with unread data in it resets the connection, and the reset may overtake our
    last words. So the other half stays open, and what still comes is dropped unread. TLS knows no
    half-closed connection.
    """
    if not transport.can_write_eof():
        close_transport(transport)
        return
    try:
        transport.write_eof()
    except OSError:  # the peer reset the connection before
        transport.abort()
