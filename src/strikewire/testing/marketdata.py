"""An exchange whose every event is shown to the public at once."""

from strikewire.exchange import Command, Event
from strikewire.marketdata import Changes, Market, MarketData
from strikewire.testing.exchange import TradingFloor


class Street(TradingFloor):
    """A trading floor with market data outside of its door.

    Attributes:
        data: What the public sees.
        changes: What the last command changed for it.
    """

    def __init__(self, *names: str, cash: dict[str, int] | None = None) -> None:
        self.data = MarketData()
        self.changes = Changes()
        super().__init__(*names, cash=cash)

    def apply(self, command: Command) -> tuple[Event, ...]:
        """Carry out a command, check what always holds, and tell the public."""
        events = super().apply(command)
        self.changes = self.data.apply(self.now_ns, events)
        return events

    def market(self, name: str | None = None) -> Market:
        """Return the market of an instrument."""
        return self.data[self.id(name)]
