"""What servers and clients do alike with a fresh or a finished socket."""

import asyncio
import socket

from strikewire.websocket.limits import Limits


def peer_name(transport: asyncio.BaseTransport) -> str:
    """Return the other end's address, such as "127.0.0.1:50123"; empty for a nameless socket."""
    name = transport.get_extra_info("peername")
    if not isinstance(name, tuple):
        return name or ""
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def prepare_socket(transport: asyncio.BaseTransport, limits: Limits) -> None:
    """Ask the kernel for the send buffer that the limits name, if they name one."""
    sock = transport.get_extra_info("socket")
    if limits.kernel_send_bytes and sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.kernel_send_bytes)


def hang_up(transport: asyncio.Transport) -> None:
    """Send what is buffered and close our half; the caller aborts the rest after a while.

    A socket closed with unread data in it resets the connection, and the reset may overtake our
    last words. So the other half stays open, and what still comes is dropped unread. TLS knows no
    half-closed connection.
    """
    if not transport.can_write_eof():
        transport.close()
        return
    try:
        transport.write_eof()
    except OSError:  # the peer reset the connection before
        transport.abort()
