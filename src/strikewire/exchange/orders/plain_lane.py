"""The one way of every command, where nothing has made the common ones quick."""

from collections.abc import Callable

from strikewire.exchange.commands import Command
from strikewire.exchange.events import Event
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.packed import split
from strikewire.exchange.state.state import Account, State


class PlainLane:
    """Hands everything back.

    Args:
        state: Of the exchange.
        otherwise: Carries out one packed record the common way, given the state and the time;
            returns its events as records, and whether anything has changed.
    """

    def __init__(
        self, state: State, otherwise: Callable[[State, int, bytes], tuple[bytes, bool]]
    ) -> None:
        self.state = state
        self.otherwise = otherwise

    @property
    def carried_out(self) -> int:
        """How many commands it carried out."""
        return 0

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

    def carry_part(
        self, time_ns: int, account: Account, command: Command, tag: MmpTag | None
    ) -> tuple[Event, ...] | None:
        """Carry out a part of a command that goes the common way; it must not trade.

        Margin is to be up to date. What the book and the account have changed by is remembered for
        the command, which tells of it and counts it at its end.

        Args:
            time_ns: When the command was accepted, in nanoseconds since the Unix epoch.
            account: Whose part it is.
            command: The part: an order that is placed, edited, or cancelled.
            tag: What its order is under, if it is a quote.

        Returns:
            What became of the order; None if it has to go the common way, with nothing changed.
        """
        del time_ns, account, command, tag
        return None

    @property
    def parts(self) -> int:
        """How many parts of commands it carried out."""
        return 0

    def forget(self, *, holdings: bool = False) -> None:
        """Forget what was found out about accounts and markets, because that may have changed.

        Args:
            holdings: Whether some have been dropped.
        """

    def submit(self, time_ns: int, batch: bytes) -> bytes:
        """Carry out packed commands.

        Args:
            time_ns: When all of them were accepted, in nanoseconds since the Unix epoch.
            batch: Their records, each with its label behind it, as `packed.split` takes them.

        Returns:
            All events as records.

        Raises:
            ValueError: The batch ends within a record; what came before is carried out.
        """
        return b"".join(self.otherwise(self.state, time_ns, record)[0] for record in split(batch))

    def replay(self, time_ns: int, batch: bytes) -> int:
        """Carry out packed commands as `submit` does, and return how many there were."""
        return sum(1 for record in split(batch) if self.otherwise(self.state, time_ns, record))
