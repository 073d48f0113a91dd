"""Proxies without I/O: which one to use, and the words spoken with one that speaks HTTP."""

import base64
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from strikewire.websocket.errors import InvalidProxyError, ProxyError
from strikewire.websocket.uri import WebSocketURI

_PORTS: Final = {
    "http": 80,
    "https": 443,
    "socks4": 1080,
    "socks4a": 1080,
    "socks5": 1080,
    "socks5h": 1080,
}

# Statuses of refusals that may have passed a little later; so may those of 500 and above.
_PASSING: Final = frozenset({408, 429})

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: ([^\r\n]*))?\r?\n")


class ProxyAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a proxy is, and how to speak to it.

    Attributes:
        scheme: "http", "https" (HTTP inside TLS), "socks4", "socks4a", "socks5" or "socks5h". With
            "socks4a" and "socks5h" the proxy looks names up, with "socks4" and "socks5" we do.
        host: Name or address; an IPv6 address has no brackets.
        port: As given, else 80, 443 or 1080.
        user: As given, decoded; empty without one.
        password: As given, decoded; empty without one.
    """

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    def __str__(self) -> str:
        """Return the address, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"proxy {self.scheme}://{host}:{self.port}"

    __repr__ = __str__  # so that no password gets into a log


def parse_proxy(address: str) -> ProxyAddress:
    """Take the address of a proxy apart: "socks5h://user:password@host:port".

    Without a scheme it is http, as everywhere.

    Raises:
        InvalidProxyError: It is none.
    """
    if "://" not in address:
        address = f"http://{address}"
    # What stands before the last "@" may be a password, and is not repeated.
    shown = repr(re.sub(r"//.*@", "//***@", address, flags=re.DOTALL))
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise InvalidProxyError(f"{shown}: not an address: {type(error).__name__}") from None
    if parts.scheme not in _PORTS:
        raise InvalidProxyError(f"{shown}: a proxy is one of {', '.join(_PORTS)}")
    if not parts.hostname:
        raise InvalidProxyError(f"{shown}: there is no host")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InvalidProxyError(f"{shown}: nothing may stand behind host and port")
    if not parts.hostname.isascii():
        raise InvalidProxyError(f"{shown}: a host is written in ascii")
    found = ProxyAddress(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port if port is not None else _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
    _check_credentials(found, shown)
    return found


def _check_credentials(found: ProxyAddress, shown: str) -> None:
    if found.scheme.startswith("http"):
        # RFC 7617 2: "a user-id containing a colon character is invalid".
        if ":" in found.user:
            raise InvalidProxyError(f"{shown}: a user of an http proxy has no colon in the name")
        return
    # RFC 1929 counts both in one byte and says nothing of characters beyond ascii.
    if not (found.user + found.password).isascii():
        raise InvalidProxyError(f"{shown}: user and password are written in ascii")
    if max(len(found.user), len(found.password)) > 255:
        raise InvalidProxyError(f"{shown}: user and password have 255 characters at most")
    if found.scheme.startswith("socks5") and bool(found.user) != bool(found.password):
        raise InvalidProxyError(f"{shown}: user and password come together")
    if found.scheme.startswith("socks4") and found.password:
        raise InvalidProxyError(f"{shown}: socks4 knows a user, but no password")


def choose_proxy(
    uri: WebSocketURI, proxies: Mapping[str, str], *, bypass: Callable[[str], object]
) -> str | None:
    """Return the address of the proxy that the environment names for `uri`, or None.

    This machine itself is reached without: the proxy's "localhost" is another one. Then `WSS_PROXY`
    (or `WS_PROXY`) goes before a SOCKS proxy, that before `HTTPS_PROXY`, and for ws:// that before
    `HTTP_PROXY`, as RFC 6455 section 4.1 asks; `ALL_PROXY` is the last.

    Args:
        uri: Where to.
        proxies: Addresses by the lower-case beginning of the variable's name, such as "https"; what
            `urllib.request.getproxies` returns.
        bypass: Tells whether "host:port" is in `NO_PROXY`.
    """
    if _is_this_machine(uri.host) or bypass(f"{uri.host}:{uri.port}"):
        return None
    names = ("wss", "socks", "https") if uri.secure else ("ws", "socks", "https", "http")
    for name in (*names, "all"):
        address = proxies.get(name)
        if address:
            # Systems that have a setting for SOCKS proxies name them with the wrong scheme.
            return re.sub("^http://", "socks5h://", address) if name == "socks" else address
    return None


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


# ------------------------------------------------------------------------------------ http proxies


def encode_connect(proxy: ProxyAddress, host: str, port: int) -> bytes:
    """Return the request for a tunnel to `host` and `port`.

    Source: RFC 9110 section 9.3.6.
    """
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.user or proxy.password:
        words = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {words}")
    return "\r\n".join([*lines, "", ""]).encode()


class TunnelReader:
    """Reads the answer to `encode_connect`."""

    def __init__(self, proxy: ProxyAddress, *, head_bytes_max: int) -> None:
        self._proxy = proxy
        self._head_bytes_max = head_bytes_max
        self._head = bytearray()

    def receive(self, data: bytes) -> bool:
        """Take in what the proxy sent; return whether the tunnel is open.

        Raises:
            ProxyError: The proxy refused, did not answer in HTTP, or hung up (`data` is empty).
        """
        if not data:
            raise self._error("hung up before it answered")
        self._head += data
        if not b"HTTP/1.".startswith(self._head[:7]):
            raise self._error("did not answer in http", is_final=True)
        # A tunnel's head may come in pieces: only its end says that what follows is the tunnel.
        end = self._head.find(b"\r\n\r\n") + 4
        if not 4 <= end <= self._head_bytes_max:
            if len(self._head) > self._head_bytes_max:
                raise self._error(f"answers with a head of more than {self._head_bytes_max} bytes")
            return False
        line = _STATUS_LINE.match(self._head)
        if line is None:
            raise self._error("did not answer in http", is_final=True)
        status = int(line[1])
        if not 200 <= status < 300:
            words = (line[2] or b"").decode("latin-1").strip()
            raise self._error(
                f"answered {status} {words}".rstrip(),
                code=status,
                is_final=status < 500 and status not in _PASSING,
            )
        # The server may not speak before it was asked, so these bytes are not from it.
        if len(self._head) > end:
            raise self._error("sent more than its answer", code=status)
        return True

    def _error(self, reason: str, *, code: int | None = None, is_final: bool = False) -> ProxyError:
        return ProxyError(str(self._proxy), reason, code=code, is_final=is_final)
