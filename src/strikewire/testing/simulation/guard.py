"""Whether quotes keep to their rules: one a side, in their owner's sets, none past a protection.

It sees the events of commands, as `truth` does. What a start brought back counts as seen.
"""

from typing import Final, TypeAlias

from strikewire.exchange import (
    Exchange,
    MmpChanged,
    MmpReset,
    MmpTriggered,
    OrderEvent,
    OrderState,
    OrderView,
)
from strikewire.model import AccountId, InstrumentId, OrderId, Side
from strikewire.sequencer import Applied
from strikewire.testing.simulation.quotes import SETS, group_of, quote_set_of
from strikewire.testing.simulation.violations import check

RULE_FROZEN: Final = "nothing passes a protection that has acted"
RULE_ONE: Final = "at most one quote of a group waits on a side of a book"
RULE_OWN: Final = "quotes are in groups and sets of their owner"

Key: TypeAlias = tuple[AccountId, str, str]
"""Account, index and group."""

Place: TypeAlias = tuple[AccountId, InstrumentId, Side, str]
"""Account, instrument, side and group."""


class Guard:
    """Knows which quotes wait and which protections have acted."""

    def __init__(self) -> None:
        self._frozen: dict[Key, tuple[int, int]] = {}
        self._quotes: dict[Place, OrderId] = {}

    def recovered(self, exchange: Exchange) -> None:
        """Take over what a start brought back."""
        self._frozen.clear()
        self._quotes.clear()
        for account in exchange.accounts:
            account_id = account.account_id
            for one in exchange.protections(account_id):
                if one.is_triggered:
                    self._frozen[account_id, one.index, one.group] = (0, one.frozen_until_ns)
            for view in exchange.open_orders(account_id):
                self._see_quote(view)

    def applied(self, applied: Applied, exchange: Exchange) -> None:
        """Check what a command did."""
        for event in applied.events:
            match event:
                case MmpTriggered(account_id, index, group, until_ns):
                    key = (account_id, index, group)
                    self._check_open(key, applied, "it acted again")
                    self._frozen[key] = (applied.seq, until_ns)
                case MmpReset() | MmpChanged():
                    self._frozen.pop((event.account_id, event.index, event.group), None)
                case OrderEvent(view) if view.mmp is not None:
                    index = exchange.instruments[view.instrument_id].price_index
                    key = (view.account_id, index, view.mmp.group)
                    if view.state is not OrderState.CANCELLED:
                        self._check_open(key, applied, view)
                    self._see_quote(view)
                case _:
                    pass

    def _check_open(self, key: Key, applied: Applied, what: object) -> None:
        """Check that a protection lets in what came in; what made it act came before it did."""
        seq, until_ns = self._frozen.get(key, (applied.seq, 0))
        is_frozen = applied.seq > seq and (until_ns == 0 or applied.time_ns < until_ns)
        check(not is_frozen, RULE_FROZEN, f"{key}: {what}")

    def _see_quote(self, view: OrderView) -> None:
        tag = view.mmp
        if tag is None or not tag.is_quote:
            return
        account_id = view.account_id
        sets = [quote_set_of(account_id, number) for number in range(1, SETS + 1)]
        is_own = tag.group == group_of(account_id) and tag.quote_set_id in sets
        check(is_own, RULE_OWN, view)
        place = (account_id, view.instrument_id, view.side, tag.group)
        if view.state is OrderState.OPEN:
            known = self._quotes.setdefault(place, view.order_id)
            check(known == view.order_id, RULE_ONE, f"{view}, and {known}")
        elif self._quotes.get(place) == view.order_id:
            del self._quotes[place]
