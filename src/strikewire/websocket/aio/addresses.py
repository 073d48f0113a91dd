"""How much of a server one client address holds: sockets, and requests in a second."""

import ipaddress
from typing import Final

from strikewire.websocket.limits import Limits

# Once so many addresses are remembered, those that have been quiet are forgotten.
_REMEMBERED_MAX: Final = 10_000


class Addresses:
    """Counts by address, for `connections_per_address_max` and `requests_per_address_per_s`.

    Who has one address of IPv6 has a whole /64, so that is what is counted.
    """

    def __init__(self, limits: Limits) -> None:
        self._connections_max = limits.connections_per_address_max
        self._rate = limits.requests_per_address_per_s
        self._connections: dict[str, int] = {}
        self._debts: dict[str, float] = {}

    def enter(self, address: str) -> bool:
        """Count a socket in; false if its address holds as many as it may."""
        if not self._connections_max or not address:
            return True
        key = _key(address)
        held = self._connections.get(key, 0)
        if held >= self._connections_max:
            return False
        self._connections[key] = held + 1
        return True

    def leave(self, address: str) -> None:
        """Count a socket out that was counted in."""
        if not self._connections_max or not address:
            return
        key = _key(address)
        held = self._connections[key] - 1
        if held:
            self._connections[key] = held
        else:
            del self._connections[key]

    def wait_s(self, address: str, now_s: float) -> float:
        """Count a request; return the seconds to wait if it came too early, and zero if not.

        A request that came too early is not counted. A second's worth may come at once.
        """
        if not self._rate or not address:
            return 0.0
        key = _key(address)
        # Each request takes its share of a second; whoever is a second ahead has to wait.
        paid_until_s = max(self._debts.get(key, 0.0), now_s)
        if paid_until_s - now_s > max(1.0 - 1.0 / self._rate, 0.0) + 1e-9:
            return paid_until_s - now_s
        if len(self._debts) >= _REMEMBERED_MAX:
            self._debts = {one: until for one, until in self._debts.items() if until > now_s}
        self._debts[key] = paid_until_s + 1.0 / self._rate
        return 0.0


def _key(address: str) -> str:
    if ":" not in address:
        return address
    host = ipaddress.IPv6Address(address.partition("%")[0])
    if host.ipv4_mapped is not None:
        return str(host.ipv4_mapped)
    return str(ipaddress.IPv6Network((host, 64), strict=False).network_address)
