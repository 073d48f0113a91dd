"""Whether the other end of a connection still lives.

Theory of operation. Once a client asked for heartbeats, every interval ends with one message:
`heartbeat` if the client sent something during it, `test_request` if it was silent. A
`test_request` must be answered with `public/test` before the next interval ends.

| state   | an interval ends                  | a request comes        | `public/test` comes |
|---------|-----------------------------------|------------------------|---------------------|
| off     | -                                 | -                      | -                   |
| silent  | send `test_request`; asked        | alive                  | alive               |
| alive   | send `heartbeat`; silent          | -                      | -                   |
| asked   | close 4000; off                   | -                      | alive               |

`public/set_heartbeat` leads to silent, `public/disable_heartbeat` to off, from everywhere.

Source: Deribit API v2, `public/set_heartbeat`.
"""

from enum import Enum


class Life(Enum):
    """The state of the table above."""

    OFF = "off"
    SILENT = "silent"
    ALIVE = "alive"
    ASKED = "asked"


class Beat(Enum):
    """What to do when an interval ends."""

    HEARTBEAT = "heartbeat"
    TEST_REQUEST = "test_request"
    CLOSE = "close"


_AT_THE_END_OF_AN_INTERVAL = {
    Life.SILENT: (Beat.TEST_REQUEST, Life.ASKED),
    Life.ALIVE: (Beat.HEARTBEAT, Life.SILENT),
    Life.ASKED: (Beat.CLOSE, Life.OFF),
}


class Heartbeat:
    """The machine of the table above.

    Attributes:
        life: Its state.
        due_ns: When the interval ends, nanoseconds since the Unix epoch; None while off.
    """

    def __init__(self) -> None:
        self.life = Life.OFF
        self.due_ns: int | None = None
        self._interval_ns = 0

    def start(self, now_ns: int, interval_ns: int) -> None:
        """Begin, or begin anew with another interval."""
        assert interval_ns > 0
        self.life = Life.SILENT
        self._interval_ns = interval_ns
        self.due_ns = now_ns + interval_ns

    def stop(self) -> None:
        """Ask for nothing any more."""
        self.life = Life.OFF
        self.due_ns = None

    def heard(self, *, is_test: bool) -> None:
        """Note that a request came in.

        Args:
            is_test: Whether it was `public/test`, the only answer to a `test_request`.
        """
        if self.life is Life.SILENT or (self.life is Life.ASKED and is_test):
            self.life = Life.ALIVE

    def tick(self, now_ns: int) -> Beat | None:
        """Return what to do now; None while the interval lasts, or while off."""
        if self.due_ns is None or now_ns < self.due_ns:
            return None
        beat, self.life = _AT_THE_END_OF_AN_INTERVAL[self.life]
        self.due_ns = None if self.life is Life.OFF else now_ns + self._interval_ns
        return beat
