"""From a name to a connected socket: the resolver, then happy eyeballs over all addresses."""

import asyncio
import socket
from collections.abc import Sequence

from aiohappyeyeballs import AddrInfoType, start_connection

Address = tuple[str, int]
"""Host and port."""


async def resolve(addresses: Sequence[Address], *, family: int = 0) -> list[AddrInfoType]:
    """Return everything that hosts and ports stand for, in the order given, each once.

    Args:
        addresses: Names or addresses, and ports; one at least.
        family: `socket.AF_INET` or `AF_INET6` for addresses of that kind alone; 0 for both.

    Raises:
        socket.gaierror: There is no such name, or it has no such address.
    """
    found: dict[AddrInfoType, None] = {}
    for host, port in addresses:
        found.update(dict.fromkeys(await _look_up(host, port, family)))
    return list(found)


async def _look_up(host: str, port: int, family: int) -> Sequence[AddrInfoType]:
    kind = socket.SOCK_STREAM
    try:
        # An address needs no resolver, and so no thread.
        return socket.getaddrinfo(host, port, family=family, type=kind, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(host, port, family=family, type=kind)


async def dial(
    addresses: Sequence[AddrInfoType], *, local: Address | None = None, delay_s: float = 0.25
) -> socket.socket:
    """Connect to the first address that answers, and return a socket that does not block.

    The next address, of the other family where there is one, is tried when the last one failed or
    has kept us waiting for `delay_s`; whoever comes second is closed.

    Args:
        addresses: From `resolve`.
        local: Host and port to connect from; port 0 takes a free one.
        delay_s: Between two attempts; 0 waits for each to fail.

    Raises:
        OSError: None of them answers; where they failed in different ways, it tells all of them.

    Source: RFC 8305 ("Happy Eyeballs").
    """
    local_addresses = await resolve([local]) if local is not None else None
    sock = await start_connection(
        addresses,
        local_addr_infos=local_addresses,
        happy_eyeballs_delay=delay_s if delay_s > 0 else None,
        interleave=1,
    )
    # What is to leave was put together already: the kernel need not wait for more.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
