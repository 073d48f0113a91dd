"""Every limit of a connection: its name, its unit and what happens when it is reached."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one server or client is willing to hold, and for how long.

    A frozen table rather than a dozen keyword arguments, so that a venue can name it once and
    hand the same one to every door. Times are seconds; zero switches a timer off.
    """

    message_bytes_max: int = 1 << 20
    """Longest message received, after inflating and joining its fragments. Then: close 1009."""

    frame_bytes_max: int = 1 << 20
    """Longest frame received, as it travels. Then: close 1009."""

    received_messages_max: int = 64
    """Messages waiting for `receive()`. Then: the socket is not read until half are taken."""

    queued_bytes_max: int = 4 << 20
    """Bytes waiting to leave. Then: a slow reader, close 1008; nothing more is queued."""

    queued_bytes_high: int = 64 << 10
    """Bytes waiting to leave above which `await send()` waits for the peer to read."""

    kernel_send_bytes: int = 0
    """Size asked for the kernel's send buffer (SO_SNDBUF); 0 leaves the system's choice."""

    kernel_unsent_bytes: int = 0
    """Bytes the kernel takes that it has not sent yet (TCP_NOTSENT_LOWAT), where it can be asked;
    0 leaves the system's choice. What the kernel holds cannot be conflated any more."""

    open_timeout_s: float = 10.0
    """Time for TCP, TLS and the opening handshake. Then: 408, or `HandshakeTimeoutError`."""

    close_timeout_s: float = 5.0
    """Time for the peer to answer our Close and to hang up. Then: the socket is aborted."""

    ping_interval_s: float = 20.0
    """Time between two keepalive pings."""

    ping_timeout_s: float = 20.0
    """Time for a keepalive ping to be answered. Then: close 1011, `PingTimeoutError`."""

    connections_max: int = 10_000
    """Sockets a server holds at once. Then: a new one is answered 503 and hung up."""

    connections_per_address_max: int = 0
    """Sockets one client address holds at once (of IPv6: one /64), 0 for any number. Then: a new
    one is answered 429 and hung up. Behind a proxy every client has the proxy's address."""

    requests_per_address_per_s: float = 0.0
    """Requests and handshakes of one client address in a second, 0 for any number; as many again
    may come at once. Then: 429 with `Retry-After`."""

    head_bytes_max: int = 16 << 10
    """Longest HTTP request or response head. Then: 431, or `HandshakeError`."""

    body_bytes_max: int = 1 << 20
    """Longest HTTP request body. Then: 413."""

    pipelined_requests_max: int = 16
    """HTTP requests waiting on one socket. Then: the socket is not read until they are answered."""

    idle_timeout_s: float = 60.0
    """Time an HTTP connection may stay open between two requests. Then: it is hung up."""

    body_timeout_s: float = 30.0
    """Time for the body of one HTTP request to arrive. Then: 408."""

    shutdown_timeout_s: float = 5.0
    """Time for handlers and peers to end when a server stops. Then: cancelled and aborted."""
