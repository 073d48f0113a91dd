"""The quick way of the common commands, where there is a compiler.

Orders that come in, change and go are nearly all that a venue does, and nearly all of them are
plain: no ties, no icebergs, no portfolio margin, nothing to refuse. The compiled lane carries
those out in one piece, on the same state and with the same events, and hands back untouched what
is not plain. This twin hands everything back: without a compiler there is one way, which is also
the specification of the other.
"""

from collections.abc import Callable

from strikewire.exchange.commands import Command
from strikewire.exchange.events import Event
from strikewire.exchange.packed import split
from strikewire.exchange.state.state import State


class Lane:
    """Carries out what needs no second thought."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.carried_out = 0
        """How many commands it carried out."""

    def carry_out(self, time_ns: int, command: Command) -> tuple[Event, ...] | None:
        """Carry out a command, and return its events as `Exchange.apply` does.

        Args:
            time_ns: When it was accepted, in nanoseconds since the Unix epoch.
            command: Any.

        Returns:
            None if it has to go the common way; nothing has changed then.
        """
        del time_ns, command
        return None

    def forget(self, *, holdings: bool = False) -> None:
        """Forget what was found out about accounts and markets, because that may have changed.

        Args:
            holdings: Whether some have been dropped.
        """

    def run(self, time_ns: int, batch: bytes, otherwise: Callable[[int, bytes], bytes]) -> bytes:
        """Carry out packed commands.

        Args:
            time_ns: When all of them were accepted, in nanoseconds since the Unix epoch.
            batch: Their records, each with its label behind it, as `packed.split` takes them.
            otherwise: Carries out one record that has to go the common way, given the time, and
                returns its events as records.

        Returns:
            All events as records.

        Raises:
            ValueError: The batch ends within a record; what came before is carried out.
        """
        return b"".join(otherwise(time_ns, record) for record in split(batch))

    def replay(self, time_ns: int, batch: bytes, otherwise: Callable[[int, bytes], bytes]) -> int:
        """Carry out packed commands as `run` does, and return how many there were."""
        return sum(1 for record in split(batch) if otherwise(time_ns, record))
