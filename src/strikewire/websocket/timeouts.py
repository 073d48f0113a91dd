"""The phases in which a client's connection opens, and how long each may take."""

from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """What a client is waiting for while a connection opens; the value is for people to read."""

    RESOLVE = "name resolution"
    CONNECT = "tcp connect"
    PROXY = "proxy"
    TLS = "tls handshake"
    HANDSHAKE = "opening handshake"


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """How long each phase of opening a connection may take, in seconds; zero sets no limit.

    All of them together, redirects included, end with `Limits.open_timeout_s`. Either way the error
    is a `HandshakeTimeoutError` that names the phase.
    """

    resolve_s: float = 0.0
    """Time for the resolver to answer: of the server's name, or of the proxy's."""

    connect_s: float = 0.0
    """Time for TCP, over all addresses that are tried."""

    proxy_s: float = 0.0
    """Time for the proxy to reach the server; TLS with an https:// proxy included."""

    tls_s: float = 0.0
    """Time for TLS with the server."""

    handshake_s: float = 0.0
    """Time for the server to answer the upgrade request."""
