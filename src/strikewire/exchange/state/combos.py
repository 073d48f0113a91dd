"""Which combos there are, who made those that are open, and which of them nobody has used yet."""

from strikewire.exchange.state.markets import Market
from strikewire.model import COMBO_ID_FIRST, AccountId, ComboLeg, InstrumentId


class Combos:
    """The combos of a venue.

    One that was closed before anybody had an order in it is forgotten: nothing of it can be asked
    for. The others stay, as settled instruments do, because orders and fills name them.
    """

    __slots__ = ("by_legs", "makers", "next_id", "unused")

    def __init__(self) -> None:
        self.by_legs: dict[tuple[ComboLeg, ...], Market] = {}
        """Every combo that is not forgotten."""

        self.makers: dict[InstrumentId, AccountId] = {}
        """Of each open one, the main account of who asked for it."""

        self.unused: dict[InstrumentId, None] = {}
        """The open ones in which no order has ended."""

        self.next_id = COMBO_ID_FIRST
        """No combo has had it."""

    def __len__(self) -> int:
        return len(self.by_legs)

    def begin(self, market: Market, maker: AccountId) -> None:
        """Note a combo that has just been opened; its id is the next one."""
        instrument_id = market.instrument_id
        assert instrument_id == self.next_id
        self.next_id = InstrumentId(instrument_id + 1)
        self.makers[instrument_id] = maker
        self.unused[instrument_id] = None

    def end(self, market: Market) -> bool:
        """Note that a combo is closed, all its orders having ended; say whether any had been in it.

        Without any it is forgotten here.
        """
        del self.makers[market.instrument_id]
        if market.instrument_id not in self.unused:
            return True
        del self.unused[market.instrument_id]
        del self.by_legs[market.instrument.legs]
        return False

    def made_by(self, maker: AccountId) -> int:
        """Return how many open combos somebody has made."""
        return sum(one == maker for one in self.makers.values())
