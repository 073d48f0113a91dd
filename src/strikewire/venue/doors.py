"""The doors of a venue: where it listens, tried before anything else begins."""

import asyncio
import errno
from contextlib import AsyncExitStack
from ssl import SSLContext
from typing import Final

from msgspec import Struct

from strikewire.gateway import GatewayService
from strikewire.gateway.rest import WEBSOCKET_PATH
from strikewire.venue.config import ServerConfig
from strikewire.venue.settings import ConfigError
from strikewire.websocket import AddressInUseError

_WILDCARDS: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


class AddressError(Exception):
    """An address is none of this machine, or may not be listened on; the message names it."""


class Addresses(Struct, frozen=True, kw_only=True):
    """Where a venue listens.

    Attributes:
        http: Base of the REST addresses: "http://127.0.0.1:8080".
        ws: The WebSocket address, path included.
        https: As `http`, with TLS; empty without.
        wss: As `ws`, with TLS; empty without.
        ca_file: The authority clients are to trust for the two; empty where they trust the
            configured certificate by themselves.
    """

    http: str
    ws: str
    https: str = ""
    wss: str = ""
    ca_file: str = ""


async def try_doors(server: ServerConfig) -> None:
    """Bind every address and let go again, so that a venue that cannot be reached never begins.

    Raises:
        ConfigError: Both doors have the same port.
        AddressInUseError: Another program listens there.
        AddressError: The address cannot be listened on for another reason.
    """
    ports = (server.port, server.tls_port) if server.tls else (server.port,)
    if server.tls and server.port == server.tls_port != 0:
        raise ConfigError(f"server.tls_port = {server.tls_port}: server.port is the same")
    for port in ports:
        await _try_door(server.host, port)


async def open_doors(
    doors: AsyncExitStack, gateway: GatewayService, server: ServerConfig, secure: SSLContext | None
) -> tuple[int, int]:
    """Let clients in until `doors` is left.

    Args:
        doors: Closes them.
        gateway: Who is behind them.
        server: Where.
        secure: What TLS is spoken with; None opens no such door.

    Returns:
        The port, and the one with TLS or 0.

    Raises:
        AddressInUseError: Another program listens there.
    """
    plain = await doors.enter_async_context(
        gateway.listen(server.host, server.port, compression=server.compression)
    )
    if secure is None:
        return plain.port, 0
    other = await doors.enter_async_context(
        gateway.listen(server.host, server.tls_port, ssl=secure, compression=server.compression)
    )
    return plain.port, other.port


def addresses(host: str, port: int, secure_port: int, *, ca_file: str) -> Addresses:
    """Return what clients on this machine are to be told.

    Args:
        host: As it was bound.
        port: Of HTTP and WebSocket.
        secure_port: The same with TLS; 0 without.
        ca_file: What to trust for it.
    """
    reached_by = _WILDCARDS.get(host, host)
    authority = f"[{reached_by}]" if ":" in reached_by else reached_by
    plain = f"{authority}:{port}"
    if not secure_port:
        return Addresses(http=f"http://{plain}", ws=f"ws://{plain}{WEBSOCKET_PATH}")
    secure = f"{authority}:{secure_port}"
    return Addresses(
        http=f"http://{plain}",
        ws=f"ws://{plain}{WEBSOCKET_PATH}",
        https=f"https://{secure}",
        wss=f"wss://{secure}{WEBSOCKET_PATH}",
        ca_file=ca_file,
    )


async def _try_door(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    try:
        # Bound, but not listening: nobody can mistake this for the venue.
        bound = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressInUseError(host, port) from None
        raise AddressError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    except ValueError as error:  # a name that no name can be
        raise AddressError(f"cannot listen on {host!r}: {error}") from None
    bound.close()
