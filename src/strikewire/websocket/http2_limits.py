"""Every limit that HTTP/2 adds to those of a connection; see `Limits` for the others."""

from typing import Final

import msgspec

# RFC 9113 6.9.2: every stream and every connection begins with a window of this size, and a peer
# may fill it before it has seen our SETTINGS.
_WINDOW_BYTES_MIN: Final = 65_535
_WINDOW_BYTES_MAX: Final = (1 << 31) - 1


class Http2Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one HTTP/2 connection is willing to hold, and how much nonsense it bears.

    `Limits` holds for each WebSocket and each request on it as it does over HTTP/1.1:
    `head_bytes_max` for the head of a request, `idle_timeout_s` for a connection without streams.
    """

    streams_max: int = 100
    """Streams that the peer may have open at once, those it reset while their handler still runs
    included. Then: the new one is refused (REFUSED_STREAM)."""

    stream_window_bytes: int = 256 << 10
    """Bytes that may wait on one stream for its reader. Then: the peer must wait; more than that
    breaks the connection (FLOW_CONTROL_ERROR)."""

    connection_window_bytes: int = 1 << 20
    """Bytes of all streams together that may be on their way to us. They are given back when they
    arrive, not when they are read: a stream that nobody reads must not stop the others."""

    resets_max: int = 200
    """Streams that the peer may cut short, or have cut short by breaking a rule, in
    `flood_window_s`. Then: the connection is closed (ENHANCE_YOUR_CALM)."""

    control_frames_max: int = 2_000
    """PING, SETTINGS, PRIORITY, unknown and empty frames of the peer in `flood_window_s`. Then: as
    `resets_max`."""

    flood_window_s: float = 10.0
    """Time in which what was used up of the two allowances above is given back, evenly."""

    unread_bytes_max: int = 1 << 20
    """Bytes that may wait to leave on a socket whose peer does not read, beyond the
    `Limits.queued_bytes_high` where messages stop: answers to pings, and the like. Then: the
    connection is aborted."""

    def __post_init__(self) -> None:
        windows = (self.stream_window_bytes, self.connection_window_bytes)
        if not all(_WINDOW_BYTES_MIN <= window <= _WINDOW_BYTES_MAX for window in windows):
            raise ValueError(f"a window is {_WINDOW_BYTES_MIN} to {_WINDOW_BYTES_MAX} bytes")
        if min(self.streams_max, self.resets_max, self.control_frames_max) < 1:
            raise ValueError("streams, resets and control frames are limited to one at least")
        if self.flood_window_s <= 0:
            raise ValueError("the flood window is longer than nothing")
