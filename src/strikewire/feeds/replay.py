"""Give recorded messages back in their own rhythm, again and again.

Theory of operation. The machine holds the time its clock showed when the pass through the recording
began. A message is due when that time plus its offset has come. Behind the last message the next
pass begins with `Restarted`: the two ends were never neighbours, so no chain of changes may be
continued across the seam.
"""

from collections.abc import Iterator

from msgspec import Struct

from strikewire.feeds.recording import MessageKind, RecordedMessage, Recording, RecordingFooter

LAG_NS_MAX = 5_000_000_000
"""When asked this late (the machine slept), the replay goes on from where it was instead of
rushing through what was missed."""

DUE_MESSAGES_MAX = 1_000
"""Messages handed out at once; the others are due immediately afterwards."""

SEAM_NS = 1_000_000
"""Pause between the last message and the next pass: 1 ms, so that even an instant recording
moves on."""


class Restarted(Struct, frozen=True):
    """A pass begins: drop every book before taking what follows.

    Attributes:
        passes: How many were completed before; 0 at the start.
    """

    passes: int


class Replayed(Struct, frozen=True):
    """A message is due: hand it to the feed as if it had just arrived."""

    kind: MessageKind
    payload: bytes


class Replay:
    """The machine above; the recording is read as it goes, a few kilobytes ahead.

    Args:
        recording: What to replay.
        start_ns: The time the first pass begins, nanoseconds since the Unix epoch.

    Attributes:
        passes: How often the end was reached.
    """

    def __init__(self, recording: Recording, start_ns: int) -> None:
        self._recording = recording
        self._began_ns = start_ns
        self._rest: Iterator[RecordedMessage | RecordingFooter] = iter(recording)
        self._ahead: Restarted | RecordedMessage = Restarted(0)
        self.passes = 0

    @property
    def next_ns(self) -> int:
        """When `due` will have something to give."""
        match self._ahead:
            case Restarted():
                return self._began_ns
            case RecordedMessage(offset_ns=offset_ns):
                return self._began_ns + offset_ns

    def due(self, now_ns: int) -> list[Restarted | Replayed]:
        """Return what has come due since the last call, oldest first.

        Raises:
            RecordingError: The recording is damaged from here on.
            OSError: It cannot be read.
        """
        lag_ns = now_ns - self.next_ns
        if lag_ns > LAG_NS_MAX:
            self._began_ns += lag_ns
        result: list[Restarted | Replayed] = []
        while self.next_ns <= now_ns and len(result) < DUE_MESSAGES_MAX:
            match self._ahead:
                case Restarted():
                    result.append(self._ahead)
                case RecordedMessage(kind=kind, payload=payload):
                    result.append(Replayed(kind, payload))
            self._look_ahead()
        return result

    def _look_ahead(self) -> None:
        match next(self._rest):
            case RecordedMessage() as message:
                self._ahead = message
            case RecordingFooter(duration_ns=duration_ns):
                self._began_ns += duration_ns + SEAM_NS
                self._rest = iter(self._recording)
                self.passes += 1
                self._ahead = Restarted(self.passes)
